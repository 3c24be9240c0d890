#include "deg/class_metrics.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

#include "matrix/undefined.hpp"
#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

constexpr std::size_t kColumns = 16;         // of weights that are worked on together
constexpr Eigen::Index kGenesTogether = 32;  // whose orders are kept while all columns pass
constexpr std::size_t kMetricsOfGene = 7;    // F1 to F1_responding, in the order of class_metrics()
constexpr std::size_t kCells = kClasses * kClasses;
constexpr std::uint8_t kLeftOut = kCells;  // the cell of rows that do not count for a gene

using Columns = std::array<double, kColumns>;

std::size_t place(Metric metric) { return static_cast<std::size_t>(metric) - static_cast<std::size_t>(Metric::F1); }

bool any_of_ranks(std::span<const Metric> metrics) {
  return std::any_of(metrics.begin(), metrics.end(), [](Metric metric) {
    return metric == Metric::ROC_AUC || metric == Metric::AP || metric == Metric::ROC_AUC_defined;
  });
}

// What is fixed for a gene and class: its rows from the highest probability to the lowest.
struct Ranking {
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> ends;  // of each run of equal probabilities
  std::vector<std::uint8_t> is_of_class;
};

// What is fixed for a gene.
struct Gene {
  std::vector<std::uint8_t> cells;  // per row: label · 3 + predicted class, or kLeftOut
  bool is_certain = false;          // every probability is 0 or 1: ranks follow from the counts
  std::array<Ranking, kClasses> rankings;
};

// Σ of the weights of the rows in each cell of label and prediction, per column.
HEADROOM_SIMD_CLONES void add_counts(const std::uint8_t* cells, const float* weights, std::size_t n, double* counts) {
  for (std::size_t row = 0; row < n; ++row) {
    double* of_cell = counts + cells[row] * kColumns;
    const float* of_row = weights + row * kColumns;
    for (std::size_t b = 0; b < kColumns; ++b) of_cell[b] += static_cast<double>(of_row[b]);
  }
}

// Walks down a ranking. n_wins: Σ over rows of the class of the others below it, ties half. precisions: Σ over
// thresholds of (rows of the class there) · (precision down to there).
HEADROOM_SIMD_CLONES void walk_ranking(const std::uint32_t* rows, const std::uint32_t* ends, std::size_t n_runs,
                                       const std::uint8_t* is_of_class, const float* weights, const double* n_others,
                                       double* n_wins, double* precisions) {
  double hits[kColumns] = {}, misses[kColumns] = {};
  std::size_t at = 0;
  for (std::size_t run = 0; run < n_runs; ++run) {
    double new_hits[kColumns] = {}, new_misses[kColumns] = {};
    bool any = false;
    for (; at < ends[run]; ++at) {
      const float* of_row = weights + rows[at] * kColumns;
      double* to = is_of_class[at] ? new_hits : new_misses;
      any = any || is_of_class[at];
      for (std::size_t b = 0; b < kColumns; ++b) to[b] += static_cast<double>(of_row[b]);
    }
    if (any) {
      for (std::size_t b = 0; b < kColumns; ++b) {
        n_wins[b] += new_hits[b] * (n_others[b] - misses[b] - 0.5 * new_misses[b]);
        hits[b] += new_hits[b];
        const double n_down_to = hits[b] + misses[b] + new_misses[b];
        precisions[b] += new_hits[b] * hits[b] / (n_down_to > 0 ? n_down_to : 1);
      }
    }
    for (std::size_t b = 0; b < kColumns; ++b) misses[b] += new_misses[b];
  }
}

Ranking ranking_of(const double* probabilities, const std::uint8_t* cells, std::size_t n, std::size_t c) {
  Ranking ranking;
  for (std::size_t row = 0; row < n; ++row) {
    if (cells[row] != kLeftOut) ranking.rows.push_back(static_cast<std::uint32_t>(row));
  }
  n = ranking.rows.size();
  std::sort(ranking.rows.begin(), ranking.rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
  });
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t row = ranking.rows[i];
    ranking.is_of_class.push_back(cells[row] / kClasses == c);
    const bool ends = i + 1 == n || probabilities[row] != probabilities[ranking.rows[i + 1]];
    if (ends) ranking.ends.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return ranking;
}

std::size_t first_maximum(double down, double not_de, double up) {
  std::size_t best = kDown;
  double highest = down;
  if (not_de > highest) {
    best = kNotDe;
    highest = not_de;
  }
  return up > highest ? kUp : best;
}

