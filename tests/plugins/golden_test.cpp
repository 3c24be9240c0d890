// The heads against the oracle of the whole protocol, with features prepared in plain steps: standardise, singular
// values, scores. Needs the oracle's folder; skipped where it is absent.
#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "heads/knn.hpp"
#include "heads/lasso.hpp"
#include "io/vector_file.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace {

const std::filesystem::path kGolden = HEADROOM_SHARED_DIR "/golden/small";
constexpr Eigen::Index kCommonDim = 16;
// The oracle keeps 12 digits. Its idealized lasso was solved to the same optimality as ours.
constexpr double kGoldenTolerance = 1e-8;
constexpr double kGoldenDescentTolerance = 1e-6;

struct Keyed {
  std::map<std::string, Eigen::Index> row_of;
  sdk::Matrix rows;
};

Keyed read_keyed(const std::filesystem::path& path) {
  auto file = read_vector_file(path);
  EXPECT_TRUE(file) << file.error().line();
  Keyed keyed;
  for (std::size_t i = 0; i < file->ids.size(); ++i) keyed.row_of[file->ids[i]] = static_cast<Eigen::Index>(i);
  keyed.rows = file->vectors;
  return keyed;
}

sdk::Matrix gather(const Keyed& keyed, const std::vector<std::string>& ids) {
  sdk::Matrix rows(static_cast<Eigen::Index>(ids.size()), keyed.rows.cols());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    rows.row(static_cast<Eigen::Index>(i)) = keyed.rows.row(keyed.row_of.at(ids[i]));
  }
  return rows;
}

// Leading right singular vectors of the centred rows, as columns.
Eigen::MatrixXd principal_axes(const sdk::Matrix& centred) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(Eigen::MatrixXd(centred), Eigen::ComputeThinV);
  return svd.matrixV().leftCols(kCommonDim);
}

// Section 3: standardised and projected by the training part.
void project(const sdk::Matrix& training, const sdk::Matrix& query, PredictorCall& call) {
  const Eigen::RowVectorXd mean = training.colwise().mean();
  Eigen::RowVectorXd deviation = ((training.rowwise() - mean).cwiseAbs2().colwise().mean()).cwiseSqrt();
  deviation = (deviation.array() == 0.0).select(1.0, deviation);
  const sdk::Matrix scaled = (training.rowwise() - mean).array().rowwise() / deviation.array();
  const sdk::Matrix scaled_query = (query.rowwise() - mean).array().rowwise() / deviation.array();
  const Eigen::MatrixXd axes = principal_axes(scaled);  // standardised columns are centred
  call.training = scaled * axes;
  call.query = scaled_query * axes;
}

// Section 6: scores of training and test deltas together, raw.
void idealize(const sdk::Matrix& training_deltas, const sdk::Matrix& test_deltas, PredictorCall& call) {
  sdk::Matrix all(training_deltas.rows() + test_deltas.rows(), training_deltas.cols());
  all << training_deltas, test_deltas;
  const Eigen::RowVectorXd mean = all.colwise().mean();
  all.rowwise() -= mean;
  const sdk::Matrix scores = all * principal_axes(all);
  call.training = scores.topRows(training_deltas.rows());
  call.query = scores.bottomRows(test_deltas.rows());
}

TEST(GoldenHeads, EqualTheOracleOnEveryFold) {
  if (!std::filesystem::exists(kGolden / "golden.json")) {
    GTEST_SKIP() << "the oracle's folder " << kGolden << " is not there";
  }
  std::ifstream file(kGolden / "golden.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const Keyed deltas = read_keyed(kGolden / "pseudobulk_global.h5ad");
  const Keyed good = read_keyed(kGolden / "embeddings/good_fm.h5ad");
  const Keyed wide = read_keyed(kGolden / "embeddings/hidim_fm.h5ad");

  int checked = 0;
  for (const auto& [fold_name, fold] : golden.at("protocol").at("global").at("folds").items()) {
    const auto train = fold.at("train").get<std::vector<std::string>>();
    const auto test = fold.at("test").get<std::vector<std::string>>();
    const sdk::Matrix truth = gather(deltas, test);
    for (const char* embedding : {"good_fm", "hidim_fm", "ideal"}) {
      PredictorCall call;
      call.delta_rows = gather(deltas, train);
      if (embedding == std::string("ideal")) {
        idealize(call.delta_rows, truth, call);
      } else {
        const Keyed& vectors = embedding == std::string("good_fm") ? good : wide;
        project(gather(vectors, train), gather(vectors, test), call);
      }
      for (const char* head : {"knn", "lasso"}) {
        const std::string method = std::string(embedding) + "_" + head;
        const auto& expected = fold.at("methods").at(method);
        call.settings = column({expected.at("best").get<double>()});
        call.run([&](const auto& request, auto& output) {
          if (head == std::string("knn")) {
            heads::predict_knn(request, 1, output);
          } else {
            heads::predict_lasso(request, 1, output);
          }
        });
        const double tolerance = method == "ideal_lasso" ? kGoldenDescentTolerance : kGoldenTolerance;
        const auto& l2 = expected.at("per_pert").at("L2");
        for (std::size_t i = 0; i < test.size(); ++i) {
          const auto row = static_cast<Eigen::Index>(i);
          const double ours = (call.predictions[0].row(row) - truth.row(row)).norm();
          const double theirs = l2.at(i).get<double>();
          ASSERT_NEAR(ours, theirs, tolerance * theirs) << "fold " << fold_name << ", " << method << ", " << test[i];
        }
        const double norm = expected.at("prediction_l2").get<double>();
        ASSERT_NEAR(call.predictions[0].norm(), norm, tolerance * norm) << "fold " << fold_name << ", " << method;
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 30);
}

}  // namespace
}  // namespace headroom::testing
