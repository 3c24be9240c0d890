#include "sandbox/seccomp.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include "in_child.hpp"
#include "sandbox/frame_socket.hpp"
#include "sandbox/privileges.hpp"
#include "sandbox/sandbox.hpp"

namespace headroom {
namespace {

bool refused(long result, int error) { return result == -1 && errno == error; }

TEST(Seccomp, LetsLibrariesWork) {
  EXPECT_EQ(in_child([] {
              if (!forbid_new_privileges() || !install_syscall_filter() || !probe_syscall_filter()) return 1;
              std::uint64_t sum = 0;
              std::thread([&] { sum = 42; }).join();  // falls back from clone3 to clone
              if (sum != 42) return 2;
              void* memory = std::malloc(std::size_t{64} << 20);
              if (!memory) return 3;
              std::free(memory);
              const FileDescriptor file(open("/usr/lib/os-release", O_RDONLY | O_CLOEXEC));
              if (!file) return 4;
              prctl(PR_SET_NAME, "renamed");
              if (kill(getpid(), 0) != 0) return 5;
              rlimit limit;
              if (getrlimit(RLIMIT_AS, &limit) != 0) return 6;
              return 0;
            }),
            "exit 0");
}

TEST(Seccomp, RefusesWhatLibrariesTryNowAndThen) {
  const std::string path = testing::TempDir() + "headroom-new-" + std::to_string(getpid());
  EXPECT_EQ(in_child([&] {
              if (!forbid_new_privileges() || !install_syscall_filter()) return 1;
              if (!refused(open(path.c_str(), O_CREAT | O_WRONLY, 0600), EROFS)) return 2;
              if (!refused(open("/dev/null", O_RDWR), EROFS)) return 3;
              if (!refused(syscall(SYS_open, "/dev/null", O_WRONLY, 0), EROFS)) return 4;
              if (!refused(mkdir(path.c_str(), 0700), EROFS)) return 5;
              if (!refused(truncate(path.c_str(), 0), EROFS)) return 6;
              if (!refused(ioctl(0, TIOCSTI, "x"), ENOTTY)) return 7;
              const rlimit limit{1, 1};
              if (!refused(setrlimit(RLIMIT_NOFILE, &limit), EPERM)) return 8;
              if (!refused(syscall(SYS_clone3, nullptr, 0), ENOSYS)) return 9;
              if (!refused(prctl(PR_SET_DUMPABLE, 1), ENOSYS)) return 10;
              if (!refused(prctl(PR_SET_PDEATHSIG, 0), ENOSYS)) return 11;
              if (!refused(syscall(9999), ENOSYS)) return 12;
              if (!refused(socket(AF_UNIX, SOCK_STREAM, 0), EPERM)) return 13;
              if (!refused(syscall(SYS_memfd_create, "x", 0), EPERM)) return 14;
              struct flock lock {};
              if (!refused(fcntl(0, F_SETLK, &lock), EPERM)) return 15;
              if (!refused(syscall(SYS_wait4, -1, nullptr, 0, nullptr), ECHILD)) return 16;
              int ends[2];
              if (!refused(pipe(ends), EPERM) || !refused(pipe2(ends, O_CLOEXEC), EPERM)) return 17;
              if (!refused(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), EPERM)) return 18;
              return 0;
            }),
            "exit 0");
}

// What one worker could leave behind in the kernel and another could find, or what tells of the whole machine.
TEST(Seccomp, RefusesWhatTellsOfOtherProcesses) {
  EXPECT_EQ(in_child([] {
              const FileDescriptor file(open("/usr/lib/os-release", O_RDONLY | O_CLOEXEC));
              void* const page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file.get(), 0);
              const pid_t other = getppid();
              if (page == MAP_FAILED || !forbid_new_privileges() || !install_syscall_filter()) return 1;
              char byte;
              iovec into{&byte, 1};
              // The page cache.
              if (!refused(syscall(SYS_fadvise64, file.get(), 0, 0, POSIX_FADV_DONTNEED), ENOSYS)) return 3;
              if (!refused(readahead(file.get(), 0, 1), ENOSYS)) return 4;
              if (preadv2(file.get(), &into, 1, 0, 0) != 1) return 5;
              if (!refused(syscall(SYS_preadv2, file.get(), &into, 1, 0, 0, RWF_NOWAIT), EOPNOTSUPP)) return 6;
              unsigned char resident;
              if (!refused(mincore(page, 4096, &resident), ENOSYS)) return 7;
              if (!refused(syscall(451, file.get(), nullptr, nullptr, 0), ENOSYS)) return 8;  // cachestat
              for (const int advice : {MADV_WILLNEED, MADV_REMOVE, MADV_COLD, MADV_PAGEOUT, MADV_MERGEABLE}) {
                if (!refused(madvise(page, 4096, advice), EINVAL)) return 10 + advice;
              }
              if (madvise(page, 4096, MADV_DONTNEED) != 0) return 40;
              // Counters of the machine, and of this process's dealings with the page cache.
              struct sysinfo machine;
              struct statfs system;
              rusage usage;
              if (!refused(sysinfo(&machine), ENOSYS)) return 41;
              if (!refused(getrusage(RUSAGE_SELF, &usage), EPERM)) return 42;
              if (!refused(statfs("/", &system), ENOSYS)) return 43;
              // Others, their limits and their clocks.
              rlimit limit;
              timespec time;
              if (!refused(syscall(SYS_prlimit64, other, RLIMIT_NOFILE, nullptr, &limit), ENOSYS)) return 44;
              if (!refused(getrlimit(RLIMIT_CPU, &limit), ENOSYS)) return 45;
              if (!refused(getrlimit(RLIMIT_NPROC, &limit), ENOSYS)) return 46;
              if (!refused(syscall(SYS_clock_gettime, ~static_cast<clockid_t>(other) << 3 | 2, &time), EINVAL))
                return 47;
              if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) return 48;
              if (!refused(getpgid(other), ENOSYS) || getpgid(0) < 0) return 49;
              if (!refused(sched_getscheduler(other), ENOSYS) || sched_getscheduler(0) < 0) return 50;
              errno = 0;
              if (!refused(getpriority(PRIO_USER, 0), ENOSYS)) return 51;
              // Futexes on a page of a file reach whoever maps it.
              if (!refused(syscall(SYS_futex, page, FUTEX_WAKE, 1, nullptr, nullptr, 0), EINVAL)) return 52;
              if (syscall(SYS_futex, page, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0) != 0) return 53;
              if (!refused(syscall(SYS_futex_waitv, nullptr, 0, 0, nullptr, 0), ENOSYS)) return 54;
              if (!refused(syscall(SYS_inotify_init1, 0), ENOSYS)) return 55;
              if (mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) != MAP_FAILED)
                return 56;
              // Numbers of inodes are counted for the whole machine.
              if (mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED || errno != EPERM)
                return 57;
              if (mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) return 58;
              if (mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.get(), 0) == MAP_FAILED) return 59;
              constexpr unsigned long thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
              int descriptor = -1;
              if (!refused(syscall(SYS_clone, thread | CLONE_PIDFD, nullptr, &descriptor, nullptr, 0), ENOSYS))
                return 60;
              if (!refused(syscall(SYS_set_tid_address, page), ENOSYS)) return 61;
              return 0;
            }),
            "exit 0");
}

