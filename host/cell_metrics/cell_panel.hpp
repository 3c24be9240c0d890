// The cells of one file brought together by context and perturbation, as raw counts: how both sides of a comparison of
// cells are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/group_counts.hpp"
#include "cells/cell_buckets.hpp"
#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "cells/gene_choice.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "review/review.hpp"

namespace headroom {

struct CellPanelOptions {
  // Columns, controls, spellings and contexts, as prepare reads them; batches play no part.
  CellColumnOptions columns;
  std::string layer;  // empty: X
  // Whether control cells must be there, as on the real side; else they are told apart where they are and may be
  // absent.
  bool needs_control = true;
  // Counts need not be whole, as those of a mean response.
  bool keep_fractions = false;
  ReviewOptions review;  // doubts that are accepted
  // Cells beyond this lie in a temporary file. Two files, the control's columns and the tables of a context of the
  // challenge's size stay together below 4 GB.
  std::uint64_t memory_limit_bytes = std::uint64_t{640} << 20;
};

struct CellPanel {
  struct Context {
    std::string name;
    std::vector<std::string> labels;  // perturbations, ascending
    std::vector<std::uint32_t> group;
    std::optional<std::uint32_t> control;  // group
  };

  std::string path, pert_column;
  std::string context_column;               // empty: there is none, and one context
  std::vector<std::string> control_labels;  // ascending; empty: none, or told by a flag
  std::vector<Context> contexts;            // ascending
  std::vector<std::string> picked;          // what was understood, for the user
  std::uint64_t n_left_out = 0;             // cells without a perturbation or a context, or of other contexts
  GeneChoice genes;
  Review review;  // doubts about genes and labels; nothing is settled yet

  std::size_t n_genes() const { return genes.kept.size(); }
  std::size_t n_cells(std::uint32_t group) const { return groups.groups[group].n_cells; }
  // Counts of each cell of a group, in the order of the file; after read_counts().
  std::vector<double> totals(std::uint32_t group) const;
  std::vector<std::string> gene_ids() const;
  // Every naming of the genes that the file has.
  std::vector<std::vector<std::string>> gene_namings() const;
  // Counts of a group, once for each group; safe from many threads.
  Result<void> take(std::uint32_t group, CellRows& rows) const;

  std::unique_ptr<CellSource> source;
  CellGroups groups;
  std::unique_ptr<CellBuckets> buckets;
  std::vector<double> total_of_cell;  // group by group
};

// The tables of a file, before any count. Labels that say that there is no perturbation (nan, unassigned) are left out,
// with a doubt.
Result<std::unique_ptr<CellPanel>> open_cell_panel(const std::filesystem::path& path, const CellPanelOptions& options);

// Perturbations of `context` that are other spellings of one of `labels` take its name, where spellings are one
// (LabelOptions::merge) and none has it already. What stays otherwise is nobody's spelling.
void take_spellings(const std::vector<std::string>& labels, const LabelOptions& options, CellPanel::Context& context);

// Reads the counts, in one pass. Errors (bad_input): a value that is negative, not finite or, unless it may be,
// fractional, each with its cell and gene; an entry beyond the genes.
Result<void> read_counts(CellPanel& panel, const CellPanelOptions& options, ThreadPool& pool, Progress& progress,
                         std::stop_token stop);

}  // namespace headroom
