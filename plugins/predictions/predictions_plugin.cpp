// The reader of finished predictions: for every test perturbation of one context and fold the predicted delta, or the
// predicted profile, in the task's order of genes. The host scores what comes out as it scores a head's predictions.
//
// It is an embedding to the worker, since a request for one carries everything that is needed: the context, the
// perturbations, and (with the training part) which of them are training rows and what the genes are. The training
// deltas themselves are not looked at.
#include <headroom/embedding.hpp>
#include <string>
#include <string_view>
#include <unordered_set>

#include "predictions/predictions_file.hpp"

namespace sdk = headroom::sdk;
using headroom::PredictionsFile;
using headroom::PredictionsOptions;

namespace {

PredictionsOptions::Form form_of(const std::string& name) {
  if (name == "deltas") return PredictionsOptions::Form::deltas;
  if (name == "profiles") return PredictionsOptions::Form::profiles;
  if (name == "cells") return PredictionsOptions::Form::cells;
  throw sdk::Error("option 'predicted' is '" + name + "', not deltas, profiles or cells");
}

bool are_counts(const std::string& name) {
  if (name != "counts" && name != "log1p" && name != "asis") {
    throw sdk::Error("option 'values' is '" + name + "', not counts, log1p or asis");
  }
  return name == "counts";
}

// Separated by newlines.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

template <class T>
T value_of(headroom::Result<T> result) {
  if (!result) throw sdk::Error(result.error().line());
  return std::move(*result);
}

}  // namespace

class Predictions final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"predictions",
            "1.0.0",
            "Finished predictions from an h5ad, keyed by perturbation id and context",
            "Apache-2.0",
            {},
            {{"file", "", "path of the file as the worker sees it"},
             {"format", "", "the file's own name, for messages"},
             {"predicted", "deltas", "what a row is: deltas, profiles or cells"},
             {"values", "asis", "what its numbers are: counts, log1p or asis"},
             {"control", "", "label of control rows, which are left out"},
             {"pert_col", "", "column with the perturbation ids; empty: a usual name"},
             {"context_col", "", "column with the context; empty: a usual name, if any"},
             {"fold_col", "", "column with the fold that a row serves; empty: a usual name, if any"},
             {"gene_col", "", "column of var with the gene ids; empty: the one that knows most genes of the task"},
             {"required", "", "those of these columns that must be there, one a line"},
             {"fold", "", "name of the fold that is asked for"}}};
  }
  static bool wants_training() { return true; }

  explicit Predictions(const sdk::Host& host) : file_(open(host)), fold_(host.text("fold")) {
    for (const std::string& note : file_.notes()) host.info(note);
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest& request) override { return request.n_genes(); }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    std::unordered_set<std::string_view> training;
    for (std::int64_t i = 0; i < request.n_training(); ++i) training.insert(request.training_id(i));
    PredictionsFile::Question question{request.context(), fold_, {}, {}, {}};
    for (std::int64_t i = 0; i < request.size(); ++i) {
      question.ids.push_back(request.id(i));
      question.wanted.push_back(training.count(request.id(i)) == 0);
    }
    for (std::int64_t g = 0; g < request.n_genes(); ++g) question.genes.push_back(request.gene_id(g));
    const PredictionsFile::Answer answer = value_of(file_.predict(question));
    for (std::int64_t i = 0; i < request.size(); ++i) {
      if (answer.present[static_cast<std::size_t>(i)]) output.set(i, answer.rows.row(i));
    }
  }

 private:
  static PredictionsFile open(const sdk::Host& host) {
    const std::string path = host.text("file");
    if (path.empty()) throw sdk::Error("option 'file' is empty: name a file of predictions");
    PredictionsOptions options;
    options.form = form_of(host.text("predicted"));
    options.counts = are_counts(host.text("values")) && options.form != PredictionsOptions::Form::deltas;
    options.control = host.text("control");
    options.pert_column = host.text("pert_col");
    options.context_column = host.text("context_col");
    options.fold_column = host.text("fold_col");
    options.gene_column = host.text("gene_col");
    options.required_columns = lines_of(host.text("required"));
    const std::string name = host.text("format");
    return value_of(PredictionsFile::open(path, name.empty() ? path : name, std::move(options)));
  }

  PredictionsFile file_;
  std::string fold_;
};

HEADROOM_PLUGINS(Predictions)
