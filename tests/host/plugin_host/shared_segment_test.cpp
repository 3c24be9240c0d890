#include "plugin_host/shared_segment.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace headroom {
namespace shared_segment_test {

TEST(SharedSegment, IsZeroAtFirstAndKeepsItsAddressWhenSealed) {
  auto segment = SharedSegment::create(100000);
  ASSERT_TRUE(segment);
  std::byte* const data = (*segment)->data();
  EXPECT_EQ(data[0], std::byte{0});
  EXPECT_EQ(data[99999], std::byte{0});
  data[99999] = std::byte{7};
  ASSERT_TRUE((*segment)->seal_read_only());
  EXPECT_TRUE((*segment)->is_read_only());
  EXPECT_EQ((*segment)->data(), data);
  EXPECT_EQ(data[99999], std::byte{7});
  EXPECT_TRUE((*segment)->seal_read_only());  // again: nothing to do
}

TEST(SharedSegment, CannotBeChangedByAnyoneOnceSealed) {
  auto segment = SharedSegment::create(4096);
  ASSERT_TRUE(segment);
  ASSERT_TRUE((*segment)->seal_read_only());
  const int fd = (*segment)->fd();
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  EXPECT_EQ(pwrite(fd, "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(fd, 0), -1);
  EXPECT_EQ(ftruncate(fd, 8192), -1);
  EXPECT_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
  // Reopening does not help, and neither do seals of one's own.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const FileDescriptor reopened(open(path.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(pwrite(reopened.get(), "x", 1, 0), -1);
  EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
  // Every kernel grants the private mapping that workers use.
  void* mapped = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  munmap(mapped, 4096);
}

TEST(SharedSegment, KeepsItsSizeButCanBeWrittenAsAnOutput) {
  auto segment = SharedSegment::create(8192);
  ASSERT_TRUE(segment);
  ASSERT_TRUE((*segment)->seal_size());
  const int fd = (*segment)->fd();
  EXPECT_EQ(ftruncate(fd, 0), -1);
  EXPECT_EQ(ftruncate(fd, 1 << 20), -1);
  void* mapped = mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  static_cast<char*>(mapped)[5000] = 'x';
  EXPECT_EQ((*segment)->data()[5000], std::byte{'x'});
  munmap(mapped, 8192);
}

TEST(SharedSegment, ClearZeroesWhatWasTouchedAndNothingElse) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  auto segment = SharedSegment::create(kBytes);
  ASSERT_TRUE(segment);
  for (const std::size_t at : {std::size_t{0}, kBytes / 2, kBytes - 1}) (*segment)->data()[at] = std::byte{1};
  (*segment)->clear();
  for (const std::size_t at : {std::size_t{0}, kBytes / 2, kBytes - 1}) EXPECT_EQ((*segment)->data()[at], std::byte{0});
  struct stat status;
  ASSERT_EQ(fstat((*segment)->fd(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 1 << 23);  // three pages (huge ones at most), not 64 MiB
}

TEST(SharedSegment, ClearZeroesEverythingWhereHolesCannotBeTold) {
  constexpr std::size_t kBytes = std::size_t{3} << 12;
  auto segment = SharedSegment::create(kBytes);
  ASSERT_TRUE(segment);
  std::memset((*segment)->data(), 1, kBytes);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_GE(dup3(ends[0], (*segment)->fd(), O_CLOEXEC), 0);  // a pipe cannot be searched for holes
  (*segment)->clear();
  for (std::size_t at = 0; at < kBytes; ++at) ASSERT_EQ((*segment)->data()[at], std::byte{0}) << at;
  close(ends[0]);
  close(ends[1]);
}

TEST(SharedSegment, OfNoBytesIsAnError) { EXPECT_FALSE(SharedSegment::create(0)); }

TEST(SharedMatrix, AlignsItsRowsAndSharesItsMemory) {
  auto matrix = SharedMatrix::create(3, 5);
  ASSERT_TRUE(matrix);
  EXPECT_EQ(matrix->row_stride, 8);
  matrix->view()(2, 4) = 7;
  const SharedMatrix copy = *matrix;
  EXPECT_EQ(copy.view()(2, 4), 7);
  EXPECT_EQ(copy.view()(0, 0), 0);
  ASSERT_TRUE(matrix->seal());
  EXPECT_EQ(copy.view()(2, 4), 7);
}

TEST(SharedMatrix, MayBeEmpty) {
  auto matrix = SharedMatrix::create(0, 5);
  ASSERT_TRUE(matrix);
  EXPECT_EQ(std::as_const(*matrix).view().rows(), 0);
  EXPECT_TRUE(matrix->seal());
  EXPECT_EQ(SharedMatrix{}.view().size(), 0);
  EXPECT_FALSE(SharedMatrix{}.seal());
  EXPECT_FALSE(SharedMatrix::create(-1, 5));
}

}  // namespace shared_segment_test
}  // namespace headroom
