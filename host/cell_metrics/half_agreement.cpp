#include "cell_metrics/half_agreement.hpp"

#include <cmath>

#include "bounds/second_screen.hpp"
#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/de_metrics.hpp"
#include "matrix/undefined.hpp"

namespace headroom {
namespace {

double correlation_of_deltas(const PooledProfile& a, const PooledProfile& b, const PooledProfile& control,
                             const LeftOutGenes& left_out) {
  const auto side = [&control](const PooledProfile& half) { return PanelSide{{&half.y}, {0}, &control.y, 0}; };
  return delta_agreement(side(a), side(b), left_out).front().pearson;
}

// What a half's fold changes become where they are taken from the whole control.
double from_whole_control(const ControlColumns& columns, std::size_t half, std::size_t gene, double lfc) {
  return lfc + fold_change(columns.mean[half * columns.n_genes + gene], columns.mean[gene]);
}

// Over the called genes of one sign (0: of both).
double correlation_of_changes(const std::vector<DeTable>& tables, std::size_t split, const ControlColumns& columns,
                              const LeftOutGenes& left_out, int sign) {
  const DeTable &whole = tables[0], &a = tables[half_a(split)], &b = tables[half_b(split)];
  std::vector<double> of_a, of_b;
  for (std::size_t g = 0; g < whole.q.size(); ++g) {
    if (left_out.leaves(0, g) || !whole.is_called(g) || sign * whole.lfc[g] < 0 || !a.is_tested(g) || !b.is_tested(g))
      continue;
    of_a.push_back(from_whole_control(columns, half_a(split), g, a.lfc[g]));
    of_b.push_back(from_whole_control(columns, half_b(split), g, b.lfc[g]));
  }
  return rank_correlation(of_a, of_b);
}

}  // namespace

HalfAgreement half_agreement(const std::vector<PooledProfile>& profiles, const std::vector<DeTable>& tables,
                             const PooledProfile& control, const ControlColumns& columns,
                             const LeftOutGenes& left_out) {
  const auto n_splits = static_cast<Eigen::Index>((tables.size() - 1) / 2);
  HalfAgreement out;
  out.fill(kNaN);
  if (n_splits == 0 || tables[half_a(0)].p.empty()) return out;
  std::array<Vector, kHalfCorrelations.size()> of_splits;
  of_splits.fill(Vector(n_splits));
  for (Eigen::Index s = 0; s < n_splits; ++s) {
    const auto split = static_cast<std::size_t>(s);
    of_splits[0][s] = correlation_of_deltas(profiles[half_a(split)], profiles[half_b(split)], control, left_out);
    for (std::size_t k = 1; k < of_splits.size(); ++k) {
      const int sign = k == 1 ? 0 : k == 2 ? 1 : -1;
      of_splits[k][s] = correlation_of_changes(tables, split, columns, left_out, sign);
    }
  }
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = fisher_mean(of_splits[k]);
  return out;
}

}  // namespace headroom
