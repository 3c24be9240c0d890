// A folder is a plugin wherever one is named: run, check, inspect.
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

class PluginFolder : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    fs::create_directory(folder_ / "mine");
    fs::copy_file(HEADROOM_TEST_PLUGINS "/own_folder.so", folder_ / "mine" / "plugin.so");
    std::ofstream(folder_ / "mine" / "weights") << 2;
  }
};

TEST_F(PluginFolder, IsRunCheckedAndInspected) {
  ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  const std::string run =
      "run screen/task --predictor knn --grid knn.k=1 --common-dim 2 --metric L2 --sandbox relaxed -o out --embedding ";
  Ended ended = headroom(run + "mine/");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(content_of(folder_ / "out" / "scores.csv").find("mine+knn"), std::string::npos);
  ended = headroom(run + "alone=mine/plugin.so");
  EXPECT_EQ(ended.exit_code, 3) << "a library alone has no folder";
  EXPECT_NE(ended.err.find("its own weights cannot be read"), std::string::npos) << ended.err;
  ended = headroom(run + "mine/ --predictor mine");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("there is no head 'mine' (--predictor): write ./mine for the folder"), std::string::npos)
      << ended.err;

  ended = headroom("check mine --no-published-size --sandbox relaxed --limit-time 30 --limit-memory 2GiB");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  ended = headroom("inspect mine --json --sandbox relaxed");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(nlohmann::json::parse(ended.out)["kind"], "plugin");
}

TEST_F(PluginFolder, SaysWhatItLacks) {
  fs::create_directory(folder_ / "empty");
  const Ended ended = headroom("check empty");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("it holds neither a plugin (.so, .py, .onnx) nor a file of vectors (empty)"),
            std::string::npos)
      << ended.err;
}

TEST_F(PluginFolder, ChecksThatDoNotApplyAreNoPass) {
  const Ended ended = headroom("check mine --only blocks --sandbox relaxed");
  EXPECT_EQ(ended.exit_code, 3) << ended.out;
  EXPECT_NE(ended.out.find("was not checked: nothing applies to it"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace headroom
