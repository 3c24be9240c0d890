#include "bounds/comparison.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace headroom {

std::optional<PairedComparison> compare_paired(const std::vector<Vector>& first, const std::vector<Vector>& second,
                                               bool higher_is_better, const TestResamples& resamples) {
  assert(first.size() == resamples.n_folds() && second.size() == resamples.n_folds());
  RowVector resampled = RowVector::Zero(resamples.n_resamples());
  double sum = 0, n_tests = 0;
  for (std::size_t fold = 0; fold < resamples.n_folds(); ++fold) {
    if (first[fold].size() != resamples.n_tests(fold) || second[fold].size() != resamples.n_tests(fold)) {
      return std::nullopt;
    }
    if (first[fold].size() == 0) continue;
    const Vector advantage = higher_is_better ? Vector(first[fold] - second[fold]) : Vector(second[fold] - first[fold]);
    if (!advantage.allFinite()) return std::nullopt;
    const double* values = advantage.data();
    const auto n = static_cast<double>(advantage.size());
    resampled += n * resamples.fold_means(fold, std::span(&values, 1)).row(0);
    sum += advantage.sum();
    n_tests += n;
  }
  if (n_tests == 0) return std::nullopt;

  PairedComparison comparison;
  comparison.mean_advantage = sum / n_tests;
  const auto n_not_above = static_cast<double>((resampled.array() <= 0).count());
  const auto n_not_below = static_cast<double>((resampled.array() >= 0).count());
  const auto n_resamples = static_cast<double>(resamples.n_resamples());
  comparison.p_value = std::min(1.0, 2 * (1 + std::min(n_not_above, n_not_below)) / (1 + n_resamples));
  resampled /= n_tests;
  std::vector<double> means(resampled.begin(), resampled.end());
  const auto interval = percentile_interval(means);
  if (!interval) return std::nullopt;
  comparison.ci = *interval;
  return comparison;
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double least = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    least = std::min(1.0, std::max(least, scaled));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

}  // namespace headroom
