#include "plugin_host/shared_segment.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plugin_host/memory_file.hpp"

namespace headroom {
namespace {

tl::unexpected<Error> not_mapped() {
  return harness_fault(std::string("shared memory cannot be mapped: ") + strerror(errno), "mmap",
                       "free memory, or use fewer --threads or a smaller --limit-memory");
}

}  // namespace

Eigen::Index padded_columns(Eigen::Index cols) {
  constexpr Eigen::Index kDoublesPerCacheLine = 8;
  return (cols + kDoublesPerCacheLine - 1) / kDoublesPerCacheLine * kDoublesPerCacheLine;
}

SharedSegment::SharedSegment(FileDescriptor memory, std::byte* data, std::size_t bytes)
    : memory_(std::move(memory)), data_(data), bytes_(bytes) {}

SharedSegment::~SharedSegment() { munmap(data_, bytes_); }

Result<std::shared_ptr<SharedSegment>> SharedSegment::create(std::size_t bytes) {
  if (bytes == 0) return harness_fault("a segment of no bytes was asked for");
  auto memory = make_memory_file(bytes);
  if (!memory) return tl::unexpected(memory.error());
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
  if (data == MAP_FAILED) return not_mapped();
  return std::shared_ptr<SharedSegment>(new SharedSegment(std::move(*memory), static_cast<std::byte*>(data), bytes));
}

Result<void> SharedSegment::seal_size() { return seal_memory_file(memory_, false); }

Result<void> SharedSegment::seal_read_only() {
  if (read_only_) return {};
  // Content can be sealed only while nobody maps it for writing. The address is held by an inaccessible mapping
  // meanwhile, so that no other thread's mapping can take it.
  if (mmap(data_, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
    return not_mapped();
  }
  auto sealed = seal_memory_file(memory_, true);
  // Private: the pages are shared all the same, and kernels before 6.7 refuse shared mappings of write-sealed files.
  if (mmap(data_, bytes_, PROT_READ, MAP_PRIVATE | MAP_FIXED, memory_.get(), 0) == MAP_FAILED) return not_mapped();
  if (sealed) read_only_ = true;
  return sealed;
}

Result<std::shared_ptr<SharedSegment>> SharedSegment::private_copy() const {
  auto copy = create(bytes_);
  if (!copy) return copy;
  madvise((*copy)->data(), bytes_, MADV_POPULATE_WRITE);  // one call for all pages where the kernel has it
  std::memcpy((*copy)->data(), data_, bytes_);
  if (auto sealed = (*copy)->seal_read_only(); !sealed) return tl::unexpected(sealed.error());
  return copy;
}

void SharedSegment::clear() {
  // Holes of the file are zero already and cost no memory.
  off_t end = 0;
  const auto size = static_cast<off_t>(bytes_);
  while (end < size) {
    off_t start = lseek(memory_.get(), end, SEEK_DATA);
    if (start < 0 && errno == ENXIO) break;  // holes alone from here on
    if (start < end) start = end;            // where the holes are cannot be told: everything is cleared
    end = lseek(memory_.get(), start, SEEK_HOLE);
    if (end <= start || end > size) end = size;
    std::memset(data_ + start, 0, static_cast<std::size_t>(end - start));
  }
}

Result<SharedMatrix> SharedMatrix::create(Eigen::Index rows, Eigen::Index cols) {
  if (rows < 0 || cols < 0) return harness_fault("a matrix of negative size was asked for");
  SharedMatrix matrix;
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.row_stride = padded_columns(cols);
  const auto doubles = static_cast<std::size_t>(rows) * static_cast<std::size_t>(matrix.row_stride);
  auto segment = SharedSegment::create(std::max<std::size_t>(doubles, 1) * sizeof(double));
  if (!segment) return tl::unexpected(segment.error());
  matrix.segment = std::move(*segment);
  // It is there to be filled: taking all pages at once costs a quarter of one fault after the other (Linux 5.14).
  madvise(matrix.segment->data(), matrix.segment->bytes(), MADV_POPULATE_WRITE);
  return matrix;
}

MatrixMap SharedMatrix::view() {
  auto* data = segment ? reinterpret_cast<double*>(segment->data()) : nullptr;
  return MatrixMap(data, rows, cols, Eigen::OuterStride<>(row_stride));
}

ConstMatrixMap SharedMatrix::view() const {
  const auto* data = segment ? reinterpret_cast<const double*>(std::as_const(*segment).data()) : nullptr;
  return ConstMatrixMap(data, rows, cols, Eigen::OuterStride<>(row_stride));
}

Result<void> SharedMatrix::seal() {
  if (!segment) return harness_fault("a matrix without memory cannot be sealed");
  return segment->seal_read_only();
}

}  // namespace headroom
