#include "evaluation/predictions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "deg/label_trials.hpp"
#include "evaluation/called_labels.hpp"
#include "evaluation/embedding.hpp"

namespace headroom {

namespace {

constexpr double kPredictedSumTolerance = 1e-3;  // float32 or float16, three times rounded

tl::unexpected<WorkerFault> bad_output(std::string message) {
  return tl::unexpected<WorkerFault>(WorkerFault{WorkerVerdict::BAD_OUTPUT, std::move(message)});
}

// The test rows that the answer covers: of each `n_columns` numbers.
Answer<Matrix> covered_rows(const Embedding& answer, const RowIndex& covered, Eigen::Index n_columns, const Task& task,
                            const FoldData& fold) {
  const bool knows_any = answer.vectors.cols() > 0;
  if (knows_any && answer.vectors.cols() != n_columns) {
    return bad_output(fmt::format("its predictions have {} columns, {} are asked for of the task's {} genes",
                                  answer.vectors.cols(), n_columns, task.gene_ids.size()));
  }
  Matrix rows(static_cast<Eigen::Index>(covered.size()), n_columns);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const std::int32_t position = covered[static_cast<std::size_t>(i)];
    rows.row(i) = answer.vectors.row(fold.test[static_cast<std::size_t>(position)].row);
  }
  return rows;
}

// Empty, or what is wrong with planes below each other; their sums become 1.
std::string fault_after_rounding(Matrix& planes, Eigen::Index n_planes) {
  const Eigen::Index n = planes.rows() / n_planes;
  if (n == 0) return {};
  if (planes.minCoeff() < 0) return fmt::format("a probability is negative: {:.3g}", planes.minCoeff());
  Matrix sums = Matrix::Zero(n, planes.cols());
  for (Eigen::Index plane = 0; plane < n_planes; ++plane) sums += planes.middleRows(plane * n, n);
  if (!((sums.array() - 1).abs() <= kPredictedSumTolerance).all()) {
    return fmt::format("the probabilities of the classes sum to {:.6g} to {:.6g} in place of 1", sums.minCoeff(),
                       sums.maxCoeff());
  }
  for (Eigen::Index plane = 0; plane < n_planes; ++plane) planes.middleRows(plane * n, n).array() /= sums.array();
  return {};
}

// One question to a reader of its own, which has `option` beside those of the entry.
Answer<Embedding> ask_reader(const RosterEntry& entry, const std::pair<std::string, std::string>& option,
                             const Task& task, const FoldData& fold, std::uint32_t seed, WorkerUsageSoFar& all_usage) {
  RosterEntry reader = entry;
  auto& options = reader.settings.options;
  options.emplace_back("fold", fold.name);
  std::erase_if(options, [&](const auto& given) { return given.first == option.first; });
  if (!option.second.empty()) options.push_back(option);
  WorkerUsageSoFar usage;
  auto answer = ask_for_embedding(reader, task, {fold.context}, &fold, seed, Combine::none, &usage);
  all_usage.cpu_s += usage.cpu_s;
  all_usage.peak_memory_bytes = std::max(all_usage.peak_memory_bytes, usage.peak_memory_bytes);
  return answer;
}

// Labels are called on the cells, and are the prediction: probability 1 of a class. Test rows with too few cells are
// not covered.
Answer<FinishedPredictions> call_labels_of_cells(const RosterEntry& entry, const Task& task, const FoldData& fold,
                                                 std::uint32_t seed) {
  const DegControlCells& control = *task.contexts[fold.context].deg->control;
  const auto n_tests = static_cast<Eigen::Index>(fold.test.size()),
             n_genes = static_cast<Eigen::Index>(task.gene_ids.size());
  RowIndex all_tests(fold.test.size());
  std::iota(all_tests.begin(), all_tests.end(), 0);
  FinishedPredictions predictions;
  PlateVotes votes(control, n_tests);
  for (const std::string& plate : control.plates) {
    auto answer = ask_reader(entry, {"plate", plate}, task, fold, seed, predictions.usage);
    if (!answer) return tl::unexpected<WorkerFault>(answer.error());
    auto sums = covered_rows(*answer, all_tests, 2 * n_genes + 1, task, fold);
    if (!sums) return tl::unexpected<WorkerFault>(sums.error());
    for (std::size_t i = 0; i < fold.test.size(); ++i) {
      if (!answer->present[static_cast<std::size_t>(fold.test[i].row)]) {
        sums->row(static_cast<Eigen::Index>(i)).setZero();
      }
    }
    votes.add_plate(*sums);
  }
  const LabelMatrix labels = votes.labels();
  for (const std::int32_t test : all_tests) {
    if (votes.has_labels(test)) predictions.covered_tests.push_back(test);
  }
  if (predictions.covered_tests.empty()) {
    return bad_output(
        fmt::format("none of the {} test perturbations has more than {} predicted cells{}, which a label "
                    "call needs",
                    n_tests, most_cells_without_labels(control), control.is_pooled() ? "" : " on a plate of the task"));
  }
  predictions.values = certain_planes(labels(predictions.covered_tests, Eigen::all));
  return predictions;
}

}  // namespace

