#include "protocol/metrics.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <unordered_map>

#include "matrix/undefined.hpp"
#include "numerics/blas.hpp"
#include "numerics/ranks.hpp"
#include "numerics/row_kernels.hpp"

namespace headroom {
namespace {

struct MetricEntry {
  Metric metric;
  std::string_view name;
  bool higher_is_better;
};

constexpr std::array<MetricEntry, 49> kMetrics = {{
    {Metric::L2, "L2", false},
    {Metric::MSE, "MSE", false},
    {Metric::MAE, "MAE", false},
    {Metric::Pearson, "Pearson", true},
    {Metric::Spearman, "Spearman", true},
    {Metric::Pearson_pert, "Pearson_pert", true},
    {Metric::centroid_accuracy, "centroid_accuracy", true},
    {Metric::PDS_L1, "PDS_L1", true},
    {Metric::WMSE, "WMSE", false},
    {Metric::F1, "F1", true},
    {Metric::precision, "precision", true},
    {Metric::recall, "recall", true},
    {Metric::ROC_AUC, "ROC_AUC", true},
    {Metric::AP, "AP", true},
    {Metric::ROC_AUC_defined, "ROC_AUC_defined", true},
    {Metric::F1_responding, "F1_responding", true},
    {Metric::precision_pert, "precision_pert", true},
    {Metric::recall_pert, "recall_pert", true},
    {Metric::direction_agreement, "direction_agreement", true},
    {Metric::pds_cosine, "pds_cosine", true},
    {Metric::expr_mse_ratio, "expr_mse_ratio", false},
    {Metric::direction_fidelity, "direction_fidelity", true},
    {Metric::direction_reach, "direction_reach", true},
    {Metric::jaccard, "jaccard", true},
    {Metric::lfc_nmae, "lfc_nmae", false},
    {Metric::delta_pearson, "delta_pearson", true},
    {Metric::expr_mae, "expr_mae", false},
    {Metric::expr_mse, "expr_mse", false},
    {Metric::overlap_at_N, "overlap_at_N", true},
    {Metric::overlap_at_50, "overlap_at_50", true},
    {Metric::overlap_at_100, "overlap_at_100", true},
    {Metric::overlap_at_200, "overlap_at_200", true},
    {Metric::overlap_at_500, "overlap_at_500", true},
    {Metric::precision_at_N, "precision_at_N", true},
    {Metric::precision_at_50, "precision_at_50", true},
    {Metric::precision_at_100, "precision_at_100", true},
    {Metric::precision_at_200, "precision_at_200", true},
    {Metric::precision_at_500, "precision_at_500", true},
    {Metric::sig_recall, "sig_recall", true},
    {Metric::direction_match, "direction_match", true},
    {Metric::direction_precision, "direction_precision", true},
    {Metric::lfc_spearman, "lfc_spearman", true},
    {Metric::lfc_spearman_pos, "lfc_spearman_pos", true},
    {Metric::lfc_spearman_neg, "lfc_spearman_neg", true},
    {Metric::pr_auc, "pr_auc", true},
    {Metric::roc_auc, "roc_auc", true},
    {Metric::sig_mcc, "sig_mcc", true},
    {Metric::energy_distance_top, "energy_distance_top", false},
    {Metric::mmd_median_top, "mmd_median_top", false},
}};
constexpr std::size_t kDeltaMetrics = static_cast<std::size_t>(Metric::F1);          // those of classes follow,
constexpr std::size_t kFirstOfCells = static_cast<std::size_t>(Metric::pds_cosine);  // and those of cells

constexpr auto kMetricList = [] {
  std::array<Metric, kMetrics.size()> list{};
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = kMetrics[i].metric;
  return list;
}();

const MetricEntry& entry(Metric metric) { return kMetrics[static_cast<std::size_t>(metric)]; }

bool contains(std::span<const Metric> metrics, Metric metric) {
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kRounding = 1e-12;  // relative length below which a difference of two profiles is rounding

double clamped_correlation(double covariance, double norm_a, double norm_b) {
  return std::clamp(covariance / norm_a / norm_b, -1.0, 1.0);
}

bool is_rounding(double centred_norm, double mean, double reference_norm, std::size_t n_genes) {
  return centred_norm <= kRounding * (reference_norm + std::abs(mean) * std::sqrt(static_cast<double>(n_genes)));
}

// Prediction rows without their repetitions: a train mean or no change is one row, however many tests it answers.
struct DistinctRows {
  std::vector<Eigen::Index> representative;  // per distinct row: the first row that has it
  std::vector<std::size_t> of_row;           // per row: its distinct row
};

DistinctRows find_distinct_rows(const ConstMatrixRef& matrix) {
  DistinctRows distinct;
  const auto n_bytes = sizeof(double) * static_cast<std::size_t>(matrix.cols());
  std::unordered_multimap<std::size_t, std::size_t> by_hash;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    const char* bytes = reinterpret_cast<const char*>(matrix.row(i).data());
    const std::size_t hash = std::hash<std::string_view>{}({bytes, std::min<std::size_t>(n_bytes, 512)});
    std::optional<std::size_t> found;
    for (auto [it, end] = by_hash.equal_range(hash); it != end && !found; ++it) {
      const double* other = matrix.row(distinct.representative[it->second]).data();
      if (std::memcmp(bytes, other, n_bytes) == 0) found = it->second;
    }
    if (!found) {
      found = distinct.representative.size();
      distinct.representative.push_back(i);
      by_hash.emplace(hash, *found);
    }
    distinct.of_row.push_back(*found);
  }
  return distinct;
}

// How many rivals are farther from a prediction than the truth is, and how many equally far.
struct Rivals {
  double n_farther = 0, n_tied = 0, n_nearer = 0;
  void add(double own, double rival) { (rival > own ? n_farther : rival < own ? n_nearer : n_tied) += 1; }
};

// Places the truth `own` among the rivals 0..n_truths-1. `approximate(q)` and `error(q)` give the distance of truth q
// and a bound of its error; where they cannot decide, `exact(q)` does, which gives equal truths equal distances.
template <class Approximate, class ErrorBound, class Exact>
Rivals place_among_rivals(Eigen::Index own, Eigen::Index n_truths, Approximate&& approximate, ErrorBound&& error,
                          Exact&& exact) {
  Rivals rivals;
  const double own_distance = approximate(own), own_error = error(own);
  std::optional<double> own_exact;
  for (Eigen::Index q = 0; q < n_truths; ++q) {
    if (q == own) continue;
    const double distance = approximate(q);
    if (std::abs(distance - own_distance) > own_error + error(q)) {  // false where anything is NaN
      rivals.add(own_distance, distance);
    } else {
      if (!own_exact) own_exact = exact(own);
      rivals.add(*own_exact, exact(q));
    }
  }
  return rivals;
}

// A row without one of its values, in memory of its own.
class ShortenedRow {
 public:
  explicit ShortenedRow(std::size_t n) : values_(n) {}

