// The time that everything which is done for one submission may take together. A limit per request alone bounds
// nothing: there may be any number of requests that stay just under it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace headroom {

// Shared by all sessions of a submission, in any thread.
class TimeBudget {
 public:
  explicit TimeBudget(double total_s) : total_s_(total_s) {}

  double total_s() const { return total_s_; }
  double left_s() const { return std::max(0.0, total_s_ - used_s_.load()); }
  bool is_spent() const { return left_s() <= 0; }
  void charge(double seconds) { used_s_.fetch_add(std::max(0.0, seconds)); }

 private:
  double total_s_;
  std::atomic<double> used_s_{0};
};

// Charges the time of its own life. Without a budget it does nothing.
class ChargedTime {
 public:
  explicit ChargedTime(TimeBudget* budget) : budget_(budget) {}
  ~ChargedTime() {
    if (budget_ == nullptr) return;
    budget_->charge(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
  ChargedTime(const ChargedTime&) = delete;
  ChargedTime& operator=(const ChargedTime&) = delete;

 private:
  TimeBudget* budget_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace headroom
