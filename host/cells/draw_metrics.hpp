// Scores of all bootstrap draws of one perturbation against its point estimate, gathered while genes go by, so that no
// draw's profile is kept (protocol sections 4 and 6).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

// The noise table's metrics, in its column order.
enum class NoiseMetric : int { l2, mse, mae, spearman, pearson };
inline constexpr int kNoiseMetrics = 5;
inline constexpr std::array<const char*, kNoiseMetrics> kNoiseMetricNames = {"L2", "MSE", "MAE", "Spearman", "Pearson"};
inline constexpr std::array<double, 7> kNoiseQuantiles = {0.1, 0.2, 0.5, 0.8, 0.9, 0.99, 0.995};

// One value for each NoiseMetric; NaN where it is undefined (a correlation with a constant profile).
using NoiseScores = std::array<double, kNoiseMetrics>;

// Rank correlation of many vectors with one reference; average ranks for ties. Values are ranked in float32, which
// moves a correlation by less than 1e-6 and halves the traffic of a sort that would otherwise outweigh the bootstrap
// itself. Sums of ranks are whole numbers and exact.
class SpearmanAgainst {
 public:
  explicit SpearmanAgainst(std::uint32_t n);
  void set_reference(const float* y);
  // NaN if x or the reference is constant.
  double correlate(const float* x);

 private:
  void sort(const float* x);
  std::uint32_t sort_run(const float* x, std::uint32_t begin);
  std::uint32_t index(std::uint32_t place) const { return sorted_[place] & index_mask_; }
  bool same_key(std::uint32_t a, std::uint32_t b) const { return (sorted_[a] ^ sorted_[b]) <= index_mask_; }

  std::uint32_t n_;
  int digit_bits_;                            // a key has two digits
  std::uint32_t index_mask_;                  // the rest of the 32 bits
  std::vector<std::int32_t> reference_;       // twice (rank - mean rank) of the reference
  double reference_squares_ = 0;              // sum of their squares
  std::vector<std::uint32_t> keys_, sorted_;  // key above, index below; one more than n
  std::vector<std::uint32_t> counts_;
};

// Accumulates draws of one perturbation at a time.
class DrawMetrics {
 public:
  // n_draws: lanes that are scored; n_lanes (a multiple of 8): distance between two genes' draws.
  DrawMetrics(std::uint32_t n_genes, std::uint32_t n_draws, std::uint32_t n_lanes);

  // Starts a perturbation whose point estimate is `truth` (genes).
  void start(const double* truth);
  // draws: genes [gene_begin, gene_end) × n_lanes, aligned to 64.
  void add(std::uint32_t gene_begin, std::uint32_t gene_end, const double* draws);
  // Quantiles over the draws: [quantile][metric].
  std::array<NoiseScores, kNoiseQuantiles.size()> quantiles();

 private:
  std::uint32_t n_genes_, n_draws_, n_lanes_;
  const double* truth_ = nullptr;
  double truth_mean_ = 0, truth_sum_squares_ = 0;  // of the centred truth
  std::vector<double> sums_;   // 4 × lanes: Σ diff², Σ |diff|, Σ diff, Σ diff · centred truth
  std::vector<float> values_;  // draws × genes
  SpearmanAgainst spearman_;
};

// Buffers of score_profile for profiles of n genes.
struct ProfileBuffers {
  explicit ProfileBuffers(std::uint32_t n) : prediction(n), truth(n), spearman(n) {}
  std::vector<float> prediction, truth;
  SpearmanAgainst spearman;
};

// All five metrics of one prediction against one truth.
NoiseScores score_profile(const double* prediction, const double* truth, ProfileBuffers& buffers);

}  // namespace headroom
