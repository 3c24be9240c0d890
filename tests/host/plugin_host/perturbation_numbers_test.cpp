#include "plugin_host/perturbation_numbers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace headroom {
namespace perturbation_numbers_test {

TEST(PerturbationNumbers, AreEqualWhereThePerturbationIs) {
  const PerturbationNumbers numbers = number_perturbations({{7, -2, 7, 100}, {100, 5}}, 4, 2, {}, 1);
  EXPECT_EQ(numbers.n, 4);
  EXPECT_EQ(numbers.training[0], numbers.training[2]);
  EXPECT_EQ(numbers.training[3], numbers.query[0]);
  std::set<std::int32_t> used(numbers.training.begin(), numbers.training.end());
  used.insert(numbers.query.begin(), numbers.query.end());
  EXPECT_EQ(used, (std::set<std::int32_t>{0, 1, 2, 3}));
}

TEST(PerturbationNumbers, WithoutCodesEachRowHasItsOwn) {
  const PerturbationNumbers numbers = number_perturbations({}, 30, 10, {}, 1);
  EXPECT_EQ(numbers.n, 40);
  std::set<std::int32_t> used(numbers.training.begin(), numbers.training.end());
  used.insert(numbers.query.begin(), numbers.query.end());
  EXPECT_EQ(used.size(), 40u);
}

TEST(PerturbationNumbers, DependOnSeedAndRequestAlone) {
  const auto training = [](const PerturbationCodes& codes, const RowIndex& rows, std::uint64_t seed) {
    return number_perturbations(codes, 30, 10, rows, seed).training;
  };
  EXPECT_EQ(training({}, {}, 1), training({}, {}, 1));
  EXPECT_NE(training({}, {}, 1), training({}, {}, 2));
  RowIndex rows(30);
  std::iota(rows.begin(), rows.end(), 5);
  EXPECT_NE(training({}, rows, 1), training({}, {}, 1));
  // Other codes for the same perturbations: other numbers.
  PerturbationCodes up{RowIndex(30), RowIndex(10)}, down = up;
  std::iota(up.training.begin(), up.training.end(), 0);
  std::iota(up.query.begin(), up.query.end(), 30);
  std::transform(up.training.begin(), up.training.end(), down.training.begin(), [](int code) { return -code; });
  std::transform(up.query.begin(), up.query.end(), down.query.begin(), [](int code) { return -code; });
  EXPECT_NE(training(up, {}, 1), training(down, {}, 1));
}

// Neither the rows' order nor what is tested can be read from the numbers: over seeds, queries and training rows have
// the same mean number, and so do early and late rows. 2,000 draws of 40 numbers; the bounds are four standard errors
// wide.
TEST(PerturbationNumbers, TellNeitherOrderNorWhatIsTested) {
  double of_queries = 0, of_early = 0;
  constexpr int kDraws = 2000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const PerturbationNumbers numbers = number_perturbations({}, 30, 10, {}, seed);
    of_queries += std::accumulate(numbers.query.begin(), numbers.query.end(), 0.0) / 10;
    of_early += std::accumulate(numbers.training.begin(), numbers.training.begin() + 15, 0.0) / 15;
  }
  const double middle = 39 / 2.0, spread_of_ten = 3.2, spread_of_fifteen = 2.4;
  EXPECT_NEAR(of_queries / kDraws, middle, 4 * spread_of_ten / std::sqrt(kDraws));
  EXPECT_NEAR(of_early / kDraws, middle, 4 * spread_of_fifteen / std::sqrt(kDraws));
}

}  // namespace perturbation_numbers_test
}  // namespace headroom
