#include "protocol/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Sums over up to some thousand genes in another order: relative 1e-13 or so; the reference has 12 digits at least.
constexpr double kTolerance = 1e-12;
// The oracle's values carry 12 significant digits.
constexpr double kOracleTolerance = 2e-12;

void expect_equal(const Vector& actual, const Vector& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (Eigen::Index i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(actual[i])) << what << " of row " << i << " is " << actual[i];
    } else {
      EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << what << " of row " << i;
    }
  }
}

Vector metric_of(Metric metric, const Matrix& prediction, const TruthCache& truth) {
  return compute_metrics(prediction, truth, std::span(&metric, 1)).front();
}

TruthCache plain_truth(Matrix truth) {
  const Eigen::Index n_genes = truth.cols();
  return make_truth_cache(std::move(truth), RowVector::Zero(n_genes), OwnGeneColumns{}, std::nullopt, all_metrics());
}

// centroid_accuracy and PDS_L1 as protocol section 4 words them, all distances in full.
double naive_centroid_accuracy(const Matrix& prediction, const Matrix& truth, Eigen::Index p) {
  double wins = 0;
  for (Eigen::Index q = 0; q < truth.rows(); ++q) {
    if (q == p) continue;
    const double own = (prediction.row(p) - truth.row(p)).norm(), other = (prediction.row(p) - truth.row(q)).norm();
    wins += other > own ? 1 : other == own ? 0.5 : 0;
  }
  return wins / static_cast<double>(truth.rows() - 1);
}

double naive_pds(const Matrix& prediction, const Matrix& truth, const OwnGeneColumns& own_gene, Eigen::Index p) {
  double nearer = 0;
  const auto distance = [&](Eigen::Index q) {
    double sum = 0;
    for (Eigen::Index g = 0; g < truth.cols(); ++g) {
      if (own_gene[static_cast<std::size_t>(p)] != g) sum += std::abs(prediction(p, g) - truth(q, g));
    }
    return sum;
  };
  for (Eigen::Index q = 0; q < truth.rows(); ++q) {
    if (q != p) nearer += distance(q) < distance(p) ? 1 : distance(q) == distance(p) ? 0.5 : 0;
  }
  return 1 - nearer / static_cast<double>(truth.rows());
}

TEST(Metrics, EqualSciPyOnAwkwardProfiles) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/metrics.json");
  OwnGeneColumns own_gene;
  for (const auto& column : reference.at("own_gene")) {
    own_gene.push_back(column.is_null() ? std::nullopt : std::optional<Eigen::Index>(column.get<Eigen::Index>()));
  }
  const TruthCache truth =
      make_truth_cache(matrix_of(reference.at("truth")), vector_of(reference.at("mean_training_delta")), own_gene,
                       matrix_of(reference.at("weights")), all_metrics());
  const auto values = compute_metrics(matrix_of(reference.at("prediction")), truth, all_metrics());
  ASSERT_EQ(values.size(), all_metrics().size());
  for (std::size_t m = 0; m < values.size(); ++m) {
    const std::string name(metric_name(all_metrics()[m]));
    expect_equal(values[m], vector_of(reference.at("values").at(name)), kTolerance, name);
  }
}

TEST(Metrics, EqualTheOracleRowByRow) {
  const std::filesystem::path golden = HEADROOM_SHARED_DIR "/golden/small/golden.json";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << "no oracle values at " << golden;
  const auto rows = read_json(golden).at("edge_cases").at("metric_rows");
  const TruthCache truth = plain_truth(matrix_of(rows.at("true")));
  const Matrix prediction = matrix_of(rows.at("pred"));
  for (const auto& [name, expected] : rows.at("rows").items()) {
    const Metric metric = *metric_by_name(name);
    const Vector values = metric_of(metric, prediction, truth);
    expect_equal(values, vector_of(expected), kOracleTolerance, name);
    const MeanOverTests mean = mean_over_tests(values);
    const auto& expected_mean = rows.at("reference_mean").at(name);
    EXPECT_EQ(std::isnan(mean.mean), expected_mean.is_null()) << name;
    if (!expected_mean.is_null()) {
      EXPECT_NEAR(mean.mean / expected_mean.get<double>(), 1, kOracleTolerance) << name;
    }
    EXPECT_NEAR(mean.mean_of_finite / rows.at("nanmean").at(name).get<double>(), 1, kOracleTolerance) << name;
  }
}

