#include "plugin_project.hpp"

#include <gtest/gtest.h>

namespace headroom::testing {
namespace plugin_project_test {

constexpr PluginProjectKind kKinds[] = {PluginProjectKind::embedding, PluginProjectKind::predictor,
                                        PluginProjectKind::class_predictor};
constexpr PluginProjectLanguage kLanguages[] = {PluginProjectLanguage::cpp, PluginProjectLanguage::c};

std::string text_of(const std::vector<PluginProjectFile>& files, const std::string& name) {
  for (const PluginProjectFile& file : files) {
    if (file.name == name) return file.text;
  }
  ADD_FAILURE() << name << " is missing";
  return {};
}

// That the projects build and run is tested with the installed SDK, in tests/install.
TEST(PluginProject, FillsEveryPlace) {
  for (const auto kind : kKinds) {
    for (const auto language : kLanguages) {
      const auto files = plugin_project("my-model.v2", kind, language);
      ASSERT_TRUE(files);
      ASSERT_EQ(files->size(), 3u);
      const std::string source = language == PluginProjectLanguage::cpp ? "my-model.v2.cpp" : "my-model.v2.c";
      EXPECT_NE(text_of(*files, source).find("\"my-model.v2\""), std::string::npos);
      EXPECT_NE(text_of(*files, "CMakeLists.txt").find("headroom_add_plugin(my-model.v2 " + source + ")"),
                std::string::npos);
      EXPECT_NE(text_of(*files, "README.md").find("headroom check build/my-model.v2.so"), std::string::npos);
      EXPECT_EQ(text_of(*files, "README.md").find("--target deg") != std::string::npos,
                kind == PluginProjectKind::class_predictor);
      for (const PluginProjectFile& file : *files) EXPECT_EQ(file.text.find('@'), std::string::npos) << file.text;
      if (language == PluginProjectLanguage::cpp) {
        EXPECT_NE(text_of(*files, source).find("HEADROOM_PLUGINS(MyModelV2)"), std::string::npos);
      }
    }
  }
}

TEST(PluginProject, InPythonHasNothingToBuild) {
  for (const auto kind : kKinds) {
    const auto files = plugin_project("my-model.v2", kind, PluginProjectLanguage::python);
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 2u);
    EXPECT_NE(text_of(*files, "model.py").find("\"name\": \"my-model.v2\""), std::string::npos);
    EXPECT_NE(text_of(*files, "README.md").find("headroom check model.py"), std::string::npos);
    EXPECT_NE(text_of(*files, "README.md").find("my-model.v2=model.py"), std::string::npos);
    // '@' is Python's product of matrices: no name in capitals stands between two.
    for (const PluginProjectFile& file : *files) EXPECT_EQ(file.text.find("@N"), std::string::npos) << file.text;
  }
}

TEST(PluginProject, RefusesNamesThatAreNone) {
  for (const std::string name : {"", "2fast", "a b", "a/b", "-x", "é", "a\"b"}) {
    const auto files = plugin_project(name, PluginProjectKind::embedding, PluginProjectLanguage::c);
    ASSERT_FALSE(files) << name;
    EXPECT_EQ(files.error().kind, ErrorKind::bad_input);
  }
  EXPECT_TRUE(plugin_project(std::string(64, 'a'), PluginProjectKind::embedding, PluginProjectLanguage::c));
  EXPECT_FALSE(plugin_project(std::string(65, 'a'), PluginProjectKind::embedding, PluginProjectLanguage::c));
}

}  // namespace plugin_project_test
}  // namespace headroom::testing
