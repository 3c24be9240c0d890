// What a head is told of rows beside their features: their contexts' control profiles and, where they lie in several
// (protocol section 10), which are of one context and which of one perturbation, and features of the profiles for heads
// that look at features alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "plan/split.hpp"
#include "task/task.hpp"

namespace headroom {

struct RowsAcross {
  std::vector<std::string> contexts;                                     // names by number
  Matrix control_profiles;                                               // contexts × genes
  std::vector<std::uint8_t> has_profile;                                 // one a context
  std::vector<std::int32_t> training_contexts, test_contexts;            // numbers, one a row
  std::vector<std::int32_t> training_perturbations, test_perturbations;  // equal codes: one perturbation
  // contexts × components: the control profiles, standardised and projected by those of the contexts that are trained
  // on. No columns: one is trained on, or a profile is lacking.
  Matrix context_features;
};

// `contexts`: of the task, ascending: those of the rows.
RowsAcross rows_across(const Task& task, const std::vector<std::size_t>& contexts, const std::vector<TaskRow>& training,
                       const std::vector<TaskRow>& tests);

// Inner splits of some training rows: positions among `training` (positions in the fold's) that are held out,
// ascending. Where no perturbation is both trained on and tested, none is on both sides of an inner split either: its
// rows in several contexts are held out together. `across`: of the fold; null: it has one context.
std::vector<RowIndex> inner_splits(const RowsAcross* across, const RowIndex& training, int n_splits,
                                   std::optional<std::uint32_t> seed);

// Error (bad_input): an inner split that holds out nothing, where rows are of fewer perturbations than there are
// splits.
Result<void> require_queries(const std::vector<RowIndex>& inner_queries);

}  // namespace headroom
