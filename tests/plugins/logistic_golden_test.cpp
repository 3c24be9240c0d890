// The head `logistic` against the oracle of the DEG task, at the oracle's C: the metric row of every embedding and of
// the idealized one on every fold. Metrics are computed here in plain steps. Needs the oracle's folder; skipped where
// it is absent.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "heads/logistic.hpp"
#include "plugins/golden_data.hpp"

namespace headroom::testing {
namespace logistic_golden_test {

// The oracle's solver stops after a hundred steps in float32, so that some classes differ (protocol section 8).
constexpr double kDegTolerance = 5e-3;

struct DegMetrics {
  double f1 = 0.0, precision = 0.0, recall = 0.0, roc_auc = 0.0, average_precision = 0.0;
};

// Of one gene: truth and predictions over the test perturbations. scores: perturbations × 3 probabilities.
DegMetrics metrics_of_gene(const std::vector<int>& truth, const sdk::Matrix& scores) {
  const auto n = static_cast<Eigen::Index>(truth.size());
  std::vector<Eigen::Index> predicted(truth.size());
  for (Eigen::Index i = 0; i < n; ++i) scores.row(i).maxCoeff(&predicted[static_cast<std::size_t>(i)]);
  DegMetrics sum;
  int n_present = 0;
  for (int k = 0; k < 3; ++k) {
    double hits = 0, called = 0, there = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      called += predicted[i] == k;
      there += truth[i] == k;
      hits += predicted[i] == k && truth[i] == k;
    }
    if (there == 0) continue;
    ++n_present;
    const double precision = called > 0 ? hits / called : 0.0, recall = hits / there;
    sum.precision += precision;
    sum.recall += recall;
    sum.f1 += hits > 0 ? 2.0 * precision * recall / (precision + recall) : 0.0;

    std::vector<double> thresholds;
    for (Eigen::Index i = 0; i < n; ++i) thresholds.push_back(scores(i, k));
    std::sort(thresholds.rbegin(), thresholds.rend());
    thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
    double recall_before = 0.0;
    for (const double threshold : thresholds) {
      double above = 0, right = 0;
      for (Eigen::Index i = 0; i < n; ++i) {
        above += scores(i, k) >= threshold;
        right += scores(i, k) >= threshold && truth[static_cast<std::size_t>(i)] == k;
      }
      sum.average_precision += (right / there - recall_before) * right / above;
      recall_before = right / there;
    }

    if (there == static_cast<double>(n)) continue;
    double won = 0.0;
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        if (truth[static_cast<std::size_t>(i)] != k || truth[static_cast<std::size_t>(j)] == k) continue;
        won += scores(i, k) > scores(j, k) ? 1.0 : scores(i, k) == scores(j, k) ? 0.5 : 0.0;
      }
    }
    sum.roc_auc += won / (there * (static_cast<double>(n) - there));
  }
  return {sum.f1 / n_present, sum.precision / n_present, sum.recall / n_present, sum.roc_auc / 3.0,
          sum.average_precision / n_present};
}

