// What the host packs, the worker's table must find again.
#include "plugin_host/segment_packer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "worker/segment_table.hpp"

namespace headroom {
namespace segment_packer_test {

TEST(SegmentPacker, IsReadBackByTheSegmentTable) {
  Matrix matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  Matrix wide = Matrix::Random(4, 10);
  const ConstMatrixMap block(wide.data() + 2, 4, 5, Eigen::OuterStride<>(10));
  const std::vector<std::int32_t> rows = {5, 0, 7};
  const std::vector<std::uint8_t> mask = {1, 0, 1, 1, 0};
  const std::vector<std::string> ids = {"TP53", "", "Ünïcode"};
  const std::vector<std::string> none;

  SegmentPacker packer(9);
  const auto matrix_at = packer.add(matrix);
  const auto rows_at = packer.add(rows);
  const auto mask_at = packer.add(mask);
  const auto ids_at = packer.add(ids);
  const auto none_at = packer.add(none);
  const auto block_at = packer.add(block);
  auto segment = packer.seal();
  ASSERT_TRUE(segment);
  EXPECT_TRUE((*segment)->is_read_only());

  SegmentTable table;
  Segment announced;
  announced.set_id(9);
  announced.set_bytes((*segment)->bytes());
  table.attach(announced, FileDescriptor(fcntl((*segment)->fd(), F_DUPFD_CLOEXEC, 3)));
  const headroom_matrix read = table.matrix(matrix_at);
  EXPECT_EQ(read.rows, 2);
  EXPECT_EQ(read.data[1 * read.row_stride + 2], 6);
  const headroom_matrix read_block = table.matrix(block_at);
  for (Eigen::Index i = 0; i < 4; ++i) {
    for (Eigen::Index j = 0; j < 5; ++j) EXPECT_EQ(read_block.data[i * read_block.row_stride + j], wide(i, j + 2));
  }
  EXPECT_EQ(table.int32s(rows_at, 3)[2], 7);
  EXPECT_EQ(table.bytes(mask_at, 5)[3], 1);
  const auto strings = table.strings(ids_at);
  ASSERT_EQ(strings.size(), 3u);
  EXPECT_EQ(std::string(strings[2].data, static_cast<std::size_t>(strings[2].size)), "Ünïcode");
  EXPECT_EQ(strings[1].size, 0);
  EXPECT_TRUE(table.strings(none_at).empty());
  for (const auto* at : {&matrix_at, &rows_at, &mask_at, &block_at}) EXPECT_EQ(at->offset_bytes() % 64, 0u);
}

TEST(SegmentPacker, OfNothingIsStillASegment) {
  SegmentPacker packer(1);
  const Matrix empty(3, 0);
  const auto at = packer.add(empty);
  EXPECT_EQ(at.rows(), 3);
  EXPECT_TRUE(packer.seal());
}

}  // namespace segment_packer_test
}  // namespace headroom
