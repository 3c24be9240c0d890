#include "cells/group_doubts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>

#include "cells/name_list.hpp"
#include "review/condition_names.hpp"

namespace headroom {

void doubt_conditions(const CellSource& source, const CellGroups& groups, const std::string& pert_column,
                      const std::vector<std::string>& used, Review& review) {
  std::vector<std::uint32_t> group_of_cell(groups.group_of_cell.size(), kNoGroup);
  for (std::size_t i = 0; i < group_of_cell.size(); ++i) {
    const std::uint32_t g = groups.group_of_cell[i];
    if (g != CellGroups::kDropped && !groups.groups[g].is_control) group_of_cell[i] = g;
  }
  const auto n_perturbations = static_cast<std::int64_t>(
      std::count_if(groups.groups.begin(), groups.groups.end(), [](const auto& group) { return !group.is_control; }));
  for (const std::string& name : source.columns()) {
    if (!names_condition(name) || is_there(used, name)) continue;
    auto column = source.labels(name);
    if (!column) continue;  // an odd column that nobody uses
    const auto several = groups_of_several_values(group_of_cell, groups.groups.size(), column->codes);
    if (several.empty()) continue;
    std::vector<std::string> values;
    for (const std::string& label : column->labels) values.push_back("'" + label + "'");
    review.raise(
        {"rows.conditions_merged", fmt::format("{}, column '{}'", source.path(), name),
         fmt::format("column '{}' takes several values within {} of {} perturbations, whose cells would be "
                     "averaged into one delta",
                     name, several.size(), n_perturbations),
         static_cast<std::int64_t>(several.size()), examples_of(values),
         fmt::format(
             "--pert-col {},{} tells them apart, --where {}=VALUE keeps one{}", pert_column, name, name,
             words_of(name).front() == "cell" ? fmt::format(", --context-col {} makes contexts of them", name) : "")});
  }
}

void doubt_guides(const CellSource& source, const CellGroups& groups, const std::string& pert_column,
                  const std::vector<std::string>& used, Review& review) {
  for (const std::string& name : source.columns()) {
    if (!names_target(name) || is_there(used, name)) continue;
    auto column = source.labels(name);
    if (!column) continue;
    constexpr std::int32_t kNoneYet = -1, kSeveral = -2;
    std::unordered_map<std::string_view, std::int32_t> target_of;  // over contexts
    for (const CellGroups::Group& group : groups.groups) {
      if (!group.is_control) target_of.emplace(group.perturbation, kNoneYet);
    }
    std::vector<std::int32_t*> target_of_group;
    for (const CellGroups::Group& group : groups.groups) {
      target_of_group.push_back(group.is_control ? nullptr : &target_of.at(group.perturbation));
    }
    for (std::size_t i = 0; i < groups.group_of_cell.size(); ++i) {
      const std::uint32_t g = groups.group_of_cell[i];
      const std::int32_t code = column->codes[i];
      if (g == CellGroups::kDropped || groups.groups[g].is_control || code == LabelColumn::kMissing) continue;
      std::int32_t& target = *target_of_group[g];
      target = target == kNoneYet || target == code ? code : kSeveral;
    }
    std::vector<std::string> labels, targets;
    for (const auto& [label, target] : std::map<std::string_view, std::int32_t>(target_of.begin(), target_of.end())) {
      labels.emplace_back(label);
      targets.push_back(target >= 0 ? column->labels[static_cast<std::size_t>(target)] : std::string());
    }
    const std::vector<std::string> several = targets_of_several_guides(labels, targets, pert_column);
    if (several.empty()) continue;
    std::vector<std::string> examples;
    for (const std::string& target : several) {
      std::string members;
      for (std::size_t l = 0; l < labels.size(); ++l) {
        if (targets[l] == target) members += (members.empty() ? "" : ", ") + labels[l];
      }
      examples.push_back(fmt::format("{} ({})", target, members.size() > 60 ? members.substr(0, 57) + "…" : members));
      if (examples.size() == kMostExamples) break;
    }
    review.raise(
        {"labels.several_per_gene", fmt::format("{}, column '{}'", source.path(), pert_column),
         fmt::format("by column '{}' {} gene{} the target of several perturbations, so that a gene would stand "
                     "in training and test",
                     name, several.size(), several.size() == 1 ? " is" : "s are"),
         static_cast<std::int64_t>(several.size()), examples,
         fmt::format("--pert-col {} pools the guides of a gene, --group-col {} keeps them in one fold, "
                     "--pert-col {} takes them as they are",
                     name, name, pert_column)});
    return;
  }
}

}  // namespace headroom
