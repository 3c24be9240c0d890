// Tells a lack of memory from other failures: a worker that ran into its address-space limit shows it as a bad_alloc,
// an abort or a null pointer, and the verdict should name the limit.
#pragma once

#include <cstdint>

namespace headroom {

// Installs a new-handler that remembers, and signal handlers for crashes that end the process with kOutOfMemoryExit if
// memory was short, and let it die of its signal otherwise. `status_fd` is open on the process's own /proc/self/status
// (-1 if it is not to be had) and must stay open.
void watch_memory(int status_fd, std::uint64_t address_space_bytes);

// Whether operator new failed since the last call of forget_shortage(), or address space has nearly been used up.
bool memory_is_short();
void forget_shortage();

}  // namespace headroom
