#include "sandbox/seccomp.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "sandbox/sandbox.hpp"

namespace headroom {
namespace {

// By name, since headers and libseccomp of a system may not know all of them; those are then left to the default. What
// is allowed here reaches nothing but the process itself, files that Landlock lets it open, and clocks. Calls that are
// allowed for some arguments alone are in add_all().
constexpr const char* kAllowed[] = {
    // memory of its own
    "brk",
    "munmap",
    "mprotect",
    "mremap",
    "msync",
    "membarrier",
    // reading files; what may be opened is Landlock's business. Offsets are those of open files that nobody shares
    "read",
    "pread64",
    "readv",
    "preadv",
    "lseek",
    "close",
    "close_range",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "getdents",
    "getcwd",
    "dup",
    "dup2",
    "dup3",
    "umask",
    // the log
    "write",
    "writev",
    // threads and waiting
    "set_robust_list",
    "rseq",
    "sched_yield",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "getcpu",
    "gettid",
    "nanosleep",
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
    "timer_settime",
    "timer_gettime",
    "timer_getoverrun",
    "timer_delete",
    // asking for the time, and for what it is itself
    "gettimeofday",
    "time",
    "times",
    "uname",
    "getpid",
    "getppid",
    "getpgrp",
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
// Not named, so ENOSYS as by default:
//   clone3, openat2, futex_waitv         their flags lie in memory, where a filter cannot see them
//   mincore, cachestat, fadvise64, readahead, sync_file_range
//                                        what lies in the page cache, which workers in turn could use for marks
//   sysinfo, statfs, fstatfs             loads, threads, memory and space of the whole machine
//   inotify_*, fanotify_*                who reads which file
//   set_tid_address                      the C library has called it before; at a thread's end the kernel wakes there
//   and calls of the future
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
    {"ftruncate", EROFS},
    {"fallocate", EROFS},
    {"utime", EROFS},
    {"utimes", EROFS},
    {"utimensat", EROFS},
    {"futimesat", EROFS},
    {"setxattr", EROFS},
    {"lsetxattr", EROFS},
    {"fsetxattr", EROFS},
    {"removexattr", EROFS},
    // their inodes are numbered by counters of the whole machine
    {"memfd_create", EPERM},
    {"pipe", EPERM},
    {"pipe2", EPERM},
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
    // the network: libraries look for name services and go on without
    {"socket", EPERM},
    {"socketpair", EPERM},
    {"connect", EPERM},
    {"bind", EPERM},
    {"listen", EPERM},
    {"accept", EPERM},
    {"accept4", EPERM},
    {"sendto", EPERM},
    {"recvfrom", EPERM},
    {"sendmmsg", EPERM},
    {"recvmmsg", EPERM},
    {"getsockname", EPERM},
    {"getpeername", EPERM},
    {"setsockopt", EPERM},
    {"getsockopt", EPERM},
    {"shutdown", EPERM},
    // there are no children
    {"wait4", ECHILD},
    {"waitid", ECHILD},
};

constexpr const char* kHostile[] = {
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
    "memfd_secret",
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
// Locks, leases and owners of files outlive nothing but are seen by other workers. Libraries lock in good faith.
constexpr int kRefusedFcntl[] = {F_GETLK,     F_SETLK,    F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
                                 F_GETLEASE,  F_SETLEASE, F_NOTIFY, F_GETOWN,    F_SETOWN,    F_GETOWN_EX,
                                 F_SETOWN_EX, F_GETSIG,   F_SETSIG, F_ADD_SEALS};

// Advice on memory of its own alone. Left out is what reaches the page cache (WILLNEED, REMOVE, COLD, PAGEOUT,
// COLLAPSE) or merges pages with those of other processes (MERGEABLE). 102 and 103 are the guards of stacks.
constexpr unsigned kAllowedAdvice[] = {
    MADV_NORMAL,     MADV_RANDOM,        MADV_SEQUENTIAL,     MADV_DONTNEED, MADV_FREE,   MADV_DONTFORK,
    MADV_DOFORK,     MADV_HUGEPAGE,      MADV_NOHUGEPAGE,     MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
    MADV_KEEPONFORK, MADV_POPULATE_READ, MADV_POPULATE_WRITE, 102,           103};
constexpr unsigned kRefusedAdvice[] = {MADV_WILLNEED, MADV_REMOVE, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_COLD,
                                       MADV_PAGEOUT,  25};

// A futex without FUTEX_PRIVATE_FLAG on a page of a file is one for every process that maps the file. Only waiting is
// left: pthread_join() waits so for the kernel's own word that a thread has ended. Nobody may wake. (The kernel gives
// that word wherever the thread was told to have it, on a page of a file, too: workers for one fold that live at the
// same time could hear it. Those for different folds never do; see sandbox.hpp.)
constexpr unsigned kSharedWaits[] = {FUTEX_WAIT, FUTEX_WAIT_BITSET};
constexpr unsigned kSharedCalls[] = {
    FUTEX_WAKE,       FUTEX_REQUEUE,     FUTEX_CMP_REQUEUE,     FUTEX_WAKE_OP,        FUTEX_LOCK_PI, FUTEX_UNLOCK_PI,
    FUTEX_TRYLOCK_PI, FUTEX_WAKE_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2};
constexpr unsigned kFutexCommand = 0x7f;

// Limits that are the same for every worker. That of threads counts a user's others, that of time what came before.
constexpr unsigned kReadableLimits[] = {RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_AS,     RLIMIT_DATA,
                                        RLIMIT_CORE,  RLIMIT_FSIZE,  RLIMIT_MEMLOCK};

// The system's clocks; beyond them are the clocks of processes, those of others too.
constexpr unsigned kLastSystemClock = CLOCK_TAI;

constexpr std::uint64_t kWritingFlags = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);

class FilterBuilder {
 public:
  FilterBuilder(std::uint32_t hostile_action, PluginOrigin origin)
      : hostile_(hostile_action), origin_(origin), context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {
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
    // Threads as the C library makes them, but no processes, no namespaces, and no descriptor of a thread, whose inode
    // has a number of the whole machine.
    constexpr std::uint64_t flags_of_threads = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM |
                                               CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                                               CLONE_CHILD_CLEARTID | CLONE_DETACHED;
    add(allow, "clone", SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, ~flags_of_threads, CLONE_THREAD));
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
    // No huge pages: the system has one pool of them. No anonymous memory to share: there is nobody to share it with,
    // and the kernel numbers it with the inodes of all memory files.
    constexpr std::uint64_t kinds = MAP_HUGETLB | MAP_ANONYMOUS, sharing = MAP_SHARED | MAP_PRIVATE;
    add(allow, "mmap", SCMP_CMP64(3, SCMP_CMP_MASKED_EQ, kinds, 0));
    add(allow, "mmap", SCMP_CMP64(3, SCMP_CMP_MASKED_EQ, kinds | sharing, MAP_ANONYMOUS | MAP_PRIVATE));
    add(SCMP_ACT_ERRNO(ENOMEM), "mmap", SCMP_CMP64(3, SCMP_CMP_MASKED_EQ, MAP_HUGETLB, MAP_HUGETLB));
    add(SCMP_ACT_ERRNO(EPERM), "mmap", SCMP_CMP64(3, SCMP_CMP_MASKED_EQ, kinds | sharing, MAP_ANONYMOUS | MAP_SHARED));
    for (const unsigned advice : kAllowedAdvice) add(allow, "madvise", SCMP_CMP64(2, SCMP_CMP_EQ, advice));
    for (const unsigned advice : kRefusedAdvice)
      add(SCMP_ACT_ERRNO(EINVAL), "madvise", SCMP_CMP64(2, SCMP_CMP_EQ, advice));
    // With a flag it tells whether what is read lay in the page cache.
    add(allow, "preadv2", SCMP_CMP64(5, SCMP_CMP_EQ, 0));
    add(SCMP_ACT_ERRNO(EOPNOTSUPP), "preadv2", SCMP_CMP64(5, SCMP_CMP_NE, 0));
    add(allow, "futex", SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, FUTEX_PRIVATE_FLAG, FUTEX_PRIVATE_FLAG));
    constexpr unsigned shared_mask = kFutexCommand | FUTEX_PRIVATE_FLAG;
    for (const unsigned call : kSharedWaits) add(allow, "futex", SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, shared_mask, call));
    for (const unsigned call : kSharedCalls)
      add(SCMP_ACT_ERRNO(EINVAL), "futex", SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, shared_mask, call));
    for (const char* name : {"clock_gettime", "clock_getres", "clock_nanosleep", "timer_create"}) {
      add(allow, name, SCMP_CMP64(0, SCMP_CMP_LE, kLastSystemClock));
      add(SCMP_ACT_ERRNO(EINVAL), name, SCMP_CMP64(0, SCMP_CMP_GT, kLastSystemClock));
    }
    // Of itself alone.
    for (const std::uint64_t process : {std::uint64_t{0}, self}) {
      for (const char* name : {"sched_getaffinity", "sched_getparam", "sched_getscheduler", "getpgid", "getsid"})
        add(allow, name, SCMP_CMP64(0, SCMP_CMP_EQ, process));
      add(allow, "getpriority", SCMP_CMP64(0, SCMP_CMP_EQ, PRIO_PROCESS), SCMP_CMP64(1, SCMP_CMP_EQ, process));
      // Limits may be read, not set.
      for (const unsigned limit : kReadableLimits) {
        add(allow, "prlimit64", SCMP_CMP64(0, SCMP_CMP_EQ, process), SCMP_CMP64(1, SCMP_CMP_EQ, limit),
            SCMP_CMP64(2, SCMP_CMP_EQ, 0));
      }
    }
    for (const unsigned limit : kReadableLimits) add(allow, "getrlimit", SCMP_CMP64(0, SCMP_CMP_EQ, limit));
    add(SCMP_ACT_ERRNO(EPERM), "prlimit64", SCMP_CMP64(2, SCMP_CMP_NE, 0));
    // Counts of faults and of waits tell what of a file another process had read before.
    if (origin_ == PluginOrigin::ours) {
      add(allow, "getrusage");
    } else {
      add(SCMP_ACT_ERRNO(EPERM), "getrusage");
    }
    for (const int option : kAllowedPrctl)
      add(allow, "prctl", SCMP_CMP64(0, SCMP_CMP_EQ, static_cast<unsigned>(option)));
    for (const int command : kAllowedFcntl)
      add(allow, "fcntl", SCMP_CMP64(1, SCMP_CMP_EQ, static_cast<unsigned>(command)));
    for (const int command : kRefusedFcntl)
      add(SCMP_ACT_ERRNO(EPERM), "fcntl", SCMP_CMP64(1, SCMP_CMP_EQ, static_cast<unsigned>(command)));
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
  PluginOrigin origin_;
  std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, void (*)(scmp_filter_ctx)> context_;
  int error_ = 0;
};

// qsort() of glibc asks once for the size of the machine's memory, and takes what lies on its stack for the answer
// where sysinfo is refused: which algorithm it then takes, and so the order of what is equal, would differ from run to
// run.
void remember_memory_size() {
  std::array<int, 512> numbers{};  // more than qsort() sorts on its stack
  std::qsort(numbers.data(), numbers.size(), sizeof(int),
             [](const void* a, const void* b) { return *static_cast<const int*>(a) - *static_cast<const int*>(b); });
}

}  // namespace

tl::expected<FileDescriptor, SystemFailure> install_syscall_filter(PluginOrigin origin) {
  remember_memory_size();
  int error = 0;
  for (const std::uint32_t hostile_action : {SCMP_ACT_NOTIFY, SCMP_ACT_KILL_PROCESS}) {
    FilterBuilder filter(hostile_action, origin);
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
