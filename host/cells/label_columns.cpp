#include "cells/label_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "cells/name_list.hpp"
#include "io/column_names.hpp"
#include "io/delimited.hpp"
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

// Two columns as one: A_B, where B is there and A names no control.
LabelColumn joined(const LabelColumn& first, const LabelColumn& second, const std::vector<std::string>& controls) {
  LabelColumn out{first.name + "_" + second.name, {}, {}};
  std::unordered_map<std::uint64_t, std::int32_t> known;
  std::unordered_map<std::string, std::int32_t> code_of;
  std::vector<bool> is_control(first.labels.size());
  for (std::size_t l = 0; l < first.labels.size(); ++l) {
    is_control[l] = controls.empty() ? names_control(first.labels[l]) : is_given_control(first.labels[l], controls);
  }
  for (std::size_t i = 0; i < first.codes.size(); ++i) {
    const std::int32_t a = first.codes[i], b = second.codes[i];
    if (a == LabelColumn::kMissing) {
      out.codes.push_back(a);
      continue;
    }
    const std::uint64_t key = (static_cast<std::uint64_t>(a) << 32) | static_cast<std::uint32_t>(b);
    auto at = known.find(key);
    if (at == known.end()) {
      std::string label = first.labels[static_cast<std::size_t>(a)];
      if (!is_control[static_cast<std::size_t>(a)] && b != LabelColumn::kMissing) {
        label += "_" + second.labels[static_cast<std::size_t>(b)];
      }
      const auto [code, is_new] = code_of.try_emplace(label, static_cast<std::int32_t>(out.labels.size()));
      if (is_new) out.labels.push_back(label);
      at = known.emplace(key, code->second).first;
    }
    out.codes.push_back(at->second);
  }
  return out;
}

}  // namespace

Result<PerturbationColumn> read_perturbations(const CellSource& source, const CellColumnOptions& options) {
  const std::vector<std::string> columns = source.columns();
  const auto name = options.pert_col ? options.pert_col : default_pert_column(columns);
  if (!name) {
    return bad_input(fmt::format("no column names the perturbations (tried {})", fmt::join(kPertColumns, ", ")),
                     source.path(), fmt::format("name it with --pert-col; there are: {}", list_of(columns)));
  }
  PerturbationColumn out;
  if (is_there(columns, *name)) {
    out.columns = {*name};
  } else {
    for (std::size_t begin = 0; begin <= name->size();) {
      const std::size_t end = std::min(name->find(',', begin), name->size());
      out.columns.push_back(name->substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (const std::string& each : out.columns) {
    auto column = source.labels(each);
    if (!column) return tl::unexpected(column.error());
    out.labels =
        &each == &out.columns.front() ? std::move(*column) : joined(out.labels, *column, options.labels.controls);
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
  std::vector<bool> kept(source.n_cells(), true);
  std::map<std::string, std::vector<std::string>> values_of;
  for (const RowFilter& filter : where) values_of[filter.column].push_back(filter.value);
  for (const auto& [name, values] : values_of) {
    auto column = source.labels(name);
    if (!column) return tl::unexpected(column.error());
    std::vector<bool> matches(column->labels.size(), false);
    for (const std::string& value : values) {
      bool any = false;
      for (std::size_t l = 0; l < matches.size(); ++l) {
        const auto number = parse_number(value), stored = parse_number(column->labels[l]);
        const bool is_same = column->labels[l] == value || (number && stored && *number == *stored);
        matches[l] = matches[l] || is_same;
        any = any || is_same;
      }
      if (any) continue;
      return bad_input(fmt::format("no cell has '{}' in column '{}'", value, name), source.path(),
                       fmt::format("values there: {}", list_of(column->labels)));
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::int32_t code = column->codes[i];
      kept[i] = kept[i] && code != LabelColumn::kMissing && matches[static_cast<std::size_t>(code)];
    }
  }
  return kept;
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
