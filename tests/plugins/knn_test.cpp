#include "heads/knn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heads/neighbours.hpp"
#include "plugins/heads_reference.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace knn_test {

// Means of up to 100 numbers of order 1, added in another order.
constexpr double kMeanTolerance = 1e-13;

// Neighbours of one query row by brute force: squared differences, ties to the lower row.
std::vector<std::int32_t> brute_force_order(const sdk::Matrix& training, const Eigen::RowVectorXd& query) {
  std::vector<double> distance(static_cast<std::size_t>(training.rows()));
  for (Eigen::Index t = 0; t < training.rows(); ++t) {
    double sum = 0;
    for (Eigen::Index j = 0; j < training.cols(); ++j) sum += std::pow(training(t, j) - query(j), 2);
    distance[static_cast<std::size_t>(t)] = sum;
  }
  std::vector<std::int32_t> order(distance.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return distance[static_cast<std::size_t>(a)] < distance[static_cast<std::size_t>(b)];
  });
  return order;
}

sdk::Matrix plain_knn(const PredictorCall& call, std::int64_t k) {
  const sdk::Matrix deltas = call.training_deltas();
  sdk::Matrix predicted = sdk::Matrix::Zero(call.query.rows(), deltas.cols());
  for (Eigen::Index q = 0; q < call.query.rows(); ++q) {
    const std::vector<std::int32_t> order = brute_force_order(call.training, call.query.row(q));
    for (std::int64_t i = 0; i < k; ++i) predicted.row(q) += deltas.row(order[static_cast<std::size_t>(i)]);
  }
  return predicted / static_cast<double>(k);
}

void run_knn(PredictorCall& call, int n_threads = 1) {
  call.run([&](const auto& request, auto& output) { heads::predict_knn(request, n_threads, output); });
}

PredictorCall random_call(std::int64_t n_training, std::int64_t n_query, std::int64_t d, std::int64_t genes,
                          std::uint64_t seed) {
  PredictorCall call;
  call.training = random_matrix(n_training, d, seed);
  call.query = random_matrix(n_query, d, seed + 1);
  call.delta_rows = random_matrix(n_training, genes, seed + 2);
  return call;
}

sdk::ConstMatrixMap map_of(const sdk::Matrix& m) {
  return sdk::ConstMatrixMap(m.data(), m.rows(), m.cols(), Eigen::OuterStride<>(m.cols()));
}

TEST(Knn, EqualsScikitLearn) {
  const auto cases = reference_cases("knn");
  ASSERT_EQ(cases.size(), 7u);
  for (ReferenceCase c : cases) {
    run_knn(c.call);
    for (std::size_t s = 0; s < c.expected.size(); ++s) {
      EXPECT_LT((c.call.predictions[s] - c.expected[s]).cwiseAbs().maxCoeff(), 10 * kMeanTolerance)
          << c.name << ", setting " << s;
    }
  }
}

TEST(Knn, EqualsBruteForceOverShapes) {
  std::uint64_t seed = 1;
  for (const std::int64_t n : {1, 2, 7, 64, 65, 130}) {
    for (const std::int64_t d : {1, 3, 8, 100}) {
      for (const std::int64_t genes : {1, 63, 64, 200}) {
        PredictorCall call = random_call(n, 5, d, genes, seed++);
        call.settings = column({static_cast<double>(n), 1.0, static_cast<double>((n + 1) / 2)});
        run_knn(call);
        ASSERT_FALSE(call.wrote_outside);
        for (Eigen::Index s = 0; s < 3; ++s) {
          ASSERT_EQ(call.feasible[static_cast<std::size_t>(s)], 1);
          const sdk::Matrix expected = plain_knn(call, static_cast<std::int64_t>(call.settings(s, 0)));
          ASSERT_LT((call.predictions[static_cast<std::size_t>(s)] - expected).cwiseAbs().maxCoeff(), kMeanTolerance)
              << n << " training rows, " << d << " features, " << genes << " genes, k " << call.settings(s, 0);
        }
      }
    }
  }
}

TEST(Knn, KAboveTheTrainingRowsIsInfeasibleAndLeavesTheOthersAlone) {
  PredictorCall call = random_call(30, 4, 5, 10, 3);
  call.settings = column({100, 30, 31, 5});
  run_knn(call);
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{0, 1, 0, 1}));
  EXPECT_LT((call.predictions[3] - plain_knn(call, 5)).cwiseAbs().maxCoeff(), kMeanTolerance);
  // All rows: the train mean for every query.
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  EXPECT_LT((call.predictions[1].rowwise() - mean).cwiseAbs().maxCoeff(), kMeanTolerance);
}

TEST(Knn, UsesOnlyTheNamedSharedRows) {
  PredictorCall call = random_call(12, 3, 4, 70, 5);
  call.delta_rows = random_matrix(40, 70, 6);
  call.training_rows = {39, 0, 3, 7, 8, 11, 20, 21, 22, 30, 31, 5};
  call.settings = column({3, 12});
  run_knn(call);
  EXPECT_LT((call.predictions[0] - plain_knn(call, 3)).cwiseAbs().maxCoeff(), kMeanTolerance);
  EXPECT_LT((call.predictions[1] - plain_knn(call, 12)).cwiseAbs().maxCoeff(), kMeanTolerance);
}

