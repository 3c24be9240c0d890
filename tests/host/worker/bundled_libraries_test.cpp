#include "worker/bundled_libraries.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"
#include "sandbox/file_descriptor.hpp"
#include "worker/plugin_library.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

constexpr const char* kLibrary = "libbundled_answer.so.7";
const fs::path kFolder = HEADROOM_BUNDLED_FOLDER;  // as headroom_add_plugin fills it

FileDescriptor opened(const fs::path& path) { return FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

TEST(BundledLibraries, AreNeededByTheirSoname) {
  EXPECT_THAT(needed_libraries(opened(kFolder / "bundling.so").get()), Contains(kLibrary));
  EXPECT_TRUE(fs::exists(kFolder / kLibrary)) << "copied beside the plugin by headroom_add_plugin";
  const TemporaryFolder folder;
  EXPECT_THAT(needed_libraries(opened(folder.write("text", "no library")).get()), IsEmpty());
  EXPECT_THAT(needed_libraries(-1), IsEmpty());
}

// In an order: what was opened once is found by its name from then on.
TEST(BundledLibraries, AreTakenFromTheFolderWhereTheSystemHasNone) {
  const std::string plugin = kFolder / "bundling.so";
  const auto alone = open_library(plugin);
  ASSERT_FALSE(alone);
  EXPECT_THAT(alone.error().message, HasSubstr(kLibrary));

  const TemporaryFolder damaged;
  damaged.write(kLibrary, testing::read_bytes(kFolder / kLibrary).substr(0, 1000));
  const auto broken = open_library(plugin, damaged.path());
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr(std::string("its library ") + kLibrary + ": it is truncated"));

  // What the process has is never taken from the folder: this would end it.
  const TemporaryFolder shadowing;
  for (const char* name : {"libc.so.6", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1"}) {
    shadowing.write(name, "no library at all");
  }
  fs::copy_file(kFolder / kLibrary, shadowing / kLibrary);
  const auto entry = open_library(plugin, shadowing.path());
  ASSERT_TRUE(entry) << entry.error().message;
  const auto loaded = read_descriptor(*entry, 0);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->description.version(), "42.0");
}

}  // namespace
}  // namespace headroom
