#include "cell_metrics/panel_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>

#include "cell_metrics/drawn_cells.hpp"
#include "cell_metrics/effect_model.hpp"
#include "cell_metrics/metric_values.hpp"
#include "cells/random_stream.hpp"

namespace headroom {
namespace {

PanelSide side_of(const std::vector<const PooledProfile*>& profiles, const PooledProfile& control) {
  PanelSide side;
  for (const PooledProfile* profile : profiles) {
    side.y.push_back(&profile->y);
    side.sampling.push_back(profile->sampling);
  }
  side.y_control = &control.y;
  side.sampling_control = control.sampling;
  return side;
}

std::vector<const PooledProfile*> pointers(const std::vector<PooledProfile>& profiles) {
  std::vector<const PooledProfile*> out;
  for (const PooledProfile& profile : profiles) out.push_back(&profile);
  return out;
}

// Some rows of a side.
PanelSide chosen(const PanelSide& side, const std::vector<std::size_t>& places) {
  PanelSide some{{}, {}, side.y_control, side.sampling_control};
  for (const std::size_t place : places) {
    some.y.push_back(side.y[place]);
    some.sampling.push_back(side.sampling[place]);
  }
  return some;
}

// Genes of the panel that are a target of one of these perturbations.
std::vector<bool> targets_of(const PanelNames& names, const std::vector<std::size_t>& panel) {
  std::vector<bool> is_target(names.genes.size(), false);
  for (const std::size_t p : panel) {
    if (names.own[p]) is_target[*names.own[p]] = true;
  }
  return is_target;
}

// `panel`: the perturbations that `real` has; `places`: of the scores' rows among them.
void add_panel_metrics(const PanelNames& names, const std::vector<std::size_t>& panel, const PanelSide& real,
                       const std::vector<std::size_t>& places, const PanelSide& predicted, ThreadPool& pool,
                       PanelScores& scores) {
  const PanelSide truth = chosen(real, places);
  LeftOutGenes of_panel = left_out_genes(names, scores.rows, ExcludedTargets::panel);
  if (!of_panel.of_all.empty()) of_panel.of_all = targets_of(names, panel);
  scores.discrimination = discrimination_cosine(real, places, predicted, of_panel, pool);
  scores.ratio = error_ratio(truth, predicted, left_out_genes(names, scores.rows, ExcludedTargets::own), &pool);
  scores.delta = delta_agreement(truth, predicted, left_out_genes(names, scores.rows, ExcludedTargets::none), &pool);
}

DeTable without(const DeTable& table, const std::vector<std::size_t>& genes) {
  DeTable some = table;
  for (const std::size_t g : genes) some.p[g] = some.q[g] = some.lfc[g] = std::numeric_limits<double>::quiet_NaN();
  return some;
}

// What two tables of perturbation `p` say of each other. Genes that every metric leaves out are as good as not tested.
DeMetrics compare_tables(const PanelNames& names, std::size_t p, const DeTable& real, const DeTable& predicted,
                         const DeTable& gate) {
  if (names.excluded == ExcludedTargets::as_published) {
    return de_metrics(real, predicted, names.own[p], names.name_rank, gate);
  }
  std::vector<std::size_t> genes;
  if (names.excluded == ExcludedTargets::own && names.own[p]) genes.push_back(*names.own[p]);
  for (std::size_t g = 0; names.excluded == ExcludedTargets::panel && g < names.is_target.size(); ++g) {
    if (names.is_target[g]) genes.push_back(g);
  }
  return de_metrics(without(real, genes), without(predicted, genes), std::nullopt, names.name_rank,
                    without(gate, genes));
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double each : values) sum += each;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

std::vector<std::size_t> all_rows(std::size_t n) {
  std::vector<std::size_t> rows(n);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

// Runs body(perturbation, memory) for all, with memory of its own for each thread; the first error by number is told.
struct GroupMemory {
  GroupCounts counts;
  DeBuffers buffers;
};

Result<void> each_perturbation(std::size_t n, const std::string& phase, ThreadPool& pool, Progress& progress,
                               const std::stop_token& stop,
                               const std::function<Result<void>(std::size_t, GroupMemory&)>& body) {
  std::vector<std::optional<Error>> errors(n);
  std::mutex mutex;
  std::vector<std::unique_ptr<GroupMemory>> idle;
  progress.begin(phase, static_cast<std::int64_t>(n), "perturbations");
  pool.for_each(n, [&](std::size_t p) {
    if (stop.stop_requested()) {
      errors[p] = Error{ErrorKind::interrupted, "stopped while scoring cells", {}, {}};
      return;
    }
    std::unique_ptr<GroupMemory> memory;
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        memory = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (!memory) memory = std::make_unique<GroupMemory>();
    if (auto done = body(p, *memory); !done) errors[p] = done.error();
    progress.advance(1);
    std::lock_guard lock(mutex);
    idle.push_back(std::move(memory));
  });
  progress.end();
  for (const auto& error : errors) {
    if (error) return tl::unexpected(*error);
  }
  return {};
}

// Discrimination, errors and correlation of profiles that the scores have.
void compare_profiles(const PanelTruth& truth, ThreadPool& pool, PanelScores& scores) {
  PanelSide predicted{{}, scores.sampling, &truth.control.y, truth.control.sampling};
  for (const auto& y : scores.y) predicted.y.push_back(y.get());
  add_panel_metrics(truth.names, all_rows(truth.profiles.size()), side_of(pointers(truth.profiles), truth.control),
                    scores.rows, predicted, pool, scores);
}

// Every perturbation predicted by the same profile (genes: mean counts, and y of it), which says nothing of how its
// cells would vary.
PanelScores without_noise(const PanelTruth& truth, const std::vector<double>& profile,
                          const std::shared_ptr<const std::vector<double>>& y, ThreadPool& pool) {
  PanelScores scores;
  const std::size_t n = truth.names.labels.size();
  scores.rows = all_rows(n);
  scores.de.resize(n);
  scores.y.assign(n, y);
  scores.sampling.assign(n, 0.0);
  for (const PooledProfile& real : truth.profiles) scores.n_cells.push_back(real.n_cells);
  scores.distances.resize(truth.top.size());
  pool.for_each(truth.top.size(), [&](std::size_t p) {
    const TopCells& real = truth.top[p];
    scores.distances[p] = cell_distances(real, log_cells_of_tile(profile, real.cells.size(), real.genes));
  });
  return scores;
}

EffectModel effects_of(const PanelTruth& truth, const GroupCounts& control, ThreadPool& pool) {
  std::vector<const std::vector<double>*> totals;
  for (const std::vector<double>& each : truth.totals) totals.push_back(&each);
  return fit_effects(fit_noise(control, pool), pointers(truth.profiles), totals, pool);
}

// Streams of one draw of all perturbations.
struct DrawKeys {
  std::uint64_t effects, first_cells, second_cells;

  DrawKeys(std::uint64_t seed, int draw) {
    const std::uint64_t key = stream_key(stream_key(seed, "second screen"), std::to_string(draw));
    effects = stream_key(key, "effects");
    first_cells = stream_key(key, "first cells");
    second_cells = stream_key(key, "second cells");
  }
};

}  // namespace

PanelNames PanelNames::of(std::string context, std::vector<std::string> labels, std::vector<std::string> genes,
                          OwnGenes own) {
  PanelNames names{std::move(context), std::move(labels), std::move(genes), std::move(own), {}, {}, {}};
  std::vector<std::uint32_t> order(names.genes.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return names.genes[a] < names.genes[b]; });
  names.name_rank.resize(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) names.name_rank[order[i]] = i;
  names.is_target = targets_of(names, all_rows(names.own.size()));
  return names;
}

LeftOutGenes left_out_genes(const PanelNames& names, const std::vector<std::size_t>& rows, ExcludedTargets by_default) {
  const ExcludedTargets excluded = names.excluded == ExcludedTargets::as_published ? by_default : names.excluded;
  LeftOutGenes genes;
  if (excluded == ExcludedTargets::panel) genes.of_all = names.is_target;
  if (excluded != ExcludedTargets::own) return genes;
  for (const std::size_t row : rows) genes.own.push_back(names.own[row]);
  return genes;
}

namespace {

// metrics.md 1.1: where every gene is some perturbation's target, no direction is left to tell profiles apart.
Result<void> require_genes(const PanelNames& names) {
  const auto n_targets = static_cast<std::size_t>(std::count(names.is_target.begin(), names.is_target.end(), true));
  const bool leaves_all = names.excluded == ExcludedTargets::panel || names.excluded == ExcludedTargets::as_published;
  const std::size_t n_left_out = leaves_all                                                ? n_targets
                                 : names.excluded == ExcludedTargets::own && n_targets > 0 ? 1
                                                                                           : 0;
  if (n_left_out < names.genes.size()) return {};
  return bad_input(
      fmt::format("all {} genes are targets of perturbations, so that no gene is left to compare profiles by",
                  names.genes.size()),
      names.context.empty() ? "" : "context '" + names.context + "'",
      "give the cells on more genes, or leave out fewer with --exclude-targets");
}

}  // namespace

Result<PanelTruth> panel_truth(PanelNames names, const GroupCounts& control, const std::vector<CellParts>& parts,
                               const GroupMaker& make, ThreadPool& pool, Progress& progress, std::stop_token stop) {
  if (auto left = require_genes(names); !left) return tl::unexpected(left.error());
  PanelTruth truth;
  truth.names = std::move(names);
  const std::size_t n = truth.names.labels.size();
  const CellParts of_control = parts.empty() ? whole_group(control.n_cells) : parts[0];
  const std::size_t n_splits = of_control.n_splits;
  truth.columns = make_control_columns(control, of_control, pool);
  std::size_t n_tested = 0;
  for (std::size_t g = 0; g < truth.columns.n_genes; ++g) n_tested += truth.columns.is_tested(0, g) ? 1 : 0;
  if (n_tested == 0) {
    return bad_input("no gene has a mean above 5 counts per million in the control cells, so none can be tested",
                     truth.names.context.empty() ? "" : "context '" + truth.names.context + "'",
                     "give raw counts with control cells that hold some");
  }
  // Of the control's halves, only the real side's sampling term is asked for.
  std::vector<bool> wanted(of_control.n_parts(), false);
  wanted[0] = true;
  for (std::size_t s = 0; s < n_splits; ++s) wanted[half_a(s)] = true;
  std::vector<PooledProfile> control_profiles = pooled_profiles(control, of_control, wanted);
  truth.control = std::move(control_profiles[0]);

  truth.profiles.resize(n);
  truth.totals.resize(n);
  truth.tables.resize(n);
  if (n_splits > 0) truth.half_agreement.resize(n);
  std::vector<std::vector<PooledProfile>> halves(n);  // perturbations: parts
  std::vector<std::vector<DeMetrics>> half_metrics(n, std::vector<DeMetrics>(n_splits));
  auto done = each_perturbation(
      n, "testing the real cells", pool, progress, stop, [&](std::size_t p, GroupMemory& memory) -> Result<void> {
        if (auto made = make(p, memory.counts); !made) return made;
        const CellParts of_group = parts.empty() ? whole_group(memory.counts.n_cells) : parts[1 + p];
        std::vector<PooledProfile> profiles = pooled_profiles(memory.counts, of_group);
        std::vector<DeTable> tables = de_tables(memory.counts, of_group, truth.columns, memory.buffers);
        for (std::size_t s = 0; s < n_splits; ++s) {
          if (profiles[half_a(s)].n_cells == 0) continue;
          half_metrics[p][s] = compare_tables(truth.names, p, tables[half_a(s)], tables[half_b(s)], tables[0]);
        }
        if (n_splits > 0) {
          truth.half_agreement[p] = half_agreement(profiles, tables, truth.control, truth.columns,
                                                   left_out_genes(truth.names, {p}, ExcludedTargets::none));
        }
        truth.profiles[p] = std::move(profiles[0]);
        truth.totals[p] = memory.counts.total;
        truth.tables[p] = std::move(tables[0]);
        halves[p] = std::move(profiles);
        return {};
      });
  if (!done) return tl::unexpected(done.error());

  for (std::size_t s = 0; s < n_splits; ++s) {
    PanelScores scores;
    std::vector<const PooledProfile*> a, b;
    for (std::size_t p = 0; p < n; ++p) {
      const PooledProfile &half_of_a = halves[p][half_a(s)], &half_of_b = halves[p][half_b(s)];
      if (half_of_a.n_cells == 0) continue;  // a group of one cell has no halves
      scores.rows.push_back(p);
      scores.de.push_back(half_metrics[p][s]);
      scores.n_cells.push_back(half_of_b.n_cells);
      a.push_back(&half_of_a);
      b.push_back(&half_of_b);
    }
    add_panel_metrics(truth.names, scores.rows, side_of(a, control_profiles[half_a(s)]), all_rows(a.size()),
                      side_of(b, control_profiles[half_b(s)]), pool, scores);
    truth.replicates.push_back(std::move(scores));
    truth.replicate_metrics.push_back(metric_values(truth.replicates.back()));
  }
  return truth;
}

Result<PanelScores> score_cells(const PanelTruth& truth, const GroupMaker& make, ThreadPool& pool, Progress& progress,
                                std::stop_token stop, const std::vector<std::size_t>& rows) {
  PanelScores scores;
  scores.rows = rows.empty() ? all_rows(truth.names.labels.size()) : rows;
  const std::size_t n = scores.rows.size();
  scores.de.resize(n);
  scores.n_cells.resize(n);
  scores.mean_total.resize(n);
  scores.distances.resize(truth.top.empty() ? 0 : n);
  std::vector<PooledProfile> profiles(n);
  auto done = each_perturbation(
      n, "testing the predicted cells", pool, progress, stop, [&](std::size_t i, GroupMemory& memory) -> Result<void> {
        const std::size_t p = scores.rows[i];
        if (auto made = make(p, memory.counts); !made) return made;
        const CellParts whole = whole_group(memory.counts.n_cells);
        profiles[i] = std::move(pooled_profiles(memory.counts, whole)[0]);
        scores.n_cells[i] = memory.counts.n_cells;
        scores.mean_total[i] = mean_of(memory.counts.total);
        const DeTable table = std::move(de_tables(memory.counts, whole, truth.columns, memory.buffers)[0]);
        scores.de[i] = compare_tables(truth.names, p, truth.tables[p], table, truth.tables[p]);
        if (!truth.top.empty()) {
          scores.distances[i] = cell_distances(truth.top[p], log_cells(memory.counts, truth.top[p].genes));
        }
        return {};
      });
  if (!done) return tl::unexpected(done.error());
  for (PooledProfile& profile : profiles) {
    scores.y.push_back(std::make_shared<const std::vector<double>>(std::move(profile.y)));
    scores.sampling.push_back(profile.sampling);
  }
  compare_profiles(truth, pool, scores);
  return scores;
}

Result<std::vector<PanelScores>> score_drawn_screens(const PanelTruth& truth, const GroupCounts& control,
                                                     const PanelScores* depth_of, int n_screens, std::uint64_t seed,
                                                     ThreadPool& pool, Progress& progress, std::stop_token stop) {
  const EffectModel model = effects_of(truth, control, pool);
  std::vector<PanelScores> out;
  for (int i = 0; i < n_screens; ++i) {
    const DrawKeys keys(seed, i);
    auto scores = score_cells(
        truth,
        [&](std::size_t p, GroupCounts& counts) -> Result<void> {
          CellDepth depth{truth.profiles[p].n_cells, &truth.totals[p]};
          if (depth_of != nullptr) {
            depth.n_cells = depth_of->n_cells[p];
            const double real = mean_of(truth.totals[p]);
            if (!depth_of->mean_total.empty() && real > 0) depth.factor = depth_of->mean_total[p] / real;
          }
          draw_cells(draw_shares(model, p, keys.effects), model.noise.dispersion, depth, keys.second_cells,
                     static_cast<std::uint32_t>(p), counts);
          return {};
        },
        pool, progress, stop);
    if (!scores) return tl::unexpected(scores.error());
    out.push_back(std::move(*scores));
  }
  return out;
}

Result<std::vector<PanelScores>> score_deeper_screens(const PanelTruth& truth, const GroupCounts& control, double times,
                                                      int n_screens, std::uint64_t seed, ThreadPool& pool,
                                                      Progress& progress, std::stop_token stop) {
  const EffectModel model = effects_of(truth, control, pool);
  const auto deeper = [times](std::size_t n) {
    return static_cast<std::size_t>(std::llround(times * static_cast<double>(n)));
  };
  const std::size_t n = truth.names.labels.size();
  std::vector<PanelScores> out;
  for (int i = 0; i < n_screens; ++i) {
    const DrawKeys keys(seed, i);
    const auto cells = [&](std::uint64_t key) -> GroupMaker {
      return [&, key](std::size_t p, GroupCounts& counts) -> Result<void> {
        draw_cells(draw_shares(model, p, keys.effects), model.noise.dispersion,
                   {deeper(truth.profiles[p].n_cells), &truth.totals[p]}, key, static_cast<std::uint32_t>(p), counts);
        return {};
      };
    };
    GroupCounts first_control;
    draw_cells(model.noise.share, model.noise.dispersion, {deeper(control.n_cells), &control.total}, keys.first_cells,
               static_cast<std::uint32_t>(n), first_control);
    const auto first = panel_truth(truth.names, first_control, {}, cells(keys.first_cells), pool, progress, stop);
    if (!first) return tl::unexpected(first.error());
    auto scores = score_cells(*first, cells(keys.second_cells), pool, progress, stop);
    if (!scores) return tl::unexpected(scores.error());
    out.push_back(std::move(*scores));
  }
  return out;
}

PanelScores score_tile(const PanelTruth& truth, const std::vector<double>& profile, ThreadPool& pool) {
  const std::size_t n = truth.names.labels.size();
  PanelScores scores =
      without_noise(truth, profile, std::make_shared<const std::vector<double>>(pooled_log(profile)), pool);
  // The same profile makes the same table for each number of cells.
  std::map<std::size_t, DeTable> tables;
  for (const std::size_t n_cells : scores.n_cells) {
    if (!tables.contains(n_cells)) tables.emplace(n_cells, de_table_of_tile(profile, n_cells, truth.columns));
  }
  pool.for_each(n, [&](std::size_t p) {
    scores.de[p] = compare_tables(truth.names, p, truth.tables[p], tables.at(scores.n_cells[p]), truth.tables[p]);
  });
  compare_profiles(truth, pool, scores);
  return scores;
}

PanelScores score_no_change(const PanelTruth& truth, ThreadPool& pool) {
  PanelScores scores =
      without_noise(truth, truth.control.pooled, std::make_shared<const std::vector<double>>(truth.control.y), pool);
  const double untested = std::numeric_limits<double>::quiet_NaN();
  DeTable silent;
  for (std::size_t g = 0; g < truth.columns.n_genes; ++g) {
    const bool is_tested = truth.columns.is_tested(0, g);
    silent.p.push_back(is_tested ? 1 : untested);
    silent.lfc.push_back(is_tested ? 0 : untested);
  }
  silent.q = silent.p;
  pool.for_each(scores.rows.size(), [&](std::size_t p) {
    scores.de[p] = compare_tables(truth.names, p, truth.tables[p], silent, truth.tables[p]);
  });
  compare_profiles(truth, pool, scores);
  return scores;
}

ErrorRatio error_ratio_of(const PanelTruth& truth, const std::vector<std::size_t>& rows,
                          const std::vector<PredictedRow>& predicted) {
  PanelSide side{{}, {}, &truth.control.y, truth.control.sampling};
  for (const PredictedRow& row : predicted) {
    side.y.push_back(row.scores->y[row.place].get());
    side.sampling.push_back(row.scores->sampling[row.place]);
  }
  const PanelSide real = chosen(side_of(pointers(truth.profiles), truth.control), rows);
  return error_ratio(real, side, left_out_genes(truth.names, rows, ExcludedTargets::own));
}

std::vector<double> mean_response(const PanelTruth& truth, const std::vector<std::size_t>& rows, bool leave_own_out) {
  const std::size_t n_genes = truth.names.genes.size();
  std::vector<double> sum(n_genes, 0.0), n(n_genes, 0.0);
  for (const std::size_t p : rows) {
    const PooledProfile& profile = truth.profiles[p];
    if (profile.n_cells == 0) continue;
    const auto cells = static_cast<double>(profile.n_cells);
    for (std::size_t g = 0; g < n_genes; ++g) {
      if (leave_own_out && truth.names.own[p] && *truth.names.own[p] == g) continue;
      sum[g] += profile.pooled[g] / cells;
      n[g] += 1;
    }
  }
  for (std::size_t g = 0; g < n_genes; ++g) sum[g] = n[g] > 0 ? static_cast<float>(sum[g] / n[g]) : 0;
  return sum;
}

}  // namespace headroom
