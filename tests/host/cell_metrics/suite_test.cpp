// The suite's scale: its directions, floors and what a missing value is.
#include "cell_metrics/suite.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace suite_test {

const MemberRule& rule(std::string_view name) {
  for (const MemberRule& each : member_rules()) {
    if (each.name == name) return each;
  }
  throw std::out_of_range(std::string(name));
}

TEST(Scaled, IsLinearBetweenBAndR) {
  EXPECT_DOUBLE_EQ(*scaled(rule("jaccard"), 0.3, 0.1, 0.5, ""), 0.5);
  EXPECT_DOUBLE_EQ(*scaled(rule("jaccard"), 1.0, 0.1, 0.5, ""), 2.25);  // above 1 is allowed
  EXPECT_DOUBLE_EQ(*scaled(rule("jaccard"), 0.0, 0.1, 0.5, ""), -0.25);
  EXPECT_DOUBLE_EQ(*scaled(rule("lfc_nmae"), 0.4, 1.0, 0.4, ""), 1);
  EXPECT_DOUBLE_EQ(*scaled(rule("lfc_nmae"), 9.0, 1.0, 0.4, ""), -6);
  EXPECT_DOUBLE_EQ(*scaled(rule("expr_mse_ratio"), -0.5, 0.9, 0.1, ""), 1);
  EXPECT_DOUBLE_EQ(*scaled(rule("expr_mse_ratio"), 2.0, 0.9, 0.1, ""), 0);
}

TEST(Scaled, TakesWhatIsMissingForTheWorst) {
  EXPECT_DOUBLE_EQ(*scaled(rule("direction_reach"), std::nullopt, 0.1, 0.6, ""), -0.2);
  EXPECT_DOUBLE_EQ(*scaled(rule("expr_mse_ratio"), std::nullopt, 0.9, 0.1, ""), 0);
  EXPECT_DOUBLE_EQ(*scaled(rule("lfc_nmae"), std::nullopt, 1.0, 0.4, ""), -6);
}

TEST(Scaled, NeedsAReplicateThatIsBetter) {
  for (const auto& [b, r] : {std::pair{0.5, 0.5}, std::pair{0.5, 0.4}}) {
    const auto score = scaled(rule("pds_cosine"), 0.6, b, r, "A");
    ASSERT_FALSE(score);
    EXPECT_NE(score.error().line().find("pds_cosine"), std::string::npos);
    EXPECT_NE(score.error().line().find("context 'A'"), std::string::npos);
  }
  EXPECT_FALSE(scaled(rule("lfc_nmae"), 0.6, 0.4, 0.5, ""));
  EXPECT_FALSE(scaled(rule("lfc_nmae"), 0.6, std::nullopt, 0.5, ""));
}

}  // namespace suite_test
}  // namespace headroom
