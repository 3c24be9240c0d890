#include "io/written_file.hpp"

#include <system_error>

#include "io/atomic_file.hpp"
#include "io/sha256.hpp"

namespace headroom {

Result<WrittenFile> write_known_file(const std::filesystem::path& path, std::string_view bytes) {
  auto sha256 = sha256_of_bytes(bytes);
  if (!sha256) return tl::unexpected<Error>(sha256.error());
  if (auto written = write_file_atomically(path, bytes); !written) return tl::unexpected<Error>(written.error());
  return WrittenFile{path.filename().string(), bytes.size(), std::move(*sha256)};
}

bool is_as_written(const std::filesystem::path& folder, const WrittenFile& file) {
  const std::filesystem::path path = folder / file.name;
  if (path.filename() != file.name) return false;  // a record from elsewhere names a file of that folder, or none
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) != file.bytes) {
    return false;
  }
  const auto sha256 = sha256_of_file(path);
  return sha256 && *sha256 == file.sha256;
}

}  // namespace headroom
