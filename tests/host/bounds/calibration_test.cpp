#include "bounds/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "deg/welch.hpp"
#include "host/protocol/reference_data.hpp"
#include "io/h5ad.hpp"
#include "protocol/metrics.hpp"

namespace headroom {
namespace {

constexpr double kNoScore = std::numeric_limits<double>::quiet_NaN();
constexpr double kCalibrationTolerance = 1e-8;  // as the oracle is promised to hold

Vector vector_of_values(const std::vector<double>& values) {
  return Eigen::Map<const Vector>(values.data(), static_cast<Eigen::Index>(values.size()));
}

TEST(Calibration, IsTheShareOfTheWayFromTheNullToPerfect) {
  // Errors: half the way, none of it, the wrong way, all of it.
  const Calibration errors = calibrate(vector_of_values({1, 2, 6, 0}), vector_of_values({2, 2, 2, 2}), 0, false);
  const double whole = 2 / (2 + kDrfRegularisation);
  for (const auto& [p, expected] : {std::pair{0, whole / 2}, {1, 0.0}, {2, -1.0}, {3, whole}}) {
    EXPECT_DOUBLE_EQ(errors.drf[p], expected) << p;
  }
  EXPECT_DOUBLE_EQ(*errors.drf_mean, (whole / 2 - 1 + whole) / 4);
  EXPECT_DOUBLE_EQ(*errors.drf_median, whole / 4);
  EXPECT_DOUBLE_EQ(*errors.bds, 0.5) << "an equal score is no better one";
  // Correlations: the same with signs turned.
  const Calibration correlations = calibrate(vector_of_values({0.75}), vector_of_values({0.5}), 1, true);
  EXPECT_DOUBLE_EQ(correlations.drf[0], 0.25 / (0.5 + kDrfRegularisation));
}

TEST(Calibration, LeavesOutWhatHasNoScoreOrIsPastPerfect) {
  const Calibration some =
      calibrate(vector_of_values({0.5, kNoScore, 0.5, 2}), vector_of_values({0.1, 0.1, kNoScore, 1.5}), 1, true);
  EXPECT_TRUE(std::isfinite(some.drf[0]));
  for (const int p : {1, 2, 3}) EXPECT_TRUE(std::isnan(some.drf[p])) << p;
  EXPECT_EQ(some.n_finite, 1);
  EXPECT_DOUBLE_EQ(*some.bds, 1) << "the comparison with a null past perfect still counts";
  const Calibration none = calibrate(Vector(0), Vector(0), 1, true);
  EXPECT_FALSE(none.drf_mean || none.drf_median || none.bds);
}

TEST(InterpolatedDuplicate, GoesFromTheOthersToTheDuplicateByAdjustedP) {
  RowVector duplicate(3), others(3);
  duplicate << 4, 4, 4;
  others << 0, 0, 0;
  const std::vector<double> p = {0.0, 0.2, 1.0};  // adjusted 0, 0.3, 1
  const RowVector mixed = interpolated_duplicate(duplicate, others, p);
  EXPECT_DOUBLE_EQ(mixed[0], 4);
  EXPECT_DOUBLE_EQ(mixed[1], 0.7 * 4);
  EXPECT_DOUBLE_EQ(mixed[2], 0);
}

// ---- the pseudobulk protocols of scPertEval on the oracle's screen ----

SampleMoments moments_of(const Matrix& cells, const std::vector<std::size_t>& rows, Eigen::Index gene) {
  double sum = 0, squares = 0;
  for (const std::size_t row : rows) {
    const double value = cells(static_cast<Eigen::Index>(row), gene);
    sum += value;
    squares += value * value;
  }
  return sample_moments(static_cast<double>(rows.size()), sum, squares);
}

RowVector mean_of_cells(const Matrix& cells, const std::vector<std::size_t>& rows) {
  RowVector mean = RowVector::Zero(cells.cols());
  for (const std::size_t row : rows) mean += cells.row(static_cast<Eigen::Index>(row));
  return mean / static_cast<double>(rows.size());
}

double correlation_of(const RowVector& a, const RowVector& b) {
  const RowVector x = a.array() - a.mean(), y = b.array() - b.mean();
  return x.dot(y) / x.norm() / y.norm();
}

class OracleScreen {
 public:
  static constexpr const char* kControl = "non-targeting";

  OracleScreen(const std::filesystem::path& screen, const nlohmann::json& halves) {
    const auto file = H5adFile::open(screen);
    cells_ = file->matrix()->read().value();
    for (Eigen::Index c = 0; c < cells_.rows(); ++c) cells_.row(c) *= 1e4 / cells_.row(c).sum();
    cells_ = cells_.array().log1p();
    const auto labels = file->read_labels(H5adAxis::obs, "target_gene");
    for (std::size_t c = 0; c < labels->codes.size(); ++c) {
      cells_of_[labels->labels[static_cast<std::size_t>(labels->codes[c])]].push_back(c);
    }
    for (const auto& [label, both] : halves.items()) {
      halves_[label] = {both[0].get<std::vector<std::size_t>>(), both[1].get<std::vector<std::size_t>>()};
      if (label != kControl) perturbations.push_back(label);
    }
  }

