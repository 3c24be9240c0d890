// Opening files that somebody else may have put there. Only regular files are ever opened: a FIFO would wait for a
// writer for ever, a device may do anything, and a symbolic link can lead to either.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"

namespace headroom {

// A descriptor for reading, closed by whoever asked for it; never waits. Errors (bad_input): the path is not there, not
// to be opened, or something else than a regular file, which is named.
Result<int> open_regular_file(const std::filesystem::path& path);

// The same question for libraries that open a path themselves. They open it again, so a file that is replaced meanwhile
// by somebody who may write to its folder is not told.
Result<void> require_regular_file(const std::filesystem::path& path);

}  // namespace headroom