// Sizes around the kernels' lanes, panels and chunks; the fast distances must order exactly as the full ones.
TEST(Metrics, DistancesEqualTheirDefinitionOverManyShapes) {
  for (const auto& [n_tests, n_genes] :
       {std::pair<int, int>{2, 1}, {3, 15}, {5, 16}, {31, 129}, {32, 512}, {33, 513}, {65, 700}, {70, 1100}}) {
    SCOPED_TRACE(testing::Message() << n_tests << " tests, " << n_genes << " genes");
    Matrix truth = normal_matrix(n_tests, n_genes, 3);
    Matrix prediction = 0.1 * truth + normal_matrix(n_tests, n_genes, 4);
    if (n_tests > 30) {
      truth.row(20) = truth.row(7);
      truth.row(21) = truth.row(7) * (1 + 1e-9);  // a near tie that single precision cannot see
      prediction.row(4) = prediction.row(5);
    }
    OwnGeneColumns own_gene(static_cast<std::size_t>(n_tests));
    for (int i = 0; i < n_tests; i += 2) own_gene[static_cast<std::size_t>(i)] = (i * 31) % n_genes;
    const TruthCache cache = make_truth_cache(truth, RowVector::Zero(n_genes), own_gene, std::nullopt, all_metrics());
    const Vector accuracy = metric_of(Metric::centroid_accuracy, prediction, cache);
    const Vector pds = metric_of(Metric::PDS_L1, prediction, cache);
    for (Eigen::Index p = 0; p < n_tests; ++p) {
      EXPECT_EQ(accuracy[p], naive_centroid_accuracy(prediction, truth, p)) << "row " << p;
      EXPECT_EQ(pds[p], naive_pds(prediction, truth, own_gene, p)) << "row " << p;
    }
  }
}

Matrix without_columns(const Matrix& matrix, const std::vector<Eigen::Index>& left_out) {
  std::vector<Eigen::Index> kept;
  for (Eigen::Index g = 0; g < matrix.cols(); ++g) {
    if (std::find(left_out.begin(), left_out.end(), g) == left_out.end()) kept.push_back(g);
  }
  return matrix(Eigen::all, kept);
}

// Awkward sizes for the kernels' lanes, rows that are equal, and targets at both ends.
struct ScreenWithTargets {
  Matrix truth = normal_matrix(9, 37, 21), prediction = 0.3 * truth + normal_matrix(9, 37, 22);
  Matrix weights = normal_matrix(9, 37, 23).cwiseAbs();
  RowVector mean = normal_matrix(1, 37, 24);
  OwnGeneColumns own_gene = {0, 36, std::nullopt, 17, 16, std::nullopt, 15, 31, 32};

  ScreenWithTargets() {
    prediction.row(3) = prediction.row(2);  // one row that leaves a gene out and one that does not
    prediction.row(4) = prediction.row(2);
  }
};

TEST(Metrics, OwnGenesLeftOutAreAsGoodAsNotMeasured) {
  const ScreenWithTargets screen;
  const TruthCache cache = make_truth_cache(
      screen.truth, screen.mean, TargetExclusion{ExcludedTargets::own, screen.own_gene}, screen.weights, all_metrics());
  const auto values = compute_metrics(screen.prediction, cache, all_metrics());
  for (Eigen::Index p = 0; p < screen.truth.rows(); ++p) {
    std::vector<Eigen::Index> left_out;
    if (const auto own = screen.own_gene[static_cast<std::size_t>(p)]) left_out.push_back(*own);
    Matrix weights = without_columns(screen.weights, left_out);
    weights.row(p) *= screen.weights.row(p).sum() / weights.row(p).sum();
    const TruthCache shorter =
        make_truth_cache(without_columns(screen.truth, left_out), without_columns(screen.mean, left_out),
                         OwnGeneColumns{}, weights, all_metrics());
    const auto expected = compute_metrics(without_columns(screen.prediction, left_out), shorter, all_metrics());
    for (std::size_t m = 0; m < values.size(); ++m) {
      EXPECT_NEAR(values[m][p], expected[m][p], kTolerance) << metric_name(all_metrics()[m]) << " of row " << p;
    }
  }
}

