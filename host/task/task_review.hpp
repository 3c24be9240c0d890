// What is doubtful about a task of deltas: its labels, its genes, and which gene each perturbation aims at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/h5ad.hpp"
#include "outcome/outcome.hpp"
#include "review/label_review.hpp"
#include "review/review.hpp"
#include "task/task.hpp"

namespace headroom {

// Every naming of the genes: the index, then the columns of var that hold text.
struct GeneColumns {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> ids;
};

Result<GeneColumns> read_gene_columns(const H5adFile& file, const std::optional<std::string>& wanted);

// What every label is, counted over the rows that no flag calls control.
ReadLabels review_perturbations(const H5adFile& file, const LabelColumn& perts, const std::vector<bool>& control,
                                const GeneColumns& genes, const TaskOptions& options, Review& review);

// Rows that are numbered in order beside a column that may name their perturbations, none of which has a usual name:
// bad_input, with the columns to choose from.
Result<void> require_named_rows(const H5adFile& file, const LabelColumn& row_names,
                                const std::optional<LabelColumn>& contexts);

// Perturbation ids that are guides, of which a column of obs says that several aim at one gene. `rows`: those of the
// task's perturbations.
void review_guides(const H5adFile& file, const LabelColumn& perts, const std::vector<std::size_t>& rows,
                   const TaskOptions& options, Review& review);

// Perturbation ids that are row numbers of var are no genes, and row numbers of var name none.
void review_gene_ids(const TaskOptions& options, const Task& task, Review& review);

// Fills TaskContext::target_gene, by the labels or by a column of obs. `source_rows`: the file's row of each
// perturbation of each context.
Result<void> find_targets(const H5adFile& file, const GeneColumns& genes, const TaskOptions& options,
                          const std::vector<std::vector<std::size_t>>& source_rows, Review& review, Task* task);

}  // namespace headroom
