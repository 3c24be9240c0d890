#include "io/atomic_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using ::testing::HasSubstr;
using testing::n_files;
using testing::read_bytes;
using testing::TemporaryFolder;

TEST(AtomicFile, ReplacesTheTargetOnlyAtCommit) {
  const TemporaryFolder folder;
  const auto path = folder.write("out.csv", "old");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file) << file.error().line();
    ASSERT_TRUE(file->write("new "));
    ASSERT_TRUE(file->write("text"));
    EXPECT_EQ(read_bytes(path), "old");
    EXPECT_EQ(n_files(folder.path()), 2u);
    ASSERT_TRUE(file->commit());
    EXPECT_FALSE(file->write("late"));
    EXPECT_FALSE(file->commit());
  }
  EXPECT_EQ(read_bytes(path), "new text");
  EXPECT_EQ(n_files(folder.path()), 1u);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  {
    auto file = AtomicFile::create(folder / "out.csv");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("text"));
    auto moved = std::move(*file);
    EXPECT_EQ(n_files(folder.path()), 1u);
  }
  EXPECT_EQ(n_files(folder.path()), 0u);
}

TEST(AtomicFile, LargeContentIsWhole) {
  const TemporaryFolder folder;
  std::string content;
  auto file = AtomicFile::create(folder / "out.csv");
  for (int i = 0; i < 300'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    ASSERT_TRUE(file->write(line));
    content += line;
  }
  ASSERT_TRUE(file->commit());
  EXPECT_TRUE(read_bytes(folder / "out.csv") == content);
  struct stat status {};
  ::stat((folder / "out.csv").c_str(), &status);
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_EQ(status.st_mode & 0777, 0666 & ~mask);
}

TEST(AtomicFile, BadTargetsAreNamed) {
  const TemporaryFolder folder;
  const auto nowhere = write_file_atomically(folder / "no" / "out.csv", "x");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(nowhere.error().where, (folder / "no" / "out.csv").string());
  const auto device = write_file_atomically("/dev/null", "x");
  ASSERT_FALSE(device);
  EXPECT_THAT(device.error().line(), HasSubstr("not a regular file"));
}

// A limit on file size stands in for a full disc: both fail inside write().
TEST(AtomicFile, FullDiscKeepsTheOldFile) {
  const TemporaryFolder folder;
  const auto path = folder.write("out.csv", "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{10'000, before.rlim_max};
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const auto written = write_file_atomically(path, std::string(3'000'000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::harness_fault);
  EXPECT_THAT(written.error().line(), HasSubstr("limit on file size"));
  EXPECT_EQ(read_bytes(path), "old");
  EXPECT_EQ(n_files(folder.path()), 1u);
}

TEST(AtomicFile, WriteErrorsHaveRemedies) {
  EXPECT_THAT(write_error("f", ENOSPC).value().line(), HasSubstr("free some space"));
  EXPECT_THAT(write_error("f", EROFS).value().line(), HasSubstr("writable"));
}

}  // namespace
}  // namespace headroom
