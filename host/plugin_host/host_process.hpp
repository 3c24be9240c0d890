// What the host's own process must be before it starts workers.
#pragma once

#include <filesystem>

#include "outcome/outcome.hpp"

namespace headroom {

// To be called first in main(). Makes the process undumpable, so that no other process of the same user can read its
// memory (it holds the test labels) through ptrace or /proc; forbids core files; raises the soft limit of open files.
Result<void> prepare_host_process();

// headroom-worker: beside this program (build tree), or in ../libexec/headroom (installed). An error names both places.
Result<std::filesystem::path> find_worker_program();

}  // namespace headroom
