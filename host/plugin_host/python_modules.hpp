// Where a virtual environment has its packages, for models in Python that may import them.
#pragma once

#include <filesystem>

#include "outcome/outcome.hpp"

namespace headroom {

struct PythonModules {
  std::filesystem::path environment;  // what a worker is to read, absolute and without links
  std::filesystem::path folder;       // in it: what modules are searched in
};

// `path`: a virtual environment, of which the packages lie in lib/python3.N/site-packages, or a folder of packages.
// Which version of Python they are for, the runner checks by that name. Errors (bad_input): it is no folder, it has
// packages of several versions, or others cannot reach it while workers have a user id of their own.
Result<PythonModules> python_modules(const std::filesystem::path& path);

}  // namespace headroom
