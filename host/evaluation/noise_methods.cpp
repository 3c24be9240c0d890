#include "evaluation/noise_methods.hpp"

#include <fmt/format.h>

#include <cmath>

#include "matrix/undefined.hpp"

namespace headroom {
namespace {

std::optional<double> value_of(const NoiseMethod& method, const NoiseTable& table, const std::string& context,
                               const std::string& pert_id, Metric metric) {
  const std::string_view name = metric_name(metric);
  if (method.column.empty()) {
    return table.value(context, pert_id, name,
                       higher_is_better(metric) ? method.quantile_higher_is_better : method.quantile_lower_is_better);
  }
  return table.reference(context, pert_id,
                         metric == Metric::L2 ? method.column : method.column + "_" + std::string(name));
}

// The mean of the finite values in place of the others, or NaN throughout where more than half are missing.
void fill_missing(Vector& values) {
  const MeanOverTests mean = mean_over_tests(values);
  const double stand_in = 2 * mean.n_finite >= values.size() ? mean.mean_of_finite : kNaN;
  for (double& value : values) {
    if (std::isnan(stand_in) || std::isnan(value)) value = stand_in;
  }
}

}  // namespace

void evaluate_noise_method(const NoiseMethod& method, const NoiseTable* table, const Task& task, const FoldData& fold,
                           const std::vector<Metric>& metrics, FoldEvaluation& evaluation) {
  evaluation.status = Status::skipped;
  if (table == nullptr) {
    evaluation.reason = "no noise table: bulk data, or cells that were not prepared here; headroom prepare makes one";
    return;
  }
  const ExcludedTargets excluded = fold.exclusion.excluded;
  if (excluded == ExcludedTargets::own || excluded == ExcludedTargets::panel) {
    evaluation.reason = fmt::format("the noise table is of all genes, and --exclude-targets {} leaves some out",
                                    exclusion_name(excluded));
    return;
  }
  const TaskContext& context = task.contexts[fold.context];
  if (!table->covers_context(context.name)) {
    evaluation.reason = "the noise table says nothing of this context";
    return;
  }
  bool any = false;
  for (const Metric metric : metrics) {
    Vector values(static_cast<Eigen::Index>(fold.test.size()));
    for (std::size_t i = 0; i < fold.test.size(); ++i) {
      const std::string& pert_id = context.pert_ids[static_cast<std::size_t>(fold.test[i].row)];
      values[static_cast<Eigen::Index>(i)] = value_of(method, *table, context.name, pert_id, metric).value_or(kNaN);
    }
    fill_missing(values);
    any = any || !values.hasNaN();
    evaluation.metric_values.push_back(std::move(values));
  }
  if (!any) {
    evaluation.metric_values.clear();
    evaluation.reason = "the noise table has no such numbers";
    return;
  }
  evaluation.covered.assign(fold.test.size(), 1);
  evaluation.status = Status::ok;
}

}  // namespace headroom
