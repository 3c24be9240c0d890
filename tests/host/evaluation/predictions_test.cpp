// Finished predictions through the real reader, against methods whose numbers are known: what a head predicts, scored
// from a file, must give that head's numbers.
#include "evaluation/predictions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "evaluation/embedding.hpp"
#include "evaluation/evaluate.hpp"
#include "evaluation/head.hpp"
#include "io/h5ad_writer.hpp"

namespace headroom {
namespace predictions_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kPerts = 24, kGenes = 15, kFolds = 3, kDimension = 6;

// Numbers without a pattern, the same in every run.
double scattered(int i, int j, int k) { return std::sin(12.9898 * i + 78.233 * j + 37.719 * k + 1.0); }

std::string pert_name(int p) { return "p" + std::to_string(100 + p); }

Task make_task() {
  Task task;
  task.name = "made";
  task.path = "made.h5ad";
  task.sha256 = "made";
  for (int g = 0; g < kGenes; ++g) task.gene_ids.push_back("gene" + std::to_string(g));
  for (int f = 0; f < kFolds; ++f) task.fold_names.push_back("f" + std::to_string(f));
  for (int c = 0; c < 2; ++c) {
    TaskContext context;
    context.name = c == 0 ? "A" : "B";
    context.deltas.resize(kPerts, kGenes);
    RowVector control(kGenes);
    for (int g = 0; g < kGenes; ++g) control[g] = 2 + scattered(g, c, 9);
    context.control_profile = control;
    for (int p = 0; p < kPerts; ++p) {
      context.pert_ids.push_back(pert_name(p));
      context.fold_of_row.push_back((p * 7 + c) % kFolds);
      for (int g = 0; g < kGenes; ++g) context.deltas(p, g) = scattered(p, g, c);
    }
    task.contexts.push_back(std::move(context));
  }
  return task;
}

// A prediction for a perturbation in a context, for its own fold.
struct Row {
  std::string pert, context, fold;
  RowVector values;
};

class Predictions : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("headroom-predictions-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    options_.predictors = {{"knn", {}}};
    options_.grid["knn.k"] = {1, 3, 5};
    options_.common_dim = 4;
    options_.n_random_embeddings = 1;
    options_.worker_program = fs::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
    options_.shipped_plugins = fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
    options_.sandbox = SandboxMode::RELAXED;
  }
  void TearDown() override { fs::remove_all(folder_); }

