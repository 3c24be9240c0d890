#include "cells/perturbation_estimates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>

#include "cells/group_blocks.hpp"
#include "cells/memory_shares.hpp"
#include "cells/task_content.hpp"
#include "cells/wmse_weights.hpp"
#include "deg/label_call.hpp"

namespace headroom {
namespace {

// The profile that every delta of the context was taken from. In the matched design a delta is taken from the controls
// of the perturbation's own batches, so there is one only where all perturbations lie in the same batches.
std::optional<RowVector> control_of_all(const ContextControl& control, const CellGroups& groups,
                                        std::span<const std::uint32_t> rows) {
  if (control.design == Design::global) return control.profile.mean;
  const auto& batches = groups.groups[rows.front()].batches;
  const bool same =
      std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) { return groups.groups[row].batches == batches; });
  if (!same) return std::nullopt;
  RowVector mean = RowVector::Zero(control.moments.mean.cols());
  for (const std::uint32_t batch : batches) {
    mean += control.moments.mean.row(static_cast<Eigen::Index>(find_batch(control.moments.spans, batch)));
  }
  return mean / static_cast<double>(batches.size());
}

// What one thread needs for one perturbation after the other.
struct Worker {
  GeneMajorGroup cells;
  BlockBuffers take;
  BootstrapWorkspace workspace;
  std::optional<DegWorkspace> labels;
};

std::string in_named_context(const CellGroups& groups, std::uint32_t context) {
  return groups.contexts.size() > 1 ? " in " + groups.contexts[context] : "";
}

CalledLabels empty_labels(std::size_t n_rows, std::uint32_t n_genes, const PrepareOptions& options) {
  CalledLabels out;
  const auto rows = static_cast<Eigen::Index>(n_rows), genes = static_cast<Eigen::Index>(n_genes);
  out.labels.labels = LabelMatrix::Zero(rows, genes);
  out.labels.trials.emplace(n_deg_trials(options.design), rows, genes);
  out.labels.halves.emplace(2, rows, genes);
  out.outcomes.assign(n_rows, DegOutcome::too_few_cells);
  out.is_constant.assign(n_genes, 1);
  if (!options.deg_statistics) return out;
  const Matrix none = Matrix::Constant(rows, genes, std::numeric_limits<double>::quiet_NaN());
  out.statistics.emplace(DegStatistics{none, none});
  return out;
}

// Says what has no labels, and moves the labels to the others.
void finish_labels(CalledLabels done, const PrepareOptions& options, const std::string& in,
                   PerturbationEstimates& out) {
  std::size_t n_of[3] = {0, 0, 0};
  for (const DegOutcome outcome : done.outcomes) {
    ++n_of[static_cast<std::size_t>(outcome)];
    done.labels.has_labels.push_back(outcome == DegOutcome::labelled);
  }
  const std::size_t n_rows = done.outcomes.size();
  const bool pooled = options.design == Design::global;
  if (const std::size_t n = n_of[static_cast<std::size_t>(DegOutcome::too_few_cells)]; n > 0) {
    out.label_notes.push_back(
        fmt::format("{} of {} perturbations{} are without labels of responding genes: {} cells or fewer{}", n, n_rows,
                    in, pooled ? kMostUnlabelledCells : kMostPlateCells, pooled ? "" : " on every plate"));
  }
  if (const std::size_t n = n_of[static_cast<std::size_t>(DegOutcome::too_few_control_cells)]; n > 0) {
    out.label_notes.push_back(
        fmt::format("{} of {} perturbations{} are without labels of responding genes: fewer than {} control cells{}", n,
                    n_rows, in, kLeastControlCells, pooled ? "" : " on every plate"));
  }
  const auto n_constant = std::count(done.is_constant.begin(), done.is_constant.end(), 1);
  if (n_constant > 0 && n_of[static_cast<std::size_t>(DegOutcome::labelled)] > 0) {
    out.label_notes.push_back(
        fmt::format("{} of {} genes{} have the same value in every cell that labels come from: "
                    "their labels are 0",
                    n_constant, done.is_constant.size(), in));
  }
  out.labels.push_back(std::move(done.labels));
  if (done.statistics) out.statistics.push_back(std::move(*done.statistics));
}

// Moves what is kept of sampling errors to its place.
void keep_errors(PerturbationEstimate& estimate, Eigen::Index row, PerturbationEstimates& out) {
  out.sampling_errors.row(row) = estimate.sampling_error;
  for (Eigen::Index k = 0; k < estimate.half_codes.rows(); ++k) {
    out.halves[static_cast<std::size_t>(k)].row(row) = estimate.half_codes.row(k);
  }
  estimate.sampling_error.resize(0);
  estimate.half_codes.resize(0, 0);
}

