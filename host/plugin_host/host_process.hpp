// What the host's own process must be before it starts workers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

// To be called first in main(). Makes the process undumpable, so that no other process of the same user can read its
// memory (it holds the test labels) through ptrace or /proc; forbids core files; raises the soft limit of open files.
Result<void> prepare_host_process();

// headroom-worker: beside this program (build tree), or in ../libexec/headroom (installed). An error names both places.
Result<std::filesystem::path> find_worker_program();

// The whole environment of a worker, as NAME=VALUE: thread budgets, a neutral locale, home and user name, no file locks,
// threads of OpenBLAS that sleep when they have nothing to do (unless this process says otherwise), and this process's
// own OPENBLAS_* variables (OPENBLAS_CORETYPE must agree where OpenBLAS does not know the CPU). Nothing else of this
// process's environment is seen by a plugin.
std::vector<std::string> worker_environment(int n_threads);

}  // namespace headroom
