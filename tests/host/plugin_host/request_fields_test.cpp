// Kinds of tasks, planes, contexts and the numbers of perturbations, from the host's question through a worker to a
// plugin that was written in C and to the same in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headroom/plugin.h"
#include "plugin_host/class_planes.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace request_fields_test {

using ::testing::HasSubstr;

SharedMatrix sealed(const Matrix& values) {
  auto matrix = SharedMatrix::create(values.rows(), values.cols());
  EXPECT_TRUE(matrix);
  matrix->view() = values;
  EXPECT_TRUE(matrix->seal());
  return *matrix;
}

ConstMatrixMap view(const Matrix& matrix) {
  return ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols()));
}

// The plugin of this name as it was written in C, and in C++.
class RequestFields : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<WorkerSession> start(const std::string& name) {
    WorkerSettings settings;
    settings.worker_program = HEADROOM_WORKER_PROGRAM;
    settings.limits.set_wall_time_s(60);
    auto file = open_plugin_file(std::string(HEADROOM_TEST_PLUGINS "/") + name + "_in_" + GetParam() + ".so");
    EXPECT_TRUE(file) << file.error().line();
    if (!file) return nullptr;
    auto session = WorkerSession::start(*file, settings);
    EXPECT_TRUE(session) << session.error().message;
    return session ? std::move(*session) : nullptr;
  }

  // 4 training rows, 2 query rows, 2 genes; rows that each block lacks are zero.
  Matrix training = Matrix::Ones(4, 3), query = Matrix::Ones(2, 3);
  Matrix other_training = Matrix::Ones(4, 1), other_query = Matrix::Ones(2, 1);

  PredictorQuestion question(const Matrix& deltas, Eigen::Index n_hyperparameters) {
    PredictorQuestion asked(sealed(deltas));
    asked.context = "K562";
    asked.add_block("one", training, query);
    asked.add_block("other", other_training, other_query);
    asked.blocks[0].training_present = {0, 1, 1, 1};
    asked.blocks[1].query_present = {1, 0};
    asked.n_query = 2;
    asked.settings = Matrix::Zero(1, n_hyperparameters);
    return asked;
  }
};

Matrix labels() { return (Matrix(4, 2) << 0, 2, 1, 2, 1, 0, 2, 2).finished(); }

TEST_P(RequestFields, TaskKindReachesAPlugin) {
  const auto session = start("task_kind");
  ASSERT_TRUE(session);
  PredictorQuestion deltas = question((Matrix(4, 2) << 1, 2, 3, 4, 5, 6, 7, 12).finished(), 0);
  auto answer = session->predict(deltas);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(Matrix(answer->predictions[0]), (Matrix(2, 2) << 4, 6, 4, 6).finished());

  PredictorQuestion classes = question(labels(), 0);
  classes.task_kind = TaskKind::CLASSES;
  classes.n_planes = 3;
  classes.classes = {"down", "not_de", "up"};
  answer = session->predict(classes);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->predictions.size(), 3u);
  EXPECT_EQ(RowVector(answer->predictions[0].row(1)), (RowVector(2) << 0.25, 0.25).finished());
  EXPECT_EQ(RowVector(answer->predictions[1].row(0)), (RowVector(2) << 0.5, 0).finished());
  EXPECT_EQ(fault_of_planes(answer->predictions), "");
}

TEST_P(RequestFields, EveryPlaneAndMarkOfLabelsReachesAPlugin) {
  const auto session = start("n_planes");
  ASSERT_TRUE(session);
  PredictorQuestion asked = question(labels(), 0);
  auto refused = session->predict(asked);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("does not do tasks of kind REGRESSION"));

  asked.task_kind = TaskKind::CLASSES;
  asked.n_planes = 4;
  asked.classes = {"down", "not_de", "up", "never"};
  asked.training_labelled = {1, 1, 0, 1};
  auto answer = session->predict(asked);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->predictions.size(), 4u);
  EXPECT_EQ(fault_of_planes(answer->predictions), "");
  Matrix first_query(4, 2);  // classes × genes
  for (int plane = 0; plane < 4; ++plane)
    first_query.row(plane) = answer->predictions[static_cast<std::size_t>(plane)].row(0);
  EXPECT_TRUE(first_query.isApprox((Matrix(4, 2) << 2, 1, 2, 1, 2, 4, 1, 1).finished() / 7, 1e-15)) << first_query;
}

TEST_P(RequestFields, ContextsAndPerturbationsReachAPlugin) {
  const auto session = start("contexts");
  ASSERT_TRUE(session);
  EXPECT_TRUE(session->description().uses_contexts());
  PredictorQuestion asked = question((Matrix(4, 2) << 1, 2, 3, 4, 5, 6, 7, 12).finished(), 1);
  asked.settings = (Matrix(2, 1) << 0, 0.5).finished();
  asked.contexts.names = {"K562", "RPE1", "Jurkat"};
  const Matrix profiles = (Matrix(3, 2) << 10, 20, 30, 40, 50, 60).finished();
  asked.contexts.blocks.push_back({HEADROOM_CONTROL_PROFILE, view(profiles), {}});
  asked.training_contexts = {0, 1, 0, 1};
  asked.query_contexts = {2, 0};
  asked.perturbations = {{17, 17, 3, 4}, {17, 99}};
  auto answer = session->predict(asked);
  ASSERT_TRUE(answer) << answer.error().message;
  // Query 0: rows 0 and 1 are its perturbation. Query 1: rows 0 and 2 are of its context.
  EXPECT_EQ(Matrix(answer->predictions[0]), (Matrix(2, 2) << 2, 3, 3, 4).finished());
  EXPECT_EQ(Matrix(answer->predictions[1]), (Matrix(2, 2) << 27, 33, 8, 14).finished());

  // One context: no numbers, no profile, and each row another perturbation.
  PredictorQuestion alone = question((Matrix(4, 2) << 1, 2, 3, 4, 5, 6, 7, 12).finished(), 1);
  answer = session->predict(alone);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(Matrix(answer->predictions[0]), (Matrix(2, 2) << 4, 6, 4, 6).finished());
}

INSTANTIATE_TEST_SUITE_P(Written, RequestFields, ::testing::Values("c", "cpp"),
                         [](const auto& language) { return "In_" + language.param; });

}  // namespace request_fields_test
}  // namespace headroom
