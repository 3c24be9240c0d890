// The names of all metrics, and those of protocol section 4, each per test perturbation. What depends on the truth
// alone is prepared once per context and fold and shared by every method. The metrics of classes (section 8) are
// computed in deg/class_metrics.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "matrix/matrix.hpp"
#include "protocol/target_exclusion.hpp"

namespace headroom {

enum class Metric {
  // Of deltas.
  L2,
  MSE,
  MAE,
  Pearson,
  Spearman,
  Pearson_pert,
  centroid_accuracy,
  PDS_L1,
  WMSE,
  // Of classes.
  F1,
  precision,
  recall,
  ROC_AUC,
  AP,
  ROC_AUC_defined,
  F1_responding,
  precision_pert,
  recall_pert,
  direction_agreement,
  // Of predicted cells (cell_metrics/metric_values.hpp): the suite's members, then the others of its tools.
  pds_cosine,
  expr_mse_ratio,
  direction_fidelity,
  direction_reach,
  jaccard,
  lfc_nmae,
  delta_pearson,
  expr_mae,
  expr_mse,
  overlap_at_N,
  overlap_at_50,
  overlap_at_100,
  overlap_at_200,
  overlap_at_500,
  precision_at_N,
  precision_at_50,
  precision_at_100,
  precision_at_200,
  precision_at_500,
  sig_recall,
  direction_match,
  direction_precision,
  lfc_spearman,
  lfc_spearman_pos,
  lfc_spearman_neg,
  pr_auc,
  roc_auc,
  sig_mcc,
  energy_distance_top,
  mmd_median_top,
};

// Every metric of deltas, in the protocol's order. L2 is the primary one.
std::span<const Metric> all_metrics();
// Every metric of classes, in the protocol's order. F1 is the primary one.
std::span<const Metric> class_metrics();
// Every metric of predicted cells. The first six are the suite's members, in the order of its card.
std::span<const Metric> cell_metrics();
std::string_view metric_name(Metric metric);  // "L2", …, as in the protocol
std::optional<Metric> metric_by_name(std::string_view name);
bool higher_is_better(Metric metric);
// Which genes a metric leaves out as it is published: own, panel or none.
ExcludedTargets published_exclusion(Metric metric);

// The truth of one context and fold: what it is, and what the metrics need of it.
struct TruthCache {
  Matrix deltas;                           // test perturbations × genes
  RowVector mean_training_delta;           // genes
  OwnGeneColumns own_gene;                 // per test perturbation: what PDS_L1 leaves out
  OwnGeneColumns left_out;                 // per test perturbation: what every other metric leaves out
  std::vector<Eigen::Index> kept_columns;  // of predictions and of what is given here; empty: all
  std::optional<Matrix> weights;           // test perturbations × genes, of WMSE

  // Per test perturbation, without the gene that is left out. Correlations are undefined (NaN) where `constant` or
  // `shift_constant`.
  Vector mean, centred_norm;           // of the row; of the row minus its mean
  Vector shift_mean, shift_norm;       // the same of row minus mean_training_delta
  Vector squared_norm, absolute_norm;  // Σ y², Σ |y|, over all genes
  std::vector<std::uint8_t> constant, shift_constant;
  double mean_training_norm = 0;  // ‖mean_training_delta‖₂
  std::vector<float> ranks;   // tests × genes: centred ranks, one fewer of a row with a gene left out; empty unless
                              // Spearman was asked for
  Vector rank_norm;           // ‖ranks of a row‖₂
  std::vector<float> panels;  // rows in panels of kL1Panel, gene by gene; empty unless PDS_L1 was asked for
};

// `deltas`: test perturbations × genes, finite. `own_gene` may be empty: no perturbation is a measured gene.
// Only `metrics` can be computed with the cache.
TruthCache make_truth_cache(Matrix deltas, RowVector mean_training_delta, OwnGeneColumns own_gene,
                            std::optional<Matrix> weights, std::span<const Metric> metrics);
// Without the genes that are not to count. A gene that is left out is as good as not measured: means are over the
// others, and weights of the others are scaled to what all of them sum to.
TruthCache make_truth_cache(Matrix deltas, RowVector mean_training_delta, TargetExclusion exclusion,
                            std::optional<Matrix> weights, std::span<const Metric> metrics);

// Per metric asked for, one value per test perturbation. NaN is undefined:
// - every metric of a prediction row that holds a value that is not finite;
// - Pearson and Spearman of a constant row (all values equal), as SciPy has it;
// - Pearson_pert of a row whose difference from the mean training delta is constant, or so small beside it (1e-12) that
//   it is rounding: the train mean, however it was computed;
// - centroid_accuracy of the only test perturbation, which has no others to be told from (PDS_L1 is 1 there);
// - WMSE without weights, or where those of all genes but the one that is left out are zero.
// `predictions` (test perturbations × all genes) must be memory that nobody else can write. Equal rows are computed
// once. In PDS_L1, P is the number of the fold's test perturbations.
std::vector<Vector> compute_metrics(const ConstMatrixRef& predictions, const TruthCache& truth,
                                    std::span<const Metric> metrics);

// Means over a fold's test perturbations.
struct MeanOverTests {
  double mean = 0;            // NaN if any value is
  double mean_of_finite = 0;  // NaN if none is finite
  Eigen::Index n_finite = 0;
};
MeanOverTests mean_over_tests(const Vector& values);

}  // namespace headroom