TEST(Seccomp, LetsOurOwnPluginsAskWhatTheyUsed) {
  EXPECT_EQ(in_child([] {
              if (!forbid_new_privileges() || !install_syscall_filter(PluginOrigin::ours)) return 1;
              rusage usage;
              return getrusage(RUSAGE_SELF, &usage);
            }),
            "exit 0");
}

// The hostile call that a child makes, as the listener names it; or how the child ended.
template <class Call>
std::string named(Call&& call) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  FileDescriptor ours(ends[0]), theirs(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    dup2(theirs.get(), kChannelFd);  // the one socket that the filter leaves
    if (!forbid_new_privileges()) _exit(1);
    auto listener = install_syscall_filter();
    if (!listener || send_frame(kChannelFd, "ready", listener->get(), true) != 0) _exit(2);
    call();
    _exit(3);
  }
  theirs.reset();
  Frame frame;
  std::string name = "no frame";
  if (receive_frame(ours.get(), frame, true, true) == FrameStatus::received) {
    if (!frame.attachment) return "no listener";
    pollfd wait{frame.attachment.get(), POLLIN, 0};
    name = "nothing";
    if (poll(&wait, 1, 5000) > 0 && (wait.revents & POLLIN)) {
      name = receive_hostile_call(frame.attachment.get()).value_or("not received");
    }
  }
  kill(child, SIGKILL);
  int status;
  waitpid(child, &status, 0);
  return name;
}

TEST(Seccomp, StopsAndNamesHostileCalls) {
  if (named([] { fork(); }) == "no listener") GTEST_SKIP() << "no listener here";
  EXPECT_EQ(named([] { fork(); }), "clone");
  EXPECT_EQ(named([] { syscall(SYS_vfork); }), "vfork");
  EXPECT_EQ(named([] { execl("/bin/true", "true", nullptr); }), "execve");
  EXPECT_EQ(named([] { kill(getppid(), 0); }), "kill");
  EXPECT_EQ(named([] { kill(-1, 0); }), "kill");
  EXPECT_EQ(named([] { syscall(SYS_tgkill, getppid(), getppid(), 0); }), "tgkill");
  EXPECT_EQ(named([] { syscall(SYS_ptrace, 0, 0, 0, 0); }), "ptrace");
  EXPECT_EQ(named([] { syscall(SYS_io_uring_setup, 1, nullptr); }), "io_uring_setup");
  EXPECT_EQ(named([] { syscall(SYS_bpf, 0, nullptr, 0); }), "bpf");
  EXPECT_EQ(named([] { syscall(SYS_keyctl, 0, 0); }), "keyctl");
  EXPECT_EQ(named([] { syscall(SYS_sendmsg, 0, nullptr, 0); }), "sendmsg");
}

TEST(Seccomp, KillsCallsOfAnotherArchitecture) {
  EXPECT_EQ(in_child([] {
              if (!forbid_new_privileges() || !install_syscall_filter()) return 1;
              syscall(0x40000000 | SYS_getpid);  // the x32 numbers
              return 0;
            }),
            "signal " + std::to_string(SIGSYS));
}

TEST(Seccomp, IsProbedByDoing) { EXPECT_FALSE(probe_syscall_filter()); }

}  // namespace
}  // namespace headroom
