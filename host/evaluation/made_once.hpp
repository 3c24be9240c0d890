// A value that is made once, by whoever needs it first, and dropped after its last use.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace headroom {

template <class T>
class MadeOnce {
 public:
  template <class Make>
  std::shared_ptr<const T> get(Make&& make) {
    std::lock_guard lock(mutex_);
    if (!value_) value_ = std::make_shared<const T>(make());
    return value_;
  }
  // In the place of making it.
  void set(T value) {
    std::lock_guard lock(mutex_);
    value_ = std::make_shared<const T>(std::move(value));
  }
  // Null: nobody made it.
  std::shared_ptr<const T> made() const {
    std::lock_guard lock(mutex_);
    return value_;
  }
  void drop() {
    std::lock_guard lock(mutex_);
    value_.reset();
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace headroom
