#include "conformance/predictor_example.hpp"

#include <gtest/gtest.h>

#include "conformance/embedding_example.hpp"

namespace headroom {
namespace predictor_example_test {

// Two hyperparameters of three and two values.
PluginDescription description() {
  PluginDescription plugin;
  plugin.add_task_kinds(TaskKind::REGRESSION);
  for (const auto& values : {std::vector<double>{1, 2, 3}, std::vector<double>{0.5, 5}}) {
    Hyperparameter& parameter = *plugin.add_hyperparameters();
    for (const double value : values) parameter.add_grid(value);
  }
  return plugin;
}

TEST(DeclaredGrid, HasEveryCombinationInOrder) {
  Matrix expected(6, 2);
  expected << 1, 0.5, 1, 5, 2, 0.5, 2, 5, 3, 0.5, 3, 5;
  EXPECT_EQ(declared_grid(description(), 6), expected);
}

TEST(DeclaredGrid, HasEveryValueWhereCombinationsAreTooMany) {
  Matrix expected(5, 2);
  expected << 1, 0.5, 2, 0.5, 3, 0.5, 1, 0.5, 1, 5;
  EXPECT_EQ(declared_grid(description(), 5), expected);
}

TEST(DeclaredGrid, IsOneSettingWithoutHyperparameters) {
  const Matrix grid = declared_grid(PluginDescription{}, 10);
  EXPECT_EQ(grid.rows(), 1);
  EXPECT_EQ(grid.cols(), 0);
}

TEST(PredictorExample, HasTheShapeAskedForAndOtherAbsentRowsInEachBlock) {
  const ExampleShape shape{.n_training = 11, .n_query = 7, .n_genes = 3, .n_features = 2, .n_blocks = 2};
  const PredictorExample example = predictor_example(description(), shape, 1);
  ASSERT_EQ(example.blocks.size(), 2u);
  EXPECT_EQ(example.blocks[0].query_present, (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 0, 1}));
  EXPECT_EQ(example.blocks[1].query_present, (std::vector<std::uint8_t>{1, 0, 1, 1, 1, 1, 0}));
  EXPECT_TRUE(example.blocks[0].query.row(5).isZero(0));
  EXPECT_TRUE(predictor_example(description(), {}, 1).blocks[0].training_present.empty()) << "one block holds all rows";
  EXPECT_EQ(example.deltas.rows(), 11);
  EXPECT_EQ(example.deltas.cols(), 3);
  EXPECT_EQ(example.deltas, predictor_example(description(), shape, 1).deltas);
  EXPECT_NE(example.deltas, predictor_example(description(), shape, 2).deltas);
}

TEST(PredictorExample, HasLabelsForAPredictorThatDoesClassesOnly) {
  PluginDescription classes = description();
  classes.set_task_kinds(0, TaskKind::CLASSES);
  const PredictorExample example = predictor_example(classes, {}, 1);
  EXPECT_EQ(example.n_planes, 3);
  EXPECT_EQ(example.classes, (std::vector<std::string>{"down", "not_de", "up"}));
  Eigen::Index n = 0;
  for (const double label : {0.0, 1.0, 2.0}) {
    const Eigen::Index of_label = (example.deltas.array() == label).count();
    EXPECT_GT(of_label, 0) << label;
    n += of_label;
  }
  EXPECT_EQ(n, example.deltas.size());
  EXPECT_EQ(predictor_example(classes, {.n_classes = 5}, 1).deltas.maxCoeff(), 4);
}

TEST(PredictorExample, MeasuresNoPerturbationTwiceInOneContext) {
  const PredictorExample example = predictor_example(description(), {.n_contexts = 3}, 1);
  std::set<std::pair<int, int>> measured;
  for (std::size_t i = 0; i < example.training_contexts.size(); ++i) {
    EXPECT_TRUE(measured.insert({example.perturbations.training[i], example.training_contexts[i]}).second);
  }
  int elsewhere = 0;
  for (std::size_t i = 0; i < example.query_contexts.size(); ++i) {
    EXPECT_TRUE(measured.insert({example.perturbations.query[i], example.query_contexts[i]}).second);
    const auto& training = example.perturbations.training;
    elsewhere += std::count(training.begin(), training.end(), example.perturbations.query[i]) == 2;
  }
  EXPECT_EQ(elsewhere, 13);  // of 25 queries
  EXPECT_EQ(example.control_profiles.rows(), 3);

  const PredictorExample reversed = with_contexts_reversed(example);
  EXPECT_EQ(reversed.contexts, (std::vector<std::string>{"line_3", "line_2", "line_1"}));
  EXPECT_EQ(reversed.control_profiles.row(0), example.control_profiles.row(2));
  EXPECT_EQ(reversed.query_contexts[0], 2 - example.query_contexts[0]);
}

TEST(EmbeddingExample, IdsAreDifferentAndBeginWithThoseThatAreKnown) {
  CheckOptions options;
  std::vector<std::string> ids = example_ids(options, 2000);
  EXPECT_EQ(ids.size(), 2000u);
  EXPECT_EQ(ids.front(), "TP53");
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
  options.known_ids = {"a", "b", "a", "c"};
  ids = example_ids(options, 4);
  EXPECT_EQ(std::vector<std::string>(ids.begin(), ids.begin() + 3), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(ids.size(), 4u);
  EXPECT_EQ(example_ids(options, 2), (std::vector<std::string>{"a", "b"}));
}

TEST(EmbeddingExample, TrainingPartDoesNotDependOnTheOrder) {
  EXPECT_EQ(training_part_of({"e", "d", "c", "b", "a"}), (std::vector<std::string>{"a", "e"}));
  EXPECT_EQ(training_part_of({"a", "b", "c", "d", "e"}), (std::vector<std::string>{"a", "e"}));
}

}  // namespace predictor_example_test
}  // namespace headroom
