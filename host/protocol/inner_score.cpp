#include "protocol/inner_score.hpp"

#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>

#include "numerics/row_kernels.hpp"

namespace headroom {

double mean_row_l2(const ConstMatrixRef& prediction, const ConstMatrixRef& truths, const RowIndex& truth_rows) {
  assert(prediction.rows() == static_cast<Eigen::Index>(truth_rows.size()) && prediction.cols() == truths.cols());
  double sum = 0;
  for (std::size_t i = 0; i < truth_rows.size(); ++i) {
    sum += std::sqrt(squared_distance(prediction.row(static_cast<Eigen::Index>(i)).data(),
                                      truths.row(truth_rows[i]).data(), static_cast<std::size_t>(truths.cols())));
  }
  const double mean = sum / static_cast<double>(truth_rows.size());
  return std::isfinite(mean) ? mean : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace headroom