  PredictionsSpec write(const std::string& name, const std::vector<Row>& rows, bool with_fold = true) const {
    H5adContent content;
    std::vector<std::string> perts, contexts, folds;
    Matrix x(static_cast<Eigen::Index>(rows.size()), kGenes);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      content.obs_index.push_back("row" + std::to_string(i));
      perts.push_back(rows[i].pert);
      contexts.push_back(rows[i].context);
      folds.push_back(rows[i].fold);
      x.row(static_cast<Eigen::Index>(i)) = rows[i].values;
    }
    content.obs_columns = {{"pert_id", perts, {}, true}, {"context", contexts, {}, true}};
    if (with_fold) content.obs_columns.push_back({"fold", folds, {}, true});
    content.var_index = task_.gene_ids;
    content.x = DenseX{{ConstMatrixMap(x.data(), x.rows(), x.cols(), Eigen::OuterStride<>(x.cols()))}};
    const fs::path path = folder_ / (name + ".h5ad");
    const auto written = write_h5ad(path, content);
    EXPECT_TRUE(written.has_value()) << written.error().line();
    PredictionsSpec spec;
    spec.name = name;
    spec.path = path;
    return spec;
  }

  // One row a perturbation and context, for the fold in which it is tested.
  template <class Values>
  std::vector<Row> every_test_row(Values&& values) const {
    std::vector<Row> rows;
    for (std::size_t c = 0; c < task_.contexts.size(); ++c) {
      for (std::size_t p = 0; p < task_.contexts[c].pert_ids.size(); ++p) {
        const std::int32_t fold = task_.contexts[c].fold_of_row[p];
        rows.push_back({task_.contexts[c].pert_ids[p], task_.contexts[c].name,
                        task_.fold_names[static_cast<std::size_t>(fold)], values(c, p, fold)});
      }
    }
    return rows;
  }

  RowVector train_mean(std::size_t c, std::int32_t fold) const {
    const auto splits = splits_within(task_, {task_.fold_names[static_cast<std::size_t>(fold)]}).value();
    const auto data = make_fold_data(task_, splits[c], {Metric::L2});
    EXPECT_TRUE(data.has_value());
    return data->truth.deltas.mean_training_delta;
  }

  RunResults run() const {
    ThreadPool pool(2);
    NoProgress progress;
    RunOutcome outcome = evaluate(task_, nullptr, options_, pool, progress, {});
    EXPECT_FALSE(outcome.error.has_value()) << outcome.error->line();
    return std::move(outcome.results);
  }

  static const MethodEvaluation& method(const RunResults& results, std::size_t context, const std::string& name) {
    const auto& methods = results.contexts[context].methods;
    return *std::find_if(methods.begin(), methods.end(), [&](const MethodEvaluation& m) { return m.name == name; });
  }

  // Bit for bit; NaN equals NaN.
  static void expect_equal(const MethodEvaluation& a, const MethodEvaluation& b) {
    ASSERT_EQ(a.status, Status::ok) << a.reason;
    ASSERT_EQ(b.status, Status::ok) << b.reason;
    ASSERT_EQ(a.folds.size(), b.folds.size());
    for (std::size_t f = 0; f < a.folds.size(); ++f) {
      ASSERT_EQ(a.folds[f].metric_values.size(), b.folds[f].metric_values.size());
      for (std::size_t m = 0; m < a.folds[f].metric_values.size(); ++m) {
        const Vector &x = a.folds[f].metric_values[m], &y = b.folds[f].metric_values[m];
        ASSERT_EQ(x.size(), y.size());
        for (Eigen::Index i = 0; i < x.size(); ++i) {
          EXPECT_TRUE(x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) << x[i] << " and " << y[i];
        }
      }
    }
  }

  Task task_ = make_task();
  RunOptions options_;
  fs::path folder_;
};

TEST_F(Predictions, TheTruthHasNoError) {
  options_.predictions = {write("truth", every_test_row([&](std::size_t c, std::size_t p, std::int32_t) {
                                  return RowVector(task_.contexts[c].deltas.row(static_cast<Eigen::Index>(p)));
                                }),
                                false)};
  const RunResults results = run();
  for (std::size_t c = 0; c < 2; ++c) {
    const MethodEvaluation& truth = method(results, c, "truth");
    ASSERT_EQ(truth.status, Status::ok) << truth.reason;
    EXPECT_EQ(truth.role, Role::plugin);
    EXPECT_TRUE(truth.predictor.empty());
    EXPECT_TRUE(stands_in(truth, results.heads[0]));
    for (const FoldEvaluation& fold : truth.folds) EXPECT_EQ(fold.metric_values[0].maxCoeff(), 0);
  }
}

TEST_F(Predictions, TheTrainMeanOfEachFoldIsTheTrainMean) {
  options_.predictions = {write(
      "mean", every_test_row([&](std::size_t c, std::size_t, std::int32_t fold) { return train_mean(c, fold); }))};
  const RunResults results = run();
  for (std::size_t c = 0; c < 2; ++c) expect_equal(method(results, c, "mean"), method(results, c, "train_mean"));
}

