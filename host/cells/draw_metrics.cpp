#include "cells/draw_metrics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "protocol/simd_clones.hpp"

namespace headroom {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A variance this far below the mean square it was taken from is rounding: the profile is constant.
constexpr double kConstantVariance = 1e-14;

HEADROOM_SIMD_CLONES
void accumulate(std::uint32_t n_genes, std::uint32_t n_lanes, const double* draws, const double* truth, double mean,
                double* squares, double* absolute, double* plain, double* products) {
  for (std::uint32_t g = 0; g < n_genes; ++g) {
    const double t = truth[g], centred = t - mean;
    const double* row = draws + static_cast<std::size_t>(g) * n_lanes;
    for (std::uint32_t l = 0; l < n_lanes; ++l) {
      const double diff = row[l] - t;
      squares[l] += diff * diff;
      absolute[l] += __builtin_fabs(diff);
      plain[l] += diff;
      products[l] += diff * centred;
    }
  }
}

// values[l][g] = draws[g][l]; 16 genes at a time fill whole cache lines.
HEADROOM_SIMD_CLONES
void transpose(std::uint32_t n_genes, std::uint32_t n_draws, std::uint32_t n_lanes, const double* draws,
               std::size_t stride, float* values) {
  constexpr std::uint32_t kLine = 16;
  for (std::uint32_t g0 = 0; g0 < n_genes; g0 += kLine) {
    const std::uint32_t n = n_genes - g0 < kLine ? n_genes - g0 : kLine;
    const double* source = draws + static_cast<std::size_t>(g0) * n_lanes;
    for (std::uint32_t l = 0; l < n_draws; ++l) {
      float* target = values + l * stride + g0;
      for (std::uint32_t g = 0; g < n; ++g) target[g] = static_cast<float>(source[static_cast<std::size_t>(g) * n_lanes + l]);
    }
  }
}

// Every value becomes a key, an integer whose order is the float's with the index below it, and a bucket: sign, exponent
// and leading mantissa bits of the value from `kOctaves` below the largest magnitude on; all smaller ones share the two
// buckets around zero. Buckets are monotone in the value. Negative zero counts as zero.
constexpr int kOctaves = 16, kOctaveBits = 4 + 23;

HEADROOM_SIMD_CLONES
void keys_and_buckets(const float* x, std::uint32_t n, int bucket_bits, std::int64_t* keys, std::uint32_t* bucket) {
  float largest = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const float magnitude = __builtin_fabsf(x[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const std::int32_t top = __builtin_bit_cast(std::int32_t, largest);
  const std::int32_t floor = top > (kOctaves << 23) ? top - (kOctaves << 23) : 0;
  const std::int32_t half = (1 << bucket_bits) + 1;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::int32_t bits = __builtin_bit_cast(std::int32_t, x[i] + 0.0f);
    const std::int32_t sign = bits >> 31, magnitude = bits & 0x7fffffff;
    const std::int32_t above = (magnitude > floor ? magnitude - floor : 0) >> (kOctaveBits - bucket_bits);
    bucket[i] = static_cast<std::uint32_t>(half + (above ^ sign));
    keys[i] = (static_cast<std::int64_t>(magnitude ^ sign) << 32) | static_cast<std::int64_t>(i);
  }
}

// One round of odd-even transposition over pairs (0, 1), (2, 3), …: no branch, so disorder costs nothing.
HEADROOM_SIMD_CLONES
void order_pairs(std::int64_t* keys, std::uint32_t n_pairs) {
  for (std::uint32_t i = 0; i < n_pairs; ++i) {
    const std::int64_t a = keys[2 * i], b = keys[2 * i + 1];
    keys[2 * i] = a < b ? a : b;
    keys[2 * i + 1] = a < b ? b : a;
  }
}

}  // namespace

double linear_quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return kNaN;
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

SpearmanAgainst::SpearmanAgainst(std::uint32_t n)
    : n_(n), reference_(n), bucket_(n), keys_(n), sorted_(n) {
  // About two buckets a value on either side of zero.
  bucket_bits_ = std::clamp(static_cast<int>(std::bit_width(n)), 6, 20);
  bucket_end_.resize((std::size_t{2} << bucket_bits_) + 4);
}

void SpearmanAgainst::sort(const float* x) {
  keys_and_buckets(x, n_, bucket_bits_, keys_.data(), bucket_.data());
  std::fill(bucket_end_.begin(), bucket_end_.end(), 0u);
  for (std::uint32_t i = 0; i < n_; ++i) ++bucket_end_[bucket_[i]];
  std::uint32_t sum = 0;
  for (std::uint32_t& end : bucket_end_) {
    const std::uint32_t count = end;
    end = sum;
    sum += count;
  }
  for (std::uint32_t i = 0; i < n_; ++i) sorted_[bucket_end_[bucket_[i]]++] = keys_[i];

  // A bucket holds one or two values, mostly: a few rounds of exchanges between neighbours order them, insertion ends it.
  constexpr int kRounds = 2;
  for (int round = 0; round < kRounds; ++round) {
    order_pairs(sorted_.data(), n_ / 2);
    if (n_ > 1) order_pairs(sorted_.data() + 1, (n_ - 1) / 2);
  }
  constexpr std::uint32_t kFarAway = 24;
  for (std::uint32_t i = 1; i < n_; ++i) {
    const std::int64_t moving = sorted_[i];
    if (sorted_[i - 1] <= moving) continue;
    std::uint32_t j = i;
    do {
      sorted_[j] = sorted_[j - 1];
      --j;
    } while (j > 0 && sorted_[j - 1] > moving && i - j < kFarAway);
    sorted_[j] = moving;
    if (i - j == kFarAway) {  // a crowded bucket
      const std::uint32_t bucket = bucket_[static_cast<std::uint32_t>(moving)];
      const std::uint32_t begin = bucket == 0 ? 0 : bucket_end_[bucket - 1];
      std::sort(sorted_.begin() + begin, sorted_.begin() + bucket_end_[bucket]);
    }
  }
}

void SpearmanAgainst::set_reference(const float* y) {
  sort(y);
  reference_squares_ = 0;
  for (std::uint32_t i = 0; i < n_;) {
    std::uint32_t j = i;
    while (j < n_ && (sorted_[j] ^ sorted_[i]) >> 32 == 0) ++j;
    const auto rank = static_cast<std::int32_t>(i + j - n_);
    for (std::uint32_t k = i; k < j; ++k) reference_[static_cast<std::uint32_t>(sorted_[k])] = rank;
    reference_squares_ += static_cast<double>(rank) * rank * (j - i);
    i = j;
  }
}

double SpearmanAgainst::correlate(const float* x) {
  sort(x);
  // The reference's ranks are centred, so x's need not be. First as if nothing were tied, then what ties change.
  std::int64_t product = 0;
  for (std::uint32_t i = 0; i < n_; ++i) {
    product += static_cast<std::int64_t>(i) * reference_[static_cast<std::uint32_t>(sorted_[i])];
  }
  product *= 2;
  double ties = 0;
  for (std::uint32_t i = 1; i < n_; ++i) {
    if ((sorted_[i] ^ sorted_[i - 1]) >> 32 != 0) continue;
    const std::uint32_t begin = i - 1;
    while (i < n_ && (sorted_[i] ^ sorted_[begin]) >> 32 == 0) ++i;
    const std::int64_t twice_mean = std::int64_t{begin} + i - 1;
    for (std::uint32_t k = begin; k < i; ++k) {
      product += (twice_mean - 2 * std::int64_t{k}) * reference_[static_cast<std::uint32_t>(sorted_[k])];
    }
    const double t = i - begin;
    ties += t * t * t - t;
  }
  // Both sums are of doubled ranks.
  const double n = n_, squares = (n * n * n - n - ties) / 3;
  if (squares <= 0 || reference_squares_ == 0) return kNaN;
  return static_cast<double>(product) / std::sqrt(squares * reference_squares_);
}

DrawMetrics::DrawMetrics(std::uint32_t n_genes, std::uint32_t n_draws, std::uint32_t n_lanes)
    : n_genes_(n_genes),
      n_draws_(n_draws),
      n_lanes_(n_lanes),
      sums_(std::size_t{4} * n_lanes),
      values_(static_cast<std::size_t>(n_draws) * n_genes),
      spearman_(n_genes) {}

void DrawMetrics::start(const double* truth) {
  truth_ = truth;
  double sum = 0;
  for (std::uint32_t g = 0; g < n_genes_; ++g) sum += truth[g];
  truth_mean_ = sum / n_genes_;
  truth_sum_squares_ = 0;
  for (std::uint32_t g = 0; g < n_genes_; ++g) {
    truth_sum_squares_ += (truth[g] - truth_mean_) * (truth[g] - truth_mean_);
  }
  std::fill(sums_.begin(), sums_.end(), 0.0);
  values_.resize(std::max<std::size_t>(values_.size(), n_genes_));
  for (std::uint32_t g = 0; g < n_genes_; ++g) values_[g] = static_cast<float>(truth[g]);
  spearman_.set_reference(values_.data());
}

void DrawMetrics::add(std::uint32_t gene_begin, std::uint32_t gene_end, const double* draws) {
  double* const sums = sums_.data();
  accumulate(gene_end - gene_begin, n_lanes_, draws, truth_ + gene_begin, truth_mean_, sums, sums + n_lanes_,
             sums + 2 * n_lanes_, sums + 3 * n_lanes_);
  transpose(gene_end - gene_begin, n_draws_, n_lanes_, draws, n_genes_, values_.data() + gene_begin);
}

std::array<NoiseScores, kNoiseQuantiles.size()> DrawMetrics::quantiles() {
  std::array<std::vector<double>, kNoiseMetrics> scores;
  for (auto& s : scores) s.reserve(n_draws_);
  for (std::uint32_t d = 0; d < n_draws_; ++d) {
    const double squares = sums_[d], absolute = sums_[n_lanes_ + d], plain = sums_[2 * n_lanes_ + d],
                 products = sums_[3 * n_lanes_ + d];
    // draw = truth + diff: its moments about the mean follow from those of diff, without cancellation.
    const double covariance = truth_sum_squares_ + products;
    const double variance = truth_sum_squares_ + 2 * products + squares - plain * plain / n_genes_;
    const bool constant = truth_sum_squares_ == 0 || variance <= kConstantVariance * truth_sum_squares_;
    const double rank = spearman_.correlate(values_.data() + static_cast<std::size_t>(d) * n_genes_);
    const NoiseScores row = {std::sqrt(squares), squares / n_genes_, absolute / n_genes_, rank,
                             constant ? kNaN : covariance / std::sqrt(variance * truth_sum_squares_)};
    for (int m = 0; m < kNoiseMetrics; ++m) scores[m].push_back(row[m]);
  }
  std::array<NoiseScores, kNoiseQuantiles.size()> out;
  for (int m = 0; m < kNoiseMetrics; ++m) {
    const bool undefined = std::any_of(scores[m].begin(), scores[m].end(), [](double s) { return std::isnan(s); });
    if (!undefined) std::sort(scores[m].begin(), scores[m].end());
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      out[q][m] = undefined ? kNaN : linear_quantile(scores[m], kNoiseQuantiles[q]);
    }
  }
  return out;
}

NoiseScores score_profile(const double* prediction, const double* truth, std::uint32_t n_genes,
                          SpearmanAgainst& spearman) {
  double squares = 0, absolute = 0, sum_p = 0, sum_t = 0;
  std::vector<float> values(n_genes), truths(n_genes);
  for (std::uint32_t g = 0; g < n_genes; ++g) {
    const double diff = prediction[g] - truth[g];
    squares += diff * diff;
    absolute += std::fabs(diff);
    sum_p += prediction[g];
    sum_t += truth[g];
    values[g] = static_cast<float>(prediction[g]);
    truths[g] = static_cast<float>(truth[g]);
  }
  double spp = 0, stt = 0, spt = 0;
  for (std::uint32_t g = 0; g < n_genes; ++g) {
    const double p = prediction[g] - sum_p / n_genes, t = truth[g] - sum_t / n_genes;
    spp += p * p;
    stt += t * t;
    spt += p * t;
  }
  spearman.set_reference(truths.data());
  const double pearson = spp > 0 && stt > 0 ? spt / std::sqrt(spp * stt) : kNaN;
  return {std::sqrt(squares), squares / n_genes, absolute / n_genes, spearman.correlate(values.data()), pearson};
}

}  // namespace headroom
