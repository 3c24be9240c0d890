#include "cell_metrics/classic_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "cell_metrics/metric_values.hpp"
#include "matrix/undefined.hpp"
#include "numerics/correlation.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr std::size_t kBlock = 128;  // cells whose products with all others are summed gene by gene at once

double median_of_positive(std::vector<double> totals) {
  std::erase_if(totals, [](double total) { return !(total > 0); });
  return totals.empty() ? 0 : median(std::move(totals));
}

std::vector<double> logs(const GroupCounts& counts, double cell_total) {
  std::vector<double> out(counts.count.size());
  for (std::size_t e = 0; e < out.size(); ++e) {
    out[e] = std::log1p(counts.count[e] / counts.total[counts.cell[e]] * cell_total);
  }
  return out;
}

std::vector<double> means(const GroupCounts& counts, const std::vector<double>& values) {
  std::vector<double> out(counts.n_genes(), 0.0);
  for (std::size_t g = 0; g < out.size(); ++g) {
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) out[g] += values[e];
    out[g] /= static_cast<double>(counts.n_cells);
  }
  return out;
}

std::vector<double> squared_norms(const GroupCounts& counts, const std::vector<double>& values) {
  std::vector<double> out(counts.n_cells, 0.0);
  for (std::size_t e = 0; e < values.size(); ++e) out[counts.cell[e]] += values[e] * values[e];
  return out;
}

// Mean distance of all pairs, by products that only stored counts cost. `x` may be `y`: a cell lies 0 from itself.
double mean_distance(const GroupCounts& x, const std::vector<double>& of_x, const GroupCounts& y,
                     const std::vector<double>& of_y, ThreadPool& pool) {
  const std::vector<double> norm_x = squared_norms(x, of_x), norm_y = squared_norms(y, of_y);
  const std::size_t n_blocks = (x.n_cells + kBlock - 1) / kBlock;
  std::vector<double> sums(n_blocks, 0.0);
  pool.for_each(n_blocks, [&](std::size_t block) {
    const std::size_t first = block * kBlock, last = std::min(first + kBlock, x.n_cells);
    std::vector<double> products((last - first) * y.n_cells, 0.0);
    for (std::size_t g = 0; g < x.n_genes(); ++g) {
      const auto begin = x.cell.begin() + static_cast<std::ptrdiff_t>(x.begin[g]),
                 end = x.cell.begin() + static_cast<std::ptrdiff_t>(x.begin[g + 1]);
      for (auto at = std::lower_bound(begin, end, first); at != end && *at < last; ++at) {
        const double value = of_x[static_cast<std::size_t>(at - x.cell.begin())];
        double* const row = products.data() + (*at - first) * y.n_cells;
        for (std::uint64_t e = y.begin[g]; e < y.begin[g + 1]; ++e) row[y.cell[e]] += value * of_y[e];
      }
    }
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t j = 0; j < y.n_cells; ++j) {
        if (&x == &y && i == j) continue;
        const double square = norm_x[i] + norm_y[j] - 2 * products[(i - first) * y.n_cells + j];
        sums[block] += std::sqrt(std::max(square, 0.0));
      }
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0) /
         (static_cast<double>(x.n_cells) * static_cast<double>(y.n_cells));
}

using Distance = double (*)(const std::vector<double>& a, const std::vector<double>& b);

double l1(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t g = 0; g < a.size(); ++g) sum += std::abs(a[g] - b[g]);
  return sum;
}

double l2(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t g = 0; g < a.size(); ++g) sum += (a[g] - b[g]) * (a[g] - b[g]);
  return std::sqrt(sum);
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t g = 0; g < a.size(); ++g) {
    ab += a[g] * b[g];
    aa += a[g] * a[g];
    bb += b[g] * b[g];
  }
  return aa > 0 && bb > 0 ? 1 - ab / std::sqrt(aa * bb) : 1;
}

std::vector<double> effect(const ClassicSide& side, std::size_t perturbation) {
  std::vector<double> out = side.profiles[perturbation];
  for (std::size_t g = 0; g < out.size(); ++g) out[g] -= side.control[g];
  return out;
}

PanelSide side_of(const ClassicSide& side) {
  PanelSide out;
  for (const auto& profile : side.profiles) out.y.push_back(&profile);
  out.sampling.assign(out.y.size(), 0.0);
  out.y_control = &side.control;
  return out;
}

// The same with profiles that are effects, from a control of zeros.
ClassicSide effects_of(const ClassicSide& side) {
  ClassicSide out;
  out.control.assign(side.control.size(), 0.0);
  for (std::size_t p = 0; p < side.profiles.size(); ++p) out.profiles.push_back(effect(side, p));
  return out;
}

}  // namespace

