#include "bounds/advantage.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace headroom {
namespace {

Vector drawn(std::mt19937& generator, Eigen::Index n, double mean) {
  std::normal_distribution<double> normal(mean, 1);
  Vector values(n);
  for (double& value : values) value = normal(generator);
  return values;
}

TEST(PairedAdvantage, IsStudentsIntervalOfTheDifferences) {
  Vector first(5), second(5);
  first << 1, 2, 3, 4, 5;
  second.setZero();
  const auto advantage = paired_advantage(first, second, true);
  ASSERT_TRUE(advantage);
  EXPECT_DOUBLE_EQ(advantage->mean, 3);
  // t(4; 0.9999) = 13.0337, standard error sqrt(2.5 / 5).
  EXPECT_NEAR(advantage->low, 3 - 13.033671721 * std::sqrt(0.5), 1e-6);
  EXPECT_DOUBLE_EQ(paired_advantage(first, second, false)->mean, -3);
}

TEST(PairedAdvantage, OfEqualMethodsIsZero) {
  const Vector values = Vector::LinSpaced(9, 0, 1);
  const auto advantage = paired_advantage(values, values, true);
  ASSERT_TRUE(advantage);
  EXPECT_EQ(advantage->mean, 0);
  EXPECT_EQ(advantage->low, 0);
}

TEST(PairedAdvantage, NeedsEnoughFiniteValues) {
  EXPECT_FALSE(paired_advantage(Vector::Ones(4), Vector::Zero(4), true));
  EXPECT_FALSE(paired_advantage(Vector::Ones(6), Vector::Zero(5), true));
  Vector undefined = Vector::Zero(6);
  undefined[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(paired_advantage(undefined, Vector::Zero(6), true));
}

// Of folds as a whole, the spread over resamples stands for the standard error.
TEST(PairedAdvantage, OfWholeFoldsGoesByTheirResamples) {
  FoldValues first = Vector(Vector::Zero(5)), second = first;
  first.whole = WholeFold{0.7, RowVector{{0.6, 0.8, 0.7, std::numeric_limits<double>::quiet_NaN()}}};
  second.whole = WholeFold{0.4, RowVector{{0.4, 0.4, 0.4, 0.1}}};
  const auto advantage = paired_advantage(first, second, true);
  ASSERT_TRUE(advantage);
  EXPECT_DOUBLE_EQ(advantage->mean, 0.7 - 0.4);
  EXPECT_NEAR(advantage->low, 0.3 - 13.033671721 * 0.1, 1e-6);  // of 0.2, 0.4, 0.3
  first.whole->value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(paired_advantage(first, second, true));
}

// With few and with many perturbations: no false alarm in 5,000 draws without an advantage (0.5 are expected), and an
// advantage as large as the scatter is seen from 40 perturbations on.
TEST(PairedAdvantage, HasFewFalseAlarmsAndSeesWhatIsThere) {
  std::mt19937 generator(1);
  for (const Eigen::Index n : {5, 12, 40}) {
    int alarms = 0;
    for (int draw = 0; draw < 5000; ++draw) {
      alarms += paired_advantage(drawn(generator, n, 0), drawn(generator, n, 0), true)->low > 0;
    }
    EXPECT_LE(alarms, 3) << n;
  }
  int seen = 0;
  for (int draw = 0; draw < 200; ++draw) {
    seen += paired_advantage(drawn(generator, 40, 1.5), drawn(generator, 40, 0), true)->low > 0;
  }
  EXPECT_GE(seen, 190);
}

}  // namespace
}  // namespace headroom
