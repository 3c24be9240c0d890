// Namespaces of a worker's own: the rest of the system is not there for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/private_files.hpp"
#include "sandbox/system_failure.hpp"

namespace headroom {

// Where a process stands: a number for each of "user", "mnt", "pid", "net", "ipc", "uts", of one boot.
struct NamespaceIds {
  std::vector<std::pair<std::string, ino_t>> ids;
  dev_t root_device = 0;
  ino_t root_inode = 0;
};
NamespaceIds note_namespaces();
// The root alone, where /proc tells of the namespaces no more.
void note_root(NamespaceIds& noted);

// Like fork(), but the child is process 1 of new user, mount, pid, network, ipc and uts namespaces.
tl::expected<pid_t, SystemFailure> clone_into_namespaces();

// In that child, before anything else: maps `user` and `group`, whom it was outside, to the same numbers inside.
tl::expected<void, SystemFailure> map_own_ids(uid_t user, gid_t group);

// What the new root shows beside the system.
struct PrivateRootRequest {
  std::string data_folder;  // shown as /data unless it is empty
  bool has_files = false;   // the plugin's files lie in it, see private_files.hpp
  std::uint64_t library_bytes = 0, data_file_bytes = 0;
  std::string granted_folder = {};  // shown where it lies unless it is empty
};
struct PrivateRoot {
  tl::expected<PrivateFiles, SystemFailure> files;  // where they are, no processes are shown in /proc
};

// In that child: leaves the old file tree for an empty one with read-only binds of readable_system_paths(), and what is
// asked for. A data folder that cannot be bound (its parents are closed to the user) stays reachable by descriptor
// alone. Unless all of the plugin's lies in the root, there is a /proc of the new pid namespace (the old one where a
// new one is not granted); else only the readable file of it is shown, whose inode has a fixed number.
tl::expected<PrivateRoot, SystemFailure> enter_private_root(const PrivateRootRequest& request);

inline constexpr const char* kPrivateDataFolder = "/data";

}  // namespace headroom
