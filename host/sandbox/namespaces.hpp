// Namespaces of a worker's own: the rest of the system is not there for it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sandbox/system_failure.hpp"

namespace headroom {

// Where a process stands: a number for each of "user", "mnt", "pid", "net", "ipc", "uts", of one boot.
struct NamespaceIds {
  std::vector<std::pair<std::string, ino_t>> ids;
  dev_t root_device = 0;
  ino_t root_inode = 0;
};
NamespaceIds note_namespaces();

// Like fork(), but the child is process 1 of new user, mount, pid, network, ipc and uts namespaces.
tl::expected<pid_t, SystemFailure> clone_into_namespaces();

// In that child, before anything else: maps `user` and `group`, whom it was outside, to the same numbers inside.
tl::expected<void, SystemFailure> map_own_ids(uid_t user, gid_t group);

// In that child: leaves the old file tree for an empty one with read-only binds of readable_system_paths(), a /proc of
// the new pid namespace (the old one where a new one is not granted), and `data_folder` as /data unless it is empty.
// A data folder that cannot be bound (its parents are closed to the user) stays reachable by descriptor alone.
tl::expected<void, SystemFailure> enter_private_root(const std::string& data_folder);

inline constexpr const char* kPrivateDataFolder = "/data";

}  // namespace headroom
