#include "parallel/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace headroom {
namespace {

TEST(ThreadPool, CallsTheBodyOnceForEveryNumber) {
  for (const int n_threads : {1, 2, 5}) {
    ThreadPool pool(n_threads);
    EXPECT_EQ(pool.n_threads(), n_threads);
    for (const std::size_t n : {0u, 1u, 3u, 1000u}) {
      std::vector<std::atomic<int>> calls(n);
      pool.for_each(n, [&](std::size_t i) { ++calls[i]; });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, OfOneThreadRunsInTheCallerInOrder) {
  ThreadPool pool(1);
  std::vector<std::size_t> order;
  const auto caller = std::this_thread::get_id();
  pool.for_each(20, [&](std::size_t i) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(i);
  });
  std::vector<std::size_t> ascending(20);
  std::iota(ascending.begin(), ascending.end(), std::size_t{0});
  EXPECT_EQ(order, ascending);
}

TEST(ThreadPool, NeverRunsMoreThreadsThanItHas) {
  ThreadPool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  pool.for_each(200, [&](std::size_t) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_LE(threads.size(), 3u);
}

TEST(ThreadPool, RunsALoopInsideALoopInOneThread) {
  ThreadPool pool(4);
  std::atomic<int> n_inner{0};
  pool.for_each(8, [&](std::size_t) {
    const auto thread = std::this_thread::get_id();
    pool.for_each(5, [&](std::size_t) {
      EXPECT_EQ(std::this_thread::get_id(), thread);
      ++n_inner;
    });
  });
  EXPECT_EQ(n_inner, 40);
}

TEST(ThreadPool, RethrowsAnExceptionAfterTheOthersHaveEnded) {
  ThreadPool pool(3);
  std::atomic<int> n_running{0};
  const auto loop = [&] {
    pool.for_each(50, [&](std::size_t i) {
      ++n_running;
      if (i == 7) {
        --n_running;
        throw std::runtime_error("seven");
      }
      --n_running;
    });
  };
  EXPECT_THROW(loop(), std::runtime_error);
  EXPECT_EQ(n_running, 0);
  std::atomic<int> n_after{0};
  pool.for_each(10, [&](std::size_t) { ++n_after; });
  EXPECT_EQ(n_after, 10) << "the pool is usable afterwards";
}

TEST(AvailableCores, AreAtLeastOne) { EXPECT_GE(available_cores(), 1); }

}  // namespace
}  // namespace headroom
