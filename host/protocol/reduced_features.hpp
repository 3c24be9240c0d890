// The features that a head works on, for one embedding in one context and fold: standardised, brought to the common
// dimension on each inner training part and on all training rows (protocol section 3.2). Heads differ; this does not.
#pragma once

#include <vector>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// Features of one fit.
struct ReducedSplit {
  Matrix training;  // training rows × components, in the order of the training rows
  Matrix query;     // query rows × components
};

struct ReducedFeatures {
  // Per inner split: what is left of the training rows without the held-out ones, and the held-out ones.
  std::vector<ReducedSplit> inner;
  ReducedSplit final_fit;          // all training rows, and the test rows
  Eigen::Index effective_dim = 0;  // components: common_dim capped at min(rows, columns) of the smallest training part
};

// `training` (training rows × d) and `test` (test rows × d) are the embedding of the rows that have one; `held_out` are
// the test rows of the inner splits, positions in `training`: a partition of them, as kfold_test_rows makes it. Rows of
// a part are standardised and projected by what its training part alone says.
//
// Cost: each inner training part's Gram matrix is the sum of the other parts', so all fits share one product of the
// training rows with themselves; where rows are so few that the row side is cheaper, each fit takes it instead. The
// fits run on the pool; the result does not depend on its size.
//
// Fails (bad_input) with fewer training rows than inner splits, fewer than two splits, no columns, or a value that is
// not finite (which names the row and the column).
Result<ReducedFeatures> reduce_features(const ConstMatrixRef& training, const ConstMatrixRef& test,
                                        const std::vector<RowIndex>& held_out, Eigen::Index common_dim,
                                        ThreadPool& pool);

// The same splits of features that are used as they are: the idealized embedding (protocol section 6).
// effective_dim is the number of columns.
Result<ReducedFeatures> split_features(const ConstMatrixRef& training, const ConstMatrixRef& test,
                                       const std::vector<RowIndex>& held_out);

}  // namespace headroom
