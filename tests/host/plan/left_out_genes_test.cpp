#include "plan/left_out_genes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace left_out_genes_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two contexts of genes g0 … g4; of the perturbations p1 aims at none, and g4 is nobody's target.
class LeftOutGenesTest : public ::testing::Test {
 protected:
  LeftOutGenesTest() {
    task_.gene_ids = {"g0", "g1", "g2", "g3", "g4"};
    for (const char* name : {"A", "B"}) {
      TaskContext& context = task_.contexts.emplace_back();
      context.name = name;
      context.pert_ids = {"g0", "g2", "g3", "p1"};
    }
    task_.contexts[1].pert_ids = {"g1", "p1"};
    split_.test = {{0, 1}, {0, 3}};
  }

  Task task_;
  Split split_;
};

TEST_F(LeftOutGenesTest, OwnGenesAreOfRowsAndThePanelOfTheContext) {
  const TargetExclusion own = target_exclusion(task_, split_.test, 0, ExcludedTargets::own);
  EXPECT_THAT(own.own_gene, ElementsAre(std::optional<Eigen::Index>(2), std::nullopt));
  EXPECT_TRUE(own.panel.empty());
  EXPECT_TRUE(columns_left(own, 5).empty()) << "every column counts for some row";
  const TargetExclusion panel = target_exclusion(task_, split_.test, 0, ExcludedTargets::panel);
  EXPECT_THAT(panel.panel, ElementsAre(0, 2, 3));
  EXPECT_THAT(columns_left(panel, 5), ElementsAre(1, 4));
}

TEST_F(LeftOutGenesTest, AreCountedOverAllSplits) {
  Split other;
  other.test = {{0, 0}, {0, 2}};
  EXPECT_EQ(n_excluded_targets(task_, {split_, other}, 0, ExcludedTargets::own), 3u);
  EXPECT_EQ(n_excluded_targets(task_, {split_, other}, 0, ExcludedTargets::as_published), 3u);
  EXPECT_EQ(n_excluded_targets(task_, {split_, other}, 0, ExcludedTargets::panel), 3u);
  EXPECT_EQ(n_excluded_targets(task_, {split_}, 0, ExcludedTargets::own), 1u);
  EXPECT_EQ(n_excluded_targets(task_, {split_}, 0, ExcludedTargets::none), 0u);
}

TEST_F(LeftOutGenesTest, MustLeaveGenesToJudgeBy) {
  EXPECT_TRUE(check_genes_left(task_, ExcludedTargets::panel));
  task_.contexts[0].pert_ids[3] = "g4";
  const auto too_few = check_genes_left(task_, ExcludedTargets::panel);
  ASSERT_FALSE(too_few);
  EXPECT_EQ(too_few.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(too_few.error().what, HasSubstr("leaves 1 of 5 genes in context 'A'"));
  EXPECT_TRUE(check_genes_left(task_, ExcludedTargets::own));
}

}  // namespace left_out_genes_test
}  // namespace headroom