  // `row` itself where nothing is left out.
  const double* of(const double* row, const std::optional<Eigen::Index>& left_out, std::size_t n) {
    if (!left_out) return row;
    const auto at = static_cast<std::size_t>(*left_out);
    std::copy(row, row + at, values_.begin());
    std::copy(row + at + 1, row + n, values_.begin() + static_cast<std::ptrdiff_t>(at));
    return values_.data();
  }

 private:
  std::vector<double> values_;
};

// Rows in panels of kL1Panel, gene by gene within a panel; the last panel is filled up with zeros.
std::vector<float> l1_panels(const Matrix& rows) {
  constexpr std::size_t kBlock = 64;  // genes of a panel that are read and written within the first-level cache
  const auto n_rows = static_cast<std::size_t>(rows.rows()), n_genes = static_cast<std::size_t>(rows.cols());
  const std::size_t n_panels = (n_rows + kL1Panel - 1) / kL1Panel;
  std::vector<float> panels(n_panels * n_genes * kL1Panel);
  for (std::size_t panel = 0; panel < n_panels; ++panel) {
    float* to = panels.data() + panel * n_genes * kL1Panel;
    const std::size_t n_lanes = std::min(kL1Panel, n_rows - panel * kL1Panel);
    for (std::size_t first = 0; first < n_genes; first += kBlock) {
      const std::size_t last = std::min(first + kBlock, n_genes);
      for (std::size_t lane = 0; lane < n_lanes; ++lane) {
        const double* from = rows.row(static_cast<Eigen::Index>(panel * kL1Panel + lane)).data();
        for (std::size_t g = first; g < last; ++g) to[g * kL1Panel + lane] = static_cast<float>(from[g]);
      }
    }
  }
  return panels;
}

class Computation {
 public:
  Computation(const ConstMatrixRef& predictions, const TruthCache& truth, std::span<const Metric> metrics)
      : predictions_(predictions),
        truth_(truth),
        metrics_(metrics),
        n_tests_(predictions.rows()),
        n_genes_(static_cast<std::size_t>(predictions.cols())),
        finite_(static_cast<std::size_t>(n_tests_)),
        values_(metrics.size(), Vector::Constant(n_tests_, kNaN)),
        short_prediction_(n_genes_),
        short_truth_(n_genes_),
        short_mean_(n_genes_),
        short_weights_(n_genes_) {}

