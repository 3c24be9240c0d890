#include "plan/plan_record.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <numeric>

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void add_item(PlanRecord& plan, double cost, std::vector<std::uint32_t> needs = {}, std::uint32_t part = 0,
              std::uint32_t n_parts = 1) {
  PlanItemRecord& item = *plan.add_items();
  item.set_context("K-562");
  item.set_split("0");
  item.add_methods("good+knn");
  item.add_fingerprints("f");
  item.set_cost(cost);
  item.set_part(part);
  item.set_n_parts(n_parts);
  item.mutable_needs()->Assign(needs.begin(), needs.end());
}

// Four pieces of work, of which the middle two are one mean.
PlanRecord example_plan() {
  PlanRecord plan;
  plan.set_target("lfc");
  add_item(plan, 4);
  add_item(plan, 1, {}, 0, 2);
  add_item(plan, 1, {1}, 1, 2);
  add_item(plan, 2);
  return plan;
}

TEST(PlanRecord, IsReadAsItWasWritten) {
  const PlanRecord plan = example_plan();
  const auto read = parse_plan_json(plan_json(plan), "plan.json");
  ASSERT_TRUE(read.has_value()) << read.error().line();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*read, plan));
  EXPECT_EQ(plan_json(*read), plan_json(plan));
}

TEST(PlanRecord, RefusesWhatIsNoPlan) {
  for (const char* json : {"", "{", "[]", R"({"items":[{"needs":[7],"n_parts":1}]})", R"({"items":[{"part":1}]})",
                           R"({"items":[{"methods":["a"],"n_parts":1}]})"}) {
    const auto read = parse_plan_json(json, "plan.json");
    ASSERT_FALSE(read.has_value()) << json;
    EXPECT_THAT(read.error().line(), HasSubstr("plan.json"));
  }
}

TEST(Shards, KeepTogetherWhatNeedsEachOtherAndBalanceTheCost) {
  const auto shards = shards_of(example_plan(), 2);
  ASSERT_EQ(shards.size(), 2u);
  EXPECT_THAT(shards[0], ElementsAre(0));
  EXPECT_THAT(shards[1], ElementsAre(1, 2, 3));
}

TEST(Shards, HoldEveryItemOnceWhateverTheirNumber) {
  PlanRecord plan;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const bool is_second = i % 4 == 1;
    add_item(plan, 1 + i % 7, is_second ? std::vector<std::uint32_t>{i - 1} : std::vector<std::uint32_t>{},
             is_second ? 1 : 0, i % 4 < 2 ? 2 : 1);
  }
  for (std::size_t n = 1; n <= 45; ++n) {
    std::vector<std::size_t> all;
    for (const auto& shard : shards_of(plan, n)) {
      all.insert(all.end(), shard.begin(), shard.end());
      for (const std::size_t i : shard) {
        if (i % 4 == 1) EXPECT_TRUE(std::binary_search(shard.begin(), shard.end(), i - 1));
      }
    }
    std::sort(all.begin(), all.end());
    std::vector<std::size_t> expected(40);
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    EXPECT_EQ(all, expected) << n << " shards";
  }
}

}  // namespace
}  // namespace headroom
