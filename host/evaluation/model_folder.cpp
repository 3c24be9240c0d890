#include "evaluation/model_folder.hpp"

#include <vector>

#include "plugin_host/plugin_place.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

bool is_of_headroom(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "results.sqlite", ignored) || fs::exists(folder / "task.h5ad", ignored);
}

}  // namespace

Result<std::string> sha256_of_model_folder(const fs::path& folder, const FolderPatience& patience) {
  const auto names = names_in(folder);
  if (!names) return tl::unexpected<Error>(names.error());
  std::string listing;
  for (const std::string& name : *names) {
    const fs::path entry = folder / name;
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(entry, ignored);
    const bool is_folder = fs::is_directory(status);
    if ((!is_folder && !fs::is_regular_file(status)) || (is_folder && is_of_headroom(entry))) continue;
    const auto hash = is_folder ? sha256_of_folder(entry, patience) : sha256_of_file(entry);
    if (!hash && hash.error().kind == ErrorKind::interrupted) return hash;
    if (!hash && is_folder) return hash;
    listing += std::to_string(name.size()) + ":" + name + " " + (hash ? *hash : "unreadable") + "\n";
  }
  return sha256_of_bytes(listing);
}

}  // namespace headroom
