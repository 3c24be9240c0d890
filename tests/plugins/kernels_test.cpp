// The hot loops of the heads against plain ones, with every tile size whatever the processor at hand would choose.
#include <gtest/gtest.h>

#include <cmath>

#include "heads/coordinate_descent.hpp"
#include "heads/lasso_path.hpp"
#include "heads/panel_product.hpp"
#include "heads/running_means.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace kernels_test {

// Sums of up to 530 products of order 1, added in another order or fused.
constexpr double kSumTolerance = 1e-12;

class HeadKernels : public ::testing::TestWithParam<heads::Registers> {};

TEST_P(HeadKernels, PanelProductOverShapes) {
  for (const std::int64_t rows : {0, 1, 5, 8, 13, 23, 43}) {
    for (const std::int64_t depth : {0, 1, 9, 130, 256, 530}) {
      for (const std::int64_t width : {1, 8, 15, 48, 64}) {
        for (const bool listed : {false, true}) {
          const sdk::Matrix left = random_matrix(rows, depth + 3, 1);
          const sdk::Matrix panel = random_matrix(depth + 3, heads::kPanelWidth, 2);
          const sdk::Matrix bias = random_matrix(1, heads::kPanelWidth, 3);
          std::vector<std::int32_t> list;
          for (std::int32_t k = 0; k < depth; ++k) list.push_back(static_cast<std::int32_t>(depth) + 2 - k);
          sdk::Matrix out = sdk::Matrix::Constant(rows + 1, width + 2, -7.0);

          heads::PanelProduct product;
          product.left = left.data();
          product.left_stride = left.cols();
          product.rows = rows;
          product.panel = panel.data();
          product.depth = depth;
          product.depth_list = listed ? list.data() : nullptr;
          product.bias = listed ? nullptr : bias.data();
          product.out = out.data();
          product.out_stride = out.cols();
          product.width = width;
          heads::panel_product(product, GetParam());

          for (std::int64_t r = 0; r <= rows; ++r) {
            for (std::int64_t c = 0; c < width + 2; ++c) {
              double expected = -7.0;  // beyond the product nothing is written
              if (r < rows && c < width) {
                expected = listed ? 0.0 : bias(0, c);
                for (std::int64_t k = 0; k < depth; ++k) {
                  const std::int64_t d = listed ? list[static_cast<std::size_t>(k)] : k;
                  expected += left(r, d) * panel(d, c);
                }
              }
              ASSERT_NEAR(out(r, c), expected, kSumTolerance)
                  << rows << " × " << depth << " × " << width << (listed ? " listed" : "") << " at " << r << ", " << c;
            }
          }
        }
      }
    }
  }
}

TEST_P(HeadKernels, RunningMeansOverShapes) {
  const sdk::Matrix panel = random_matrix(40, heads::kPanelWidth, 4);
  const std::vector<std::int64_t> counts = {1, 1, 7, 30};
  std::vector<std::int32_t> neighbours;
  for (std::int32_t i = 0; i < 3 * 30; ++i) neighbours.push_back((i * 17) % 40);
  for (const std::int64_t width : {1, 16, 33, 64}) {
    std::vector<sdk::Matrix> out(4, sdk::Matrix::Constant(3, width + 1, -7.0));
    std::vector<double*> at;
    for (sdk::Matrix& m : out) at.push_back(m.data());
    const std::vector<std::int64_t> strides(4, width + 1);
    heads::RunningMeans means;
    means.panel = panel.data();
    means.neighbours = neighbours.data();
    means.n_query = 3;
    means.n_nearest = 30;
    means.counts = counts.data();
    means.n_counts = 4;
    means.out = at.data();
    means.out_stride = strides.data();
    means.width = width;
    heads::running_means(means, GetParam());
    for (std::size_t c = 0; c < 4; ++c) {
      for (std::int64_t q = 0; q < 3; ++q) {
        ASSERT_EQ(out[c](q, width), -7.0);
        for (std::int64_t j = 0; j < width; ++j) {
          double sum = 0.0;
          for (std::int64_t i = q * 30; i < q * 30 + counts[c]; ++i) {
            sum += panel(neighbours[static_cast<std::size_t>(i)], j);
          }
          ASSERT_NEAR(out[c](q, j), sum / static_cast<double>(counts[c]), kSumTolerance);
        }
      }
    }
  }
}

// One gene at a time, one feature at a time, until nothing moves.
Eigen::VectorXd plain_lasso(const sdk::Matrix& gram, const Eigen::VectorXd& c, double threshold) {
  Eigen::VectorXd w = Eigen::VectorXd::Zero(gram.rows());
  for (int sweep = 0; sweep < 20000; ++sweep) {
    double moved = 0.0;
    for (Eigen::Index j = 0; j < gram.rows(); ++j) {
      const double target = c(j) - gram.row(j).dot(w) + gram(j, j) * w(j);
      const double now = std::copysign(std::max(std::abs(target) - threshold, 0.0), target) / gram(j, j);
      moved = std::max(moved, std::abs(now - w(j)));
      w(j) = now;
    }
    if (moved < 1e-14) break;
  }
  return w;
}

