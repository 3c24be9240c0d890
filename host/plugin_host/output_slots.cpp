#include "plugin_host/output_slots.hpp"

#include <algorithm>

namespace headroom {
namespace {

// Slots come in steps of this, so that requests of about the same size share them.
constexpr std::size_t kStepBytes = std::size_t{1} << 20;
// A slot that much larger than needed is left for a request that needs it.
constexpr std::size_t kMostOversize = 4;

}  // namespace

OutputSlots::OutputSlots(std::size_t idle_bytes) : most_idle_bytes_(idle_bytes) {}

Result<std::shared_ptr<SharedSegment>> OutputSlots::take(std::size_t bytes) {
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + kStepBytes - 1) / kStepBytes * kStepBytes;
  std::shared_ptr<SharedSegment> slot;
  {
    const std::lock_guard lock(mutex_);
    auto best = idle_.end();
    for (auto candidate = idle_.begin(); candidate != idle_.end(); ++candidate) {
      const std::size_t size = (*candidate)->bytes();
      if (size < rounded || size / kMostOversize > rounded) continue;
      if (best == idle_.end() || size < (*best)->bytes()) best = candidate;
    }
    if (best != idle_.end()) {
      slot = std::move(*best);
      idle_.erase(best);
    }
  }
  if (slot) {
    slot->clear();
    return slot;
  }
  auto fresh = SharedSegment::create(rounded);
  if (!fresh) return fresh;
  if (auto sealed = (*fresh)->seal_size(); !sealed) return tl::unexpected(sealed.error());
  return fresh;
}

void OutputSlots::give_back(std::shared_ptr<SharedSegment> slot) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(slot));
  std::size_t total = 0;
  for (const auto& idle : idle_) total += idle->bytes();
  while (total > most_idle_bytes_) {  // the longest idle first
    total -= idle_.front()->bytes();
    idle_.erase(idle_.begin());
  }
}

std::size_t OutputSlots::idle_bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const auto& idle : idle_) total += idle->bytes();
  return total;
}

}  // namespace headroom
