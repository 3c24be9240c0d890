// Labels of the DEG task from the cells of a perturbation and its control (protocol section 8), and the same called
// anew from resampled cells, trial by trial. A trial is a column of integer weights: no cell is copied.
//
// Global design: all cells of the perturbation against all control cells of the context; a trial draws as many cells
// with replacement from each side, the control's draws shared by all perturbations. Matched design: one test on each
// plate against the controls of that plate, and the majority; a trial draws plates, and cells on every drawn plate.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cells/aligned_vector.hpp"
#include "cells/bootstrap.hpp"
#include "cells/cell_group.hpp"
#include "cells/pseudobulk.hpp"
#include "deg/label_call.hpp"
#include "parallel/thread_pool.hpp"
#include "task/deg_labels.hpp"

namespace headroom {

// Trials of the protocol: global 20; matched 3 draws of plates × 3 of cells.
inline constexpr int kDegTrials = 20, kDegPlateDraws = 3, kDegCellDraws = 3;
int n_deg_trials(Design design);

// What all perturbations of a context share.
struct DegControl {
  Design design = Design::global;
  std::uint32_t n_genes = 0;
  std::uint64_t key = 0;  // of the context's streams
  std::uint32_t n_cells = 0;
  RankCutoffs cutoffs{0};  // of n_genes
  // Global: genes × lanes; lane 0 the cells as they are, then the trials. Matched: empty.
  std::uint32_t n_lanes = 0;
  std::vector<SampleMoments> moments;
  bool has_halves = false;  // global: the last two of the lanes in use
  // Matched: one batch a block; must live as long as this. Global: null.
  const GeneMajorGroup* cells = nullptr;

  bool has_enough_cells() const;
};

// Global design: goes through the control's blocks and keeps their moments. Errors: those of `control`.
Result<DegControl> pooled_deg_control(GroupBlocks& control, std::uint32_t n_genes, const std::string& context,
                                      std::uint64_t seed, ThreadPool& pool);
// Of cells in memory.
DegControl pooled_deg_control(const CellRows& control, std::uint32_t n_genes, const std::string& context,
                              std::uint64_t seed, ThreadPool& pool);
// Matched design: keeps a reference to the control's cells.
DegControl plate_deg_control(const ContextControl& control, const std::string& context, std::uint64_t seed);

// Moments of the control's cells as they are, for whoever calls labels of other cells against them: pooled, or of every
// plate that has enough. `batches` names the plates.
DegControlCells control_cells(const DegControl& control, const std::vector<std::string>& batches);

// Why a perturbation is without labels, or that it has some.
enum class DegOutcome : std::uint8_t {
  labelled,
  too_few_cells,          // 30 or fewer; matched: 20 or fewer on every plate
  too_few_control_cells,  // fewer than 2; matched: on every plate that has enough cells
};

// Where the labels of one perturbation go.
struct DegTarget {
  DegLabels* labels = nullptr;          // its row and, where there are trials (n_deg_trials) and halves, these
  DegStatistics* statistics = nullptr;  // its row; null: not wanted. Matched: means over plates
  Eigen::Index row = 0;
};

// Buffers of one thread, reused from one perturbation to the next.
class DegWorkspace {
 public:
  explicit DegWorkspace(const DegControl& control);
  ~DegWorkspace();
  DegWorkspace(DegWorkspace&&) noexcept;
  DegWorkspace& operator=(DegWorkspace&&) noexcept;

  // Genes that did not vary, neither in any perturbation nor in its control, so far.
  const std::vector<bool>& constant_genes() const;

 private:
  friend DegOutcome call_deg_labels(const DegControl&, const CellRows&, const std::string&, const DegTarget&,
                                    DegWorkspace&);
  friend DegOutcome call_deg_labels(const DegControl&, const GeneMajorGroup&, const std::string&, const DegTarget&,
                                    DegWorkspace&);
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// `perturbation` names its streams: its labels depend on its own cells, the control, the context's name and the seed
// alone. DegLabels::has_labels is left to the caller, since its flags share bytes. In the matched design every batch of
// the cells has control cells, and no block spans batches.
DegOutcome call_deg_labels(const DegControl& control, const GeneMajorGroup& cells, const std::string& perturbation,
                           const DegTarget& target, DegWorkspace& workspace);
DegOutcome call_deg_labels(const DegControl& control, const CellRows& cells, const std::string& perturbation,
                           const DegTarget& target, DegWorkspace& workspace);

}  // namespace headroom
