// What a plugin in C++ needs of the host (needs.h): declare `static Needs needs();` in YourClass, and
// `static const void* extension(std::string_view id) { return sdk::needs<YourClass>(id); }`.
#pragma once

#include <cstdint>
#include <string_view>

#include "headroom/needs.h"

namespace headroom::sdk {

struct Needs {
  bool raw_features = false;      // predictors: the blocks of a fusion as the embeddings give them
  double wall_time_s = 0;         // own default limit of a request; 0: the host's
  std::int64_t memory_bytes = 0;  // own default limit of the process's address space; 0: the host's
};

// The extension, if `id` is its own; else nullptr.
template <class Plugin>
const void* needs(std::string_view id) {
  static const headroom_needs offered = [] {
    const Needs asked = Plugin::needs();
    return headroom_needs{sizeof(headroom_needs), asked.raw_features ? 1 : 0, 0, asked.wall_time_s, asked.memory_bytes};
  }();
  return id == HEADROOM_NEEDS ? &offered : nullptr;
}

}  // namespace headroom::sdk
