// The score by which a head's hyperparameters are chosen: the mean L2 error of an inner split (protocol section 3.3).
#pragma once

#include "matrix/matrix.hpp"

namespace headroom {

// Mean over rows of ‖prediction.row(i) - truths.row(truth_rows[i])‖₂. The score of a grid point is minus its mean over
// the inner splits. NaN if any value of the prediction is not finite (or so large that its square overflows), or if
// there are no rows. Each value of the prediction is read exactly once, so that it may lie in memory that another
// process can still write: such writes can change the score, and nothing else. prediction: rows × genes; truths: any ×
// genes.
double mean_row_l2(const ConstMatrixRef& prediction, const ConstMatrixRef& truths, const RowIndex& truth_rows);

}  // namespace headroom
