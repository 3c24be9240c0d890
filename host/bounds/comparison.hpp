// Whether one plugin is better than another: the paired bootstrap of their per-perturbation difference, and Holm's
// correction of many such comparisons (protocol section 7).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "bounds/resampling.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

struct PairedComparison {
  double mean_advantage =
      0;               // of the first over the second, over all test perturbations; positive: the first is better
  Interval ci;         // 95 %
  double p_value = 1;  // two-sided, not corrected
};

// Values per fold of two methods. Resamples are drawn within folds; the mean is over the test perturbations of all
// folds together, a fold that has a value as a whole counting as often as it has test perturbations. p = 2 (1 + n) / (1
// + resamples), at most 1, where n counts the resamples on the other side of zero than most (those at zero count as
// other): with 1,000 resamples never below 0.002. None if either method lacks a finite value anywhere.
std::optional<PairedComparison> compare_paired(const std::vector<FoldValues>& first,
                                               const std::vector<FoldValues>& second, bool higher_is_better,
                                               const TestResamples& resamples);

// Many at once, which costs a fraction for each. Values per fold, of methods that outlive the call. In the order of
// `pairs`; each is what compare_paired() gives of it.
struct PairOfMethods {
  const std::vector<FoldValues>* first;
  const std::vector<FoldValues>* second;
};
std::vector<std::optional<PairedComparison>> compare_pairs(std::span<const PairOfMethods> pairs, bool higher_is_better,
                                                           const TestResamples& resamples);

// Holm's step-down adjustment (Holm 1979): p-values that hold for all comparisons together, in the order given.
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace headroom
