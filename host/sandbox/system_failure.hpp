// Why a system call failed, in the form that confinement reports show.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace headroom {

struct SystemFailure {
  std::string call;  // "landlock_create_ruleset"
  int error = 0;     // errno

  std::string text() const {
    const char* name = strerrorname_np(error);
    return (name ? name : std::to_string(error)) + std::string(": ") + call + ": " + strerror(error);
  }
};

inline tl::unexpected<SystemFailure> system_failure(std::string call, int error = errno) {
  return tl::unexpected<SystemFailure>(SystemFailure{std::move(call), error});
}

}  // namespace headroom
