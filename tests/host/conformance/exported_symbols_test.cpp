#include "conformance/exported_symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "host/conformance/checked_plugin.hpp"

namespace headroom {
namespace exported_symbols_test {

using ::testing::UnorderedElementsAre;

PluginFile opened(const std::string& path) {
  auto file = open_plugin_file(path);
  EXPECT_TRUE(file) << file.error().line();
  return file ? std::move(*file) : PluginFile{};
}

int n_open_descriptors() {
  int n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

TEST(ExportedSymbols, AreReadByAChild) {
  const auto symbols = exported_symbols(opened(test_plugin("leaky")));
  ASSERT_TRUE(symbols) << symbols.error().line();
  EXPECT_FALSE(symbols->is_cut);
  EXPECT_THAT(symbols->names, UnorderedElementsAre("headroom_plugin_entry", "leak_one", "leak_two"));
}

TEST(ExportedSymbols, AreThePluginsFaultInAFileThatIsNoLibrary) {
  std::string pattern = (std::filesystem::temp_directory_path() / "headroom-symbols-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  std::ofstream(folder / "text.so") << "this is no library";
  const auto symbols = exported_symbols(opened(folder / "text.so"));
  std::filesystem::remove_all(folder);
  ASSERT_FALSE(symbols);
  EXPECT_EQ(symbols.error().kind, ErrorKind::plugin_fault);
  EXPECT_EQ(symbols.error().what, "it is not an ELF file");
}

TEST(ExportedSymbols, LeaveNoChildAndNoDescriptorBehind) {
  const PluginFile file = opened(test_plugin("leaky"));
  const int before = n_open_descriptors();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(exported_symbols(file));
  EXPECT_EQ(n_open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace exported_symbols_test
}  // namespace headroom
