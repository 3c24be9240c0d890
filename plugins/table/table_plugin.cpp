// The embedding `table`: vectors that lie in a file, keyed by perturbation id. The file is untrusted, so it is parsed
// here, inside the sandbox, and nowhere else.
#include <headroom/embedding.hpp>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/vector_file.hpp"
#include "review/label_spelling.hpp"
#include "review/told_doubt.hpp"
#include "table/vector_review.hpp"

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
             {"part", "", "which array holds the vectors, and which column the ids, where the file has several"},
             {"merge_labels", "false", "an id has the mean of the vectors of all its spellings"},
             {"review_contexts", "0",
              "above 0: no vectors are given; so many requests name the task's perturbations, and what is doubtful is "
              "said in the log"}}};
  }

  explicit Table(const sdk::Host& host) {
    const std::string path = host.text("file");
    if (path.empty()) throw sdk::Error("option 'file' is empty: name a file of vectors");
    name_ = host.text("format").empty() ? path : host.text("format");
    part_ = host.text("part");
    n_to_review_ = host.integer("review_contexts");
    auto file = headroom::read_vector_file(path, name_, part_);
    if (!file) throw sdk::Error(file.error().line());
    file_ = std::move(*file);
    for (const std::string& note : file_.notes) host.info(note);
    merges_ = host.flag("merge_labels");
    row_of_.reserve(file_.ids.size());
    for (std::size_t i = 0; i < file_.ids.size(); ++i) row_of_.emplace(file_.ids[i], static_cast<Eigen::Index>(i));
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override {
    return n_to_review_ > 0 ? 1 : file_.vectors.cols();
  }

  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    if (n_to_review_ > 0) {
      review(host, request);
      return;
    }
    for (std::int64_t i = 0; i < request.size(); ++i) {
      const auto rows = rows_of(request.id(i));
      if (rows.empty()) continue;
      if (rows.size() == 1) {
        output.set(i, file_.vectors.row(rows.front()));
        continue;
      }
      headroom::RowVector mean = headroom::RowVector::Zero(file_.vectors.cols());
      for (const Eigen::Index row : rows) mean += file_.vectors.row(row);
      output.set(i, mean / static_cast<double>(rows.size()));
    }
  }

 private:
  // The vector of that id, or those of its other spellings; of all of them where spellings are merged.
  std::vector<Eigen::Index> rows_of(std::string_view id) {
    const auto exact = row_of_.find(id);
    if (exact != row_of_.end() && !merges_) return {exact->second};
    if (rows_of_spelling_.empty()) {  // seldom needed
      for (std::size_t i = 0; i < file_.ids.size(); ++i) {
        rows_of_spelling_[headroom::plain_spelling(file_.ids[i])].push_back(static_cast<Eigen::Index>(i));
      }
    }
    const auto spelled = rows_of_spelling_.find(headroom::plain_spelling(id));
    if (spelled != rows_of_spelling_.end() && (merges_ || spelled->second.size() == 1)) return spelled->second;
    return exact == row_of_.end() ? std::vector<Eigen::Index>() : std::vector{exact->second};
  }

  void review(const sdk::Host& host, const sdk::EmbeddingRequest& request) {
    for (std::int64_t i = 0; i < request.size(); ++i) asked_.insert(std::string(request.id(i)));
    if (++n_reviewed_ < n_to_review_) return;
    for (const headroom::Doubt& doubt : headroom::vector_doubts(file_, asked_, !part_.empty(), name_)) {
      host.info(headroom::doubt_line(doubt));
    }
    for (const std::string& id : asked_) {
      if (!rows_of(id).empty()) return;
    }
    throw sdk::Error(headroom::no_vector_in_common(file_, asked_, name_));
  }

  headroom::VectorFile file_;
  std::string name_, part_;
  bool merges_ = false;
  std::int64_t n_to_review_ = 0, n_reviewed_ = 0;
  std::set<std::string> asked_;
  std::unordered_map<std::string_view, Eigen::Index> row_of_;  // keys view file_.ids
  std::unordered_map<std::string, std::vector<Eigen::Index>> rows_of_spelling_;
};

HEADROOM_PLUGINS(Table)
