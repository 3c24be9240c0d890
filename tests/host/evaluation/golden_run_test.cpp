// The whole evaluation, through real workers, against the oracle values of the simulated screen.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "evaluation/evaluate.hpp"

namespace headroom {
namespace golden_run_test {

namespace fs = std::filesystem;
using nlohmann::json;

// Values are given with 12 significant digits; kNN has the same neighbours and so the same sums up to rounding, and the
// soft threshold is a closed form.
constexpr double kClosedFormTolerance = 1e-8;
// Coordinate descent stops at a KKT violation of 1e-9 of the largest correlation.
constexpr double kCoordinateDescentTolerance = 1e-6;

const fs::path kGolden = fs::path(HEADROOM_SHARED_DIR) / "golden" / "small";

// What an observer hears, and whether the method and the bounds were complete then.
struct HeardMethods final : RunObserver {
  std::map<std::string, bool> names;
  void method_finished(const RunResults&, const ContextEvaluation& context, const MethodEvaluation& method) override {
    const auto complete = [](const MethodEvaluation& m) {
      return std::all_of(m.folds.begin(), m.folds.end(), [](const auto& f) { return f.status != Status::not_run; });
    };
    bool all = complete(method);
    for (const MethodEvaluation& bound : context.methods) all = all && (bound.role == Role::plugin || complete(bound));
    EXPECT_TRUE(names.emplace(method.name, all).second) << method.name;
  }
};

class GoldenRun : public ::testing::TestWithParam<const char*> {
 protected:
  static json read_json() {
    std::ifstream file(kGolden / "golden.json");
    return json::parse(file);
  }

  static RunOptions options(const json& golden) {
    RunOptions options;
    for (const auto& name : golden["meta"]["embeddings"]) {
      options.embeddings.push_back({name, kGolden / "embeddings" / (name.get<std::string>() + ".h5ad"), {}});
    }
    options.embeddings.push_back({"random_uniform", kGolden / "embeddings" / "random_uniform.h5ad", {}});
    options.predictors = {{"knn", {}}, {"lasso", {}}};
    options.common_dim = golden["meta"]["config"]["common_dim"];
    options.grid["knn.k"] = golden["meta"]["config"]["k_grid"].get<std::vector<double>>();
    options.grid["lasso.alpha"] = golden["meta"]["config"]["alpha_grid"].get<std::vector<double>>();
    options.n_random_embeddings = 1;
    options.metrics = {Metric::L2, Metric::MSE, Metric::MAE, Metric::Pearson, Metric::Spearman};
    options.worker_program = fs::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
    options.shipped_plugins = fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
    options.sandbox = SandboxMode::RELAXED;
    return options;
  }

  // The oracle's name of one of ours: "good_fm+knn" is good_fm_knn, "idealized+knn" ideal_knn, its random null is an
  // ordinary embedding here.
  static std::string oracle_name(std::string name) {
    if (name.starts_with("random_uniform+")) name = "random" + name.substr(14);
    if (name.starts_with("idealized+")) name = "ideal" + name.substr(9);
    std::replace(name.begin(), name.end(), '+', '_');
    return name;
  }
};

TEST_P(GoldenRun, EveryMethodOfEveryFoldEqualsTheOracle) {
  if (!fs::exists(kGolden)) GTEST_SKIP() << "no oracle data at " << kGolden;
  const std::string design = GetParam();
  const json golden = read_json();
  TaskOptions task_options;
  task_options.fold_file = kGolden / "folds.csv";
  const auto task = read_task(kGolden / ("pseudobulk_" + design + ".h5ad"), task_options);
  ASSERT_TRUE(task.has_value()) << task.error().line();

  ThreadPool pool(2);
  NoProgress progress;
  HeardMethods heard;
  const RunOutcome outcome = evaluate(*task, nullptr, options(golden), pool, progress, {}, nullptr, &heard);
  ASSERT_FALSE(outcome.error.has_value()) << outcome.error->line();
  EXPECT_EQ(heard.names.size(), 2 * options(golden).embeddings.size()) << "each plugin's method once";
  for (const auto& [name, complete] : heard.names) EXPECT_TRUE(complete) << name;
  ASSERT_EQ(outcome.results.contexts.size(), 1u);
  const ContextEvaluation& context = outcome.results.contexts[0];

  int n_compared = 0;
  for (const MethodEvaluation& method : context.methods) {
    const std::string name = oracle_name(method.name);
    if (method.name.starts_with("random+")) continue;  // another random embedding than the oracle's
    if (method.role == Role::cheater && method.predictor.empty()) continue;
    if (method.role == Role::reference) continue;
    ASSERT_EQ(method.status, Status::ok) << method.name << ": " << method.reason;
    for (std::size_t f = 0; f < method.folds.size(); ++f) {
      const FoldEvaluation& ours = method.folds[f];
      const json& oracle = golden["protocol"][design]["folds"][context.splits[f].name]["methods"][name];
      ASSERT_FALSE(oracle.is_null()) << name;
      if (oracle.contains("best")) {
        ASSERT_EQ(ours.best_params.size(), 1u);
        EXPECT_EQ(ours.best_params.begin()->second, oracle["best"].get<double>()) << name << " fold " << f;
      }
      const double tolerance = name == "ideal_lasso" ? kCoordinateDescentTolerance : kClosedFormTolerance;
      for (std::size_t m = 0; m < outcome.results.metrics.size(); ++m) {
        const std::string metric(metric_name(outcome.results.metrics[m]));
        const json& expected = oracle["per_pert"][metric];
        ASSERT_EQ(ours.metric_values[m].size(), static_cast<Eigen::Index>(expected.size()));
        for (std::size_t i = 0; i < expected.size(); ++i) {
          const double value = ours.metric_values[m][static_cast<Eigen::Index>(i)];
          if (expected[i].is_null()) {
            EXPECT_TRUE(std::isnan(value)) << name << " " << metric << " " << i;
            continue;
          }
          const double truth = expected[i];
          EXPECT_NEAR(value, truth, tolerance * std::max(1.0, std::abs(truth)))
              << name << " " << metric << " fold " << f;
          ++n_compared;
        }
      }
    }
  }
  // 2 nulls without a head, gene_pca and idealized and 6 embeddings through 2 heads; 60 perturbations; up to 5 metrics
  // (two correlations of no_change are undefined).
  EXPECT_EQ(n_compared, (18 * 5 - 2) * 60);
}

INSTANTIATE_TEST_SUITE_P(Designs, GoldenRun, ::testing::Values("global", "plate"));

}  // namespace golden_run_test
}  // namespace headroom
