// Finished predictions in an h5ad: which rows predict what, and their numbers in the task's order of genes. The file is
// untrusted: this runs inside the sandbox and nowhere else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/h5ad.hpp"
#include "io/row_choice.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "review/label_review.hpp"
#include "review/review.hpp"

namespace headroom {

struct PredictionsOptions {
  // What a row is. A delta: the predicted log fold changes. A profile: the predicted expression of a perturbation. A
  // cell: one of several predicted cells of a perturbation, whose mean is its profile.
  enum class Form { deltas, profiles, cells };
  Form form = Form::deltas;
  // Of a task of classes, which class is asked for: "down", "not_de" or "up"; empty: deltas are. A row then holds its
  // probability (layers of these names), or 1 where the label -1, 0 or +1 (layer `deg`, or X) is that of the class.
  std::string plane;
  // Cells of a task of classes: what labels are called from is asked for, of those of one batch where one is named.
  bool sums = false;
  std::string plate;
  // The rows are counts: each is scaled to a total of 10,000 and log1p taken (protocol section 1.1). Else they are
  // taken as they are.
  bool counts = false;
  // Of the task: what cells are scaled to, whether its own cells are known to be, and over how many genes; none: over
  // its own.
  double target_sum = 10'000;
  bool scale_is_known = true;
  std::optional<std::size_t> n_total_genes;
  // Control rows are those of these labels or globs in the perturbation column, those that are called as the task's
  // control is, and those that is_control flags.
  LabelOptions labels;
  std::vector<std::string> task_controls;
  // The task's column of batches and their names; empty: its deltas are not means over batches. Cells are then averaged
  // within each of these batches, and the batches of a perturbation weigh the same, as the task's do.
  std::string batch_column;
  std::vector<std::string> batches;
  // Columns to use where the file has them; empty: the usual names. Several of perturbations, separated by commas, are
  // joined (A_B; a control keeps its label).
  std::string pert_column, context_column, fold_column, gene_column;
  std::vector<RowFilter> where;               // rows to keep, of columns that the file has; controls always stay
  std::vector<std::string> required_columns;  // of these, which the file must have
};

class PredictionsFile {
 public:
  // What one context and fold are asked for.
  struct Question {
    std::string_view context, fold;
    std::vector<std::string_view> ids;    // distinct perturbations of the task
    std::vector<std::uint8_t> wanted;     // one an id: 1 where its prediction is to be given
    std::vector<std::string_view> genes;  // of the task; may repeat
  };
  struct Answer {
    // ids × genes; zero where absent. PredictionsOptions::sums: ids × (2 · genes + 1), Σx of every gene over the cells,
    // Σx² of every gene, the number of cells.
    Matrix rows;
    std::vector<std::uint8_t> present;  // one an id
  };

  // `name` stands for the file in errors, since `path` may be /proc/self/fd/N. Errors (bad_input): no readable h5ad, a
  // required column that is not there, a row without a perturbation, context or fold where those columns exist.
  static Result<PredictionsFile> open(const std::filesystem::path& path, std::string name, PredictionsOptions options);

  // What a review asks of one context of the task.
  struct ReviewQuestion {
    std::string_view context;
    std::vector<std::string_view> ids;    // perturbations of the task
    std::vector<std::string_view> genes;  // of the task; may repeat
    std::optional<RowVector> control;     // the task's control profile
    std::vector<std::string> folds;       // for which there must be rows, where the file tells folds
  };
  // Raises what is doubtful about the file as predictions for this context, and remembers which rows it serves. After
  // the last context, `review_left_out` tells of those that serve none. Errors as predict(), but for what is wrong with
  // values: these are not read.
  Result<void> review(const ReviewQuestion& question, Review& review);
  void review_left_out(bool contexts_were_chosen, Review& review) const;

  // What was picked and left out, one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

