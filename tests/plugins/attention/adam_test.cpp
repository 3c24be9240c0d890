#include "attention/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headroom::testing {
namespace adam_test {

using attention::Adam;

TEST(Adam, TakesTheStepsOfTheDefinition) {
  std::vector<float> values = {1, -2, 0.5};
  Adam adam(values.size());
  std::vector<double> expected = {1, -2, 0.5}, mean(3, 0), square(3, 0);
  for (int step = 1; step <= 5; ++step) {
    std::vector<float> gradient;
    for (std::size_t i = 0; i < 3; ++i) {
      gradient.push_back(static_cast<float>(std::sin(step + 2.0 * static_cast<double>(i))));
      const double g = 0.5 * gradient.back();
      mean[i] = 0.9 * mean[i] + 0.1 * g;
      square[i] = 0.999 * square[i] + 0.001 * g * g;
      const double m = mean[i] / (1 - std::pow(0.9, step)), v = square[i] / (1 - std::pow(0.999, step));
      expected[i] -= 1e-2 * m / (std::sqrt(v) + 1e-8);
    }
    adam.step(values, gradient, 0.5, 1e-2, 1);
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(values[i], expected[i], 1e-6);
}

TEST(Adam, DoesNotDependOnThreads) {
  constexpr std::size_t kValues = 400000;  // several parts
  std::vector<float> one(kValues, 1), three = one, gradient(kValues);
  for (std::size_t i = 0; i < kValues; ++i) gradient[i] = static_cast<float>(std::sin(static_cast<double>(i)));
  Adam alone(kValues), together(kValues);
  for (int step = 0; step < 3; ++step) {
    alone.step(one, gradient, 0.3, 1e-3, 1);
    together.step(three, gradient, 0.3, 1e-3, 3);
  }
  EXPECT_EQ(one, three);
  const double norm = attention::norm_of(gradient, 1);
  EXPECT_EQ(norm, attention::norm_of(gradient, 3));
  EXPECT_NEAR(norm, std::sqrt(kValues / 2.0), 0.1);
  EXPECT_EQ(attention::norm_of({}, 1), 0);
}

}  // namespace adam_test
}  // namespace headroom::testing
