#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace headroom {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

// Distinguishes the temporary files of one process.
std::atomic<unsigned> next_number{0};

}  // namespace

tl::unexpected<Error> write_error(const std::filesystem::path& path, int error_number) {
  const char* remedy = "check the output folder";
  switch (error_number) {
    case ENOSPC:
      remedy = "free some space or choose another output folder";
      break;
    case EDQUOT:
      remedy = "raise the quota or choose another output folder";
      break;
    case EFBIG:
      remedy = "raise the limit on file size (ulimit -f)";
      break;
    case EROFS:
      remedy = "choose a writable output folder";
      break;
    default:
      break;
  }
  return harness_fault(std::string("cannot write: ") + std::strerror(error_number), path.string(), remedy);
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& target) {
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return bad_input("the output is not a regular file", target.string(), "choose another output file");
  }
  AtomicFile file;
  file.target_ = target;
  // A name that is taken belongs to a killed process with the same number; the next one is free.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::filesystem::path name = target;
    name += "." + std::to_string(::getpid()) + "-" + std::to_string(next_number++) + ".tmp";
    file.fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.fd_ >= 0) {
      file.temporary_ = std::move(name);
      return file;
    }
    if (errno != EEXIST) break;
  }
  return bad_input(std::string("cannot create the file: ") + std::strerror(errno), target.string(),
                   "check that its folder exists and is writable");
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      buffer_(std::move(other.buffer_)),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  target_ = std::move(other.target_);
  temporary_ = std::exchange(other.temporary_, {});
  buffer_ = std::move(other.buffer_);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

Result<void> AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return write_error(target_, errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  buffer_.clear();
  return {};
}

Result<void> AtomicFile::write(std::string_view bytes) {
  if (fd_ < 0) return harness_fault("written after it was finished", target_.string());
  buffer_.append(bytes);
  if (buffer_.size() < kBufferBytes) return {};
  return flush();
}

Result<void> AtomicFile::commit() {
  if (fd_ < 0) return harness_fault("finished twice", target_.string());
  if (auto flushed = flush(); !flushed) return flushed;
  if (::fsync(fd_) != 0) return write_error(target_, errno);
  if (::close(std::exchange(fd_, -1)) != 0) return write_error(target_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return write_error(target_, errno);
  temporary_.clear();
  // The rename itself lasts once the folder is on disc; a file system that cannot sync a folder has nothing to add.
  std::filesystem::path folder = target_.parent_path();
  if (folder.empty()) folder = ".";
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd >= 0) {
    ::fsync(folder_fd);
    ::close(folder_fd);
  }
  return {};
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  auto file = AtomicFile::create(path);
  if (!file) return tl::unexpected(file.error());
  if (auto written = file->write(bytes); !written) return written;
  return file->commit();
}

}  // namespace headroom
