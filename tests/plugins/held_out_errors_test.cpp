// The errors that the heads tell of held-out training rows against those of the predictions that they would make.
#include "heads/held_out_errors.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "heads/knn.hpp"
#include "heads/lasso.hpp"
#include "heads/ridge.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace held_out_errors_test {

// Both add thousands of squares, in another order or from inner products.
constexpr double kRelativeTolerance = 1e-9;

struct HeadOfTwoKinds {
  const char* name;
  std::vector<double> grid;
  std::function<void(const sdk::PredictorRequest&, int, sdk::PredictorOutput&)> predict;
  std::function<void(const sdk::ErrorsRequest&, int, sdk::ErrorsOutput&)> errors;
};
std::ostream& operator<<(std::ostream& out, const HeadOfTwoKinds& head) { return out << head.name; }

class HeldOutErrors : public ::testing::TestWithParam<HeadOfTwoKinds> {
 protected:
  static sdk::Matrix settings() {
    const std::vector<double>& grid = GetParam().grid;
    return sdk::Matrix::Map(grid.data(), static_cast<Eigen::Index>(grid.size()), 1);
  }

  sdk::Matrix errors_of(PredictorCall& call, const std::vector<std::int32_t>& query_rows, int n_threads = 1) {
    return call.errors([&](const auto& request, auto& output) { GetParam().errors(request, n_threads, output); },
                       query_rows);
  }

  sdk::Matrix errors_of_predictions(PredictorCall& call, const std::vector<std::int32_t>& query_rows) {
    call.run([&](const auto& request, auto& output) { GetParam().predict(request, 1, output); });
    sdk::Matrix errors(call.settings.rows(), call.query.rows());
    for (Eigen::Index s = 0; s < errors.rows(); ++s) {
      for (Eigen::Index q = 0; q < errors.cols(); ++q) {
        errors(s, q) = (call.predictions[static_cast<std::size_t>(s)].row(q) -
                        call.delta_rows.row(query_rows[static_cast<std::size_t>(q)]))
                           .norm();
      }
    }
    return errors;
  }

  void expect_agreement(PredictorCall& call, const std::vector<std::int32_t>& query_rows, const std::string& what) {
    const sdk::Matrix told = errors_of(call, query_rows);
    const std::vector<std::uint8_t> told_feasible = call.feasible;
    const sdk::Matrix expected = errors_of_predictions(call, query_rows);
    EXPECT_EQ(told_feasible, call.feasible) << what;
    const double largest = call.delta_rows.rowwise().norm().maxCoeff();
    for (Eigen::Index s = 0; s < told.rows(); ++s) {
      if (!told_feasible[static_cast<std::size_t>(s)]) continue;
      for (Eigen::Index q = 0; q < told.cols(); ++q) {
        ASSERT_NEAR(told(s, q), expected(s, q), kRelativeTolerance * std::max(expected(s, q), 1e-6 * largest))
            << what << ", setting " << s << ", query " << q;
      }
    }
  }
};

// Rows alternate between training and held-out ones.
PredictorCall alternating_call(std::int64_t n_rows, std::int64_t d, std::int64_t genes, std::uint64_t seed,
                               std::vector<std::int32_t>& query_rows) {
  PredictorCall call;
  call.delta_rows = random_matrix(n_rows, genes, seed);
  for (std::int32_t row = 0; row < n_rows; ++row) (row % 3 == 1 ? query_rows : call.training_rows).push_back(row);
  call.training = random_matrix(static_cast<std::int64_t>(call.training_rows.size()), d, seed + 1);
  call.query = random_matrix(static_cast<std::int64_t>(query_rows.size()), d, seed + 2);
  return call;
}

TEST_P(HeldOutErrors, AreThoseOfThePredictionsOverShapes) {
  std::uint64_t seed = 1;
  for (const std::int64_t n : {2, 5, 40, 150}) {
    for (const std::int64_t d : {1, 6, 30}) {
      for (const std::int64_t genes : {1, 64, 300}) {
        std::vector<std::int32_t> query_rows;
        PredictorCall call = alternating_call(n, d, genes, seed += 3, query_rows);
        call.settings = settings();
        expect_agreement(call, query_rows,
                         std::to_string(n) + " × " + std::to_string(d) + " × " + std::to_string(genes));
      }
    }
  }
}

TEST_P(HeldOutErrors, LeaveAbsentRowsOut) {
  std::vector<std::int32_t> query_rows;
  PredictorCall call = alternating_call(60, 4, 100, 7, query_rows);
  call.settings = settings();
  call.training_present.assign(call.training_rows.size(), 1);
  call.query_present.assign(query_rows.size(), 1);
  for (const std::size_t i : {0u, 5u, 6u}) {
    call.training_present[i] = call.query_present[i] = 0;
    call.training.row(static_cast<Eigen::Index>(i)).setZero();
    call.query.row(static_cast<Eigen::Index>(i)).setZero();
  }
  expect_agreement(call, query_rows, "absent rows");
  call.training_present.assign(call.training_rows.size(), 0);
  EXPECT_EQ((errors_of(call, query_rows), call.feasible), std::vector<std::uint8_t>(GetParam().grid.size(), 0));
}

// Where prediction and truth are nearly the same, sums of inner products cancel.
TEST_P(HeldOutErrors, AreExactWherePredictionsAreNearlyRight) {
  std::vector<std::int32_t> query_rows;
  PredictorCall call = alternating_call(90, 3, 200, 11, query_rows);
  call.settings = settings();
  const sdk::Matrix common = random_matrix(1, 200, 12);
  for (Eigen::Index row = 0; row < call.delta_rows.rows(); ++row) {
    call.delta_rows.row(row) = common.row(0) + 1e-5 * call.delta_rows.row(row);
  }
  expect_agreement(call, query_rows, "deltas that differ by 1e-5");
  for (Eigen::Index row = 0; row < call.delta_rows.rows(); ++row) call.delta_rows.row(row) = common.row(0);
  const sdk::Matrix told = errors_of(call, query_rows);
  for (Eigen::Index s = 0; s < told.rows(); ++s) {
    if (!call.feasible[static_cast<std::size_t>(s)]) continue;
    EXPECT_LT(told.row(s).maxCoeff(), 1e-12) << "equal deltas";
  }
}

TEST_P(HeldOutErrors, AreTheSameBitsOnAnyNumberOfThreads) {
  std::vector<std::int32_t> query_rows;
  PredictorCall call = alternating_call(90, 5, 700, 13, query_rows);
  call.settings = settings();
  const sdk::Matrix one = errors_of(call, query_rows), three = errors_of(call, query_rows, 3);
  for (Eigen::Index s = 0; s < one.rows(); ++s) {
    if (!call.feasible[static_cast<std::size_t>(s)]) continue;
    EXPECT_EQ(one.row(s), three.row(s));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Heads, HeldOutErrors,
    ::testing::Values(HeadOfTwoKinds{"knn",
                                     {3, 1, 20, 7, 60, 3},
                                     heads::predict_knn,
                                     [](const auto& request, int, auto& output) {
                                       heads::knn_errors(request, output);
                                     }},
                      HeadOfTwoKinds{"lasso", {0.1, 0.001, 0.1, 10}, heads::predict_lasso, heads::lasso_errors},
                      HeadOfTwoKinds{"ridge", {1, 100, 0.01}, heads::predict_ridge, heads::ridge_errors}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace held_out_errors_test
}  // namespace headroom::testing
