#include "review/condition_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ConditionNames, ReadsTheWordsOfAName) {
  EXPECT_THAT(words_of("dose_value"), ElementsAre("dose", "value"));
  EXPECT_THAT(words_of("doseValue (nM)"), ElementsAre("dose", "value", "n", "m"));
  for (const char* name : {"dose", "dose_val", "doseValue", "Dose value", "drug.dose", "concentration", "conc_uM",
                           "time", "timepoint", "Time_point", "hours", "cell_type", "celltype", "CellType", "cell_line",
                           "CellLine", "time1", "treatment_time"}) {
    EXPECT_TRUE(names_condition(name)) << name;
  }
  for (const char* name :
       {"pseudotime", "dosed", "batch", "gem_group", "timid", "cell_id", "type", "replicate", "n_times"}) {
    EXPECT_FALSE(names_condition(name)) << name;
  }
  for (const char* name : {"target", "target_gene", "gene", "gene_symbol", "targetGene", "gene_target"}) {
    EXPECT_TRUE(names_target(name)) << name;
  }
  for (const char* name : {"n_genes", "n_genes_by_counts", "num_genes", "genes_detected", "pathway", "targeting"}) {
    EXPECT_FALSE(names_target(name)) << name;
  }
}

TEST(ConditionNames, FindsGroupsOfSeveralValues) {
  const std::vector<std::uint32_t> groups = {0, 0, 1, 1, kNoGroup, 2};
  EXPECT_THAT(groups_of_several_values(groups, 3, std::vector<std::int32_t>{0, 1, 1, 1, 2, 0}), ElementsAre(0));
  EXPECT_THAT(groups_of_several_values(groups, 3, std::vector<std::int32_t>{0, -1, 1, 1, 2, 0}), IsEmpty());
}

TEST(ConditionNames, TakesNoMeasurementForACondition) {
  std::vector<std::uint32_t> groups(400);
  std::vector<std::int32_t> codes(400);
  for (std::size_t i = 0; i < 400; ++i) {
    groups[i] = static_cast<std::uint32_t>(i / 100);
    codes[i] = static_cast<std::int32_t>(i);
  }
  EXPECT_THAT(groups_of_several_values(groups, 4, codes), IsEmpty());
}

TEST(ConditionNames, TellsGuidesFromDrugs) {
  const auto several = [](std::vector<std::string> labels, std::vector<std::string> targets,
                          const char* column = "id") { return targets_of_several_guides(labels, targets, column); };
  EXPECT_THAT(several({"A_sg1", "A_sg2", "B_sg1"}, {"A", "A", "B"}), ElementsAre("A"));
  EXPECT_THAT(several({"TP53_P1P2", "TP53_P2"}, {"TP53", "TP53"}), ElementsAre("TP53"));
  EXPECT_THAT(several({"sgA-1", "sgA-2"}, {"A", "A"}), ElementsAre("A"));
  EXPECT_THAT(several({"ACGTACGTACGTACGTACGT", "TTGTACGTACGTACGTACGT"}, {"A", "A"}), ElementsAre("A"));
  EXPECT_THAT(several({"1", "2"}, {"A", "A"}, "guide_id"), ElementsAre("A"));
  EXPECT_THAT(several({"ATF2g1", "ATF2g2"}, {"ATF2", "ATF2"}), ElementsAre("ATF2"));
  EXPECT_THAT(several({"12_A_P1_ENSG00000141510", "13_A_P2_ENSG00000141510"}, {"A", "A"}), ElementsAre("A"));
  EXPECT_THAT(several({"EGFR-IN-1", "EGFR inhibitor 2"}, {"EGFR", "EGFR"}), IsEmpty()) << "drugs named by their target";
  EXPECT_THAT(several({"imatinib", "dasatinib"}, {"ABL1", "ABL1"}), IsEmpty()) << "drugs that share a target";
  EXPECT_THAT(several({"A+B", "A+C", "A+ctrl"}, {"A", "A", "A"}), ElementsAre()) << "combinations";
  EXPECT_THAT(several({"A", "B"}, {"A", "B"}), IsEmpty());
  EXPECT_THAT(several({"NTC_1", "NTC_2"}, {"non-targeting", "non-targeting"}), IsEmpty());
}

}  // namespace
}  // namespace headroom