Error stopped() { return {ErrorKind::interrupted, "stopped while resampling", {}, {}}; }

std::size_t end_of_context(const CellGroups& groups, const std::vector<std::uint32_t>& rows, std::size_t first) {
  std::size_t last = first;
  while (last < rows.size() && groups.groups[rows[last]].context == groups.groups[rows[first]].context) ++last;
  return last;
}

// Called with each context that has one of the rows, in order.
using TakeContext = std::function<void(UnfinishedContext, PerturbationEstimates&)>;

// `wanted`: as estimate_some(); empty: all rows.
Result<PerturbationEstimates> estimate_rows(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                            const PrepareOptions& options, const std::vector<std::uint8_t>& wanted,
                                            const TakeContext& take_context, ThreadPool& pool, Progress& progress,
                                            const std::stop_token& stop) {
  const std::vector<std::uint32_t> rows = task_rows(groups);
  PerturbationEstimates out = empty_estimates(groups, n_genes, options);
  std::mutex mutex;
  std::optional<Error> error;
  for (std::size_t first = 0; first < rows.size();) {
    const std::uint32_t context = groups.groups[rows[first]].context;
    const std::size_t last = end_of_context(groups, rows, first);
    std::vector<std::size_t> order;
    for (std::size_t row = first; row < last; ++row) {
      if (wanted.empty() || wanted[row] != 0) order.push_back(row);
    }
    if (order.empty()) {
      first = last;
      continue;
    }

    // A context's control is the group before its perturbations.
    ContextControl control;
    std::optional<DegControl> label_control;
    {
      const auto blocks =
          blocks_of_group(buckets, rows[first] - 1, n_genes,
                          memory_shares(options.memory_limit_bytes, groups.group_of_cell.size()).control);
      const bool pooled = options.design == Design::global;
      if (options.deg && pooled) {
        auto labels = pooled_deg_control(*blocks, n_genes, groups.contexts[context], options.bootstrap.seed, pool);
        if (!labels) return tl::unexpected(labels.error());
        label_control = std::move(*labels);
      }
      auto prepared = prepare_control(*blocks, options.design, n_genes, groups.contexts[context], options.bootstrap,
                                      pool, progress, stop);
      if (!prepared) return tl::unexpected(prepared.error());
      control = std::move(*prepared);
      buckets.forget(rows[first] - 1);
      if (options.deg && !pooled) {
        label_control = plate_deg_control(control, groups.contexts[context], options.bootstrap.seed);
      }
    }

    if (stop.stop_requested()) return tl::unexpected(stopped());
    out.controls[context] = control_of_all(control, groups, std::span(rows).subspan(first, last - first));
    if (control.design == Design::global) {
      out.control_errors[context] = control.profile.squared_error.cwiseSqrt();
      out.control_halves[context] = control.half_differences();
    }
    UnfinishedContext unfinished = empty_context(groups, first, n_genes, options);
    SumsOfCells& sums = unfinished.sums;
    std::optional<CalledLabels>& labels = unfinished.labels;

    // Large groups first, so that none is left running alone at the end.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return groups.groups[rows[a]].n_cells > groups.groups[rows[b]].n_cells;
    });
    std::vector<std::unique_ptr<Worker>> idle;
    pool.for_each(order.size(), [&](std::size_t i) {
      if (stop.stop_requested()) return;
      std::unique_lock lock(mutex);
      if (error) return;
      if (idle.empty())
        idle.push_back(
            std::unique_ptr<Worker>(new Worker{GeneMajorGroup{}, BlockBuffers{}, BootstrapWorkspace(control), {}}));
      std::unique_ptr<Worker> worker = std::move(idle.back());
      idle.pop_back();
      lock.unlock();
      const std::size_t row = order[i];
      const auto taken =
          take_blocks(buckets, rows[row], n_genes, options.design == Design::matched, worker->take, worker->cells);
      if (taken) {
        PerturbationEstimate estimate =
            estimate_perturbation(control, worker->cells, groups.groups[rows[row]].perturbation, worker->workspace);
        out.deltas.row(static_cast<Eigen::Index>(row)) = estimate.delta;
        keep_errors(estimate, static_cast<Eigen::Index>(row), out);
        const auto of_context = static_cast<Eigen::Index>(row - first);
        sums.sum.row(of_context) = estimate.sum;
        sums.sum_of_squares.row(of_context) = estimate.sum_of_squares;
        sums.n_cells[of_context] = estimate.n_cells;
        for (RowVector* moved : {&estimate.delta, &estimate.sum, &estimate.sum_of_squares}) moved->resize(0);
        out.perturbations[row] = std::move(estimate);
        if (labels) {
          if (!worker->labels) worker->labels.emplace(*label_control);
          const DegTarget target{&labels->labels, labels->statistics ? &*labels->statistics : nullptr,
                                 static_cast<Eigen::Index>(row - first)};
          labels->outcomes[row - first] = call_deg_labels(
              *label_control, worker->cells, groups.groups[rows[row]].perturbation, target, *worker->labels);
        }
        progress.advance(groups.groups[rows[row]].n_cells);
      }
      lock.lock();
      if (!taken) error = taken.error();
      idle.push_back(std::move(worker));
    });
    if (error) return tl::unexpected(*error);
    if (stop.stop_requested()) return tl::unexpected(stopped());
    if (labels) {
      for (const auto& worker : idle) {
        if (!worker->labels) continue;
        const std::vector<bool>& of_worker = worker->labels->constant_genes();
        for (std::uint32_t g = 0; g < n_genes; ++g) {
          labels->is_constant[g] = static_cast<std::uint8_t>(labels->is_constant[g] != 0 && of_worker[g]);
        }
      }
      if (options.design == Design::global && !label_control->has_halves) labels->labels.halves.reset();
      if (DegControlCells of_control = control_cells(*label_control, groups.batches); !of_control.plates.empty()) {
        labels->labels.control = std::move(of_control);
      }
    }
    take_context(std::move(unfinished), out);
    first = last;
  }
  return out;
}

}  // namespace

