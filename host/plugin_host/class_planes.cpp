#include "plugin_host/class_planes.hpp"

#include <fmt/format.h>

#include <cmath>

namespace headroom {

std::string fault_of_planes(std::span<const ConstMatrixMap> planes) {
  if (planes.empty()) return {};
  const Eigen::Index rows = planes.front().rows(), cols = planes.front().cols();
  RowVector sum(cols);
  for (Eigen::Index row = 0; row < rows; ++row) {
    sum.setZero();
    for (const ConstMatrixMap& plane : planes) {
      for (Eigen::Index gene = 0; gene < cols; ++gene) {
        const double probability = plane(row, gene);
        if (!std::isfinite(probability)) return "a probability is not finite";
        if (probability < 0) return fmt::format("a probability is negative: {:.3g}", probability);
        sum(gene) += probability;
      }
    }
    for (Eigen::Index gene = 0; gene < cols; ++gene) {
      if (std::abs(sum(gene) - 1) > kPlaneSumTolerance) {
        return fmt::format("the probabilities of the {} classes sum to {:.10g} in place of 1", planes.size(),
                           sum(gene));
      }
    }
  }
  return {};
}

}  // namespace headroom