  std::vector<Vector> run() {
    row_by_row();
    if (wants(Metric::Spearman) || wants(Metric::centroid_accuracy) || wants(Metric::PDS_L1)) {
      distinct_ = find_distinct_rows(predictions_);
    }
    if (wants(Metric::Spearman)) spearman();
    if (wants(Metric::centroid_accuracy)) centroid_accuracy();
    if (wants(Metric::PDS_L1)) discrimination();
    return std::move(values_);
  }

 private:
  bool wants(Metric metric) const { return contains(metrics_, metric); }

  void set(Metric metric, Eigen::Index test, double value) {
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      if (metrics_[m] == metric) values_[m][test] = value;
    }
  }

  const double* prediction(Eigen::Index test) const { return predictions_.row(test).data(); }
  const double* truth(Eigen::Index test) const { return truth_.deltas.row(test).data(); }

  const std::optional<Eigen::Index>& left_out(Eigen::Index test) const {
    return truth_.left_out[static_cast<std::size_t>(test)];
  }

  // What metrics see of one test: its genes without the one that is left out.
  struct SeenRow {
    const double *prediction, *truth, *mean_training;
    std::size_t n_genes;
  };

  SeenRow seen(Eigen::Index test) {
    const auto& left = left_out(test);
    return {short_prediction_.of(prediction(test), left, n_genes_), short_truth_.of(truth(test), left, n_genes_),
            short_mean_.of(truth_.mean_training_delta.data(), left, n_genes_), n_genes_ - (left ? 1 : 0)};
  }

  // L2, MSE, MAE, WMSE and the correlations with the truth's own values.
  void row_by_row() {
    const bool correlations = wants(Metric::Pearson) || wants(Metric::Pearson_pert);
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      const SeenRow row = seen(i);
      const auto genes = static_cast<double>(row.n_genes);
      const PlainSums sums = plain_sums(row.prediction, row.truth, row.mean_training, row.n_genes);
      const bool all_seen = row.n_genes == n_genes_ && std::isfinite(sums.squared_error);
      finite_[static_cast<std::size_t>(i)] = all_seen || predictions_.row(i).allFinite();
      if (!finite_[static_cast<std::size_t>(i)]) continue;
      set(Metric::L2, i, std::sqrt(sums.squared_error));
      set(Metric::MSE, i, sums.squared_error / genes);
      set(Metric::MAE, i, sums.absolute_error / genes);
      if (truth_.weights && wants(Metric::WMSE)) set(Metric::WMSE, i, weighted_error(i, row));
      if (correlations) correlate(i, row, sums.prediction / genes, sums.shifted / genes);
    }
  }

  double weighted_error(Eigen::Index i, const SeenRow& row) {
    const double* weights = truth_.weights->row(i).data();
    const auto& left = left_out(i);
    const double error =
        weighted_squared_error(row.prediction, row.truth, short_weights_.of(weights, left, n_genes_), row.n_genes);
    if (!left) return error;
    const double total = truth_.weights->row(i).sum(), others = total - weights[*left];
    return others > kRounding * total ? error * (total / others) : kNaN;
  }

