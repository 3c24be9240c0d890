// A new project as its author meets it: it builds without a warning, and the plugin conforms, before a line is changed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "conformance/conformance.hpp"
#include "host/project_template/temporary_folder.hpp"
#include "project_template/project_folder.hpp"

namespace headroom {
namespace {

struct Variant {
  std::string name;
  PluginProjectKind kind;
  PluginProjectLanguage language;
};

class BuiltProject : public testing::TestWithParam<Variant> {};

std::string quoted(const std::filesystem::path& path) {
  std::string text(1, '\'');
  return text.append(path.string()).append(1, '\'');
}

// Runs a command with its output in `log`; false, and the log among the failures, if it fails.
bool succeeds(const std::string& command, const std::filesystem::path& log) {
  const int status = std::system((command + " > " + quoted(log) + " 2>&1").c_str());
  if (status == 0) return true;
  std::ifstream file(log);
  ADD_FAILURE() << command << '\n' << std::string(std::istreambuf_iterator<char>(file), {});
  return false;
}

TEST_P(BuiltProject, ConformsAsItIs) {
  const Variant& variant = GetParam();
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / variant.name, log = temporary.path() / "log";
  ASSERT_TRUE(write_plugin_project(folder, variant.name, variant.kind, variant.language));
  const std::string cmake = "'" HEADROOM_CMAKE "' ", build = quoted(folder / "build");
  ASSERT_TRUE(succeeds(cmake + "-S " + quoted(folder) + " -B " + build +
                           " -D headroom-sdk_DIR='" HEADROOM_SDK_PACKAGE "'" +
                           " -D CMAKE_C_FLAGS='-Wall -Wextra -Werror' -D CMAKE_CXX_FLAGS='-Wall -Wextra -Werror'",
                       log));
  ASSERT_TRUE(succeeds(cmake + "--build " + build, log));

  CheckOptions options;
  options.worker_program = HEADROOM_WORKER_PROGRAM;
  options.published_size = false;  // how long that takes is the machine's matter
  const auto conformance = check_plugin(folder / "build" / (variant.name + ".so"), options);
  ASSERT_TRUE(conformance) << conformance.error().line();
  ASSERT_TRUE(conformance->description);
  EXPECT_EQ(conformance->description->name(), variant.name);
  EXPECT_GT(conformance->count(CheckOutcome::pass), 10);
  for (const CheckResult& check : conformance->checks) {
    EXPECT_NE(check.outcome, CheckOutcome::fail) << check.name << ": " << check.detail;
  }
}

INSTANTIATE_TEST_SUITE_P(
    , BuiltProject,
    testing::Values(Variant{"my-embedding", PluginProjectKind::embedding, PluginProjectLanguage::cpp},
                    Variant{"embedding_c", PluginProjectKind::embedding, PluginProjectLanguage::c},
                    Variant{"predictor.cpp", PluginProjectKind::predictor, PluginProjectLanguage::cpp},
                    Variant{"predictor_c", PluginProjectKind::predictor, PluginProjectLanguage::c},
                    Variant{"classes.cpp", PluginProjectKind::class_predictor, PluginProjectLanguage::cpp},
                    Variant{"classes_c", PluginProjectKind::class_predictor, PluginProjectLanguage::c}),
    [](const auto& tested) {
      const auto kind = tested.param.kind;
      return std::string(kind == PluginProjectKind::embedding   ? "Embedding"
                         : kind == PluginProjectKind::predictor ? "Predictor"
                                                                : "PredictorOfClasses") +
             (tested.param.language == PluginProjectLanguage::cpp ? "Cpp" : "C");
    });

}  // namespace
}  // namespace headroom
