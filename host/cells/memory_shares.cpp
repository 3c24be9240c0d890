#include "cells/memory_shares.hpp"

#include <unistd.h>

#include <algorithm>

namespace headroom {
namespace {

// More blocks at a time than this make nothing faster.
constexpr std::uint64_t kMostControlBytes = std::uint64_t{256} << 20;

std::uint64_t half_of_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes) / 2
                                : std::uint64_t{1} << 31;
}

}  // namespace

MemoryShares memory_shares(std::optional<std::uint64_t> limit_bytes) {
  const std::uint64_t limit = limit_bytes.value_or(half_of_memory());
  return {limit / 2, std::min(limit / 8, kMostControlBytes)};
}

}  // namespace headroom
