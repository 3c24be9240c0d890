// What the host's own process must be before it starts workers.
#pragma once

#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

// To be called first in main(). Makes the process undumpable, so that no other process of the same user can read its
// memory (it holds the test labels) through ptrace or /proc; forbids core files; raises the soft limit of open files.
Result<void> prepare_host_process();

// The same for as long as it lives, of a process in which Headroom is a guest and that goes on afterwards: it can be
// dumped and has its old limits again, as it had before. (Core files are not forbidden apart: what is not dumpable
// leaves none.) One at a time.
class ProtectedVisit {
 public:
  static Result<std::unique_ptr<ProtectedVisit>> begin();
  ~ProtectedVisit();
  ProtectedVisit(const ProtectedVisit&) = delete;
  ProtectedVisit& operator=(const ProtectedVisit&) = delete;

 private:
  ProtectedVisit() = default;
  int dumpable_ = 1;
  rlimit files_{};
};

// The file of the program that belongs to Headroom, beside which its worker and its plugins lie: that of this process;
// where Headroom is a guest in another program's process (Python's), the one that the guest names, before any command.
Result<std::filesystem::path> program_file();
void name_program_file(std::filesystem::path program);

// headroom-worker: beside this program (build tree), or in ../libexec/headroom (installed). An error names both places.
Result<std::filesystem::path> find_worker_program();

// The whole environment of a worker, as NAME=VALUE: thread budgets, a neutral locale, home and user name, no file
// locks, threads of OpenBLAS that sleep when they have nothing to do (unless this process says otherwise), and this
// process's own OPENBLAS_* variables (OPENBLAS_CORETYPE must agree where OpenBLAS does not know the CPU). Nothing else
// of this process's environment is seen by a plugin.
std::vector<std::string> worker_environment(int n_threads);

}  // namespace headroom
