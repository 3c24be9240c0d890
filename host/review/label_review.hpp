// What every label of a column of perturbations is: a perturbation, the control or none; and the doubts that the labels
// raise by themselves (labels.like_control, labels.like_missing, labels.same_perturbation). One rule for cells, deltas
// and predictions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "review/review.hpp"

namespace headroom {

struct LabelOptions {
  std::vector<std::string> controls;  // labels or globs; all of them are one control (--control)
  std::vector<std::string> kept;      // labels that look missing and are not (--keep-label)
  bool merge = false;                 // spellings of one perturbation are joined (--merge-labels)
};

enum class LabelRole : std::uint8_t {
  perturbation,
  control,  // one of LabelOptions::controls
  missing,  // no perturbation; its rows are dropped and counted
};

struct ReadLabels {
  std::vector<LabelRole> role;          // one a label
  std::vector<std::size_t> stands_for;  // one a label: itself, or with `merge` the spelling that its twins share
};

// `labels` with the rows of each; `is_gene`: exactly the name of a measured gene; `where`: file and column. Labels of
// formulae are only trimmed. Of twins the spelling with most rows stays, then the first in byte order.
ReadLabels review_labels(std::span<const std::string> labels, std::span<const std::int64_t> n_rows,
                         const LabelOptions& options, const std::function<bool(std::string_view)>& is_gene,
                         const std::string& where, Review& review);

// Equal for labels that are read as one perturbation: the label itself, or with `merge` what its spellings share. How
// tables beside a task (folds, noise) find its perturbations.
std::string perturbation_key(std::string_view label, const LabelOptions& options);

// One of the labels or globs of --control.
bool is_given_control(std::string_view label, std::span<const std::string> controls);

// " --control 'a' --control 'b'" as a shell takes it.
std::string control_flags(std::span<const std::string> labels);

}  // namespace headroom
