// Tells a lack of memory from other failures: a worker that ran into its address-space limit shows it as a bad_alloc,
// an abort or a null pointer, and the verdict should name the limit.
#pragma once

#include <cstdint>

namespace headroom {

// Installs a new-handler that remembers, and signal handlers for crashes that end the process with kOutOfMemoryExit if
// memory was short, with kWroteInputExit if the plugin wrote into its inputs (worker/input_ranges.hpp), and let it die
// of its signal otherwise. `address_space_bytes`: the limit that the kernel keeps; 0: none.
void watch_memory(std::uint64_t address_space_bytes);

// Whether operator new failed since the last call of forget_shortage(), or address space is nearly used up.
bool memory_is_short();
void forget_shortage();

}  // namespace headroom
