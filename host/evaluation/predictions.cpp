#include "evaluation/predictions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "evaluation/embedding.hpp"

namespace headroom {

namespace {

constexpr double kPredictedSumTolerance = 1e-3;  // float32 or float16, three times rounded

tl::unexpected<WorkerFault> bad_output(std::string message) {
  return tl::unexpected<WorkerFault>(WorkerFault{WorkerVerdict::BAD_OUTPUT, std::move(message)});
}

// The test rows that the answer covers, one plane of them.
Answer<Matrix> covered_rows(const Embedding& answer, const RowIndex& covered, const Task& task, const FoldData& fold) {
  const auto n_genes = static_cast<Eigen::Index>(task.gene_ids.size());
  const bool knows_any = answer.vectors.cols() > 0;
  if (knows_any && answer.vectors.cols() != n_genes) {
    return bad_output(
        fmt::format("its predictions have {} columns, the task has {} genes", answer.vectors.cols(), n_genes));
  }
  Matrix rows(static_cast<Eigen::Index>(covered.size()), n_genes);
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

}  // namespace

Answer<FinishedPredictions> ask_for_predictions(const RosterEntry& entry, PredictedForm form, const Task& task,
                                                const FoldData& fold, std::uint32_t seed) {
  const std::vector<std::string>& classes = fold.target->classes;
  const std::vector<std::string> planes = classes.empty() ? std::vector<std::string>{""} : classes;
  FinishedPredictions predictions;
  for (const std::string& plane : planes) {
    RosterEntry reader = entry;
    auto& options = reader.settings.options;
    options.emplace_back("fold", fold.name);
    std::erase_if(options, [](const auto& option) { return option.first == "plane"; });
    if (!plane.empty()) options.emplace_back("plane", plane);
    WorkerUsageSoFar usage;
    auto answer = ask_for_embedding(reader, task, fold.context, &fold, seed, &usage);
    if (!answer) return tl::unexpected<WorkerFault>(answer.error());
    predictions.usage.cpu_s += usage.cpu_s;
    predictions.usage.peak_memory_bytes = std::max(predictions.usage.peak_memory_bytes, usage.peak_memory_bytes);
    predictions.covered_tests = covered_tests(*answer, fold);
    auto rows = covered_rows(*answer, predictions.covered_tests, task, fold);
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

Result<void> require_control_profiles(const Task& task) {
  for (const TaskContext& context : task.contexts) {
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
