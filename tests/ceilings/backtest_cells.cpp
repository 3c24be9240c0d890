#include <map>
#include <utility>

#include "ceilings/backtest.hpp"
#include "ceilings/wanted.hpp"
#include "cell_metrics/metric_values.hpp"
#include "cell_metrics/panel_ceilings.hpp"
#include "parallel/progress.hpp"

namespace headroom::ceilings {
namespace {

// The screen with official halves.
Result<PanelTruth> truth_of(const Screen& screen, ThreadPool& pool) {
  std::vector<std::size_t> sizes{screen.control.n_cells};
  for (const GroupCounts& group : screen.cells) sizes.push_back(group.n_cells);
  NoProgress progress;
  return panel_truth(screen.names(), screen.control, split_groups(sizes, split_seeds(kOfficialSplits)), screen.maker(),
                     pool, progress, {});
}

std::vector<std::uint32_t> all_rows(std::size_t n) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t p = 0; p < n; ++p) rows.push_back(p);
  return rows;
}

void add_totals(const PanelScores& scores, PerMetric& out) {
  for (const MetricValues& metric : metric_values(scores)) out[metric.name].add(metric.total);
}

}  // namespace

Result<std::vector<CeilingError>> backtest_cells(const Replicated& screen, const BacktestOptions& options,
                                                 ThreadPool& pool) {
  NoProgress progress;
  Wanted wanted;
  std::map<std::pair<double, PanelCeilingWay>, PerMetric> predicted;
  for (std::size_t i = 0; i < screen.pairs.size(); ++i) {
    const auto& [first, second] = screen.pairs[i];
    const std::uint64_t seed = options.seed + i;
    auto truth = truth_of(first, pool);
    if (!truth) return tl::unexpected(truth.error());
    auto scores = score_cells(*truth, second.maker(), pool, progress, {});
    if (!scores) return tl::unexpected(scores.error());
    add_totals(*scores, wanted.expected);
    std::vector<std::size_t> rows(first.labels.size());
    for (std::size_t p = 0; p < rows.size(); ++p) rows[p] = p;
    add_totals(score_tile(*truth, mean_response(*truth, rows, true), pool), wanted.null);

    for (const double fraction : options.fractions) {
      const Screen thin = fraction < 1 ? part_of(first, fraction, seed) : first;
      auto thin_truth = truth_of(thin, pool);
      if (!thin_truth) return tl::unexpected(thin_truth.error());
      const auto drawn =
          fraction < 1
              ? score_deeper_screens(*thin_truth, thin.control, 1 / fraction, options.n_draws, seed, pool, progress, {})
              : score_drawn_screens(*thin_truth, thin.control, nullptr, options.n_draws, seed, pool, progress, {});
      if (!drawn) return tl::unexpected(drawn.error());
      std::vector<std::size_t> n_cells;
      for (const GroupCounts& group : thin.cells) n_cells.push_back(group.n_cells);
      for (const PanelCeilingWay way : {PanelCeilingWay::simulation, PanelCeilingWay::spearman_brown,
                                        PanelCeilingWay::closed_form, PanelCeilingWay::replicate}) {
        const auto ceilings = panel_ceilings(*thin_truth, *drawn, n_cells, way, 1 / fraction);
        const auto names = metric_values(*scores);
        for (std::size_t m = 0; m < ceilings.size(); ++m) {
          if (ceilings[m].total) {
            predicted[{fraction, way}][names[m].name].add(ceilings[m].total(all_rows(n_cells.size())));
          }
        }
      }
    }
  }
  std::vector<CeilingError> out;
  for (const auto& [key, means] : predicted) {
    append(screen.name, "cells", "shared", std::string(name_of(key.second)), key.first, wanted, means, out);
  }
  return out;
}

}  // namespace headroom::ceilings
