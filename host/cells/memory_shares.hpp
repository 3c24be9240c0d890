// How prepare divides the memory that it may use.
#pragma once

#include <cstdint>
#include <optional>

namespace headroom {

struct MemoryShares {
  std::uint64_t cells = 0;    // that wait for their group; the rest of them waits in a temporary file
  std::uint64_t control = 0;  // blocks of a control's cells at a time
};

// Of --memory-limit; without one, of half of the machine's memory. What is left is for groups in work, for what is made
// of them and for tables of the screen's `n_cells`.
MemoryShares memory_shares(std::optional<std::uint64_t> limit_bytes, std::uint64_t n_cells);

}  // namespace headroom
