#include "cells/draw_metrics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "matrix/undefined.hpp"
#include "numerics/quantile.hpp"
#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

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
      for (std::uint32_t g = 0; g < n; ++g)
        target[g] = static_cast<float>(source[static_cast<std::size_t>(g) * n_lanes + l]);
    }
  }
}

// Every value becomes a key of `key_bits`, monotone in it, above its index: sign, exponent and leading mantissa bits
// from `kOctaves` below the largest magnitude on; all smaller ones share the two keys around zero. Negative zero counts
// as zero.
constexpr int kOctaves = 16, kOctaveBits = 4 + 23;

HEADROOM_SIMD_CLONES
void make_keys(const float* x, std::uint32_t n, int key_bits, std::uint32_t* keys) {
  // Magnitudes compare as their bits do, and a maximum of whole numbers may be taken in any order, so in SIMD lanes.
  std::int32_t top = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::int32_t magnitude = __builtin_bit_cast(std::int32_t, x[i]) & 0x7fffffff;
    top = magnitude > top ? magnitude : top;
  }
  // One below, so that the largest itself stays within the key's bits.
  const std::int32_t floor = top >= (kOctaves << 23) ? top - (kOctaves << 23) + 1 : 0;
  const std::int32_t middle = 1 << (key_bits - 1);
  const int drop = kOctaveBits - (key_bits - 1), index_bits = 32 - key_bits;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::int32_t bits = __builtin_bit_cast(std::int32_t, x[i] + 0.0f);
    const std::int32_t sign = bits >> 31, magnitude = bits & 0x7fffffff;
    const std::int32_t above = (magnitude > floor ? magnitude - floor : 0) >> drop;
    keys[i] = static_cast<std::uint32_t>(middle + (above ^ sign)) << index_bits | i;
  }
}

}  // namespace

// Digits of 9 bits where 14 are enough for the index (16,384 genes), of 8 up to 65,536; beyond that the key shrinks on.
SpearmanAgainst::SpearmanAgainst(std::uint32_t n)
    : n_(n), digit_bits_(std::min(9, (32 - static_cast<int>(std::bit_width(std::max(n, 2u) - 1))) / 2)) {
  index_mask_ = static_cast<std::uint32_t>((std::uint64_t{1} << (32 - 2 * digit_bits_)) - 1);
  reference_.resize(n);
  keys_.resize(std::size_t{n} + 1);
  sorted_.resize(std::size_t{n} + 1);
  counts_.resize(std::size_t{4} << digit_bits_);
}

// Radix sort by the two digits of the key.
void SpearmanAgainst::sort(const float* x) {
  make_keys(x, n_, 2 * digit_bits_, keys_.data());
  const std::uint32_t n_digits = 1u << digit_bits_, digit_mask = n_digits - 1;
  const int high_shift = 32 - digit_bits_, low_shift = high_shift - digit_bits_;
  // Two counters of a digit take turns: neighbours are often equal, and a counter must not wait for itself.
  std::fill(counts_.begin(), counts_.end(), 0u);
  std::uint32_t* const low[2] = {counts_.data(), counts_.data() + n_digits};
  std::uint32_t* const high[2] = {counts_.data() + 2 * n_digits, counts_.data() + 3 * n_digits};
  const std::uint32_t* const keys = keys_.data();
  std::uint32_t i = 0;
  for (; i + 2 <= n_; i += 2) {
    ++low[0][keys[i] >> low_shift & digit_mask];
    ++low[1][keys[i + 1] >> low_shift & digit_mask];
    ++high[0][keys[i] >> high_shift];
    ++high[1][keys[i + 1] >> high_shift];
  }
  if (i < n_) {
    ++low[0][keys[i] >> low_shift & digit_mask];
    ++high[0][keys[i] >> high_shift];
  }
  std::uint32_t n_low = 0, n_high = 0;
  for (std::uint32_t digit = 0; digit < n_digits; ++digit) {
    const std::uint32_t more_low = low[0][digit] + low[1][digit], more_high = high[0][digit] + high[1][digit];
    low[0][digit] = n_low;
    high[0][digit] = n_high;
    n_low += more_low;
    n_high += more_high;
  }
  std::uint32_t* const sorted = sorted_.data();
  for (i = 0; i < n_; ++i) sorted[low[0][keys[i] >> low_shift & digit_mask]++] = keys[i];
  std::uint32_t* const target = keys_.data();
  for (i = 0; i < n_; ++i) target[high[0][sorted[i] >> high_shift]++] = sorted[i];
  keys_.swap(sorted_);
  sorted_[n_] = n_ == 0 ? 0 : ~sorted_[n_ - 1];  // of another key than the last
}

