// Predicted cells of a panel against its real screen: what is kept of the screen, and every cell-level metric of a
// prediction, whoever makes its cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/control_columns.hpp"
#include "cell_metrics/de_metrics.hpp"
#include "cell_metrics/de_table.hpp"
#include "cell_metrics/group_counts.hpp"
#include "cell_metrics/half_agreement.hpp"
#include "cell_metrics/panel_metrics.hpp"
#include "cell_metrics/pooled_profile.hpp"
#include "cell_metrics/top_cells.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "protocol/target_exclusion.hpp"

namespace headroom {

// What a panel is about, before any count: one context.
struct PanelNames {
  std::string context;
  std::vector<std::string> labels;  // perturbations, ascending
  std::vector<std::string> genes;
  OwnGenes own;                          // of each perturbation; none: no gene of that name is measured
  std::vector<std::uint32_t> name_rank;  // genes, by byte order of their names
  std::vector<bool> is_target;           // genes that are some perturbation's own
  // Which genes metrics leave out. As published: discrimination those of the panel, the other members of the suite the
  // own one, and what is not scored none. Anything else holds for every metric.
  ExcludedTargets excluded = ExcludedTargets::as_published;

  // `genes`: names; `own`: of `labels`.
  static PanelNames of(std::string context, std::vector<std::string> labels, std::vector<std::string> genes,
                       OwnGenes own);
};

// What metrics of pooled profiles leave out of `rows`: as is asked for all metrics, or else `by_default`.
LeftOutGenes left_out_genes(const PanelNames& names, const std::vector<std::size_t>& rows, ExcludedTargets by_default);

// One number a perturbation by a name that users know, and its total.
struct MetricValues {
  std::string name;
  std::vector<double> values;       // rows of the scores; NaN: undefined there
  std::optional<double> total;      // nullopt: undefined
  std::size_t n = 0;                // rows that the total is of
  std::optional<double> fill = {};  // what an undefined row counts as in the total; nullopt: it is left out
};

struct PanelScores {
  std::vector<std::size_t> rows;  // perturbations of the panel that are scored, ascending
  // One a row.
  std::vector<DeMetrics> de;
  std::vector<double> discrimination;
  ErrorRatio ratio;
  std::vector<DeltaAgreement> delta;
  std::vector<std::size_t> n_cells;  // of the prediction
  std::vector<double> mean_total;    // counts of a cell of the prediction, on average; of a tile empty
  // Of the prediction: pooled log profiles (genes) and their sampling terms; of halves none.
  std::vector<std::shared_ptr<const std::vector<double>>> y;
  std::vector<double> sampling;
  std::vector<CellDistances> distances;  // one a row; empty: the screen has no cells of its own (PanelTruth::top)
};

// The real screen, reduced to what a prediction is compared with.
struct PanelTruth {
  PanelNames names;
  std::vector<PooledProfile> profiles;      // perturbations
  std::vector<std::vector<double>> totals;  // perturbations: cells' counts
  std::vector<DeTable> tables;
  PooledProfile control;
  ControlColumns columns;
  std::vector<TopCells> top;  // perturbations; empty: distances of cells are not asked for
  // Half B of the cells scored as a prediction of half A, each with its own control: one an official split.
  std::vector<PanelScores> replicates;
  // How well each perturbation's halves agree; empty: nothing is known of halves.
  std::vector<HalfAgreement> half_agreement;
  // Their numbers by name, a list a split: all that a screen that was kept has of them, of all perturbations there.
  std::vector<std::vector<MetricValues>> replicate_metrics;
};

// The error ratio over some of the screen's perturbations alone, each with a prediction of its own: what a prediction
// may claim as its noise depends on whom it is compared over. `predicted`: one a row, with the row's place in it.
struct PredictedRow {
  const PanelScores* scores = nullptr;
  std::size_t place = 0;  // in scores->rows
};
ErrorRatio error_ratio_of(const PanelTruth& truth, const std::vector<std::size_t>& rows,
                          const std::vector<PredictedRow>& predicted);

// Gives the counts of one perturbation. Called from several threads, each perturbation once.
using GroupMaker = std::function<Result<void>(std::size_t perturbation, GroupCounts& out)>;

// `control`: of the context; `make`: its perturbations. `parts`: halves of the control (first) and of each
// perturbation; empty: no replicates. Errors: bad_input where the gate leaves no gene; make's.
Result<PanelTruth> panel_truth(PanelNames names, const GroupCounts& control, const std::vector<CellParts>& parts,
                               const GroupMaker& make, ThreadPool& pool, Progress& progress, std::stop_token stop);

// A prediction's cells against the real screen, measured from the real control. `rows`: the perturbations that it
// predicts, ascending; empty: all. Rivals are the whole screen's, whatever the rows.
Result<PanelScores> score_cells(const PanelTruth& truth, const GroupMaker& make, ThreadPool& pool, Progress& progress,
                                std::stop_token stop, const std::vector<std::size_t>& rows = {});

// Second screens of the same truth (effect_model.hpp), at the depth of a prediction: its cells per perturbation and
// their mean counts (nullptr: those of the real screen). Each is scored as a prediction, from the same real control.
Result<std::vector<PanelScores>> score_drawn_screens(const PanelTruth& truth, const GroupCounts& control,
                                                     const PanelScores* depth_of, int n_screens, std::uint64_t seed,
                                                     ThreadPool& pool, Progress& progress, std::stop_token stop);

// What second screens would score if this one had `times` its cells, those of the control included, and they as well:
// the first screen is drawn, too.
Result<std::vector<PanelScores>> score_deeper_screens(const PanelTruth& truth, const GroupCounts& control, double times,
                                                      int n_screens, std::uint64_t seed, ThreadPool& pool,
                                                      Progress& progress, std::stop_token stop);

// Every perturbation predicted by cells that all hold one profile (genes), as many as there are real ones.
PanelScores score_tile(const PanelTruth& truth, const std::vector<double>& profile, ThreadPool& pool);

// Every perturbation predicted to be as the control: no effect, and no gene called.
PanelScores score_no_change(const PanelTruth& truth, ThreadPool& pool);

// The mean response: the mean over perturbations of their mean counts; with `leave_own_out` a gene's own perturbation
// does not count for it (metrics.md 3.1). `rows`: the perturbations that count. Rounded to 32 bits, as the cells of a
// file of it are.
std::vector<double> mean_response(const PanelTruth& truth, const std::vector<std::size_t>& rows, bool leave_own_out);

}  // namespace headroom
