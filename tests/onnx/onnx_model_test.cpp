// Models in ONNX in real workers: what goes in, what comes out, where the runtime comes from, and what is said where it
// fails.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "onnx/onnx_session.hpp"

namespace headroom {
namespace onnx_model_test {

namespace fs = std::filesystem;
using testing::copy_model;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::embed_by;
using testing::fault_of;
using ::testing::HasSubstr;
using testing::kModels;
using testing::kPerceptron;
using testing::kRuntime;
using testing::question_of;
using testing::settings_of_folder;
using testing::settings_of_model;
using testing::start_model;
using testing::TemporaryFolder;

// What single precision leaves of a sum of some ten products.
constexpr double kSinglePrecision = 1e-6;

// Ids and vectors of expected.csv, which were computed in double precision.
std::pair<std::vector<std::string>, Matrix> expected_vectors() {
  std::istringstream lines(testing::read_bytes(kPerceptron / "expected.csv"));
  std::vector<std::string> ids;
  std::vector<double> numbers;
  std::string line, cell;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::getline(cells, cell, ',');
    ids.push_back(cell);
    while (std::getline(cells, cell, ',')) numbers.push_back(std::stod(cell));
  }
  const auto n = static_cast<Eigen::Index>(ids.size());
  return {ids, Eigen::Map<const Matrix>(numbers.data(), n, static_cast<Eigen::Index>(numbers.size()) / n)};
}

class OnnxPerceptron : public testing::WithRuntime {};

TEST_F(OnnxPerceptron, AnswersAsItsWeightsSay) {
  auto [ids, expected] = expected_vectors();
  ids.push_back("in no vocabulary");
  const auto answer = embed_by(settings_of_folder(kPerceptron), ids);
  ASSERT_TRUE(answer) << fault_of(answer);
  EXPECT_LT((answer->vectors.topRows(expected.rows()) - expected).cwiseAbs().maxCoeff(), kSinglePrecision);
  EXPECT_EQ(answer->present.back(), 0);
  EXPECT_THAT(std::vector(answer->present.begin(), answer->present.end() - 1), Each(1));
}

// A row is alone in its run, so nothing but its own input has a say.
TEST_F(OnnxPerceptron, AnswersARowTheSameInAnyOrderAndOnAnyThreads) {
  auto [ids, expected] = expected_vectors();
  const auto answer = embed_by(settings_of_folder(kPerceptron), ids);
  std::reverse(ids.begin(), ids.end());
  ids.resize(ids.size() / 2);
  WorkerSettings settings = settings_of_folder(kPerceptron);
  settings.n_threads = 3;
  const auto reversed = embed_by(settings, ids);
  ASSERT_TRUE(answer && reversed) << fault_of(answer) << fault_of(reversed);
  for (Eigen::Index row = 0; row < reversed->vectors.rows(); ++row) {
    EXPECT_EQ(reversed->vectors.row(row), answer->vectors.row(answer->vectors.rows() - 1 - row)) << row;
  }
}

TEST_F(OnnxPerceptron, TakesSeveralRowsInOneRun) {
  const auto [ids, expected] = expected_vectors();
  WorkerSettings settings = settings_of_folder(kPerceptron);
  settings.options = {{"batch", "7"}};
  const auto answer = embed_by(settings, ids);
  ASSERT_TRUE(answer) << fault_of(answer);
  EXPECT_LT((answer->vectors - expected).cwiseAbs().maxCoeff(), kSinglePrecision);
}

TEST_F(OnnxPerceptron, TellsTheVersionOfItsRuntime) {
  auto session = start_model(settings_of_folder(kPerceptron));
  ASSERT_TRUE(session) << session.error().message;
  (*session)->finish();
  EXPECT_THAT((*session)->log(), HasSubstr("ONNX Runtime 1.19.2, 20 perturbations in the vocabulary"));
}

// Models of other forms, of which the vectors of A, ? (unknown) and BB are known.
struct Form {
  std::string name;
  std::vector<double> a, bb;
  std::vector<std::pair<std::string, std::string>> options = {};
};
class OnnxForm : public testing::WithRuntime, public ::testing::WithParamInterface<Form> {};

TEST_P(OnnxForm, GivesItsVectors) {
  const Form& form = GetParam();
  WorkerSettings settings = settings_of_folder(kModels / form.name);
  settings.options = form.options;
  const auto answer = embed_by(settings, {"A", "?", "BB"});
  ASSERT_TRUE(answer) << fault_of(answer);
  EXPECT_THAT(answer->present, ElementsAre(1, 0, 1));
  const auto numbers = [&](Eigen::Index row) {
    return std::vector<double>(answer->vectors.row(row).begin(), answer->vectors.row(row).end());
  };
  EXPECT_EQ(numbers(0), form.a);
  EXPECT_EQ(numbers(2), form.bb);
}

INSTANTIATE_TEST_SUITE_P(, OnnxForm,
                         ::testing::Values(Form{"lookup", {1, 2}, {5, 6}}, Form{"doubles", {1, 2}, {3, 4.5}},
                                           Form{"image", {1, 2, 3, 4}, {5, 6, 7, 8}},
                                           Form{"any_width", {1, 2}, {3, 4.5}}, Form{"by_twos", {1, 2}, {3, 4.5}},
                                           Form{"two_inputs", {10, 20}, {5, 0}},
                                           Form{"two_outputs", {-1, -2}, {-3, -4.5}, {{"output", "second"}}},
                                           Form{"beside", {1, 2}, {5, 6}}),
                         [](const auto& tested) { return tested.param.name; });

struct Mistake {
  std::string name;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> options = {};
};
class OnnxMistake : public testing::WithRuntime, public ::testing::WithParamInterface<Mistake> {};

TEST_P(OnnxMistake, IsToldInTheReason) {
  const Mistake& mistake = GetParam();
  WorkerSettings settings = settings_of_folder(kModels / mistake.name);
  settings.options = mistake.options;
  EXPECT_THAT(fault_of(embed_by(settings, {"A"})), HasSubstr("plugin_error: " + mistake.reason));
}

INSTANTIATE_TEST_SUITE_P(
    , OnnxMistake,
    ::testing::Values(
        Mistake{"no_vocabulary", "there is no vocabulary.csv beside the model: write a line 'id,x0,x1,…'"},
        Mistake{"lookup", "there is no other.csv beside the model", {{"vocabulary", "other"}}},
        Mistake{"fractions", "the input 'index' takes numbers of the type int64, the vocabulary has 0.5"},
        Mistake{"out_of_table", "ONNX Runtime: "},
        Mistake{"too_narrow", "the input 'x' has the shape [any, 3], which the vocabulary's 2 columns do not fill"},
        Mistake{"texts", "the input 'x' is of type 8, which is no number that a vocabulary could hold"},
        Mistake{"two_outputs", "the model has no output 'third'; it has first, second", {{"output", "third"}}},
        Mistake{"one_row_for_all", "the output 'sum' has the shape [] for 1 rows; its first dimension must be"},
        Mistake{"unknown_operator", "ONNX Runtime: "},
        Mistake{"lookup", "option 'batch' is below 1", {{"batch", "0"}}}),
    [](const auto& tested) { return tested.param.name + std::to_string(tested.index); });

// Where the runtime comes from.
class OnnxRuntime : public testing::WithRuntime {};

TEST_F(OnnxRuntime, IsTakenFromTheFolder) {
  const TemporaryFolder folder;
  copy_model(kModels / "lookup", folder);
  fs::copy_file(kRuntime, folder / "libonnxruntime.so.1.19.2");
  const auto answer = embed_by(settings_of_model(folder / "model.onnx"), {"BB"});
  ASSERT_TRUE(answer) << fault_of(answer);
  EXPECT_EQ(answer->vectors(0, 1), 6);
}

TEST_F(OnnxRuntime, ThatIsNamedWinsOverTheFolders) {
  const TemporaryFolder folder;
  copy_model(kModels / "lookup", folder);
  folder.write("libonnxruntime.so", "not a library");
  const auto answer = embed_by(settings_of_folder(folder.path()), {"BB"});
  ASSERT_TRUE(answer) << fault_of(answer);
}

TEST(OnnxRuntimeMissing, IsSaidWithTheRemedy) {
  const auto answer = embed_by(settings_of_model(kModels / "lookup" / "model.onnx"), {"A"});
  if (answer) GTEST_SKIP() << "the system has one";
  EXPECT_THAT(fault_of(answer), HasSubstr("plugin_error: there is no ONNX Runtime: put libonnxruntime.so beside the "
                                          "model, or name one with --set NAME.runtime"));
}

TEST(OnnxRuntimeMissing, IsToldFromOneThatIsDamagedOrNone) {
  const TemporaryFolder folder;
  copy_model(kModels / "lookup", folder);
  folder.write("libonnxruntime.so.1", "not a library");
  EXPECT_THAT(fault_of(embed_by(settings_of_model(folder / "model.onnx"), {"A"})),
              HasSubstr("plugin_error: ONNX Runtime (libonnxruntime.so.1): it is not an ELF file"));
  const std::string other = testing::read_bytes(HEADROOM_RUNNER);
  folder.write("libonnxruntime.so.1", other);
  EXPECT_THAT(fault_of(embed_by(settings_of_model(folder / "model.onnx"), {"A"})),
              HasSubstr("the library of ONNX Runtime does not export OrtGetApiBase"));
  folder.write("libonnxruntime.so.1", other.substr(0, other.size() / 2));
  EXPECT_THAT(fault_of(embed_by(settings_of_model(folder / "model.onnx"), {"A"})), HasSubstr("it is truncated"));
}

}  // namespace onnx_model_test
}  // namespace headroom