  void correlate(Eigen::Index i, const SeenRow& row, double mean, double shift_mean) {
    const CentredSums sums =
        centred_sums({row.prediction, mean, shift_mean}, {row.truth, truth_.mean[i], truth_.shift_mean[i]},
                     row.mean_training, row.n_genes);
    const auto at = static_cast<std::size_t>(i);
    if (!truth_.constant[at] && !is_constant(row.prediction, row.n_genes)) {
      set(Metric::Pearson, i, clamped_correlation(sums.covariance, std::sqrt(sums.variance), truth_.centred_norm[i]));
    }
    const double shift_norm = std::sqrt(sums.shift_variance);
    if (!truth_.shift_constant[at] && !is_rounding(shift_norm, shift_mean, truth_.mean_training_norm, row.n_genes)) {
      set(Metric::Pearson_pert, i, clamped_correlation(sums.shift_covariance, shift_norm, truth_.shift_norm[i]));
    }
  }

  void spearman() {
    std::vector<std::vector<Eigen::Index>> tests_of(distinct_.representative.size());
    for (Eigen::Index i = 0; i < n_tests_; ++i) tests_of[distinct_.of_row[static_cast<std::size_t>(i)]].push_back(i);
    RankBuffers buffers;
    std::vector<float> ranks(n_genes_);
    for (const std::vector<Eigen::Index>& tests : tests_of) {
      if (!finite_[static_cast<std::size_t>(tests.front())]) continue;
      const double* ranked = nullptr;  // the ranks of a row serve all tests that leave nothing out
      double norm = 0;
      for (const Eigen::Index i : tests) {
        const std::size_t n = n_genes_ - (left_out(i) ? 1 : 0);
        if (left_out(i) || ranked != prediction(tests.front())) {
          ranked = left_out(i) ? nullptr : prediction(tests.front());
          centred_ranks(short_prediction_.of(prediction(i), left_out(i), n_genes_), n, buffers, ranks.data());
          norm = std::sqrt(rank_product(ranks.data(), ranks.data(), n));
        }
        if (norm == 0 || truth_.rank_norm[i] == 0) continue;
        const float* truth_ranks = &truth_.ranks[static_cast<std::size_t>(i) * n_genes_];
        const double product = rank_product(ranks.data(), truth_ranks, n);
        set(Metric::Spearman, i, clamped_correlation(product, norm, truth_.rank_norm[i]));
      }
    }
  }

  Matrix distinct_predictions() const {
    Matrix rows(static_cast<Eigen::Index>(distinct_.representative.size()), predictions_.cols());
    for (Eigen::Index u = 0; u < rows.rows(); ++u) {
      rows.row(u) = predictions_.row(distinct_.representative[static_cast<std::size_t>(u)]);
    }
    return rows;
  }

