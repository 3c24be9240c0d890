#include "deg/label_trials.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "deg/class_metrics.hpp"

namespace headroom {

Matrix certain_planes(const LabelMatrix& labels) {
  Matrix planes = Matrix::Zero(kClasses * labels.rows(), labels.cols());
  for (Eigen::Index row = 0; row < labels.rows(); ++row) {
    for (Eigen::Index gene = 0; gene < labels.cols(); ++gene) {
      planes((labels(row, gene) + 1) * labels.rows() + row, gene) = 1;
    }
  }
  return planes;
}

double nearest_quantile(std::vector<double>& values, double q) {
  const auto end = std::partition(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  const auto n = end - values.begin();
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::nearbyint(q * static_cast<double>(n - 1)));
  std::nth_element(values.begin(), at, end);
  return *at;
}

}  // namespace headroom
