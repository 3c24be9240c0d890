#include "deg/class_metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>

#include "host/protocol/reference_data.hpp"
#include "io/h5ad.hpp"

namespace headroom {
namespace {

const std::filesystem::path kGolden = HEADROOM_SHARED_DIR "/golden/small";
constexpr double kTolerance = 1e-9;  // against the oracle, which gives 12 digits and more

ClassMatrix random_classes(Eigen::Index rows, Eigen::Index cols, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::discrete_distribution<int> draw({2, 6, 1});
  ClassMatrix classes(rows, cols);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < cols; ++j) classes(i, j) = static_cast<std::int8_t>(draw(generator));
  }
  return classes;
}

Matrix certain(const ClassMatrix& classes) {
  Matrix planes = Matrix::Zero(kClasses * classes.rows(), classes.cols());
  for (Eigen::Index i = 0; i < classes.rows(); ++i) {
    for (Eigen::Index j = 0; j < classes.cols(); ++j) planes(classes(i, j) * classes.rows() + i, j) = 1;
  }
  return planes;
}

// Probabilities on a coarse grid, so that some are equal.
Matrix coarse_planes(Eigen::Index rows, Eigen::Index cols, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> draw(0, 4);
  Matrix planes(kClasses * rows, cols);
  for (double& value : planes.reshaped()) value = draw(generator) / 8.0;
  return planes;
}

Matrix once(Eigen::Index rows) { return Matrix::Ones(rows, 1); }

double value_of(Metric metric, const Matrix& planes, const ClassMatrix& labels) {
  return class_metrics_of_fold(planes, labels, std::span(&metric, 1), once(labels.rows()))(0, 0);
}

// ---- the definitions, pair by pair and threshold by threshold ----

double naive_auc(const std::vector<double>& scores, const std::vector<bool>& is_positive) {
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (!is_positive[i] || is_positive[j]) continue;
      pairs += 1;
      wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  }
  return pairs > 0 ? wins / pairs : std::numeric_limits<double>::quiet_NaN();
}

double naive_ap(const std::vector<double>& scores, const std::vector<bool>& is_positive) {
  double ap = 0, recall_before = 0;
  const auto n_positive = static_cast<double>(std::count(is_positive.begin(), is_positive.end(), true));
  for (const double threshold : std::set<double, std::greater<>>(scores.begin(), scores.end())) {
    double hits = 0, called = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (scores[i] < threshold) continue;
      called += 1;
      hits += is_positive[i] ? 1 : 0;
    }
    ap += hits / called * (hits / n_positive - recall_before);
    recall_before = hits / n_positive;
  }
  return ap;
}

std::map<Metric, double> naive(const Matrix& planes, const ClassMatrix& labels) {
  std::map<Metric, double> sum, n;
  const Eigen::Index rows = labels.rows();
  const ClassMatrix predicted = most_likely_classes(planes);
  const auto add = [&](Metric metric, double value) {
    sum[metric] += value;
    n[metric] += 1;
  };
  for (Eigen::Index gene = 0; gene < labels.cols(); ++gene) {
    double f1 = 0, precision = 0, recall = 0, auc = 0, ap = 0, n_present = 0, n_auc = 0;
    bool responds = false;
    for (Eigen::Index c = 0; c < kClasses; ++c) {
      std::vector<double> scores;
      std::vector<bool> is_positive;
      double tp = 0, called = 0, positive = 0;
      for (Eigen::Index row = 0; row < rows; ++row) {
        scores.push_back(planes(c * rows + row, gene));
        is_positive.push_back(labels(row, gene) == c);
        tp += labels(row, gene) == c && predicted(row, gene) == c;
        called += predicted(row, gene) == c;
        positive += labels(row, gene) == c;
      }
      if (positive == 0) continue;
      responds = responds || c != kNotDe;
      n_present += 1;
      f1 += 2 * tp / (called + positive);
      precision += called > 0 ? tp / called : 0;
      recall += tp / positive;
      ap += naive_ap(scores, is_positive);
      const double area = naive_auc(scores, is_positive);
      if (std::isnan(area)) continue;
      auc += area;
      n_auc += 1;
    }
    add(Metric::F1, f1 / n_present);
    add(Metric::precision, precision / n_present);
    add(Metric::recall, recall / n_present);
    add(Metric::ROC_AUC, auc / 3);
    add(Metric::AP, ap / n_present);
    if (n_auc > 0) add(Metric::ROC_AUC_defined, auc / n_auc);
    if (responds) add(Metric::F1_responding, f1 / n_present);
  }
  for (auto& [metric, value] : sum) value /= n[metric];
  return sum;
}

// ---- tests ----

TEST(ClassMetrics, AreTheirDefinitions) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Eigen::Index rows = 3 + seed % 9, genes = 70;
    const ClassMatrix labels = random_classes(rows, genes, seed);
    for (const Matrix& planes :
         {coarse_planes(rows, genes, 100 + seed), certain(random_classes(rows, genes, seed + 7))}) {
      for (const auto& [metric, expected] : naive(planes, labels)) {
        EXPECT_NEAR(value_of(metric, planes, labels), expected, 1e-13) << metric_name(metric);
      }
    }
  }
}