  struct Profiles {
    RowVector truth, positive, others, control, weights;
  };

  Profiles of(const std::string& label) const {
    const auto& [first, second] = halves_.at(label);
    Profiles profiles;
    profiles.truth = mean_of_cells(cells_, first);
    profiles.control = mean_of_cells(cells_, cells_of_.at(kControl));
    profiles.others = RowVector::Zero(cells_.cols());
    std::vector<std::size_t> cells_of_others;
    for (const std::string& other : perturbations) {
      if (other == label) continue;
      profiles.others += mean_of_cells(cells_, cells_of_.at(other)) / static_cast<double>(perturbations.size() - 1);
      cells_of_others.insert(cells_of_others.end(), cells_of_.at(other).begin(), cells_of_.at(other).end());
    }
    std::vector<double> p;
    RowVector t(cells_.cols());
    const auto n = [](const std::vector<std::size_t>& rows) { return static_cast<double>(rows.size()); };
    for (Eigen::Index g = 0; g < cells_.cols(); ++g) {
      p.push_back(welch_test(moments_of(cells_, second, g), n(second), moments_of(cells_, cells_of_.at(kControl), g),
                             n(cells_of_.at(kControl)))
                      .p);
      t[g] = std::abs(
          welch_test(moments_of(cells_, first, g), n(first), moments_of(cells_, cells_of_others, g), n(cells_of_others))
              .t);
    }
    profiles.positive = interpolated_duplicate(mean_of_cells(cells_, second), profiles.others, p);
    profiles.weights = ((t.array() - t.minCoeff()) / (t.maxCoeff() - t.minCoeff())).square();
    profiles.weights /= profiles.weights.sum();
    return profiles;
  }

  std::vector<std::string> perturbations;

 private:
  Matrix cells_;
  std::map<std::string, std::vector<std::size_t>> cells_of_;
  std::map<std::string, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> halves_;
};

TEST(Calibration, IsTheOraclesOfEveryPseudobulkProtocol) {
  const std::filesystem::path folder = HEADROOM_SHARED_DIR "/golden/vcc";
  if (!std::filesystem::exists(folder / "oracle_good.json")) GTEST_SKIP() << "no oracle values in " << folder;
  const OracleScreen screen(folder / "real.h5ad", read_json(HEADROOM_SOURCE_DIR "/tests/reference/bounds/halves.json"));
  const auto oracle = read_json(folder / "oracle_good.json").at("calibration");
  std::vector<OracleScreen::Profiles> profiles;
  for (const std::string& label : screen.perturbations) profiles.push_back(screen.of(label));
  using Profiles = OracleScreen::Profiles;
  struct Protocol {
    const char* name;
    bool higher;
    double (*score)(const Profiles&, const RowVector& prediction);
    bool null_is_control;
  };
  const Protocol protocols[] = {
      {"mse", false,
       [](const Profiles& p, const RowVector& x) {
         return (x - p.truth).squaredNorm() / static_cast<double>(x.size());
       },
       false},
      {"wmse_exp2", false,
       [](const Profiles& p, const RowVector& x) { return p.weights.dot((x - p.truth).cwiseAbs2()); }, false},
      {"pearson_ctrl", true,
       [](const Profiles& p, const RowVector& x) { return correlation_of(x - p.control, p.truth - p.control); }, false},
      {"pearson_pert", true,
       [](const Profiles& p, const RowVector& x) { return correlation_of(x - p.others, p.truth - p.others); }, true},
  };
  for (const Protocol& protocol : protocols) {
    SCOPED_TRACE(protocol.name);
    const auto& expected = oracle.at(protocol.name);
    Vector positive(static_cast<Eigen::Index>(profiles.size())), negative = positive;
    for (std::size_t i = 0; i < profiles.size(); ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      positive[at] = protocol.score(profiles[i], profiles[i].positive);
      negative[at] = protocol.score(profiles[i], protocol.null_is_control ? profiles[i].control : profiles[i].others);
      const auto& raw = expected.at("raw_positive_negative").at(screen.perturbations[i]);
      EXPECT_NEAR(positive[at] / raw[0].get<double>(), 1, kCalibrationTolerance);
      EXPECT_NEAR(negative[at] / raw[1].get<double>(), 1, kCalibrationTolerance);
    }
    const Calibration calibration = calibrate(positive, negative, protocol.higher ? 1 : 0, protocol.higher);
    for (std::size_t i = 0; i < profiles.size(); ++i) {
      EXPECT_NEAR(calibration.drf[static_cast<Eigen::Index>(i)],
                  expected.at("drf").at(screen.perturbations[i]).get<double>(), kCalibrationTolerance);
    }
    EXPECT_NEAR(*calibration.drf_mean, expected.at("drf_mean").get<double>(), kCalibrationTolerance);
    EXPECT_NEAR(*calibration.drf_median, expected.at("drf_median").get<double>(), kCalibrationTolerance);
    EXPECT_NEAR(*calibration.bds, expected.at("bds").get<double>(), kCalibrationTolerance);
  }
}

}  // namespace
}  // namespace headroom
