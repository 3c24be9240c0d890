#include "plugin_host/segment_packer.hpp"

#include <algorithm>
#include <cstring>

namespace headroom {
namespace {

constexpr std::uint64_t kCacheLineBytes = 64;

}  // namespace

std::uint64_t SegmentPacker::place(std::uint64_t bytes, Copy copy) {
  const std::uint64_t offset = (bytes_ + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
  bytes_ = offset + bytes;
  parts_.push_back({offset, std::move(copy)});
  return offset;
}

MatrixDescriptor SegmentPacker::describe(std::uint64_t offset, Eigen::Index rows, Eigen::Index cols,
                                         ElementType type) const {
  MatrixDescriptor described;
  described.set_segment_id(segment_id_);
  described.set_offset_bytes(offset);
  described.set_rows(rows);
  described.set_cols(cols);
  described.set_row_stride(cols);
  described.set_type(type);
  return described;
}

MatrixDescriptor SegmentPacker::add(const ConstMatrixMap& matrix) {
  const Eigen::Index rows = matrix.rows(), cols = matrix.cols(), stride = matrix.outerStride();
  const double* data = matrix.data();
  const std::uint64_t offset = place(static_cast<std::uint64_t>(rows * cols) * sizeof(double), [=](std::byte* to) {
    if (cols == 0) return;
    for (Eigen::Index row = 0; row < rows; ++row) {
      std::memcpy(to + static_cast<std::size_t>(row * cols) * sizeof(double), data + row * stride,
                  static_cast<std::size_t>(cols) * sizeof(double));
    }
  });
  return describe(offset, rows, cols, ElementType::FLOAT64);
}

MatrixDescriptor SegmentPacker::add(const Matrix& matrix) {
  return add(ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols())));
}

MatrixDescriptor SegmentPacker::add(const std::vector<std::int32_t>& column) {
  const std::size_t bytes = column.size() * sizeof(std::int32_t);
  const std::uint64_t offset = place(bytes, [&column, bytes](std::byte* to) {
    if (bytes) std::memcpy(to, column.data(), bytes);
  });
  return describe(offset, static_cast<Eigen::Index>(column.size()), 1, ElementType::INT32);
}

MatrixDescriptor SegmentPacker::add(const std::vector<std::uint8_t>& column) {
  const std::uint64_t offset = place(column.size(), [&column](std::byte* to) {
    if (!column.empty()) std::memcpy(to, column.data(), column.size());
  });
  return describe(offset, static_cast<Eigen::Index>(column.size()), 1, ElementType::UINT8);
}

IdListDescriptor SegmentPacker::add(const std::vector<std::string>& ids) {
  std::uint64_t text_bytes = 0;
  for (const std::string& id : ids) text_bytes += id.size();
  const std::uint64_t offset = place((ids.size() + 1) * sizeof(std::int64_t) + text_bytes, [&ids](std::byte* to) {
    std::byte* text = to + (ids.size() + 1) * sizeof(std::int64_t);
    std::int64_t end = 0;
    std::memcpy(to, &end, sizeof(end));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::memcpy(text + end, ids[i].data(), ids[i].size());
      end += static_cast<std::int64_t>(ids[i].size());
      std::memcpy(to + (i + 1) * sizeof(end), &end, sizeof(end));
    }
  });
  IdListDescriptor described;
  described.set_segment_id(segment_id_);
  described.set_offset_bytes(offset);
  described.set_n_ids(static_cast<std::int64_t>(ids.size()));
  described.set_text_bytes(text_bytes);
  return described;
}

Result<std::shared_ptr<SharedSegment>> SegmentPacker::seal() {
  auto segment = SharedSegment::create(std::max<std::uint64_t>(bytes_, 1));
  if (!segment) return segment;
  for (const Part& part : parts_) part.copy((*segment)->data() + part.offset);
  if (auto sealed = (*segment)->seal_read_only(); !sealed) return tl::unexpected(sealed.error());
  return segment;
}

}  // namespace headroom
