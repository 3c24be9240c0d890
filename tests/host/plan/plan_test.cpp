#include "plan/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace headroom {
namespace plan_test {

using ::testing::ElementsAre;

Task example_task() {
  Task task;
  task.sha256 = std::string(64, 'a');
  task.gene_ids = {"g1", "g2"};
  task.fold_names = {"0", "1"};
  task.contexts.push_back({"one", {"p", "q", "r", "s"}, Matrix::Zero(4, 2), {0, 1, 0, 1}, {}});
  task.contexts.push_back({"two", {"p", "q", "r", "s"}, Matrix::Zero(4, 2), {0, 1, 0, 1}, {}});
  return task;
}

RosterEntry plugin(const std::string& name, bool shipped) {
  RosterEntry entry;
  entry.name = name;
  entry.file =
      std::make_shared<const PluginFile>(PluginFile{name + ".so", name + ".so", "hash of " + name, shipped, {}});
  entry.grid.names = {"k"};
  entry.grid.settings = Matrix::Constant(1, 1, 5);
  return entry;
}

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    roster_.heads = {plugin("knn", true), plugin("mine", false), plugin("lasso", true)};
    roster_.n_tables = 2;
    roster_.embeddings = {plugin("good", false), plugin("weak", false)};
    roster_.predictions = {plugin("finished", true)};
    options_.n_random_embeddings = 2;
  }

  Plan plan() const { return make_plan(task_, options_, roster_).value(); }

  static std::vector<std::string> names(const Plan& plan) {
    std::vector<std::string> names;
    for (const PlannedMethod& method : plan.methods) names.push_back(method.name);
    return names;
  }

  Task task_ = example_task();
  RunOptions options_;
  Roster roster_;
};

TEST_F(PlanTest, HasTheMethodsInTheOrderOfReports) {
  EXPECT_THAT(names(plan()), ElementsAre("train_mean", "no_change", "random+knn", "gene_pca+knn", "random+lasso",
                                         "gene_pca+lasso", "idealized+knn", "idealized+lasso", "sampling_error_q90",
                                         "sampling_error_q50", "sampling_error_closed_form", "split_half", "good+knn",
                                         "good+mine", "weak+knn", "weak+mine", "finished"));
}

TEST_F(PlanTest, GivesEveryHeadNullsOfItsOwnWithBoundsPerHead) {
  options_.bounds_per_head = true;
  roster_.heads.pop_back();
  const Plan made = plan();
  EXPECT_THAT(names(made), ::testing::IsSupersetOf({"random+knn", "random+mine", "gene_pca+mine", "idealized+knn"}));
  EXPECT_THAT(names(made), ::testing::Not(::testing::Contains("idealized+mine")));
  EXPECT_EQ(made.heads[1].borrows, "knn");
}

TEST_F(PlanTest, TheBoundsDoNotDependOnWhatIsMeasured) {
  const auto bounds_of = [](const Plan& plan) {
    std::vector<std::string> bounds;
    for (const PlannedMethod& method : plan.methods) {
      if (method.in_bound) bounds.push_back(method.name);
    }
    std::sort(bounds.begin(), bounds.end());
    return bounds;
  };
  const auto before = bounds_of(plan());
  roster_.heads = {plugin("lasso", true), plugin("ridge", true), plugin("knn", true)};
  roster_.n_tables = 1;
  roster_.embeddings.pop_back();
  EXPECT_EQ(bounds_of(plan()), before);
}

TEST_F(PlanTest, NeverShowsTestLabelsToASubmittedHead) {
  const Plan made = plan();
  for (const PlannedMethod& method : made.methods) {
    if (source_of(method.kind).sees_test_labels && method.head) {
      EXPECT_TRUE(roster_.heads[*method.head].file->shipped) << method.name;
    }
  }
}

TEST_F(PlanTest, FusesBehindTheEmbeddingsAndLeavesBlocksOutOnRequest) {
  roster_.heads.push_back(plugin("stack", true));
  roster_.heads.push_back(plugin("pairs", false));
  roster_.heads.back().description.set_min_blocks(2);
  roster_.n_fusion_heads = 2;
  options_.embeddings = {{"good", "good.csv", {}}, {"weak", "weak.csv", {}}};
  options_.fusions = {{"both", {}}};
  options_.ablate = true;
  options_.bounds_per_head = true;
  const Plan made = plan();
  const auto all = names(made);
  EXPECT_THAT(std::vector<std::string>(all.end() - 6, all.end()),
              ElementsAre("weak+mine", "both+stack", "both+pairs", "both-good+stack", "both-weak+stack", "finished"))
      << "pairs takes no single block";
  EXPECT_THAT(all, ::testing::Not(::testing::Contains("random+stack"))) << "fusions add nothing to the bounds";
  ASSERT_EQ(made.heads.size(), 2u) << "and have no table";
  const PlannedMethod& without = made.methods[made.methods.size() - 2];
  EXPECT_THAT(without.embeddings, ElementsAre(0u));
  EXPECT_EQ(without.left_out, "weak");
  EXPECT_EQ(without.whole, "both+stack");

  std::vector<PlanItem> fused;
  for (const PlanItem& item : made.items) {
    if (item.kind == MethodKind::fusion && item.context == 0 && item.split == 0) fused.push_back(item);
  }
  ASSERT_EQ(fused.size(), 3u) << "heads of the same blocks share an item";
  EXPECT_DOUBLE_EQ(fused[0].cost, 4);

  const auto key = [&] {
    return key_of(made, fused[0], made.methods[fused[0].methods[0]], options_, roster_, nullptr);
  };
  const std::string before = key().fingerprint;
  for (const std::size_t block : {0u, 1u}) {
    RosterEntry changed = plugin(roster_.embeddings[block].name, true);
    changed.file = std::make_shared<const PluginFile>(PluginFile{"x.so", "x.so", "another hash", true, {}});
    std::swap(changed, roster_.embeddings[block]);
    EXPECT_NE(key().fingerprint, before) << "block " << block;
    std::swap(changed, roster_.embeddings[block]);
  }
  EXPECT_EQ(key().fingerprint, before);
}

