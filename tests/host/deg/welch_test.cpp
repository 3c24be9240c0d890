#include "deg/welch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "deg/benjamini_hochberg.hpp"
#include "deg/label_call.hpp"

namespace headroom {
namespace {

SampleMoments moments(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double x : values) {
    sum += x;
    squares += x * x;
  }
  return sample_moments(static_cast<double>(values.size()), sum, squares);
}

WelchTest test(const std::vector<double>& a, const std::vector<double>& b) {
  return welch_test(moments(a), static_cast<double>(a.size()), moments(b), static_cast<double>(b.size()));
}

TEST(WelchTest, IsThatOfSciPy) {
  // scipy.stats.ttest_ind(a, b, equal_var=False), SciPy 1.10.1.
  const WelchTest first = test({0, 0, 1.5, 0}, {1, 0, 2.5, 0.3, 0});
  EXPECT_NEAR(first.t, -0.6388117022583834, 1e-12);
  EXPECT_NEAR(first.p, 0.5434117326036794, 1e-12);
  const WelchTest second = test({3, 1, 2.5, 2}, {0, 1, 0.5, 0, 0});
  EXPECT_NEAR(second.t, 3.870804860980474, 1e-12);
  EXPECT_NEAR(second.p, 0.015644491667181827, 1e-12);
}

TEST(WelchTest, HasTheStatisticOfTheTestAlone) {
  const std::vector<double> a = {0, 0, 1.5, 0}, b = {1, 0, 2.5, 0.3, 0}, ones = {1, 1, 1}, twos = {2, 2};
  EXPECT_EQ(welch_t(moments(a), moments(b), 5), test(a, b).t);
  EXPECT_EQ(welch_t(moments(ones), moments(twos), 3), test(ones, twos).t);
  EXPECT_EQ(welch_t(moments(ones), moments(ones), 3), 0);
}

TEST(WelchTest, WithoutVarianceDependsOnTheMeansAlone) {
  // 0.1 has no exact double: its sums over cells round.
  const std::vector<double> a(31, 0.1), b(1000, 0.1), c(77, 0.2);
  EXPECT_EQ(moments(b).squared_error, 0);
  EXPECT_EQ(test(a, b).t, 0);
  EXPECT_EQ(test(a, b).p, 1);
  EXPECT_EQ(test(c, b).t, std::numeric_limits<double>::infinity());
  EXPECT_EQ(test(a, c).t, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(test(a, c).p, 0);
}

TEST(WelchTest, OneSideMayBeConstant) {
  const WelchTest one = test({0, 0, 0, 0}, {1, 2, 3});
  EXPECT_NEAR(one.t, -2 / std::sqrt(1.0 / 3), 1e-12);
  EXPECT_NEAR(one.df, 2, 1e-12);
}

// The oracle's columns: constant and equal, constant and different, ordinary.
TEST(WelchTest, EdgeColumnsAreThoseOfTheOracle) {
  const auto path = std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "small" / "golden.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no oracle data at " << path;
  std::ifstream stream(path);
  const auto edge = nlohmann::json::parse(stream)["edge_cases"]["welch_edge"];
  std::vector<double> p;
  LabelCall call;
  call.start(4, 3);
  for (std::size_t gene = 0; gene < 3; ++gene) {
    std::vector<double> cells, control;
    for (std::size_t i = 0; i < edge["group"].size(); ++i) {
      (edge["group"][i] == edge["reference_group"] ? control : cells).push_back(edge["X"][i][gene]);
    }
    const WelchTest result = test(cells, control);
    if (edge["t"][gene] == "inf") {
      EXPECT_EQ(result.t, std::numeric_limits<double>::infinity());
    } else {
      EXPECT_NEAR(result.t, edge["t"][gene].get<double>(), 1e-9);
    }
    p.push_back(result.p);
    call.add(moments(cells), moments(control));
  }
  const std::vector<double> q = adjusted_p(p);
  std::vector<std::int8_t> labels(3);
  call.finish(RankCutoffs(3), labels.data());
  for (std::size_t gene = 0; gene < 3; ++gene) {
    EXPECT_NEAR(q[gene], edge["padj"][gene].get<double>(), 1e-9);
    EXPECT_EQ(labels[gene], edge["label"][gene].get<int>());
  }
}

}  // namespace
}  // namespace headroom
