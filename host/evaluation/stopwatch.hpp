// Time that the calling thread has spent since a moment.
#pragma once

#include <time.h>

#include <chrono>

namespace headroom {

class Stopwatch {
 public:
  double wall_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start_).count();
  }
  double cpu_s() const { return thread_cpu_s() - cpu_start_; }

 private:
  static double thread_cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }

  std::chrono::steady_clock::time_point wall_start_ = std::chrono::steady_clock::now();
  double cpu_start_ = thread_cpu_s();
};

}  // namespace headroom
