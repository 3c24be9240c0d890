// Whole evaluations against the oracle: the protocol's features and metrics around a plain kNN and lasso written here.
// What the shipped heads do is tested with them; this shows that everything around a head is right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "bounds/gene_pca.hpp"
#include "bounds/idealized.hpp"
#include "host/protocol/reference_data.hpp"
#include "io/h5ad.hpp"
#include "protocol/inner_score.hpp"
#include "protocol/kfold.hpp"
#include "protocol/metrics.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {
namespace {

const std::filesystem::path kGolden = HEADROOM_SHARED_DIR "/golden/small";
constexpr double kHeadTolerance = 1e-8;
constexpr double kCoordinateDescentTolerance = 1e-5;  // the oracle's own, for features that are not orthogonal

// One prediction (query rows × genes) per grid point.
using Head = std::vector<Matrix> (*)(const Matrix& training, const Matrix& deltas, const Matrix& query,
                                     const std::vector<double>& grid);

std::vector<Matrix> knn(const Matrix& training, const Matrix& deltas, const Matrix& query,
                        const std::vector<double>& grid) {
  std::vector<Matrix> predictions(grid.size(), Matrix::Zero(query.rows(), deltas.cols()));
  for (Eigen::Index i = 0; i < query.rows(); ++i) {
    const Vector distances = (training.rowwise() - query.row(i)).rowwise().squaredNorm();
    std::vector<Eigen::Index> order(static_cast<std::size_t>(training.rows()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return distances[a] < distances[b]; });
    for (std::size_t point = 0; point < grid.size(); ++point) {
      for (std::size_t k = 0; k < static_cast<std::size_t>(grid[point]); ++k) {
        predictions[point].row(i) += deltas.row(order[k]) / grid[point];
      }
    }
  }
  return predictions;
}

// Cyclic coordinate descent; one sweep where the features are orthogonal.
std::vector<Matrix> lasso(const Matrix& training, const Matrix& deltas, const Matrix& query,
                          const std::vector<double>& grid) {
  const auto n = static_cast<double>(training.rows());
  const RowVector feature_mean = training.colwise().mean(), delta_mean = deltas.colwise().mean();
  const Matrix z = training.rowwise() - feature_mean, y = deltas.rowwise() - delta_mean;
  const Matrix gram = z.transpose() * z / n, correlation = z.transpose() * y / n;
  std::vector<Matrix> predictions;
  for (const double alpha : grid) {
    Matrix weights = Matrix::Zero(z.cols(), y.cols());
    for (int sweep = 0; sweep < 2000; ++sweep) {
      double largest_change = 0;
      for (Eigen::Index j = 0; j < z.cols(); ++j) {
        if (gram(j, j) <= 0) continue;
        RowVector target = correlation.row(j) - gram.row(j) * weights + gram(j, j) * weights.row(j);
        target = target.unaryExpr([&](double c) { return std::copysign(std::max(0.0, std::abs(c) - alpha), c); }) /
                 gram(j, j);
        largest_change = std::max(largest_change, (target - weights.row(j)).cwiseAbs().maxCoeff());
        weights.row(j) = target;
      }
      if (largest_change < 1e-13) break;
    }
    predictions.push_back(((query.rowwise() - feature_mean) * weights).rowwise() + delta_mean);
  }
  return predictions;
}

struct Table {
  std::vector<std::string> ids;
  Matrix values;
  std::optional<std::int32_t> row_of(const std::string& id) const {
    const auto found = std::find(ids.begin(), ids.end(), id);
    if (found == ids.end()) return std::nullopt;
    return static_cast<std::int32_t>(found - ids.begin());
  }
};

Table read_table(const std::filesystem::path& path) {
  const auto file = H5adFile::open(path);
  EXPECT_TRUE(file) << file.error().line();
  return {*file->read_index(H5adAxis::obs), *file->matrix()->read()};
}

class OracleHeads : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kGolden)) GTEST_SKIP() << "no oracle values at " << kGolden;
    golden_ = read_json(kGolden / "golden.json");
    std::tie(design_, embedding_) = GetParam();
    deltas_ = read_table(kGolden / ("pseudobulk_" + design_ + ".h5ad"));
    const auto file = H5adFile::open(kGolden / ("pseudobulk_" + design_ + ".h5ad"));
    const AnnotationColumn genes = *file->read_column(H5adAxis::var, "gene_id");
    for (std::size_t g = 0; g < genes.size(); ++g) gene_ids_.push_back(genes.text(g));
  }

  // The embedding of every perturbation of the context (rows in the order of deltas_), and which ones have one.
  Table embedding(const RowIndex& training_rows) const {
    if (embedding_ == "ideal") return {deltas_.ids, *idealized_embedding(deltas_.values, 16)};
    if (embedding_ == "gene_pca") {
      const auto made = gene_pca_embedding(gather_rows(deltas_.values, training_rows), gene_ids_, deltas_.ids, 16);
      Table present;
      RowIndex rows;
      for (std::size_t p = 0; p < deltas_.ids.size(); ++p) {
        if (!made->present[p]) continue;
        present.ids.push_back(deltas_.ids[p]);
        rows.push_back(static_cast<std::int32_t>(p));
      }
      present.values = gather_rows(made->vectors, rows);
      return present;
    }
    const std::string name = embedding_ == "random" ? "random_uniform" : embedding_;
    return read_table(kGolden / "embeddings" / (name + ".h5ad"));
  }

  nlohmann::json golden_;
  std::string design_, embedding_;
  Table deltas_;
  std::vector<std::string> gene_ids_;
};

