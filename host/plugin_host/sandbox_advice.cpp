#include "plugin_host/sandbox_advice.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace headroom {
namespace {

using Switches = std::vector<SandboxSwitch>;

const std::set<std::string> kNamespaces = {"user_namespace",    "mount_namespace", "pid_namespace",
                                           "network_namespace", "ipc_namespace",   "uts_namespace"};

bool is_refused(const ConfinementLayer& layer) {
  return layer.missing().starts_with("EPERM") || layer.missing().starts_with("EACCES");
}

// Landlock's own word for: built in, and switched off when the kernel started.
bool is_switched_off(const ConfinementLayer& layer) {
  return layer.missing().starts_with("EOPNOTSUPP") || layer.missing().starts_with("ENOTSUP");
}

// systemd 252, that of Debian 12, has no group with landlock_* and seccomp. Later ones call it @sandbox, which an older
// one passes over with a warning.
constexpr const char* kOrGroup = ", or @sandbox where systemd-analyze syscall-filter lists it";
// What AppArmor refuses on Ubuntu 24.04 is not the namespace, but all that is done in it.
constexpr const char* kOfAppArmor =
    "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile with userns (Ubuntu 24.04)";

Switches of_landlock(const ConfinementLayer& layer) {
  Switches switches;
  if (is_switched_off(layer)) {
    return {{"kernel", "landlock in the list of the boot parameter lsm= (see /sys/kernel/security/lsm)"}};
  }
  // A profile that does not know the calls yet may answer ENOSYS as well as a kernel that does not have them.
  if (!is_refused(layer)) {
    switches.push_back({"kernel",
                        "5.13 or later, built with CONFIG_SECURITY_LANDLOCK=y, and landlock in the list of "
                        "the boot parameter lsm= (see /sys/kernel/security/lsm)"});
  }
  switches.push_back({"Docker",
                      "a seccomp profile that allows landlock_create_ruleset, landlock_add_rule and "
                      "landlock_restrict_self (that of Docker 23 does), or --security-opt seccomp=unconfined"});
  switches.push_back({"Podman", "the same, --security-opt seccomp=PROFILE (that of containers-common 0.49 does)"});
  switches.push_back(
      {"Apptainer", "nothing of its own: only root's --security seccomp:PROFILE filters, else it is up to the kernel"});
  switches.push_back({"systemd", std::string("SystemCallFilter= with landlock_create_ruleset, landlock_add_rule and "
                                             "landlock_restrict_self") +
                                     kOrGroup});
  return switches;
}

Switches of_namespaces(const ConfinementLayer& layer) {
  // What is not refused but used up, or not built in, is the kernel's alone.
  if (layer.missing().starts_with("ENOSPC") || layer.missing().starts_with("EUSERS")) {
    return {
        {"kernel",
         "sysctl user.max_user_namespaces, and max_mnt_, max_pid_, max_net_, max_ipc_ and max_uts_namespaces, above "
         "0, here and in every user namespace around this one, of which there may be 32"}};
  }
  if (layer.missing().starts_with("EINVAL")) {
    return {{"kernel", "built with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS"}};
  }
  return {
      {"kernel",
       std::string("a root that no chroot made (an engine's pivot_root is none), sysctl user.max_user_namespaces (not "
                   "0), kernel.unprivileged_userns_clone=1 (Debian), ") +
           kOfAppArmor},
      {"Docker",
       "--security-opt seccomp=PROFILE that allows clone with CLONE_NEW*, mount, pivot_root and umount2 (or "
       "unconfined), and --security-opt apparmor=unconfined, since docker-default denies mount"},
      {"Podman",
       "nothing with its own seccomp profile, which allows them, rootless as well; one of yours "
       "(--security-opt seccomp=PROFILE) must allow clone with CLONE_NEW*, mount, pivot_root and umount2"},
      {"Apptainer", "nothing of its own, with setuid or without: namespaces within its own are the kernel's affair"},
      {"systemd", "RestrictNamespaces=no, and SystemCallFilter= with @process and @mount"}};
}

// A /proc with hidden parts is no obstacle: it is shown as it is where no fresh one is to be had.
Switches of_private_root() {
  return {{"kernel", std::string("AppArmor and SELinux must allow mounts in a user namespace: ") + kOfAppArmor},
          {"Docker",
           "--security-opt apparmor=unconfined, since docker-default denies mount, and --security-opt seccomp=PROFILE "
           "that allows mount, pivot_root and umount2 (or unconfined); under SELinux --security-opt label=disable"},
          {"Podman",
           "--security-opt label=disable under SELinux, --security-opt apparmor=unconfined under AppArmor; a seccomp "
           "profile of yours must allow mount, pivot_root and umount2, as its own does"},
          {"Apptainer", "nothing of its own, but for root's --security apparmor:PROFILE or selinux:CONTEXT"},
          {"systemd", "SystemCallFilter= with @mount"}};
}

Switches of_seccomp(const ConfinementLayer& layer) {
  if (layer.name() == "syscall_names") {
    return {{"kernel",
             "5.0 or later; one listener a process tree: a supervisor that has one already (an agent of the "
             "container engine) keeps it"}};
  }
  return {
      {"kernel", "built with CONFIG_SECCOMP_FILTER=y"},
      {"Docker", "a seccomp profile that allows seccomp and prctl (its own does), and a runtime with filters (runc)"},
      {"Podman", "the same, with runc or crun"},
      {"Apptainer", "nothing of its own: only root's --security seccomp:PROFILE filters, else it is up to the kernel"},
      {"systemd", std::string("SystemCallFilter= with @process and seccomp") + kOrGroup}};
}

Switches of_root() {
  return {{"kernel", "started by root, each worker takes a user id of its own; not needed for any level"},
          {"Docker", "--user 0 (and no --cap-drop of SETUID and SETGID)"},
          {"Podman", "--user 0, with a range in /etc/subuid"},
          {"Apptainer", "--fakeroot, with ranges in /etc/subuid and /etc/subgid"},
          {"systemd", "User=root, or no User="}};
}

Switches switches_of(const ConfinementLayer& layer) {
  const std::string& name = layer.name();
  if (name == "landlock") return of_landlock(layer);
  if (name == "landlock_tcp") return {{"kernel", "6.7 or later (Landlock ABI 4); seccomp forbids the network as well"}};
  if (name == "landlock_signals") return {{"kernel", "6.12 or later (Landlock ABI 6)"}};
  if (kNamespaces.contains(name)) return of_namespaces(layer);
  if (name == "private_root" || name == "private_files" || name == "data_folder_mount") return of_private_root();
  if (name == "seccomp" || name == "syscall_names") return of_seccomp(layer);
  if (name == "own_uid") return of_root();
  if (name == "rlimits") {
    return {{"kernel", "the hard limits of this session must not lie below --limit-memory (ulimit -Hv)"},
            {"systemd", "LimitAS= not below --limit-memory"}};
  }
  return {{"kernel", "this layer needs nothing but Linux: please report the reason above"}};
}

ConfinementLevel least_level(const std::string& name) {
  static const std::set<std::string> degraded = {"no_new_privs", "undumpable", "no_capabilities", "rlimits", "seccomp"};
  if (degraded.contains(name)) return ConfinementLevel::DEGRADED;
  if (name == "landlock") return ConfinementLevel::STRONG;
  if (kNamespaces.contains(name) || name == "private_root" || name == "private_files") return ConfinementLevel::FULL;
  return ConfinementLevel::NONE;
}

}  // namespace

std::vector<LayerAdvice> sandbox_advice(const ConfinementReport& report) {
  std::vector<LayerAdvice> all;
  for (const ConfinementLayer& layer : report.layers()) {
    all.push_back({layer, least_level(layer.name()), layer.enforced() ? Switches() : switches_of(layer)});
  }
  return all;
}

std::string level_word(ConfinementLevel level) {
  std::string word = ConfinementLevel_Name(level);
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

}  // namespace headroom
