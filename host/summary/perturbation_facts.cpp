#include "summary/perturbation_facts.hpp"

#include <algorithm>
#include <limits>

#include "deg/class_metrics.hpp"
#include "protocol/metrics.hpp"
#include "summary/sampling_error.hpp"

namespace headroom {
namespace {

double effect_size(const Task& task, const TaskContext& context, Eigen::Index row) {
  if (!task.holds_classes) return context.deltas.row(row).norm();
  return (context.deltas.row(row).array() - static_cast<double>(kNotDe)).matrix().norm();
}

}  // namespace

std::size_t perturbation_metric(const std::vector<Metric>& metrics) {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [](Metric metric) { return !is_of_fold(metric); });
  return found == metrics.end() ? 0 : static_cast<std::size_t>(found - metrics.begin());
}

std::vector<PerturbationFacts> perturbation_facts(const RunResults& results, const Task& task,
                                                  const CellCount& cell_count) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const std::size_t metric = perturbation_metric(results.metrics);
  std::vector<PerturbationFacts> all;
  for (const auto& context : results.contexts) {
    const TaskContext& task_context = task.contexts[context.task_context];
    const MethodEvaluation* noise = sampling_error_of(context);
    PerturbationFacts& facts = all.emplace_back();
    facts.context = context.context;
    for (std::size_t f = 0; f < context.splits.size(); ++f) {
      const bool has_noise = noise && noise->folds[f].status == Status::ok && !noise->folds[f].metric_values.empty();
      const Split& split = context.splits[f];
      for (std::size_t i = 0; i < split.test.size(); ++i) {
        const auto row = static_cast<std::size_t>(split.test[i].row);
        facts.pert_ids.push_back(task_context.pert_ids[row]);
        facts.folds.push_back(split.name);
        facts.effect_sizes.push_back(effect_size(task, task_context, static_cast<Eigen::Index>(row)));
        facts.n_cells.push_back(cell_count ? cell_count(task_context.name, facts.pert_ids.back()).value_or(unknown)
                                           : unknown);
        facts.noise.push_back(has_noise ? noise->folds[f].metric_values[metric][static_cast<Eigen::Index>(i)]
                                        : unknown);
      }
    }
  }
  return all;
}

}  // namespace headroom