ClassicSideBuilder::ClassicSideBuilder(const std::vector<double>& totals, const GroupCounts& control,
                                       std::size_t n_perturbations, bool with_energy, ThreadPool& pool)
    : cell_total_(median_of_positive(totals)),
      control_(control),
      control_logs_(logs(control, cell_total_)),
      pool_(pool) {
  side_.control = means(control, control_logs_);
  side_.profiles.resize(n_perturbations);
  if (!with_energy) {
    control_logs_ = {};
    return;
  }
  side_.energy.assign(n_perturbations, kNaN);
  within_control_ = mean_distance(control, control_logs_, control, control_logs_, pool);
}

void ClassicSideBuilder::add(std::size_t perturbation, const GroupCounts& counts) {
  const std::vector<double> values = logs(counts, cell_total_);
  side_.profiles[perturbation] = means(counts, values);
  if (side_.energy.empty()) return;
  side_.energy[perturbation] = 2 * mean_distance(counts, values, control_, control_logs_, pool_) -
                               mean_distance(counts, values, counts, values, pool_) - within_control_;
}

void ClassicSideBuilder::add_tile(const std::vector<double>& profile) {
  const double total = std::accumulate(profile.begin(), profile.end(), 0.0);
  std::vector<double> cell;
  for (const double mean : profile) cell.push_back(total > 0 ? std::log1p(mean / total * cell_total_) : 0);
  for (auto& each : side_.profiles) each = cell;
}

GroupMaker shown_to(ClassicSideBuilder& builder, GroupMaker make) {
  return [&builder, make = std::move(make)](std::size_t perturbation, GroupCounts& out) -> Result<void> {
    if (auto made = make(perturbation, out); !made) return made;
    builder.add(perturbation, out);
    return {};
  };
}

std::vector<MetricValues> classic_metric_values(const ClassicSide& real, const ClassicSide& predicted,
                                                const LeftOutGenes& rivals, const LeftOutGenes& errors,
                                                ThreadPool& pool) {
  std::vector<MetricValues> out;
  const std::size_t n = real.profiles.size();
  const ClassicSide real_effects = effects_of(real), predicted_effects = effects_of(predicted);
  constexpr std::array<Distance, 3> kDistances{l1, l2, cosine};
  std::array<std::vector<double>, kDistances.size()> discrimination;
  discrimination.fill(std::vector<double>(n));
  pool.for_each(n, [&](std::size_t p) {
    const auto kept = [&](const std::vector<double>& profile) {
      std::vector<double> some;
      for (std::size_t g = 0; g < profile.size(); ++g) {
        if (!rivals.leaves(p, g)) some.push_back(profile[g]);
      }
      return some;
    };
    const std::vector<double> mine = kept(predicted_effects.profiles[p]);
    std::array<std::vector<double>, kDistances.size()> distance;
    for (std::size_t q = 0; q < n; ++q) {
      const std::vector<double> other = kept(real_effects.profiles[q]);
      for (std::size_t d = 0; d < kDistances.size(); ++d) distance[d].push_back(kDistances[d](mine, other));
    }
    for (std::size_t d = 0; d < kDistances.size(); ++d) {
      std::size_t place = 0;
      for (std::size_t q = 0; q < n; ++q) {
        place += distance[d][q] < distance[d][p] || (distance[d][q] == distance[d][p] && q < p) ? 1 : 0;
      }
      discrimination[d][p] = 1 - static_cast<double>(place) / static_cast<double>(n);
    }
  });
  for (std::size_t d = 0; d < kDistances.size(); ++d) {
    out.push_back(mean_of_values(std::string(kClassicMetrics[d]), std::move(discrimination[d])));
  }
  const auto of_profiles = delta_agreement(side_of(real), side_of(predicted), errors);
  const auto of_effects = delta_agreement(side_of(real_effects), side_of(predicted_effects), errors);
  const auto add = [&](std::size_t which, const std::vector<DeltaAgreement>& from, double DeltaAgreement::*value) {
    std::vector<double> values;
    for (const DeltaAgreement& each : from) values.push_back(each.*value);
    out.push_back(mean_of_values(std::string(kClassicMetrics[which]), std::move(values)));
  };
  add(3, of_effects, &DeltaAgreement::pearson);
  add(4, of_profiles, &DeltaAgreement::mae);
  add(5, of_profiles, &DeltaAgreement::mse);
  add(6, of_effects, &DeltaAgreement::mae);
  add(7, of_effects, &DeltaAgreement::mse);
  if (real.energy.empty() || predicted.energy.empty()) return out;
  // One number of the panel.
  out.push_back(mean_of_values(std::string(kEnergyCorrelation),
                               std::vector<double>(n, correlation(real.energy, predicted.energy))));
  return out;
}

}  // namespace headroom
