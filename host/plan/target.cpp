#include "plan/target.hpp"

#include "plan/bound_names.hpp"
#include "protocol/inner_score.hpp"

namespace headroom {
namespace {

RowVector train_mean(const TruthCache& truth) { return truth.mean_training_delta; }

RowVector no_change(const TruthCache& truth) { return RowVector::Zero(truth.mean_training_delta.size()); }

// WMSE needs weights, which no task file carries yet.
std::vector<Metric> metrics_of_deltas() {
  std::vector<Metric> metrics;
  for (const Metric metric : all_metrics()) {
    if (metric != Metric::WMSE) metrics.push_back(metric);
  }
  return metrics;
}

Target make_lfc() {
  Target target;
  target.name = "lfc";
  target.metrics = metrics_of_deltas();
  target.constant_nulls = {{kNullTrainMean, train_mean}, {kNullNoChange, no_change}};
  target.noise_methods = {
      {kCeilingSamplingError, 0.9, 0.1, "", true},
      {kCeilingMedian, 0.5, 0.5, ""},
      {kCeilingClosedForm, 0, 0, "closed_form"},
      {kCeilingSplitHalf, 0, 0, "split_half"},
  };
  target.protocol_heads = {"knn", "lasso"};
  target.score = compute_metrics;
  target.stand_in = train_mean;
  target.inner_error = mean_row_l2;
  return target;
}

}  // namespace

const Target& lfc_target() {
  static const Target target = make_lfc();
  return target;
}

const Target& target_of(const Task&) { return lfc_target(); }

}  // namespace headroom
