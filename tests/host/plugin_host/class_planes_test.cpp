#include "plugin_host/class_planes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace headroom {
namespace class_planes_test {

using ::testing::HasSubstr;

std::string fault_of(const std::vector<Matrix>& planes) {
  std::vector<ConstMatrixMap> views;
  for (const Matrix& plane : planes) {
    views.emplace_back(plane.data(), plane.rows(), plane.cols(), Eigen::OuterStride<>(plane.cols()));
  }
  return fault_of_planes(views);
}

TEST(ClassPlanes, AreProbabilities) {
  const std::vector<Matrix> sound = {Matrix::Constant(2, 3, 0.2), Matrix::Constant(2, 3, 0.3),
                                     Matrix::Constant(2, 3, 0.5)};
  EXPECT_EQ(fault_of(sound), "");
  EXPECT_EQ(fault_of({Matrix::Zero(2, 3), Matrix::Ones(2, 3)}), "");

  std::vector<Matrix> spoilt = sound;
  spoilt[1](1, 2) += 5e-10;
  EXPECT_EQ(fault_of(spoilt), "") << "within the tolerance";
  spoilt[1](1, 2) += 1e-8;
  EXPECT_THAT(fault_of(spoilt), HasSubstr("sum to 1.00000001"));
  spoilt = sound;
  spoilt[0](0, 0) = -0.3;
  spoilt[2](0, 0) = 1;
  EXPECT_THAT(fault_of(spoilt), HasSubstr("negative: -0.3"));
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    spoilt = sound;
    spoilt[2](1, 0) = value;
    EXPECT_THAT(fault_of(spoilt), HasSubstr("not finite"));
  }
}

}  // namespace class_planes_test
}  // namespace headroom
