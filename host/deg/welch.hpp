// Welch's t-test of one gene in two groups of cells, from their moments (protocol section 8; Welch 1947, with the
// degrees of freedom of Satterthwaite 1946).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace headroom {

// Of one gene over n >= 2 cells.
struct SampleMoments {
  double mean = 0;
  double squared_error = 0;  // s² / n with the sample variance s² (n - 1); exactly 0 for a gene without variance
};

// From Σx and Σx² over n cells. A sum of squares about the mean that is no more than the sums' rounding counts as 0, so
// that a gene with the same value in every cell has no variance.
inline SampleMoments sample_moments(double n, double sum, double sum_of_squares) {
  const double mean = sum / n, about_mean = sum_of_squares - sum * mean;
  const double rounding = 2 * n * std::numeric_limits<double>::epsilon() * sum_of_squares;
  return {mean, about_mean > rounding ? about_mean / ((n - 1) * n) : 0};
}

// Mean differences within the rounding of sums over n cells are none.
inline bool means_agree(const SampleMoments& a, const SampleMoments& b, double n) {
  const double rounding = 2 * n * std::numeric_limits<double>::epsilon();
  return std::abs(a.mean - b.mean) <= rounding * std::max(std::abs(a.mean), std::abs(b.mean));
}

struct WelchTest {
  double t = 0;   // positive: the mean is higher in `a`; infinite where neither side varies and the means differ
  double df = 0;  // 0 where neither side varies
  double p = 1;   // two-sided
};

// t alone, without what a p-value costs. `n`: cells of the larger side.
inline double welch_t(const SampleMoments& a, const SampleMoments& b, double n) {
  const double squared_error = a.squared_error + b.squared_error;
  if (squared_error != 0) return (a.mean - b.mean) / std::sqrt(squared_error);
  return means_agree(a, b, n) ? 0 : std::copysign(std::numeric_limits<double>::infinity(), a.mean - b.mean);
}

// `a` over n_a cells against `b` over n_b cells. Neither side varies: t = 0 and p = 1 where the means agree, else t is
// infinite and p = 0.
WelchTest welch_test(const SampleMoments& a, double n_a, const SampleMoments& b, double n_b);

// Welch and Satterthwaite; at least one squared error is positive.
inline double welch_df(const SampleMoments& a, double n_a, const SampleMoments& b, double n_b) {
  const double sum = a.squared_error + b.squared_error;
  return sum * sum / (a.squared_error * a.squared_error / (n_a - 1) + b.squared_error * b.squared_error / (n_b - 1));
}

}  // namespace headroom
