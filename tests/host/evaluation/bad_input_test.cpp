// Input that is sound in form and odd in content: each has a defined result, through real workers.
//
//   k above the training rows        the setting is infeasible and never wins; a grid of nothing else fails the method
//   fewer training rows than         the common dimension is capped at the smallest training part, and the fold says so
//     common_dim
//   an embedding of nobody           the method fails and says what to check
//   an embedding of one vector       the lasso head predicts the train mean; kNN the mean of the first k training rows
//   a constant gene                  no metric minds
//   one test perturbation            every metric but centroid_accuracy, which needs others to tell it from (a fold
//                                    of a task that is read from a file has at least two)
// A task that holds a perturbation twice, or an embedding file that does, is one clear error: see the tests of their
// readers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "evaluation/evaluate.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace bad_input_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr Eigen::Index kPerturbations = 24, kGenes = 10;

class BadInput : public ::testing::Test {
 protected:
  BadInput() {
    std::mt19937 generator(3);
    std::normal_distribution<double> normal;
    TaskContext context;
    context.name = "line";
    context.deltas.resize(kPerturbations, kGenes);
    for (Eigen::Index i = 0; i < context.deltas.size(); ++i) context.deltas.data()[i] = normal(generator);
    for (Eigen::Index i = 0; i < kPerturbations; ++i) {
      context.pert_ids.push_back(fmt::format("p{:02}", i));
      context.fold_of_row.push_back(static_cast<std::int32_t>(i % 2));
    }
    task_.name = "odd";
    task_.sha256 = "0";
    task_.fold_names = {"0", "1"};
    for (Eigen::Index g = 0; g < kGenes; ++g) task_.gene_ids.push_back(fmt::format("g{}", g));
    task_.contexts = {context};

    options_.predictors = {{"knn", {}}, {"lasso", {}}};
    options_.grid["knn.k"] = {2, 3};
    options_.common_dim = 5;
    options_.inner_folds = 3;
    options_.worker_program = fs::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
    options_.shipped_plugins = fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
    options_.sandbox = SandboxMode::RELAXED;
  }

  // Perturbation i has the vector that `number(i, j)` gives, j < 8; its id begins with `prefix`.
  template <class Number>
  void embed(const std::string& prefix, Number&& number) {
    std::string text = "id,a,b,c,d,e,f,g,h\n";
    for (Eigen::Index i = 0; i < kPerturbations; ++i) {
      text += fmt::format("{}{:02}", prefix, i);
      for (int j = 0; j < 8; ++j) text += fmt::format(",{}", static_cast<double>(number(i, j)));
      text += '\n';
    }
    options_.embeddings = {{"x", folder_.write("x.csv", text), {}}};
  }
  void embed_anything() {
    embed("p", [](Eigen::Index i, int j) { return std::sin(static_cast<double>(7 * i + 3 * j * j)); });
  }

  ContextEvaluation run() const {
    ThreadPool pool(2);
    NoProgress progress;
    RunOutcome outcome = evaluate(task_, nullptr, options_, pool, progress, {});
    EXPECT_FALSE(outcome.error.has_value()) << outcome.error->line();
    metrics_ = outcome.results.metrics;
    return outcome.results.contexts.empty() ? ContextEvaluation{} : std::move(outcome.results.contexts.front());
  }
  static const MethodEvaluation& method(const ContextEvaluation& context, const std::string& name) {
    for (const MethodEvaluation& m : context.methods) {
      if (m.name == name) return m;
    }
    ADD_FAILURE() << "no method " << name;
    return context.methods.front();
  }
  // The L2 of every test perturbation of the first fold.
  static const Vector& l2(const MethodEvaluation& m) { return m.folds.front().metric_values.front(); }

  TemporaryFolder folder_;
  Task task_;
  RunOptions options_;
  mutable std::vector<Metric> metrics_;
};

TEST_F(BadInput, KAboveTheTrainingRowsNeverWins) {
  embed_anything();
  options_.grid["knn.k"] = {11, 3, 500};  // of 12 training rows, 8 in an inner split
  const ContextEvaluation context = run();
  const FoldEvaluation& fold = method(context, "x+knn").folds.front();
  ASSERT_EQ(fold.status, Status::ok) << fold.reason;
  EXPECT_EQ(fold.best_params.at("k"), 3);
  ASSERT_EQ(fold.inner_scores.size(), 3u);
  EXPECT_FALSE(fold.inner_scores[0].feasible);
  EXPECT_TRUE(fold.inner_scores[1].feasible);
  EXPECT_FALSE(fold.inner_scores[2].feasible);
}

