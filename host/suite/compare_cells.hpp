// Predicted cells beside real ones, two files and nothing else: read, matched, and scored by a suite.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_calibration.hpp"
#include "cell_metrics/cell_panel.hpp"
#include "cell_metrics/suite.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "review/review.hpp"

namespace headroom {

struct KeptScreen;

enum class BaselineCells {
  tile,       // every cell holds the mean response, as published
  dispersed,  // control cells drawn anew, each gene scaled to the mean response
};

struct CompareOptions {
  CellPanelOptions real, predicted;
  BaselineCells baseline = BaselineCells::tile;
  // A gene's own perturbation does not count for its mean response.
  bool baseline_leaves_own_out = true;
  PanelCeilingWay ceiling = PanelCeilingWay::depth_right;
  // Second screens that are drawn where the way needs them. Unset: as many as make two hundred perturbations.
  std::optional<int> n_second_screens;
  SuiteOptions suite;
  ExcludedTargets excluded = ExcludedTargets::as_published;  // genes that metrics leave out
  // Distances of cells (kCellDistances) as well; the real cells are read a second time for them.
  bool distances = false;
  // Those of classic cell-eval (kClassicMetrics), and among them the one of distances over all pairs of cells.
  bool classic = false, classic_energy = false;
  // Of the metrics that are no members, these alone are told; empty: all.
  std::vector<std::string> metrics = {};
  // Asked about the doubts of each file before its cells are read; an error ends the comparison. Unset: nobody is.
  std::function<Result<void>(Review&)> settle;
  // How far a technical duplicate stands above nothing, by metric; needs the real cells in memory.
  bool calibrate = false;
};

struct ComparedContext {
  SuiteContext scores;
  std::vector<std::string> labels;
  std::vector<std::size_t> n_real_cells, n_predicted_cells;
  std::size_t n_control_cells = 0, n_tested_genes = 0, n_without_gene = 0;
  std::size_t n_left_out = 0;  // perturbations whose own gene, or genes of the panel that metrics leave out
  std::vector<ProtocolCalibration> calibration;  // empty: not asked for
};

struct CellComparison {
  std::vector<ComparedContext> contexts;  // ascending
  std::vector<std::uint32_t> split_seeds;
  std::vector<std::string> notes;
  std::vector<Doubt> doubts;    // of the real file, then of the prediction
  std::optional<double> score;  // mean of the contexts; absent: one has none
};

// Genes, contexts and labels must be the same on both sides; control rows of the prediction are left out. Errors
// (bad_input): a difference, with counts and names of both sides; too few control cells to split; what the engine
// finds.
Result<CellComparison> compare_cells(const std::filesystem::path& real, const std::filesystem::path& predicted,
                                     const CompareOptions& options, ThreadPool& pool, Progress& progress,
                                     std::stop_token stop);

// The same against what a task keeps of its cells (kept_screen.hpp).
Result<CellComparison> compare_with_kept(const KeptScreen& real, const std::filesystem::path& predicted,
                                         const CompareOptions& options, ThreadPool& pool, Progress& progress,
                                         std::stop_token stop);

// Own genes of a panel's perturbations, by any naming of the file's genes.
OwnGenes own_genes(const std::vector<std::string>& labels, const CellPanel& panel);

// "3 are missing: A, B, C": of names in `expected` that `given` lacks, at most twenty listed.
std::string names_missing(const std::vector<std::string>& expected, const std::vector<std::string>& given);

}  // namespace headroom
