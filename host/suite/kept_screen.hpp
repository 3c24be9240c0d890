// What scoring predicted cells needs of a real screen, as a part of its task: pooled counts and sampling terms, the
// tables of responding genes, the control's cells gene by gene, and what the halves scored. With it an organiser scores
// predictions without the cells at hand (prepare --cell-metrics, score TASK).
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_panel.hpp"
#include "cell_metrics/classic_metrics.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "cells/prepare.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

struct KeptContext {
  PanelTruth truth;     // names.context: as the file calls it
  GroupCounts control;  // for second screens and dispersed baselines
  std::vector<std::string> notes;
  std::vector<GroupCounts> cells;      // of the perturbations, only where they were asked for
  std::optional<ClassicSide> classic;  // likewise
};

struct KeptScreen {
  std::string path;
  std::vector<std::string> genes, control_labels;
  std::vector<KeptContext> contexts;  // ascending
};

// What of a context's cells is kept, and how metrics are taken of its halves.
struct Reduction {
  bool keep_cells = false;                                   // the perturbations' counts
  ExcludedTargets excluded = ExcludedTargets::as_published;  // genes that metrics leave out
  std::vector<std::vector<std::uint32_t>> top_genes = {};    // of each perturbation; empty: none (PanelTruth::top)
  bool finds_top_genes = false;                              // they are found instead; see fill_top_cells()
  bool classic = false, classic_energy = false;              // KeptContext::classic, and its distances
};

// Reduces one context of a file of real cells, with the official halves.
Result<KeptContext> reduce_context(const CellPanel& real, const CellPanel::Context& context, const Reduction& how,
                                   ThreadPool& pool, Progress& progress, std::stop_token stop);

// The cells of distances (PanelTruth::top), of which reduce_context() has found the genes alone: which these are, only
// all of the cells tell. `real`: the same file, its counts read once more.
Result<void> fill_top_cells(const CellPanel& real, const CellPanel::Context& context, ThreadPool& pool,
                            PanelTruth& truth);

// The cells of `prepare`, grouped as it groups them. `top_genes`: of each perturbation, context by context. Errors
// (bad_input): values that are no counts; what reduce_context() finds.
Result<KeptScreen> reduce_prepared_cells(const std::filesystem::path& cells, const PrepareOptions& options,
                                         const std::vector<std::vector<std::uint32_t>>& top_genes, ThreadPool& pool,
                                         Progress& progress, std::stop_token stop);

// Adds to the content of a task what its cells are kept for; `cells` and `options` as of prepare(), whose addition it
// is (PrepareOptions::addition). All that is given outlives it, and it outlives the writing of the content. `notes`
// takes one sentence each.
//
// The layers cell_counts (pooled counts), cell_p and cell_lfc (tables of responding genes), obs cell_own (the own gene;
// a column called "gene" would be read as what perturbations aim at) and cell_sampling; in uns a table a context
// (cell_metrics_0 …) with the control's counts gene by gene, the totals of all cells, and the numbers of the official
// halves, in total and of each perturbation, with how well each perturbation's halves agree.
TaskAddition keep_cell_metrics(const std::filesystem::path& cells, const PrepareOptions& options, ThreadPool& pool,
                               Progress& progress, std::stop_token stop, std::vector<std::string>& notes);

// `path`: a task. Error (bad_input): it keeps nothing of its cells (the remedy says how to make it), or what it keeps
// is damaged.
Result<KeptScreen> read_kept_screen(const std::filesystem::path& path, ThreadPool& pool);

}  // namespace headroom
