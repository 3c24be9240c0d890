// The sampling error of deltas (protocol section 6): the two-stage bootstrap, the closed form and the disjoint halves,
// of one context, perturbation by perturbation. A draw is a column of integer weights; all draws of a perturbation are
// one thin product of weights and sparse cells, scored gene by gene as it is made.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cells/aligned_vector.hpp"
#include "cells/cell_group.hpp"
#include "cells/draw_metrics.hpp"
#include "cells/pseudobulk.hpp"
#include "cells/resampling.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "task/sampling_errors.hpp"

namespace headroom {

class GroupBlocks;

struct BootstrapOptions {
  int n_outer = 10;        // draws of batches, at least 1; the published pair is 10 × 10
  int n_inner = 10;        // draws of cells within each, at least 1
  int n_splits = 10;       // splits into disjoint halves, at least 0
  std::uint64_t seed = 0;  // of all streams; every stream is also keyed by context and perturbation
};

// The bad option, or nothing.
std::optional<Error> validate(const BootstrapOptions& options);

// What all perturbations of a context share.
struct ContextControl {
  Design design = Design::global;
  std::uint32_t n_genes = 0;
  LaneLayout layout;
  std::uint64_t key = 0;        // of the context's streams
  GeneMajorGroup cells;         // matched: kept, one batch a block; global: without blocks
  BatchMoments moments;         // batches × genes
  Profile profile;              // global design's control
  AlignedVector<double> draws;  // global: genes × lanes, minus the control's own draws and halves; matched: empty

  // Splits whose halves are kept of every perturbation.
  int n_kept_splits() const { return std::min(layout.n_splits, kKeptSplits); }
  // Global: per kept split half of the difference between the profiles of the control's halves (splits × genes).
  Matrix half_differences() const;
};

// `control` has at least one cell; in the global design its blocks are gone through once and not kept. `progress`
// advances by its cells. Asked to stop, it ends early with a result that is not to be used. Errors: those of `control`.
Result<ContextControl> prepare_control(GroupBlocks& control, Design design, std::uint32_t n_genes,
                                       const std::string& context, const BootstrapOptions& options, ThreadPool& pool,
                                       Progress& progress, const std::stop_token& stop);
// Of cells in memory.
ContextControl prepare_control(const CellRows& control, Design design, std::uint32_t n_genes,
                               const std::string& context, const BootstrapOptions& options, ThreadPool& pool,
                               Progress& progress, const std::stop_token& stop);

struct PerturbationEstimate {
  std::uint32_t n_cells = 0;
  std::uint32_t n_batches = 0;
  RowVector delta;                                            // genes: the point estimate of section 1
  std::array<NoiseScores, kNoiseQuantiles.size()> quantiles;  // of the draws' scores against delta
  double closed_form = 0;                                     // sqrt(Σ_g SE_g²), in units of L2
  // genes: the standard error of the delta from the perturbation's own cells; matched: and from the control's.
  Eigen::RowVectorXf sampling_error;
  // Kept splits × genes: half of the difference between the halves' deltas (SamplingErrors::halves); without rows
  // where split_half is absent.
  LabelMatrix half_codes;
  // genes: sum of all cells' values, and of their squares.
  RowVector sum, sum_of_squares;
  // Half A's delta scored against half B's, mean over the splits; absent where no batch can be halved (a batch needs
  // two cells, in the matched design two control cells as well).
  std::optional<NoiseScores> split_half;
};

// Buffers of one thread, reused from one perturbation to the next.
class BootstrapWorkspace {
 public:
  explicit BootstrapWorkspace(const ContextControl& control);
  ~BootstrapWorkspace();
  BootstrapWorkspace(BootstrapWorkspace&&) noexcept;
  BootstrapWorkspace& operator=(BootstrapWorkspace&&) noexcept;

 private:
  friend PerturbationEstimate estimate_perturbation(const ContextControl&, const CellRows&, const std::string&,
                                                    BootstrapWorkspace&);
  friend PerturbationEstimate estimate_perturbation(const ContextControl&, const GeneMajorGroup&, const std::string&,
                                                    BootstrapWorkspace&);
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// `cells` has at least one cell; in the matched design every one of its batches has control cells. `perturbation` names
// its streams, so its numbers depend on its own cells, the control, the context's name and the seed alone.
PerturbationEstimate estimate_perturbation(const ContextControl& control, const GeneMajorGroup& cells,
                                           const std::string& perturbation, BootstrapWorkspace& workspace);
PerturbationEstimate estimate_perturbation(const ContextControl& control, const CellRows& cells,
                                           const std::string& perturbation, BootstrapWorkspace& workspace);

}  // namespace headroom