TEST_F(BadInput, AGridOfNothingFeasibleFailsTheMethodAlone) {
  embed_anything();
  options_.grid["knn.k"] = {9, 500};
  const ContextEvaluation context = run();
  EXPECT_EQ(method(context, "x+knn").status, Status::failed);
  EXPECT_THAT(method(context, "x+knn").reason, HasSubstr("no setting of the grid is feasible with 8 training rows"));
  EXPECT_EQ(method(context, "x+lasso").status, Status::ok);
  EXPECT_EQ(method(context, "train_mean").status, Status::ok);
}

TEST_F(BadInput, FewerTrainingRowsThanCommonDimCapIt) {
  embed_anything();
  options_.common_dim = 100;
  const ContextEvaluation context = run();
  for (const char* name : {"x+knn", "x+lasso", "random+lasso"}) {
    const FoldEvaluation& fold = method(context, name).folds.front();
    ASSERT_EQ(fold.status, Status::ok) << fold.reason;
    EXPECT_EQ(fold.effective_dim, 8) << name;  // rows of an inner training part
    EXPECT_TRUE(fold.metric_values.front().allFinite());
  }
}

TEST_F(BadInput, AnEmbeddingOfNobodySaysWhatToCheck) {
  embed("stranger", [](Eigen::Index i, int j) { return static_cast<double>(i + j); });
  const ContextEvaluation context = run();
  EXPECT_EQ(method(context, "x+knn").status, Status::failed);
  EXPECT_THAT(method(context, "x+knn").reason, HasSubstr("a vector for 0 of the 12 training perturbations"));
  EXPECT_EQ(method(context, "random+knn").status, Status::ok);
}

TEST_F(BadInput, AnEmbeddingOfOneVectorTellsNothingApart) {
  embed("p", [](Eigen::Index, int j) { return static_cast<double>(j); });
  options_.grid["knn.k"] = {3};
  const ContextEvaluation context = run();
  ASSERT_EQ(method(context, "x+lasso").status, Status::ok) << method(context, "x+lasso").reason;
  EXPECT_TRUE(l2(method(context, "x+lasso")).isApprox(l2(method(context, "train_mean")), 1e-12));
  // All distances are equal: the lower training rows come first (protocol section 3).
  ASSERT_EQ(method(context, "x+knn").status, Status::ok) << method(context, "x+knn").reason;
  const Matrix& deltas = task_.contexts[0].deltas;
  const RowVector first_three = (deltas.row(1) + deltas.row(3) + deltas.row(5)) / 3;
  const Vector& distances = l2(method(context, "x+knn"));
  for (Eigen::Index i = 0; i < distances.size(); ++i) {
    EXPECT_NEAR(distances[i], (first_three - deltas.row(2 * i)).norm(), 1e-12);
  }
}

TEST_F(BadInput, AConstantGeneIsMindedByNoMetric) {
  embed_anything();
  task_.contexts[0].deltas.col(4).setConstant(0.75);
  const ContextEvaluation context = run();
  for (const char* name : {"x+knn", "x+lasso", "idealized+knn", "idealized+lasso", "gene_pca+knn", "random+knn"}) {
    const MethodEvaluation& m = method(context, name);
    if (m.status == Status::skipped) continue;  // gene_pca: the perturbations are no genes here
    ASSERT_EQ(m.status, Status::ok) << name << ": " << m.reason;
    for (std::size_t metric = 0; metric < metrics_.size(); ++metric) {
      EXPECT_TRUE(m.folds.front().metric_values[metric].allFinite()) << name << " " << metric_name(metrics_[metric]);
    }
  }
}

TEST_F(BadInput, OneTestPerturbationHasEveryMetricButOne) {
  embed_anything();
  auto& folds = task_.contexts[0].fold_of_row;
  std::fill(folds.begin(), folds.end(), 1);
  folds[7] = 0;
  options_.folds = {"0"};
  const ContextEvaluation context = run();
  const MethodEvaluation& m = method(context, "x+knn");
  ASSERT_EQ(m.status, Status::ok) << m.reason;
  for (std::size_t metric = 0; metric < metrics_.size(); ++metric) {
    const Vector& values = m.folds.front().metric_values[metric];
    ASSERT_EQ(values.size(), 1);
    EXPECT_EQ(std::isfinite(values[0]), metrics_[metric] != Metric::centroid_accuracy) << metric_name(metrics_[metric]);
  }
}

}  // namespace bad_input_test
}  // namespace headroom
