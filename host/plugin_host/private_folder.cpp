#include "plugin_host/private_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/file_descriptor.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr int kMostDepth = 64;  // of folders in folders; a descriptor each

constexpr int kBeyondShare = -1;  // beside the errnos: it takes more than its CopyBounds allow

tl::unexpected<Error> not_copied(const fs::path& folder, int error) {
  if (error == kBeyondShare) {
    return bad_input("it takes more bytes than one of so many submissions may", folder.string(), "make it smaller");
  }
  if (error == ENOSPC || error == EDQUOT) {
    return bad_input("there is no room for its worker's own copy", folder.string(),
                     "free some, or set TMPDIR to a folder with more");
  }
  if (error == ECANCELED) return tl::unexpected<Error>(Error{ErrorKind::interrupted, "interrupted", {}, {}});
  if (error == EFBIG) {
    return bad_input("the data folder is larger than a quarter of what is free for its worker's own copy",
                     folder.string(), "make it smaller, or set TMPDIR to a folder with more room");
  }
  if (error == ELOOP) {
    return bad_input("the data folder has more than " + std::to_string(kMostDepth) + " folders in one another",
                     folder.string(), "make it flatter");
  }
  return harness_fault("a worker's own copy of the data folder cannot be made: " + std::string(strerror(error)),
                       folder.string(), "set TMPDIR to a folder with room for it");
}

// What is left to one copy.
struct Copying {
  const CopyBounds& bounds;
  std::uint64_t bytes_left = 0;
  bool is_of_share = false;  // else of what is free
};

// Of what is free: so that no folder, and no number of them at once, leaves others without room.
constexpr std::uint64_t kPartOfFree = 4;

std::uint64_t most_copied_bytes(const fs::path& where) {
  struct statvfs status;
  if (statvfs(where.c_str(), &status) != 0) return 0;
  return std::uint64_t{status.f_bavail} * status.f_frsize / kPartOfFree;
}

Copying copying_to(const fs::path& where, const CopyBounds& bounds) {
  const std::uint64_t of_free = most_copied_bytes(where);
  const bool is_of_share = bounds.most_bytes && *bounds.most_bytes < of_free;
  return {bounds, is_of_share ? *bounds.most_bytes : of_free, is_of_share};
}

// 0, or why to go no further: ECANCELED or ETIME.
int impatience(const Copying& copying) {
  if (copying.bounds.stop.stop_requested()) return ECANCELED;
  const auto& deadline = copying.bounds.deadline;
  return deadline && std::chrono::steady_clock::now() >= *deadline ? ETIME : 0;
}