TEST(GoldenLogistic, EqualsTheOracleOnEveryFold) {
  if (!std::filesystem::exists(kGolden / "deg_metrics.json")) {
    GTEST_SKIP() << "the oracle's folder " << kGolden << " is not there";
  }
  std::ifstream golden_file(kGolden / "golden.json"), metrics_file(kGolden / "deg_metrics.json");
  const nlohmann::json golden = nlohmann::json::parse(golden_file), expected = nlohmann::json::parse(metrics_file);
  const nlohmann::json& deg = golden.at("deg");
  const Keyed labels = read_keyed(kGolden / "deg_labels.h5ad");
  const std::map<std::string, std::string> files = {{"random", "random_uniform"},
                                                    {"good_fm", "good_fm"},
                                                    {"weak_fm", "weak_fm"},
                                                    {"noise_fm", "noise_fm"},
                                                    {"hidim_fm", "hidim_fm"},
                                                    {"good_fm_missing15", "good_fm_missing15"},
                                                    {"ideal", ""}};
  int checked = 0;
  for (const auto& [fold_name, fold] : deg.at("folds").items()) {
    const auto test = fold.at("test").get<std::vector<std::string>>();
    std::vector<std::string> train;
    for (const auto& id : deg.at("perts")) {
      const auto name = id.get<std::string>();
      if (std::find(test.begin(), test.end(), name) == test.end()) train.push_back(name);
    }
    const sdk::Matrix truth = gather(labels, test);
    for (const auto& [method, file] : files) {
      PredictorCall call;
      call.n_classes = 3;
      call.delta_rows = gather(labels, train).array() + 1.0;
      if (file.empty()) {
        idealize(gather(labels, train), truth, call);
      } else {
        // Rows without a vector: features of zero, marked as absent.
        const Keyed vectors = read_keyed(kGolden / "embeddings" / (file + ".h5ad"));
        const auto present = [&](const std::vector<std::string>& ids, std::vector<std::uint8_t>& marks) {
          std::vector<std::string> there;
          for (const std::string& id : ids) {
            marks.push_back(vectors.row_of.count(id) > 0 ? 1 : 0);
            if (marks.back()) there.push_back(id);
          }
          return there;
        };
        const auto train_there = present(train, call.training_present), test_there = present(test, call.query_present);
        project(gather(vectors, train_there), gather(vectors, test_there), call);
        const auto spread = [](sdk::Matrix& rows, const std::vector<std::uint8_t>& marks) {
          sdk::Matrix all = sdk::Matrix::Zero(static_cast<Eigen::Index>(marks.size()), rows.cols());
          Eigen::Index next = 0;
          for (std::size_t i = 0; i < marks.size(); ++i) {
            if (marks[i]) all.row(static_cast<Eigen::Index>(i)) = rows.row(next++);
          }
          rows = all;
        };
        spread(call.training, call.training_present);
        spread(call.query, call.query_present);
      }
      call.settings = column({fold.at("methods").at(method).at("best_C").get<double>()});
      call.run([](const auto& request, auto& output) { heads::predict_logistic(request, 1, output); });
      DegMetrics mean;
      const auto n_genes = static_cast<double>(truth.cols());
      for (Eigen::Index g = 0; g < truth.cols(); ++g) {
        std::vector<int> of_gene;
        sdk::Matrix scores(truth.rows(), 3);
        for (Eigen::Index i = 0; i < truth.rows(); ++i) {
          of_gene.push_back(static_cast<int>(truth(i, g)) + 1);
          for (std::size_t k = 0; k < 3; ++k) scores(i, static_cast<Eigen::Index>(k)) = call.predictions[k](i, g);
        }
        const DegMetrics one = metrics_of_gene(of_gene, scores);
        mean.f1 += one.f1 / n_genes;
        mean.precision += one.precision / n_genes;
        mean.recall += one.recall / n_genes;
        mean.roc_auc += one.roc_auc / n_genes;
        mean.average_precision += one.average_precision / n_genes;
      }
      const nlohmann::json& row = expected.at("folds").at(fold_name).at(method);
      const std::string where = "fold " + fold_name + ", " + method;
      EXPECT_NEAR(mean.f1, row.at("F1").get<double>(), kDegTolerance) << where;
      EXPECT_NEAR(mean.precision, row.at("precision").get<double>(), kDegTolerance) << where;
      EXPECT_NEAR(mean.recall, row.at("recall").get<double>(), kDegTolerance) << where;
      EXPECT_NEAR(mean.roc_auc, row.at("ROC_AUC").get<double>(), kDegTolerance) << where;
      EXPECT_NEAR(mean.average_precision, row.at("AP").get<double>(), kDegTolerance) << where;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 35);
}

}  // namespace logistic_golden_test
}  // namespace headroom::testing
