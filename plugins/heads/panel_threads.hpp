// Spreads gene panels over the threads that the worker allows (usually one: the host runs many workers).
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace headroom::heads {

// Calls body() on up to n_threads threads including the caller's; each body takes panels with next(), until it returns
// n_panels or more. All threads have ended on return; the first exception of a body is rethrown.
class PanelCounter {
 public:
  std::int64_t next() { return next_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> next_{0};
};

template <class Body>
void on_threads(int n_threads, std::int64_t n_panels, const Body& body) {
  PanelCounter counter;
  std::exception_ptr first;
  std::mutex mutex;
  const auto guarded = [&] {
    try {
      body(counter);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  const std::int64_t useful = n_panels < n_threads ? n_panels : n_threads;
  try {
    for (std::int64_t t = 1; t < useful; ++t) others.emplace_back(guarded);
  } catch (const std::exception&) {
    // The sandbox may allow fewer threads than were announced: those that there are do all the work.
  }
  guarded();
  for (std::thread& thread : others) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace headroom::heads
