#include "evaluation/trial_methods.hpp"

#include <utility>

#include "evaluation/whole_fold.hpp"

namespace headroom {
namespace {

// Entry by entry over matrices of one shape.
template <class Values>
Values quantile_over(const std::vector<Values>& trials, double q) {
  Values quantiles = trials.front();
  std::vector<double> of_trials(trials.size());
  for (Eigen::Index i = 0; i < quantiles.size(); ++i) {
    for (std::size_t t = 0; t < trials.size(); ++t) of_trials[t] = trials[t].data()[i];
    quantiles.data()[i] = nearest_quantile(of_trials, q);
  }
  return quantiles;
}

}  // namespace

TrialScores score_trials(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics,
                         const Matrix& resample_counts) {
  TrialScores scores;
  const TaskContext& context = task.contexts[fold.context];
  if (!context.deg || !context.deg->trials) return scores;
  const Target& target = target_of(task);
  const DegTrials& trials = *context.deg->trials;
  RowIndex rows;
  for (const TaskRow& at : fold.test) rows.push_back(at.row);
  const std::vector<std::uint8_t> covered(rows.size(), 1);
  scores.of_tests.resize(metrics.size());
  for (int trial = 0; trial < trials.n_trials(); ++trial) {
    const Matrix planes = certain_planes(trials.labels(trial, rows));
    std::vector<Vector> of_trial = target.score(planes, fold.truth, metrics);
    for (std::size_t m = 0; m < metrics.size(); ++m) scores.of_tests[m].push_back(std::move(of_trial[m]));
    WholeFoldScores whole = score_whole_fold(target, planes, fold.truth, metrics, covered, resample_counts);
    scores.values.push_back(std::move(whole.values));
    scores.resampled.push_back(std::move(whole.resampled));
  }
  return scores;
}

std::optional<TrialScores> score_halves(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics,
                                        const Matrix& resample_counts) {
  const TaskContext& context = task.contexts[fold.context];
  if (!context.deg || !context.deg->halves) return std::nullopt;
  const Target& target = target_of(task);
  RowIndex rows;
  for (const TaskRow& at : fold.test) rows.push_back(at.row);
  const std::vector<std::uint8_t> covered(rows.size(), 1);
  const Matrix planes = certain_planes(context.deg->halves->labels(0, rows));
  const Matrix classes = context.deg->halves->labels(1, rows).cast<double>().array() + 1;
  const SplitTruth truth =
      target.make_truth({classes, fold.exclusion}, std::as_const(fold.training_deltas).view(), metrics);
  TrialScores scores;
  for (Vector& of_metric : target.score(planes, truth, metrics)) scores.of_tests.push_back({std::move(of_metric)});
  WholeFoldScores whole = score_whole_fold(target, planes, truth, metrics, covered, resample_counts);
  scores.values.push_back(std::move(whole.values));
  scores.resampled.push_back(std::move(whole.resampled));
  return scores;
}

void evaluate_trial_method(const TrialMethod& method, const Task& task, const TrialScores& trials,
                           FoldEvaluation& evaluation) {
  if (trials.values.empty()) {
    evaluation.status = Status::skipped;
    evaluation.reason = method.of_halves
                            ? "the task keeps no labels of halves of the cells; headroom prepare --deg makes them"
                            : "the task keeps no labels of resampled cells; headroom prepare --deg makes them";
    if (!task.deg_trials_note.empty()) evaluation.reason += ": " + task.deg_trials_note;
    return;
  }
  for (const std::vector<Vector>& of_metric : trials.of_tests) {
    evaluation.metric_values.push_back(quantile_over(of_metric, method.quantile));
  }
  evaluation.covered.assign(static_cast<std::size_t>(trials.of_tests.front().front().size()), 1);
  evaluation.whole.values = quantile_over(trials.values, method.quantile);
  evaluation.whole.covered_values = evaluation.whole.values;
  evaluation.whole.resampled = quantile_over(trials.resampled, method.quantile);
  evaluation.status = Status::ok;
}

}  // namespace headroom
