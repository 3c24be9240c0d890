// The host's one pool of threads. BLAS runs single-threaded inside it: nesting costs 4 to 40 times.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace headroom {

class ThreadPool {
 public:
  // n_threads >= 1; 1 means that for_each runs in the caller alone.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const;

  // Calls body(i) once for every i in [0, n), in ascending order of start, on up to n_threads threads including the
  // caller's, and returns when all have ended. A call from inside a body runs its loop in that thread alone, so nested
  // loops are safe and never oversubscribe. The first exception of a body is rethrown after the others have ended.
  void for_each(std::size_t n, const std::function<void(std::size_t)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Cores that this process may use (its affinity mask), at least 1.
int available_cores();

}  // namespace headroom
