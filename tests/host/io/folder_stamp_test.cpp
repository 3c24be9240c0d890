#include "io/folder_stamp.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace folder_stamp_test {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

TEST(FolderStamp, ChangesWithWhatLiesInTheFolder) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "in");
  const fs::path file = folder.write("in/weights", "2.5");
  const auto before = stamp_of_folder(folder / "in", 10);
  ASSERT_TRUE(before);
  std::ifstream(file).get();
  EXPECT_EQ(stamp_of_folder(folder / "in", 10), before) << "reading is no change";
  folder.write("in/more", "");
  const auto with_more = stamp_of_folder(folder / "in", 10);
  EXPECT_NE(with_more, before);
  fs::remove(folder / "in/more");
  EXPECT_NE(stamp_of_folder(folder / "in", 10), before) << "the folder itself was written to";
}

// Whoever swaps a file for another and back can set its size and its time, but not the kernel's.
TEST(FolderStamp, ShowsAFileThatWasSwappedAndBack) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "in");
  const fs::path file = folder.write("in/weights", "2.5");
  const auto time = fs::last_write_time(file);
  const auto before = stamp_of_folder(folder / "in", 10);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // older kernels tell times by their tick
  folder.write("in/weights", "9.9");
  folder.write("in/weights", "2.5");
  fs::last_write_time(file, time);
  EXPECT_NE(stamp_of_folder(folder / "in", 10), before);
}

TEST(FolderStamp, HasNoneOfWhatIsGoneOrTooMuch) {
  const TemporaryFolder folder;
  EXPECT_FALSE(stamp_of_folder(folder / "gone", 10));
  for (int i = 0; i < 5; ++i) folder.write("f" + std::to_string(i), "");
  EXPECT_FALSE(stamp_of_folder(folder.path(), 3));
}

}  // namespace folder_stamp_test
}  // namespace headroom
