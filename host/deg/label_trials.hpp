// Labels that resampled cells give, as predictions of the labels (protocol section 8): a trial's labels as certain
// probabilities, and the quantile of what the trials score.
#pragma once

#include <vector>

#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

// Probability 1 for the class of each label: planes · rows × genes, plane below plane.
Matrix certain_planes(const LabelMatrix& labels);

// The value at position q · (n - 1) of the finite ones in ascending order, rounded to the nearest, halves to even, as
// NumPy's method "nearest" has it; NaN: none is finite. Reorders.
double nearest_quantile(std::vector<double>& values, double q);

}  // namespace headroom
