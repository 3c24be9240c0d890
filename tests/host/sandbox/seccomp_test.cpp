#include "sandbox/seccomp.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
              return 0;
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
  if (named([] { syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }) == "no listener") GTEST_SKIP() << "no listener here";
  EXPECT_EQ(named([] { syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }), "socket");
  EXPECT_EQ(named([] { fork(); }), "clone");
  EXPECT_EQ(named([] { syscall(SYS_vfork); }), "vfork");
  EXPECT_EQ(named([] { execl("/bin/true", "true", nullptr); }), "execve");
  EXPECT_EQ(named([] { kill(getppid(), 0); }), "kill");
  EXPECT_EQ(named([] { kill(-1, 0); }), "kill");
  EXPECT_EQ(named([] { syscall(SYS_tgkill, getppid(), getppid(), 0); }), "tgkill");
  EXPECT_EQ(named([] { syscall(SYS_memfd_create, "x", 0); }), "memfd_create");
  EXPECT_EQ(named([] { syscall(SYS_ptrace, 0, 0, 0, 0); }), "ptrace");
  EXPECT_EQ(named([] { syscall(SYS_io_uring_setup, 1, nullptr); }), "io_uring_setup");
  EXPECT_EQ(named([] { syscall(SYS_bpf, 0, nullptr, 0); }), "bpf");
  EXPECT_EQ(named([] { syscall(SYS_keyctl, 0, 0); }), "keyctl");
  EXPECT_EQ(named([] { syscall(SYS_sendmsg, 0, nullptr, 0); }), "sendmsg");
  EXPECT_EQ(named([] {
              struct flock lock {};
              fcntl(0, F_SETLK, &lock);
            }),
            "fcntl");
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