  // Squared distances by one matrix product; near ties by the distance itself.
  void centroid_accuracy() {
    if (n_tests_ < 2) return;
    const auto n_distinct = static_cast<Eigen::Index>(distinct_.representative.size());
    Matrix products(n_distinct, n_tests_);
    if (n_distinct == n_tests_) {
      gemm(Transpose::no, Transpose::yes, 1.0, predictions_, truth_.deltas, 0.0, products);
    } else {
      gemm(Transpose::no, Transpose::yes, 1.0, distinct_predictions(), truth_.deltas, 0.0, products);
    }
    // |fl(a·b) - a·b| <= n ε |a||b| <= n ε (a² + b²) / 2 in any order of summation; the factor covers the two norms.
    const double relative_error = 4 * static_cast<double>(n_genes_ + 8) * kEpsilon;
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      if (!finite_[static_cast<std::size_t>(i)]) continue;
      const auto u = static_cast<Eigen::Index>(distinct_.of_row[static_cast<std::size_t>(i)]);
      const double norm = squared_norm(prediction(i), n_genes_);
      const Rivals rivals = place_among_rivals(
          i, n_tests_,
          [&](Eigen::Index q) {
            const double own = left_out(i) ? prediction(i)[*left_out(i)] - truth(q)[*left_out(i)] : 0.0;
            return norm + truth_.squared_norm[q] - 2 * products(u, q) - own * own;
          },
          [&](Eigen::Index q) { return relative_error * (norm + truth_.squared_norm[q]); },
          [&](Eigen::Index q) { return squared_distance_without(prediction(i), truth(q), left_out(i)); });
      set(Metric::centroid_accuracy, i, (rivals.n_farther + 0.5 * rivals.n_tied) / static_cast<double>(n_tests_ - 1));
    }
  }

  // L1 distances of every distinct prediction from every truth, in single precision: distinct × panels · kL1Panel.
  Matrix approximate_l1_distances() const {
    constexpr std::size_t kChunk = 512;  // genes whose predictions and panel stay in the second-level cache
    const std::size_t n_distinct = distinct_.representative.size();
    const std::size_t n_blocks = (n_distinct + kL1Rows - 1) / kL1Rows;
    const std::size_t n_panels = (static_cast<std::size_t>(n_tests_) + kL1Panel - 1) / kL1Panel;
    // One tile after the other: tile (block, panel) is kL1Rows × kL1Panel contiguous numbers.
    std::vector<double> tiles(n_blocks * n_panels * kL1Rows * kL1Panel);
    std::vector<float> rows(n_blocks * kL1Rows * kChunk);
    for (std::size_t first = 0; first < n_genes_; first += kChunk) {
      const std::size_t n = std::min(kChunk, n_genes_ - first);
      for (std::size_t u = 0; u < n_distinct; ++u) {
        const double* from = prediction(distinct_.representative[u]) + first;
        for (std::size_t g = 0; g < n; ++g) rows[u * kChunk + g] = static_cast<float>(from[g]);
      }
      for (std::size_t panel = 0; panel < n_panels; ++panel) {
        const float* truths = &truth_.panels[(panel * n_genes_ + first) * kL1Panel];
        for (std::size_t block = 0; block < n_blocks; ++block) {
          add_l1_tile(&rows[block * kL1Rows * kChunk], kChunk, truths, n,
                      &tiles[(block * n_panels + panel) * kL1Rows * kL1Panel]);
        }
      }
    }
    Matrix distances(static_cast<Eigen::Index>(n_distinct), static_cast<Eigen::Index>(n_panels * kL1Panel));
    for (std::size_t u = 0; u < n_distinct; ++u) {
      for (std::size_t panel = 0; panel < n_panels; ++panel) {
        const double* tile = &tiles[((u / kL1Rows) * n_panels + panel) * kL1Rows * kL1Panel + u % kL1Rows * kL1Panel];
        std::copy(tile, tile + kL1Panel, distances.row(static_cast<Eigen::Index>(u)).data() + panel * kL1Panel);
      }
    }
    return distances;
  }

  void discrimination() {
    const Matrix distances = approximate_l1_distances();
    // In single precision (u = 2^-24): rounding each value to it costs u |value|; the chunks of 128 terms cost 128 u of
    // their sum, the subtractions another u. Values below the normal range cost the least subnormal each.
    constexpr double kUnit = 0x1.0p-24, kOfSum = 140 * kUnit, kOfValues = 2 * kUnit;
    const double of_subnormals = 4 * 0x1.0p-149 * static_cast<double>(n_genes_);
    for (Eigen::Index i = 0; i < n_tests_; ++i) {
      if (!finite_[static_cast<std::size_t>(i)]) continue;
      const auto u = static_cast<Eigen::Index>(distinct_.of_row[static_cast<std::size_t>(i)]);
      const double norm = absolute_norm(prediction(i), n_genes_);
      const std::optional<Eigen::Index>& own_gene = truth_.own_gene[static_cast<std::size_t>(i)];
      const Rivals rivals = place_among_rivals(
          i, n_tests_,
          [&](Eigen::Index q) {
            return distances(u, q) - (own_gene ? std::abs(prediction(i)[*own_gene] - truth(q)[*own_gene]) : 0.0);
          },
          [&](Eigen::Index q) {
            return kOfSum * distances(u, q) + kOfValues * (norm + truth_.absolute_norm[q]) + of_subnormals;
          },
          [&](Eigen::Index q) { return l1_distance_without(prediction(i), truth(q), own_gene); });
      set(Metric::PDS_L1, i, 1 - (rivals.n_nearer + 0.5 * rivals.n_tied) / static_cast<double>(n_tests_));
    }
  }

  double squared_distance_without(const double* a, const double* b, const std::optional<Eigen::Index>& left_out) const {
    if (!left_out) return squared_distance(a, b, n_genes_);
    const auto before = static_cast<std::size_t>(*left_out), after = before + 1;
    return squared_distance(a, b, before) + squared_distance(a + after, b + after, n_genes_ - after);
  }

  double l1_distance_without(const double* a, const double* b, const std::optional<Eigen::Index>& left_out) const {
    if (!left_out) return absolute_distance(a, b, n_genes_);
    const auto before = static_cast<std::size_t>(*left_out), after = before + 1;
    return absolute_distance(a, b, before) + absolute_distance(a + after, b + after, n_genes_ - after);
  }

  const ConstMatrixRef& predictions_;
  const TruthCache& truth_;
  std::span<const Metric> metrics_;
  Eigen::Index n_tests_;
  std::size_t n_genes_;
  std::vector<std::uint8_t> finite_;  // per test: whether every predicted value is
  std::vector<Vector> values_;
  DistinctRows distinct_;
  ShortenedRow short_prediction_, short_truth_, short_mean_, short_weights_;
};

}  // namespace

