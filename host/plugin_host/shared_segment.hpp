// Shared memory that host and workers map: matrices reach a worker without a copy.
//
// A segment is an anonymous memory file. Inputs are written once by the host, sealed (nobody, the host included, can
// write, grow or shrink them any more) and shared with any number of workers. Outputs stay writable but cannot change
// their size, so a worker cannot make the host's reads fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "sandbox/file_descriptor.hpp"

namespace headroom {

class SharedSegment {
 public:
  // bytes >= 1. Zero-filled and writable. Memory is taken as pages are first touched; running out is a harness_fault
  // here only where the kernel can tell at once.
  static Result<std::shared_ptr<SharedSegment>> create(std::size_t bytes);
  ~SharedSegment();
  SharedSegment(const SharedSegment&) = delete;
  SharedSegment& operator=(const SharedSegment&) = delete;

  std::byte* data() { return data_; }              // not to be written after seal_read_only()
  const std::byte* data() const { return data_; }  // the address stays the same for the segment's life
  std::size_t bytes() const { return bytes_; }
  int fd() const { return memory_.get(); }
  bool is_read_only() const { return read_only_; }

  // Seals the size for good; whoever maps the segment may write it.
  Result<void> seal_size();
  // Seals size and content for good. The host's own mapping becomes read-only at the same address.
  Result<void> seal_read_only();
  // The same content, sealed read-only, in memory that nobody else has.
  Result<std::shared_ptr<SharedSegment>> private_copy() const;
  // Fills everything that was ever touched with zeros again (only while writable). Untouched pages stay untouched.
  void clear();

 private:
  SharedSegment(FileDescriptor memory, std::byte* data, std::size_t bytes);
  FileDescriptor memory_;
  std::byte* data_;
  std::size_t bytes_;
  bool read_only_ = false;
};

// Doubles from one row to the next of a matrix in shared memory: rows start on 64-byte boundaries.
Eigen::Index padded_columns(Eigen::Index cols);

// A row-major matrix of doubles that fills one segment from its start. Copies share the segment.
struct SharedMatrix {
  std::shared_ptr<SharedSegment> segment;  // empty in a default-made matrix of 0 × 0
  Eigen::Index rows = 0;
  Eigen::Index cols = 0;
  Eigen::Index row_stride = 0;  // padded_columns()

  // Zero-filled and writable. rows, cols >= 0.
  static Result<SharedMatrix> create(Eigen::Index rows, Eigen::Index cols);

  MatrixMap view();  // only before seal()
  ConstMatrixMap view() const;
  Result<void> seal();  // read-only from here on, as workers need it
};

}  // namespace headroom
