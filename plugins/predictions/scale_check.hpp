// Whether predicted expression lies on the task's scale: log1p of counts that were scaled to one total. The likely
// other scale is named; a model that is merely wrong lies on none of them better.
#pragma once

#include <optional>
#include <string>

#include "matrix/matrix.hpp"

namespace headroom {

// What the rows of a file are said to be.
enum class SaidScale { counts, log1p, deltas };

struct ScaleQuestion {
  SaidScale said = SaidScale::log1p;
  bool are_cells = false;                     // else means over cells, of which no total is exact
  std::optional<double> target_sum = 10'000;  // of the task; none: unknown
  // Rows × all genes of the file, as they are stored: control rows of the file where it has any, else some predictions.
  Matrix rows;
  bool are_controls = false;
  RowIndex genes;     // columns of the task's genes
  RowVector control;  // the task's control profile over them
};

// In words: "log1p of counts scaled to 1e+06 (CPM)". nullopt: the scale that was said, or none that is known.
//
// Rows of cells whose totals are all one number tell the scale exactly: that number is the target sum, or it is not.
// Else the mean is compared with the control's: deltas, profiles, counts and logarithms of them each fit at least four
// times as well as what was said (twice for control rows, once they lie off by more than resampling them explains), and
// other totals and bases of the logarithm are told where the highest genes lie on them and off by more than a third.
std::optional<std::string> other_scale(const ScaleQuestion& question);

}  // namespace headroom
