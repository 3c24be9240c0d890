#include "sandbox/seccomp.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <type_traits>

#include "sandbox/sandbox.hpp"

namespace headroom {
namespace {

// By name, since headers and libseccomp of a system may not know all of them; those are then left to the default.
constexpr const char* kAllowed[] = {
    // memory
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "madvise",
    "msync",
    "membarrier",
    // reading files; what may be opened is Landlock's business
    "read",
    "pread64",
    "readv",
    "preadv",
    "preadv2",
    "lseek",
    "close",
    "close_range",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "statfs",
    "fstatfs",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "getdents",
    "getcwd",
    "fadvise64",
    "dup",
    "dup2",
    "dup3",
    "umask",
    // the log
    "write",
    "writev",
    // threads and waiting
    "futex",
    "futex_waitv",
    "set_robust_list",
    "rseq",
    "set_tid_address",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "getpriority",
    "getcpu",
    "gettid",
    "nanosleep",
    "clock_nanosleep",
    "pause",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create1",
    "epoll_create",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "eventfd2",
    "pipe",
    "pipe2",
    "restart_syscall",
    // signals to itself
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigpending",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sigaltstack",
    "alarm",
    "setitimer",
    "getitimer",
    "timer_create",
    "timer_settime",
    "timer_gettime",
    "timer_getoverrun",
    "timer_delete",
    // asking
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "times",
    "getrusage",
    "getrlimit",
    "sysinfo",
    "uname",
    "getpid",
    "getppid",
    "getpgrp",
    "getpgid",
    "getsid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getgroups",
    "getrandom",
    "arch_prctl",
    // the end
    "exit",
    "exit_group",
};

struct Refused {
  const char* name;
  int error;
};
// Not named, so ENOSYS as by default: clone3 and openat2, whose flags lie in memory where a filter cannot see them.
constexpr Refused kRefused[] = {
    {"ioctl", ENOTTY},
    {"setrlimit", EPERM},
    {"flock", EPERM},
    {"fsync", EROFS},
    {"fdatasync", EROFS},
    {"pwrite64", EROFS},
    {"pwritev", EROFS},
    {"creat", EROFS},
    {"mkdir", EROFS},
    {"mkdirat", EROFS},
    {"rmdir", EROFS},
    {"unlink", EROFS},
    {"unlinkat", EROFS},
    {"rename", EROFS},
    {"renameat", EROFS},
    {"renameat2", EROFS},
    {"link", EROFS},
    {"linkat", EROFS},
    {"symlink", EROFS},
    {"symlinkat", EROFS},
    {"mknod", EROFS},
    {"mknodat", EROFS},
    {"chmod", EROFS},
    {"fchmod", EROFS},
    {"fchmodat", EROFS},
    {"chown", EROFS},
    {"fchown", EROFS},
    {"fchownat", EROFS},
    {"lchown", EROFS},
    {"truncate", EROFS},
    {"utime", EROFS},
    {"utimes", EROFS},
    {"utimensat", EROFS},
    {"futimesat", EROFS},
    {"setxattr", EROFS},
    {"lsetxattr", EROFS},
    {"fsetxattr", EROFS},
    {"removexattr", EROFS},
    {"chdir", EACCES},
    {"fchdir", EACCES},
    {"mlock", EPERM},
    {"mlock2", EPERM},
    {"mlockall", EPERM},
    {"munlock", EPERM},
    {"munlockall", EPERM},
    {"setpriority", EPERM},
    {"sched_setaffinity", EPERM},
    {"sched_setscheduler", EPERM},
    {"sched_setparam", EPERM},
    {"sched_setattr", EPERM},
    {"ioprio_set", EPERM},
    {"tkill", EPERM},
    {"setpgid", EPERM},
    {"setsid", EPERM},
};

constexpr const char* kHostile[] = {
    // network
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "recvfrom",
    "sendmmsg",
    "recvmmsg",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "shutdown",
    // processes
    "fork",
    "vfork",
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "process_mrelease",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "unshare",
    "setns",
    "wait4",
    "waitid",
    // what outlives the process, and shared memory beside the host's
    "keyctl",
    "add_key",
    "request_key",
    "shmget",
    "shmat",
    "shmctl",
    "shmdt",
    "semget",
    "semop",
    "semtimedop",
    "semctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "mq_unlink",
    "mq_timedsend",
    "mq_timedreceive",
    "mq_notify",
    "mq_getsetattr",
    "memfd_create",
    "memfd_secret",
    "fallocate",
    "ftruncate",
    "inotify_init",
    "inotify_init1",
    "fanotify_init",
    "fanotify_mark",
    // kernel surface
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "seccomp",
    "open_by_handle_at",
    "name_to_handle_at",
    "modify_ldt",
    "iopl",
    "ioperm",
    "vmsplice",
    "splice",
    "tee",
    "sendfile",
    "copy_file_range",
    "io_setup",
    "io_submit",
    "lookup_dcookie",
    "uselib",
    "personality",
    // privileges and the system
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "swapon",
    "swapoff",
    "reboot",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "acct",
    "quotactl",
    "quotactl_fd",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "syslog",
    "vhangup",
    "nfsservctl",
    "migrate_pages",
    "move_pages",
};

// prctl() options without an effect beyond the calling thread's own name or a reading.
constexpr int kAllowedPrctl[] = {PR_SET_NAME,         PR_GET_NAME,    PR_GET_DUMPABLE,
                                 PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_GET_TIMERSLACK};
constexpr int kAllowedFcntl[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GET_SEALS};
// Locks outlive nothing but are seen by other workers: a channel between folds.
constexpr int kHostileFcntl[] = {F_SETLK,  F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE,
                                 F_NOTIFY, F_SETOWN, F_SETOWN_EX, F_SETSIG,     F_ADD_SEALS};

constexpr std::uint64_t kWritingFlags = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);

class FilterBuilder {
 public:
  explicit FilterBuilder(std::uint32_t hostile_action)
      : hostile_(hostile_action), context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {
    if (!context_) error_ = ENOMEM;
  }

