#include "io/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace headroom {
namespace {

std::string type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

Result<int> open_regular_file(const std::filesystem::path& path) {
  // Looked at first: opening a device can have effects of its own. Looked at again, since it may be another by then.
  struct stat status {};
  const auto is_irregular = [&] { return !S_ISREG(status.st_mode); };
  const auto refuse = [&] {
    return bad_input("it is " + type_name(status.st_mode) + ", not a file", path.string(), "give a regular file");
  };
  if (::stat(path.c_str(), &status) == 0 && is_irregular()) return refuse();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return bad_input(std::string("cannot open the file: ") + std::strerror(errno), path.string(), "check the path");
  }
  if (::fstat(fd, &status) == 0 && !is_irregular()) return fd;
  ::close(fd);
  return refuse();
}

Result<void> require_regular_file(const std::filesystem::path& path) {
  const auto fd = open_regular_file(path);
  if (!fd) return tl::unexpected<Error>(fd.error());
  ::close(*fd);
  return {};
}

}  // namespace headroom
