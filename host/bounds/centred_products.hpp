// Inner products of centred data from those of the data as they are.
#pragma once

#include <optional>

#include "matrix/matrix.hpp"

namespace headroom {

// products(i, j) - correction(i, j) in the lower triangle. Absent if the squares shrink so far (or are not finite) that
// the difference has lost digits: centre the data themselves then.
template <class Correction>
std::optional<Matrix> centred_products(const ConstMatrixRef& products, const Correction& correction) {
  constexpr double kLeastShare = 1e-2;  // of the sum of squares: two digits of sixteen are lost at most
  Matrix centred(products.rows(), products.cols());
  for (Eigen::Index i = 0; i < products.rows(); ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) centred(i, j) = products(i, j) - correction(i, j);
  }
  if (!(centred.trace() >= kLeastShare * products.trace())) return std::nullopt;
  return centred;
}

}  // namespace headroom
