#include "evaluation/model_folder.hpp"

#include <algorithm>
#include <vector>

namespace headroom {
namespace {

namespace fs = std::filesystem;

bool is_of_headroom(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "results.sqlite", ignored) || fs::exists(folder / "task.h5ad", ignored);
}

}  // namespace

Result<std::string> sha256_of_model_folder(const fs::path& folder, const FolderPatience& patience) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) entries.push_back(at->path());
  if (error) return bad_input("cannot list the folder: " + error.message(), folder.string(), "check its permissions");
  std::sort(entries.begin(), entries.end());
  std::string listing;
  for (const fs::path& entry : entries) {
    const fs::file_status status = fs::symlink_status(entry, error);
    const bool is_folder = fs::is_directory(status);
    if ((!is_folder && !fs::is_regular_file(status)) || (is_folder && is_of_headroom(entry))) continue;
    const auto hash = is_folder ? sha256_of_folder(entry, patience) : sha256_of_file(entry);
    if (!hash && hash.error().kind == ErrorKind::interrupted) return hash;
    if (!hash && is_folder) return hash;
    const std::string name = entry.filename().string();
    listing += std::to_string(name.size()) + ":" + name + " " + (hash ? *hash : "unreadable") + "\n";
  }
  return sha256_of_bytes(listing);
}

}  // namespace headroom
