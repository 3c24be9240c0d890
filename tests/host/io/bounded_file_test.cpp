#include "io/bounded_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using testing::TemporaryFolder;

TEST(BoundedFile, IsReadWholeUpToItsBound) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.json", std::string("{\0}\n", 4));
  EXPECT_EQ(read_bounded_file(path, 4).value(), std::string("{\0}\n", 4));
  const auto larger = read_bounded_file(path, 3);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(read_bounded_file(folder.write("empty", ""), 0).value(), "");
}

TEST(BoundedFile, IsARegularOne) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_bounded_file(folder / "absent", 10));
  EXPECT_FALSE(read_bounded_file(folder.path(), 10));
  EXPECT_FALSE(read_bounded_file("/dev/zero", 10));
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(read_bounded_file(folder / "pipe", 10)) << "and nobody waits for the other end";
  std::filesystem::create_symlink(folder / "pipe", folder / "link");
  EXPECT_FALSE(read_bounded_file(folder / "link", 10));
  const auto sparse = folder.write("sparse", "");
  std::filesystem::resize_file(sparse, std::uint64_t{1} << 40);
  EXPECT_FALSE(read_bounded_file(sparse, std::uint64_t{1} << 29));
}

}  // namespace
}  // namespace headroom
