#include "cells/perturbation_estimates.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>

#include "cells/task_content.hpp"

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
  CellRows cells;
  CellBuckets::TakeBuffers take;
  BootstrapWorkspace workspace;
};

Error stopped() { return {ErrorKind::interrupted, "stopped while resampling", {}, {}}; }

}  // namespace

Result<PerturbationEstimates> estimate_all(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                           const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                                           const std::stop_token& stop) {
  const std::vector<std::uint32_t> rows = task_rows(groups);
  PerturbationEstimates out;
  out.deltas.resize(static_cast<Eigen::Index>(rows.size()), n_genes);
  out.perturbations.resize(rows.size());
  out.controls.resize(groups.contexts.size());
  std::mutex mutex;
  std::optional<Error> error;
  for (std::size_t first = 0; first < rows.size();) {
    const std::uint32_t context = groups.groups[rows[first]].context;
    std::size_t last = first;
    while (last < rows.size() && groups.groups[rows[last]].context == context) ++last;

    // A context's control is the group before its perturbations.
    ContextControl control;
    {
      CellRows cells;
      CellBuckets::TakeBuffers take;
      if (auto taken = buckets.take(rows[first] - 1, cells, take); !taken) return tl::unexpected(taken.error());
      take = {};
      control = prepare_control(std::move(cells), options.design, n_genes, groups.contexts[context], options.bootstrap,
                                pool, progress, stop);
    }

    if (stop.stop_requested()) return tl::unexpected(stopped());
    out.controls[context] = control_of_all(control, groups, std::span(rows).subspan(first, last - first));

    // Large groups first, so that none is left running alone at the end.
    std::vector<std::size_t> order(last - first);
    std::iota(order.begin(), order.end(), first);
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
            std::unique_ptr<Worker>(new Worker{CellRows{}, CellBuckets::TakeBuffers{}, BootstrapWorkspace(control)}));
      std::unique_ptr<Worker> worker = std::move(idle.back());
      idle.pop_back();
      lock.unlock();
      const std::size_t row = order[i];
      const auto taken = buckets.take(rows[row], worker->cells, worker->take);
      if (taken) {
        PerturbationEstimate estimate =
            estimate_perturbation(control, worker->cells, groups.groups[rows[row]].perturbation, worker->workspace);
        out.deltas.row(static_cast<Eigen::Index>(row)) = estimate.delta;
        estimate.delta.resize(0);
        out.perturbations[row] = std::move(estimate);
        progress.advance(groups.groups[rows[row]].n_cells);
      }
      lock.lock();
      if (!taken) error = taken.error();
      idle.push_back(std::move(worker));
    });
    if (error) return tl::unexpected(*error);
    if (stop.stop_requested()) return tl::unexpected(stopped());
    first = last;
  }
  return out;
}

}  // namespace headroom
