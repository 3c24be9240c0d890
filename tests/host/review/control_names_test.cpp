#include "review/control_names.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(ControlNames, KnowsTheSpellingsOfTheField) {
  for (const char* label : {"control",
                            "Control",
                            "controls",
                            "ctrl",
                            "CTRL",
                            "ctrl+ctrl",
                            "non-targeting",
                            "Non-Targeting",
                            "non_targeting",
                            "nontargeting",
                            "NON TARGETING",
                            "non.targeting",
                            "NT",
                            "nt",
                            "NTC",
                            "NTC_12",
                            "ntc-3",
                            "NTC12",
                            "neg",
                            "neg1",
                            "Negative control",
                            "negative_control_3",
                            "NegCtrl0",
                            "NegCtrl10_NegCtrl0",
                            "NegCtrl0_NegCtrl0__NegCtrl0_NegCtrl0",
                            "NegCtrl3+NegCtrl1",
                            "neg-ctrl",
                            "DMSO",
                            "dmso_TF",
                            "DMSO control",
                            "Vehicle",
                            "vehicle_control",
                            "untreated",
                            "Unperturbed",
                            "mock",
                            "Mock_2",
                            "scramble",
                            "scrambled",
                            "Scrambled sgRNA 4",
                            "siNC",
                            "siNC-1",
                            "si-control",
                            "safe-targeting",
                            "safe_targeting_7",
                            "sgNTC",
                            "sgNT-1",
                            "non-targeting_sgRNA_0012",
                            "control (NT)",
                            "  ctrl ",
                            "1000_non-targeting_non-targeting_non-targeting",
                            "ctrl_1",
                            "NonTargetingControlGuideForHuman_0001",
                            "no_perturbation",
                            "mock_infected",
                            "Control 2"}) {
    EXPECT_TRUE(names_control(label)) << label;
  }
}

TEST(ControlNames, DoesNotTakeGenesThatBeginSo) {
  for (const char* label : {"NT5E",
                            "NT5C",
                            "NT5DC1",
                            "NEGR1",
                            "CTRC",
                            "CTRB1",
                            "NTRK1",
                            "NTN1",
                            "NTS",
                            "NTM",
                            "NTF3",
                            "NTNG1",
                            "CTLA4",
                            "SAFB",
                            "SAFB2",
                            "SCRG1",
                            "SCRIB",
                            "SCRN1",
                            "MOCOS",
                            "MOCS1",
                            "CONT",
                            "TF",
                            "SI",
                            "NA",
                            "NEGATIVE1A",
                            "VEGFA",
                            "ctrl+TF",
                            "TF+ctrl",
                            "ctrl_TF",
                            "CEBPE_NegCtrl0",
                            "NegCtrl0_CEBPE",
                            "A+ctrl",
                            "ctrl+A",
                            "drug_1",
                            "",
                            "12",
                            "WT",
                            "GENE000",
                            "control-like",
                            "DMSOX",
                            "Ntc1a",
                            "non-target-gene-A"}) {
    EXPECT_FALSE(names_control(label)) << label;
  }
}

TEST(ControlNames, AreSureOnlyOfWhatMeansNothingElse) {
  EXPECT_TRUE(names_control_surely("ctrl"));
  EXPECT_TRUE(names_control_surely("NegCtrl7"));
  EXPECT_FALSE(names_control_surely("neg")) << "CD4_neg";
  EXPECT_FALSE(names_control_surely("NT"));
}

}  // namespace
}  // namespace headroom
