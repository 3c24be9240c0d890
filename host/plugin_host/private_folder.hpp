// A copy of a plugin's data folder for one worker alone, where the folder itself cannot be shown to it without a trace:
// every reading sets the time of a file's last access, and the next worker sees it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

// Whether every user may read all files and folders in it. Links are not followed.
bool is_readable_by_all(const std::filesystem::path& folder);

// What a copy may cost.
struct CopyBounds {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::stop_token stop;
  std::optional<std::uint64_t> most_bytes;  // and never more than a quarter of what is free where the copy is made
};

class PrivateFolder {
 public:
  // Copies folders, regular files (holes stay holes) and symbolic links, these as they are. What is of another type or
  // cannot be read is left out: the plugin could not have read it either. The copy lies in the folder for temporary
  // files, under a name that nobody can guess. A copy that is interrupted (ErrorKind::interrupted) or not made in time
  // leaves nothing behind; neither does one of a folder that is too deep, takes more than it may, or for which there is
  // no room (ErrorKind::bad_input).
  static Result<std::shared_ptr<const PrivateFolder>> copy_of(const std::filesystem::path& folder,
                                                              const CopyBounds& bounds = {});
  // The same with these files of the folder in it, by name; links to files are followed. Error (bad_input): one is no
  // file that can be read.
  static Result<std::shared_ptr<const PrivateFolder>> copy_of_files(const std::filesystem::path& folder,
                                                                    const std::vector<std::string>& names,
                                                                    const CopyBounds& bounds = {});
  // The same with this one file.
  static Result<std::shared_ptr<const PrivateFolder>> copy_of_file(const std::filesystem::path& file,
                                                                   const CopyBounds& bounds = {});
  ~PrivateFolder();  // removes the copy
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit PrivateFolder(std::filesystem::path outer) : outer_(std::move(outer)) {}
  // An empty one, which nobody can list from above; `of` is what errors name.
  static Result<std::shared_ptr<PrivateFolder>> make(const std::filesystem::path& of);
  std::filesystem::path outer_, path_;
};

}  // namespace headroom
