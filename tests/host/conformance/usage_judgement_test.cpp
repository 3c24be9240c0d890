#include "conformance/usage_judgement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace headroom {
namespace usage_judgement_test {

using ::testing::HasSubstr;

TEST(UsageJudgement, AThreadThatGoesOnIsHeardInThePause) {
  EXPECT_EQ(judge_quiet(0.002).outcome, CheckOutcome::pass);
  EXPECT_EQ(judge_quiet(0.03).outcome, CheckOutcome::pass) << "a pool of OpenBLAS that spins before it sleeps";
  EXPECT_EQ(judge_quiet(0.4).outcome, CheckOutcome::fail);
  EXPECT_THAT(judge_quiet(0.4).detail, HasSubstr("OPENBLAS_THREAD_TIMEOUT"));
  EXPECT_THAT(judge_quiet(0.4).detail, HasSubstr("400 ms of CPU time in 400 ms"));
}

TEST(UsageJudgement, ThreadCountsMayChangeDigitsButNotRows) {
  EXPECT_EQ(judge_thread_counts({true, 0}).outcome, CheckOutcome::pass);
  EXPECT_EQ(judge_thread_counts({false, 1e-15}).outcome, CheckOutcome::warn);
  EXPECT_EQ(judge_thread_counts({false, INFINITY}).outcome, CheckOutcome::fail);
}

TEST(UsageJudgement, PublishedSizeIsJudgedByThreadsTimeAndMemory) {
  const PublishedSizeUse modest{.request = "2000 ids", .wall_s = 2, .cpu_s = 2.1, .peak_memory_bytes = 300'000'000};
  EXPECT_EQ(judge_published_size(modest).outcome, CheckOutcome::pass);
  EXPECT_EQ(judge_published_size(modest).detail, "2000 ids in 2.0 s, peak memory 300 MB");

  PublishedSizeUse use = modest;
  use.cpu_s = 3.8;
  EXPECT_EQ(judge_published_size(use).outcome, CheckOutcome::fail);
  EXPECT_THAT(judge_published_size(use).detail, HasSubstr("1.9 cores where 1 thread is allowed"));
  use.n_threads = 2;
  EXPECT_EQ(judge_published_size(use).outcome, CheckOutcome::pass);

  use = modest;
  use.wall_s = 90;
  EXPECT_EQ(judge_published_size(use).outcome, CheckOutcome::warn);
  use = modest;
  use.peak_memory_bytes = std::uint64_t{5} << 30;
  EXPECT_EQ(judge_published_size(use).outcome, CheckOutcome::warn);
}

TEST(UsageJudgement, VeryShortCallsSayNothingAboutThreads) {
  EXPECT_EQ(judge_published_size({.request = "x", .wall_s = 0.01, .cpu_s = 0.05}).outcome, CheckOutcome::pass);
}

}  // namespace usage_judgement_test
}  // namespace headroom
