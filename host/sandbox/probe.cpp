#include "sandbox/probe.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "sandbox/file_descriptor.hpp"

namespace headroom {
namespace {

std::string layer_of(const std::string& name) {
  if (name == "mnt") return "mount_namespace";
  if (name == "net") return "network_namespace";
  return name + "_namespace";
}

}  // namespace

void add_layer(ConfinementReport& report, const std::string& name, const tl::expected<void, SystemFailure>& outcome) {
  ConfinementLayer& layer = *report.add_layers();
  layer.set_name(name);
  layer.set_enforced(outcome.has_value());
  if (!outcome) layer.set_missing(outcome.error().text());
}

void add_missing_layer(ConfinementReport& report, const std::string& name, const std::string& reason) {
  ConfinementLayer& layer = *report.add_layers();
  layer.set_name(name);
  layer.set_missing(reason);
}

tl::expected<void, SystemFailure> probe_file_access() {
  const FileDescriptor root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root) return system_failure("open / succeeded", EINVAL);
  return errno == EACCES ? tl::expected<void, SystemFailure>{} : system_failure("open /");
}

tl::expected<void, SystemFailure> probe_read_only_mount(int fd) {
  struct statvfs status;
  if (fstatvfs(fd, &status) != 0) return system_failure("fstatvfs");
  return status.f_flag & ST_RDONLY ? tl::expected<void, SystemFailure>{} : system_failure("a writable mount", EROFS);
}

void probe_namespaces(ConfinementReport& report, const NamespaceIds& outside, const NamespaceIds& inside) {
  for (std::size_t i = 0; i < outside.ids.size(); ++i) {
    const auto& [name, before] = outside.ids[i];
    const ino_t after = inside.ids[i].second;
    bool is_own = after != 0 && after != before;
    // A mount namespace is worth as much as the tree in it: the old root must be gone.
    if (name == "mnt") is_own &= inside.root_device != outside.root_device || inside.root_inode != outside.root_inode;
    if (is_own) {
      add_layer(report, layer_of(name), {});
    } else {
      add_missing_layer(report, layer_of(name), "the same as the host's");
    }
  }
}

}  // namespace headroom
