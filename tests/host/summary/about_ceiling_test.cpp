#include "summary/about_ceiling.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace about_ceiling_test {

bool is_about(std::string_view method, Metric metric, ExcludedTargets excluded = ExcludedTargets::as_published) {
  return is_about_ceiling(method, metric, excluded);
}

// By tests/reference/ceilings/accuracy.csv.
TEST(AboutCeiling, AsksTheTableOfTheMetricsLevel) {
  EXPECT_FALSE(is_about("depth_right_shared", Metric::L2));
  EXPECT_FALSE(is_about("depth_right", Metric::Pearson));
  EXPECT_TRUE(is_about("depth_right", Metric::MAE));
  EXPECT_FALSE(is_about("depth_right_shared", Metric::pds_cosine)) << "simulated";
  EXPECT_FALSE(is_about("depth_right_shared", Metric::expr_mse_ratio)) << "0 in closed form";
  EXPECT_FALSE(is_about("depth_right_shared", Metric::direction_reach));
  EXPECT_TRUE(is_about("depth_right_shared", Metric::jaccard));
  EXPECT_FALSE(is_about("depth_right_shared", Metric::delta_pearson)) << "halves stepped up";
  EXPECT_TRUE(is_about("depth_right_shared", Metric::delta_pearson, ExcludedTargets::own)) << "simulated";
  EXPECT_TRUE(is_about("depth_right_shared", Metric::energy_distance_top)) << "was never tried";
}

TEST(AboutCeiling, IsOfCeilingsThatAreMadeOfCellsAlone) {
  for (const char* method : {"idealized+knn", "sampling_error_q90", "split_half"}) {
    EXPECT_FALSE(is_about(method, Metric::Spearman)) << method;
    EXPECT_FALSE(is_about(method, Metric::jaccard)) << method;
  }
}

}  // namespace about_ceiling_test
}  // namespace headroom
