#include "plugin_host/plugin_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace headroom {
namespace plugin_file_test {

using ::testing::HasSubstr;

std::filesystem::path folder_for_test() {
  const auto folder = std::filesystem::path(::testing::TempDir()) / ("headroom-plugin-file-" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(PluginFile, HashesTheSealedCopy) {
  const auto path = folder_for_test() / "abc.so";
  std::ofstream(path) << "abc";
  auto file = open_plugin_file(path);
  ASSERT_TRUE(file) << file.error().line();
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(file->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(file->file_name, "abc.so");
  EXPECT_FALSE(file->shipped);
  // What happens to the file afterwards does not reach the copy.
  std::ofstream(path) << "xyz";
  char bytes[4] = {};
  EXPECT_EQ(pread(file->memory.get(), bytes, 4, 0), 3);
  EXPECT_STREQ(bytes, "abc");
  EXPECT_EQ(pwrite(file->memory.get(), "x", 1, 0), -1);
}

TEST(PluginFile, RefusesWhatIsNoRegularFile) {
  const auto folder = folder_for_test();
  std::filesystem::create_directory(folder / "directory.so");
  ASSERT_EQ(mkfifo((folder / "fifo.so").c_str(), 0600), 0);
  std::filesystem::create_symlink("loop.so", folder / "loop.so");
  std::ofstream(folder / "empty.so");
  for (const auto& [name, what] :
       {std::pair{"directory.so", "it is a directory"}, std::pair{"fifo.so", "it is a FIFO"},
        std::pair{"loop.so", "loop"}, std::pair{"empty.so", "the file is empty"},
        std::pair{"missing.so", "does not exist"}, std::pair{"/dev/zero", "it is a device"}}) {
    const auto file = open_plugin_file(folder / name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().kind, ErrorKind::plugin_fault);
    EXPECT_THAT(file.error().line(), HasSubstr(what));
    EXPECT_THAT(file.error().line(), HasSubstr(name));
    const auto data = open_data_file(folder / name);
    ASSERT_FALSE(data);
    EXPECT_EQ(data.error().kind, ErrorKind::bad_input);
  }
}

TEST(PluginFile, FollowsSymbolicLinks) {
  const auto folder = folder_for_test();
  std::ofstream(folder / "real.so") << "abc";
  std::filesystem::create_symlink("real.so", folder / "link.so");
  EXPECT_TRUE(open_plugin_file(folder / "link.so"));
}

TEST(PluginFile, RefusesFilesThatAreTooLongWithoutReadingThem) {
  const auto path = folder_for_test() / "long.so";
  std::ofstream(path) << "x";
  std::filesystem::resize_file(path, kMaxPluginFileBytes + 1);  // a hole: takes no room
  const auto file = open_plugin_file(path);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().what, HasSubstr("bytes, more than"));
}

TEST(ShippedPlugins, AreKnownByTheirHashAlone) {
  EXPECT_FALSE(is_shipped_plugin(""));
  EXPECT_FALSE(is_shipped_plugin("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  const std::filesystem::path knn = std::filesystem::path(HEADROOM_BUILD_DIR) / "lib" / "headroom" / "knn.so";
  if (!std::filesystem::exists(knn)) GTEST_SKIP() << knn << " is not built here";
  const auto file = open_plugin_file(knn);
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_TRUE(file->shipped);
}

}  // namespace plugin_file_test
}  // namespace headroom
