#include "io/row_labels.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

namespace headroom {

std::optional<std::string> first_column(const H5adFile& file, std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (file.has_column(H5adAxis::obs, std::string(name))) return std::string(name);
  }
  return std::nullopt;
}

std::vector<std::string> notes_on_odd_columns(const H5adFile& file) {
  std::vector<std::string> notes;
  for (const auto& [axis, name] : {std::pair{H5adAxis::obs, "obs"}, std::pair{H5adAxis::var, "var"}}) {
    const std::vector<std::string> odd = file.odd_columns(axis);
    if (odd.empty()) continue;
    notes.push_back(fmt::format("columns of {} that cannot be read are passed over: {}", name, fmt::join(odd, ", ")));
  }
  return notes;
}

Result<LabelColumn> read_row_labels(const H5adFile& file, const std::string& column) {
  if (column != kRowNames) return file.read_labels(H5adAxis::obs, column);
  auto ids = file.read_index(H5adAxis::obs);
  if (!ids) return tl::unexpected(ids.error());
  LabelColumn labels{kRowNames, std::move(*ids), {}};
  labels.codes.resize(labels.labels.size());
  std::iota(labels.codes.begin(), labels.codes.end(), 0);
  return labels;
}

Result<const std::string*> label_of_row(const LabelColumn& column, std::size_t row, const std::string& path) {
  const std::int32_t code = column.codes[row];
  if (code == LabelColumn::kMissing || column.labels[static_cast<std::size_t>(code)].empty()) {
    return bad_input(fmt::format("row {} has no value in column '{}'", row + 1, column.name), path,
                     "fill it in or leave the row out");
  }
  return &column.labels[static_cast<std::size_t>(code)];
}

Result<std::vector<bool>> control_rows(const H5adFile& file, std::string_view column) {
  std::vector<bool> control(file.n_obs(), false);
  if (!file.has_column(H5adAxis::obs, std::string(column))) return control;
  auto labels = file.read_labels(H5adAxis::obs, std::string(column));
  if (!labels) return tl::unexpected(labels.error());
  std::vector<bool> label_is_control;
  for (const std::string& label : labels->labels) {
    const bool yes = label == "True" || label == "true" || label == "TRUE" || label == "1";
    const bool no = label == "False" || label == "false" || label == "FALSE" || label == "0" || label.empty();
    if (!yes && !no) {
      return bad_input(fmt::format("column '{}' holds '{}', neither true nor false", column, label), file.path(),
                       "store it as booleans");
    }
    label_is_control.push_back(yes);
  }
  for (std::size_t i = 0; i < control.size(); ++i) {
    const std::int32_t code = labels->codes[i];
    control[i] = code != LabelColumn::kMissing && label_is_control[static_cast<std::size_t>(code)];
  }
  return control;
}

}  // namespace headroom
