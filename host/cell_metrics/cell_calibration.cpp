#include "cell_metrics/cell_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bounds/calibration.hpp"
#include "deg/benjamini_hochberg.hpp"
#include "deg/welch.hpp"
#include "matrix/undefined.hpp"
#include "numerics/correlation.hpp"
#include "numerics/numpy_generator.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr double kWeightPower = 2;

// Σ and Σ² per gene of the log values of some cells.
struct Sums {
  double n = 0;
  std::vector<double> sum, squares;

  explicit Sums(std::size_t n_genes) : sum(n_genes, 0.0), squares(n_genes, 0.0) {}
  void add(const Sums& other, double sign) {
    n += sign * other.n;
    for (std::size_t g = 0; g < sum.size(); ++g) {
      sum[g] += sign * other.sum[g];
      squares[g] += sign * other.squares[g];
    }
  }
  double mean(std::size_t g) const { return sum[g] / n; }
  SampleMoments moments(std::size_t g) const { return sample_moments(n, sum[g], squares[g]); }
};

// Of the cells whose `side` is `which`.
Sums sums_of(const GroupCounts& counts, const std::vector<std::uint8_t>& side, std::uint8_t which) {
  Sums out(counts.n_genes());
  out.n = static_cast<double>(std::count(side.begin(), side.end(), which));
  for (std::size_t g = 0; g < counts.n_genes(); ++g) {
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) {
      if (side[counts.cell[e]] != which) continue;
      const double value = log_value(counts, e);
      out.sum[g] += value;
      out.squares[g] += value * value;
    }
  }
  return out;
}

// Log values of the named genes for the cells of a side, appended.
void append_cells(const GroupCounts& counts, const std::vector<std::uint8_t>& side, std::uint8_t which,
                  const std::vector<std::size_t>& genes, DenseCells& out) {
  std::vector<std::size_t> place(counts.n_cells, SIZE_MAX);
  for (std::size_t c = 0; c < counts.n_cells; ++c) {
    if (side[c] != which) continue;
    place[c] = out.size();
    out.emplace_back(genes.size(), 0.0);
  }
  for (std::size_t k = 0; k < genes.size(); ++k) {
    for (std::uint64_t e = counts.begin[genes[k]]; e < counts.begin[genes[k] + 1]; ++e) {
      if (place[counts.cell[e]] != SIZE_MAX) out[place[counts.cell[e]]][k] = log_value(counts, e);
    }
  }
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return std::sqrt(sum);
}

double mean_between(const DenseCells& x, const DenseCells& y) {
  double sum = 0;
  for (const auto& a : x) {
    for (const auto& b : y) sum += distance(a, b);
  }
  return sum / (static_cast<double>(x.size()) * static_cast<double>(y.size()));
}

double sum_within(const DenseCells& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = i + 1; j < x.size(); ++j) sum += 2 * distance(x[i], x[j]);
  }
  return sum;
}

void calibrate_protocol(ProtocolCalibration& protocol) {
  const auto of_rows = [](const std::vector<double>& values) -> Vector {
    return Eigen::Map<const Vector>(values.data(), static_cast<Eigen::Index>(values.size()));
  };
  const Calibration calibration = calibrate(of_rows(protocol.positive), of_rows(protocol.negative),
                                            protocol.higher_is_better ? 1 : 0, protocol.higher_is_better);
  protocol.drf.assign(calibration.drf.begin(), calibration.drf.end());
  protocol.drf_mean = calibration.drf_mean.value_or(kNaN);
  protocol.drf_median = calibration.drf_median.value_or(kNaN);
  protocol.bds = calibration.bds.value_or(kNaN);
}

}  // namespace

double energy_distance(const DenseCells& x, const DenseCells& y, bool unbiased) {
  const auto pairs = [unbiased](double n) { return unbiased ? n * (n - 1) : n * n; };
  const auto n = static_cast<double>(x.size()), m = static_cast<double>(y.size());
  if (!(pairs(n) > 0) || !(pairs(m) > 0)) return kNaN;
  return 2 * mean_between(x, y) - sum_within(x) / pairs(n) - sum_within(y) / pairs(m);
}

double mmd_squared(const DenseCells& x, const DenseCells& y) {
  if (x.size() < 2 || y.size() < 2) return kNaN;
  const std::size_t n = x.size(), all = n + y.size();
  const auto at = [&](std::size_t i) -> const std::vector<double>& { return i < n ? x[i] : y[i - n]; };
  std::vector<double> distances;
  distances.reserve(all * (all - 1) / 2);
  for (std::size_t i = 0; i < all; ++i) {
    for (std::size_t j = i + 1; j < all; ++j) distances.push_back(distance(at(i), at(j)));
  }
  const double sigma = median(distances);
  if (!(sigma > 0)) return 0;
  double within_x = 0, within_y = 0, between = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < all; ++i) {
    for (std::size_t j = i + 1; j < all; ++j, ++next) {
      const double kernel = std::exp(-distances[next] * distances[next] / (2 * sigma * sigma));
      (j < n ? within_x : i < n ? between : within_y) += kernel;
    }
  }
  const auto a = static_cast<double>(n), b = static_cast<double>(y.size());
  return 2 * within_x / (a * (a - 1)) + 2 * within_y / (b * (b - 1)) - 2 * between / (a * b);
}

