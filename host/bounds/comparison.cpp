#include "bounds/comparison.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <numeric>

namespace headroom {
namespace {

// As many as the counts of one block of resamples are read for while they are in the cache.
constexpr std::size_t kPairsAtOnce = 64;

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

// From what the advantage is in every resample, times the number of test perturbations.
std::optional<PairedComparison> compared(RowVector resampled, double sum, double n_tests) {
  PairedComparison comparison;
  comparison.mean_advantage = sum / n_tests;
  const auto n_not_above = static_cast<double>((resampled.array() <= 0).count());
  const auto n_not_below = static_cast<double>((resampled.array() >= 0).count());
  const auto n_resamples = static_cast<double>(resampled.size());
  comparison.p_value = std::min(1.0, 2 * (1 + std::min(n_not_above, n_not_below)) / (1 + n_resamples));
  resampled /= n_tests;
  std::vector<double> means(resampled.begin(), resampled.end());
  const auto interval = percentile_interval(means);
  if (!interval) return std::nullopt;
  comparison.ci = *interval;
  return comparison;
}

}  // namespace

std::vector<std::optional<PairedComparison>> compare_pairs(std::span<const PairOfMethods> pairs, bool higher_is_better,
                                                           const TestResamples& resamples) {
  std::vector<std::optional<PairedComparison>> comparisons(pairs.size());
  for (std::size_t begin = 0; begin < pairs.size(); begin += kPairsAtOnce) {
    const auto group = pairs.subspan(begin, std::min(kPairsAtOnce, pairs.size() - begin));
    Matrix resampled = Matrix::Zero(static_cast<Eigen::Index>(group.size()), resamples.n_resamples());
    std::vector<double> sums(group.size(), 0.0), n_tests(group.size(), 0.0);
    std::vector<std::uint8_t> is_defined(group.size(), 1);
    for (std::size_t fold = 0; fold < resamples.n_folds(); ++fold) {
      const Eigen::Index n_fold = resamples.n_tests(fold);
      std::vector<FoldValues> advantages(group.size());
      std::vector<const FoldValues*> asked;
      std::vector<std::size_t> places;
      for (std::size_t p = 0; p < group.size(); ++p) {
        assert(group[p].first->size() == resamples.n_folds() && group[p].second->size() == resamples.n_folds());
        const FoldValues &first = (*group[p].first)[fold], &second = (*group[p].second)[fold];
        is_defined[p] = is_defined[p] && first.of_tests.size() == n_fold && second.of_tests.size() == n_fold &&
                        first.whole.has_value() == second.whole.has_value();
        if (!is_defined[p] || n_fold == 0) continue;
        advantages[p] = advantage_of(first, second, higher_is_better);
        is_defined[p] = advantages[p].value().has_value();
        if (!is_defined[p]) continue;
        asked.push_back(&advantages[p]);
        places.push_back(p);
      }
      if (asked.empty()) continue;
      const auto n = static_cast<double>(n_fold);
      const Matrix values = resamples.fold_values(fold, asked);
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const std::size_t p = places[i];
        resampled.row(static_cast<Eigen::Index>(p)) += n * values.row(static_cast<Eigen::Index>(i));
        sums[p] += asked[i]->whole ? n * asked[i]->whole->value : asked[i]->of_tests.sum();
        n_tests[p] += n;
      }
    }
    for (std::size_t p = 0; p < group.size(); ++p) {
      if (!is_defined[p] || n_tests[p] == 0) continue;
      comparisons[begin + p] = compared(resampled.row(static_cast<Eigen::Index>(p)), sums[p], n_tests[p]);
    }
  }
  return comparisons;
}

std::optional<PairedComparison> compare_paired(const std::vector<FoldValues>& first,
                                               const std::vector<FoldValues>& second, bool higher_is_better,
                                               const TestResamples& resamples) {
  const PairOfMethods pair{&first, &second};
  return compare_pairs(std::span(&pair, 1), higher_is_better, resamples).front();
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
