// The shared-memory segments that the host attached, and the matrices and lists in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "headroom/plugin.h"
#include "matrix.pb.h"
#include "sandbox/file_descriptor.hpp"

namespace headroom {

// Thrown for a descriptor that does not fit its segment: the host's mistake, reported as such.
struct BadDescriptor {
  std::string what;
};

class SegmentTable {
 public:
  SegmentTable() = default;
  ~SegmentTable();
  SegmentTable(const SegmentTable&) = delete;
  SegmentTable& operator=(const SegmentTable&) = delete;

  // Maps the memory file, read-only or shared and writable as announced. Throws BadDescriptor.
  void attach(const Segment& segment, const FileDescriptor& memory);
  void detach(std::uint32_t id);

  // Views with every bound checked; an absent message (no segment) gives an empty view. All throw BadDescriptor.
  headroom_matrix matrix(const MatrixDescriptor& described) const;
  headroom_matrix_mut writable_matrix(const MatrixDescriptor& described) const;
  const std::int32_t* int32s(const MatrixDescriptor& described, std::int64_t n) const;    // nullptr if absent
  const std::uint8_t* bytes(const MatrixDescriptor& described, std::int64_t n) const;     // nullptr if absent
  std::uint8_t* writable_bytes(const MatrixDescriptor& described, std::int64_t n) const;  // never nullptr
  // Strings that point into the segment, valid while it is attached.
  std::vector<headroom_string> strings(const IdListDescriptor& described) const;

 private:
  struct Mapping {
    std::byte* data = nullptr;
    std::size_t bytes = 0;
    bool writable = false;
  };
  std::byte* locate(std::uint32_t id, std::uint64_t offset, std::uint64_t bytes, std::size_t alignment,
                    bool write) const;
  std::byte* locate(const MatrixDescriptor& described, ElementType type, std::size_t element_bytes, bool write) const;
  std::map<std::uint32_t, Mapping> mappings_;
};

}  // namespace headroom
