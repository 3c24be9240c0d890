// Groups of test perturbations by what is known of them, in which every result is told apart: a model may do well on
// strong effects alone. By effect size, cells and responding genes in terciles, and by the columns of a file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "summary.pb.h"
#include "summary/perturbation_facts.hpp"
#include "task/task.hpp"

namespace headroom {

// Columns of a file (--strata) with a value of each perturbation.
struct StrataTable {
  std::vector<std::string> columns;
  // By context (empty: of all) and perturbation, one a column; empty: none is told.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> values;
};

// CSV: pert_id, optionally context, and columns whose values name groups; one of more than ten different numbers is cut
// in terciles. Errors (bad_input): as of every table, no further column, a perturbation twice.
Result<StrataTable> read_strata_file(const std::filesystem::path& path);

// One group: which test rows, counted over the splits of a context one after the other.
struct Stratum {
  std::string by, name;
  std::optional<double> low, high;  // of what they are ordered by
  std::vector<std::size_t> tests;
};

// Of one context. What is not known of any perturbation, or the same of all, tells none apart: it has no strata. Nor
// has it fewer than kLeastInStratum perturbations in each.
inline constexpr std::size_t kLeastInStratum = 3;
std::vector<Stratum> strata_of(const ContextEvaluation& context, const Task& task, const CellCount& cell_count,
                               const StrataTable& table);

// Genes that respond to a perturbation: its labels that are not 0, else those whose delta is more than noise by its
// sampling error (normal test, Benjamini-Hochberg below 0.05); none: the task tells neither.
std::optional<double> n_responding_genes(const TaskContext& context, const Task& task, Eigen::Index row);

// All strata of all tables: a row a method. Empty where there is none.
std::string strata_csv(const RunSummary& summary);

}  // namespace headroom