// Orders equal keys from `begin` on by their values; returns where they end. Mostly two values, or many zeros.
std::uint32_t SpearmanAgainst::sort_run(const float* x, std::uint32_t begin) {
  const auto value = [&](std::uint32_t key) { return x[key & index_mask_]; };
  std::uint32_t end = begin + 1, n_descents = 0;
  while (same_key(begin, end)) {
    n_descents += value(sorted_[end]) < value(sorted_[end - 1]);
    ++end;
  }
  if (n_descents == 0) return end;
  if (end - begin == 2) {
    std::swap(sorted_[begin], sorted_[begin + 1]);
  } else {
    std::sort(sorted_.begin() + begin, sorted_.begin() + end,
              [&](std::uint32_t a, std::uint32_t b) { return value(a) < value(b); });
  }
  return end;
}

void SpearmanAgainst::set_reference(const float* y) {
  sort(y);
  for (std::uint32_t i = 0; i < n_;) i = sort_run(y, i);
  reference_squares_ = 0;
  for (std::uint32_t i = 0; i < n_;) {
    std::uint32_t j = i + 1;
    while (j < n_ && y[index(j)] == y[index(i)]) ++j;
    const auto rank = static_cast<std::int32_t>(i + j - n_);
    for (std::uint32_t k = i; k < j; ++k) reference_[index(k)] = rank;
    reference_squares_ += static_cast<double>(rank) * rank * (j - i);
    i = j;
  }
}

double SpearmanAgainst::correlate(const float* x) {
  sort(x);
  // The reference's ranks are centred, so x's need not be: place i counts 2 i, tied places their mean.
  const std::int32_t* const reference = reference_.data();
  std::int64_t product = 0;
  double ties = 0;
  for (std::uint32_t i = 0; i < n_;) {
    if (!same_key(i, i + 1)) {
      product += 2 * std::int64_t{i} * reference[index(i)];
      ++i;
      continue;
    }
    const std::uint32_t end = sort_run(x, i);
    while (i < end) {
      std::uint32_t j = i + 1;
      std::int64_t sum = reference[index(i)];
      while (j < end && x[index(j)] == x[index(i)]) sum += reference[index(j++)];
      product += (std::int64_t{i} + j - 1) * sum;
      const double t = j - i;
      ties += t * t * t - t;
      i = j;
    }
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
    const bool undefined =
        scores[m].empty() || std::any_of(scores[m].begin(), scores[m].end(), [](double s) { return std::isnan(s); });
    if (!undefined) std::sort(scores[m].begin(), scores[m].end());
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      out[q][m] = undefined ? kNaN : quantile_of_sorted(scores[m], kNoiseQuantiles[q]);
    }
  }
  return out;
}

NoiseScores score_profile(const double* prediction, const double* truth, ProfileBuffers& buffers) {
  const std::size_t n_genes = buffers.truth.size();
  const auto n = static_cast<double>(n_genes);
  double squares = 0, absolute = 0, sum_p = 0, sum_t = 0;
  for (std::size_t g = 0; g < n_genes; ++g) {
    const double diff = prediction[g] - truth[g];
    squares += diff * diff;
    absolute += std::fabs(diff);
    sum_p += prediction[g];
    sum_t += truth[g];
    buffers.prediction[g] = static_cast<float>(prediction[g]);
    buffers.truth[g] = static_cast<float>(truth[g]);
  }
  double spp = 0, stt = 0, spt = 0;
  for (std::size_t g = 0; g < n_genes; ++g) {
    const double p = prediction[g] - sum_p / n, t = truth[g] - sum_t / n;
    spp += p * p;
    stt += t * t;
    spt += p * t;
  }
  buffers.spearman.set_reference(buffers.truth.data());
  const double pearson = spp > 0 && stt > 0 ? spt / std::sqrt(spp * stt) : kNaN;
  return {std::sqrt(squares), squares / n, absolute / n, buffers.spearman.correlate(buffers.prediction.data()),
          pearson};
}

}  // namespace headroom
