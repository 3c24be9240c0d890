// A whole text file in memory, decompressed if it is gzip (told by its first bytes, not by its name).
#pragma once

#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"

namespace headroom {

// Errors (bad_input): not there, not readable, a gzip stream that is truncated or damaged.
Result<std::string> read_text_file(const std::filesystem::path& path);

}  // namespace headroom
