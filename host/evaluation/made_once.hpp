// A value that is made once, by whoever needs it first, and dropped after its last use.
#pragma once

#include <memory>
#include <mutex>

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
  void drop() {
    std::lock_guard lock(mutex_);
    value_.reset();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace headroom
