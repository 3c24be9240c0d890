#include "parallel/thread_pool.hpp"

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace headroom {
namespace {

thread_local bool inside_a_body = false;

}  // namespace

struct ThreadPool::State {
  // One loop at a time; `loop_mutex` makes a second outside caller wait for its turn.
  std::mutex loop_mutex;

  std::mutex mutex;
  std::condition_variable work_arrived, work_done;
  std::vector<std::thread> threads;
  const std::function<void(std::size_t)>* body = nullptr;
  std::size_t n = 0;
  std::atomic<std::size_t> next{0};
  std::size_t generation = 0;
  int n_busy = 0;
  bool stopping = false;
  std::exception_ptr first_failure;

  void drain() {
    inside_a_body = true;
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= n) break;
      try {
        (*body)(i);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!first_failure) first_failure = std::current_exception();
        next.store(n);
      }
    }
    inside_a_body = false;
  }

  void thread_main() {
    std::size_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      work_arrived.wait(lock, [&] { return stopping || generation != seen; });
      if (stopping) return;
      seen = generation;
      lock.unlock();
      drain();
      lock.lock();
      if (--n_busy == 0) work_done.notify_all();
    }
  }
};

ThreadPool::ThreadPool(int n_threads) : state_(std::make_unique<State>()) {
  for (int i = 1; i < n_threads; ++i) state_->threads.emplace_back([s = state_.get()] { s->thread_main(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->work_arrived.notify_all();
  for (std::thread& t : state_->threads) t.join();
}

int ThreadPool::n_threads() const { return static_cast<int>(state_->threads.size()) + 1; }

void ThreadPool::for_each(std::size_t n, const std::function<void(std::size_t)>& body) {
  if (inside_a_body || state_->threads.empty() || n <= 1) {
    for (std::size_t i = 0; i < n; ++i) body(i);
    return;
  }
  std::lock_guard loop(state_->loop_mutex);
  State& s = *state_;
  {
    std::lock_guard lock(s.mutex);
    s.body = &body;
    s.n = n;
    s.next.store(0);
    s.first_failure = nullptr;
    s.n_busy = static_cast<int>(s.threads.size());
    ++s.generation;
  }
  s.work_arrived.notify_all();
  s.drain();
  std::unique_lock lock(s.mutex);
  s.work_done.wait(lock, [&] { return s.n_busy == 0; });
  if (s.first_failure) std::rethrow_exception(s.first_failure);
}

int available_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int n = CPU_COUNT(&set);
  return n > 0 ? n : 1;
}

}  // namespace headroom
