#include "evaluation/fold_gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace headroom {
namespace fold_gate_test {

TEST(FoldGate, LetsThoseOfOneFoldInTogether) {
  FoldGate gate;
  const FoldGate::Pass first = gate.enter({0, "b"});
  const FoldGate::Pass second = gate.enter({0, "b"});  // would hang otherwise
}

TEST(FoldGate, LetsAnotherFoldInWhenTheLastOneHasLeft) {
  FoldGate gate;
  std::atomic<bool> is_other_in{false};
  auto first = std::make_unique<FoldGate::Pass>(gate.enter({0, "b"}));
  auto second = std::make_unique<FoldGate::Pass>(gate.enter({0, "b"}));
  std::thread other([&] {
    const FoldGate::Pass pass = gate.enter({0, "c"});
    is_other_in = true;
  });
  first.reset();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(is_other_in);
  second.reset();
  other.join();
  EXPECT_TRUE(is_other_in);
}

TEST(FoldGate, NeverHasTwoFoldsInside) {
  FoldGate gate;
  // Folds of one context, the same fold of another, and one without labels.
  const FoldOfWorker folds[] = {{0, "a"}, {0, "b"}, {1, "a"}, {0, std::nullopt}};
  std::atomic<int> inside[4] = {};
  std::atomic<int> n_mixed{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t round = 0; round < 200; ++round) {
        const std::size_t mine = (t + round) % 4;
        const FoldGate::Pass pass = gate.enter(folds[mine]);
        ++inside[mine];
        for (std::size_t other = 0; other < 4; ++other) n_mixed += other != mine && inside[other] > 0;
        --inside[mine];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_mixed, 0);
}

TEST(FoldGate, APassThatWasGivenOnIsHeldOnce) {
  FoldGate gate;
  FoldGate::Pass kept;
  {
    FoldGate::Pass made = gate.enter({0, "a"});
    kept = std::move(made);
  }
  std::atomic<bool> is_other_in{false};
  std::thread other([&] {
    const FoldGate::Pass pass = gate.enter({0, "b"});
    is_other_in = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(is_other_in);
  kept = {};
  other.join();
}

}  // namespace fold_gate_test
}  // namespace headroom
