#include "worker/input_ranges.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace headroom {
namespace {

constexpr std::size_t kMostRanges = 64;  // a request has two or three

// The length is written last and cleared first: a range is whole, or empty.
struct Range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::size_t> bytes{0};
};
std::array<Range, kMostRanges> ranges;

std::uintptr_t number_of(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

void note_input_range(const void* begin, std::size_t bytes) {
  for (Range& range : ranges) {
    if (range.bytes != 0) continue;
    range.begin = number_of(begin);
    range.bytes = bytes;
    return;
  }
}

void forget_input_range(const void* begin) {
  for (Range& range : ranges) {
    if (range.begin == number_of(begin)) range.bytes = 0;
  }
}

bool lies_in_input(const void* address) {
  for (const Range& range : ranges) {
    const std::size_t bytes = range.bytes;
    if (number_of(address) - range.begin < bytes) return true;
  }
  return false;
}

}  // namespace headroom