TEST(Metrics, APanelLeftOutIsAsGoodAsNotMeasured) {
  const ScreenWithTargets screen;
  const std::vector<Eigen::Index> panel = {0, 15, 16, 17, 31, 32, 36};
  const TruthCache cache =
      make_truth_cache(screen.truth, screen.mean, TargetExclusion{ExcludedTargets::panel, screen.own_gene, panel},
                       screen.weights, all_metrics());
  Matrix weights = without_columns(screen.weights, panel);
  for (Eigen::Index p = 0; p < weights.rows(); ++p)
    weights.row(p) *= screen.weights.row(p).sum() / weights.row(p).sum();
  const TruthCache shorter = make_truth_cache(without_columns(screen.truth, panel), without_columns(screen.mean, panel),
                                              OwnGeneColumns{}, weights, all_metrics());
  const auto values = compute_metrics(screen.prediction, cache, all_metrics());
  const auto expected = compute_metrics(without_columns(screen.prediction, panel), shorter, all_metrics());
  for (std::size_t m = 0; m < values.size(); ++m) {
    expect_equal(values[m], expected[m], kTolerance, std::string(metric_name(all_metrics()[m])));
  }
}

TEST(Metrics, NothingLeftOutConcernsOnlyWhatLeavesOutTheOwnGeneElse) {
  const ScreenWithTargets screen;
  const auto values_of = [&](ExcludedTargets excluded) {
    const TruthCache cache = make_truth_cache(screen.truth, screen.mean, TargetExclusion{excluded, screen.own_gene},
                                              screen.weights, all_metrics());
    return compute_metrics(screen.prediction, cache, all_metrics());
  };
  const auto none = values_of(ExcludedTargets::none), published = values_of(ExcludedTargets::as_published);
  const TruthCache targetless =
      make_truth_cache(screen.truth, screen.mean, OwnGeneColumns{}, screen.weights, all_metrics());
  for (std::size_t m = 0; m < none.size(); ++m) {
    if (all_metrics()[m] == Metric::PDS_L1) continue;
    EXPECT_EQ(none[m], published[m]) << metric_name(all_metrics()[m]);
  }
  EXPECT_EQ(none[static_cast<std::size_t>(Metric::PDS_L1)], metric_of(Metric::PDS_L1, screen.prediction, targetless));
}

TEST(Metrics, EqualTruthsTieWhateverTheScale) {
  for (const double scale : {1e-300, 1e-45, 1e-30, 1.0, 1e20, 1e60, 1e140}) {
    const Matrix truth = scale * Matrix::Ones(6, 1).lazyProduct(normal_matrix(1, 37, 5));
    const Matrix prediction = scale * normal_matrix(6, 37, 6);
    const TruthCache cache = plain_truth(truth);
    expect_equal(metric_of(Metric::centroid_accuracy, prediction, cache), Vector::Constant(6, 0.5), 0, "accuracy");
    expect_equal(metric_of(Metric::PDS_L1, prediction, cache), Vector::Constant(6, 1 - 2.5 / 6), 0, "PDS");
  }
}

// Single precision loses the small values of the first row, which come after the large one, and keeps those of the
// second, so that it would call the farther truth the nearer one.
TEST(Metrics, OrderOfSummationDoesNotDecideWhoIsNearer) {
  Matrix truth = Matrix::Constant(2, 128, 0x1.6p-25);
  truth(0, 0) = 1;
  truth(1, 127) = 1 - 4e-6;
  const TruthCache cache = plain_truth(truth);
  expect_equal(metric_of(Metric::PDS_L1, Matrix::Zero(2, 128), cache), Vector{{0.5, 1.0}}, 0, "PDS");
}

// Far from zero the matrix product cancels to nothing.
TEST(Metrics, OffsetDoesNotDecideWhoIsNearer) {
  const Matrix truth = normal_matrix(40, 100, 26).array() + 1e7;
  const Matrix prediction = normal_matrix(40, 100, 27).array() + 1e7;
  const Vector accuracy = metric_of(Metric::centroid_accuracy, prediction, plain_truth(truth));
  for (Eigen::Index p = 0; p < 40; ++p) EXPECT_EQ(accuracy[p], naive_centroid_accuracy(prediction, truth, p));
}

