// Models in ONNX by the command: as an embedding, from a folder, as submissions, checked and inspected.
#include <nlohmann/json.hpp>

#include "host/cli/program.hpp"
#include "onnx/onnx_session.hpp"

namespace headroom {
namespace onnx_command_test {

namespace fs = std::filesystem;
using nlohmann::json;

class OnnxCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    if (const std::string why = testing::why_no_runtime(); !why.empty()) GTEST_SKIP() << "no ONNX Runtime: " << why;
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
    // A model that gives back what it gets, and vectors for its vocabulary.
    fs::create_directories(folder_ / "mine");
    fs::copy_file(testing::kModels / "any_width" / "model.onnx", folder_ / "mine" / "model.onnx");
    fs::copy_file(folder_ / "screen" / "embeddings" / "good.h5ad", folder_ / "mine" / "vocabulary.h5ad");
  }
  Ended run(const std::string& flags) const {
    return headroom(
        "run screen/task --common-dim 4 --metric L2 --sandbox relaxed --predictor knn --grid knn.k=2 -o out " + flags);
  }
  json method(const std::string& name) const {
    const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
    for (const auto& context : summary["contexts"]) {
      for (const auto& each : context["methods"]) {
        if (each["name"] == name) return each;
      }
    }
    return nullptr;
  }
  const std::string runtime_ = testing::kRuntime.string();
};

TEST_F(OnnxCommand, EvaluatesAModelOnTheRuntimeThatIsNamed) {
  const Ended ended =
      run("--embedding mine --embedding again=mine/model.onnx --embedding good=screen/embeddings/good.h5ad "
          "--set mine.runtime=" +
          runtime_ + " --set again.runtime=" + runtime_);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  // Of the vectors themselves, but for what single precision loses.
  const double good = method("good+knn")["value"].get<double>();
  EXPECT_NEAR(method("mine+knn")["value"].get<double>(), good, 1e-5 * good);
  EXPECT_EQ(method("mine+knn")["value"], method("again+knn")["value"]);
  EXPECT_EQ(
      headroom("verify out --all --sandbox relaxed --set mine.runtime=" + runtime_ + " --set again.runtime=" + runtime_)
          .exit_code,
      0);
  EXPECT_NE(headroom("verify out --all --sandbox relaxed").err.find("--set mine.runtime="), std::string::npos)
      << "a folder may be a stranger's";
}

TEST_F(OnnxCommand, SaysWhichRuntimeIsNotThere) {
  const Ended ended = run("--embedding mine --set mine.runtime=nothing.so");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("the file does not exist (nothing.so)"), std::string::npos) << ended.err;
}

TEST_F(OnnxCommand, SaysWhatAnOptionIsCalled) {
  const Ended ended = run("--embedding mine --set mine.runtime=" + runtime_ + " --set mine.outptu=y");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("there is no option 'mine.outptu'"), std::string::npos) << ended.err;
}

TEST_F(OnnxCommand, TakesSubmissionsWithTheirOwnRuntime) {
  fs::create_directories(folder_ / "inbox");
  fs::copy(folder_ / "mine", folder_ / "inbox" / "whole", fs::copy_options::recursive);
  fs::copy_file(runtime_, folder_ / "inbox" / "whole" / "libonnxruntime.so.1");
  fs::copy(folder_ / "mine", folder_ / "inbox" / "without", fs::copy_options::recursive);
  fs::copy_file(folder_ / "mine" / "model.onnx", folder_ / "inbox" / "bare.onnx");
  const Ended ended = run("--submissions inbox");
  EXPECT_NE(ended.err.find("hand in a folder with model.onnx and its vocabulary.csv"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_TRUE(method("whole+knn")["value"].is_number()) << ended.err;
  EXPECT_NE(method("without+knn")["reason"].get<std::string>().find("there is no ONNX Runtime"), std::string::npos);
}

TEST_F(OnnxCommand, ChecksAndInspects) {
  const std::string perceptron = testing::kPerceptron.string();
  const Ended checked =
      headroom("check " + perceptron + " --no-published-size --sandbox relaxed --set runtime=" + runtime_);
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  const Ended inspected = headroom("inspect " + perceptron + " --json --sandbox relaxed");
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  const json facts = json::parse(inspected.out);
  EXPECT_EQ(facts["model"], "model.onnx");
  EXPECT_EQ(facts["runner"], "onnx.so");
}

}  // namespace onnx_command_test
}  // namespace headroom
