#include "cells/control_rule.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "cells/name_list.hpp"
#include "io/column_names.hpp"
#include "review/control_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

// What labs call the control within the column of perturbations, compared without case.
constexpr std::array<std::string_view, 7> kControlLabels = {"non-targeting", "control", "ctrl", "non_targeting", "nt",
                                                            "dmso",          "dmso_tf"};

Result<ControlRule> flagged_controls(const CellSource& source, const std::string& name) {
  ControlRule rule;
  auto column = source.labels(name);
  if (!column) return tl::unexpected(column.error());
  std::vector<bool> means_control;
  for (const std::string& label : column->labels) {
    const std::string text = lower_case(trimmed(label));
    const bool yes = text == "true" || text == "1" || text == "yes" || text == "control";
    const bool no = text == "false" || text == "0" || text == "no" || text.empty();
    if (!yes && !no) {
      return bad_input(fmt::format("column '{}' says neither yes nor no: '{}'", name, label), source.path(),
                       "give a column of True and False with --control-col, or a label with --control");
    }
    means_control.push_back(yes);
  }
  rule.flagged.resize(source.n_cells());
  for (std::size_t i = 0; i < rule.flagged.size(); ++i) {
    const std::int32_t code = column->codes[i];
    rule.flagged[i] = code != LabelColumn::kMissing && means_control[static_cast<std::size_t>(code)];
  }
  rule.picked = fmt::format("control: column '{}'", name);
  return rule;
}

}  // namespace

Result<ControlRule> find_controls(const CellSource& source, const CellColumnOptions& options,
                                  const LabelColumn& perturbations, const std::vector<std::int64_t>& n_cells) {
  const std::vector<std::string> columns = source.columns();
  ControlRule rule;
  if (!options.labels.controls.empty()) {
    rule.labels = options.labels.controls;
    std::vector<std::string> found;
    for (const std::string& pattern : rule.labels) {
      const std::size_t before = found.size();
      for (const std::string& label : perturbations.labels) {
        if (is_given_control(label, std::span(&pattern, 1))) found.push_back(label);
      }
      if (found.size() > before) continue;
      return bad_input(fmt::format("no cell has the control label '{}' in column '{}'", pattern, perturbations.name),
                       source.path(), fmt::format("labels there: {}", list_of(perturbations.labels)));
    }
    rule.picked = fmt::format("control: label{} '{}' of column '{}'", found.size() == 1 ? "" : "s",
                              fmt::join(found, "', '"), perturbations.name);
    return rule;
  }
  if (options.control_col || is_there(columns, std::string(kControlColumn))) {
    return flagged_controls(source, options.control_col.value_or(std::string(kControlColumn)));
  }
  // A usual label first, then the one of most cells; all others that name controls are doubtful.
  std::optional<std::size_t> best;
  const auto rank = [&](std::size_t l) {
    const std::string label = lower_case(perturbations.labels[l]);
    const auto at = std::find(kControlLabels.begin(), kControlLabels.end(), label);
    return std::pair(at - kControlLabels.begin(), -n_cells[l]);
  };
  for (std::size_t l = 0; l < perturbations.labels.size(); ++l) {
    if (n_cells[l] == 0 || !names_control(perturbations.labels[l])) continue;
    if (!best || rank(l) < rank(*best)) best = l;
  }
  if (!best) {
    return bad_input(
        fmt::format("which cells are control is not said: there is no column '{}', and no label of '{}' is a "
                    "usual one",
                    kControlColumn, perturbations.name),
        source.path(),
        fmt::format("give --control LABEL or --control-col COLUMN; labels there: {}", list_of(perturbations.labels)));
  }
  rule.labels = {perturbations.labels[*best]};
  rule.picked = fmt::format("control: label '{}' of column '{}'", perturbations.labels[*best], perturbations.name);
  return rule;
}

}  // namespace headroom
