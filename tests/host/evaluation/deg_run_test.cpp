// The DEG target through real workers: against the oracle values of the simulated screen, and what its bounds are made
// of.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "evaluation/evaluate.hpp"
#include "evaluation/trial_methods.hpp"
#include "host/evaluation/made_task.hpp"
#include "plan/class_task.hpp"
#include "plan/target_options.hpp"

namespace headroom {
namespace deg_run_test {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kGolden = fs::path(HEADROOM_SHARED_DIR) / "golden" / "small";
constexpr double kWithoutFit = 1e-9;  // the oracle gives 12 digits and more
constexpr double kWithFit = 5e-3;     // probabilities that are equal up to the solver's tolerance may rank either way
constexpr double kClearLead = 1e-3;  // of the best setting's inner score, from which on the choice must be the oracle's

bool has_logistic() { return fs::exists(fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom" / "logistic.so"); }

json read_json(const char* name) {
  std::ifstream file(kGolden / name);
  return json::parse(file);
}

// By how much the best inner score leads the second.
double lead_of(std::vector<double> scores) {
  std::sort(scores.begin(), scores.end(), std::greater<>());
  return scores[0] - scores[1];
}

TEST(DegRun, IsTheOracles) {
  if (!fs::exists(kGolden)) GTEST_SKIP() << "no oracle values at " << kGolden;
  if (!has_logistic()) GTEST_SKIP() << "the head logistic is not built";
  const json golden = read_json("golden.json"), oracle = read_json("deg_metrics.json");
  TaskOptions columns;
  columns.fold_file = kGolden / "folds.csv";
  const auto file = read_task(kGolden / "deg_labels.h5ad", columns);
  ASSERT_TRUE(file) << file.error().line();
  const auto task = class_task(*file);
  ASSERT_TRUE(task) << task.error().line();

  RunOptions options;
  for (const auto& name : golden["meta"]["embeddings"]) {
    options.embeddings.push_back({name, kGolden / "embeddings" / (name.get<std::string>() + ".h5ad"), {}});
  }
  options.embeddings.push_back({"random_uniform", kGolden / "embeddings" / "random_uniform.h5ad", {}});
  options.predictors_are_named = false;
  options.common_dim = golden["meta"]["config"]["common_dim"];
  options.n_random_embeddings = 1;
  options.worker_program = fs::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
  options.shipped_plugins = fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
  options.sandbox = SandboxMode::RELAXED;
  options = options_of_target(options, deg_target());
  ThreadPool pool(2);
  NoProgress quiet;
  const RunOutcome outcome = evaluate(*task, nullptr, options, pool, quiet, {});
  ASSERT_FALSE(outcome.error) << outcome.error->line();

  const ContextEvaluation& context = outcome.results.contexts.front();
  int n_checked = 0, n_chosen = 0;
  for (const MethodEvaluation& method : context.methods) {
    std::string name = method.embedding.empty() ? method.name : method.embedding;
    if (name == "random") continue;  // seeded otherwise
    if (name == "random_uniform") name = "random";
    if (name == "idealized") name = "ideal";
    for (std::size_t f = 0; f < context.splits.size(); ++f) {
      const json& expected = oracle["folds"][context.splits[f].name];
      if (!expected.contains(name)) continue;
      SCOPED_TRACE(fmt::format("{} in fold {}", name, context.splits[f].name));
      const FoldEvaluation& fold = method.folds[f];
      EXPECT_EQ(fold.status, Status::ok) << fold.reason;
      if (fold.status != Status::ok) continue;
      bool is_same_choice = true;
      if (!method.predictor.empty()) {
        const json& of_method = golden["deg"]["folds"][context.splits[f].name]["methods"][name];
        const double best = of_method["best_C"];
        is_same_choice = fold.best_params.at("C") == best;
        const auto means = of_method["cv_mean"].get<std::vector<double>>();
        if (lead_of(means) > kClearLead) {
          EXPECT_EQ(fold.best_params.at("C"), best);
          ++n_chosen;
        }
      }
      if (!is_same_choice) continue;
      for (const auto& [metric_name, value] : expected[name].items()) {
        const auto& metrics = outcome.results.metrics;
        const auto m = std::find(metrics.begin(), metrics.end(), *metric_by_name(metric_name)) - metrics.begin();
        EXPECT_NEAR(fold.whole.values[m], value.get<double>(), method.predictor.empty() ? kWithoutFit : kWithFit)
            << metric_name;
        ++n_checked;
      }
    }
  }
  // Three nulls and seven methods with a fit, five metrics and folds each; some choices are too close to call.
  EXPECT_GE(n_checked, 5 * 5 * 8);
  EXPECT_GE(n_chosen, 20);
}

// ---- trials ----

Task labelled_task(int n_perturbations, int n_genes, int n_trials) {
  Task task = testing::made_task(1, n_perturbations, n_genes, 2);
  TaskContext& context = task.contexts.front();
  DegLabels& labels = context.deg.emplace();
  labels.labels.resize(n_perturbations, n_genes);
  labels.has_labels.assign(static_cast<std::size_t>(n_perturbations), true);
  labels.trials.emplace(n_trials, n_perturbations, n_genes);
  const auto label = [](double value) { return static_cast<std::int8_t>(value < -0.5 ? -1 : value > 0.5 ? 1 : 0); };
  for (int p = 0; p < n_perturbations; ++p) {
    for (int g = 0; g < n_genes; ++g) labels.labels(p, g) = label(testing::scattered(p, g, 0));
    for (int t = 0; t < n_trials; ++t) {
      std::vector<std::int8_t> of_trial;
      for (int g = 0; g < n_genes; ++g) {
        // The more trials before it, the more labels are wrong.
        const bool is_wrong = testing::scattered(p, g, 100 + t) > 0.9 - 0.05 * t;
        of_trial.push_back(is_wrong ? label(testing::scattered(p, g, 200 + t)) : labels.labels(p, g));
      }
      labels.trials->set(t, p, of_trial.data());
    }
  }
  return task;
}

TEST(TrialMethods, TakeTheNearestOfTheTrials) {
  const Task file = labelled_task(24, 30, 9);
  const Task task = class_task(file).value();
  const Split split = splits_within(task, {"f0"}).value().front();
  const std::vector<Metric> metrics{Metric::F1, Metric::recall_pert};
  const FoldData fold = make_fold_data(task, split, metrics).value();
  const Matrix counts = TestResamples({12}, 3, 40).all_counts(0);

  FoldEvaluation evaluation;
  evaluate_trial_method({"sampling_error_q10", 0.1, true}, task, score_trials(task, fold, metrics, counts), evaluation);
  ASSERT_EQ(evaluation.status, Status::ok) << evaluation.reason;
  // By definition: every trial scored by itself.
  std::vector<double> f1;
  std::vector<std::vector<double>> recalls(12), resampled(40);
  RowIndex rows;
  for (const TaskRow& at : split.test) rows.push_back(at.row);
  for (int t = 0; t < 9; ++t) {
    const LabelMatrix labels = task.contexts[0].deg->trials->labels(t, rows);
    Matrix planes = Matrix::Zero(3 * 12, 30);
    for (Eigen::Index i = 0; i < 12; ++i) {
      for (Eigen::Index g = 0; g < 30; ++g) planes((labels(i, g) + 1) * 12 + i, g) = 1;
    }
    f1.push_back(class_metrics_of_fold(planes, fold.truth.classes, metrics, Matrix::Ones(12, 1))(0, 0));
    const Vector recall = class_metrics_of_perturbations(planes, fold.truth.classes, metrics)[1];
    for (Eigen::Index i = 0; i < 12; ++i) recalls[static_cast<std::size_t>(i)].push_back(recall[i]);
    const Matrix of_resamples = class_metrics_of_fold(planes, fold.truth.classes, metrics, counts);
    for (Eigen::Index b = 0; b < 40; ++b) resampled[static_cast<std::size_t>(b)].push_back(of_resamples(0, b));
  }
  const auto second_smallest = [](std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[1];
  };
  EXPECT_DOUBLE_EQ(evaluation.whole.values[0], second_smallest(f1));
  for (Eigen::Index i = 0; i < 12; ++i) {
    EXPECT_EQ(evaluation.metric_values[1][i], second_smallest(recalls[static_cast<std::size_t>(i)]));
    EXPECT_TRUE(std::isnan(evaluation.metric_values[0][i])) << "F1 is of the fold";
  }
  for (Eigen::Index b = 0; b < 40; ++b) {
    EXPECT_DOUBLE_EQ(evaluation.whole.resampled(0, b), second_smallest(resampled[static_cast<std::size_t>(b)]));
  }
}

TEST(TrialMethods, AreSkippedWithoutTrials) {
  Task file = labelled_task(24, 30, 2);
  file.contexts.front().deg->trials.reset();
  const Task task = class_task(file).value();
  const FoldData fold = make_fold_data(task, splits_within(task, {"f0"}).value().front(), {Metric::F1}).value();
  FoldEvaluation evaluation;
  evaluate_trial_method({"sampling_error_q10", 0.1, true}, task,
                        score_trials(task, fold, {Metric::F1}, Matrix::Ones(12, 1)), evaluation);
  EXPECT_EQ(evaluation.status, Status::skipped);
  EXPECT_NE(evaluation.reason.find("keeps no labels of resampled cells"), std::string::npos);
}

TEST(NearestQuantile, RoundsThePosition) {
  std::vector<double> twenty(20), nine(9);
  for (int i = 0; i < 20; ++i) twenty[static_cast<std::size_t>(i)] = (7 * i) % 20;
  for (int i = 0; i < 9; ++i) nine[static_cast<std::size_t>(i)] = (4 * i) % 9;
  EXPECT_EQ(nearest_quantile(twenty, 0.1), 2);  // the third smallest
  EXPECT_EQ(nearest_quantile(nine, 0.1), 1);    // the second smallest
  EXPECT_EQ(nearest_quantile(nine, 0.5), 4);
  std::vector<double> undefined{NAN, 3, NAN, 1};
  EXPECT_EQ(nearest_quantile(undefined, 0), 1);
  std::vector<double> none{NAN};
  EXPECT_TRUE(std::isnan(nearest_quantile(none, 0.1)));
}

}  // namespace deg_run_test
}  // namespace headroom
