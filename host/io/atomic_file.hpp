// Output files that are whole or not there: written under a temporary name beside the target, synced, then renamed.
// A process that is killed leaves at most a file whose name says that it is temporary.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"

namespace headroom {

class AtomicFile {
 public:
  // Creates TARGET.PID-N.tmp. Errors (bad_input): the folder is not there or not writable, the target is not a file.
  static Result<AtomicFile> create(const std::filesystem::path& target);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  // Removes the temporary file unless commit() succeeded.
  ~AtomicFile();

  // Where the bytes lie until commit(), for a library that writes by name. Do not mix with write().
  const std::filesystem::path& temporary_path() const { return temporary_; }

  // Appends; small pieces are gathered. Errors (harness_fault): disk full, quota, limit on file size.
  Result<void> write(std::string_view bytes);

  // Syncs the content, renames it over the target, syncs the folder. Nothing may be written afterwards.
  Result<void> commit();

 private:
  AtomicFile() = default;
  Result<void> flush();
  void discard();

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: committed, discarded or moved from
  std::string buffer_;
  int fd_ = -1;
};

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// The error of a failed write, with a remedy for the usual reasons (ENOSPC, EDQUOT, EFBIG, EROFS).
tl::unexpected<Error> write_error(const std::filesystem::path& path, int error_number);

}  // namespace headroom