TEST_F(Predictions, WhatAHeadPredictsScoresAsThatHead) {
  std::ofstream csv(folder_ / "vectors.csv");
  csv << "id";
  for (int d = 0; d < kDimension; ++d) csv << ",d" << d;
  csv << '\n';
  for (int p = 0; p < kPerts; ++p) {
    csv << pert_name(p);
    for (int d = 0; d < kDimension; ++d) csv << ',' << std::round(1e6 * scattered(p, d, 5)) / 1e6;
    csv << '\n';
  }
  csv.close();
  options_.embeddings = {{"fm", folder_ / "vectors.csv", {}}};

  // The head's predictions, as the evaluation makes them.
  ThreadPool pool(1);
  const auto roster = load_roster(lfc_target(), options_, pool);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  std::vector<Row> rows;
  for (std::size_t c = 0; c < task_.contexts.size(); ++c) {
    const auto embedding = ask_for_embedding(roster->embeddings[0], task_, {c}, nullptr, options_.seed, Combine::none);
    ASSERT_TRUE(embedding.has_value()) << embedding.error().message;
    const std::vector<Split> splits = splits_within(task_, {}).value();
    for (const Split& split : splits) {
      if (split.context != c) continue;
      const auto fold = make_fold_data(task_, split, {Metric::L2});
      ASSERT_TRUE(fold.has_value());
      const auto features = make_head_features(*embedding, *fold, options_, pool);
      ASSERT_TRUE(features.has_value()) << features.error().line();
      auto knn = WorkerSession::start(*roster->heads[0].file, roster->heads[0].settings);
      ASSERT_TRUE(knn.has_value()) << knn.error().message;
      const auto outcome = evaluate_head(lfc_target(), **knn, roster->heads[0].grid, *features, task_.contexts[c].name,
                                         fold->training_deltas, nullptr);
      ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
      const std::vector<std::string> ids = ids_of(task_, split.test);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        rows.push_back(
            {ids[i], task_.contexts[c].name, split.name, outcome->predictions.row(static_cast<Eigen::Index>(i))});
      }
    }
  }
  options_.predictions = {write("finished", rows)};
  const RunResults results = run();
  for (std::size_t c = 0; c < 2; ++c) expect_equal(method(results, c, "finished"), method(results, c, "fm+knn"));
}

TEST_F(Predictions, MissingRowsArePredictedAsTheTrainMean) {
  std::vector<Row> rows = every_test_row([&](std::size_t c, std::size_t p, std::int32_t) {
    return RowVector(task_.contexts[c].deltas.row(static_cast<Eigen::Index>(p)));
  });
  std::erase_if(rows, [](const Row& row) { return row.pert >= "p112"; });
  options_.predictions = {write("half", rows, false)};
  const RunResults results = run();
  for (std::size_t c = 0; c < 2; ++c) {
    const MethodEvaluation& half = method(results, c, "half");
    ASSERT_EQ(half.status, Status::ok) << half.reason;
    const MethodEvaluation& mean = method(results, c, "train_mean");
    for (std::size_t f = 0; f < half.folds.size(); ++f) {
      for (std::size_t i = 0; i < half.folds[f].covered.size(); ++i) {
        const auto row = static_cast<std::size_t>(results.contexts[c].splits[f].test[i].row);
        const bool is_there = task_.contexts[c].pert_ids[row] < "p112";
        const auto at = static_cast<Eigen::Index>(i);
        EXPECT_EQ(half.folds[f].covered[i], is_there ? 1 : 0);
        EXPECT_EQ(half.folds[f].metric_values[0][at], is_there ? 0 : mean.folds[f].metric_values[0][at]);
      }
    }
  }
  ASSERT_FALSE(results.plugins.empty());
  EXPECT_EQ(results.plugins[0].name(), "half");
  EXPECT_EQ(results.plugins[0].n_ids(), 2 * kPerts);
  EXPECT_EQ(results.plugins[0].n_present(), kPerts);
}

// Rounding of a profile that is taken back to a delta: some units in the last place of the profile's size, over genes.
constexpr double kProfileTolerance = 1e-12;

