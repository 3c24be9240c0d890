#include "sandbox/monitor.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "sandbox/file_descriptor.hpp"
#include "sandbox/sandbox.hpp"

namespace headroom {
namespace {

void close_all_but(int first_kept, int second_kept) {
  const auto [low, high] = std::minmax(first_kept, second_kept);
  if (low > 0) close_range(0, static_cast<unsigned>(low) - 1, 0);
  if (high > low + 1) close_range(static_cast<unsigned>(low) + 1, static_cast<unsigned>(high) - 1, 0);
  close_range(static_cast<unsigned>(high) + 1, ~0u, 0);
}

WorkerEnd wait_for(pid_t child) {
  WorkerEnd end;
  int status = 0;
  rusage usage{};
  pid_t waited;
  do {
    waited = wait4(child, &status, 0, &usage);
  } while (waited < 0 && errno == EINTR);
  if (waited != child) return end;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  end.is_known = 1;
  end.wait_status = status;
  end.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  end.peak_memory_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return end;
}

// One write of a few bytes into an empty pipe: whole or not at all.
void tell(int fd, const WorkerEnd& end) {
  ssize_t written;
  do {
    written = write(fd, &end, sizeof(end));
  } while (written < 0 && errno == EINTR);
}

// For an init to kill its worker and tell how it ended.
constexpr int kInitPatience_ms = 1000;

FileDescriptor open_process(pid_t process) {
  return FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
}

// Returns when the child has ended (false) or the host wants it ended (true).
bool host_wants_the_end(const FileDescriptor& child) {
  pollfd waits[2] = {{kControlFd, POLLIN, 0}, {child.get(), POLLIN, 0}};
  while (poll(waits, child ? 2 : 1, -1) < 0 && errno == EINTR) {
  }
  return waits[0].revents != 0;
}

bool ends_within(const FileDescriptor& process, int patience_ms) {
  pollfd wait{process.get(), POLLIN, 0};
  return process && poll(&wait, 1, patience_ms) > 0;
}

// The worker that init looks after; a signal handler has nothing else to know it by.
volatile sig_atomic_t worker_of_init = 0;
void kill_worker_of_init(int) { kill(worker_of_init, SIGKILL); }

}  // namespace

void run_monitor(pid_t child, int inner_end) {
  if (inner_end >= 0) {
    // Moved next to the numbers that are kept, so that all others can be closed by range.
    dup2(inner_end, kLibraryFd);
    close_range(0, kControlFd - 1, 0);
    close_range(kLibraryFd + 1, ~0u, 0);
  } else {
    close_all_but(kControlFd, kEndFd);
  }
  const FileDescriptor watched = open_process(child);
  if (host_wants_the_end(watched)) {
    // An init that is killed takes its namespace with it, but can no longer tell what the worker has used.
    if (inner_end >= 0) kill(child, SIGTERM);
    if (inner_end < 0 || !ends_within(watched, kInitPatience_ms)) kill(child, SIGKILL);
  }
  WorkerEnd end = wait_for(child);
  if (inner_end >= 0) {
    WorkerEnd inner;
    // What the init was told by the kernel says more than how the init itself ended, if it had the time to tell it.
    if (read(kLibraryFd, &inner, sizeof(inner)) == sizeof(inner)) end = inner;
  }
  tell(kEndFd, end);
  _exit(0);
}

void run_init(pid_t worker, int inner_end) {
  close_all_but(inner_end, inner_end);
  worker_of_init = worker;
  struct sigaction action {};
  action.sa_handler = kill_worker_of_init;
  sigaction(SIGTERM, &action, nullptr);
  tell(inner_end, wait_for(worker));
  _exit(0);
}

}  // namespace headroom