  template <class... Conditions>
  void add(std::uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (error_ || number < 0) return;  // unknown to this libseccomp, or of another architecture
    int failed;
    if constexpr (sizeof...(conditions) == 0) {
      failed = seccomp_rule_add(context_.get(), action, number, 0);
    } else {
      failed = seccomp_rule_add(context_.get(), action, number, sizeof...(conditions), conditions...);
    }
    if (failed) error_ = -failed;
  }

  void add_all() {
    constexpr std::uint32_t allow = SCMP_ACT_ALLOW;
    for (const char* name : kAllowed) add(allow, name);
    for (const Refused& call : kRefused) add(SCMP_ACT_ERRNO(call.error), call.name);
    for (const char* name : kHostile) add(hostile_, name);

    // Only reading: files of a level without Landlock would otherwise be open to writing.
    for (const auto& [name, flags] : {std::pair{"open", 1u}, std::pair{"openat", 2u}}) {
      add(allow, name, SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, kWritingFlags, 0));
      for (std::uint64_t bit = 1; bit <= kWritingFlags; bit <<= 1) {
        if (kWritingFlags & bit) add(SCMP_ACT_ERRNO(EROFS), name, SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, bit, bit));
      }
    }
    // Threads, but no processes and no namespaces.
    constexpr std::uint64_t refused_flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                            CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_VFORK | CLONE_PTRACE;
    add(allow, "clone", SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | refused_flags, CLONE_THREAD));
    add(hostile_, "clone", SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    // Signals to itself alone: abort() and pthread_kill() need that.
    const auto self = static_cast<std::uint64_t>(getpid());
    for (const char* name : {"kill", "tgkill"}) {
      add(allow, name, SCMP_CMP64(0, SCMP_CMP_EQ, self));
      add(hostile_, name, SCMP_CMP64(0, SCMP_CMP_NE, self));
    }
    // The channel is the one socket.
    for (const char* name : {"sendmsg", "recvmsg"}) {
      add(allow, name, SCMP_CMP64(0, SCMP_CMP_EQ, kChannelFd));
      add(hostile_, name, SCMP_CMP64(0, SCMP_CMP_NE, kChannelFd));
    }
    // Limits may be read, not set.
    add(allow, "prlimit64", SCMP_CMP64(2, SCMP_CMP_EQ, 0));
    add(SCMP_ACT_ERRNO(EPERM), "prlimit64", SCMP_CMP64(2, SCMP_CMP_NE, 0));
    for (const int option : kAllowedPrctl)
      add(allow, "prctl", SCMP_CMP64(0, SCMP_CMP_EQ, static_cast<unsigned>(option)));
    for (const int command : kAllowedFcntl)
      add(allow, "fcntl", SCMP_CMP64(1, SCMP_CMP_EQ, static_cast<unsigned>(command)));
    for (const int command : kHostileFcntl)
      add(hostile_, "fcntl", SCMP_CMP64(1, SCMP_CMP_EQ, static_cast<unsigned>(command)));
  }

  // 0 or an errno.
  int load(FileDescriptor& listener) {
    if (error_) return error_;
    seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_NNP, 0);       // forbidding new privileges is a layer of its own
    seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree: some ten steps a call, not 300
    seccomp_attr_set(context_.get(), SCMP_FLTATR_API_SYSRAWRC, 1);
    if (const int failed = seccomp_load(context_.get())) return -failed;
    if (hostile_ == SCMP_ACT_NOTIFY) listener = FileDescriptor(seccomp_notify_fd(context_.get()));
    return 0;
  }

 private:
  std::uint32_t hostile_;
  std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, void (*)(scmp_filter_ctx)> context_;
  int error_ = 0;
};

}  // namespace

tl::expected<FileDescriptor, SystemFailure> install_syscall_filter() {
  int error = 0;
  for (const std::uint32_t hostile_action : {SCMP_ACT_NOTIFY, SCMP_ACT_KILL_PROCESS}) {
    FilterBuilder filter(hostile_action);
    filter.add_all();
    FileDescriptor listener;
    error = filter.load(listener);
    if (error == 0) return listener;
  }
  return system_failure("seccomp", error);
}

tl::expected<void, SystemFailure> probe_syscall_filter() {
  // Of no descriptor, so without an effect either way: the kernel would say EBADF, the filter EPERM.
  if (flock(-1, LOCK_SH) == 0 || errno != EPERM) return system_failure("flock", errno);
  if (prctl(PR_GET_SECCOMP) != 2) return system_failure("prctl PR_GET_SECCOMP", EINVAL);
  return {};
}

std::optional<std::string> receive_hostile_call(int listener) {
  seccomp_notif* request = nullptr;
  if (seccomp_notify_alloc(&request, nullptr) != 0) return std::nullopt;
  const bool received = seccomp_notify_receive(listener, request) == 0;
  const int number = request->data.nr;
  seccomp_notify_free(request, nullptr);
  if (!received) return std::nullopt;
  const std::unique_ptr<char, void (*)(void*)> name(seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), free);
  return name ? std::string(name.get()) : "system call " + std::to_string(number);
}

}  // namespace headroom
