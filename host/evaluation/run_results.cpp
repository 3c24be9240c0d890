#include "evaluation/run_results.hpp"

#include <algorithm>

namespace headroom {

const char* status_name(Status status) {
  switch (status) {
    case Status::not_run:
      return "not run";
    case Status::ok:
      return "ok";
    case Status::failed:
      return "failed";
    case Status::skipped:
      return "skipped";
  }
  return "";
}

FoldValues fold_values_of(const FoldEvaluation& evaluation, std::size_t metric) {
  if (evaluation.status != Status::ok) return {};
  FoldValues values(evaluation.metric_values[metric]);
  if (evaluation.whole.empty()) return values;
  const auto m = static_cast<Eigen::Index>(metric);
  values.whole = WholeFold{evaluation.whole.values[m], evaluation.whole.resampled.row(m)};
  return values;
}

bool stands_in(const MethodEvaluation& method, const Head& head) {
  const bool is_of_no_head = method.predictor.empty() || !method.blocks.empty();
  if (is_of_no_head || method.predictor == head.name) return true;
  if (method.role != Role::plugin && !head.own_bounds) return true;
  return method.role != Role::plugin && !head.borrows.empty() && method.predictor == head.borrows;
}

bool any_failed(const RunResults& results) {
  const bool any_submission =
      std::any_of(results.submissions.begin(), results.submissions.end(),
                  [](const SubmissionOutcome& outcome) { return outcome.concerns_target && outcome.verdict != "ok"; });
  if (any_submission) return true;
  return std::any_of(results.contexts.begin(), results.contexts.end(), [](const ContextEvaluation& context) {
    return std::any_of(context.methods.begin(), context.methods.end(),
                       [](const MethodEvaluation& method) { return method.status == Status::failed; });
  });
}

}  // namespace headroom
