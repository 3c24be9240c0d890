// Packs the small inputs of one request (features, masks, row numbers, ids) side by side into one sealed segment.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "matrix.pb.h"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "plugin_host/shared_segment.hpp"

namespace headroom {

// Add everything first; what is added is read, not copied, until seal() and must live that long. Temporary lists are
// kept.
class SegmentPacker {
 public:
  explicit SegmentPacker(std::uint32_t segment_id) : segment_id_(segment_id) {}

  MatrixDescriptor add(const ConstMatrixMap& matrix);
  MatrixDescriptor add(const Matrix& matrix);
  MatrixDescriptor add(const std::vector<std::int32_t>& column);
  MatrixDescriptor add(const std::vector<std::uint8_t>& column);
  IdListDescriptor add(const std::vector<std::string>& ids);
  template <class Element>
  auto add(std::vector<Element>&& list) {
    auto kept = std::make_shared<const std::vector<Element>>(std::move(list));
    kept_.push_back(kept);
    return add(*kept);
  }

  // The segment with everything in it, sealed read-only. Once.
  Result<std::shared_ptr<SharedSegment>> seal();

 private:
  using Copy = std::function<void(std::byte* to)>;
  std::uint64_t place(std::uint64_t bytes, Copy copy);
  MatrixDescriptor describe(std::uint64_t offset, Eigen::Index rows, Eigen::Index cols, ElementType type) const;

  struct Part {
    std::uint64_t offset;
    Copy copy;
  };
  std::uint32_t segment_id_;
  std::uint64_t bytes_ = 0;
  std::vector<Part> parts_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace headroom
