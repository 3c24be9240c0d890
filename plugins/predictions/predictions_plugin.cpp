// The reader of finished predictions: for every test perturbation of one context and fold the predicted delta, or the
// predicted profile, in the task's order of genes. The host scores what comes out as it scores a head's predictions.
//
// It is an embedding to the worker, since a request for one carries everything that is needed: the context, the
// perturbations, and (with the training part) which of them are training rows and what the genes are. The training
// deltas themselves are not looked at.
#include <algorithm>
#include <headroom/embedding.hpp>
#include <string>
#include <string_view>
#include <unordered_set>

#include "predictions/predictions_file.hpp"
#include "review/told_doubt.hpp"

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
             {"plane", "", "of classes: whose probability is asked for, down, not_de or up; empty: deltas are"},
             {"sums", "false", "of classes told by cells: sums of their values and squares are asked for"},
             {"plate", "", "the batch whose cells are summed; empty: all"},
             {"controls", "", "labels or globs of control rows, which are left out, one a line"},
             {"keep_labels", "", "labels that look missing and are not, one a line"},
             {"merge_labels", "false", "spellings of one perturbation are one"},
             {"task_controls", "", "what the task's own control cells are called, one a line"},
             {"target_sum", "10000", "what the task's cells were scaled to"},
             {"scale_is_known", "true", "false: they were taken as they were"},
             {"total_genes", "0", "over how many genes they were; 0: over the task's"},
             {"batch_col", "", "the task's column of batches; empty: cells are averaged as they are"},
             {"batches", "", "the task's batches, one a line; empty: whatever that column names"},
             {"pert_col", "", "column with the perturbation ids; empty: a usual name"},
             {"context_col", "", "column with the context; empty: a usual name, if any"},
             {"fold_col", "", "column with the fold that a row serves; empty: a usual name, if any"},
             {"gene_col", "", "column of var with the gene ids; empty: the one that knows most genes of the task"},
             {"where", "", "COLUMN=VALUE: rows to keep, of columns that the file has, one a line"},
             {"required", "", "those of these columns that must be there, one a line"},
             {"fold", "", "name of the fold that is asked for"},
             {"review_contexts", "0",
              "above 0: nothing is predicted; each of so many requests is for a context of the task, its only training "
              "row the control's profile, and what is doubtful is said in the log"},
             {"contexts_with_control", "", "those of them whose row is a profile, one a line"},
             {"review_folds", "", "folds for which there must be rows, one a line"},
             {"contexts_were_chosen", "false", "that rows of other contexts serve none is what the user wanted"}}};
  }
  static bool wants_training() { return true; }

  explicit Predictions(const sdk::Host& host)
      : file_(open(host)),
        fold_(host.text("fold")),
        sums_(host.flag("sums")),
        n_to_review_(host.integer("review_contexts")),
        with_control_(lines_of(host.text("contexts_with_control"))),
        review_folds_(lines_of(host.text("review_folds"))),
        contexts_were_chosen_(host.flag("contexts_were_chosen")) {
    for (const std::string& note : file_.notes()) host.info(note);
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest& request) override {
    if (n_to_review_ > 0) return 1;
    return sums_ ? 2 * request.n_genes() + 1 : request.n_genes();
  }

  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    if (n_to_review_ > 0) {
      review(host, request);
      return;
    }
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
  void review(const sdk::Host& host, const sdk::EmbeddingRequest& request) {
    PredictionsFile::ReviewQuestion question{request.context(), {}, {}, {}, review_folds_};
    for (std::int64_t i = 0; i < request.size(); ++i) question.ids.push_back(request.id(i));
    for (std::int64_t g = 0; g < request.n_genes(); ++g) question.genes.push_back(request.gene_id(g));
    const bool has_control =
        std::find(with_control_.begin(), with_control_.end(), request.context()) != with_control_.end();
    if (has_control && request.n_training() == 1) question.control = request.training_deltas().row(0);
    const auto reviewed = file_.review(question, review_);
    if (reviewed && ++n_reviewed_ < n_to_review_) return;
    // Of a file that does not fit the task, what it was taken to hold may be why.
    if (reviewed) file_.review_left_out(contexts_were_chosen_, review_);
    for (const headroom::Doubt& doubt : review_.doubts()) host.info(headroom::doubt_line(doubt));
    if (!reviewed) throw sdk::Error(reviewed.error().line());
  }

  static PredictionsFile open(const sdk::Host& host) {
    const std::string path = host.text("file");
    if (path.empty()) throw sdk::Error("option 'file' is empty: name a file of predictions");
    PredictionsOptions options;
    options.form = form_of(host.text("predicted"));
    options.counts = are_counts(host.text("values")) && options.form != PredictionsOptions::Form::deltas;
    options.plane = host.text("plane");
    if (!options.plane.empty() && options.plane != "down" && options.plane != "not_de" && options.plane != "up") {
      throw sdk::Error("option 'plane' is '" + options.plane + "', not down, not_de or up");
    }
    options.sums = host.flag("sums");
    options.plate = host.text("plate");
    if (options.sums && options.form != PredictionsOptions::Form::cells) {
      throw sdk::Error("option 'sums' is for cells");
    }
    options.labels.controls = lines_of(host.text("controls"));
    options.labels.kept = lines_of(host.text("keep_labels"));
    options.labels.merge = host.flag("merge_labels");
    options.task_controls = lines_of(host.text("task_controls"));
    options.target_sum = host.number("target_sum");
    options.scale_is_known = host.flag("scale_is_known");
    if (const auto n = host.integer("total_genes"); n > 0) options.n_total_genes = static_cast<std::size_t>(n);
    options.batch_column = host.text("batch_col");
    options.batches = lines_of(host.text("batches"));
    options.pert_column = host.text("pert_col");
    options.context_column = host.text("context_col");
    options.fold_column = host.text("fold_col");
    options.gene_column = host.text("gene_col");
    for (const std::string& text : lines_of(host.text("where"))) {
      const std::size_t equals = std::min(text.find('='), text.size());
      options.where.push_back({text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))});
    }
    options.required_columns = lines_of(host.text("required"));
    const std::string name = host.text("format");
    return value_of(PredictionsFile::open(path, name.empty() ? path : name, std::move(options)));
  }

  PredictionsFile file_;
  std::string fold_;
  bool sums_;
  std::int64_t n_to_review_, n_reviewed_ = 0;
  std::vector<std::string> with_control_, review_folds_;
  bool contexts_were_chosen_;
  headroom::Review review_;
};

HEADROOM_PLUGINS(Predictions)
