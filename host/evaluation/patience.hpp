// Patience with a submitted predictor that lets its time run out: every evaluation through it costs the whole limit, minutes
// each, and there is one for every embedding and null of every split. After a few it is not asked again.
#pragma once

#include <fmt/format.h>

#include <atomic>

#include "plugin_host/worker_fault.hpp"

namespace headroom {

class Patience {
 public:
  void note(const WorkerFault& fault) {
    if (fault.verdict == WorkerVerdict::WALL_LIMIT || fault.verdict == WorkerVerdict::CPU_LIMIT) ++n_run_out_;
  }
  bool is_exhausted() const { return n_run_out_ >= kMost; }
  static WorkerFault fault() {
    return {WorkerVerdict::WALL_LIMIT, fmt::format("it let its time run out {} times and was not asked again", kMost)};
  }

 private:
  static constexpr int kMost = 3;
  std::atomic<int> n_run_out_{0};
};

}  // namespace headroom
