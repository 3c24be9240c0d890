// Where a task file holds labels of the DEG task, and reading them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "io/h5ad.hpp"
#include "outcome/outcome.hpp"
#include "task/task.hpp"

namespace headroom {

// What holds the labels.
enum class DegSource {
  layer,   // `deg`, as prepare writes it
  planes,  // `up`, `down` and `not_de` of 0 and 1
  x        // an int8 X
};

// nullopt: the file has no labels. `deltas_layer`: TaskOptions::layer; an X that it names holds deltas whatever its
// type.
std::optional<DegSource> find_deg_labels(const H5adFile& file, const std::string& deltas_layer);
// Whether such a file holds deltas, too: X does beside the layer `deg`, and any layer that was asked for does.
bool has_deltas_beside(const H5adFile& file, std::optional<DegSource> source, const std::string& deltas_layer);

// Fills TaskContext::deg of every context, and says in the task's notes which perturbations are without labels.
// `source_rows`: the file's row of each perturbation of each context; `joined`: rows of which several stand for one
// perturbation, which has no labels then. The moments of the control's cells are read where the file keeps them for its
// genes. With TaskParts::all_but_deltas labels and trials stay without rows.
// Errors (bad_input): a label that is not −1, 0 or +1, planes that are not one 1 and two 0, damaged trials, no labels
// at all in a file without deltas.
Result<void> read_deg_labels(const H5adFile& file, DegSource source,
                             const std::vector<std::vector<std::size_t>>& source_rows,
                             const std::vector<std::vector<bool>>& joined, TaskParts parts, Task* task);

}  // namespace headroom
