// Keeps the workers of foreign plugins for different folds apart in time. Training rows of one fold are test rows of
// another, so whatever two such workers could tell each other would give test labels away; two that never live at the
// same time and inherit nothing cannot talk. This holds over all foreign plugins of a run together, since two
// submissions may be by one hand. Headroom's own plugins (heads, readers of files) pass at any time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "plan/roster.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {

// What a worker knows of the labels: the training part of one split, or none at all. (One without labels is kept apart
// from those that have them, too: its vectors serve every fold.)
struct FoldOfWorker {
  std::size_t context = 0;           // position in the task
  std::optional<std::string> split;  // its name
  bool operator==(const FoldOfWorker&) const = default;
};

class FoldGate {
 public:
  // Lets others in when it goes. An empty one holds nothing.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(FoldGate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      if (this != &other) {
        leave();
        gate_ = std::exchange(other.gate_, nullptr);
      }
      return *this;
    }
    ~Pass() { leave(); }

   private:
    void leave() {
      if (gate_ != nullptr) gate_->leave();
      gate_ = nullptr;
    }
    FoldGate* gate_ = nullptr;
  };

  // Waits until nobody is inside for another fold. Whoever waits must hold no pass and nothing that one who is inside
  // may wait for.
  Pass enter(const FoldOfWorker& fold);

 private:
  friend class Pass;
  void leave();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<FoldOfWorker> inside_;
  std::size_t n_inside_ = 0;
};

// A worker with its pass, which outlives it.
struct FoldWorker {
  FoldWorker() = default;
  FoldWorker(FoldWorker&&) = default;
  FoldWorker& operator=(FoldWorker&&) = delete;  // would let the pass go before the worker
  FoldGate::Pass pass;
  std::unique_ptr<WorkerSession> session;
};

// Starts a worker of the plugin for this fold, as soon as it may live.
Answer<FoldWorker> start_for_fold(const RosterEntry& plugin, const FoldOfWorker& fold, int n_threads = 1);

}  // namespace headroom
