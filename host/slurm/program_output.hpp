// What a program of the engine says: sbatch, squeue, sacct.
#pragma once

#include <string>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

struct ProgramOutput {
  int exit_code = -1;  // 128 + the signal that ended it
  std::string out, err;
};

// Whether a program of that name is in the PATH.
bool is_installed(const std::string& program);

// Runs it and waits. Errors (bad_input): it is not there. What it says is cut off at 16 MiB.
Result<ProgramOutput> output_of(const std::vector<std::string>& command);

}  // namespace headroom
