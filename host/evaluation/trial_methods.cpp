#include "evaluation/trial_methods.hpp"

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

void evaluate_trial_method(const TrialMethod& method, const Task& task, const FoldData& fold,
                           const std::vector<Metric>& metrics, const Matrix& resample_counts,
                           FoldEvaluation& evaluation) {
  const TaskContext& context = task.contexts[fold.context];
  if (!context.deg || !context.deg->trials || context.deg->trials->n_trials() == 0) {
    evaluation.status = Status::skipped;
    evaluation.reason = "the task keeps no labels of resampled cells; headroom prepare --deg makes them";
    if (!task.deg_trials_note.empty()) evaluation.reason += ": " + task.deg_trials_note;
    return;
  }
  const Target& target = target_of(task);
  const DegTrials& trials = *context.deg->trials;
  RowIndex rows;
  for (const TaskRow& at : fold.test) rows.push_back(at.row);
  evaluation.covered.assign(rows.size(), 1);
  std::vector<std::vector<Vector>> of_tests(metrics.size());  // metrics, trials
  std::vector<Vector> values;                                 // trials
  std::vector<Matrix> resampled;
  for (int trial = 0; trial < trials.n_trials(); ++trial) {
    const Matrix planes = certain_planes(trials.labels(trial, rows));
    std::vector<Vector> of_trial = target.score(planes, fold.truth, metrics);
    for (std::size_t m = 0; m < metrics.size(); ++m) of_tests[m].push_back(std::move(of_trial[m]));
    WholeFoldScores whole = score_whole_fold(target, planes, fold.truth, metrics, evaluation.covered, resample_counts);
    values.push_back(std::move(whole.values));
    resampled.push_back(std::move(whole.resampled));
  }
  for (const auto& of_metric : of_tests) {
    evaluation.metric_values.push_back(quantile_over(of_metric, method.quantile));
  }
  evaluation.whole.values = quantile_over(values, method.quantile);
  evaluation.whole.covered_values = evaluation.whole.values;
  evaluation.whole.resampled = quantile_over(resampled, method.quantile);
  evaluation.status = Status::ok;
}

}  // namespace headroom
