#include "cells/cell_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

#include "io/column_names.hpp"

namespace headroom {
namespace {

// What labs call the control within the column of perturbations, compared without case.
constexpr std::array kControlLabels = {"non-targeting", "control", "ctrl", "non_targeting", "nt", "dmso", "dmso_tf"};

// How many names an error or a note of examples lists before it says how many more there are.
constexpr std::size_t kListed = 8;

bool is_there(const std::vector<std::string>& columns, const std::string& name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

template <std::size_t n>
std::optional<std::string> first_of(const std::array<std::string_view, n>& names,
                                    const std::vector<std::string>& columns) {
  for (const std::string_view name : names) {
    if (is_there(columns, std::string(name))) return std::string(name);
  }
  return std::nullopt;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, names.size()); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kListed) text += fmt::format(" and {} more", names.size() - kListed);
  return text;
}

// "1 perturbation has", "3 perturbations in context 'x' have"
std::string have(std::size_t n, const char* one, const char* many, const std::string& where = {}) {
  return n == 1 ? fmt::format("1 {}{} has", one, where) : fmt::format("{} {}{} have", n, many, where);
}

// Codes of `column` renumbered so that labels sort.
LabelColumn sorted_labels(LabelColumn column) {
  std::vector<std::int32_t> order(column.labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return column.labels[static_cast<std::size_t>(a)] < column.labels[static_cast<std::size_t>(b)];
  });
  std::vector<std::int32_t> rank(order.size());
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < order.size(); ++i) {
    rank[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
    labels.push_back(std::move(column.labels[static_cast<std::size_t>(order[i])]));
  }
  column.labels = std::move(labels);
  for (std::int32_t& code : column.codes) {
    if (code != LabelColumn::kMissing) code = rank[static_cast<std::size_t>(code)];
  }
  return column;
}

LabelColumn one_label(const std::string& label, std::size_t n) {
  return {"", {label}, std::vector<std::int32_t>(n, 0)};
}

struct ControlRule {
  std::string picked;
  std::vector<bool> is_control;  // cells
};

Result<ControlRule> find_controls(const CellSource& source, const CellColumnOptions& options,
                                  const LabelColumn& perturbations) {
  const std::vector<std::string> columns = source.columns();
  ControlRule rule;
  rule.is_control.resize(source.n_cells());
  const auto by_label = [&](std::int32_t code) {
    for (std::size_t i = 0; i < rule.is_control.size(); ++i) rule.is_control[i] = perturbations.codes[i] == code;
    rule.picked = fmt::format("control: label '{}' of column '{}'",
                              perturbations.labels[static_cast<std::size_t>(code)], perturbations.name);
    return rule;
  };

  if (options.control) {
    const auto at = std::find(perturbations.labels.begin(), perturbations.labels.end(), *options.control);
    if (at == perturbations.labels.end()) {
      return bad_input(
          fmt::format("no cell has the control label '{}' in column '{}'", *options.control, perturbations.name),
          source.path(), fmt::format("labels there: {}", list_of(perturbations.labels)));
    }
    return by_label(static_cast<std::int32_t>(at - perturbations.labels.begin()));
  }
  if (options.control_col || is_there(columns, std::string(kControlColumn))) {
    const std::string name = options.control_col.value_or(std::string(kControlColumn));
    auto column = source.labels(name);
    if (!column) return tl::unexpected(column.error());
    std::vector<bool> means_control;
    for (const std::string& label : column->labels) {
      const std::string text = lower(label);
      const bool yes = text == "true" || text == "1" || text == "yes" || text == "control";
      const bool no = text == "false" || text == "0" || text == "no" || text.empty();
      if (!yes && !no) {
        return bad_input(fmt::format("column '{}' says neither yes nor no: '{}'", name, label), source.path(),
                         "give a column of True and False with --control-col, or a label with --control");
      }
      means_control.push_back(yes);
    }
    for (std::size_t i = 0; i < rule.is_control.size(); ++i) {
      const std::int32_t code = column->codes[i];
      rule.is_control[i] = code != LabelColumn::kMissing && means_control[static_cast<std::size_t>(code)];
    }
    rule.picked = fmt::format("control: column '{}'", name);
    return rule;
  }
  for (const char* usual : kControlLabels) {
    for (std::size_t l = 0; l < perturbations.labels.size(); ++l) {
      if (lower(perturbations.labels[l]) == usual) return by_label(static_cast<std::int32_t>(l));
    }
  }
  return bad_input(
      fmt::format("which cells are control is not said: there is no column '{}', and no label of '{}' is a "
                  "usual one",
                  kControlColumn, perturbations.name),
      source.path(), "give --control LABEL or --control-col COLUMN");
}

Result<LabelColumn> read_perturbations(const CellSource& source, const CellColumnOptions& options) {
  const std::vector<std::string> columns = source.columns();
  const auto name = options.pert_col ? options.pert_col : default_pert_column(columns);
  if (!name) {
    return bad_input(fmt::format("no column names the perturbations (tried {})", fmt::join(kPertColumns, ", ")),
                     source.path(), fmt::format("name it with --pert-col; there are: {}", list_of(columns)));
  }
  auto column = source.labels(*name);
  if (!column) return tl::unexpected(column.error());
  return sorted_labels(std::move(*column));
}