Gene prepare_gene(const ConstMatrixRef& planes, const ClassMatrix& labels, Eigen::Index gene, bool with_ranks,
                  const OwnGeneColumns& left_out) {
  const Eigen::Index n_tests = labels.rows();
  const auto n = static_cast<std::size_t>(n_tests);
  std::array<std::vector<double>, kClasses> probabilities;
  Gene prepared;
  prepared.cells.resize(n);
  prepared.is_certain = true;
  std::array<bool, kClasses> is_there{};
  for (std::size_t c = 0; c < kClasses; ++c) {
    probabilities[c].resize(n);
    for (Eigen::Index row = 0; row < n_tests; ++row) {
      const double value = planes(static_cast<Eigen::Index>(c) * n_tests + row, gene);
      probabilities[c][static_cast<std::size_t>(row)] = value;
      prepared.is_certain = prepared.is_certain && (value == 0 || value == 1);
    }
  }
  for (std::size_t row = 0; row < n; ++row) {
    if (!left_out.empty() && left_out[row] == gene) {
      prepared.cells[row] = kLeftOut;
      continue;
    }
    const auto label = static_cast<std::size_t>(labels(static_cast<Eigen::Index>(row), gene));
    is_there[label] = true;
    prepared.cells[row] = static_cast<std::uint8_t>(
        label * kClasses + first_maximum(probabilities[0][row], probabilities[1][row], probabilities[2][row]));
  }
  if (!with_ranks || prepared.is_certain) return prepared;
  for (std::size_t c = 0; c < kClasses; ++c) {
    if (is_there[c]) prepared.rankings[c] = ranking_of(probabilities[c].data(), prepared.cells.data(), n, c);
  }
  return prepared;
}

// Sums over genes, per column, of what genes have, and how many have it.
struct Sums {
  std::array<Columns, kMetricsOfGene> sum{};
  std::array<Columns, kMetricsOfGene> n_genes{};
};

void add(Sums& sums, Metric metric, std::size_t column, double value) {
  sums.sum[place(metric)][column] += value;
  sums.n_genes[place(metric)][column] += 1;
}

// One gene under one block of weights (rows × kColumns).
void add_gene(const Gene& gene, const float* weights, std::size_t n, bool with_ranks, Sums& sums) {
  double counts[(kCells + 1) * kColumns] = {};  // and of rows that are left out
  add_counts(gene.cells.data(), weights, n, counts);
  Columns n_all{}, n_present{}, f1{}, precision{}, recall{}, auc{}, n_auc{}, ap{}, n_responding{};
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    for (std::size_t b = 0; b < kColumns; ++b) n_all[b] += counts[cell * kColumns + b];
  }
  for (std::size_t c = 0; c < kClasses; ++c) {
    Columns of_class{}, predicted{}, n_others{}, n_wins{}, precisions{};
    for (std::size_t other = 0; other < kClasses; ++other) {
      for (std::size_t b = 0; b < kColumns; ++b) {
        of_class[b] += counts[(c * kClasses + other) * kColumns + b];
        predicted[b] += counts[(other * kClasses + c) * kColumns + b];
      }
    }
    const double* right = counts + (c * kClasses + c) * kColumns;
    for (std::size_t b = 0; b < kColumns; ++b) n_others[b] = n_all[b] - of_class[b];
    const Ranking& ranking = gene.rankings[c];
    if (with_ranks && gene.is_certain) {  // those predicted above, the others below
      for (std::size_t b = 0; b < kColumns; ++b) {
        const double wrong = predicted[b] - right[b], missed = of_class[b] - right[b];
        n_wins[b] = right[b] * (n_others[b] - 0.5 * wrong) + missed * 0.5 * (n_others[b] - wrong);
        precisions[b] = (predicted[b] > 0 ? right[b] * right[b] / predicted[b] : 0) +
                        (n_all[b] > 0 ? missed * of_class[b] / n_all[b] : 0);
      }
    } else if (with_ranks && !ranking.rows.empty()) {
      walk_ranking(ranking.rows.data(), ranking.ends.data(), ranking.ends.size(), ranking.is_of_class.data(), weights,
                   n_others.data(), n_wins.data(), precisions.data());
    }
    for (std::size_t b = 0; b < kColumns; ++b) {
      if (!(of_class[b] > 0)) continue;
      n_present[b] += 1;
      f1[b] += 2 * right[b] / (predicted[b] + of_class[b]);
      precision[b] += predicted[b] > 0 ? right[b] / predicted[b] : 0;
      recall[b] += right[b] / of_class[b];
      ap[b] += precisions[b] / of_class[b];
      if (c != kNotDe) n_responding[b] += of_class[b];
      if (!(n_others[b] > 0)) continue;
      auc[b] += n_wins[b] / (of_class[b] * n_others[b]);
      n_auc[b] += 1;
    }
  }
  for (std::size_t b = 0; b < kColumns; ++b) {
    if (!(n_present[b] > 0)) continue;
    add(sums, Metric::F1, b, f1[b] / n_present[b]);
    add(sums, Metric::precision, b, precision[b] / n_present[b]);
    add(sums, Metric::recall, b, recall[b] / n_present[b]);
    add(sums, Metric::ROC_AUC, b, auc[b] / kClasses);
    add(sums, Metric::AP, b, ap[b] / n_present[b]);
    if (n_auc[b] > 0) add(sums, Metric::ROC_AUC_defined, b, auc[b] / n_auc[b]);
    if (n_responding[b] > 0) add(sums, Metric::F1_responding, b, f1[b] / n_present[b]);
  }
}