  // With labels.merge, rows whose labels are spellings of one id serve it together: deltas as their mean weighted by
  // n_cells where obs has it. Errors (bad_input): two rows for one perturbation, context and fold (unless rows are
  // cells), nothing for this context or fold, none of the ids, a gene of the task that is not there or there another
  // number of times, NaN, infinity, a negative count.
  Result<Answer> predict(const Question& question) const;

 private:
  // A column of labels as a number per row, equal for equal labels.
  struct Labels {
    std::string column;
    std::vector<std::string> names;
    std::vector<std::int32_t> of_row;  // position in names; -1: the row has none
    std::optional<std::int32_t> find(std::string_view name) const;
  };

  explicit PredictionsFile(H5adFile file) : file_(std::move(file)) {}
  Result<void> read_rows();
  Result<void> read_batches();
  // Rows that no filter leaves out.
  Result<std::vector<bool>> filtered() const;
  // What each label is, by the rows that are not passed over; labels that merge become one.
  std::vector<LabelRole> review_perturbations(const std::vector<bool>& passed_over);
  // Per label of a perturbation: its position among ids; nullopt: not one of them.
  std::vector<std::optional<std::size_t>> positions_among(const std::vector<std::string_view>& ids) const;
  bool is_of_context(std::size_t row, std::optional<std::int32_t> context) const;
  bool is_of_known_batch(std::size_t row) const;
  bool averages_batches() const;
  bool is_of_plate(std::size_t row) const;
  // How much each row counts, and by what the sum of each target is divided.
  Result<std::vector<double>> weights_of(const std::vector<std::size_t>& rows,
                                         const std::vector<std::size_t>& target_of_row,
                                         std::vector<double>& divisor) const;
  void review_scale(const ReviewQuestion& question, const std::vector<std::size_t>& rows, bool are_controls,
                    const std::vector<std::int32_t>& genes, Review& review) const;
  // A column of doses, times or cell types that takes several values within perturbations, whose cells are averaged.
  void review_conditions(const std::vector<std::size_t>& rows, Review& review) const;
  Result<std::optional<std::string>> choose_column(const std::string& named,
                                                   std::span<const std::string_view> usual) const;
  Result<Labels> read_labels(const std::string& column) const;
  // The first two rows for one perturbation, context and fold.
  std::optional<Error> find_repeat() const;
  // Position in the file of each gene of the question.
  Result<std::vector<std::int32_t>> locate_genes(const std::vector<std::string_view>& genes) const;
  Result<void> check_context(std::string_view name, std::optional<std::int32_t> context) const;
  Result<void> check_fold(std::string_view name, std::string_view context_name,
                          std::optional<std::int32_t> context) const;
  Error no_perturbation_is_there(const std::vector<std::string_view>& ids, std::string_view context) const;
  Result<void> normalise(double* values, std::size_t row) const;
  bool has_probabilities() const;                 // layers of all classes
  std::string matrix_name() const;                // that is read
  std::optional<double> label_asked_for() const;  // where rows hold labels
  Result<void> add_rows(const std::vector<std::size_t>& rows, const std::vector<std::size_t>& target_of_row,
                        const std::vector<double>& weights, const Question& question,
                        const std::vector<std::int32_t>& genes, Answer& answer) const;
  std::string description(std::size_t row) const;  // "row 7 (perturbation 'TP53')"

  H5adFile file_;
  std::string path_;
  PredictionsOptions options_;
  std::vector<std::string> notes_;
  std::vector<std::string> given_controls_;  // by --control; the options hold the task's as well
  std::optional<Error> repeat_;
  std::vector<std::size_t> rows_;          // of the file, controls left out
  std::vector<std::size_t> control_rows_;  // of the file
  Labels perts_;                           // spellings that merge are one
  std::vector<std::int32_t> spelling_of_row_;
  std::optional<Labels> contexts_, folds_, batches_;
  std::vector<bool> batch_is_known_;  // per name of batches_
  Review labels_review_;              // what the labels raise by themselves
  std::vector<bool> is_served_;       // per row: some context that was reviewed has its perturbation
  std::vector<std::string> contexts_reviewed_;
};

}  // namespace headroom