TEST(Metrics, RowsThatAgreeInTheirFirstGenesAreNotTheSame) {
  const Matrix truth = normal_matrix(6, 200, 28);
  Matrix prediction = normal_matrix(6, 200, 29);
  prediction.leftCols(199) = prediction.row(0).head(199).replicate(6, 1);
  prediction.col(199) *= 100;
  const TruthCache cache = plain_truth(truth);
  const Vector accuracy = metric_of(Metric::centroid_accuracy, prediction, cache);
  for (Eigen::Index p = 0; p < 6; ++p) EXPECT_EQ(accuracy[p], naive_centroid_accuracy(prediction, truth, p));
}

// The mean of equal values rounds, so that their computed variance is not always zero.
TEST(Metrics, ConstantRowHasNoCorrelationWhateverItsValue) {
  for (const Eigen::Index n_genes : {3, 43, 1000}) {
    const TruthCache cache = plain_truth(normal_matrix(5, n_genes, 30));
    Matrix prediction(5, n_genes);
    for (Eigen::Index i = 0; i < 5; ++i) prediction.row(i).setConstant(0.1 + 0.37 * static_cast<double>(i));
    EXPECT_TRUE(metric_of(Metric::Pearson, prediction, cache).array().isNaN().all()) << n_genes;
    EXPECT_TRUE(metric_of(Metric::Spearman, prediction, cache).array().isNaN().all()) << n_genes;
    const TruthCache constant_truth = plain_truth(prediction);
    const Matrix varied = normal_matrix(5, n_genes, 31);
    EXPECT_TRUE(metric_of(Metric::Pearson, varied, constant_truth).array().isNaN().all()) << n_genes;
  }
}

TEST(Metrics, PerfectPredictionIsPerfect) {
  const Matrix truth = normal_matrix(12, 50, 7);
  const TruthCache cache =
      make_truth_cache(truth, normal_matrix(1, 50, 8), OwnGeneColumns{}, Matrix::Ones(12, 50), all_metrics());
  const auto values = compute_metrics(truth, cache, all_metrics());
  for (std::size_t m = 0; m < values.size(); ++m) {
    const double best = higher_is_better(all_metrics()[m]) ? 1 : 0;
    EXPECT_NEAR((values[m].array() - best).abs().maxCoeff(), 0, kTolerance) << metric_name(all_metrics()[m]);
  }
}

// Equal prediction rows are computed once: each must get what it would get if the others differed.
TEST(Metrics, RepeatedRowsScoreAsTheyWouldAlone) {
  const Matrix truth = normal_matrix(40, 333, 9);
  const TruthCache cache = plain_truth(truth);
  const RowVector one = normal_matrix(1, 333, 10);
  const Matrix repeated = one.replicate(40, 1);
  const auto together = compute_metrics(repeated, cache, all_metrics());
  for (const Eigen::Index row : {0, 17, 39}) {
    Matrix alone = normal_matrix(40, 333, 11);
    alone.row(row) = one;
    const auto values = compute_metrics(alone, cache, all_metrics());
    for (std::size_t m = 0; m < values.size(); ++m) {
      if (all_metrics()[m] == Metric::WMSE) continue;
      EXPECT_EQ(values[m][row], together[m][row]) << metric_name(all_metrics()[m]);
    }
  }
}

TEST(Metrics, OnePerturbationHasNoRivals) {
  const TruthCache cache = plain_truth(normal_matrix(1, 20, 12));
  const Matrix prediction = normal_matrix(1, 20, 13);
  expect_equal(metric_of(Metric::centroid_accuracy, prediction, cache), Vector::Constant(1, kNaN), 0, "accuracy");
  expect_equal(metric_of(Metric::PDS_L1, prediction, cache), Vector::Constant(1, 1.0), 0, "PDS");
}

