// Where the worker's inputs lie, so that a signal handler can tell a plugin that writes into them from other crashes.
#pragma once

#include <cstddef>

namespace headroom {

// One thread notes and forgets; anyone may ask. What finds no room in the table is not known.
void note_input_range(const void* begin, std::size_t bytes);
void forget_input_range(const void* begin);

// Async-signal-safe.
bool lies_in_input(const void* address);

}  // namespace headroom
