// SHA-256 of files and bytes: how results name the exact inputs that they came from.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"

namespace headroom {

// Of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void add(std::string_view bytes);
  // 64 lower-case hexadecimal digits; nothing may be added afterwards. Error (harness_fault): the cryptographic library
  // refused now or at an earlier call.
  Result<std::string> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 64 lower-case hexadecimal digits. Error (harness_fault): the cryptographic library refuses.
Result<std::string> sha256_of_bytes(std::string_view bytes);

// The same for a file's content, read in pieces. Errors: bad_input where the file cannot be read.
Result<std::string> sha256_of_file(const std::filesystem::path& path);

// How far a stranger's folder is worth reading. Sizes are those that files claim: holes take time as well.
struct FolderPatience {
  std::uint64_t most_files = 100000;
  std::uint64_t most_bytes = std::uint64_t{64} << 30;
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::stop_token stop = {};
};

// Of a folder's content: the relative names of everything in it in sorted order, the bytes of regular files, the
// targets of symbolic links (which are not followed), the mere type of anything else (which is not opened). A file that
// cannot be read counts by its name. Errors: bad_input where the folder cannot be listed, holds more than it may, or the
// deadline has passed; interrupted.
Result<std::string> sha256_of_folder(const std::filesystem::path& folder, const FolderPatience& patience = {});

}  // namespace headroom
