// Which metric can rank on a screen: how far a technical duplicate stands above what knows nothing of the perturbation
// (metrics.md 4). Truth is one half of a perturbation's cells; the positive control is the other half, or for pooled
// values the interpolated duplicate; the negative control is made of the other perturbations' cells.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cell_metrics/group_counts.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

struct CalibrationOptions {
  std::uint64_t seed = 42;        // of the halves, one NumPy generator over perturbations ascending by label
  std::size_t least_cells = 30;   // of a perturbation
  std::size_t n_top_genes = 50;   // by |t| of the truth against the other perturbations' cells, for distances
  std::size_t most_cells = 8192;  // of the other perturbations, drawn where there are more, for distances
};

struct ProtocolCalibration {
  std::string name;
  bool higher_is_better = false;
  std::vector<double> positive, negative;  // perturbations that are calibrated
  // Dynamic range fraction of each, clip((s⁺ − s⁻)/(s* − s⁻ + 10⁻⁶), −1, 1); NaN where s⁻ is undefined or past perfect.
  std::vector<double> drf;
  double drf_mean = 0, drf_median = 0;  // over defined ones
  double bds = 0;                       // share of perturbations whose positive control is strictly better
};

struct CellCalibration {
  std::vector<std::size_t> rows;  // perturbations of enough cells
  // mse, pearson_ctrl, pearson_pert, wmse_exp2 with the interpolated duplicate; energy_distance_top (Euclidean, twice
  // the mean between minus unbiased means within), mmd_median_top (unbiased square, Gaussian kernel, bandwidth the
  // median of all pairwise distances) with the other half's cells.
  std::vector<ProtocolCalibration> protocols;
};

// Cells scaled to 10,000 counts, then log1p. `groups`: perturbations ascending by label. Error (bad_input): fewer than
// two perturbations of enough cells.
Result<CellCalibration> calibrate_cells(const std::vector<GroupCounts>& groups, const GroupCounts& control,
                                        const CalibrationOptions& options, ThreadPool& pool);

// Rows of cells × genes.
using DenseCells = std::vector<std::vector<double>>;

// 2·E|x − y| − E|x − x'| − E|y − y'|, Euclidean. `unbiased`: pairs of different cells alone within (SPE); else all
// pairs, the zeros of a cell with itself among them (V-statistics, cell-eval 0.8).
double energy_distance(const DenseCells& x, const DenseCells& y, bool unbiased = true);

// MMD²: unbiased, exp(−d²/2σ²), σ the median of all pairwise distances of the pool; σ = 0 gives 0, fewer than two cells
// NaN.
double mmd_squared(const DenseCells& x, const DenseCells& y);

}  // namespace headroom
