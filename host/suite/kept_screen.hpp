// What scoring predicted cells needs of a real screen, as a file beside a task: pooled counts and sampling terms, the
// tables of responding genes, the control's cells gene by gene, and what the halves scored. With it an organiser scores
// predictions without the cells at hand (prepare --cell-metrics, score TASK --suite).
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_panel.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "cells/prepare.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// Of a task's folder.
inline constexpr const char* kKeptScreenFile = "cell_metrics.h5ad";

struct KeptContext {
  PanelTruth truth;     // names.context: as the file calls it
  GroupCounts control;  // for second screens and dispersed baselines
  std::vector<std::string> notes;
  std::vector<GroupCounts> cells;  // of the perturbations, only where they were asked for
};

struct KeptScreen {
  std::string path;
  std::vector<std::string> genes, control_labels;
  std::vector<KeptContext> contexts;  // ascending
};

// Reduces one context of a file of real cells, with the official halves. `keep_cells`: with the perturbations' counts.
Result<KeptContext> reduce_context(const CellPanel& real, const CellPanel::Context& context, bool keep_cells,
                                   ThreadPool& pool, Progress& progress, std::stop_token stop);

// The cells of `prepare`, grouped as it groups them. Errors (bad_input): values that are no counts; what
// reduce_context() finds.
Result<KeptScreen> reduce_prepared_cells(const std::filesystem::path& cells, const PrepareOptions& options,
                                         ThreadPool& pool, Progress& progress, std::stop_token stop);

// Error: the folder cannot be written.
Result<void> write_kept_screen(const std::filesystem::path& path, const KeptScreen& screen);

// Whether a file is one of these.
bool is_kept_screen(const std::filesystem::path& path);

// Error (bad_input): absent (the remedy says how to make it), or damaged.
Result<KeptScreen> read_kept_screen(const std::filesystem::path& path, ThreadPool& pool);

}  // namespace headroom
