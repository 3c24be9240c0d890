#include "bounds/idealized.hpp"

#include "protocol/pca.hpp"

namespace headroom {

Result<Matrix> idealized_embedding(const ConstMatrixRef& deltas, Eigen::Index common_dim) {
  const RowIndex rows = all_rows(deltas.rows());
  return fit_pca(deltas, rows, common_dim, ColumnScaling::none).map([&](const Pca& pca) {
    return pca_scores(pca, deltas, rows);
  });
}

}  // namespace headroom
