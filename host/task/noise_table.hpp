// The noise table of a task: how far resampled deltas of each perturbation lie from its measured one, as quantiles per
// metric (protocol section 6). It bounds what any predictor can reach.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "task/task.hpp"

namespace headroom {

struct NoiseContext {
  std::string name;                     // the task's name of the context
  std::vector<std::string> pert_ids;    // ascending in byte order
  std::vector<std::int64_t> n_batches;  // one a perturbation; empty: the table does not say
  Matrix values;      // perturbations × (quantiles · metrics), metric fastest; NaN: the table has no value
  Matrix references;  // perturbations × further columns; NaN: the table has no value
};

struct NoiseTable {
  std::vector<double> quantiles;               // ascending, each in [0, 1]
  std::vector<std::string> metrics;            // names of the protocol, in the table's order
  std::vector<std::string> reference_columns;  // further numeric columns: closed_form, split_half, n_cells, …
  std::vector<NoiseContext> contexts;          // ascending by name
  std::string path;
  std::string sha256;
  std::vector<std::string> notes;

  // nullopt: the table has no such context, perturbation, metric or quantile, or no number there.
  std::optional<double> value(std::string_view context, std::string_view pert_id, std::string_view metric,
                              double quantile) const;
  // A further column, one value a perturbation (whatever the quantile).
  std::optional<double> reference(std::string_view context, std::string_view pert_id, std::string_view column) const;
  std::optional<std::int64_t> n_batches(std::string_view context, std::string_view pert_id) const;
  bool covers_context(std::string_view context) const;
};

// Reads a table as `prepare` writes it or as it was published: columns quantile, pert_id, at least one metric (one
// `value` column is L2), and optionally n_batches_pert, a context (matched to the task's by name, by the part behind
// the last '_', or without regard to case), and further numeric columns. Any order; an unnamed first column is passed
// over, and so are rows that name no perturbation and the columns that only those fill (what prepare --deg tells of
// folds as a whole). Perturbations that either side lacks are counted in notes. Where the task's spellings were joined,
// so are the table's: the mean of their values, which is noted. Errors (bad_input): a missing column, a cell that is no
// number (an empty one or "nan" is no value), a quantile outside [0, 1], the same quantile twice, no context column
// where the task has several, nothing that matches the task.
Result<NoiseTable> read_noise_table(const std::filesystem::path& path, const Task& task);

// Writes `quantile,METRICS…,pert_id,n_batches_pert[,context][,further columns]`; the context where there
// are several or it has a name of its own. Read back, it is the same table.
Result<void> write_noise_table(const std::filesystem::path& path, const NoiseTable& table);

}  // namespace headroom
