#include "worker/segment_table.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "worker/input_ranges.hpp"

namespace headroom {

SegmentTable::~SegmentTable() {
  for (const auto& [id, mapping] : mappings_) {
    forget_input_range(mapping.data);
    munmap(mapping.data, mapping.bytes);
  }
}

void SegmentTable::attach(const Segment& segment, const FileDescriptor& memory) {
  if (!memory) throw BadDescriptor{"a segment came without its descriptor"};
  if (segment.bytes() == 0 || mappings_.count(segment.id())) throw BadDescriptor{"a segment is empty or known already"};
  // A private mapping of a sealed file shares its pages and is granted by every kernel, a shared one only by new ones.
  const int protection = segment.writable() ? PROT_READ | PROT_WRITE : PROT_READ;
  const int sharing = segment.writable() ? MAP_SHARED : MAP_PRIVATE;
  void* data = mmap(nullptr, segment.bytes(), protection, sharing, memory.get(), 0);
  if (data == MAP_FAILED) {
    if (errno == ENOMEM) throw std::bad_alloc();
    throw BadDescriptor{std::string("a segment cannot be mapped: ") + strerror(errno)};
  }
  // An input is read as a whole, and its pages are there: mapping them at once spares a fault for each (Linux 5.14).
  if (!segment.writable()) madvise(data, segment.bytes(), MADV_POPULATE_READ);
  if (!segment.writable()) note_input_range(data, segment.bytes());
  mappings_[segment.id()] = {static_cast<std::byte*>(data), segment.bytes(), segment.writable()};
}

void SegmentTable::detach(std::uint32_t id) {
  const auto found = mappings_.find(id);
  if (found == mappings_.end()) throw BadDescriptor{"an unknown segment is detached"};
  forget_input_range(found->second.data);
  munmap(found->second.data, found->second.bytes);
  mappings_.erase(found);
}

std::byte* SegmentTable::locate(std::uint32_t id, std::uint64_t offset, std::uint64_t bytes, std::size_t alignment,
                                bool write) const {
  const auto found = mappings_.find(id);
  if (found == mappings_.end()) throw BadDescriptor{"a matrix lies in an unknown segment"};
  const Mapping& mapping = found->second;
  if (offset > mapping.bytes || bytes > mapping.bytes - offset) throw BadDescriptor{"a matrix ends beyond its segment"};
  if (offset % alignment != 0) throw BadDescriptor{"a matrix is not aligned"};
  if (write && !mapping.writable) throw BadDescriptor{"an output lies in a read-only segment"};
  return mapping.data + offset;
}

std::byte* SegmentTable::locate(const MatrixDescriptor& described, ElementType type, std::size_t element_bytes,
                                bool write) const {
  const std::int64_t rows = described.rows(), cols = described.cols(), stride = described.row_stride();
  if (described.type() != type) throw BadDescriptor{"a matrix has elements of another type"};
  if (rows < 0 || cols < 0 || stride < cols) throw BadDescriptor{"a matrix has an impossible shape"};
  std::int64_t elements = 0;
  if (rows > 0) {
    if (__builtin_mul_overflow(rows - 1, stride, &elements) || __builtin_add_overflow(elements, cols, &elements)) {
      throw BadDescriptor{"a matrix is too large"};
    }
  }
  std::int64_t bytes;
  if (__builtin_mul_overflow(elements, static_cast<std::int64_t>(element_bytes), &bytes)) {
    throw BadDescriptor{"a matrix is too large"};
  }
  return locate(described.segment_id(), described.offset_bytes(), static_cast<std::uint64_t>(bytes), element_bytes,
                write);
}

headroom_matrix SegmentTable::matrix(const MatrixDescriptor& described) const {
  if (described.type() == ElementType::ELEMENT_TYPE_UNSPECIFIED) return {};
  const std::byte* data = locate(described, ElementType::FLOAT64, sizeof(double), false);
  return {reinterpret_cast<const double*>(data), described.rows(), described.cols(), described.row_stride()};
}

headroom_matrix_mut SegmentTable::writable_matrix(const MatrixDescriptor& described) const {
  std::byte* data = locate(described, ElementType::FLOAT64, sizeof(double), true);
  return {reinterpret_cast<double*>(data), described.rows(), described.cols(), described.row_stride()};
}

const std::int32_t* SegmentTable::int32s(const MatrixDescriptor& described, std::int64_t n) const {
  if (described.type() == ElementType::ELEMENT_TYPE_UNSPECIFIED) return nullptr;
  if (described.rows() != n || described.cols() != 1) throw BadDescriptor{"a list of numbers has another length"};
  return reinterpret_cast<const std::int32_t*>(locate(described, ElementType::INT32, sizeof(std::int32_t), false));
}

const std::uint8_t* SegmentTable::bytes(const MatrixDescriptor& described, std::int64_t n) const {
  if (described.type() == ElementType::ELEMENT_TYPE_UNSPECIFIED) return nullptr;
  if (described.rows() != n || described.cols() != 1) throw BadDescriptor{"a mask has another length"};
  return reinterpret_cast<const std::uint8_t*>(locate(described, ElementType::UINT8, 1, false));
}

std::uint8_t* SegmentTable::writable_bytes(const MatrixDescriptor& described, std::int64_t n) const {
  if (described.rows() != n || described.cols() != 1) throw BadDescriptor{"a mask has another length"};
  return reinterpret_cast<std::uint8_t*>(locate(described, ElementType::UINT8, 1, true));
}

std::vector<headroom_string> SegmentTable::strings(const IdListDescriptor& described) const {
  const std::int64_t n = described.n_ids();
  if (n == 0) return {};
  constexpr std::int64_t kMostIds = std::int64_t{1} << 32;
  if (n < 0 || n > kMostIds) throw BadDescriptor{"a list of ids has an impossible length"};
  const std::uint64_t offset_bytes = static_cast<std::uint64_t>(n + 1) * sizeof(std::int64_t);
  if (described.text_bytes() > ~std::uint64_t{0} - offset_bytes) throw BadDescriptor{"a list of ids is too large"};
  const std::byte* start = locate(described.segment_id(), described.offset_bytes(),
                                  offset_bytes + described.text_bytes(), sizeof(std::int64_t), false);
  const auto* offsets = reinterpret_cast<const std::int64_t*>(start);
  const char* text = reinterpret_cast<const char*>(start + offset_bytes);
  std::vector<headroom_string> strings(static_cast<std::size_t>(n));
  if (offsets[0] != 0 || offsets[n] != static_cast<std::int64_t>(described.text_bytes())) {
    throw BadDescriptor{"a list of ids does not fill its text"};
  }
  for (std::int64_t i = 0; i < n; ++i) {
    if (offsets[i + 1] < offsets[i]) throw BadDescriptor{"a list of ids has descending offsets"};
    strings[static_cast<std::size_t>(i)] = {text + offsets[i], offsets[i + 1] - offsets[i]};
  }
  return strings;
}

}  // namespace headroom
