#include "io/bounded_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/regular_file.hpp"

namespace headroom {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> read_bounded_file(const std::filesystem::path& path, std::uint64_t most_bytes) {
  const auto failed = [&](const char* what) {
    return bad_input(fmt::format("{}: {}", what, std::strerror(errno)), path.string(), "check the path");
  };
  const auto opened = open_regular_file(path);
  if (!opened) return tl::unexpected<Error>(opened.error());
  const Descriptor file(*opened);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed("cannot read the file");
  if (static_cast<std::uint64_t>(status.st_size) > most_bytes) {
    return bad_input(
        fmt::format("the file has {} bytes, and no such file has more than {}", status.st_size, most_bytes),
        path.string(), "check the path");
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t n_read = 0;
  while (n_read < bytes.size()) {
    const ssize_t n = ::read(file.get(), bytes.data() + n_read, bytes.size() - n_read);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot read the file");
    if (n == 0) break;
    n_read += static_cast<std::size_t>(n);
  }
  bytes.resize(n_read);
  return bytes;
}

}  // namespace headroom