TEST(ClassMetrics, CountWeightsAsRepeatedPerturbations) {
  const Eigen::Index rows = 11, genes = 40, columns = 37;  // more than two blocks of columns
  const ClassMatrix labels = random_classes(rows, genes, 3);
  const Matrix planes = coarse_planes(rows, genes, 4);
  std::mt19937 generator(5);
  std::uniform_int_distribution<int> draw(0, 3);
  Matrix weights(rows, columns);
  for (double& weight : weights.reshaped()) weight = draw(generator);
  const auto metrics = class_metrics();
  const Matrix values = class_metrics_of_fold(planes, labels, metrics, weights);
  for (Eigen::Index column = 0; column < columns; ++column) {
    RowIndex repeated;
    for (Eigen::Index row = 0; row < rows; ++row) {
      repeated.insert(repeated.end(), static_cast<std::size_t>(weights(row, column)), static_cast<std::int32_t>(row));
    }
    const auto n = static_cast<Eigen::Index>(repeated.size());
    Matrix of_repeated(kClasses * n, genes);
    ClassMatrix their_labels(n, genes);
    for (Eigen::Index i = 0; i < n; ++i) {
      const Eigen::Index row = repeated[static_cast<std::size_t>(i)];
      their_labels.row(i) = labels.row(row);
      for (Eigen::Index c = 0; c < kClasses; ++c) of_repeated.row(c * n + i) = planes.row(c * rows + row);
    }
    const Matrix expected = class_metrics_of_fold(of_repeated, their_labels, metrics, once(n));
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      const auto row = static_cast<Eigen::Index>(m);
      EXPECT_NEAR(values(row, column), expected(row, 0), 1e-12) << metric_name(metrics[m]) << ", column " << column;
    }
  }
}

TEST(ClassMetrics, TellUndefinedFromZero) {
  const ClassMatrix silent = ClassMatrix::Constant(4, 6, static_cast<std::int8_t>(kNotDe));
  const Matrix right = certain(silent);
  EXPECT_EQ(value_of(Metric::F1, right, silent), 1);
  EXPECT_EQ(value_of(Metric::AP, right, silent), 1);
  EXPECT_EQ(value_of(Metric::ROC_AUC, right, silent), 0);  // by the published rule
  EXPECT_TRUE(std::isnan(value_of(Metric::ROC_AUC_defined, right, silent)));
  EXPECT_TRUE(std::isnan(value_of(Metric::F1_responding, right, silent)));
  EXPECT_TRUE(std::isnan(value_of(Metric::recall_pert, right, silent)));
  const auto metrics = class_metrics();
  const Matrix without = class_metrics_of_fold(right, silent, metrics, Matrix::Zero(4, 1));
  for (Eigen::Index m = 0; m < without.rows(); ++m) EXPECT_TRUE(std::isnan(without(m, 0)));
}

TEST(ClassMetrics, OfPerturbationsCountTheirOwnGenes) {
  ClassMatrix labels(2, 5), predicted(2, 5);
  labels << 0, 2, 2, 1, 1, /**/ 1, 1, 1, 1, 1;
  predicted << 0, 0, 1, 2, 1, /**/ 1, 1, 0, 1, 1;
  const std::vector<Metric> metrics{Metric::F1, Metric::precision_pert, Metric::recall_pert,
                                    Metric::direction_agreement};
  const auto values = class_metrics_of_perturbations(certain(predicted), labels, metrics);
  EXPECT_TRUE(std::isnan(values[0][0]));
  EXPECT_DOUBLE_EQ(values[1][0], 1.0 / 3);
  EXPECT_DOUBLE_EQ(values[2][0], 1.0 / 3);
  EXPECT_DOUBLE_EQ(values[3][0], 1.0 / 2);
  EXPECT_EQ(values[1][1], 0);  // called one gene where none responds
  EXPECT_TRUE(std::isnan(values[2][1]));
  EXPECT_TRUE(std::isnan(values[3][1]));
  // The fold's value is the mean over those where it is defined.
  EXPECT_DOUBLE_EQ(value_of(Metric::recall_pert, certain(predicted), labels), 1.0 / 3);
}

