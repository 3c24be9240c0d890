#include "plugin_host/private_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>

namespace headroom {
namespace private_folder_test {

namespace fs = std::filesystem;

class PrivateFolders : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::path(::testing::TempDir()) / "headroom-folder-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    source_ = pattern;
  }
  void TearDown() override { fs::remove_all(source_); }

  static std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  fs::path source_;
};

TEST_F(PrivateFolders, HasWhatThePluginMayRead) {
  fs::create_directories(source_ / "weights/deep");
  std::ofstream(source_ / "vocabulary") << "a b c";
  std::ofstream(source_ / "weights/deep/layer") << std::string(3'000'000, 'w');
  std::ofstream(source_ / "empty");
  fs::create_symlink("weights/deep/layer", source_ / "link");
  fs::create_symlink("/etc/passwd", source_ / "elsewhere");
  ASSERT_EQ(mkfifo((source_ / "fifo").c_str(), 0600), 0);
  fs::permissions(source_ / "vocabulary", fs::perms(0600));

  fs::path copied;
  {
    const auto copy = PrivateFolder::copy_of(source_);
    ASSERT_TRUE(copy) << copy.error().line();
    copied = (*copy)->path();
    EXPECT_EQ(content_of(copied / "vocabulary"), "a b c");
    EXPECT_EQ(content_of(copied / "weights/deep/layer"), std::string(3'000'000, 'w'));
    EXPECT_EQ(fs::file_size(copied / "empty"), 0u);
    EXPECT_EQ(fs::read_symlink(copied / "link"), "weights/deep/layer");
    EXPECT_EQ(fs::read_symlink(copied / "elsewhere"), "/etc/passwd");  // Landlock keeps it from being followed
    EXPECT_FALSE(fs::exists(fs::symlink_status(copied / "fifo")));
    EXPECT_EQ(fs::last_write_time(copied / "vocabulary"), fs::last_write_time(source_ / "vocabulary"));
    // A worker of root has another user id.
    EXPECT_NE(fs::status(copied / "vocabulary").permissions() & fs::perms::others_read, fs::perms::none);
    struct stat ours, theirs;
    ASSERT_EQ(stat((source_ / "vocabulary").c_str(), &theirs) + stat((copied / "vocabulary").c_str(), &ours), 0);
    EXPECT_TRUE(ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
  }
  EXPECT_FALSE(fs::exists(copied));
  EXPECT_FALSE(fs::exists(copied.parent_path()));
}

TEST_F(PrivateFolders, KeepsHolesAsHoles) {
  std::ofstream(source_ / "holes") << "start";
  fs::resize_file(source_ / "holes", std::uintmax_t{1} << 40);
  const auto copy = PrivateFolder::copy_of(source_);
  ASSERT_TRUE(copy) << copy.error().line();
  struct stat status;
  ASSERT_EQ(stat(((*copy)->path() / "holes").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, off_t{1} << 40);
  EXPECT_LT(status.st_blocks, 1024);
}

TEST_F(PrivateFolders, StopWhenTheyAreAskedToAndLeaveNothing) {
  const fs::path temporary = source_ / "temporary", big = source_ / "big";
  for (const fs::path& folder : {temporary, big}) fs::create_directory(folder);
  for (int i = 0; i < 64; ++i) std::ofstream(big / std::to_string(i)) << std::string(std::size_t{1} << 20, 'w');
  setenv("TMPDIR", temporary.c_str(), 1);
  std::stop_source stop;
  std::thread stopper([&] {
    while (fs::is_empty(temporary)) std::this_thread::yield();
    stop.request_stop();
  });
  const auto stopped = PrivateFolder::copy_of(big, {{}, stop.get_token(), {}});
  stopper.join();
  const auto late = PrivateFolder::copy_of(big, {std::chrono::steady_clock::now(), {}, {}});
  unsetenv("TMPDIR");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::interrupted);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::harness_fault);
  EXPECT_TRUE(fs::is_empty(temporary)) << "what was made in part is gone";
}

