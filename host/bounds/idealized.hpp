// The idealized cheater: an embedding made of the labels themselves (protocol section 6).
#pragma once

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Principal component scores of a context's deltas, training and test rows together: perturbations × components, in the
// order of the rows; columns centred, not scaled; common_dim capped at the smaller side. A head takes them as they are
// (split_features), and no plugin of others may see them. Depends on the context alone, so one serves all folds.
// Fails (bad_input) if a delta is not finite.
//
// `products`: the inner products of the deltas over genes (perturbations × perturbations), where they are known; they
// take the place of the longest part of the work. Signs of components are arbitrary; rows alone determine them.
Result<Matrix> idealized_embedding(const ConstMatrixRef& deltas, Eigen::Index common_dim,
                                   const Matrix* products = nullptr);

}  // namespace headroom