// 0 or an errno. Only what is there is copied: a file of holes takes no room.
int copy_content(int from, int to, off_t bytes, Copying& copying) {
  std::vector<char> buffer(std::size_t{1} << 20);
  for (off_t at = 0; at < bytes;) {
    if (const int error = impatience(copying)) return error;  // where every page is followed by a hole
    const off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    off_t end = data < 0 ? bytes : lseek(from, data, SEEK_HOLE);
    if (end < 0 || end > bytes) end = bytes;
    at = std::max(at, data);
    while (at < end) {
      if (const int error = impatience(copying)) return error;
      const auto most = std::min<off_t>(end - at, static_cast<off_t>(buffer.size()));
      const ssize_t got = pread(from, buffer.data(), static_cast<std::size_t>(most), at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      if (got == 0) return 0;  // it has become shorter
      if (static_cast<std::uint64_t>(got) > copying.bytes_left) {
        return copying.is_of_share ? kBeyondShare : EFBIG;
      }
      copying.bytes_left -= static_cast<std::uint64_t>(got);
      for (ssize_t done = 0; done < got;) {
        const ssize_t put = pwrite(to, buffer.data() + done, static_cast<std::size_t>(got - done), at + done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return put < 0 ? errno : ENOSPC;
        done += put;
      }
      at += got;
    }
  }
  return ftruncate(to, bytes) == 0 ? 0 : errno;
}

// Times as the source has them: some caches are valid for a time of change alone.
void copy_time(int to, const struct stat& source) {
  const timespec times[] = {source.st_mtim, source.st_mtim};
  futimens(to, times);
}

int copy_file(int from, const struct stat& status, int to_folder, const char* name, Copying& copying) {
  const FileDescriptor to(openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to) return errno;
  if (const int error = copy_content(from, to.get(), status.st_size, copying)) return error;
  // The worker may have another user id than this process.
  fchmod(to.get(), (status.st_mode & 0777) | 0444);
  copy_time(to.get(), status);
  return 0;
}

int copy_link(int from_folder, int to_folder, const char* name) {
  std::array<char, PATH_MAX> target{};
  if (readlinkat(from_folder, name, target.data(), target.size() - 1) < 0) return 0;
  return symlinkat(target.data(), to_folder, name) == 0 ? 0 : errno;
}

// Takes `from`. Never follows a link, never waits for a FIFO.
int copy_folder(int from, int to, int depth, Copying& copying) {
  DIR* const listing = fdopendir(from);
  if (listing == nullptr) return errno;
  int error = depth > kMostDepth ? ELOOP : 0;
  while (const dirent* entry = error == 0 ? readdir(listing) : nullptr) {
    const std::string name = entry->d_name;
    struct stat status;
    if (name == "." || name == "..") continue;
    if ((error = impatience(copying)) != 0) continue;
    if (fstatat(dirfd(listing), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(status.st_mode)) {
      error = copy_link(dirfd(listing), to, name.c_str());
      continue;
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) continue;
    FileDescriptor source(
        openat(dirfd(listing), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (!source || fstat(source.get(), &status) != 0) continue;
    if (S_ISREG(status.st_mode)) {
      error = copy_file(source.get(), status, to, name.c_str(), copying);
    } else if (S_ISDIR(status.st_mode)) {
      if (mkdirat(to, name.c_str(), 0700) != 0) {
        error = errno;
        continue;
      }
      const FileDescriptor below(openat(to, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      error = below ? copy_folder(source.release(), below.get(), depth + 1, copying) : errno;
      fchmod(below.get(), (status.st_mode & 0777) | 0555);
      copy_time(below.get(), status);
    }
  }
  closedir(listing);
  return error;
}

std::string unguessable_name() {
  std::array<std::uint64_t, 2> bits{};
  if (getrandom(bits.data(), sizeof(bits), 0) != static_cast<ssize_t>(sizeof(bits))) return {};
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(bits[0]),
                static_cast<unsigned long long>(bits[1]));
  return text;
}

}  // namespace

bool is_readable_by_all(const fs::path& folder) {
  std::error_code error;
  const auto allows = [&](const fs::path& path) {
    const fs::file_status status = fs::symlink_status(path, error);
    const fs::perms needed =
        fs::is_directory(status) ? fs::perms::others_read | fs::perms::others_exec : fs::perms::others_read;
    const bool is_copied = fs::is_directory(status) || fs::is_regular_file(status);
    return !error && (!is_copied || (status.permissions() & needed) == needed);
  };
  if (!allows(folder)) return false;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (!allows(at->path())) return false;
  }
  return !error;
}

Result<std::shared_ptr<const PrivateFolder>> PrivateFolder::copy_of(const fs::path& folder, const CopyBounds& bounds) {
  FileDescriptor from(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status;
  if (!from || fstat(from.get(), &status) != 0) {
    return bad_input(std::string("the data folder cannot be opened: ") + strerror(errno), folder.string(),
                     "check its permissions");
  }
  auto made = make(folder);
  if (!made) return tl::unexpected<Error>(made.error());
  const FileDescriptor to(open((*made)->path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!to) return not_copied(folder, errno);
  Copying copying = copying_to((*made)->path_, bounds);
  if (const int failed = copy_folder(from.release(), to.get(), 0, copying)) return not_copied(folder, failed);
  if (fchmod(to.get(), (status.st_mode & 0777) | 0555) != 0) return not_copied(folder, errno);
  return std::shared_ptr<const PrivateFolder>(std::move(*made));
}

Result<std::shared_ptr<const PrivateFolder>> PrivateFolder::copy_of_files(const fs::path& folder,
                                                                          const std::vector<std::string>& names,
                                                                          const CopyBounds& bounds) {
  std::shared_ptr<PrivateFolder> made;
  FileDescriptor to;
  std::optional<Copying> copying;
  for (const std::string& name : names) {
    const fs::path file = folder / name;
    const FileDescriptor from(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    struct stat status;
    if (!from || fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return bad_input("it is no file that can be read", file.string(), "give a regular file");
    }
    if (!made) {
      auto empty = make(file);
      if (!empty) return tl::unexpected<Error>(empty.error());
      made = std::move(*empty);
      to = FileDescriptor(open(made->path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!to) return not_copied(file, errno);
      copying.emplace(copying_to(made->path_, bounds));
    }
    if (const int failed = copy_file(from.get(), status, to.get(), name.c_str(), *copying)) {
      return not_copied(file, failed);
    }
  }
  if (!made) return bad_input("no file is named", folder.string(), "name one");
  if (fchmod(to.get(), 0555) != 0) return not_copied(folder, errno);
  return std::shared_ptr<const PrivateFolder>(std::move(made));
}

Result<std::shared_ptr<const PrivateFolder>> PrivateFolder::copy_of_file(const fs::path& file,
                                                                         const CopyBounds& bounds) {
  return copy_of_files(file.parent_path(), {file.filename().string()}, bounds);
}

Result<std::shared_ptr<PrivateFolder>> PrivateFolder::make(const fs::path& of) {
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "headroom-data-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr) return not_copied(of, error ? error.value() : errno);
  std::shared_ptr<PrivateFolder> made(new PrivateFolder(pattern));
  // Others can go through the outer folder but not list it.
  const std::string name = unguessable_name();
  made->path_ = made->outer_ / name;
  if (name.empty() || mkdir(made->path_.c_str(), 0700) != 0 || chmod(made->outer_.c_str(), 0711) != 0) {
    return not_copied(of, errno);
  }
  return made;
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  // Folders that were closed to writing have to be opened for their content to go.
  for (fs::recursive_directory_iterator at(outer_, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::error_code of_entry;
    if (at->is_directory(of_entry) && !at->is_symlink(of_entry)) {
      fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, of_entry);
    }
  }
  fs::remove_all(outer_, ignored);
}

}  // namespace headroom