PerturbationEstimates empty_estimates(const CellGroups& groups, std::uint32_t n_genes, const PrepareOptions& options) {
  const std::size_t n_rows = task_rows(groups).size();
  PerturbationEstimates out;
  out.deltas.resize(static_cast<Eigen::Index>(n_rows), n_genes);
  out.perturbations.resize(n_rows);
  out.controls.resize(groups.contexts.size());
  out.control_errors.resize(groups.contexts.size());
  out.control_halves.resize(groups.contexts.size());
  out.sampling_errors.resize(out.deltas.rows(), n_genes);
  out.wmse_weights.resize(out.deltas.rows(), n_genes);
  out.halves.assign(static_cast<std::size_t>(std::min(options.bootstrap.n_splits, kKeptSplits)),
                    LabelMatrix::Constant(out.deltas.rows(), n_genes, kNoHalves));
  return out;
}

UnfinishedContext empty_context(const CellGroups& groups, std::size_t first_row, std::uint32_t n_genes,
                                const PrepareOptions& options) {
  const std::vector<std::uint32_t> rows = task_rows(groups);
  const std::size_t n_rows = end_of_context(groups, rows, first_row) - first_row;
  const auto n = static_cast<Eigen::Index>(n_rows);
  UnfinishedContext context;
  context.context = groups.groups[rows[first_row]].context;
  context.first_row = first_row;
  context.sums = {Matrix(n, n_genes), Matrix(n, n_genes), Vector(n)};
  if (options.deg) context.labels = empty_labels(n_rows, n_genes, options);
  return context;
}

void finish_context(UnfinishedContext context, const CellGroups& groups, const PrepareOptions& options,
                    PerturbationEstimates& out) {
  out.wmse_weights.middleRows(static_cast<Eigen::Index>(context.first_row), context.sums.sum.rows()) =
      wmse_weights(context.sums);
  if (!context.labels) return;
  finish_labels(std::move(*context.labels), options, in_named_context(groups, context.context), out);
}

Result<SomeEstimates> estimate_some(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                    const PrepareOptions& options, const std::vector<std::uint8_t>& wanted,
                                    ThreadPool& pool, Progress& progress, const std::stop_token& stop) {
  std::vector<UnfinishedContext> unfinished;
  auto estimates = estimate_rows(
      buckets, groups, n_genes, options, wanted,
      [&](UnfinishedContext context, PerturbationEstimates&) { unfinished.push_back(std::move(context)); }, pool,
      progress, stop);
  if (!estimates) return tl::unexpected(estimates.error());
  return SomeEstimates{std::move(*estimates), std::move(unfinished)};
}

Result<PerturbationEstimates> estimate_all(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                           const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                                           const std::stop_token& stop) {
  return estimate_rows(
      buckets, groups, n_genes, options, {},
      [&](UnfinishedContext context, PerturbationEstimates& out) {
        finish_context(std::move(context), groups, options, out);
      },
      pool, progress, stop);
}

}  // namespace headroom
