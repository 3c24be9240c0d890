// Bounds of what the host describes. That good descriptions are read is tested with the packer (plugin_host).
#include "worker/segment_table.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

namespace headroom {
namespace {

constexpr std::uint64_t kBytes = 4096;

class SegmentTableTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const bool writable : {false, true}) {
      FileDescriptor memory(memfd_create("test", MFD_CLOEXEC));
      ASSERT_EQ(ftruncate(memory.get(), kBytes), 0);
      Segment segment;
      segment.set_id(writable ? 2 : 1);
      segment.set_bytes(kBytes);
      segment.set_writable(writable);
      table.attach(segment, memory);
    }
  }

  static MatrixDescriptor describe(std::uint32_t segment, std::uint64_t offset, std::int64_t rows, std::int64_t cols,
                                   std::int64_t stride, ElementType type = ElementType::FLOAT64) {
    MatrixDescriptor described;
    described.set_segment_id(segment);
    described.set_offset_bytes(offset);
    described.set_rows(rows);
    described.set_cols(cols);
    described.set_row_stride(stride);
    described.set_type(type);
    return described;
  }

  SegmentTable table;
};

TEST_F(SegmentTableTest, TakesAMatrixThatJustFits) {
  EXPECT_NO_THROW(table.matrix(describe(1, 0, 16, 32, 32)));
  EXPECT_NO_THROW(table.matrix(describe(1, 8, 16, 31, 32)));  // the last row may end before its stride
  EXPECT_NO_THROW(table.matrix(describe(1, kBytes, 0, 32, 32)));
  EXPECT_NO_THROW(table.writable_matrix(describe(2, 0, 16, 32, 32)));
  EXPECT_EQ(table.matrix(MatrixDescriptor()).data, nullptr);
  EXPECT_EQ(table.bytes(MatrixDescriptor(), 3), nullptr);
}

TEST_F(SegmentTableTest, RefusesWhatDoesNotFit) {
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const MatrixDescriptor bad[] = {
      describe(1, 8, 16, 32, 32),        // ends 8 bytes beyond
      describe(1, kBytes + 8, 0, 1, 1),  // starts beyond
      describe(1, 4, 1, 1, 1),           // not aligned
      describe(3, 0, 1, 1, 1),           // unknown segment
      describe(1, 0, -1, 1, 1),          // negative
      describe(1, 0, 1, 2, 1),           // rows overlap
      describe(1, 0, huge, 1, huge),     // overflow of rows × stride
      describe(1, 0, huge / 4, 1, 2),    // overflow of bytes
      describe(1, 0, 1, 1, 1, ElementType::INT32),
  };
  for (std::size_t i = 0; i < std::size(bad); ++i) EXPECT_THROW(table.matrix(bad[i]), BadDescriptor) << i;
  EXPECT_THROW(table.writable_matrix(describe(1, 0, 1, 1, 1)), BadDescriptor);  // read-only
  EXPECT_THROW(table.bytes(describe(1, 0, 4, 1, 1, ElementType::UINT8), 5), BadDescriptor);
  EXPECT_THROW(table.writable_bytes(MatrixDescriptor(), 5), BadDescriptor);
  EXPECT_THROW(table.int32s(describe(1, 0, 5, 2, 2, ElementType::INT32), 5), BadDescriptor);
}

TEST_F(SegmentTableTest, RefusesListsOfIdsThatDoNotAddUp) {
  auto* offsets = reinterpret_cast<std::int64_t*>(table.writable_matrix(describe(2, 0, 1, 3, 3)).data);
  IdListDescriptor list;
  list.set_segment_id(2);
  list.set_n_ids(2);
  list.set_text_bytes(5);
  offsets[0] = 0, offsets[1] = 2, offsets[2] = 5;
  EXPECT_EQ(table.strings(list).at(1).size, 3);
  offsets[1] = 6;  // descends afterwards
  EXPECT_THROW(table.strings(list), BadDescriptor);
  offsets[1] = -1;
  EXPECT_THROW(table.strings(list), BadDescriptor);
  offsets[1] = 2, offsets[2] = 4;  // does not fill the text
  EXPECT_THROW(table.strings(list), BadDescriptor);
  offsets[0] = 1, offsets[2] = 5;
  EXPECT_THROW(table.strings(list), BadDescriptor);
  list.set_text_bytes(kBytes);
  EXPECT_THROW(table.strings(list), BadDescriptor);
  list.set_n_ids(std::numeric_limits<std::int64_t>::max());
  EXPECT_THROW(table.strings(list), BadDescriptor);
}

TEST_F(SegmentTableTest, ForgetsDetachedSegments) {
  table.detach(1);
  EXPECT_THROW(table.matrix(describe(1, 0, 1, 1, 1)), BadDescriptor);
  EXPECT_THROW(table.detach(1), BadDescriptor);
}

TEST_F(SegmentTableTest, RefusesSegmentsWithoutMemory) {
  Segment segment;
  segment.set_id(9);
  segment.set_bytes(kBytes);
  EXPECT_THROW(table.attach(segment, FileDescriptor()), BadDescriptor);
  const FileDescriptor memory(memfd_create("test", MFD_CLOEXEC));
  segment.set_id(1);  // known already
  EXPECT_THROW(table.attach(segment, memory), BadDescriptor);
}

}  // namespace
}  // namespace headroom
