// Output files that are known again: by their content, as it was written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"

namespace headroom {

struct WrittenFile {
  std::string name;  // without its folder
  std::uint64_t bytes = 0;
  std::string sha256;  // of what was written, whatever became of the file since
};

// Writes the file whole (write_file_atomically()).
Result<WrittenFile> write_known_file(const std::filesystem::path& path, std::string_view bytes);

// Whether folder/name holds these very bytes; a file that is not there or cannot be read does not.
bool is_as_written(const std::filesystem::path& folder, const WrittenFile& file);

}  // namespace headroom
