#include "shards/shard_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"
#include "plan/plan_record.hpp"

namespace headroom {
namespace {

using ::testing::HasSubstr;

StoredPlan example_plan() {
  StoredPlan plan;
  plan.json = "{}\n";
  plan.sha256 = std::string(64, 'a');
  return plan;
}

ShardRecord example_record() {
  ShardRecord record;
  record.set_plan_sha256(std::string(64, 'a'));
  record.set_shard(2);
  record.set_n_shards(6);
  record.set_state(kShardRunning);
  return record;
}

TEST(ShardFolder, IsReadAsItWasWritten) {
  testing::TemporaryFolder folder;
  const auto path = folder.path() / "shards" / "2";
  ASSERT_TRUE(begin_shard(path, example_plan(), example_record()));
  const auto shard = read_shard(path);
  ASSERT_TRUE(shard.has_value()) << shard.error().line();
  EXPECT_EQ(shard->name().text(), "2/6");
  EXPECT_EQ(shard->record.state(), "running");
  ASSERT_TRUE(begin_shard(path, example_plan(), example_record())) << "it is taken up again";
}

TEST(ShardFolder, BelongsToOneShardOfOnePlan) {
  testing::TemporaryFolder folder;
  ASSERT_TRUE(begin_shard(folder.path(), example_plan(), example_record()));
  ShardRecord other = example_record();
  other.set_shard(3);
  EXPECT_THAT(begin_shard(folder.path(), example_plan(), other).error().line(), HasSubstr("holds shard 2/6, not 3/6"));
  other = example_record();
  other.set_plan_sha256(std::string(64, 'b'));
  EXPECT_THAT(begin_shard(folder.path(), example_plan(), other).error().line(), HasSubstr("another plan"));
  EXPECT_EQ(read_shard(folder.path())->name().text(), "2/6");
}

TEST(ShardFolder, IsNoOtherFolder) {
  testing::TemporaryFolder folder;
  EXPECT_THAT(read_shard(folder.path()).error().line(), HasSubstr("no folder of a shard"));
  folder.write("summary.json", "{}");
  EXPECT_THAT(begin_shard(folder.path(), example_plan(), example_record()).error().line(),
              HasSubstr("results of a run"));
  for (const char* text : {"", "{", "{}", R"({"shard":3,"n_shards":2})", R"({"shard":0,"n_shards":2})"}) {
    folder.write("shard.json", text);
    EXPECT_FALSE(read_shard(folder.path()).has_value()) << text;
  }
}

TEST(ShardFolder, IsNamedInTheCommandThatMakesIt) {
  EXPECT_EQ(folder_beside("shards/1", {3, 6}), "shards/3");
  EXPECT_EQ(folder_beside("shards/1/", {3, 6}), "shards/3");
  EXPECT_EQ(command_of_shard("plan", {3, 6}, "shards/3"), "headroom run --plan plan --shard 3/6 -o shards/3");
  EXPECT_EQ(command_of_shard("my plan", {1, 1}, "o'c"), "headroom run --plan 'my plan' --shard 1/1 -o 'o'\\''c'");
}

}  // namespace
}  // namespace headroom
