#include "io/folder_stamp.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "io/sha256.hpp"

namespace headroom {

namespace fs = std::filesystem;

std::optional<std::string> stamp_of_folder(const fs::path& folder, std::uint64_t most_files) {
  std::error_code error;
  std::vector<std::string> entries = {folder.string()};
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (entries.size() > most_files) return std::nullopt;
    entries.push_back(at->path().string());
  }
  if (error) return std::nullopt;
  std::sort(entries.begin(), entries.end());
  std::string text;
  for (const std::string& entry : entries) {
    struct stat status {};
    if (::lstat(entry.c_str(), &status) != 0) return std::nullopt;
    text += fmt::format("{} {} {} {} {} {} {}.{} {}.{}\n", entry.size(), entry, status.st_mode, status.st_dev,
                        status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                        status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  }
  return sha256_of_bytes(text).value_or(text);
}

}  // namespace headroom
