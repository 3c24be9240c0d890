// A thread of its own that makes the next items while the present one is worked on: reading beside decompressing.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "outcome/outcome.hpp"

namespace headroom {

// Calls `make` until it gives nullopt or an error, keeping at most `depth` items waiting. Destroying it stops the
// thread after the item in work.
template <class Item>
class ReadAhead {
 public:
  ReadAhead(std::function<Result<std::optional<Item>>()> make, std::size_t depth)
      : make_(std::move(make)), depth_(depth), thread_([this] { run(); }) {}

  ~ReadAhead() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // The next item, nullopt at the end, or the error that ended it.
  Result<std::optional<Item>> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty(); });
    Result<std::optional<Item>> item = std::move(waiting_.front());
    if (item && *item) waiting_.pop_front();  // the end and an error stay
    lock.unlock();
    changed_.notify_all();
    return item;
  }

 private:
  void run() {
    for (bool more = true; more;) {
      Result<std::optional<Item>> item = make_();
      more = item && *item;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || waiting_.size() < depth_; });
      if (stopping_) return;
      waiting_.push_back(std::move(item));
      lock.unlock();
      changed_.notify_all();
    }
  }

  std::function<Result<std::optional<Item>>()> make_;
  std::size_t depth_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Result<std::optional<Item>>> waiting_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace headroom