std::span<const Metric> all_metrics() { return std::span(kMetricList).first(kDeltaMetrics); }

std::span<const Metric> class_metrics() {
  return std::span(kMetricList).subspan(kDeltaMetrics, kFirstOfCells - kDeltaMetrics);
}

ExcludedTargets published_exclusion(Metric metric) {
  switch (metric) {
    case Metric::PDS_L1:
    case Metric::expr_mse_ratio:
    case Metric::direction_fidelity:
    case Metric::direction_reach:
    case Metric::jaccard:
    case Metric::lfc_nmae:
      return ExcludedTargets::own;
    case Metric::pds_cosine:
      return ExcludedTargets::panel;
    default:
      return ExcludedTargets::none;
  }
}

std::span<const Metric> cell_metrics() { return std::span(kMetricList).subspan(kFirstOfCells); }

std::string_view metric_name(Metric metric) { return entry(metric).name; }

std::optional<Metric> metric_by_name(std::string_view name) {
  for (const MetricEntry& candidate : kMetrics) {
    if (candidate.name == name) return candidate.metric;
  }
  return std::nullopt;
}

bool higher_is_better(Metric metric) { return entry(metric).higher_is_better; }

TruthCache make_truth_cache(Matrix deltas, RowVector mean_training_delta, OwnGeneColumns own_gene,
                            std::optional<Matrix> weights, std::span<const Metric> metrics) {
  return make_truth_cache(std::move(deltas), std::move(mean_training_delta),
                          TargetExclusion{ExcludedTargets::as_published, std::move(own_gene)}, std::move(weights),
                          metrics);
}

