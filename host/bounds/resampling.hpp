// Bootstrap resamples of the test perturbations of a context, drawn once and used for every metric, head and method, so
// that whatever is compared is compared on the same resamples (protocol section 7).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

struct Interval {
  double low = 0, high = 0;
};

// A fold's value where it is computed from all of its test perturbations together and is no mean of values of theirs:
// as it is, and in every resample of TestResamples. NaN: undefined.
struct WholeFold {
  double value = 0;
  RowVector resampled;  // resamples; their first n are those of TestResamples with n
};

// One method's values in one fold: one per test perturbation, NaN where undefined, and, where the fold's value is not
// their mean, what it is. Empty: no result in that fold.
struct FoldValues {
  Vector of_tests;
  std::optional<WholeFold> whole = {};

  FoldValues() = default;
  // Implicit: its tests' values are all there is to most folds.
  FoldValues(Vector values) : of_tests(std::move(values)) {}
  template <class Derived>
  FoldValues(const Eigen::DenseBase<Derived>& values) : of_tests(values.derived()) {}

  // The fold's value; none: no result, or not a finite one.
  std::optional<double> value() const;
};

// The 2.5 and 97.5 percentiles (linear interpolation) of resampled values; none if an end is not finite. Reorders.
std::optional<Interval> percentile_interval(std::vector<double>& resampled);

class TestResamples {
 public:
  static constexpr int kDefaultResamples = 1000;

  // Within each fold, as many test perturbations as it has, with replacement. Resample b of fold f depends on (seed, f,
  // b) and the fold's size alone.
  TestResamples(const std::vector<Eigen::Index>& n_tests_per_fold, std::uint64_t seed,
                int n_resamples = kDefaultResamples);

  std::size_t n_folds() const { return n_tests_.size(); }
  Eigen::Index n_tests(std::size_t fold) const { return n_tests_[fold]; }
  Eigen::Index n_resamples() const { return n_resamples_; }

  // How often each test perturbation of the fold occurs in one resample.
  std::vector<int> counts(std::size_t fold, Eigen::Index resample) const;

  // The same for all resamples: test perturbations of the fold × resamples.
  Matrix all_counts(std::size_t fold) const;

  // The fold's mean in every resample (methods × resamples). `values`: per method its finite values, one per test
  // perturbation of the fold. A method's means do not depend, to the bit, on which others are asked for beside it.
  Matrix fold_means(std::size_t fold, std::span<const double* const> values) const;

  // The fold's value in every resample (methods × resamples). `folds`: per method what is finite in this fold.
  Matrix fold_values(std::size_t fold, std::span<const FoldValues* const> folds) const;

 private:
  std::vector<Eigen::Index> n_tests_;
  Eigen::Index n_resamples_;
  // Per fold: counts in blocks of kResampleBlock resamples, within a block test by test.
  std::vector<std::vector<float>> counts_;
};

}  // namespace headroom
