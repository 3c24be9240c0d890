// The embedding `table`: vectors that lie in a file, keyed by perturbation id. The file is untrusted, so it is parsed
// here, inside the sandbox, and nowhere else.
#include <headroom/embedding.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "inspection/describe_file.hpp"
#include "io/vector_file.hpp"

namespace sdk = headroom::sdk;

class Table final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"table",
            "1.0.0",
            "Vectors from a file (.h5ad, .csv, .tsv, also gzipped, .npz), keyed by perturbation id",
            "Apache-2.0",
            {},
            {{"file", "", "path of the file as the worker sees it"},
             {"format", "", "the file's own name, where the path has none: its extension tells the format"},
             {"describe", "false", "say in the log what the file holds, whatever it is, and give no vectors"}}};
  }

  explicit Table(const sdk::Host& host) {
    const std::string path = host.text("file");
    if (path.empty()) throw sdk::Error("option 'file' is empty: name a file of vectors");
    if (host.flag("describe")) {
      describe(host, path);
      return;
    }
    auto file = headroom::read_vector_file(path, host.text("format"));
    if (!file) throw sdk::Error(file.error().line());
    file_ = std::move(*file);
    row_of_.reserve(file_.ids.size());
    for (std::size_t i = 0; i < file_.ids.size(); ++i) row_of_.emplace(file_.ids[i], static_cast<Eigen::Index>(i));
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override {
    if (file_.vectors.cols() == 0) throw sdk::Error("the file was only described");
    return file_.vectors.cols();
  }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    for (std::int64_t i = 0; i < request.size(); ++i) {
      const auto found = row_of_.find(request.id(i));
      if (found != row_of_.end()) output.set(i, file_.vectors.row(found->second));
    }
  }

 private:
  static void describe(const sdk::Host& host, const std::string& path) {
    const std::string name = host.text("format");
    const auto facts = headroom::describe_file(path, name.empty() ? path : name);
    if (!facts) throw sdk::Error(facts.error().line());
    for (const headroom::Fact& fact : *facts) host.info(headroom::fact_line(fact));
  }

  headroom::VectorFile file_;
  std::unordered_map<std::string_view, Eigen::Index> row_of_;  // keys view file_.ids
};

HEADROOM_PLUGINS(Table)
