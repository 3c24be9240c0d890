#include "suite/predicted_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "cells/name_list.hpp"
#include "io/column_names.hpp"
#include "suite/cell_remarks.hpp"
#include "suite/compare_cells.hpp"
#include "suite/kept_screen.hpp"

namespace headroom {
namespace {

void put_in_order(const std::vector<std::size_t>& order, GroupCounts& counts) {
  GroupCounts sorted;
  sorted.n_cells = counts.n_cells;
  sorted.total = counts.total;
  sorted.begin.assign(1, 0);
  for (const std::size_t gene : order) {
    for (std::uint64_t e = counts.begin[gene]; e < counts.begin[gene + 1]; ++e) {
      sorted.cell.push_back(counts.cell[e]);
      sorted.count.push_back(counts.count[e]);
    }
    sorted.begin.push_back(sorted.cell.size());
  }
  counts = std::move(sorted);
}

// Where the screen's genes stand in the prediction; empty: at the same places.
Result<std::vector<std::size_t>> gene_order(const std::vector<std::string>& expected, const CellPanel& predicted) {
  const std::vector<std::string> given = predicted.gene_ids();
  if (given == expected) return std::vector<std::size_t>();
  const std::string missing = names_missing(expected, given), extra = names_missing(given, expected);
  if (!missing.empty() || !extra.empty()) {
    std::string text = fmt::format("genes differ: {} of the task, {} predicted", expected.size(), given.size());
    if (!missing.empty()) text += fmt::format("; the prediction lacks {}", missing);
    if (!extra.empty()) text += fmt::format("; only the prediction has {}", extra);
    return bad_input(std::move(text), predicted.path, "predict counts of the task's genes, all of them");
  }
  std::map<std::string, std::size_t> place;
  for (std::size_t g = 0; g < given.size(); ++g) place.emplace(given[g], g);
  if (place.size() != given.size() || given.size() != expected.size()) {
    return bad_input("gene names repeat and are in another order than the task's", predicted.path,
                     "write the prediction in the order of the task's genes");
  }
  std::vector<std::size_t> order;
  for (const std::string& gene : expected) order.push_back(place.at(gene));
  return order;
}

// A perturbation is predicted once: cells that several folds' models made of it would be pooled.
Result<void> require_one_fold(const CellPanel& panel, const std::optional<std::string>& named) {
  std::optional<std::string> column = named;
  const std::vector<std::string> columns = panel.source->columns();
  for (const std::string_view usual : kFoldColumns) {
    if (!column && std::find(columns.begin(), columns.end(), usual) != columns.end()) column = std::string(usual);
  }
  if (!column || std::find(columns.begin(), columns.end(), *column) == columns.end()) return {};
  const auto folds = panel.source->labels(*column);
  if (!folds) return tl::unexpected(folds.error());
  std::vector<std::optional<std::int32_t>> fold_of_group(panel.groups.groups.size());
  for (std::size_t cell = 0; cell < panel.groups.group_of_cell.size(); ++cell) {
    const std::uint32_t group = panel.groups.group_of_cell[cell];
    if (group == CellGroups::kDropped || panel.groups.groups[group].is_control) continue;
    auto& fold = fold_of_group[group];
    if (!fold) fold = folds->codes[cell];
    if (*fold == folds->codes[cell]) continue;
    return bad_input(
        fmt::format("cells of '{}' were predicted for several folds", panel.groups.groups[group].perturbation),
        fmt::format("{}, column '{}'", panel.path, *column),
        "give the cells of the fold that tests it alone, as --where does");
  }
  return {};
}

}  // namespace

GroupMaker cells_of_groups(const CellPanel& panel, std::vector<std::uint32_t> groups, std::vector<std::size_t> order) {
  return
      [&panel, groups = std::move(groups), order = std::move(order)](std::size_t p, GroupCounts& out) -> Result<void> {
        static thread_local CellRows rows;  // large, and wanted again for the next group
        if (auto taken = panel.take(groups[p], rows); !taken) return taken;
        make_group_counts(rows, panel.n_genes(), out);
        if (!order.empty()) put_in_order(order, out);
        return {};
      };
}

Result<PredictedCells> PredictedCells::open(const std::filesystem::path& path, const KeptScreen& screen,
                                            CellPanelOptions options, const std::optional<std::string>& fold_column,
                                            ThreadPool& pool, Progress& progress, const std::stop_token& stop) {
  options.needs_control = false;
  if (options.columns.labels.controls.empty()) options.columns.labels.controls = screen.control_labels;
  auto opened = open_cell_panel(path, options);
  if (!opened) return tl::unexpected(opened.error());
  PredictedCells out;
  out.panel_ = std::move(*opened);
  for (CellPanel::Context& context : out.panel_->contexts) {
    for (const KeptContext& known : screen.contexts) {
      const bool serves = out.panel_->context_column.empty() || known.truth.names.context == context.name;
      if (serves) take_spellings(known.truth.names.labels, options.columns.labels, context);
    }
  }
  auto order = gene_order(screen.genes, *out.panel_);
  if (!order) return tl::unexpected(order.error());
  out.order_ = std::move(*order);
  if (auto one = require_one_fold(*out.panel_, fold_column); !one) return tl::unexpected(one.error());
  if (auto read = read_counts(*out.panel_, options, pool, progress, stop); !read) return tl::unexpected(read.error());
  return out;
}

const CellPanel::Context* PredictedCells::context_of(const PanelNames& names) const {
  const auto& contexts = panel_->contexts;
  if (panel_->context_column.empty() && contexts.size() == 1) return &contexts.front();
  const auto found = std::find_if(contexts.begin(), contexts.end(),
                                  [&](const CellPanel::Context& each) { return each.name == names.context; });
  return found == contexts.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> PredictedCells::group_of(const PanelNames& names, std::size_t row) const {
  const CellPanel::Context* const context = context_of(names);
  if (context == nullptr) return std::nullopt;
  const auto at = std::lower_bound(context->labels.begin(), context->labels.end(), names.labels[row]);
  if (at == context->labels.end() || *at != names.labels[row]) return std::nullopt;
  return context->group[static_cast<std::size_t>(at - context->labels.begin())];
}

std::vector<std::size_t> PredictedCells::rows(const PanelNames& names) const {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < names.labels.size(); ++row) {
    if (group_of(names, row)) rows.push_back(row);
  }
  return rows;
}

std::vector<std::string> PredictedCells::remarks(const PanelNames& names) const {
  std::vector<CellsOfLabel> groups;
  std::vector<std::string> missing;
  for (std::size_t row = 0; row < names.labels.size(); ++row) {
    const auto group = group_of(names, row);
    if (group) {
      groups.emplace_back(names.labels[row], panel_->totals(*group));
    } else {
      missing.push_back(names.labels[row]);
    }
  }
  std::vector<std::string> out = remarks_on_prediction(groups);
  if (!missing.empty()) {
    out.push_back(fmt::format("{} of {} perturbations have no predicted cells and count as the mean response: {}",
                              missing.size(), names.labels.size(), list_of(missing)));
  }
  return out;
}

GroupMaker PredictedCells::maker(const PanelNames& names) const {
  std::vector<std::uint32_t> groups(names.labels.size());
  for (std::size_t row = 0; row < groups.size(); ++row) groups[row] = group_of(names, row).value_or(0);
  return cells_of_groups(*panel_, std::move(groups), order_);
}

}  // namespace headroom
