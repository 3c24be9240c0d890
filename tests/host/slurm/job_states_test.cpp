#include "slurm/job_states.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(JobStates, AreReadFromSqueue) {
  const auto states = parse_squeue("12_1|RUNNING|node-a\n12_3|PENDING|(Priority)\n13|PENDING|(Dependency)\n");
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states.at(1).state, "RUNNING");
  EXPECT_EQ(states.at(1).detail, "node-a");
  EXPECT_EQ(states.at(3).detail, "(Priority)");
}

TEST(JobStates, AreReadFromSacct) {
  const auto states = parse_sacct(
      "12_1|COMPLETED|node-a\n12_2|CANCELLED by 1000|None assigned\n12_[5-7]|PENDING|\n"
      "12_4|NODE_FAIL|node-b\n12_4|COMPLETED|node-a\n");
  ASSERT_EQ(states.size(), 3u);
  EXPECT_EQ(states.at(2).state, "CANCELLED");
  EXPECT_EQ(states.at(4).state, "COMPLETED") << "the last start holds";
}

TEST(JobStates, PassOverWhatIsNoLineOfATable) {
  EXPECT_TRUE(parse_squeue("").empty());
  EXPECT_TRUE(parse_squeue("slurm_load_jobs error: Invalid job id specified\n|||\n12_|x|y\n12_a|x|y\n\n").empty());
  EXPECT_EQ(parse_squeue("12_1|RUNNING|a|b").at(1).detail, "a");
}

}  // namespace
}  // namespace headroom
