// Predicted cells of a panel against its real screen: what is kept of the screen, and every cell-level metric of a
// prediction, whoever makes its cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/control_columns.hpp"
#include "cell_metrics/de_metrics.hpp"
#include "cell_metrics/de_table.hpp"
#include "cell_metrics/group_counts.hpp"
#include "cell_metrics/panel_metrics.hpp"
#include "cell_metrics/pooled_profile.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// What a panel is about, before any count: one context.
struct PanelNames {
  std::string context;
  std::vector<std::string> labels;  // perturbations, ascending
  std::vector<std::string> genes;
  OwnGenes own;                          // of each perturbation; none: no gene of that name is measured
  std::vector<std::uint32_t> name_rank;  // genes, by byte order of their names
  std::vector<bool> is_target;           // genes that are some perturbation's own

  // `genes`: names; `own`: of `labels`.
  static PanelNames of(std::string context, std::vector<std::string> labels, std::vector<std::string> genes,
                       OwnGenes own);
};

struct PanelScores {
  std::vector<std::size_t> rows;  // perturbations of the panel that are scored, ascending
  // One a row.
  std::vector<DeMetrics> de;
  std::vector<double> discrimination;
  ErrorRatio ratio;
  std::vector<DeltaAgreement> delta;
  std::vector<std::size_t> n_cells;  // of the prediction
};

// The real screen, reduced to what a prediction is compared with.
struct PanelTruth {
  PanelNames names;
  std::vector<PooledProfile> profiles;  // perturbations
  std::vector<DeTable> tables;
  PooledProfile control;
  ControlColumns columns;
  // Half B of the cells scored as a prediction of half A, each with its own control: one an official split.
  std::vector<PanelScores> replicates;
};

// Gives the counts of one perturbation. Called from several threads, each perturbation once.
using GroupMaker = std::function<Result<void>(std::size_t perturbation, GroupCounts& out)>;

// `control`: of the context; `make`: its perturbations. `parts`: halves of the control (first) and of each
// perturbation; empty: no replicates. Errors: bad_input where the gate leaves no gene; make's.
Result<PanelTruth> panel_truth(PanelNames names, const GroupCounts& control, const std::vector<CellParts>& parts,
                               const GroupMaker& make, ThreadPool& pool, Progress& progress, std::stop_token stop);

// A prediction's cells against the real screen, measured from the real control.
Result<PanelScores> score_cells(const PanelTruth& truth, const GroupMaker& make, ThreadPool& pool, Progress& progress,
                                std::stop_token stop);

// Every perturbation predicted by cells that all hold one profile (genes), as many as there are real ones.
PanelScores score_tile(const PanelTruth& truth, const std::vector<double>& profile, ThreadPool& pool);

// The mean response: the mean over perturbations of their mean counts; with `leave_own_out` a gene's own perturbation
// does not count for it (metrics.md 3.1). `rows`: the perturbations that count. Rounded to 32 bits, as the cells of a
// file of it are.
std::vector<double> mean_response(const PanelTruth& truth, const std::vector<std::size_t>& rows, bool leave_own_out);

}  // namespace headroom
