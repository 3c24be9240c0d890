// A whole run through real workers, from deltas and a file of vectors to percentages, against reference values that
// tests/reference/run/make_run.py computes with NumPy alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "evaluation/evaluate.hpp"
#include "host/io/temporary_folder.hpp"
#include "host/protocol/reference_data.hpp"
#include "summary/summary.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// kNN and the soft threshold are sums of a few dozen numbers; coordinate descent stops at a KKT violation of 1e-9 of
// the largest correlation. A percentage divides two differences of such values.
constexpr double kTolerance = 1e-6, kPercentTolerance = 1e-3;

class ReferenceRun : public ::testing::Test {
 protected:
  void SetUp() override {
    reference_ = read_json(std::string(HEADROOM_SOURCE_DIR) + "/tests/reference/run/run.json");
    make_task();
    make_noise();
    options_.embeddings = {{"mine", write_vectors(), {}}};
    options_.predictors = {{"knn", {}}, {"lasso", {}}};
    options_.common_dim = reference_["components"];
    options_.inner_folds = reference_["inner_folds"];
    options_.grid["knn.k"] = reference_["grid"]["knn"].get<std::vector<double>>();
    options_.grid["lasso.alpha"] = reference_["grid"]["lasso"].get<std::vector<double>>();
    options_.nulls = {kNullTrainMean, kNullNoChange, kNullGenePca};
    options_.worker_program = fs::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
    options_.shipped_plugins = fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
    options_.sandbox = SandboxMode::RELAXED;
  }

  RunResults run(int n_threads = 2) {
    ThreadPool pool(n_threads);
    NoProgress progress;
    RunOutcome outcome = evaluate(task_, &noise_, options_, pool, progress, {});
    EXPECT_FALSE(outcome.error.has_value()) << outcome.error->line();
    return std::move(outcome.results);
  }

  void expect_scale(const ContextResult& result, const json& scale) {
    EXPECT_EQ(result.wap().method(), scale["wap"].get<std::string>()) << result.metric() << " " << result.head();
    EXPECT_EQ(result.bap().method(), scale["bap"].get<std::string>()) << result.metric() << " " << result.head();
    EXPECT_NEAR(result.gap().value(), scale["gap"].get<double>(), kTolerance);
    for (const MethodResult& method : result.methods()) {
      ASSERT_TRUE(scale["values"].contains(method.name()) || method.status() != "ok") << method.name();
      if (method.status() != "ok" || !scale["values"].contains(method.name())) continue;
      const json& value = scale["values"][method.name()];
      ASSERT_EQ(method.has_value(), !value.is_null()) << method.name() << " " << result.metric();
      if (value.is_null()) continue;
      EXPECT_NEAR(method.value(), value.get<double>(), kTolerance) << method.name() << " " << result.metric();
      EXPECT_NEAR(method.gap_closed(), scale["closed"][method.name()].get<double>(), kPercentTolerance)
          << method.name() << " " << result.metric();
    }
  }

  json reference_;
  Task task_;
  NoiseTable noise_;
  RunOptions options_;

 private:
  void make_task() {
    TaskContext context;
    context.name = "line";
    context.pert_ids = reference_["perturbations"].get<std::vector<std::string>>();
    context.deltas = matrix_of(reference_["deltas"]);
    context.fold_of_row = reference_["folds"].get<std::vector<std::int32_t>>();
    task_.name = "small";
    task_.sha256 = "small";
    task_.gene_ids = reference_["genes"].get<std::vector<std::string>>();
    for (int f = 0; f < 4; ++f) task_.fold_names.push_back(std::to_string(f));
    task_.contexts = {context};
  }

  void make_noise() {
    NoiseContext context;
    context.name = "line";
    context.pert_ids = task_.contexts[0].pert_ids;
    context.values.resize(static_cast<Eigen::Index>(context.pert_ids.size()), 3);
    context.values << vector_of(reference_["noise"]["0.1"]), vector_of(reference_["noise"]["0.5"]),
        vector_of(reference_["noise"]["0.9"]);
    context.references = vector_of(reference_["closed_form"]);
    noise_.quantiles = {0.1, 0.5, 0.9};
    noise_.metrics = {"L2"};
    noise_.reference_columns = {"closed_form"};
    noise_.contexts = {context};
  }

