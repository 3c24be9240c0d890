// The metrics of classic cell-eval (0.8) that are taken of other profiles than the suite's (metrics.md 2): each side's
// cells are scaled to their median total and logged, profiles are means of these, and effects are taken from the side's
// own control. Not scored; of two files alone.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "cell_metrics/group_counts.hpp"
#include "cell_metrics/panel_metrics.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// Takes every pair of cells over all genes, so that it is made only where it is named.
inline constexpr std::string_view kEnergyCorrelation = "pearson_edistance";
inline constexpr std::array<std::string_view, 9> kClassicMetrics{"discrimination_score_l1",
                                                                 "discrimination_score_l2",
                                                                 "discrimination_score_cosine",
                                                                 "pearson_delta",
                                                                 "mae",
                                                                 "mse",
                                                                 "mae_delta",
                                                                 "mse_delta",
                                                                 kEnergyCorrelation};

// One side of a panel.
struct ClassicSide {
  std::vector<double> control;                // genes
  std::vector<std::vector<double>> profiles;  // perturbations: genes
  // Perturbations: E-distance of the cells from the control's, Euclidean, means within over all pairs, those of a cell
  // with itself among them. Empty: not asked for.
  std::vector<double> energy;
};

// Builds a side from the counts of its groups, one by one.
class ClassicSideBuilder {
 public:
  // `totals`: of all cells of the side, those of the control among them; cells are scaled to the median of those that
  // hold counts. `control` and `pool` outlive this.
  ClassicSideBuilder(const std::vector<double>& totals, const GroupCounts& control, std::size_t n_perturbations,
                     bool with_energy, ThreadPool& pool);

  // Safe from many threads, once for each perturbation.
  void add(std::size_t perturbation, const GroupCounts& counts);
  // The side of a prediction whose cells of every perturbation hold one profile (genes: mean counts).
  void add_tile(const std::vector<double>& profile);
  ClassicSide take() { return std::move(side_); }

 private:
  double cell_total_;
  const GroupCounts& control_;
  std::vector<double> control_logs_;  // of its stored counts
  double within_control_ = 0;
  ThreadPool& pool_;
  ClassicSide side_;
};

// A maker that shows what it makes to `builder`, which outlives it.
GroupMaker shown_to(ClassicSideBuilder& builder, GroupMaker make);

// The metrics by name; the correlation of distances only where both sides have them. `rivals`, `errors`: genes that
// discrimination leaves out, and those that the others do. Rank ties go by the order of perturbations.
std::vector<MetricValues> classic_metric_values(const ClassicSide& real, const ClassicSide& predicted,
                                                const LeftOutGenes& rivals, const LeftOutGenes& errors,
                                                ThreadPool& pool);

}  // namespace headroom