Answer<FinishedPredictions> ask_for_predictions(const RosterEntry& entry, PredictedForm form, const Task& task,
                                                const FoldData& fold, std::uint32_t seed) {
  const std::vector<std::string>& classes = fold.target->classes;
  if (!classes.empty() && form == PredictedForm::cells) return call_labels_of_cells(entry, task, fold, seed);
  const std::vector<std::string> planes = classes.empty() ? std::vector<std::string>{""} : classes;
  FinishedPredictions predictions;
  for (const std::string& plane : planes) {
    auto answer = ask_reader(entry, {"plane", plane}, task, fold, seed, predictions.usage);
    if (!answer) return tl::unexpected<WorkerFault>(answer.error());
    predictions.covered_tests = covered_tests(*answer, fold);
    auto rows =
        covered_rows(*answer, predictions.covered_tests, static_cast<Eigen::Index>(task.gene_ids.size()), task, fold);
    if (!rows) return tl::unexpected<WorkerFault>(rows.error());
    if (predictions.values.size() == 0) {
      predictions.values = std::move(*rows);
    } else {
      const Eigen::Index n_before = predictions.values.rows();
      predictions.values.conservativeResize(n_before + rows->rows(), rows->cols());
      predictions.values.bottomRows(rows->rows()) = *rows;
    }
  }
  if (!classes.empty()) {
    std::string wrong = fault_after_rounding(predictions.values, static_cast<Eigen::Index>(classes.size()));
    if (!wrong.empty()) return bad_output(std::move(wrong));
  } else if (form != PredictedForm::deltas) {
    predictions.values.rowwise() -= *task.contexts[fold.context].control_profile;
  }
  return predictions;
}

Result<void> require_controls(const Task& task, PredictedForm form) {
  if (form == PredictedForm::deltas) return {};
  for (const TaskContext& context : task.contexts) {
    if (task.holds_classes) {
      if (context.deg->control) continue;
      return bad_input(fmt::format("the task keeps no moments of the control cells of context '{}', which labels of "
                                   "predicted cells are called against",
                                   context.name),
                       task.path,
                       "make it again from the cells with headroom prepare --deg, or score predicted labels or "
                       "probabilities (--predicted deltas)");
    }
    if (context.control_profile) continue;
    return bad_input(fmt::format("the task keeps no control profile of context '{}'{}", context.name,
                                 task.control_note.empty() ? "" : ": " + task.control_note),
                     task.path,
                     task.control_note.empty()
                         ? "make it again from the cells with headroom prepare, or score deltas (--predicted deltas)"
                         : "score deltas (--predicted deltas)");
  }
  return {};
}

}  // namespace headroom
