// What the rows of an h5ad are: the columns of obs that say so, their labels, and which rows are controls. Tasks and
// finished predictions are told apart from their controls in the same way.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/h5ad.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Stands for the row names where a column is asked for.
inline constexpr const char* kRowNames = "index";

// The first of `names` that is a column of obs.
std::optional<std::string> first_column(const H5adFile& file, std::span<const std::string_view> names);

// A note on each of obs and var that has columns which cannot be read, and which are passed over unless they are named.
std::vector<std::string> notes_on_odd_columns(const H5adFile& file);

// Distinct labels and a code per row, from a column of obs or, for kRowNames, from the row names.
Result<LabelColumn> read_row_labels(const H5adFile& file, const std::string& column);

// The label of a row that must have one. The pointer is into `column`.
Result<const std::string*> label_of_row(const LabelColumn& column, std::size_t row, const std::string& path);

// Per row, whether `column` of obs flags it as a control; none does where there is no such column. Flags may be
// booleans, numbers or words; anything else is bad_input.
Result<std::vector<bool>> control_rows(const H5adFile& file, std::string_view column);

}  // namespace headroom
