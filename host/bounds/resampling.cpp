#include "bounds/resampling.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>

#include "bounds/resampled_sums.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

// Draws of one resample: uniform in [0, n) without bias (Lemire 2019, multiply and reject).
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t fold, std::uint64_t resample) : key_{{seed, kStream}} {
    counter_ = {{0, fold, resample, 0}};
  }

  std::uint64_t below(std::uint32_t n) {
    std::uint64_t product = static_cast<std::uint64_t>(next()) * n;
    const std::uint32_t least = (0u - n) % n;
    while (static_cast<std::uint32_t>(product) < least) product = static_cast<std::uint64_t>(next()) * n;
    return product >> 32;
  }

 private:
  static constexpr std::uint64_t kStream = 0x626f6f74;  // apart from other uses of the same seed

  std::uint32_t next() {
    if (used_ == 8) {
      const auto words = r123::Philox4x64()(counter_, key_);
      ++counter_[0];
      for (std::size_t w = 0; w < 4; ++w) {
        halves_[2 * w] = static_cast<std::uint32_t>(words[w]);
        halves_[2 * w + 1] = static_cast<std::uint32_t>(words[w] >> 32);
      }
      used_ = 0;
    }
    return halves_[used_++];
  }

  r123::Philox4x64::key_type key_;
  r123::Philox4x64::ctr_type counter_;
  std::uint32_t halves_[8] = {};
  std::size_t used_ = 8;
};

}  // namespace

std::optional<Interval> percentile_interval(std::vector<double>& resampled) {
  if (resampled.empty()) return std::nullopt;
  const Interval interval{quantile_in_place(resampled, 0.025), quantile_in_place(resampled, 0.975)};
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return std::nullopt;
  return interval;
}

std::optional<double> FoldValues::value() const {
  if (whole) return std::isfinite(whole->value) ? std::optional(whole->value) : std::nullopt;
  if (of_tests.size() == 0 || !of_tests.allFinite()) return std::nullopt;
  const double mean = of_tests.mean();
  return std::isfinite(mean) ? std::optional(mean) : std::nullopt;
}

TestResamples::TestResamples(const std::vector<Eigen::Index>& n_tests_per_fold, std::uint64_t seed, int n_resamples)
    : n_tests_(n_tests_per_fold), n_resamples_(n_resamples), counts_(n_tests_per_fold.size()) {
  const std::size_t n_blocks = (static_cast<std::size_t>(n_resamples) + kResampleBlock - 1) / kResampleBlock;
  for (std::size_t fold = 0; fold < n_tests_.size(); ++fold) {
    const auto n = static_cast<std::size_t>(n_tests_[fold]);
    counts_[fold].resize(n_blocks * n * kResampleBlock);
    for (std::size_t b = 0; b < static_cast<std::size_t>(n_resamples); ++b) {
      Draws draws(seed, fold, b);
      float* block = counts_[fold].data() + b / kResampleBlock * n * kResampleBlock + b % kResampleBlock;
      for (std::size_t i = 0; i < n; ++i) block[draws.below(static_cast<std::uint32_t>(n)) * kResampleBlock] += 1;
    }
  }
}

std::vector<int> TestResamples::counts(std::size_t fold, Eigen::Index resample) const {
  const auto n = static_cast<std::size_t>(n_tests_[fold]), b = static_cast<std::size_t>(resample);
  std::vector<int> counts(n);
  const float* block = counts_[fold].data() + b / kResampleBlock * n * kResampleBlock + b % kResampleBlock;
  for (std::size_t i = 0; i < n; ++i) counts[i] = static_cast<int>(block[i * kResampleBlock]);
  return counts;
}

Matrix TestResamples::all_counts(std::size_t fold) const {
  const auto n = static_cast<std::size_t>(n_tests_[fold]);
  Matrix all(n_tests_[fold], n_resamples_);
  for (std::size_t b = 0; b < static_cast<std::size_t>(n_resamples_); ++b) {
    const float* block = counts_[fold].data() + b / kResampleBlock * n * kResampleBlock + b % kResampleBlock;
    for (std::size_t i = 0; i < n; ++i) {
      all(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(b)) = static_cast<double>(block[i * kResampleBlock]);
    }
  }
  return all;
}

Matrix TestResamples::fold_values(std::size_t fold, std::span<const FoldValues* const> folds) const {
  std::vector<const double*> of_tests;
  for (const FoldValues* values : folds) {
    if (!values->whole) of_tests.push_back(values->of_tests.data());
  }
  const Matrix means = of_tests.empty() ? Matrix() : fold_means(fold, of_tests);
  if (of_tests.size() == folds.size()) return means;
  Matrix values(static_cast<Eigen::Index>(folds.size()), n_resamples_);
  Eigen::Index next_mean = 0;
  for (Eigen::Index m = 0; m < values.rows(); ++m) {
    const FoldValues& of_method = *folds[static_cast<std::size_t>(m)];
    if (of_method.whole) {
      values.row(m) = of_method.whole->resampled.head(n_resamples_);
    } else {
      values.row(m) = means.row(next_mean++);
    }
  }
  return values;
}

Matrix TestResamples::fold_means(std::size_t fold, std::span<const double* const> values) const {
  const auto n = static_cast<std::size_t>(n_tests_[fold]);
  const auto n_resamples = static_cast<std::size_t>(n_resamples_);
  Matrix means(static_cast<Eigen::Index>(values.size()), n_resamples_);
  for (std::size_t first = 0; first < n_resamples; first += kResampleBlock) {
    const float* block = counts_[fold].data() + first * n;
    const std::size_t n_block = std::min(kResampleBlock, n_resamples - first);
    for (std::size_t method = 0; method < values.size(); method += kSumMethods) {
      const double* four[kSumMethods];
      for (std::size_t m = 0; m < kSumMethods; ++m) four[m] = values[std::min(method + m, values.size() - 1)];
      double sums[kSumMethods][kResampleBlock];
      resampled_sums(block, four, n, sums);
      for (std::size_t m = 0; m < kSumMethods && method + m < values.size(); ++m) {
        for (std::size_t b = 0; b < n_block; ++b) {
          means(static_cast<Eigen::Index>(method + m), static_cast<Eigen::Index>(first + b)) =
              sums[m][b] / static_cast<double>(n);
        }
      }
    }
  }
  return means;
}

}  // namespace headroom
