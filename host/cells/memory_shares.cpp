#include "cells/memory_shares.hpp"

#include <unistd.h>

#include <algorithm>

namespace headroom {
namespace {

// More blocks at a time than this make nothing faster.
constexpr std::uint64_t kMostControlBytes = std::uint64_t{256} << 20;

// What stays of a cell whatever waits on the disk: its group, batch, total and number of entries, the labels while they
// are read, and of a control cell its draws. Measured between 14 and 30 files of 100,000 cells, a tenth of controls.
constexpr std::uint64_t kTableBytesOfCell = 100;

std::uint64_t half_of_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes) / 2
                                : std::uint64_t{1} << 31;
}

}  // namespace

MemoryShares memory_shares(std::optional<std::uint64_t> limit_bytes, std::uint64_t n_cells) {
  const std::uint64_t limit = limit_bytes.value_or(half_of_memory());
  const std::uint64_t tables = std::min(kTableBytesOfCell * n_cells, limit / 2);
  return {std::max(limit / 2 - tables, limit / 8), std::min(limit / 8, kMostControlBytes)};
}

}  // namespace headroom
