#include "io/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "io/regular_file.hpp"

namespace headroom {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr int kGzipWindow = 16 + MAX_WBITS;

Result<std::string> read_bytes(const std::filesystem::path& path) {
  const auto opened = open_regular_file(path);
  if (!opened) return tl::unexpected<Error>(opened.error());
  const int fd = *opened;
  struct stat status {};
  std::string bytes;
  if (::fstat(fd, &status) == 0) bytes.reserve(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t n_read = 0;
  for (;;) {
    const std::size_t room = bytes.capacity() - n_read;
    bytes.resize(n_read + (room > 0 ? std::min(room, kReadBytes) : kReadBytes));
    const ssize_t n = ::read(fd, bytes.data() + n_read, bytes.size() - n_read);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int reason = errno;
      ::close(fd);
      return bad_input(std::string("cannot read the file: ") + std::strerror(reason), path.string(), "check the path");
    }
    if (n == 0) break;
    n_read += static_cast<std::size_t>(n);
  }
  ::close(fd);
  bytes.resize(n_read);
  return bytes;
}

// All members of a gzip file, one after another.
Result<std::string> gunzip(const std::string& packed, const std::string& where) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return harness_fault("zlib could not start", where);
  std::string text;
  std::size_t used = 0;
  std::size_t n_out = 0;
  int status = Z_OK;
  while (used < packed.size()) {
    const auto n_in = std::min<std::size_t>(packed.size() - used, std::numeric_limits<uInt>::max());
    text.resize(std::max(n_out + kReadBytes, text.capacity()));
    const auto n_room = std::min<std::size_t>(text.size() - n_out, std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + used));
    stream.avail_in = static_cast<uInt>(n_in);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + n_out);
    stream.avail_out = static_cast<uInt>(n_room);
    status = inflate(&stream, Z_NO_FLUSH);
    used += n_in - stream.avail_in;
    n_out += n_room - stream.avail_out;
    if (status == Z_STREAM_END) {
      // Another member may follow; anything else (padding of a tape or a download) is left alone, as gzip does.
      if (packed.compare(used, 2, "\x1f\x8b") != 0) break;
      inflateReset(&stream);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      break;
    } else if (status == Z_BUF_ERROR && stream.avail_in == 0) {
      break;
    }
  }
  const bool complete = status == Z_STREAM_END;
  const bool damaged = status == Z_DATA_ERROR || status == Z_NEED_DICT || status == Z_STREAM_ERROR;
  inflateEnd(&stream);
  if (!complete) {
    return bad_input(damaged ? "the gzip data are damaged" : "the gzip data are truncated", where,
                     "copy or make the file again");
  }
  text.resize(n_out);
  return text;
}

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& path) {
  auto bytes = read_bytes(path);
  if (!bytes || bytes->compare(0, 2, "\x1f\x8b") != 0) return bytes;
  return gunzip(*bytes, path.string());
}

}  // namespace headroom