  fs::path write_vectors() {
    const Matrix vectors = matrix_of(reference_["vectors"]);
    std::string text = "pert_id,x0,x1,x2,x3,x4,x5\n";
    for (Eigen::Index p = 0; p < vectors.rows(); ++p) {
      if (!reference_["present"][static_cast<std::size_t>(p)].get<bool>()) continue;
      text += task_.contexts[0].pert_ids[static_cast<std::size_t>(p)];
      for (const double x : vectors.row(p)) text += fmt::format(",{}", x);
      text += '\n';
    }
    return folder_.write("mine.csv", text);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ReferenceRun, EveryValueOfEveryMethodEqualsTheReference) {
  const RunResults results = run();
  ASSERT_EQ(results.contexts.size(), 1u);
  std::size_t n_compared = 0;
  for (const MethodEvaluation& method : results.contexts[0].methods) {
    if (!reference_["methods"].contains(method.name)) continue;  // split_half: the noise table has no such column
    ASSERT_EQ(method.status, Status::ok) << method.name << ": " << method.reason;
    for (std::size_t f = 0; f < method.folds.size(); ++f) {
      const json& expected = reference_["methods"][method.name]["folds"][f];
      if (!expected["best"].is_null()) {
        EXPECT_EQ(method.folds[f].best_params.begin()->second, expected["best"].get<double>()) << method.name;
      }
      for (std::size_t m = 0; m < results.metrics.size(); ++m) {
        const std::string metric(metric_name(results.metrics[m]));
        if (!expected["values"].contains(metric)) continue;
        const Vector values = vector_of(expected["values"][metric]);
        ASSERT_EQ(method.folds[f].metric_values[m].size(), values.size());
        for (Eigen::Index i = 0; i < values.size(); ++i) {
          const double ours = method.folds[f].metric_values[m][i];
          EXPECT_EQ(std::isnan(ours), std::isnan(values[i])) << method.name << " " << metric;
          if (!std::isnan(values[i])) EXPECT_NEAR(ours, values[i], kTolerance) << method.name << " " << metric;
          ++n_compared;
        }
      }
    }
  }
  // 2 nulls without a head; gene_pca, idealized and the embedding through 2 heads, 8 metrics each; 3 of the noise
  // table.
  EXPECT_EQ(n_compared, (8u * 8 + 3) * 24);
}

TEST_F(ReferenceRun, BoundsAndPercentagesEqualTheReference) {
  ThreadPool pool(2);
  const RunSummary summary = summarise(run(), task_, "test", pool);
  ASSERT_EQ(summary.contexts_size(), 16);
  for (const ContextResult& result : summary.contexts()) {
    EXPECT_EQ(result.bounds_scope(), "task");
    expect_scale(result, reference_["task_scale"][result.metric()]);
  }
}

TEST_F(ReferenceRun, BoundsPerHeadEqualTheReference) {
  options_.bounds_per_head = true;
  ThreadPool pool(2);
  const RunSummary summary = summarise(run(), task_, "test", pool);
  ASSERT_EQ(summary.contexts_size(), 16);
  for (const ContextResult& result : summary.contexts()) {
    EXPECT_EQ(result.bounds_scope(), "head");
    expect_scale(result, reference_["head_scale"][result.head()][result.metric()]);
  }
}

TEST_F(ReferenceRun, TheScaleIsTheSameWhicheverHeadsAreRun) {
  ThreadPool pool(2);
  for (const char* head : {"knn", "lasso", "ridge"}) {
    options_.predictors = {{head, {}}};
    const RunSummary summary = summarise(run(), task_, "test", pool);
    ASSERT_EQ(summary.contexts_size(), 8) << "heads that were not asked for have no table";
    for (const ContextResult& result : summary.contexts()) {
      const json& scale = reference_["task_scale"][result.metric()];
      EXPECT_EQ(result.wap().method(), scale["wap"].get<std::string>()) << head << " " << result.metric();
      EXPECT_EQ(result.bap().method(), scale["bap"].get<std::string>()) << head << " " << result.metric();
      EXPECT_NEAR(result.gap().value(), scale["gap"].get<double>(), kTolerance) << head << " " << result.metric();
    }
  }
}

TEST_F(ReferenceRun, AHeadWithoutAFeasibleSettingIsLeftOutOfTheScale) {
  options_.grid["knn.k"] = {40};
  options_.predictors = {{"lasso", {}}};
  ThreadPool pool(2);
  const RunResults results = run();
  EXPECT_FALSE(any_failed(results));
  const RunSummary summary = summarise(results, task_, "test", pool);
  for (const MethodResult& method : summary.contexts(0).methods()) {
    if (method.predictor() != "knn") continue;
    EXPECT_EQ(method.status(), "skipped") << method.name();
    EXPECT_NE(method.reason().find("knn is left out of the bounds"), std::string::npos) << method.reason();
  }
  expect_scale(summary.contexts(0), reference_["head_scale"]["lasso"]["L2"]);
}

TEST_F(ReferenceRun, IsTheSameOnAnyNumberOfThreads) {
  const RunResults one = run(1), many = run(5);
  for (std::size_t m = 0; m < one.contexts[0].methods.size(); ++m) {
    for (std::size_t f = 0; f < 4; ++f) {
      const auto &a = one.contexts[0].methods[m].folds[f], &b = many.contexts[0].methods[m].folds[f];
      ASSERT_EQ(a.metric_values.size(), b.metric_values.size());
      for (std::size_t k = 0; k < a.metric_values.size(); ++k) {
        for (Eigen::Index i = 0; i < a.metric_values[k].size(); ++i) {
          const double x = a.metric_values[k][i], y = b.metric_values[k][i];
          EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << one.contexts[0].methods[m].name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace headroom
