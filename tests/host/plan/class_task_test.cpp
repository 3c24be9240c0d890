#include "plan/class_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/target.hpp"
#include "plan/target_options.hpp"

namespace headroom {
namespace class_task_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Six perturbations in two folds, the labels of the last missing.
Task labelled() {
  Task task;
  task.path = "task.h5ad";
  task.gene_ids = {"g0", "g1"};
  task.fold_names = {"0", "1"};
  TaskContext context;
  context.name = "A";
  context.pert_ids = {"a", "b", "c", "d", "e", "f"};
  context.fold_of_row = {0, 1, 0, 1, 0, 1};
  context.deltas = Matrix::Constant(6, 2, 0.5);
  context.deltas.row(2) << 1.5, -1.5;
  DegLabels& labels = context.deg.emplace();
  labels.labels = LabelMatrix::Zero(6, 2);
  labels.labels.row(2) << 1, -1;
  labels.has_labels = {true, true, true, true, true, false};
  labels.trials.emplace(2, 6, 2);
  const std::int8_t of_trial[] = {0, 1};
  labels.trials->set(1, 4, of_trial);
  task.contexts.push_back(std::move(context));
  return task;
}

TEST(ClassTask, HasTheLabelledRowsAsClassNumbers) {
  Task file = labelled();
  const auto task = class_task(file);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_EQ(&target_of(*task), &deg_target());
  const TaskContext& context = task->contexts.front();
  EXPECT_THAT(context.pert_ids, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(context.fold_of_row, ElementsAre(0, 1, 0, 1, 0));
  EXPECT_EQ(context.deltas.row(0), (RowVector{{1, 1}}));
  EXPECT_EQ(context.deltas.row(2), (RowVector{{2, 0}}));
  EXPECT_EQ(context.measured->row(2), (RowVector{{1.5, -1.5}}));
  EXPECT_EQ(context.deg->trials->labels(1, {4}), (LabelMatrix{{0, 1}}));
}

TEST(ClassTask, OfATaskWithoutItsDeltasHasTheSameRows) {
  Task file = labelled();
  file.contexts.front().deltas.resize(0, 0);
  file.contexts.front().deg->labels.resize(0, 0);
  const auto task = class_task(file);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->contexts.front().pert_ids, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(task->contexts.front().deltas.size(), 0);
}

TEST(ClassTask, NeedsLabelsToTestEveryFold) {
  Task without = labelled();
  without.contexts.front().deg.reset();
  EXPECT_THAT(class_task(without).error().line(), HasSubstr("no labels"));
  Task few = labelled();
  few.contexts.front().deg->has_labels = {true, true, true, false, true, false};
  EXPECT_THAT(class_task(few).error().line(), HasSubstr("fold '1' of context 'A' has 1 perturbation with labels"));
}

TEST(Targets, AreWhatATaskHolds) {
  Task task = labelled();
  EXPECT_TRUE(holds(task, lfc_target()));
  EXPECT_TRUE(holds(task, deg_target()));
  task.has_deltas = false;
  EXPECT_FALSE(holds(task, lfc_target()));
  EXPECT_FALSE(task_of_target(task, lfc_target()));
  EXPECT_EQ(target_by_name(""), &lfc_target());
  EXPECT_EQ(target_by_name("deg"), &deg_target());
  EXPECT_EQ(target_by_name("other"), nullptr);
}

TEST(DegTarget, PredictsByTheTrainingRowsAlone) {
  Matrix training(4, 3);
  training << 0, 1, 2, /**/ 0, 1, 2, /**/ 1, 1, 0, /**/ 2, 2, 0;
  const RowIndex all{0, 1, 2, 3};
  const auto& nulls = deg_target().constant_nulls;
  ASSERT_EQ(nulls.size(), 3u);
  EXPECT_EQ(nulls[0].predict(training, all), (Matrix{{0, 0, 0}, {1, 1, 1}, {0, 0, 0}}));
  EXPECT_EQ(nulls[1].predict(training, all), (Matrix{{1, 0, 1}, {0, 1, 0}, {0, 0, 0}})) << "ties to the lowest";
  const Matrix prior = nulls[2].predict(training, all);
  EXPECT_TRUE(prior.isApprox(Matrix{{3, 1, 3}, {2, 4, 1}, {2, 2, 3}} / 7));
  EXPECT_EQ(deg_target().stand_in(training, {3}), (Matrix{{0, 0, 1}, {0, 0, 0}, {1, 1, 0}}));
}

TEST(OptionsOfTarget, AreTheTargetsOwn) {
  RunOptions options;
  options.predictors = {{"knn", {}}, {"lasso", {}}};
  options.predictors_are_named = false;
  const RunOptions deltas = options_of_target(options, lfc_target());
  EXPECT_EQ(deltas.nulls, options.nulls);
  EXPECT_EQ(deltas.ceiling, options.ceiling);
  EXPECT_EQ(deltas.predictors.size(), 2u);
  const RunOptions classes = options_of_target(options, deg_target());
  EXPECT_THAT(classes.nulls, ElementsAre("no_change", "most_frequent", "prior", "random", "gene_pca"));
  EXPECT_THAT(classes.ceiling, ElementsAre("idealized", "sampling_error_q10"));
  ASSERT_EQ(classes.predictors.size(), 1u);
  EXPECT_EQ(classes.predictors.front().name, "logistic");

  options.nulls = {"train_mean"};  // as the published figures have it
  options.ceiling = {"sampling_error_q90"};
  const RunOptions figure = options_of_target(options, deg_target());
  EXPECT_THAT(figure.nulls, ElementsAre("prior"));
  EXPECT_THAT(figure.ceiling, ElementsAre("sampling_error_q10"));

  options.metrics = {Metric::L2, Metric::AP};
  EXPECT_THAT(options_of_target(options, deg_target()).metrics, ElementsAre(Metric::AP));
  EXPECT_TRUE(asks_for(options, deg_target()));
  options.metrics = {Metric::L2};
  EXPECT_FALSE(asks_for(options, deg_target()));
}

}  // namespace class_task_test
}  // namespace headroom