// Weights in blocks of kColumns columns, within a block row by row; columns beyond the last are zero.
std::vector<std::vector<float>> blocks_of(const ConstMatrixRef& weights) {
  const auto n = static_cast<std::size_t>(weights.rows()), n_columns = static_cast<std::size_t>(weights.cols());
  std::vector<std::vector<float>> blocks((n_columns + kColumns - 1) / kColumns, std::vector<float>(n * kColumns));
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n_columns; ++column) {
      blocks[column / kColumns][row * kColumns + column % kColumns] =
          static_cast<float>(weights(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(column)));
    }
  }
  return blocks;
}

// The weighted mean over the perturbations where a value is defined, per column.
RowVector means_where_defined(const Vector& values, const ConstMatrixRef& weights) {
  RowVector sum = RowVector::Zero(weights.cols()), n = RowVector::Zero(weights.cols());
  for (Eigen::Index row = 0; row < values.size(); ++row) {
    if (!std::isfinite(values[row])) continue;
    sum += values[row] * weights.row(row);
    n += weights.row(row);
  }
  return (n.array() > 0).select(sum.array() / n.array().max(1), kNaN);
}

double value_of_perturbation(Metric metric, double n_called, double n_responding, double n_right, double n_both) {
  switch (metric) {
    case Metric::precision_pert:
      return n_called > 0 ? n_right / n_called : n_responding > 0 ? 0 : kNaN;
    case Metric::recall_pert:
      return n_responding > 0 ? n_right / n_responding : kNaN;
    case Metric::direction_agreement:
      return n_both > 0 ? n_right / n_both : kNaN;
    default:
      return kNaN;
  }
}

}  // namespace

bool is_of_fold(Metric metric) {
  if (metric == Metric::expr_mse_ratio) return true;  // of two sums
  return metric >= Metric::F1 && place(metric) < kMetricsOfGene;
}

ClassMatrix most_likely_classes(const ConstMatrixRef& planes) {
  const Eigen::Index n = planes.rows() / kClasses;
  assert(n * kClasses == planes.rows());
  ClassMatrix classes(n, planes.cols());
  for (Eigen::Index row = 0; row < n; ++row) {
    for (Eigen::Index gene = 0; gene < planes.cols(); ++gene) {
      classes(row, gene) = static_cast<std::int8_t>(
          first_maximum(planes(kDown * n + row, gene), planes(kNotDe * n + row, gene), planes(kUp * n + row, gene)));
    }
  }
  return classes;
}

