#include "io/sha256.hpp"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "io/regular_file.hpp"

namespace headroom {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 18;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, FreeDigest> digest{EVP_MD_CTX_new()};
  bool is_good = digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  state_->is_good = state_->is_good && EVP_DigestUpdate(state_->digest.get(), bytes.data(), bytes.size()) == 1;
}

Result<std::string> Sha256::finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  if (!state_->is_good || EVP_DigestFinal_ex(state_->digest.get(), bytes, &n) != 1) {
    return harness_fault("SHA-256 failed");
  }
  state_->is_good = false;
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * n);
  for (unsigned int i = 0; i < n; ++i) {
    text.push_back(kDigits[bytes[i] >> 4]);
    text.push_back(kDigits[bytes[i] & 15]);
  }
  return text;
}

Result<std::string> sha256_of_bytes(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.finish();
}

namespace {

// What ends the reading of a folder early, if anything does.
std::optional<Error> impatience(const FolderPatience& patience, const std::filesystem::path& folder) {
  if (patience.stop.stop_requested()) return Error{ErrorKind::interrupted, "interrupted", {}, {}};
  if (patience.deadline && std::chrono::steady_clock::now() >= *patience.deadline) {
    return Error{ErrorKind::bad_input, "reading the folder takes longer than it may", folder.string(),
                 "make it smaller"};
  }
  return std::nullopt;
}

// `check` is asked between pieces.
template <class Check>
Result<std::string> sha256_of_pieces(const std::filesystem::path& path, Check&& check) {
  const auto fd = open_regular_file(path);
  if (!fd) return tl::unexpected<Error>(fd.error());
  Sha256 digest;
  std::string buffer(kPieceBytes, '\0');
  ssize_t n = 0;
  std::optional<Error> stopped;
  while (!stopped && ((n = ::read(*fd, buffer.data(), buffer.size())) > 0 || (n < 0 && errno == EINTR))) {
    if (n > 0) digest.add({buffer.data(), static_cast<std::size_t>(n)});
    stopped = check();
  }
  const int reason = n < 0 ? errno : 0;
  ::close(*fd);
  if (stopped) return tl::unexpected<Error>(*stopped);
  if (reason != 0) {
    return bad_input(std::string("cannot read the file: ") + std::strerror(reason), path.string(), "check the path");
  }
  return digest.finish();
}

}  // namespace

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  return sha256_of_pieces(path, []() -> std::optional<Error> { return std::nullopt; });
}

Result<std::string> sha256_of_folder(const std::filesystem::path& folder, const FolderPatience& patience) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> entries;
  std::uint64_t n_bytes = 0;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    entries.push_back(at->path());
    std::error_code ignored;
    if (fs::is_regular_file(fs::symlink_status(entries.back(), ignored))) {
      const std::uintmax_t bytes = fs::file_size(entries.back(), ignored);
      if (!ignored) n_bytes += std::min<std::uint64_t>(bytes, patience.most_bytes + 1);
    }
    if (entries.size() > patience.most_files || n_bytes > patience.most_bytes) {
      return bad_input("the folder holds more than " + std::to_string(patience.most_files) + " files or " +
                           std::to_string(patience.most_bytes >> 20) + " MiB",
                       folder.string(), "make it smaller");
    }
    if (auto stopped = impatience(patience, folder)) return tl::unexpected<Error>(*stopped);
  }
  if (error) return bad_input("cannot list the folder: " + error.message(), folder.string(), "check its permissions");
  std::sort(entries.begin(), entries.end());

  // Lengths before texts: no two folders give the same listing.
  std::string listing;
  const auto add = [&](const std::string& text) { listing += std::to_string(text.size()) + ":" + text + "\n"; };
  for (const fs::path& entry : entries) {
    add(entry.lexically_relative(folder).string());
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(entry, ignored);
    if (fs::is_symlink(status)) {
      add("link " + fs::read_symlink(entry, ignored).string());
    } else if (fs::is_regular_file(status)) {
      const auto hash = sha256_of_pieces(entry, [&] { return impatience(patience, folder); });
      if (auto stopped = impatience(patience, folder)) return tl::unexpected<Error>(*stopped);
      add("file " + (hash ? *hash : std::string("unreadable")));
    } else {
      add("type " + std::to_string(static_cast<int>(status.type())));
    }
  }
  return sha256_of_bytes(listing);
}

}  // namespace headroom