// Its own fault, not that of whoever runs it.
TEST_F(PrivateFolders, AreNotMadeOfWhatIsTooDeepOrTooLarge) {
  fs::path deep = source_ / "deep";
  for (int level = 0; level < 70; ++level) deep /= "d";
  fs::create_directories(deep);
  const auto of_deep = PrivateFolder::copy_of(source_);
  ASSERT_FALSE(of_deep);
  EXPECT_EQ(of_deep.error().kind, ErrorKind::bad_input);
  fs::remove_all(source_ / "deep");

  std::ofstream(source_ / "one") << std::string(6000, 'w');
  std::ofstream(source_ / "two") << std::string(6000, 'w');
  const auto of_large = PrivateFolder::copy_of(source_, {{}, {}, 10000});
  ASSERT_FALSE(of_large);
  EXPECT_EQ(of_large.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(of_large.error().what, "it takes more bytes than one of so many submissions may");
  EXPECT_TRUE(PrivateFolder::copy_of(source_, {{}, {}, 12000}));
}

TEST_F(PrivateFolders, NamesAFolderThatIsNotThere) {
  const auto copy = PrivateFolder::copy_of(source_ / "missing");
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().kind, ErrorKind::bad_input);
}

TEST_F(PrivateFolders, AreNeededWhereOnlyTheOwnerMayRead) {
  fs::create_directories(source_ / "weights");
  std::ofstream(source_ / "weights/layer") << "w";
  fs::create_symlink("nowhere", source_ / "link");
  for (const char* open : {"", "weights", "weights/layer"}) fs::permissions(source_ / open, fs::perms(0755));
  EXPECT_TRUE(is_readable_by_all(source_));
  for (const char* closed : {"weights/layer", "weights", ""}) {
    fs::permissions(source_ / closed, fs::perms(0700));
    EXPECT_FALSE(is_readable_by_all(source_)) << closed;
    fs::permissions(source_ / closed, fs::perms(0755));
  }
  EXPECT_FALSE(is_readable_by_all(source_ / "absent"));
}

TEST_F(PrivateFolders, OfOneFileHoldsThatAlone) {
  std::ofstream(source_ / "rival.py") << "secret";
  std::ofstream(source_ / "mine.py") << "x = 1\n";
  fs::permissions(source_ / "mine.py", fs::perms(0600));
  fs::path path;
  {
    const auto copy = PrivateFolder::copy_of_file(source_ / "mine.py");
    ASSERT_TRUE(copy) << copy.error().line();
    path = (*copy)->path();
    EXPECT_EQ(content_of(path / "mine.py"), "x = 1\n");
    EXPECT_EQ(std::distance(fs::directory_iterator(path), fs::directory_iterator()), 1);
    EXPECT_TRUE(is_readable_by_all(path));
  }
  EXPECT_FALSE(fs::exists(path));
  const auto none = PrivateFolder::copy_of_file(source_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::bad_input);
}

TEST_F(PrivateFolders, OfSomeFilesHoldThese) {
  for (const char* name : {"net.onnx", "vocabulary.csv", "task.h5ad"}) std::ofstream(source_ / name) << name;
  fs::create_symlink("vocabulary.csv", source_ / "link.csv");
  const auto copy = PrivateFolder::copy_of_files(source_, {"net.onnx", "link.csv"});
  ASSERT_TRUE(copy) << copy.error().line();
  EXPECT_EQ(content_of((*copy)->path() / "link.csv"), "vocabulary.csv");
  EXPECT_FALSE(fs::exists((*copy)->path() / "task.h5ad"));
  EXPECT_FALSE(PrivateFolder::copy_of_files(source_, {"net.onnx", "missing"}));
  EXPECT_FALSE(PrivateFolder::copy_of_files(source_, {}));
}

}  // namespace private_folder_test
}  // namespace headroom
