// One column of a cell or gene table (h5ad obs or var), as read or as to be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace headroom {

using ColumnValues =
    std::variant<std::vector<std::string>, std::vector<std::int64_t>, std::vector<double>, std::vector<bool>>;

struct AnnotationColumn {
  std::string name;
  ColumnValues values;
  // One flag a row; empty: every row has a value. Rows without one (a categorical code of -1, a masked integer) hold
  // an empty string, 0, NaN or false.
  std::vector<bool> present;
  // Written as a pandas categorical (text only); reading sets it too.
  bool categorical = false;

  std::size_t size() const;
  bool is_present(std::size_t row) const { return present.empty() || present[row]; }
  // The value as a label: integers and whole floats without a decimal point, booleans as True and False. Empty where
  // there is no value.
  std::string text(std::size_t row) const;
};

// A column as labels and a code per row: what grouping needs, and a hundredth of the memory of a million strings.
struct LabelColumn {
  static constexpr std::int32_t kMissing = -1;
  std::string name;
  std::vector<std::string> labels;  // categories in the file's order, else in order of first appearance; distinct
  std::vector<std::int32_t> codes;  // one a row: index into labels, or kMissing (as pandas stores it)
};

}  // namespace headroom
