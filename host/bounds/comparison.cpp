#include "bounds/comparison.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace headroom {
namespace {

// By how much the first is better in a fold.
FoldValues advantage_of(const FoldValues& first, const FoldValues& second, bool higher_is_better) {
  if (!higher_is_better) return advantage_of(second, first, true);
  FoldValues advantage(Vector(first.of_tests - second.of_tests));
  if (first.whole && second.whole) {
    advantage.whole =
        WholeFold{first.whole->value - second.whole->value, first.whole->resampled - second.whole->resampled};
  }
  return advantage;
}

}  // namespace

std::optional<PairedComparison> compare_paired(const std::vector<FoldValues>& first,
                                               const std::vector<FoldValues>& second, bool higher_is_better,
                                               const TestResamples& resamples) {
  assert(first.size() == resamples.n_folds() && second.size() == resamples.n_folds());
  RowVector resampled = RowVector::Zero(resamples.n_resamples());
  double sum = 0, n_tests = 0;
  for (std::size_t fold = 0; fold < resamples.n_folds(); ++fold) {
    const Eigen::Index n_fold = resamples.n_tests(fold);
    if (first[fold].of_tests.size() != n_fold || second[fold].of_tests.size() != n_fold) return std::nullopt;
    if (first[fold].whole.has_value() != second[fold].whole.has_value()) return std::nullopt;
    if (n_fold == 0) continue;
    const FoldValues advantage = advantage_of(first[fold], second[fold], higher_is_better);
    if (!advantage.value()) return std::nullopt;
    const FoldValues* values = &advantage;
    const auto n = static_cast<double>(n_fold);
    resampled += n * resamples.fold_values(fold, std::span(&values, 1)).row(0);
    sum += advantage.whole ? n * advantage.whole->value : advantage.of_tests.sum();
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