TEST(Knn, TiesGoToTheLowerTrainingRow) {
  PredictorCall call = random_call(9, 2, 3, 4, 7);
  for (const Eigen::Index copy : {1, 2, 5, 8}) call.training.row(copy) << 100, 0, 0;
  call.training.row(0) << 3, 4, 0;  // rows 0, 3 and 4 lie at distance 5 from query 1
  call.training.row(3) << 0, -5, 0;
  call.training.row(4) << 4, 0, -3;
  call.training.row(6) << 50, 0, 0;
  call.training.row(7) << 60, 0, 0;
  call.query.row(0) << 100, 0, 0;
  call.query.row(1).setZero();
  const heads::Neighbours found = heads::nearest_rows(map_of(call.training), map_of(call.query), 9);
  EXPECT_EQ(std::vector<std::int32_t>(found.of(0), found.of(0) + 4), (std::vector<std::int32_t>{1, 2, 5, 8}));
  EXPECT_EQ(std::vector<std::int32_t>(found.of(1), found.of(1) + 9),
            (std::vector<std::int32_t>{0, 3, 4, 6, 7, 1, 2, 5, 8}));
}

// A large common offset makes |t|² - 2 q·t lose every digit that tells the rows apart; the second look must not.
TEST(Knn, OrderIsExactFarFromTheOrigin) {
  const Eigen::RowVectorXd offset = 1e8 * random_matrix(1, 20, 17);
  sdk::Matrix training = random_matrix(40, 20, 18);
  training.rowwise() += offset;
  sdk::Matrix query = random_matrix(1, 20, 19);
  query += offset;
  const heads::Neighbours found = heads::nearest_rows(map_of(training), map_of(query), 10);
  std::vector<std::int32_t> nearest = brute_force_order(training, query.row(0));
  nearest.resize(10);
  EXPECT_EQ(found.rows, nearest);
}

TEST(Knn, OverflowingDistancesStillGiveEveryRowOnce) {
  sdk::Matrix training = sdk::Matrix::Constant(5, 2, 1e200);
  training.row(3).setConstant(-1e300);
  const sdk::Matrix query = sdk::Matrix::Constant(1, 2, 1e308);
  const heads::Neighbours found = heads::nearest_rows(map_of(training), map_of(query), 5);
  EXPECT_EQ(found.rows, (std::vector<std::int32_t>{0, 1, 2, 3, 4}));
}

TEST(Knn, AbsentRowsAreNoNeighboursAndAbsentQueriesGetTheTrainMean) {
  PredictorCall call = random_call(20, 3, 4, 66, 9);
  call.training_present.assign(20, 1);
  call.training_present[4] = call.training_present[17] = 0;
  call.training.row(4).setZero();
  call.training.row(17).setZero();
  call.query_present = {1, 0, 1};
  call.query.row(1).setZero();
  call.settings = column({18, 19, 2});
  run_knn(call);
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{1, 0, 1}));

  PredictorCall present = call;
  present.training_present.clear();
  present.query_present.clear();
  present.training.resize(18, 4);
  present.training_rows.clear();
  for (std::int32_t i = 0; i < 20; ++i) {
    if (i == 4 || i == 17) continue;
    present.training.row(static_cast<Eigen::Index>(present.training_rows.size())) = call.training.row(i);
    present.training_rows.push_back(i);
  }
  EXPECT_LT((call.predictions[2].row(0) - plain_knn(present, 2).row(0)).cwiseAbs().maxCoeff(), kMeanTolerance);
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();  // over all 20
  EXPECT_LT((call.predictions[2].row(1) - mean).cwiseAbs().maxCoeff(), kMeanTolerance);
  EXPECT_LT((call.predictions[0].row(1) - mean).cwiseAbs().maxCoeff(), kMeanTolerance);
}

TEST(Knn, NoQueries) {
  PredictorCall call = random_call(6, 0, 4, 10, 11);
  call.settings = column({2, 7});
  run_knn(call);
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{1, 0}));
}

TEST(Knn, ThreadsDoNotChangeAByte) {
  PredictorCall call = random_call(90, 7, 16, 500, 13);
  call.settings = column({10, 40});
  run_knn(call, 1);
  const std::vector<sdk::Matrix> one = call.predictions;
  run_knn(call, 3);
  EXPECT_TRUE(call.predictions[0] == one[0] && call.predictions[1] == one[1]);
}

TEST(Knn, KBelowOneIsAnError) {
  PredictorCall call = random_call(6, 1, 4, 10, 15);
  call.settings = column({0});
  EXPECT_THROW(run_knn(call), sdk::Error);
}

}  // namespace knn_test
}  // namespace headroom::testing
