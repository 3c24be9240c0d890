#include "evaluation/granted_folders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace granted_folders_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

class GrantedFolders : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"task", "mine", "mine/inner", "venv", "inbox/one"}) fs::create_directories(folder_ / name);
    for (const char* file :
         {"task/task.h5ad", "model.py", "mine/model.py", "mine/inner/plugin.so", "inbox/one/model.py"}) {
      folder_.write(file, "");
    }
  }
  RunOptions embedding(const std::string& name, const std::string& path) const {
    RunOptions options;
    options.embeddings.push_back({name, folder_ / path, {}});
    return options;
  }
  std::string refusal(RunOptions options, const std::vector<GuardedPath>& guarded) const {
    const auto apart = keep_apart(options, guarded);
    return apart ? "" : apart.error().line();
  }
  std::vector<GuardedPath> task() const { return {{"the task", folder_ / "task"}}; }

  TemporaryFolder folder_;
};

TEST_F(GrantedFolders, OfAFileIsNoneAndOfAFolderHoldsNoTask) {
  EXPECT_EQ(refusal(embedding("a", "model.py"), task()), "");
  EXPECT_EQ(refusal(embedding("a", "mine"), task()), "");
  EXPECT_THAT(refusal(embedding("a", "."), task()),
              HasSubstr("plugins may read this folder, and the task lies in it (--embedding a="));
  EXPECT_THAT(refusal(embedding("a", "."), task()), HasSubstr("into a folder of their own"));
  EXPECT_THAT(refusal(embedding("a", "mine"), {{"the folder for results (-o)", folder_ / "mine/../mine/out"}}),
              HasSubstr("the folder for results (-o) lies in it"));
  fs::create_directory_symlink(folder_ / "mine", folder_ / "link");
  EXPECT_THAT(refusal(embedding("a", "link/"), {{"the noise table", folder_ / "mine/noise.csv"}}),
              HasSubstr("the noise table lies in it"));
  EXPECT_EQ(refusal(embedding("a", "mine"), {{"the task", folder_ / "mine2"}, {"nothing", {}}}), "");
}

TEST_F(GrantedFolders, HoldNoOtherPluginAndNoResults) {
  RunOptions options = embedding("a", "mine");
  options.predictors.push_back({"b", folder_ / "mine/inner"});
  EXPECT_THAT(refusal(options, {}), HasSubstr("another plugin lies in it (--predictor b="));
  options = embedding("a", "mine");
  options.embeddings.push_back({"again", folder_ / "mine/model.py", {}});  // the same plugin
  options.embeddings.push_back({"twice", folder_ / "mine", {}});
  EXPECT_EQ(refusal(options, {}), "");
  folder_.write("mine/inner/results.sqlite", "");
  EXPECT_THAT(refusal(embedding("a", "mine"), {}), HasSubstr("it holds a task or results"));
}

TEST_F(GrantedFolders, OfPythonHoldNeitherTaskNorPlugin) {
  RunOptions options = embedding("a", "model.py");
  options.python_path = folder_ / "venv";
  EXPECT_EQ(refusal(options, task()), "");
  options.python_path = folder_.path();
  EXPECT_THAT(refusal(options, task()), HasSubstr("the task lies in it (--python-path "));
  EXPECT_THAT(refusal(options, {}), HasSubstr("another plugin lies in it"));
}

TEST_F(GrantedFolders, OfASubmissionFailsByItself) {
  RunOptions options;
  options.submissions.push_back({"one", folder_ / "inbox/one/model.py", folder_ / "inbox/one", {}});
  ASSERT_TRUE(keep_apart(options, {{"the folder of submissions", folder_ / "inbox"}}));
  EXPECT_EQ(options.submissions[0].fault, "");
  ASSERT_TRUE(keep_apart(options, {{"the folder for logs (--logs)", folder_ / "inbox/one/logs"}}));
  EXPECT_EQ(options.submissions[0].fault, "the folder for logs (--logs) lies in its folder");
}

TEST_F(GrantedFolders, OfACompanionIsNoTask) {
  folder_.write("net.onnx", "");
  folder_.write("vocabulary.h5ad", "");
  EXPECT_THAT(refusal(embedding("a", "net.onnx"), {{"the task", folder_ / "vocabulary.h5ad"}}),
              HasSubstr("the model may read vocabulary.h5ad, which is the task"));
  EXPECT_EQ(refusal(embedding("a", "net.onnx"), task()), "");
}

}  // namespace granted_folders_test
}  // namespace headroom