std::vector<Vector> class_metrics_of_perturbations(const ConstMatrixRef& planes, const ClassMatrix& labels,
                                                   std::span<const Metric> metrics, const OwnGeneColumns& left_out) {
  assert(planes.rows() == kClasses * labels.rows() && planes.cols() == labels.cols());
  const ClassMatrix predicted = most_likely_classes(planes);
  std::vector<Vector> values(metrics.size(), Vector(labels.rows()));
  for (Eigen::Index row = 0; row < labels.rows(); ++row) {
    const auto calls = predicted.row(row).array() != static_cast<std::int8_t>(kNotDe);
    const auto responds = labels.row(row).array() != static_cast<std::int8_t>(kNotDe);
    auto n_called = static_cast<double>(calls.count()), n_responding = static_cast<double>(responds.count());
    auto n_both = static_cast<double>((calls && responds).count());
    auto n_right = static_cast<double>((responds && predicted.row(row).array() == labels.row(row).array()).count());
    if (!left_out.empty() && left_out[static_cast<std::size_t>(row)]) {
      const Eigen::Index gene = *left_out[static_cast<std::size_t>(row)];
      const bool is_called = predicted(row, gene) != kNotDe, does_respond = labels(row, gene) != kNotDe;
      n_called -= is_called;
      n_responding -= does_respond;
      n_both -= is_called && does_respond;
      n_right -= does_respond && predicted(row, gene) == labels(row, gene);
    }
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      values[m][row] = value_of_perturbation(metrics[m], n_called, n_responding, n_right, n_both);
    }
  }
  return values;
}

Matrix class_metrics_of_fold(const ConstMatrixRef& planes, const ClassMatrix& labels, std::span<const Metric> metrics,
                             const ConstMatrixRef& weights, const OwnGeneColumns& left_out) {
  assert(planes.rows() == kClasses * labels.rows() && planes.cols() == labels.cols());
  assert(weights.rows() == labels.rows());
  const auto n = static_cast<std::size_t>(labels.rows());
  const bool with_ranks = any_of_ranks(metrics);
  const std::vector<std::vector<float>> blocks = blocks_of(weights);
  std::vector<Sums> sums(blocks.size());
  for (Eigen::Index first = 0; first < labels.cols(); first += kGenesTogether) {
    std::vector<Gene> genes;
    for (Eigen::Index gene = first; gene < std::min(first + kGenesTogether, labels.cols()); ++gene) {
      genes.push_back(prepare_gene(planes, labels, gene, with_ranks, left_out));
    }
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      for (const Gene& gene : genes) add_gene(gene, blocks[block].data(), n, with_ranks, sums[block]);
    }
  }

  Matrix values(static_cast<Eigen::Index>(metrics.size()), weights.cols());
  std::vector<Vector> of_perturbations;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const auto row = static_cast<Eigen::Index>(m);
    if (!is_of_fold(metrics[m])) {
      if (of_perturbations.empty())
        of_perturbations = class_metrics_of_perturbations(planes, labels, metrics, left_out);
      values.row(row) = means_where_defined(of_perturbations[m], weights);
      continue;
    }
    const std::size_t at = place(metrics[m]);
    for (Eigen::Index column = 0; column < weights.cols(); ++column) {
      const Sums& block = sums[static_cast<std::size_t>(column) / kColumns];
      const std::size_t in_block = static_cast<std::size_t>(column) % kColumns;
      const double n_genes = block.n_genes[at][in_block];
      values(row, column) = n_genes > 0 ? block.sum[at][in_block] / n_genes : kNaN;
    }
  }
  return values;
}

double macro_f1(std::span<const ConstMatrixMap> planes, const ConstMatrixRef& labels, const RowIndex& label_rows) {
  assert(planes.size() == kClasses);
  const Eigen::Index n = planes.front().rows(), n_genes = planes.front().cols();
  // Gene by gene: counts of label · 3 + predicted class.
  std::vector<std::array<double, kCells>> counts(static_cast<std::size_t>(n_genes));
  for (Eigen::Index row = 0; row < n; ++row) {
    const auto label_row = label_rows[static_cast<std::size_t>(row)];
    for (Eigen::Index gene = 0; gene < n_genes; ++gene) {
      const std::size_t predicted = first_maximum(planes[0](row, gene), planes[1](row, gene), planes[2](row, gene));
      counts[static_cast<std::size_t>(gene)]
            [static_cast<std::size_t>(labels(label_row, gene)) * kClasses + predicted] += 1;
    }
  }
  double sum = 0;
  for (const auto& cells : counts) {
    double f1 = 0, n_present = 0;
    for (std::size_t c = 0; c < kClasses; ++c) {
      double of_class = 0, predicted = 0;
      for (std::size_t other = 0; other < kClasses; ++other) {
        of_class += cells[c * kClasses + other];
        predicted += cells[other * kClasses + c];
      }
      if (!(of_class > 0)) continue;
      n_present += 1;
      f1 += 2 * cells[c * kClasses + c] / (predicted + of_class);
    }
    sum += n_present > 0 ? f1 / n_present : 0;
  }
  return n > 0 && n_genes > 0 ? sum / static_cast<double>(n_genes) : kNaN;
}

}  // namespace headroom
