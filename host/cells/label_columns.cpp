#include "cells/label_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "cells/name_list.hpp"
#include "io/column_names.hpp"
#include "io/row_choice.hpp"
#include "review/control_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

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

}  // namespace

Result<PerturbationColumn> read_perturbations(const CellSource& source, const CellColumnOptions& options) {
  const std::vector<std::string> columns = source.columns();
  const auto name = options.pert_col ? options.pert_col : default_pert_column(columns);
  if (!name) {
    return bad_input(
        fmt::format("no column names the perturbations (tried {})", fmt::join(kPertColumns, ", ")), source.path(),
        fmt::format("name it with --pert-col; there are: {}{}", list_of(columns), source.hint_at_missing_column()));
  }
  PerturbationColumn out;
  out.columns = columns_named(*name, [&](const std::string& each) { return is_there(columns, each); });
  const std::vector<std::string>& controls = options.labels.controls;
  const auto is_control = [&](std::string_view label) {
    return controls.empty() ? names_control(label) : is_given_control(label, controls);
  };
  for (const std::string& each : out.columns) {
    auto column = source.labels(each);
    if (!column) return tl::unexpected(column.error());
    out.labels = &each == &out.columns.front() ? std::move(*column) : joined_labels(out.labels, *column, is_control);
  }
  out.labels.name = *name;
  out.labels = sorted_labels(std::move(out.labels));
  return out;
}

Result<LabelColumn> read_or_one(const CellSource& source, const std::optional<std::string>& name,
                                const std::string& only_label) {
  if (!name) return one_label(only_label, source.n_cells());
  auto column = source.labels(*name);
  if (!column) return tl::unexpected(column.error());
  return sorted_labels(std::move(*column));
}

Result<std::vector<bool>> filtered_cells(const CellSource& source, const std::vector<RowFilter>& where) {
  return filtered_rows(
      source.n_cells(), where, [&](const std::string& column) { return source.labels(column); }, source.path());
}

void join_missing_contexts(LabelColumn& contexts, const std::string& where, Review& review) {
  std::optional<std::int32_t> first;
  std::vector<std::int32_t> code_of(contexts.labels.size());
  std::vector<std::string> found;
  for (std::size_t l = 0; l < contexts.labels.size(); ++l) {
    code_of[l] = static_cast<std::int32_t>(l);
    if (!names_missing(contexts.labels[l])) continue;
    found.push_back("'" + contexts.labels[l] + "'");
    if (!first) first = code_of[l];
    code_of[l] = *first;
  }
  if (found.empty()) return;
  for (std::int32_t& code : contexts.codes) {
    if (code != LabelColumn::kMissing) code = code_of[static_cast<std::size_t>(code)];
  }
  review.raise({"labels.like_missing", fmt::format("{}, column '{}'", where, contexts.name),
                fmt::format("{} of the contexts {} there is none; they are kept as one context", found.size(),
                            found.size() == 1 ? "says" : "say"),
                static_cast<std::int64_t>(found.size()), examples_of(found),
                "leave it out by naming the others with --context"});
}

}  // namespace headroom