TEST(Metrics, RowWithoutFiniteValuesIsUndefinedAndLeavesTheOthersAlone) {
  const Matrix truth = normal_matrix(5, 30, 14);
  const TruthCache cache = plain_truth(truth);
  const Matrix good = normal_matrix(5, 30, 15);
  const auto expected = compute_metrics(good, cache, all_metrics());
  for (const double bad : {kNaN, std::numeric_limits<double>::infinity()}) {
    Matrix broken = good;
    broken(2, 11) = bad;
    const auto values = compute_metrics(broken, cache, all_metrics());
    for (std::size_t m = 0; m < values.size(); ++m) {
      Vector wanted = expected[m];
      wanted[2] = kNaN;
      expect_equal(values[m], wanted, 0, std::string(metric_name(all_metrics()[m])));
    }
  }
}

TEST(Metrics, TrainMeanHasNoCorrelationBeyondItselfHoweverItWasComputed) {
  const RowVector mean = normal_matrix(1, 60, 16);
  const Matrix truth = normal_matrix(4, 60, 17);
  const TruthCache cache = make_truth_cache(truth, mean, OwnGeneColumns{}, std::nullopt, all_metrics());
  Matrix prediction = mean.replicate(4, 1);
  prediction.row(1) = (mean * 3.0) / 3.0;  // another way of rounding
  prediction.row(2) = mean.array() * (1 + 1e-15);
  prediction.row(3) = mean + 1e-6 * normal_matrix(1, 60, 18);  // no rounding: a prediction
  const Vector values = metric_of(Metric::Pearson_pert, prediction, cache);
  EXPECT_TRUE(std::isnan(values[0]) && std::isnan(values[1]) && std::isnan(values[2])) << values.transpose();
  EXPECT_TRUE(std::isfinite(values[3]));
  EXPECT_TRUE(metric_of(Metric::Pearson, prediction, cache).allFinite());
}

TEST(Metrics, TruthEqualToTheTrainMeanIsUndefined) {
  const RowVector mean = normal_matrix(1, 60, 19);
  Matrix truth = normal_matrix(2, 60, 20);
  truth.row(1) = mean;
  const TruthCache cache = make_truth_cache(truth, mean, OwnGeneColumns{}, std::nullopt, all_metrics());
  const Vector values = metric_of(Metric::Pearson_pert, normal_matrix(2, 60, 21), cache);
  EXPECT_TRUE(std::isfinite(values[0]));
  EXPECT_TRUE(std::isnan(values[1]));
}

TEST(Metrics, CorrelationsIgnoreShiftAndScale) {
  const Matrix truth = normal_matrix(6, 80, 22), prediction = normal_matrix(6, 80, 23);
  const TruthCache cache = plain_truth(truth);
  for (const Metric metric : {Metric::Pearson, Metric::Spearman}) {
    const Vector plain = metric_of(metric, prediction, cache);
    const Vector moved = metric_of(metric, (prediction.array() * 1e3 + 5.0).matrix(), cache);
    expect_equal(moved, plain, kTolerance, std::string(metric_name(metric)));
  }
}

TEST(Metrics, WeightedErrorNeedsWeights) {
  const TruthCache cache = plain_truth(normal_matrix(3, 8, 24));
  EXPECT_TRUE(metric_of(Metric::WMSE, normal_matrix(3, 8, 25), cache).array().isNaN().all());
}

TEST(Metrics, NamesAreTheProtocols) {
  std::vector<std::string> names;
  for (const Metric metric : all_metrics()) {
    names.emplace_back(metric_name(metric));
    EXPECT_EQ(metric_by_name(names.back()), metric);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"L2", "MSE", "MAE", "Pearson", "Spearman", "Pearson_pert",
                                             "centroid_accuracy", "PDS_L1", "WMSE"}));
  EXPECT_FALSE(metric_by_name("l2"));
}

TEST(Metrics, MeanOverTestsTellsUndefinedRows) {
  const MeanOverTests some = mean_over_tests(Vector{{1.0, kNaN, 3.0}});
  EXPECT_TRUE(std::isnan(some.mean));
  EXPECT_EQ(some.mean_of_finite, 2.0);
  EXPECT_EQ(some.n_finite, 2);
  const MeanOverTests none = mean_over_tests(Vector{{kNaN}});
  EXPECT_TRUE(std::isnan(none.mean) && std::isnan(none.mean_of_finite));
  EXPECT_TRUE(std::isnan(mean_over_tests(Vector()).mean));
}

}  // namespace
}  // namespace headroom
