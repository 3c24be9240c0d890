#include "cell_metrics/panel_metrics.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace panel_metrics_test {

using Rows = std::vector<std::vector<double>>;

PanelSide side(const Rows& rows, const std::vector<double>& control, std::vector<double> sampling,
               double of_control = 0) {
  PanelSide out;
  for (const auto& row : rows) out.y.push_back(&row);
  out.sampling = std::move(sampling);
  out.y_control = &control;
  out.sampling_control = of_control;
  return out;
}

TEST(DiscriminationCosine, RanksTheOwnProfile) {
  ThreadPool pool(2);
  const std::vector<double> zero(4, 0.0);
  const Rows real{{1, 0, 0, 9}, {0, 1, 0, 9}, {0, 0, 1, -9}};
  const std::vector<bool> left_out{false, false, false, true};
  const auto of = [&](const Rows& guess) {
    return discrimination_cosine(side(real, zero, {0, 0, 0}), {0, 1, 2}, side(guess, zero, {0, 0, 0}), {{}, left_out},
                                 pool);
  };
  EXPECT_EQ(of(real), (std::vector<double>{1, 1, 1}));
  // Nearest to the first, then the second, then the third.
  EXPECT_EQ(of(Rows(3, {3, 2, 1, 0})), (std::vector<double>{1, 0.5, 0}));
  // No information: every rival is as near.
  EXPECT_EQ(of(Rows(3, {0, 0, 0, 5})), (std::vector<double>{0.5, 0.5, 0.5}));
  const Rows one{{1, 2, 3, 4}};
  EXPECT_EQ(discrimination_cosine(side(one, zero, {0}), {0}, side(one, zero, {0}), {{}, left_out}, pool),
            std::vector<double>{1});
}

TEST(ErrorRatio, SubtractsBothNoises) {
  const std::vector<double> zero(3, 0.0);
  const Rows real{{2, 0, 0}, {0, 2, 0}}, guess{{1, 0, 0}, {0, 1, 0}};
  // Errors 1 each, effects 4 each; real noise 0.5, predicted noise 0.2, control noise 0.1.
  const ErrorRatio ratio = error_ratio(side(real, zero, {0.5, 0.5}, 0.1), side(guess, zero, {0.2, 0.2}), OwnGenes(2));
  EXPECT_DOUBLE_EQ(ratio.claim, 0.4 / 3);
  EXPECT_DOUBLE_EQ(ratio.budget, 1.0 / 3);
  EXPECT_DOUBLE_EQ(ratio.scale, 1);
  EXPECT_DOUBLE_EQ(*ratio.value, (1 - 0.2 - 0.5) / (4 - 0.6));
  // A prediction that says the same of all may not claim noise.
  const ErrorRatio flat =
      error_ratio(side(real, zero, {0.5, 0.5}), side(Rows(2, {1, 1, 0}), zero, {0.2, 0.2}), OwnGenes(2));
  EXPECT_DOUBLE_EQ(flat.scale, 0);
  EXPECT_DOUBLE_EQ(*flat.value, (2 - 0.5) / (4 - 0.5));
  // Effects within the noise have no ratio.
  EXPECT_FALSE(error_ratio(side(real, zero, {4, 4}), side(guess, zero, {0, 0}), OwnGenes(2)).value);
}

TEST(ErrorRatio, LeavesTheOwnGeneOut) {
  const std::vector<double> zero(3, 0.0);
  const Rows real{{-9, 2, 0}, {0, 2, -9}}, guess{{0, 1, 0}, {0, 1, 0}};
  const ErrorRatio ratio = error_ratio(side(real, zero, {0, 0}), side(guess, zero, {0, 0}), OwnGenes{0, 2});
  EXPECT_DOUBLE_EQ(*ratio.value, 0.25);
  EXPECT_DOUBLE_EQ(ratio.numerator[0], 0.5);  // one of two genes that count
}

}  // namespace panel_metrics_test
}  // namespace headroom
