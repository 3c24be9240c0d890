// How a runner says, in the only place that a plugin has before it is opened, that its model cannot be loaded.
#pragma once

#include <string>
#include <string_view>

namespace headroom {

// What its description begins with; the reason follows.
inline constexpr std::string_view kModelNotLoaded = "A model that cannot be loaded: ";

// The reason; empty: the description is of another kind. A plugin that says so of itself speaks for itself alone.
inline std::string model_fault_of(std::string_view description) {
  return description.starts_with(kModelNotLoaded) ? std::string(description.substr(kModelNotLoaded.size()))
                                                  : std::string();
}

}  // namespace headroom