TEST_F(PlanTest, CoversEveryMethodOfEverySplitOnce) {
  const Plan made = plan();
  std::multiset<std::tuple<std::string, std::string, std::string>> kept;
  for_each_evaluation(made, [&](const PlanItem& item, std::size_t m) {
    const EvaluationKey key = key_of(made, item, made.methods[m], options_, roster_, nullptr);
    kept.insert({key.context, key.split, key.method});
  });
  EXPECT_EQ(kept.size(), made.methods.size() * 4);
  EXPECT_EQ(std::set(kept.begin(), kept.end()).size(), kept.size());
}

TEST_F(PlanTest, KeepsPartsOfAMeanApart) {
  const Plan made = plan();
  std::size_t n_parts = 0;
  std::set<std::pair<std::string, std::string>> names, fingerprints;
  for (const PlanItem& item : made.items) {
    const PlannedMethod& method = made.methods[item.methods.front()];
    const EvaluationKey key = part_key_of(made, item, method, options_, roster_, nullptr);
    const EvaluationKey whole = key_of(made, item, method, options_, roster_, nullptr);
    if (item.kind != MethodKind::random) {
      EXPECT_EQ(key.method, whole.method);
      EXPECT_EQ(key.fingerprint, whole.fingerprint);
      continue;
    }
    ++n_parts;
    EXPECT_EQ(item.n_parts, 2u);
    EXPECT_NE(key.fingerprint, whole.fingerprint);
    const std::string place = key.context + "." + key.split;
    EXPECT_TRUE(names.emplace(place, key.method).second) << key.method;
    EXPECT_TRUE(fingerprints.emplace(place, key.fingerprint).second) << key.method;
  }
  EXPECT_EQ(n_parts, 2u * 4);
}

TEST_F(PlanTest, LeavesOutNullsThatAreNotNamedAndMarksWhatCompetes) {
  options_.nulls = {kNullTrainMean};
  options_.ceiling = {kCeilingClosedForm};
  const Plan made = plan();
  for (const PlannedMethod& method : made.methods) {
    EXPECT_NE(method.kind, MethodKind::random);
    EXPECT_NE(method.kind, MethodKind::gene_pca);
    EXPECT_EQ(method.in_bound, method.name == kNullTrainMean || method.name == kCeilingClosedForm) << method.name;
    if (method.name == kCeilingClosedForm) EXPECT_EQ(method.role, Role::cheater);
    if (method.name == kCeilingSamplingError) EXPECT_EQ(method.role, Role::cheater) << "the published pair";
    if (method.name == kCeilingMedian) EXPECT_EQ(method.role, Role::reference);
  }
}

TEST_F(PlanTest, KeysReadWhatTheirKindComesFrom) {
  const Plan made = plan();
  const auto inputs_of = [&](const std::string& name) {
    std::set<std::string> read;
    for_each_evaluation(made, [&](const PlanItem& item, std::size_t m) {
      if (made.methods[m].name != name) return;
      for (const EvaluationInput& input : key_of(made, item, made.methods[m], options_, roster_, nullptr).inputs) {
        read.insert(input.name);
      }
    });
    return read;
  };
  EXPECT_TRUE(inputs_of("sampling_error_q90").contains("noise table"));
  EXPECT_FALSE(inputs_of("train_mean").contains("noise table"));
  EXPECT_FALSE(inputs_of("train_mean").contains("plugin of knn"));
  EXPECT_TRUE(inputs_of("gene_pca+knn").contains("genes"));
  EXPECT_TRUE(inputs_of("random+lasso").contains("random embeddings"));
  EXPECT_TRUE(inputs_of("weak+mine").contains("plugin of mine"));
  EXPECT_TRUE(inputs_of("weak+mine").contains("plugin of weak"));
  EXPECT_FALSE(inputs_of("weak+mine").contains("plugin of good"));
  EXPECT_TRUE(inputs_of("finished").contains("plugin of finished"));
}

TEST_F(PlanTest, IsMadeWithoutDeltas) {
  for (TaskContext& context : task_.contexts) context.deltas.resize(0, 0);
  EXPECT_EQ(plan().items.size(), 4u * (2 + 4 + 1 + 2 + 1 + 1 + 2));
}

TEST_F(PlanTest, RefusesAFoldThatTheTaskHasNot) {
  options_.folds = {"9"};
  EXPECT_FALSE(make_plan(task_, options_, roster_).has_value());
}

}  // namespace plan_test
}  // namespace headroom
