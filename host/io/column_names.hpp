// The column names that labs use, in the order in which they are tried (contract, "Column names differ").
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace headroom {

inline constexpr std::array<std::string_view, 5> kPertColumns{"pert_id", "gene_id", "target_gene", "perturbation",
                                                              "condition"};
inline constexpr std::array<std::string_view, 3> kContextColumns{"context", "cell_line", "cell_type"};
inline constexpr std::array<std::string_view, 3> kFoldColumns{"test_split", "fold", "split"};
inline constexpr std::array<std::string_view, 4> kBatchColumns{"gem_group", "batch", "plate", "replicate"};  // of cells
inline constexpr std::string_view kControlColumn = "is_control";

// A task keeps the mean expression of a context's control in a column of var named by this prefix and the context; '/'
// and '%', which a name inside an h5ad cannot hold or which would make it ambiguous, are written as %2F and %25.
inline constexpr std::string_view kControlProfilePrefix = "control_profile:";
inline std::string control_profile_column(std::string_view context) {
  std::string name(kControlProfilePrefix);
  for (const char c : context) {
    if (c == '/' || c == '%') {
      name += c == '/' ? "%2F" : "%25";
    } else {
      name += c;
    }
  }
  return name;
}
// Beside it, where its cells were there: the control's standard error, and how far its halves lie apart
// (task/sampling_errors.hpp).
inline constexpr std::string_view kControlErrorPrefix = "control_error:", kControlHalfPrefix = "control_half_";
inline bool is_kept_of_control(std::string_view column) {
  return column.starts_with(kControlProfilePrefix) || column.starts_with(kControlErrorPrefix) ||
         column.starts_with(kControlHalfPrefix);
}
// Text in uns: why a context has no such column.
inline constexpr const char* kControlNoteKey = "control_profile_note";
// Text in uns: the label of the fold column whose perturbations are trained on in every fold and tested in none.
inline constexpr const char* kTrainedOnKey = "headroom_trained_on";
// Text in uns: on which splits a run goes by default (split_text()).
inline constexpr const char* kSplitKey = "headroom_split";
// Text in uns: the version of what the task keeps of its cells for scoring predicted ones (suite/kept_screen.hpp).
inline constexpr const char* kCellMetricsKey = "headroom_cell_metrics";
// Column of obs that `prepare --group-col` keeps.
inline constexpr const char* kFoldGroupColumn = "fold_group";

// The second target of a task (protocol section 8): labels in a layer, which rows have them, the labels of resampled
// cells and the moments of the control's cells in uns; t and adjusted p in layers of their own.
inline constexpr const char* kDegLayer = "deg";
inline constexpr const char* kDegTLayer = "deg_t";
inline constexpr const char* kDegQLayer = "deg_q";
inline constexpr const char* kHasDegColumn = "has_deg";
inline constexpr const char* kDegTrialsKey = "headroom_deg_trials";
inline constexpr const char* kDegControlKey = "headroom_deg_control";
// Labels made elsewhere as three layers of 0 and 1.
inline constexpr const char* kUpLayer = "up";
inline constexpr const char* kDownLayer = "down";
inline constexpr const char* kNotDeLayer = "not_de";

// Texts in uns: how the deltas were made (DeltaOrigin). Names of batches are joined by line breaks.
inline constexpr const char* kTargetSumKey = "headroom_target_sum";
inline constexpr const char* kTotalGenesKey = "headroom_total_genes";
inline constexpr const char* kBatchColumnKey = "headroom_batch_column";
inline constexpr const char* kBatchesKey = "headroom_batches";
// Labels of the control among the perturbations, joined by line breaks.
inline constexpr const char* kControlsKey = "headroom_controls";
// In place of a target sum: cells were taken as they were.
inline constexpr const char* kUnknownTargetSum = "unknown";

}  // namespace headroom
