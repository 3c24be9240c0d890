#include "evaluation/submission_budget.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace submission_budget_test {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

TEST(SubmissionBudget, IsFiveRequestsForEveryContextUnlessItIsNamed) {
  WorkerLimits asked;
  EXPECT_EQ(total_time_s(asked, 1), 5 * 600);
  asked.set_wall_time_s(2);
  EXPECT_EQ(total_time_s(asked, 3), 5 * 2 * 3);
  asked.set_total_time_s(7);
  EXPECT_EQ(total_time_s(asked, 3), 7);
}

TEST(SubmissionBudget, IsCappedByWhoeverPaysForIt) {
  WorkerLimits asked, cap;
  const WorkerLimits defaults = capped_limits(asked, cap, 2);
  EXPECT_EQ(defaults.wall_time_s(), 600);
  EXPECT_EQ(defaults.total_time_s(), 2 * 5 * 600);
  EXPECT_EQ(defaults.address_space_bytes(), 8192 * kMebibyte);
  asked.set_wall_time_s(1e6);
  asked.set_total_time_s(1e9);
  asked.set_address_space_bytes(std::uint64_t{1} << 50);
  asked.set_log_bytes(std::uint64_t{1} << 50);
  const WorkerLimits capped = capped_limits(asked, cap, 2);
  EXPECT_EQ(capped.SerializeAsString(), defaults.SerializeAsString());
  cap.set_wall_time_s(3);
  cap.set_total_time_s(4);
  EXPECT_EQ(capped_limits(asked, cap, 2).wall_time_s(), 3);
  EXPECT_EQ(capped_limits(asked, cap, 2).total_time_s(), 4);
  asked.set_wall_time_s(2);
  asked.set_address_space_bytes(600 * kMebibyte);
  EXPECT_EQ(capped_limits(asked, cap, 2).wall_time_s(), 2) << "a narrower limit of the run's stays";
  EXPECT_EQ(capped_limits(asked, cap, 2).address_space_bytes(), 600 * kMebibyte);
}

// The share of one depends on how many there are, never on what the others hold.
TEST(SubmissionBudget, SharesMemoryEvenly) {
  EXPECT_EQ(most_kept_bytes(1), 4096 * kMebibyte);
  EXPECT_EQ(most_kept_bytes(4), 1024 * kMebibyte);
  EXPECT_EQ(most_file_bytes(1), 1024 * kMebibyte);
  EXPECT_EQ(most_file_bytes(64), 128 * kMebibyte);
  EXPECT_EQ(most_file_bytes(100000), 16 * kMebibyte);
}

TEST(SubmissionBudget, LeavesAFolderNoMoreTimeThanThereIs) {
  TimeBudget budget(10);
  budget.charge(9);
  const auto now = std::chrono::steady_clock::now();
  const FolderPatience patience = folder_patience(&budget, {});
  ASSERT_TRUE(patience.deadline);
  EXPECT_LT(*patience.deadline - now, std::chrono::seconds(60));
  EXPECT_FALSE(folder_patience(nullptr, {}).deadline);
}

TEST(TimeBudget, IsSpentByWhatIsCharged) {
  TimeBudget budget(2);
  budget.charge(-1);  // a clock that was set back
  EXPECT_EQ(budget.left_s(), 2);
  budget.charge(1.5);
  EXPECT_FALSE(budget.is_spent());
  budget.charge(1);
  EXPECT_TRUE(budget.is_spent());
  EXPECT_EQ(budget.left_s(), 0);
}

}  // namespace submission_budget_test
}  // namespace headroom
