#include "sandbox/private_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace headroom {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kPagesOfItsOwn = 16;                    // of the file system, beside the two files
constexpr std::uint64_t kPieceBytes = std::uint64_t{16} << 20;  // mapped at a time

std::uint64_t pages(std::uint64_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes; }

// `path` is the one that the worker knows.
tl::expected<FileDescriptor, SystemFailure> make_file(const FileDescriptor& folder, const char* path,
                                                      std::uint64_t bytes) {
  const char* const name = std::strrchr(path, '/') + 1;
  FileDescriptor file(openat(folder.get(), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) return system_failure(std::string("open ") + path);
  if (ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) return system_failure(std::string("ftruncate ") + path);
  return file;
}

}  // namespace

tl::expected<PrivateFiles, SystemFailure> make_private_files(const std::string& place, std::uint64_t library_bytes,
                                                             std::uint64_t data_file_bytes) {
  const std::string options =
      "mode=0755,size=" + std::to_string((pages(library_bytes) + pages(data_file_bytes) + kPagesOfItsOwn) * kPageBytes);
  if (mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return system_failure("mount tmpfs");
  // Not its root, on which the worker's own root is mounted next.
  const std::string folder = place + kPrivateFilesFolder;
  PrivateFiles files;
  if (mkdir(folder.c_str(), 0755) != 0) return system_failure("mkdir " + folder);
  files.folder = FileDescriptor(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!files.folder) return system_failure("open " + folder);
  auto library = make_file(files.folder, kPrivateLibrary, library_bytes);
  if (!library) return tl::unexpected(library.error());
  files.library = std::move(*library);
  if (data_file_bytes > 0) {
    auto data_file = make_file(files.folder, kPrivateDataFile, data_file_bytes);
    if (!data_file) return tl::unexpected(data_file.error());
    files.data_file = std::move(*data_file);
  }
  return files;
}

tl::expected<void, SystemFailure> fill_private_file(const FileDescriptor& file, const FileDescriptor& memory) {
  struct stat to, from;
  if (fstat(file.get(), &to) != 0 || fstat(memory.get(), &from) != 0) return system_failure("fstat");
  if (to.st_size != from.st_size) return system_failure("a file has another size than was said", EINVAL);
  const auto bytes = static_cast<std::uint64_t>(to.st_size);
  for (std::uint64_t at = 0; at < bytes; at += kPieceBytes) {
    const auto piece = static_cast<std::size_t>(std::min(kPieceBytes, bytes - at));
    const auto offset = static_cast<off_t>(at);
    void* const target = mmap(nullptr, piece, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), offset);
    void* const source = mmap(nullptr, piece, PROT_READ, MAP_PRIVATE, memory.get(), offset);
    const int error = target == MAP_FAILED || source == MAP_FAILED ? errno : 0;
    if (error == 0) std::memcpy(target, source, piece);
    if (target != MAP_FAILED) munmap(target, piece);
    if (source != MAP_FAILED) munmap(source, piece);
    if (error != 0) return system_failure("mmap", error);
  }
  return {};
}

}  // namespace headroom
