// Large pages for matrices of many megabytes: the first touch of fresh memory then costs one page fault for 2 MiB
// instead of 512, which is more than the reading itself where faults are slow (virtual machines).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace headroom {

// Call after memory was taken and before it is touched. A wish: where the system has none, nothing changes.
inline void prefer_large_pages(void* memory, std::size_t bytes) {
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + kLargePage - 1) & ~(kLargePage - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) & ~(kLargePage - 1);
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace headroom
