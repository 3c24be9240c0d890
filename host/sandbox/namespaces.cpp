#include "sandbox/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>

#include "sandbox/file_descriptor.hpp"
#include "sandbox/landlock.hpp"

namespace headroom {
namespace {

constexpr const char* kNames[] = {"user", "mnt", "pid", "net", "ipc", "uts"};
// Where the new root is put together: the first folder that is there, none of which a readable path lies in. Nothing is
// ever written to the folder itself.
constexpr const char* kStagingFolders[] = {"/mnt", "/media", "/srv", "/home"};

tl::expected<void, SystemFailure> write_file(const char* path, const std::string& text) {
  const FileDescriptor file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file) return system_failure(std::string("open ") + path);
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return system_failure(std::string("write ") + path);
  }
  return {};
}

// Makes the folders above `path`, which is absolute.
void make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0755);
  }
}

// A bind keeps the flags that its source is mounted with: within a user namespace they cannot be taken off.
unsigned long kept_flags(const std::string& path) {
  struct statvfs status;
  if (statvfs(path.c_str(), &status) != 0) return 0;
  unsigned long flags = 0;
  const std::pair<unsigned long, unsigned long> pairs[] = {
      {ST_NOSUID, MS_NOSUID},   {ST_NODEV, MS_NODEV},           {ST_NOEXEC, MS_NOEXEC},
      {ST_NOATIME, MS_NOATIME}, {ST_NODIRATIME, MS_NODIRATIME}, {ST_RELATIME, MS_RELATIME},
  };
  for (const auto& [shown, kept] : pairs) {
    if (status.f_flag & shown) flags |= kept;
  }
  return flags;
}

tl::expected<void, SystemFailure> bind_read_only(const std::string& source, const std::string& target) {
  if (mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return system_failure("mount " + source);
  const unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | kept_flags(target);
  if (mount(nullptr, target.c_str(), nullptr, flags, nullptr) != 0) return system_failure("mount read-only " + source);
  return {};
}

// The same path below `root`: a bind of a folder or file, a copy of a symbolic link, nothing where there is nothing.
tl::expected<void, SystemFailure> show_in(const std::string& root, const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return {};
  const std::string target = root + path;
  make_parents(target);
  if (S_ISLNK(status.st_mode)) {
    std::array<char, PATH_MAX> to{};
    if (readlink(path.c_str(), to.data(), to.size() - 1) < 0) return system_failure("readlink " + path);
    if (symlink(to.data(), target.c_str()) != 0) return system_failure("symlink " + path);
    return {};
  }
  if (S_ISDIR(status.st_mode)) {
    if (mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return system_failure("mkdir " + path);
  } else if (const FileDescriptor made(open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)); !made) {
    return system_failure("open " + path);
  }
  return bind_read_only(path, target);
}

tl::expected<void, SystemFailure> show_processes_in(const std::string& root) {
  const std::string target = root + "/proc";
  mkdir(target.c_str(), 0755);
  if (mount("proc", target.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0) return {};
  // A container that hides parts of /proc grants no fresh one.
  if (mount("/proc", target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return system_failure("mount /proc");
  return {};
}

const char* staging_folder() {
  const auto found = std::find_if(std::begin(kStagingFolders), std::end(kStagingFolders), [](const char* folder) {
    struct stat status;
    return stat(folder, &status) == 0 && S_ISDIR(status.st_mode);
  });
  return found == std::end(kStagingFolders) ? nullptr : *found;
}

std::string path_of(const FileDescriptor& folder) { return "/proc/self/fd/" + std::to_string(folder.get()); }

}  // namespace

NamespaceIds note_namespaces() {
  NamespaceIds noted;
  struct stat status;
  for (const char* name : kNames) {
    const bool known = stat((std::string("/proc/self/ns/") + name).c_str(), &status) == 0;
    noted.ids.emplace_back(name, known ? status.st_ino : 0);
  }
  note_root(noted);
  return noted;
}

void note_root(NamespaceIds& noted) {
  struct stat status;
  if (stat("/", &status) != 0) return;
  noted.root_device = status.st_dev;
  noted.root_inode = status.st_ino;
}

tl::expected<pid_t, SystemFailure> clone_into_namespaces() {
  constexpr unsigned long flags =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
  const long child = syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) return system_failure("clone");
  return static_cast<pid_t>(child);
}

tl::expected<void, SystemFailure> map_own_ids(uid_t user, gid_t group) {
  const auto line = [](unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1\n"; };
  if (auto denied = write_file("/proc/self/setgroups", "deny"); !denied) return denied;
  if (auto mapped = write_file("/proc/self/uid_map", line(user)); !mapped) return mapped;
  return write_file("/proc/self/gid_map", line(group));
}

tl::expected<PrivateRoot, SystemFailure> enter_private_root(const PrivateRootRequest& request) {
  const std::string& data_folder = request.data_folder;
  PrivateRoot made;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return system_failure("mount private");
  // The data folder is bound before its own path can vanish under the new root.
  const FileDescriptor data(data_folder.empty() ? -1 : open(data_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Both stacked on one folder: the files are made in a mount that goes with the old root, and shown by another.
  const char* const staging = staging_folder();
  if (staging == nullptr) return system_failure("no folder for the new root", ENOENT);
  if (request.has_files) made.files = make_private_files(staging, request.library_bytes, request.data_file_bytes);
  if (mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0755") != 0)
    return system_failure("mount tmpfs");
  const std::string root = staging;
  for (const std::string& path : readable_system_paths()) {
    if (auto shown = show_in(root, path); !shown) return tl::unexpected(shown.error());
  }
  if (!request.granted_folder.empty()) {
    if (auto shown = show_in(root, request.granted_folder); !shown) return tl::unexpected(shown.error());
  }
  bool shows_data_folder = false;
  if (data) {
    const std::string target = root + kPrivateDataFolder;
    mkdir(target.c_str(), 0755);
    shows_data_folder = bind_read_only(path_of(data), target).has_value();
    if (!shows_data_folder) rmdir(target.c_str());
  }
  if (made.files && !data_folder.empty() && !shows_data_folder)
    made.files = system_failure("the data folder is not in the root", ENOENT);
  if (made.files && request.has_files) {
    const std::string target = root + kPrivateFilesFolder;
    mkdir(target.c_str(), 0755);
    if (auto bound = bind_read_only(path_of(made.files->folder), target); !bound)
      made.files = tl::unexpected(bound.error());
  }
  if (!made.files || !request.has_files) {
    if (auto shown = show_processes_in(root); !shown) return tl::unexpected(shown.error());
  }
  // The old root ends up below the new one at the same place, and is let go of.
  if (chdir(root.c_str()) != 0) return system_failure("chdir");
  if (syscall(SYS_pivot_root, ".", ".") != 0) return system_failure("pivot_root");
  if (umount2(".", MNT_DETACH) != 0) return system_failure("umount");
  if (chdir("/") != 0) return system_failure("chdir");
  if (mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0) {
    return system_failure("mount read-only");
  }
  return made;
}

}  // namespace headroom