TEST_P(OracleHeads, EveryPerturbationAgrees) {
  const auto& config = golden_.at("meta").at("config");
  const std::map<std::string, std::pair<Head, std::vector<double>>> heads = {
      {"knn", {knn, config.at("k_grid").get<std::vector<double>>()}},
      {"lasso", {lasso, config.at("alpha_grid").get<std::vector<double>>()}}};
  ThreadPool pool(2);

  for (const auto& [fold, content] : golden_.at("protocol").at(design_).at("folds").items()) {
    RowIndex training_rows, test_rows;
    for (const auto& id : content.at("train")) training_rows.push_back(*deltas_.row_of(id));
    for (const auto& id : content.at("test")) test_rows.push_back(*deltas_.row_of(id));
    const Matrix training_deltas = gather_rows(deltas_.values, training_rows);
    const Table table = embedding(training_rows);
    const auto covered = [&](const RowIndex& rows, RowIndex& positions) {
      RowIndex in_table;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (const auto row = table.row_of(deltas_.ids[static_cast<std::size_t>(rows[i])])) {
          positions.push_back(static_cast<std::int32_t>(i));
          in_table.push_back(*row);
        }
      }
      return gather_rows(table.values, in_table);
    };
    RowIndex covered_training, covered_test;
    const Matrix training = covered(training_rows, covered_training), test = covered(test_rows, covered_test);
    const Matrix targets = gather_rows(training_deltas, covered_training);
    const auto held_out = kfold_test_rows(static_cast<std::size_t>(training.rows()), 5, 42);
    const auto features = embedding_ == "ideal" ? split_features(training, test, held_out)
                                                : reduce_features(training, test, held_out, 16, pool);
    ASSERT_TRUE(features) << features.error().line();
    const RowVector mean = training_deltas.colwise().mean();
    const TruthCache truth =
        make_truth_cache(gather_rows(deltas_.values, test_rows), mean, OwnGeneColumns{}, std::nullopt, all_metrics());

    for (const auto& [head_name, head_and_grid] : heads) {
      SCOPED_TRACE(embedding_ + "_" + head_name + ", fold " + fold);
      const auto& [head, grid] = head_and_grid;
      const auto& expected = content.at("methods").at(embedding_ + "_" + head_name);
      const double tolerance =
          embedding_ == "ideal" && head_name == "lasso" ? kCoordinateDescentTolerance : kHeadTolerance;

      std::vector<double> scores(grid.size());
      for (std::size_t split = 0; split < held_out.size(); ++split) {
        const RowIndex rest = complement_rows(static_cast<std::size_t>(training.rows()), held_out[split]);
        const auto predictions =
            head(features->inner[split].training, gather_rows(targets, rest), features->inner[split].query, grid);
        for (std::size_t point = 0; point < grid.size(); ++point) {
          const double score = -mean_row_l2(predictions[point], targets, held_out[split]);
          EXPECT_NEAR(score, expected.at("cv_scores")[point][split].get<double>(), tolerance * std::abs(score));
          scores[point] += score / 5;
        }
      }
      const auto best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
      EXPECT_EQ(grid[best], expected.at("best").get<double>());

      Matrix prediction = mean.replicate(truth.deltas.rows(), 1);
      const Matrix of_covered =
          head(features->final_fit.training, targets, features->final_fit.query, {grid[best]}).front();
      for (std::size_t i = 0; i < covered_test.size(); ++i) {
        prediction.row(covered_test[i]) = of_covered.row(static_cast<Eigen::Index>(i));
      }
      for (const auto& [name, values] : expected.at("per_pert").items()) {
        const Metric metric = *metric_by_name(name);
        const Vector actual = compute_metrics(prediction, truth, std::span(&metric, 1)).front();
        for (Eigen::Index i = 0; i < actual.size(); ++i) {
          const double value = values[static_cast<std::size_t>(i)].get<double>();
          EXPECT_NEAR(actual[i], value, tolerance * std::max(1.0, value)) << name << " of test row " << i;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OracleHeads,
                         testing::Combine(testing::Values("global", "plate"),
                                          testing::Values("good_fm", "weak_fm", "hidim_fm", "noise_fm",
                                                          "good_fm_missing15", "random", "gene_pca", "ideal")),
                         [](const auto& test) { return std::get<0>(test.param) + "_" + std::get<1>(test.param); });

}  // namespace
}  // namespace headroom
