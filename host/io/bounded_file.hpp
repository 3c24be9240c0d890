// A whole file in memory that is small by its nature: a summary, a configuration. Whatever is in its place, reading it
// ends: only a regular file of no more than the bytes that such a file has is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"

namespace headroom {

// Errors (bad_input): not there, not readable, not a regular file, larger than `most_bytes`.
Result<std::string> read_bounded_file(const std::filesystem::path& path, std::uint64_t most_bytes);

}  // namespace headroom
