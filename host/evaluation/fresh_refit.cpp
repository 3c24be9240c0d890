#include "evaluation/fresh_refit.hpp"

#include <cmath>

#include "evaluation/fold_gate.hpp"

namespace headroom {
namespace {

// NaN is NaN: a metric that is undefined is undefined again.
bool same_values(const Vector& a, const Vector& b) {
  if (a.size() != b.size()) return false;
  for (Eigen::Index i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  }
  return true;
}

}  // namespace

Answer<Matrix> refit_afresh(const RosterEntry& head, const FoldEvaluation& submitted, const HeadFeatures& features,
                            const std::string& context_name, const FoldData& fold) {
  Eigen::Index setting = 0;
  while (setting + 1 < head.grid.settings.rows() && head.grid.params(setting) != submitted.best_params) ++setting;
  auto worker = start_for_fold(head, {fold.context, fold.name});
  if (!worker) return tl::unexpected<WorkerFault>(worker.error());
  auto fit = refit(*fold.target, *worker->session, head.grid, setting, features, context_name, fold.training_deltas);
  if (!fit) return tl::unexpected<WorkerFault>(fit.error());
  return std::move(fit->predictions);
}

std::optional<Metric> metric_that_differs(const Target& target, const Matrix& predictions, const Embedding& embedding,
                                          const FoldData& fold, const FoldEvaluation& submitted,
                                          const std::vector<Metric>& metrics) {
  const Matrix of_all_tests = with_stand_ins(target, fold, covered_tests(embedding, fold), predictions);
  const auto values = target.score(of_all_tests, fold.truth, metrics);
  for (std::size_t m = 0; m < values.size(); ++m) {
    if (!same_values(values[m], submitted.metric_values[m])) return metrics[m];
  }
  if (target.score_fold == nullptr) return std::nullopt;
  const Matrix once = Matrix::Ones(static_cast<Eigen::Index>(fold.test.size()), 1);
  const Vector whole = target.score_fold(of_all_tests, fold.truth, metrics, once);
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const auto at = static_cast<Eigen::Index>(m);
    if (!same_values(whole.segment(at, 1), submitted.whole.values.segment(at, 1))) return metrics[m];
  }
  return std::nullopt;
}

}  // namespace headroom