// An optional column, or one label for all cells.
Result<LabelColumn> read_or_one(const CellSource& source, const std::optional<std::string>& name,
                                const std::string& only_label) {
  if (!name) return one_label(only_label, source.n_cells());
  auto column = source.labels(*name);
  if (!column) return tl::unexpected(column.error());
  return sorted_labels(std::move(*column));
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
  const std::vector<std::string> columns = source.columns();
  const std::size_t n_cells = source.n_cells();
  auto perturbations = read_perturbations(source, options);
  if (!perturbations) return tl::unexpected(perturbations.error());
  auto control = find_controls(source, options, *perturbations);
  if (!control) return tl::unexpected(control.error());
  const auto batch_name = options.batch_col ? options.batch_col : default_batch_column(columns);
  auto batches = read_or_one(source, batch_name, "all");
  if (!batches) return tl::unexpected(batches.error());
  const auto context_name = options.context_col ? options.context_col : default_context_column(columns);
  auto contexts = read_or_one(source, context_name, kOnlyContext);
  if (!contexts) return tl::unexpected(contexts.error());

  CellGroups out;
  out.contexts = contexts->labels;
  out.batches = batches->labels;
  out.picked.push_back(fmt::format("perturbations: column '{}'", perturbations->name));
  out.picked.push_back(control->picked);
  out.picked.push_back(batch_name ? fmt::format("batches: column '{}'", *batch_name) : "batches: none named, so one");
  out.picked.push_back(context_name ? fmt::format("contexts: column '{}'", *context_name)
                                    : "contexts: none named, so one");

  // A cell's place: (context, 0 for the control or 1 + perturbation). Dense numbering keeps this one pass of arrays.
  const std::uint64_t n_slots = perturbations->labels.size() + 1;
  std::vector<std::uint64_t> n_in_slot(contexts->labels.size() * n_slots, 0);
  std::vector<std::uint64_t> slot_of_cell(n_cells, UINT64_MAX);
  std::size_t without_pert = 0, without_batch = 0, without_context = 0;
  for (std::size_t i = 0; i < n_cells; ++i) {
    const bool is_control = control->is_control[i];
    if (contexts->codes[i] == LabelColumn::kMissing) {
      ++without_context;
    } else if (batches->codes[i] == LabelColumn::kMissing) {
      ++without_batch;
    } else if (!is_control && (perturbations->codes[i] == LabelColumn::kMissing ||
                               perturbations->labels[static_cast<std::size_t>(perturbations->codes[i])].empty())) {
      ++without_pert;
    } else {
      slot_of_cell[i] = static_cast<std::uint64_t>(contexts->codes[i]) * n_slots +
                        (is_control ? 0 : 1 + static_cast<std::uint64_t>(perturbations->codes[i]));
      ++n_in_slot[slot_of_cell[i]];
    }
  }
  for (const auto& [n, what] : {std::pair{without_pert, "perturbation"}, std::pair{without_batch, "batch"},
                                std::pair{without_context, "context"}}) {
    if (n > 0) out.notes.push_back(fmt::format("{} cells without a {} are left out", n, what));
  }

  std::vector<std::uint32_t> group_of_slot(n_in_slot.size(), CellGroups::kDropped);
  for (std::uint32_t c = 0; c < contexts->labels.size(); ++c) {
    const std::uint64_t first = c * n_slots;
    std::vector<std::string> few;
    std::vector<std::uint64_t> kept;
    for (std::uint64_t s = 1; s < n_slots; ++s) {
      const std::uint64_t n = n_in_slot[first + s];
      if (n == 0) continue;
      if (n < static_cast<std::uint64_t>(min_cells)) {
        few.push_back(fmt::format("{} ({})", perturbations->labels[s - 1], n));
      } else {
        kept.push_back(s);
      }
    }
    if (!few.empty()) {
      // All of them: what is not in the task must be known.
      out.notes.push_back(fmt::format("{} fewer than {} cells and {} dropped: {}",
                                      have(few.size(), "perturbation", "perturbations", in_context(out, c)), min_cells,
                                      few.size() == 1 ? "is" : "are", fmt::join(few, ", ")));
    }
    if (kept.empty()) {
      if (n_in_slot[first] > 0) {
        out.notes.push_back(fmt::format("context '{}' has no perturbation left and is dropped", out.contexts[c]));
      }
      continue;
    }
    if (n_in_slot[first] == 0) {
      return bad_input(fmt::format("context '{}' has no control cells", out.contexts[c]), source.path(),
                       fmt::format("what was taken as {}; give --control or --control-col", control->picked));
    }
    group_of_slot[first] = static_cast<std::uint32_t>(out.groups.size());
    out.groups.push_back({c, {}, true, static_cast<std::uint32_t>(n_in_slot[first]), {}});
    for (const std::uint64_t s : kept) {
      group_of_slot[first + s] = static_cast<std::uint32_t>(out.groups.size());
      out.groups.push_back(
          {c, perturbations->labels[s - 1], false, static_cast<std::uint32_t>(n_in_slot[first + s]), {}});
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
  if (design == Design::matched) {
    if (auto there = require_paired_controls(out, source.path()); !there) return tl::unexpected(there.error());
  }
  note_single_cells(n_in_batch, out);
  return out;
}

}  // namespace headroom
