// A copy of a plugin's data folder for one worker alone, where the folder itself cannot be shown to it without a trace:
// every reading sets the time of a file's last access, and the next worker sees it.
#pragma once

#include <filesystem>
#include <memory>

#include "outcome/outcome.hpp"

namespace headroom {

// Whether every user may read all files and folders in it. Links are not followed.
bool is_readable_by_all(const std::filesystem::path& folder);

class PrivateFolder {
 public:
  // Copies folders, regular files (holes stay holes) and symbolic links, these as they are. What is of another type or
  // cannot be read is left out: the plugin could not have read it either. The copy lies in the folder for temporary
  // files, under a name that nobody can guess.
  static Result<std::shared_ptr<const PrivateFolder>> copy_of(const std::filesystem::path& folder);
  ~PrivateFolder();  // removes the copy
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit PrivateFolder(std::filesystem::path outer) : outer_(std::move(outer)) {}
  std::filesystem::path outer_, path_;
};

}  // namespace headroom