TEST_P(HeadKernels, LassoPathEqualsPlainDescent) {
  for (const Eigen::Index p : {1, 2, 5, 8, 13, 50}) {
    const sdk::Matrix z = random_matrix(2 * p + 10, p, static_cast<std::uint64_t>(p));
    const sdk::Matrix gram = z.transpose() * z;
    const std::vector<double> thresholds = {30.0, 5.0, 0.5};
    heads::LassoPath path(gram, thresholds, GetParam());
    const Eigen::Index lanes = path.lanes();
    const sdk::Matrix c = z.transpose() * random_matrix(z.rows(), lanes, 9);
    std::vector<sdk::Matrix> weights(3, sdk::Matrix::Constant(p, lanes, -7.0));
    path.solve(c.data(), {weights[0].data(), weights[1].data(), weights[2].data()});
    for (std::size_t t = 0; t < 3; ++t) {
      for (Eigen::Index lane = 0; lane < lanes; ++lane) {
        const Eigen::VectorXd expected = plain_lasso(gram, c.col(lane), thresholds[t]);
        // Optimal to 1e-9 of max |c|, some tens, on Gram matrices whose smallest eigenvalue is above 1.
        ASSERT_LT((weights[t].col(lane) - expected).cwiseAbs().maxCoeff(), 1e-7) << p << " features, lane " << lane;
      }
    }
  }
}

TEST_P(HeadKernels, DescendIsOneGaussSeidelSweep) {
  const Eigen::Index lanes = heads::descent_lanes(GetParam());
  const Eigen::Index block = heads::descent_block(GetParam());
  for (const Eigen::Index p : {1, 7, 24, 25}) {
    const Eigen::Index padded = (p + block - 1) / block * block;
    const sdk::Matrix z = random_matrix(p + 5, p, 11);
    sdk::Matrix gram = sdk::Matrix::Zero(padded, padded);
    gram.topLeftCorner(p, p) = z.transpose() * z;
    Eigen::VectorXd inverse = Eigen::VectorXd::Zero(padded);
    for (Eigen::Index j = 0; j < p; ++j) inverse(j) = 1.0 / gram(j, j);
    sdk::Matrix correlations = sdk::Matrix::Zero(padded, lanes);
    correlations.topRows(p) = z.transpose() * random_matrix(p + 5, lanes, 12);
    sdk::Matrix weights = sdk::Matrix::Zero(padded, lanes);
    weights.topRows(p) = 0.1 * random_matrix(p, lanes, 13);
    sdk::Matrix expected = weights;
    Eigen::VectorXd expected_move = Eigen::VectorXd::Zero(lanes);
    constexpr double threshold = 0.7;
    for (Eigen::Index lane = 0; lane < lanes; ++lane) {
      for (Eigen::Index j = 0; j < p; ++j) {
        const double old = expected(j, lane);
        const double target = correlations(j, lane) - gram.row(j).dot(expected.col(lane)) + gram(j, j) * old;
        expected(j, lane) = std::copysign(std::max(std::abs(target) - threshold, 0.0), target) / gram(j, j);
        expected_move(lane) = std::max(expected_move(lane), std::abs(expected(j, lane) - old) * gram(j, j));
      }
    }

    heads::Descent problem;
    problem.registers = GetParam();
    problem.n_features = p;
    problem.gram = gram.data();
    problem.gram_stride = padded;
    problem.inverse_diagonal = inverse.data();
    problem.correlations = correlations.data();
    problem.threshold = threshold;
    Eigen::VectorXd move(lanes);
    heads::descend(problem, weights.data(), move.data());
    ASSERT_LT((weights - expected).cwiseAbs().maxCoeff(), kSumTolerance) << p << " features";
    ASSERT_LT((move - expected_move).cwiseAbs().maxCoeff(), kSumTolerance) << p << " features";

    sdk::Matrix residual(padded, lanes);
    heads::residual_correlations(problem, weights.data(), residual.data());
    ASSERT_LT((residual - (correlations - gram * weights)).cwiseAbs().maxCoeff(), kSumTolerance) << p << " features";
  }
}

INSTANTIATE_TEST_SUITE_P(Tiles, HeadKernels,
                         ::testing::Values(heads::Registers::thirty_two_of_512_bits,
                                           heads::Registers::sixteen_of_256_bits,
                                           heads::Registers::sixteen_of_128_bits),
                         [](const auto& registers) {
                           switch (registers.param) {
                             case heads::Registers::thirty_two_of_512_bits:
                               return "tiles_512";
                             case heads::Registers::sixteen_of_256_bits:
                               return "tiles_256";
                             case heads::Registers::sixteen_of_128_bits:
                               return "tiles_128";
                           }
                           return "";
                         });

}  // namespace kernels_test
}  // namespace headroom::testing
