#include "io/sha256.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace headroom {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

Digest begin_digest() {
  Digest digest(EVP_MD_CTX_new());
  if (digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) digest.reset();
  return digest;
}

Result<std::string> hexadecimal(EVP_MD_CTX* digest) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  if (EVP_DigestFinal_ex(digest, bytes, &n) != 1) return harness_fault("SHA-256 failed");
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * n);
  for (unsigned int i = 0; i < n; ++i) {
    text.push_back(kDigits[bytes[i] >> 4]);
    text.push_back(kDigits[bytes[i] & 15]);
  }
  return text;
}

}  // namespace

Result<std::string> sha256_of_bytes(std::string_view bytes) {
  const Digest digest = begin_digest();
  if (!digest || EVP_DigestUpdate(digest.get(), bytes.data(), bytes.size()) != 1) {
    return harness_fault("SHA-256 failed");
  }
  return hexadecimal(digest.get());
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return bad_input(std::string("cannot open the file: ") + std::strerror(errno), path.string(), "check the path");
  }
  const Digest digest = begin_digest();
  bool hashed = digest != nullptr;
  std::vector<unsigned char> buffer(std::size_t{1} << 18);
  ssize_t n = 0;
  while (hashed && ((n = ::read(fd, buffer.data(), buffer.size())) > 0 || (n < 0 && errno == EINTR))) {
    if (n > 0) hashed = EVP_DigestUpdate(digest.get(), buffer.data(), static_cast<std::size_t>(n)) == 1;
  }
  const int reason = n < 0 ? errno : 0;
  ::close(fd);
  if (!hashed) return harness_fault("SHA-256 failed", path.string());
  if (reason != 0) {
    return bad_input(std::string("cannot read the file: ") + std::strerror(reason), path.string(), "check the path");
  }
  return hexadecimal(digest.get());
}

Result<std::string> sha256_of_folder(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> entries;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) entries.push_back(at->path());
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
      const auto hash = sha256_of_file(entry);
      add("file " + (hash ? *hash : std::string("unreadable")));
    } else {
      add("type " + std::to_string(static_cast<int>(status.type())));
    }
  }
  return sha256_of_bytes(listing);
}

}  // namespace headroom
