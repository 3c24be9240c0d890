#include "io/regular_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "host/io/temporary_folder.hpp"
#include "io/sha256.hpp"
#include "io/text_file.hpp"

namespace headroom {
namespace {

TEST(RegularFile, IsOpenedAndNothingElseIs) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "file") << "text";
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", folder / "link_to_fifo");
  std::filesystem::create_symlink("/dev/zero", folder / "link_to_device");
  std::filesystem::create_symlink("file", folder / "link_to_file");
  for (const char* name : {"file", "link_to_file"}) {
    const auto fd = open_regular_file(folder / name);
    ASSERT_TRUE(fd) << fd.error().line();
    close(*fd);
  }
  for (const auto& [name, type] : {std::pair<const char*, const char*>{"fifo", "a FIFO"},
                                   {"link_to_fifo", "a FIFO"},
                                   {"link_to_device", "a device"},
                                   {".", "a folder"}}) {
    const auto fd = open_regular_file(folder / name);
    ASSERT_FALSE(fd) << name;
    EXPECT_NE(fd.error().what.find(type), std::string::npos) << fd.error().line();
  }
  EXPECT_FALSE(open_regular_file(folder / "absent"));
}

// These would wait for a writer for ever, or never reach an end.
TEST(RegularFile, IsAllThatReadersRead) {
  const testing::TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", folder / "noise.csv");
  std::filesystem::create_symlink("/dev/zero", folder / "zeros.csv");
  for (const char* name : {"noise.csv", "zeros.csv"}) {
    EXPECT_FALSE(read_text_file(folder / name));
    EXPECT_FALSE(sha256_of_file(folder / name));
  }
}

}  // namespace
}  // namespace headroom