TEST_F(Predictions, ProfilesAreTakenFromTheTasksOwnControl) {
  PredictionsSpec spec = write("profiles", every_test_row([&](std::size_t c, std::size_t p, std::int32_t) {
                                 return RowVector(task_.contexts[c].deltas.row(static_cast<Eigen::Index>(p)) +
                                                  *task_.contexts[c].control_profile);
                               }));
  spec.form = PredictedForm::profiles;
  options_.predictions = {spec};
  const RunResults results = run();
  for (std::size_t c = 0; c < 2; ++c) {
    const MethodEvaluation& profiles = method(results, c, "profiles");
    ASSERT_EQ(profiles.status, Status::ok) << profiles.reason;
    for (const FoldEvaluation& fold : profiles.folds) EXPECT_LT(fold.metric_values[0].maxCoeff(), kProfileTolerance);
  }

  task_.contexts[1].control_profile.reset();
  ThreadPool pool(1);
  NoProgress progress;
  const RunOutcome refused = evaluate(task_, nullptr, options_, pool, progress, {});
  ASSERT_TRUE(refused.error.has_value());
  EXPECT_EQ(refused.error->kind, ErrorKind::bad_input);
  EXPECT_THAT(refused.error->line(), HasSubstr("no control profile of context 'B'"));
}

TEST_F(Predictions, CellsCountByTheirMean) {
  std::vector<Row> rows;
  for (int cell = -1; cell <= 1; ++cell) {
    for (Row& row : every_test_row([&](std::size_t c, std::size_t p, std::int32_t) {
           const RowVector profile =
               task_.contexts[c].deltas.row(static_cast<Eigen::Index>(p)) + *task_.contexts[c].control_profile;
           return RowVector(profile.array() + 0.25 * cell);
         })) {
      rows.push_back(std::move(row));
    }
  }
  PredictionsSpec spec = write("cells", rows);
  spec.form = PredictedForm::cells;
  options_.predictions = {spec};
  const RunResults results = run();
  const MethodEvaluation& cells = method(results, 0, "cells");
  ASSERT_EQ(cells.status, Status::ok) << cells.reason;
  for (const FoldEvaluation& fold : cells.folds) EXPECT_LT(fold.metric_values[0].maxCoeff(), kProfileTolerance);
}

TEST_F(Predictions, AFileThatFailsLeavesTheOthersAlone) {
  std::ofstream(folder_ / "broken.h5ad") << "this is no h5ad";
  PredictionsSpec broken;
  broken.name = "broken";
  broken.path = folder_ / "broken.h5ad";
  const PredictionsSpec mean =
      write("mean", every_test_row([&](std::size_t c, std::size_t, std::int32_t fold) { return train_mean(c, fold); }));
  options_.predictions = {broken, mean};
  const RunResults results = run();
  EXPECT_TRUE(any_failed(results));
  EXPECT_EQ(method(results, 0, "broken").status, Status::failed);
  EXPECT_THAT(method(results, 0, "broken").reason, HasSubstr("broken.h5ad"));
  expect_equal(method(results, 1, "mean"), method(results, 1, "train_mean"));
}

TEST_F(Predictions, NamesOfMethodsAreRefused) {
  PredictionsSpec spec = write(
      "truth", every_test_row([&](std::size_t c, std::size_t, std::int32_t fold) { return train_mean(c, fold); }));
  for (const char* name :
       {"train_mean", "no_change", "random+knn", "idealized+knn", "sampling_error_q90", "gene_pca"}) {
    spec.name = name;
    options_.predictions = {spec};
    const auto valid = validate(options_);
    ASSERT_FALSE(valid.has_value()) << name;
    EXPECT_THAT(valid.error().line(), HasSubstr("is taken"));
  }
  spec.name = "mine+knn";
  options_.predictions = {spec};
  EXPECT_FALSE(validate(options_).has_value()) << "it could be an embedding's method";
  spec.name = "mine";
  options_.predictions = {spec};
  EXPECT_TRUE(validate(options_).has_value());
}

}  // namespace predictions_test
}  // namespace headroom
