// A pool of writable segments that workers fill with predictions.
//
// First-touch faults of fresh memory cost more than many an evaluation, so slots are used again. A slot holds what its
// worker wrote, which may be more than predictions: it is zeroed before another worker gets it, and it never belongs to
// two workers at once.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "outcome/outcome.hpp"
#include "plugin_host/shared_segment.hpp"

namespace headroom {

class OutputSlots {
 public:
  // Idle slots beyond this are given back to the system: two slots of the default cap, one per core of a small machine.
  static constexpr std::size_t kDefaultIdleBytes = std::size_t{512} << 20;

  explicit OutputSlots(std::size_t idle_bytes = kDefaultIdleBytes);

  // A zeroed segment of at least `bytes`, sealed in size, for one worker alone. May be called from any thread.
  Result<std::shared_ptr<SharedSegment>> take(std::size_t bytes);
  // Takes a segment back. Only once the worker that mapped it is gone.
  void give_back(std::shared_ptr<SharedSegment> slot);

  std::size_t idle_bytes() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<SharedSegment>> idle_;
  std::size_t most_idle_bytes_;
};

}  // namespace headroom
