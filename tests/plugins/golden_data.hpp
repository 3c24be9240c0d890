// The oracle's files and the features that its methods saw, prepared in plain steps.
#pragma once

#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/vector_file.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {

inline const std::filesystem::path kGolden = HEADROOM_SHARED_DIR "/golden/small";
inline constexpr Eigen::Index kCommonDim = 16;

struct Keyed {
  std::map<std::string, Eigen::Index> row_of;
  sdk::Matrix rows;
};

inline Keyed read_keyed(const std::filesystem::path& path) {
  auto file = read_vector_file(path);
  EXPECT_TRUE(file) << file.error().line();
  Keyed keyed;
  for (std::size_t i = 0; i < file->ids.size(); ++i) keyed.row_of[file->ids[i]] = static_cast<Eigen::Index>(i);
  keyed.rows = file->vectors;
  return keyed;
}

inline sdk::Matrix gather(const Keyed& keyed, const std::vector<std::string>& ids) {
  sdk::Matrix rows(static_cast<Eigen::Index>(ids.size()), keyed.rows.cols());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    rows.row(static_cast<Eigen::Index>(i)) = keyed.rows.row(keyed.row_of.at(ids[i]));
  }
  return rows;
}

// Leading right singular vectors of the centred rows, as columns.
inline Eigen::MatrixXd principal_axes(const sdk::Matrix& centred) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(Eigen::MatrixXd(centred), Eigen::ComputeThinV);
  return svd.matrixV().leftCols(kCommonDim);
}

// Section 3: standardised and projected by the training part.
inline void project(const sdk::Matrix& training, const sdk::Matrix& query, PredictorCall& call) {
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
inline void idealize(const sdk::Matrix& training_deltas, const sdk::Matrix& test_deltas, PredictorCall& call) {
  sdk::Matrix all(training_deltas.rows() + test_deltas.rows(), training_deltas.cols());
  all << training_deltas, test_deltas;
  const Eigen::RowVectorXd mean = all.colwise().mean();
  all.rowwise() -= mean;
  const sdk::Matrix scores = all * principal_axes(all);
  call.training = scores.topRows(training_deltas.rows());
  call.query = scores.bottomRows(test_deltas.rows());
}

}  // namespace headroom::testing
