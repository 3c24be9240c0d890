#include "plan/plan_record.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace headroom {
namespace plan_record_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void add_item(PlanRecord& plan, double cost, const std::string& method = "good+knn", const std::string& split = "0",
              const std::string& context = "K-562") {
  PlanItemRecord& item = *plan.add_items();
  item.set_context(context);
  item.set_split(split);
  item.add_methods(method);
  item.add_fingerprints("f");
  item.set_cost(cost);
  item.set_n_parts(1);
}

// Two embeddings in two folds.
PlanRecord example_target() {
  PlanRecord plan;
  plan.set_target("lfc");
  add_item(plan, 1, "a+knn", "0");
  add_item(plan, 1, "b+knn", "0");
  add_item(plan, 1, "a+knn", "1");
  add_item(plan, 1, "b+knn", "1");
  return plan;
}

RunPlan example_plan() {
  RunPlan plan;
  plan.set_headroom_build("1");
  plan.set_run_toml("[run]\n");
  for (const char* what : {"task", "vectors of a"}) {
    PlannedInput& input = *plan.add_inputs();
    input.set_what(what);
    input.set_path("a.h5ad");
    input.set_sha256(std::string(64, '1'));
  }
  *plan.add_targets() = example_target();
  return plan;
}

TEST(PlanRecord, IsReadAsItWasWritten) {
  const RunPlan plan = example_plan();
  const auto read = parse_plan_json(plan_json(plan), "plan.json");
  ASSERT_TRUE(read.has_value()) << read.error().line();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*read, plan));
  EXPECT_EQ(plan_json(*read), plan_json(plan));
}

TEST(PlanRecord, RefusesWhatIsNoPlan) {
  for (const char* json :
       {"", "{", "[]", "{}", R"({"targets":[{"items":[{"methods":["a"],"fingerprints":["f"],"part":1}]}]})",
        R"({"targets":[{"items":[{"n_parts":1}]}]})", R"({"targets":[{"items":[{"methods":["a"],"n_parts":1}]}]})"}) {
    const auto read = parse_plan_json(json, "plan.json");
    ASSERT_FALSE(read.has_value()) << json;
    EXPECT_THAT(read.error().line(), HasSubstr("plan.json"));
  }
}

TEST(PlanRecord, NamesWhatHasChanged) {
  const RunPlan plan = example_plan();
  EXPECT_EQ(difference_of_plans(plan, plan), "");
  RunPlan now = plan;
  now.set_headroom_build("2");
  EXPECT_THAT(difference_of_plans(plan, now), HasSubstr("Headroom 1, this is 2"));
  now = plan;
  now.mutable_inputs(1)->set_sha256(std::string(64, '2'));
  EXPECT_EQ(difference_of_plans(plan, now), "vectors of a (a.h5ad) has changed: sha256 11111111…, now 22222222…");
  now = plan;
  now.mutable_inputs()->RemoveLast();
  EXPECT_EQ(difference_of_plans(plan, now), "vectors of a (a.h5ad) is no longer there");
  EXPECT_EQ(difference_of_plans(now, plan), "vectors of a (a.h5ad) was not there");
  now = plan;
  now.mutable_targets(0)->mutable_items(2)->set_fingerprints(0, "g");
  EXPECT_THAT(difference_of_plans(plan, now), HasSubstr("K-562 1 a+knn"));
  now.mutable_targets(0)->mutable_items()->RemoveLast();
  EXPECT_EQ(difference_of_plans(plan, now), "it has 4 pieces of work, now 3");
}

TEST(Shards, KeepAllSplitsOfAnEmbeddingTogether) {
  const auto shards = shards_of(example_target(), 2);
  ASSERT_EQ(shards.size(), 2u);
  EXPECT_THAT(shards[0], ElementsAre(0, 2));
  EXPECT_THAT(shards[1], ElementsAre(1, 3));
}

TEST(Shards, AreOfAboutEqualCost) {
  PlanRecord plan;
  double sum = 0, dearest = 0;
  for (int c = 0; c < 4; ++c) {
    for (int e = 0; e < 33; ++e) {
      for (int f = 0; f < 5; ++f) {
        const double cost = e == 0 ? 4 : 1 + 0.25 * c;
        add_item(plan, cost, "e" + std::to_string(e), std::to_string(f), "c" + std::to_string(c));
        sum += cost;
        dearest = std::max(dearest, cost);
      }
    }
  }
  for (const std::size_t n : {2, 6, 24, 100}) {
    for (const auto& shard : shards_of(plan, n)) {
      double cost = 0;
      for (const std::size_t i : shard) cost += plan.items(static_cast<int>(i)).cost();
      EXPECT_NEAR(cost, sum / static_cast<double>(n), 0.1 * sum / static_cast<double>(n) + dearest) << n;
    }
  }
}

TEST(Shards, HoldEveryItemOnceWhateverTheirNumber) {
  PlanRecord plan;
  for (int i = 0; i < 40; ++i) add_item(plan, 1 + i % 7, "m" + std::to_string(i % 8), std::to_string(i / 8));
  for (std::size_t n = 1; n <= 45; ++n) {
    std::vector<std::size_t> all;
    for (const auto& shard : shards_of(plan, n)) {
      all.insert(all.end(), shard.begin(), shard.end());
      EXPECT_TRUE(std::is_sorted(shard.begin(), shard.end()));
    }
    std::sort(all.begin(), all.end());
    std::vector<std::size_t> expected(40);
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    EXPECT_EQ(all, expected) << n << " shards";
  }
  EXPECT_EQ(shards_of(PlanRecord(), 3).size(), 3u);
}

}  // namespace plan_record_test
}  // namespace headroom