TruthCache make_truth_cache(Matrix deltas, RowVector mean_training_delta, TargetExclusion exclusion,
                            std::optional<Matrix> weights, std::span<const Metric> metrics) {
  const Eigen::Index n_tests = deltas.rows();
  OwnGeneColumns& own_gene = exclusion.own_gene;
  assert(mean_training_delta.size() == deltas.cols());
  assert(own_gene.empty() || own_gene.size() == static_cast<std::size_t>(n_tests));
  assert(!weights || (weights->rows() == n_tests && weights->cols() == deltas.cols()));
  own_gene.resize(static_cast<std::size_t>(n_tests));

  std::vector<Eigen::Index> kept = columns_left(exclusion, deltas.cols());
  if (!kept.empty()) {
    if (weights) {
      const Vector total = weights->rowwise().sum();
      weights = Matrix((*weights)(Eigen::all, kept));
      for (Eigen::Index i = 0; i < n_tests; ++i) {
        const double others = weights->row(i).sum();
        weights->row(i) *= others > kRounding * total[i] ? total[i] / others : kNaN;
      }
    }
    deltas = Matrix(deltas(Eigen::all, kept));
    mean_training_delta = RowVector(mean_training_delta(kept));
  }
  const bool is_by_row =
      exclusion.excluded == ExcludedTargets::as_published || exclusion.excluded == ExcludedTargets::own;
  if (!is_by_row) std::fill(own_gene.begin(), own_gene.end(), std::nullopt);
  const auto n_genes = static_cast<std::size_t>(deltas.cols());

  TruthCache truth;
  truth.kept_columns = std::move(kept);
  truth.left_out = exclusion.excluded == ExcludedTargets::own ? own_gene : OwnGeneColumns(own_gene.size());
  truth.mean_training_norm = std::sqrt(squared_norm(mean_training_delta.data(), n_genes));
  for (Vector* per_test : {&truth.mean, &truth.centred_norm, &truth.shift_mean, &truth.shift_norm, &truth.squared_norm,
                           &truth.absolute_norm, &truth.rank_norm}) {
    *per_test = Vector::Zero(n_tests);
  }
  truth.constant.resize(static_cast<std::size_t>(n_tests));
  truth.shift_constant.resize(static_cast<std::size_t>(n_tests));
  if (contains(metrics, Metric::Spearman)) truth.ranks.resize(static_cast<std::size_t>(n_tests) * n_genes);
  const RowVector zeros = RowVector::Zero(deltas.cols());
  RankBuffers buffers;
  ShortenedRow short_truth(n_genes), short_mean(n_genes);
  for (Eigen::Index i = 0; i < n_tests; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const PlainSums whole = plain_sums(deltas.row(i).data(), zeros.data(), zeros.data(), n_genes);
    truth.squared_norm[i] = whole.squared_error;
    truth.absolute_norm[i] = whole.absolute_error;
    const std::optional<Eigen::Index>& left_out = truth.left_out[at];
    const std::size_t n = n_genes - (left_out ? 1 : 0);
    const double* y = short_truth.of(deltas.row(i).data(), left_out, n_genes);
    const double* m = short_mean.of(mean_training_delta.data(), left_out, n_genes);
    const PlainSums sums = plain_sums(y, zeros.data(), m, n);
    truth.mean[i] = sums.prediction / static_cast<double>(n);
    truth.shift_mean[i] = sums.shifted / static_cast<double>(n);
    const CentredRow row{y, truth.mean[i], truth.shift_mean[i]};
    const CentredSums centred = centred_sums(row, row, m, n);
    truth.centred_norm[i] = std::sqrt(centred.variance);
    truth.shift_norm[i] = std::sqrt(centred.shift_variance);
    truth.constant[at] = is_constant(y, n);
    truth.shift_constant[at] = is_rounding(truth.shift_norm[i], truth.shift_mean[i], truth.mean_training_norm, n);
    if (truth.ranks.empty()) continue;
    float* ranks = truth.ranks.data() + at * n_genes;
    centred_ranks(y, n, buffers, ranks);
    truth.rank_norm[i] = std::sqrt(rank_product(ranks, ranks, n));
  }
  if (contains(metrics, Metric::PDS_L1)) {
    truth.panels = l1_panels(deltas);
  }
  truth.deltas = std::move(deltas);
  truth.mean_training_delta = std::move(mean_training_delta);
  truth.own_gene = std::move(own_gene);
  truth.weights = std::move(weights);
  return truth;
}

std::vector<Vector> compute_metrics(const ConstMatrixRef& predictions, const TruthCache& truth,
                                    std::span<const Metric> metrics) {
  assert(predictions.rows() == truth.deltas.rows());
  if (!truth.kept_columns.empty()) {
    const Matrix kept = predictions(Eigen::all, truth.kept_columns);
    return Computation(kept, truth, metrics).run();
  }
  assert(predictions.cols() == truth.deltas.cols());
  return Computation(predictions, truth, metrics).run();
}

MeanOverTests mean_over_tests(const Vector& values) {
  MeanOverTests result;
  double sum_of_finite = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum_of_finite += value;
    ++result.n_finite;
  }
  result.mean_of_finite = result.n_finite > 0 ? sum_of_finite / static_cast<double>(result.n_finite) : kNaN;
  result.mean = result.n_finite == values.size() && values.size() > 0 ? result.mean_of_finite : kNaN;
  return result;
}

}  // namespace headroom
