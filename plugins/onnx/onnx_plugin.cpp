// The runner `onnx`: a model in ONNX as an embedding. The worker names the file by HEADROOM_MODEL, in the data folder;
// beside it lies the vocabulary, which says what goes into the model for each perturbation.
#include <algorithm>
#include <cstdlib>
#include <headroom/embedding.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "heads/panel_threads.hpp"
#include "onnx/model.hpp"
#include "onnx/runtime.hpp"
#include "onnx/vocabulary.hpp"

namespace sdk = headroom::sdk;
namespace onnx = headroom::onnx;

namespace {

std::string model_path(const sdk::Host& host) {
  const char* const model = std::getenv("HEADROOM_MODEL");
  if (model == nullptr || host.data_folder().empty()) {
    throw sdk::Error("there is no model: give a file in ONNX, or a folder with model.onnx");
  }
  return host.data_folder() + "/" + model;
}

}  // namespace

class Onnx final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {
        "onnx",
        "1.0.0",
        "A model in ONNX, run for each perturbation on its input row of the vocabulary beside it",
        "Apache-2.0",
        {},
        {{"runtime", "", "the library of ONNX Runtime; empty: libonnxruntime.so beside the model, else the system's"},
         {"vocabulary", "vocabulary", "name, without its ending, of the file of input rows beside the model"},
         {"output", "", "name of the model's output that is the vector; empty: the first"},
         {"batch", "1", "rows of one run; with more, the last digits of a vector may depend on its neighbours"}}};
  }

  explicit Onnx(const sdk::Host& host)
      : runtime_(onnx::Runtime::open(host.text("runtime"), host.data_folder())),
        model_(runtime_, model_path(host), host.text("output")),
        vocabulary_(host.data_folder(), host.text("vocabulary"), model_.inputs()),
        n_batch_(model_.fixed_rows().value_or(host.integer("batch"))) {
    if (n_batch_ < 1) throw sdk::Error("option 'batch' is below 1");
    host.info("ONNX Runtime " + runtime_.version() + ", " + std::to_string(vocabulary_.size()) +
              " perturbations in the vocabulary");
    const auto any = vocabulary_.any_id();
    if (!any) throw sdk::Error("no perturbation is in the vocabulary of every input");
    width_ = vectors_of({*any}).cols();
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return width_; }

  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    std::vector<std::int64_t> known;
    for (std::int64_t i = 0; i < request.size(); ++i) {
      if (vocabulary_.knows(request.id(i))) known.push_back(i);
    }
    const auto n_known = static_cast<std::int64_t>(known.size());
    const std::int64_t n_batches = (n_known + n_batch_ - 1) / n_batch_;
    headroom::heads::on_threads(host.n_threads(), n_batches, [&](headroom::heads::PanelCounter& counter) {
      for (std::int64_t b = counter.next(); b < n_batches; b = counter.next()) {
        const std::int64_t begin = b * n_batch_, end = std::min(begin + n_batch_, n_known);
        std::vector<std::string_view> ids;
        for (std::int64_t i = begin; i < end; ++i) ids.push_back(request.id(known[static_cast<std::size_t>(i)]));
        const headroom::Matrix vectors = vectors_of(std::move(ids));
        if (vectors.cols() != width_) {
          throw sdk::Error("the model's output has " + std::to_string(vectors.cols()) + " numbers a row, and had " +
                           std::to_string(width_) + " before");
        }
        for (std::int64_t i = begin; i < end; ++i) {
          output.set(known[static_cast<std::size_t>(i)], vectors.row(i - begin));
        }
      }
    });
  }

 private:
  // One run. A model of a fixed number of rows gets the last one as often as it takes.
  headroom::Matrix vectors_of(std::vector<std::string_view> ids) const {
    if (model_.fixed_rows()) ids.resize(static_cast<std::size_t>(n_batch_), ids.back());
    return model_.run(vocabulary_.rows_of(ids));
  }

  onnx::Runtime runtime_;
  onnx::Model model_;
  onnx::Vocabulary vocabulary_;
  std::int64_t n_batch_;  // rows of one run
  std::int64_t width_ = 0;
};

HEADROOM_PLUGINS(Onnx)