Result<CellCalibration> calibrate_cells(const std::vector<GroupCounts>& groups, const GroupCounts& control,
                                        const CalibrationOptions& options, ThreadPool& pool) {
  CellCalibration out;
  const std::size_t n_genes = control.n_genes();
  // 0: the truth; 1: the duplicate.
  std::vector<std::vector<std::uint8_t>> side(groups.size());
  NumpyGenerator random(options.seed);
  for (std::size_t p = 0; p < groups.size(); ++p) {
    side[p].assign(groups[p].n_cells, 1);
    if (groups[p].n_cells < options.least_cells) continue;
    out.rows.push_back(p);
    std::vector<std::uint32_t> order(groups[p].n_cells);
    std::iota(order.begin(), order.end(), 0u);
    random.permute(std::span(order));
    for (std::size_t i = 0; i < order.size() / 2; ++i) side[p][order[i]] = 0;
  }
  if (out.rows.size() < 2) {
    return bad_input(fmt::format("{} perturbations have {} or more cells, too few to calibrate metrics on",
                                 out.rows.size(), options.least_cells),
                     {}, "give more cells of each perturbation");
  }
  std::vector<Sums> truth(groups.size(), Sums(0)), duplicate(groups.size(), Sums(0));
  pool.for_each(groups.size(), [&](std::size_t p) {
    truth[p] = sums_of(groups[p], side[p], 0);
    duplicate[p] = sums_of(groups[p], side[p], 1);
  });
  Sums all(n_genes);
  for (std::size_t p = 0; p < groups.size(); ++p) {
    all.add(truth[p], 1);
    all.add(duplicate[p], 1);
  }
  const Sums of_control = sums_of(control, std::vector<std::uint8_t>(control.n_cells, 0), 0);

  for (const auto& [name, higher] : {std::pair{"mse", false},
                                     {"pearson_ctrl", true},
                                     {"pearson_pert", true},
                                     {"wmse_exp2", false},
                                     {"energy_distance_top", false},
                                     {"mmd_median_top", false}}) {
    out.protocols.push_back(
        {name, higher, std::vector<double>(out.rows.size()), std::vector<double>(out.rows.size()), {}, 0, 0, 0});
  }
  pool.for_each(out.rows.size(), [&](std::size_t i) {
    const std::size_t p = out.rows[i];
    Sums others = all;
    others.add(truth[p], -1);
    others.add(duplicate[p], -1);
    // Where the duplicate's gene differs from the control it speaks for itself, else for the other perturbations.
    std::vector<double> p_values(n_genes), t(n_genes);
    for (std::size_t g = 0; g < n_genes; ++g) {
      p_values[g] = welch_test(duplicate[p].moments(g), duplicate[p].n, of_control.moments(g), of_control.n).p;
      const double of_truth = welch_test(truth[p].moments(g), truth[p].n, others.moments(g), others.n).t;
      t[g] = std::abs(std::isfinite(of_truth) ? of_truth : 0);
    }
    const std::vector<double> q = adjusted_p(p_values);
    const auto [least, most] = std::minmax_element(t.begin(), t.end());
    std::vector<double> weight(n_genes);
    double all_weights = 0;
    for (std::size_t g = 0; g < n_genes; ++g) {
      weight[g] = *most > *least ? std::pow((t[g] - *least) / (*most - *least), kWeightPower) : 1;
      all_weights += weight[g];
    }
    double mse[2] = {0, 0}, wmse[2] = {0, 0};
    std::vector<double> truth_ctrl(n_genes), positive_ctrl(n_genes), negative_ctrl(n_genes), truth_pert(n_genes),
        positive_pert(n_genes), negative_pert(n_genes);
    for (std::size_t g = 0; g < n_genes; ++g) {
      const double y = truth[p].mean(g), nothing = others.mean(g), base = of_control.mean(g);
      const double guess = (1 - q[g]) * duplicate[p].mean(g) + q[g] * nothing;
      const double off[2] = {guess - y, nothing - y};
      for (int s = 0; s < 2; ++s) {
        mse[s] += off[s] * off[s] / static_cast<double>(n_genes);
        wmse[s] += weight[g] / all_weights * off[s] * off[s];
      }
      truth_ctrl[g] = y - base;
      positive_ctrl[g] = guess - base;
      negative_ctrl[g] = nothing - base;
      truth_pert[g] = y - nothing;
      positive_pert[g] = guess - nothing;
      negative_pert[g] = base - nothing;
    }
    const auto put = [&](std::size_t protocol, double positive, double negative) {
      out.protocols[protocol].positive[i] = positive;
      out.protocols[protocol].negative[i] = negative;
    };
    put(0, mse[0], mse[1]);
    put(1, correlation(truth_ctrl, positive_ctrl), correlation(truth_ctrl, negative_ctrl));
    put(2, correlation(truth_pert, positive_pert), correlation(truth_pert, negative_pert));
    put(3, wmse[0], wmse[1]);

    std::vector<std::size_t> genes(n_genes);
    std::iota(genes.begin(), genes.end(), std::size_t{0});
    std::stable_sort(genes.begin(), genes.end(), [&](std::size_t a, std::size_t b) { return t[a] > t[b]; });
    genes.resize(std::min(genes.size(), options.n_top_genes));
    DenseCells of_truth, of_duplicate, of_others;
    append_cells(groups[p], side[p], 0, genes, of_truth);
    append_cells(groups[p], side[p], 1, genes, of_duplicate);
    for (std::size_t o = 0; o < groups.size(); ++o) {
      if (o == p) continue;
      for (const std::uint8_t which : {std::uint8_t{0}, std::uint8_t{1}})
        append_cells(groups[o], side[o], which, genes, of_others);
    }
    if (of_others.size() > options.most_cells) {
      NumpyGenerator drawing(options.seed);
      drawing.permute(std::span(of_others));
      of_others.resize(options.most_cells);
    }
    put(4, energy_distance(of_truth, of_duplicate), energy_distance(of_truth, of_others));
    put(5, mmd_squared(of_truth, of_duplicate), mmd_squared(of_truth, of_others));
  });
  for (ProtocolCalibration& protocol : out.protocols) calibrate_protocol(protocol);
  return out;
}

}  // namespace headroom
