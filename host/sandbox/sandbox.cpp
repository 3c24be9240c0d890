#include "sandbox/sandbox.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>

#include "sandbox/landlock.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/monitor.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/privileges.hpp"
#include "sandbox/probe.hpp"
#include "sandbox/seccomp.hpp"

namespace headroom {
namespace {

constexpr const char* kNamespaceLayers[] = {"user_namespace",    "mount_namespace", "pid_namespace",
                                            "network_namespace", "ipc_namespace",   "uts_namespace"};

bool is_wanted(const SandboxRequest& request, const std::string& layer) {
  const auto& disabled = request.disabled_layers;
  return std::find(disabled.begin(), disabled.end(), layer) == disabled.end();
}

std::string folder_behind(int fd) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = readlink(link.c_str(), path.data(), path.size() - 1);
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

// The new process 1: prepares the namespaces, starts the worker and waits for it. Returns in the worker, with what
// could not be had of the mount namespace.
tl::expected<PrivateRoot, SystemFailure> become_worker_of_namespace(const SandboxRequest& request, uid_t user,
                                                                    gid_t group, int inner_end, NamespaceIds& inside) {
  inside = note_namespaces();
  tl::expected<PrivateRoot, SystemFailure> prepared;
  if (auto mapped = map_own_ids(user, group); !mapped) {
    prepared = tl::unexpected(mapped.error());
  } else {
    prepared = enter_private_root({request.has_data_folder ? folder_behind(kDataFolderFd) : std::string(),
                                   !request.is_ours, request.library_bytes, request.data_file_bytes,
                                   request.granted_folder});
  }
  note_root(inside);
  if (prepared && request.has_data_folder) {
    // From here on the data folder is the one of the private root: nothing outside is above it.
    const FileDescriptor folder(open(kPrivateDataFolder, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (folder) dup3(folder.get(), kDataFolderFd, O_CLOEXEC);
  }
  const pid_t worker = fork();
  if (worker < 0) _exit(kNoWorkerExit);
  if (worker > 0) run_init(worker, inner_end);
  return prepared;
}

// Where all that the plugin needs lies in its private root: puts its files where the worker fills them.
tl::expected<void, SystemFailure> use_private_files(const PrivateRoot& root) {
  if (!root.files) return tl::unexpected(root.files.error());
  if (access("/proc/self", F_OK) == 0) return system_failure("there is a /proc", EEXIST);
  if (dup3(root.files->library.get(), kLibraryFd, O_CLOEXEC) < 0) return system_failure("dup3");
  const FileDescriptor& data_file = root.files->data_file;
  if (data_file && dup3(data_file.get(), kDataFileFd, O_CLOEXEC) < 0) return system_failure("dup3");
  return {};
}

}  // namespace

void close_inherited_descriptors() { close_range(kLibraryFd, ~0u, 0); }

ConfinementLevel level_of(const ConfinementReport& report) {
  for (const ConfinementLevel level : {ConfinementLevel::FULL, ConfinementLevel::STRONG, ConfinementLevel::DEGRADED}) {
    if (missing_for(level, report).empty()) return level;
  }
  return ConfinementLevel::NONE;
}

std::string missing_for(ConfinementLevel level, const ConfinementReport& report) {
  std::vector<std::string> needed;
  if (level >= ConfinementLevel::DEGRADED)
    needed = {"no_new_privs", "undumpable", "no_capabilities", "rlimits", "seccomp"};
  if (level >= ConfinementLevel::STRONG) needed.push_back("landlock");
  const auto& layers = report.layers();
  const auto find = [&](const std::string& name) {
    return std::find_if(layers.begin(), layers.end(), [&](const auto& layer) { return layer.name() == name; });
  };
  if (level >= ConfinementLevel::FULL) {
    needed.insert(needed.end(), std::begin(kNamespaceLayers), std::end(kNamespaceLayers));
    // Workers for Headroom's own plugins have no use for it.
    if (find(kPrivateFilesLayer) != layers.end()) needed.push_back(kPrivateFilesLayer);
  }
  std::string missing;
  for (const std::string& name : needed) {
    const auto layer = find(name);
    if (layer != layers.end() && layer->enforced()) continue;
    missing += (missing.empty() ? "" : ", ") + name;
    if (layer != layers.end()) missing += " (" + layer->missing() + ")";
  }
  return missing;
}

Sandbox enter_sandbox(const SandboxRequest& request) {
  Sandbox sandbox;
  ConfinementReport& report = sandbox.report;
  const bool is_off = request.mode == SandboxMode::OFF;
  const std::string why_not = is_off ? "switched off by --sandbox off" : "switched off for a test";
  const auto wanted = [&](const char* layer) { return !is_off && is_wanted(request, layer); };

  // The monitor: a user id of its own, then a child in namespaces or, where they are not to be had, a plain one.
  bool has_own_user = false;
  if (geteuid() == 0) {
    if (wanted("own_uid")) {
      const auto taken = take_own_user_id();
      has_own_user = taken.has_value();
      add_layer(report, "own_uid", taken);
    } else {
      add_missing_layer(report, "own_uid", why_not);
    }
  } else {
    add_missing_layer(report, "own_uid", "only root can take another user id");
  }
  // Changing the user id made the process undumpable, and then its id maps cannot be written.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const NamespaceIds outside = note_namespaces();

  int inner[2] = {-1, -1};
  tl::expected<pid_t, SystemFailure> child = system_failure(why_not, 0);
  const bool wants_namespaces = wanted("namespaces");
  if (wants_namespaces && pipe2(inner, O_CLOEXEC) == 0) child = clone_into_namespaces();
  const bool is_namespaced = child.has_value();
  if (!is_namespaced) {
    const pid_t forked = fork();
    if (forked < 0) _exit(kNoWorkerExit);
    if (forked > 0) run_monitor(forked, -1);
  } else if (*child > 0) {
    close(inner[1]);
    run_monitor(*child, inner[0]);
  }
  // From here on the monitor is another process. If it dies, so does its child.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  tl::expected<PrivateRoot, SystemFailure> prepared;
  NamespaceIds inside;
  if (is_namespaced) {
    prepared = become_worker_of_namespace(request, user, group, inner[1], inside);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  }

  // The worker.
  close(kControlFd);
  close(kEndFd);
  for (const int end : inner) {
    if (end >= 0) close(end);
  }
  if (is_namespaced && prepared && !request.is_ours) {
    const auto used = use_private_files(*prepared);
    sandbox.has_private_files = used.has_value();
    add_layer(report, kPrivateFilesLayer, used);
    prepared->files = PrivateFiles();
  }
  if (request.has_data_folder) add_layer(report, kDataFolderLayer, probe_read_only_mount(kDataFolderFd));
  add_layer(report, "undumpable", forbid_dumping());
  if (is_off) {
    for (const char* layer : {"no_capabilities", "no_new_privs", "landlock"}) add_missing_layer(report, layer, why_not);
  } else {
    if (wanted("no_capabilities")) {
      drop_capabilities();
      add_layer(report, "no_capabilities", probe_capabilities());
    } else {
      add_missing_layer(report, "no_capabilities", why_not);
    }
    add_layer(report, "no_new_privs", forbid_new_privileges());
    if (wanted("landlock")) {
      std::vector<std::string> own_folders(sandbox.has_private_files ? 1 : 0, kPrivateFilesFolder);
      if (!request.granted_folder.empty()) own_folders.push_back(request.granted_folder);
      const auto restricted = restrict_files(request.has_data_folder ? kDataFolderFd : -1, own_folders);
      if (restricted) {
        report.set_landlock_abi(static_cast<std::uint32_t>(restricted->abi));
        add_layer(report, "landlock", probe_file_access());
        if (!restricted->denies_tcp) add_missing_layer(report, "landlock_tcp", "needs Landlock ABI 4");
        if (!restricted->denies_signals) add_missing_layer(report, "landlock_signals", "needs Landlock ABI 6");
      } else {
        add_missing_layer(report, "landlock", restricted.error().text());
      }
    } else {
      add_missing_layer(report, "landlock", why_not);
    }
  }
  if (is_wanted(request, "rlimits")) {
    const auto counted = has_own_user || is_namespaced ? ThreadCount::of_worker : ThreadCount::of_user;
    auto limited = apply_limits(request.limits, counted);
    if (limited) limited = probe_limits(request.limits);
    add_layer(report, "rlimits", limited);
  } else {
    add_missing_layer(report, "rlimits", why_not);
  }
  if (wanted("seccomp")) {
    auto listener = install_syscall_filter(request.is_ours ? PluginOrigin::ours : PluginOrigin::foreign);
    if (listener) {
      sandbox.policy_listener = std::move(*listener);
      add_layer(report, "seccomp", probe_syscall_filter());
      if (!sandbox.policy_listener) add_missing_layer(report, "syscall_names", "the kernel granted no listener");
    } else {
      add_missing_layer(report, "seccomp", listener.error().text());
    }
  } else {
    add_missing_layer(report, "seccomp", why_not);
  }
  if (is_namespaced) {
    probe_namespaces(report, outside, inside);
    if (!prepared) add_missing_layer(report, "private_root", prepared.error().text());
  } else {
    const std::string reason = wants_namespaces ? child.error().text() : why_not;
    for (const char* layer : kNamespaceLayers) add_missing_layer(report, layer, reason);
  }
  report.set_level(level_of(report));
  return sandbox;
}

}  // namespace headroom
