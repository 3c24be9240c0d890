#include "cli/interruption.hpp"

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace headroom::cli {
namespace {

std::stop_source source;
std::atomic<int> caught{SIGINT};

}  // namespace

void Interruption::install() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Blocked everywhere, taken by one thread: no code of ours ever runs in a signal handler.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int number = 0;
    while (sigwait(&signals, &number) == 0) {
      caught = number;
      if (source.stop_requested()) std::_Exit(128 + number);
      source.request_stop();
    }
  }).detach();
}

std::stop_token Interruption::token() { return source.get_token(); }

int Interruption::signal() { return caught; }

}  // namespace headroom::cli
