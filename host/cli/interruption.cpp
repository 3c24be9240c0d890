#include "cli/interruption.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

namespace headroom::cli {
namespace {

std::stop_source source;
std::atomic<int> caught{SIGINT};
int pipe_ends[2] = {-1, -1};  // read, write

// Whichever thread the kernel picks passes the signal on. BLAS starts threads of its own before main, in which nothing
// is blocked: without a handler a signal that one of them takes would end the program where it stands.
extern "C" void pass_on(int number) {
  const int error_number = errno;
  const auto byte = static_cast<unsigned char>(number);
  [[maybe_unused]] const ssize_t n = ::write(pipe_ends[1], &byte, 1);
  errno = error_number;
}

}  // namespace

void Interruption::install() {
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return;  // signals then end the program, as they do by default
  struct sigaction action {};
  action.sa_handler = pass_on;
  action.sa_flags = SA_RESTART;
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM}) {
    sigaddset(&signals, number);
    ::sigaction(number, &action, nullptr);
  }
  std::thread([] {
    unsigned char number = 0;
    for (;;) {
      const ssize_t n = ::read(pipe_ends[0], &number, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n != 1) return;
      caught = number;
      if (source.stop_requested()) std::_Exit(128 + number);
      source.request_stop();
    }
  }).detach();
  // Our own threads, all started after this, are never interrupted in a system call; the one above may be.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void Interruption::request() { source.request_stop(); }

void Interruption::forget() {
  if (source.stop_requested()) source = std::stop_source();
}

std::stop_token Interruption::token() { return source.get_token(); }

int Interruption::signal() { return caught; }

}  // namespace headroom::cli
