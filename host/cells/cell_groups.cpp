#include "cells/cell_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "cells/control_rule.hpp"
#include "cells/group_doubts.hpp"
#include "cells/label_columns.hpp"
#include "cells/measured_genes.hpp"
#include "cells/name_list.hpp"
#include "io/column_names.hpp"
#include "io/row_choice.hpp"
#include "review/control_names.hpp"
#include "review/label_spelling.hpp"
#include "task/task.hpp"

namespace headroom {
namespace {

template <std::size_t n>
std::optional<std::string> first_of(const std::array<std::string_view, n>& names,
                                    const std::vector<std::string>& columns) {
  for (const std::string_view name : names) {
    if (is_there(columns, std::string(name))) return std::string(name);
  }
  return std::nullopt;
}

// "1 perturbation has", "3 perturbations in context 'x' have"
std::string have(std::size_t n, const char* one, const char* many, const std::string& where = {}) {
  return n == 1 ? fmt::format("1 {}{} has", one, where) : fmt::format("{} {}{} have", n, many, where);
}

std::string in_context(const CellGroups& groups, std::uint32_t context) {
  return groups.contexts.size() > 1 ? fmt::format(" in context '{}'", groups.contexts[context]) : std::string();
}

// The matched design subtracts the control of every batch that a perturbation occurs in.
Result<void> require_paired_controls(const CellGroups& groups, const std::string& where) {
  const CellGroups::Group* control = nullptr;  // of the context: it comes before its perturbations
  for (const CellGroups::Group& group : groups.groups) {
    if (group.is_control) {
      control = &group;
      continue;
    }
    for (const std::uint32_t b : group.batches) {
      if (std::binary_search(control->batches.begin(), control->batches.end(), b)) continue;
      return bad_input(
          fmt::format("batch '{}'{} has cells of '{}' but no control cells, which the matched design needs",
                      groups.batches[b], in_context(groups, group.context), group.perturbation),
          where, "use --design global, or leave the cells of that batch out");
    }
  }
  return {};
}

// One cell has no spread: what rests on it is kept, but its sampling error is understated. n_in_batch: cells of every
// group and batch.
void note_single_cells(const std::vector<std::vector<std::uint32_t>>& n_in_batch, CellGroups& groups) {
  std::vector<std::string> single, somewhere_single, single_batches;
  std::vector<std::vector<std::uint32_t>> n_in_context(groups.contexts.size(),
                                                       std::vector<std::uint32_t>(groups.batches.size(), 0));
  for (std::size_t g = 0; g < groups.groups.size(); ++g) {
    const CellGroups::Group& group = groups.groups[g];
    bool has_single = false;
    for (const std::uint32_t b : group.batches) {
      n_in_context[group.context][b] += n_in_batch[g][b];
      has_single = has_single || n_in_batch[g][b] == 1;
    }
    const std::string name = group.is_control ? "the control" : group.perturbation;
    if (group.n_cells == 1) {
      single.push_back(name + in_context(groups, group.context));
    } else if (has_single) {
      somewhere_single.push_back(name + in_context(groups, group.context));
    }
  }
  for (std::uint32_t c = 0; c < groups.contexts.size(); ++c) {
    for (std::uint32_t b = 0; b < groups.batches.size(); ++b) {
      if (n_in_context[c][b] == 1) single_batches.push_back(groups.batches[b] + in_context(groups, c));
    }
  }
  constexpr const char* kUnderstated = "kept, but the sampling error is understated";
  if (!single.empty()) {
    groups.notes.push_back(fmt::format("{} one cell; {}: {}", have(single.size(), "group of cells", "groups of cells"),
                                       kUnderstated, fmt::join(single, ", ")));
  }
  if (!single_batches.empty()) {
    groups.notes.push_back(fmt::format("{} one cell; {}: {}", have(single_batches.size(), "batch", "batches"),
                                       kUnderstated, fmt::join(single_batches, ", ")));
  }
  // In a large screen that is most of them, so examples must do.
  if (!somewhere_single.empty()) {
    groups.notes.push_back(fmt::format("{} one cell in some batch; {} there: {}",
                                       have(somewhere_single.size(), "larger group", "larger groups"), kUnderstated,
                                       list_of(somewhere_single)));
  }
}

// The value of a column for every perturbation of every context: what stays in one fold.
Result<void> read_fold_groups(const CellSource& source, const std::string& name, CellGroups& groups) {
  auto column = source.labels(name);
  if (!column) return tl::unexpected(column.error());
  for (std::size_t i = 0; i < groups.group_of_cell.size(); ++i) {
    const std::uint32_t g = groups.group_of_cell[i];
    const std::int32_t code = column->codes[i];
    if (g == CellGroups::kDropped || groups.groups[g].is_control || code == LabelColumn::kMissing) continue;
    const std::string& value = column->labels[static_cast<std::size_t>(code)];
    std::string& known = groups.groups[g].fold_group;
    if (!known.empty() && known != value) {
      return bad_input(fmt::format("cells of '{}' are in groups '{}' and '{}' of column '{}'",
                                   groups.groups[g].perturbation, known, value, name),
                       source.path(), "give --group-col a column that says one thing of each perturbation");
    }
    known = value;
  }
  return {};
}

// What the control's cells are called, so far as no perturbation is called so.
std::vector<std::string> labels_of_control(const LabelColumn& labels, const CellGroups& groups) {
  std::vector<bool> of_control(labels.labels.size()), of_perturbation(labels.labels.size());
  for (std::size_t i = 0; i < labels.codes.size(); ++i) {
    const std::uint32_t g = groups.group_of_cell[i];
    if (g == CellGroups::kDropped || labels.codes[i] == LabelColumn::kMissing) continue;
    (groups.groups[g].is_control ? of_control : of_perturbation)[static_cast<std::size_t>(labels.codes[i])] = true;
  }
  std::vector<std::string> names;
  for (std::size_t l = 0; l < labels.labels.size(); ++l) {
    if (of_control[l] && !of_perturbation[l]) names.push_back(labels.labels[l]);
  }
  return names;
}

}  // namespace

std::optional<std::string> default_pert_column(const std::vector<std::string>& columns) {
  return first_of(kPertColumns, columns);
}
std::optional<std::string> default_batch_column(const std::vector<std::string>& columns) {
  return first_of(kBatchColumns, columns);
}
std::optional<std::string> default_context_column(const std::vector<std::string>& columns) {
  return first_of(kContextColumns, columns);
}

Result<CellGroups> group_cells(const CellSource& source, const CellColumnOptions& options, Design design,
                               int min_cells) {
  Review review;
  auto groups = group_cells(source, options, design, min_cells, {}, review);
  if (!groups) return groups;
  if (auto settled = review.settle(); !settled) return tl::unexpected(settled.error());
  return groups;
}

Result<CellGroups> group_cells(const CellSource& source, const CellColumnOptions& options, Design design, int min_cells,
                               const GroupRequirements& requirements, Review& review) {
  const std::vector<std::string> columns = source.columns();
  const std::size_t n_cells = source.n_cells();
  auto read = read_perturbations(source, options);
  if (!read) return tl::unexpected(read.error());
  const LabelColumn& perturbations = read->labels;
  std::vector<std::int64_t> n_cells_of(perturbations.labels.size(), 0);
  for (const std::int32_t code : perturbations.codes) {
    if (code != LabelColumn::kMissing) ++n_cells_of[static_cast<std::size_t>(code)];
  }
  auto control = find_controls(source, options, perturbations, n_cells_of);
  if (!control) return tl::unexpected(control.error());
  const bool by_flag = !control->flagged.empty();
  const auto batch_name = options.batch_col ? options.batch_col : default_batch_column(columns);
  auto batches = read_or_one(source, batch_name, "all");
  if (!batches) return tl::unexpected(batches.error());
  const auto context_name = options.context_col ? options.context_col : default_context_column(columns);
  auto contexts = read_or_one(source, context_name, std::string(kSingleContext));
  if (!contexts) return tl::unexpected(contexts.error());
  join_missing_contexts(*contexts, source.path(), review);
  const std::vector<std::string> chosen =
      names_chosen(options.contexts, [&](const std::string& name) { return is_there(contexts->labels, name); });
  for (const std::string& name : chosen) {
    if (is_there(contexts->labels, name)) continue;
    return bad_input(fmt::format("there is no context '{}'", name), source.path(),
                     fmt::format("the contexts are: {}", list_of(contexts->labels)));
  }
  auto kept_by_filter = filtered_cells(source, options.where);
  if (!kept_by_filter) return tl::unexpected(kept_by_filter.error());

  CellGroups out;
  out.contexts = contexts->labels;
  out.batches = batches->labels;
  out.batch_column = batch_name.value_or("");
  out.picked.push_back(fmt::format("perturbations: column '{}'", perturbations.name));
  out.picked.push_back(control->picked);
  out.picked.push_back(batch_name ? fmt::format("batches: column '{}'", *batch_name) : "batches: none named, so one");
  out.picked.push_back(context_name ? fmt::format("contexts: column '{}'", *context_name)
                                    : "contexts: none named, so one");

  std::vector<bool> wanted_context(contexts->labels.size(), options.contexts.empty());
  for (std::size_t c = 0; c < wanted_context.size(); ++c) {
    wanted_context[c] = wanted_context[c] || is_there(chosen, contexts->labels[c]);
  }

  // What each label is; rows that are left out anyway raise no doubt.
  std::vector<bool> names_controls(perturbations.labels.size());
  std::vector<bool> is_control_label(perturbations.labels.size());
  for (std::size_t l = 0; l < names_controls.size(); ++l) {
    names_controls[l] = by_flag && names_control(perturbations.labels[l]);
    is_control_label[l] = !by_flag && is_given_control(perturbations.labels[l], control->labels);
  }
  enum class Fate : std::uint8_t { used, other_context, filtered, no_context, no_batch, no_perturbation, unflagged };
  std::vector<Fate> fate(n_cells, Fate::used);
  std::vector<bool> is_control(n_cells, false);
  std::vector<std::int64_t> n_rows(perturbations.labels.size(), 0);
  std::array<std::size_t, 7> n_of_fate{};
  std::vector<std::int64_t> n_unflagged(perturbations.labels.size(), 0);
  for (std::size_t i = 0; i < n_cells; ++i) {
    const std::int32_t code = perturbations.codes[i];
    const auto label = static_cast<std::size_t>(code);
    const bool has_label = code != LabelColumn::kMissing;
    is_control[i] = by_flag ? control->flagged[i] : has_label && is_control_label[label];
    if (contexts->codes[i] == LabelColumn::kMissing) {
      fate[i] = Fate::no_context;
    } else if (!wanted_context[static_cast<std::size_t>(contexts->codes[i])]) {
      fate[i] = Fate::other_context;
    } else if (batches->codes[i] == LabelColumn::kMissing) {
      fate[i] = Fate::no_batch;
    } else if (!is_control[i] && !(*kept_by_filter)[i]) {
      fate[i] = Fate::filtered;
    } else if (!is_control[i] && !has_label) {
      fate[i] = Fate::no_perturbation;
    } else if (!is_control[i] && names_controls[label]) {
      fate[i] = Fate::unflagged;
      ++n_unflagged[label];
    } else if (!is_control[i] || !by_flag) {
      ++n_rows[label];
    }
    ++n_of_fate[static_cast<std::size_t>(fate[i])];
  }
  for (const auto& [which, what] :
       {std::pair{Fate::no_perturbation, "without a perturbation"}, std::pair{Fate::no_batch, "without a batch"},
        std::pair{Fate::no_context, "without a context"}, std::pair{Fate::other_context, "of other contexts"},
        std::pair{Fate::filtered, "that --where leaves out"}}) {
    const std::size_t n = n_of_fate[static_cast<std::size_t>(which)];
    if (n == 0) continue;
    out.notes.push_back(fmt::format("{} cells {} are left out", n, what));
    review.left_out(fmt::format("cells {}", what), static_cast<std::int64_t>(n));
  }
  if (const std::size_t n = n_of_fate[static_cast<std::size_t>(Fate::unflagged)]; n > 0) {
    std::vector<std::string> labels, counted;
    for (std::size_t l = 0; l < n_unflagged.size(); ++l) {
      if (n_unflagged[l] == 0) continue;
      labels.push_back(perturbations.labels[l]);
      counted.push_back(fmt::format("'{}' ({} cells)", perturbations.labels[l], n_unflagged[l]));
    }
    review.left_out("cells whose label names controls and that are not flagged as such", static_cast<std::int64_t>(n));
    review.raise({"controls.unflagged", fmt::format("{}, {}", source.path(), control->picked.substr(9)),
                  fmt::format("{} cells whose label names controls are not flagged as controls and are left out", n),
                  static_cast<std::int64_t>(n), examples_of(counted),
                  "to take all of them as controls, leave --control-col out and give" + control_flags(labels)});
  }
  // Cells that the table lacks are told of as such.
  const std::size_t n_without = n_of_fate[static_cast<std::size_t>(Fate::no_perturbation)];
  if (const std::size_t n = n_without - std::min(n_without, source.n_unlisted_cells()); n > 0) {
    review.raise({"labels.like_missing",
                  fmt::format("{}, column '{}', without a value", source.path(), perturbations.name),
                  fmt::format("{} cells have no value in the column of perturbations and are left out", n),
                  static_cast<std::int64_t>(n),
                  {},
                  "fill the column in where a cell has a perturbation"});
  }
  MeasuredGenes measured(source);
  LabelOptions label_options = options.labels;
  label_options.controls = control->labels;
  const ReadLabels labels = review_labels(
      perturbations.labels, n_rows, label_options, [&](std::string_view name) { return measured(name); },
      fmt::format("{}, column '{}'", source.path(), perturbations.name), review);

  // A cell's place: (context, 0 for the control or 1 + perturbation). Dense numbering keeps this one pass of arrays.
  const std::uint64_t n_slots = perturbations.labels.size() + 1;
  std::vector<std::uint64_t> n_in_slot(contexts->labels.size() * n_slots, 0);
  std::vector<std::uint64_t> slot_of_cell(n_cells, UINT64_MAX);
  for (std::size_t i = 0; i < n_cells; ++i) {
    if (fate[i] != Fate::used) continue;
    std::uint64_t place = 0;
    if (!is_control[i]) {
      const auto label = static_cast<std::size_t>(perturbations.codes[i]);
      if (labels.role[label] == LabelRole::missing) continue;
      place = 1 + labels.stands_for[label];
    }
    slot_of_cell[i] = static_cast<std::uint64_t>(contexts->codes[i]) * n_slots + place;
    ++n_in_slot[slot_of_cell[i]];
  }

  // Contexts, each with its control and the perturbations of enough cells. What cannot be estimated is left out,
  // unless nothing else is there.
  struct ContextPlan {
    std::uint32_t context;
    std::vector<std::uint64_t> kept;  // slots of perturbations
  };
  std::vector<ContextPlan> plans;
  std::optional<Error> first_error;
  std::vector<std::string> left_out;
  for (std::uint32_t c = 0; c < contexts->labels.size(); ++c) {
    const std::uint64_t first = c * n_slots;
    std::vector<std::string> few;
    ContextPlan plan{c, {}};
    for (std::uint64_t s = 1; s < n_slots; ++s) {
      const std::uint64_t n = n_in_slot[first + s];
      if (n == 0) continue;
      if (n < static_cast<std::uint64_t>(min_cells)) {
        few.push_back(fmt::format("{} ({})", perturbations.labels[s - 1], n));
      } else {
        plan.kept.push_back(s);
      }
    }
    if (!few.empty()) {
      // All of them: what is not in the task must be known.
      out.notes.push_back(fmt::format("{} fewer than {} cells and {} dropped: {}",
                                      have(few.size(), "perturbation", "perturbations", in_context(out, c)), min_cells,
                                      few.size() == 1 ? "is" : "are", fmt::join(few, ", ")));
    }
    if (plan.kept.empty()) {
      if (n_in_slot[first] > 0) {
        out.notes.push_back(fmt::format("context '{}' has no perturbation left and is dropped", out.contexts[c]));
      }
      continue;
    }
    std::optional<Error> error;
    if (n_in_slot[first] == 0) {
      error =
          Error{ErrorKind::bad_input, fmt::format("context '{}' has no control cells", out.contexts[c]), source.path(),
                fmt::format("what was taken as {}; give --control or --control-col", control->picked)};
    } else if (plan.kept.size() < requirements.least_perturbations) {
      error = Error{ErrorKind::bad_input,
                    fmt::format("context '{}' has {} perturbations, too few for {} folds of at least 2",
                                out.contexts[c], plan.kept.size(), requirements.least_perturbations / 2),
                    source.path(), "give a smaller --folds, or more perturbations (see --pert-col and --min-cells)"};
    }
    if (error) {
      left_out.push_back(fmt::format("{}, and is left out", error->what));
      if (!first_error) first_error = std::move(error);
      continue;
    }
    plans.push_back(std::move(plan));
  }
  if (plans.empty() && first_error) return tl::unexpected(*first_error);
  out.notes.insert(out.notes.end(), left_out.begin(), left_out.end());

  std::vector<std::uint32_t> group_of_slot(n_in_slot.size(), CellGroups::kDropped);
  for (const ContextPlan& plan : plans) {
    const std::uint64_t first = plan.context * n_slots;
    group_of_slot[first] = static_cast<std::uint32_t>(out.groups.size());
    out.groups.push_back({plan.context, {}, true, static_cast<std::uint32_t>(n_in_slot[first]), {}, {}});
    for (const std::uint64_t s : plan.kept) {
      group_of_slot[first + s] = static_cast<std::uint32_t>(out.groups.size());
      out.groups.push_back(
          {plan.context, perturbations.labels[s - 1], false, static_cast<std::uint32_t>(n_in_slot[first + s]), {}, {}});
    }
  }
  if (out.groups.empty()) {
    return bad_input("no perturbation is left", source.path(),
                     "see --pert-col, --control and --min-cells; cells of one perturbation beside controls are needed");
  }

  out.group_of_cell.resize(n_cells);
  out.batch_of_cell.resize(n_cells);
  std::vector<std::vector<std::uint32_t>> n_in_batch(out.groups.size());  // groups × batches, empty: no cell
  for (std::size_t i = 0; i < n_cells; ++i) {
    const std::uint32_t group = slot_of_cell[i] == UINT64_MAX ? CellGroups::kDropped : group_of_slot[slot_of_cell[i]];
    out.group_of_cell[i] = group;
    if (group == CellGroups::kDropped) continue;
    out.batch_of_cell[i] = static_cast<std::uint32_t>(batches->codes[i]);
    n_in_batch[group].resize(out.batches.size());
    ++n_in_batch[group][out.batch_of_cell[i]];
  }
  for (std::size_t g = 0; g < out.groups.size(); ++g) {
    for (std::uint32_t b = 0; b < out.batches.size(); ++b) {
      if (n_in_batch[g][b] > 0) out.groups[g].batches.push_back(b);
    }
  }
  out.control_labels = labels_of_control(perturbations, out);
  if (options.group_col) {
    if (auto grouped = read_fold_groups(source, *options.group_col, out); !grouped)
      return tl::unexpected(grouped.error());
  }

  std::vector<std::string> used = requirements.used_columns;
  used.insert(used.end(), read->columns.begin(), read->columns.end());
  for (const auto& name : {batch_name, context_name, options.group_col,
                           by_flag ? std::optional(options.control_col.value_or(std::string(kControlColumn)))
                                   : std::optional<std::string>()}) {
    if (name) used.push_back(*name);
  }
  doubt_conditions(source, out, perturbations.name, used, review);
  if (!options.pert_col && !options.group_col) doubt_guides(source, out, perturbations.name, used, review);

  if (design == Design::matched) {
    if (auto there = require_paired_controls(out, source.path()); !there) return tl::unexpected(there.error());
  }
  note_single_cells(n_in_batch, out);
  return out;
}

}  // namespace headroom