TEST(ClassMetrics, OfAnInnerSplitAreTheFoldsF1) {
  const ClassMatrix labels = random_classes(9, 33, 1);
  const Matrix planes = coarse_planes(9, 33, 2), numbers = labels.cast<double>();
  std::vector<ConstMatrixMap> maps;
  for (Eigen::Index c = 0; c < kClasses; ++c) {
    maps.emplace_back(planes.row(c * 9).data(), 9, 33, Eigen::OuterStride<>(33));
  }
  RowIndex rows{0, 1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_NEAR(macro_f1(maps, numbers, rows), value_of(Metric::F1, planes, labels), 1e-14);
}

TEST(ClassMetrics, OfConstantPredictionsAreTheOraclesInEveryFold) {
  if (!std::filesystem::exists(kGolden)) GTEST_SKIP() << "no oracle values at " << kGolden;
  const auto golden = read_json(kGolden / "golden.json").at("deg");
  const auto oracle = read_json(kGolden / "deg_metrics.json").at("folds");
  const auto file = H5adFile::open(kGolden / "deg_labels.h5ad");
  ASSERT_TRUE(file) << file.error().line();
  const std::vector<std::string> ids = *file->read_index(H5adAxis::obs);
  const Matrix stored = *file->matrix()->read();
  const ClassMatrix classes = (stored.array() + 1).cast<std::int8_t>();
  int n_checked = 0;
  for (const auto& [fold, content] : golden.at("folds").items()) {
    RowIndex training, test;
    const auto test_ids = content.at("test").get<std::set<std::string>>();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      (test_ids.contains(ids[i]) ? test : training).push_back(static_cast<std::int32_t>(i));
    }
    ASSERT_EQ(test.size(), test_ids.size());
    const auto n = static_cast<Eigen::Index>(test.size());
    ClassMatrix labels(n, classes.cols()), frequent(n, classes.cols());
    for (Eigen::Index i = 0; i < n; ++i) labels.row(i) = classes.row(test[static_cast<std::size_t>(i)]);
    for (Eigen::Index gene = 0; gene < classes.cols(); ++gene) {
      std::array<int, kClasses> counts{};
      for (const std::int32_t row : training) ++counts[static_cast<std::size_t>(classes(row, gene))];
      const auto most = std::max_element(counts.begin(), counts.end()) - counts.begin();
      frequent.col(gene).setConstant(static_cast<std::int8_t>(most));
    }
    const ClassMatrix no_change = ClassMatrix::Constant(n, classes.cols(), static_cast<std::int8_t>(kNotDe));
    for (const auto& [method, predicted] : {std::pair{"no_change", &no_change}, {"most_frequent", &frequent}}) {
      for (const auto& [name, value] : oracle.at(fold).at(method).items()) {
        EXPECT_NEAR(value_of(*metric_by_name(name), certain(*predicted), labels), value.get<double>(), kTolerance)
            << name << " of " << method << " in fold " << fold;
        ++n_checked;
      }
    }
  }
  EXPECT_EQ(n_checked, 5 * 2 * 5);
}

// A gene is judged by the perturbations that do not aim at it, in every metric.
TEST(ClassMetrics, LeaveOwnGenesOut) {
  const ClassMatrix labels = random_classes(11, 6, 41);
  const Matrix planes = coarse_planes(11, 6, 42);
  OwnGeneColumns left_out(11);
  left_out[2] = 3;
  left_out[7] = 3;
  left_out[9] = 0;
  Matrix sums = Matrix::Zero(3, 1);
  const std::array<Metric, 3> of_genes = {Metric::F1, Metric::ROC_AUC, Metric::AP};
  for (Eigen::Index gene = 0; gene < labels.cols(); ++gene) {
    std::vector<Eigen::Index> rows;
    for (Eigen::Index row = 0; row < labels.rows(); ++row) {
      if (left_out[static_cast<std::size_t>(row)] != gene) rows.push_back(row);
    }
    const auto n = static_cast<Eigen::Index>(rows.size());
    Matrix of_gene(kClasses * n, 1);
    for (Eigen::Index c = 0; c < kClasses; ++c) {
      for (Eigen::Index i = 0; i < n; ++i)
        of_gene(c * n + i, 0) = planes(c * 11 + rows[static_cast<std::size_t>(i)], gene);
    }
    sums += class_metrics_of_fold(of_gene, labels(rows, std::vector<Eigen::Index>{gene}), of_genes, once(n)) / 6.0;
  }
  const Matrix values = class_metrics_of_fold(planes, labels, of_genes, once(11), left_out);
  EXPECT_TRUE(values.isApprox(sums, 1e-12)) << values << "\nexpected\n" << sums;

  const std::array<Metric, 3> of_rows = {Metric::precision_pert, Metric::recall_pert, Metric::direction_agreement};
  const auto of_perturbations = class_metrics_of_perturbations(planes, labels, of_rows, left_out);
  std::vector<Eigen::Index> genes = {0, 1, 2, 4, 5};  // what row 7 is judged by
  Matrix planes_of_7(kClasses, 5);
  for (Eigen::Index c = 0; c < kClasses; ++c) planes_of_7.row(c) = planes.row(c * 11 + 7)(genes);
  const auto expected =
      class_metrics_of_perturbations(planes_of_7, labels(std::vector<Eigen::Index>{7}, genes), of_rows);
  for (std::size_t m = 0; m < of_rows.size(); ++m) EXPECT_EQ(of_perturbations[m][7], expected[m][0]);
}

}  // namespace
}  // namespace headroom
