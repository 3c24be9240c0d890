// The folder of a new project: what is in it, and what is never overwritten.
#include "project_template/project_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "host/project_template/temporary_folder.hpp"

namespace headroom {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

constexpr auto kEmbedding = PluginProjectKind::embedding;
constexpr auto kCpp = PluginProjectLanguage::cpp;

TEST(ProjectFolder, HoldsBuildFileReadmeAndSource) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "my-model";
  ASSERT_TRUE(write_plugin_project(folder, "my-model", kEmbedding, kCpp));
  EXPECT_EQ(names_in(folder), (std::set<std::string>{"CMakeLists.txt", "README.md", "my-model.cpp"}));
  EXPECT_THAT(text_of(folder / "CMakeLists.txt"), HasSubstr("headroom_add_plugin(my-model my-model.cpp)"));
  EXPECT_THAT(text_of(folder / "my-model.cpp"), HasSubstr("class MyModel final : public sdk::Embedding"));
  EXPECT_THAT(text_of(folder / "README.md"), HasSubstr("headroom check build/my-model.so"));
  for (const char* file : {"CMakeLists.txt", "README.md", "my-model.cpp"}) {
    EXPECT_THAT(text_of(folder / file), Not(testing::ContainsRegex("@[A-Z_]+@"))) << file << " has a mark left in it";
  }
}

TEST(ProjectFolder, IsWrittenIntoAnEmptyFolderToo) {
  const TemporaryFolder temporary;
  ASSERT_TRUE(write_plugin_project(temporary.path(), "model", PluginProjectKind::predictor, PluginProjectLanguage::c));
  EXPECT_EQ(names_in(temporary.path()), (std::set<std::string>{"CMakeLists.txt", "README.md", "model.c"}));
}

TEST(ProjectFolder, IsLeftAloneIfItIsNotEmpty) {
  const TemporaryFolder temporary;
  std::ofstream(temporary.path() / "README.md") << "mine";
  const auto written = write_plugin_project(temporary.path(), "model", kEmbedding, kCpp);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(written.error().line(), HasSubstr("not empty"));
  EXPECT_THAT(written.error().line(), HasSubstr(temporary.path().string()));
  EXPECT_EQ(text_of(temporary.path() / "README.md"), "mine");
  EXPECT_EQ(names_in(temporary.path()), std::set<std::string>{"README.md"});
}

TEST(ProjectFolder, IsNotAFile) {
  const TemporaryFolder temporary;
  const auto file = temporary.path() / "model";
  std::ofstream(file) << "mine";
  const auto written = write_plugin_project(file, "model", kEmbedding, kCpp);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(text_of(file), "mine");
}

TEST(ProjectFolder, NeedsAParent) {
  const TemporaryFolder temporary;
  const auto written = write_plugin_project(temporary.path() / "absent" / "model", "model", kEmbedding, kCpp);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::bad_input);
  EXPECT_FALSE(std::filesystem::exists(temporary.path() / "absent"));
}

TEST(ProjectFolder, IsNotMadeForAWrongName) {
  const TemporaryFolder temporary;
  for (const std::string& name : {std::string(), std::string("../escape"), std::string("has space"), std::string("7up"),
                                  std::string("-x"), std::string("quote\"d"), std::string(65, 'a')}) {
    const auto written = write_plugin_project(temporary.path() / "model", name, kEmbedding, kCpp);
    ASSERT_FALSE(written) << name;
    EXPECT_EQ(written.error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(std::filesystem::exists(temporary.path() / "model")) << name;
  }
}

TEST(ProjectFolder, KindAndLanguageAreNamedOrRefused) {
  EXPECT_EQ(plugin_project_kind("predictor").value(), PluginProjectKind::predictor);
  EXPECT_EQ(plugin_project_kind("predictor", "deg").value(), PluginProjectKind::class_predictor);
  EXPECT_EQ(plugin_project_kind("embedding", "deg").value(), PluginProjectKind::embedding);
  EXPECT_THAT(plugin_project_kind("predictor", "de").error().line(), HasSubstr("it is lfc or deg"));
  EXPECT_EQ(plugin_project_language("c++").value(), kCpp);
  EXPECT_THAT(plugin_project_kind("model").error().line(), HasSubstr("embedding or predictor"));
  EXPECT_THAT(plugin_project_language("rust").error().line(), HasSubstr("c++, c or python"));
}

TEST(ProjectFolder, SdkIsFoundBesideTheProgram) {
  const TemporaryFolder temporary;
  const auto program = temporary.path() / "bin" / "headroom";
  EXPECT_EQ(sdk_package_of(program), "");
  const auto installed = temporary.path() / "lib" / "cmake" / "headroom-sdk", built = temporary.path() / "sdk";
  for (const auto& folder : {installed, built}) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "headroom-sdkConfig.cmake") << "";
    EXPECT_EQ(sdk_package_of(program), folder);
  }
  EXPECT_EQ(sdk_package_of("/usr/bin/headroom"), "");
}

TEST(ProjectFolder, NextStepsCanBePastedIntoAShell) {
  EXPECT_EQ(plugin_project_next_steps("model", "model", PluginProjectLanguage::cpp, {}),
            "cmake -S model -B model/build\ncmake --build model/build\nheadroom check model/build/model.so\n");
  EXPECT_THAT(plugin_project_next_steps("it's here", "model", PluginProjectLanguage::cpp, "/opt/sdk"),
              HasSubstr("cmake -S 'it'\\''s here' -B 'it'\\''s here/build' -D headroom-sdk_DIR=/opt/sdk\n"));
}

}  // namespace
}  // namespace headroom
