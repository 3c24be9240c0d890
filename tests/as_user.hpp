// For programs of tests that run once more as an ordinary user, where whoever calls them is root.
#pragma once

#include <grp.h>
#include <unistd.h>

#include <string_view>

namespace headroom::testing {

// Gives up root for a user that is nobody's, if the program was given --as-user. False where that fails.
inline bool become_user_if_asked(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--as-user" || geteuid() != 0) continue;
    constexpr unsigned kUser = 61099;
    if (setgroups(0, nullptr) != 0 || setresgid(kUser, kUser, kUser) != 0 || setresuid(kUser, kUser, kUser) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace headroom::testing
