#include "plugin_host/plugin_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "plugin_host/memory_file.hpp"
#include "plugin_host/shipped_plugins.hpp"

namespace headroom {
namespace {

struct SealedCopy {
  FileDescriptor memory;
  std::string sha256;
};

std::string describe_type(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

tl::unexpected<Error> refuse(ErrorKind kind, std::string what, std::string where, std::string remedy) {
  return tl::unexpected<Error>(Error{kind, std::move(what), std::move(where), std::move(remedy)});
}

Result<std::string> sha256_of(const void* data, std::size_t bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(data, bytes, digest.data(), &size, EVP_sha256(), nullptr) != 1) return harness_fault("SHA-256 failed");
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

constexpr std::size_t kPieceBytes = std::size_t{64} << 20;  // between two looks at whether to stop

Result<SealedCopy> copy_and_seal(const std::string& path, std::uintmax_t most_bytes, ErrorKind kind,
                                 const std::stop_token& stop) {
  // Non-blocking: opening a FIFO would wait for a writer for ever.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file) {
    const int error = errno;
    if (error == ENOENT) return refuse(kind, "the file does not exist", path, "check the path");
    if (error == ELOOP) return refuse(kind, "its symbolic links form a loop", path, "give the file itself");
    return refuse(kind, std::string("the file cannot be opened: ") + strerror(error), path, "check its permissions");
  }
  struct stat status;
  if (fstat(file.get(), &status) != 0)
    return refuse(kind, "the file cannot be examined", path, "check the file system");
  if (!S_ISREG(status.st_mode))
    return refuse(kind, "it is " + describe_type(status.st_mode), path, "give a regular file");
  if (status.st_size == 0) return refuse(kind, "the file is empty", path, "give the complete file");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (bytes > most_bytes) {
    return refuse(kind,
                  "the file has " + std::to_string(bytes) + " bytes, more than the " + std::to_string(most_bytes) +
                      " that it may have",
                  path, "give a smaller file");
  }
  auto memory = make_memory_file(bytes);
  if (!memory) return tl::unexpected(memory.error());

  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
  if (mapped == MAP_FAILED) return harness_fault(std::string("the copy cannot be mapped: ") + strerror(errno), path);
  std::size_t done = 0;
  ssize_t count = 1;
  while (done < bytes && count > 0 && !stop.stop_requested()) {
    count = read(file.get(), static_cast<char*>(mapped) + done, std::min(bytes - done, kPieceBytes));
    if (count < 0 && errno == EINTR)
      count = 1;
    else if (count > 0)
      done += static_cast<std::size_t>(count);
  }
  const int error = count < 0 ? errno : 0;
  if (stop.stop_requested()) {
    munmap(mapped, bytes);
    return tl::unexpected<Error>(Error{ErrorKind::interrupted, "interrupted", {}, {}});
  }
  char beyond;
  const bool has_changed = done != bytes || read(file.get(), &beyond, 1) != 0;
  auto sha256 = sha256_of(mapped, bytes);
  munmap(mapped, bytes);
  if (error) return refuse(kind, std::string("the file cannot be read: ") + strerror(error), path, "check the disk");
  if (has_changed) return refuse(kind, "the file changed while it was read", path, "wait until it is complete");
  if (!sha256) return tl::unexpected(sha256.error());
  if (auto sealed = seal_memory_file(*memory, true); !sealed) return tl::unexpected(sealed.error());
  return SealedCopy{std::move(*memory), std::move(*sha256)};
}

}  // namespace

Result<PluginFile> open_plugin_file(const std::filesystem::path& path, std::uintmax_t most_bytes,
                                    const std::stop_token& stop) {
  auto copy = copy_and_seal(path.string(), std::min(most_bytes, kMaxPluginFileBytes), ErrorKind::plugin_fault, stop);
  if (!copy) return tl::unexpected(copy.error());
  const bool shipped = is_shipped_plugin(copy->sha256);
  return PluginFile{path.string(), path.filename().string(), std::move(copy->sha256), shipped, std::move(copy->memory)};
}

Result<DataFile> open_data_file(const std::filesystem::path& path, std::uintmax_t most_bytes,
                                const std::stop_token& stop) {
  auto copy = copy_and_seal(path.string(), std::min(most_bytes, kMaxDataFileBytes), ErrorKind::bad_input, stop);
  if (!copy) return tl::unexpected(copy.error());
  return DataFile{path.string(), path.filename().string(), std::move(copy->sha256), std::move(copy->memory)};
}

bool is_shipped_plugin(std::string_view sha256) {
  const auto hashes = shipped_plugin_hashes();
  return std::find(hashes.begin(), hashes.end(), sha256) != hashes.end();
}

}  // namespace headroom
