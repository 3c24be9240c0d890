// Which rows of a table are meant and what they are called, where one column does not say it: --pert-col A,B joins
// columns, --where COLUMN=VALUE filters rows. One rule for cells, deltas and predictions.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/annotation_column.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Rows whose column holds one of the values that are given for it; controls are never filtered.
struct RowFilter {
  std::string column, value;
};

// "A,B" as A and B; a name that is a column as a whole is that column.
std::vector<std::string> columns_named(const std::string& text, const std::function<bool(const std::string&)>& exists);

// What a flag chooses that may be repeated (--context, --fold): "A,B" is A and B where it is no name itself and they
// are.
std::vector<std::string> names_chosen(const std::vector<std::string>& given,
                                      const std::function<bool(const std::string&)>& exists);

// Two columns as one: A_B, where B is there and A names no control, which keeps its label.
LabelColumn joined_labels(const LabelColumn& first, const LabelColumn& second,
                          const std::function<bool(std::string_view)>& is_control);

// Rows that no filter leaves out; controls have to be looked at apart. Numbers match however they are written. `where`
// names the table in errors (bad_input): no such column, a value that no row has.
using ReadLabelColumn = std::function<Result<LabelColumn>(const std::string& column)>;
Result<std::vector<bool>> filtered_rows(std::size_t n_rows, const std::vector<RowFilter>& filters,
                                        const ReadLabelColumn& read, const std::string& where);

}  // namespace headroom
