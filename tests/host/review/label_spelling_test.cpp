#include "review/label_spelling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::vector<std::size_t>> twins(std::vector<std::string> labels) { return same_perturbations(labels); }

TEST(LabelSpelling, JoinsWhatIsSpellingAlone) {
  EXPECT_THAT(twins({"A", "B", "A ", "b"}), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
  EXPECT_THAT(twins({"A+ctrl", "ctrl+A"}), ElementsAre(ElementsAre(0, 1)));
  EXPECT_THAT(twins({"A+ctrl", "A"}), ElementsAre(ElementsAre(0, 1)));
  EXPECT_THAT(twins({"A+B", "B+A", "A_B", "B;A", "b,a", "A + B", "B|A", "A&B"}),
              ElementsAre(ElementsAre(0, 1, 2, 3, 4, 5, 6, 7)));
  EXPECT_THAT(twins({"CEBPE_NegCtrl0", "NegCtrl0_CEBPE", "CEBPE"}), ElementsAre(ElementsAre(0, 1, 2)));
  EXPECT_THAT(twins({"A+B+C", "C+A+B"}), ElementsAre(ElementsAre(0, 1)));
  EXPECT_THAT(twins({"A\xC2\xA0", "A"}), ElementsAre(ElementsAre(0, 1)));
}

TEST(LabelSpelling, TakesAControlThatWasNamed) {
  const std::vector<std::string> labels = {"A+WT", "A"};
  EXPECT_THAT(same_perturbations(labels), IsEmpty());
  EXPECT_THAT(same_perturbations(labels, [](std::string_view part) { return part == "WT"; }),
              ElementsAre(ElementsAre(0, 1)));
}

TEST(LabelSpelling, KeepsApartWhatDiffers) {
  EXPECT_THAT(twins({"A+B", "A+C", "A", "B"}), IsEmpty());
  EXPECT_THAT(twins({"A_1+B_2", "A_2+B_1"}), IsEmpty()) << "numbers belong to their part";
  EXPECT_THAT(twins({"drug_1_2", "drug_2_1"}), IsEmpty()) << "dose and day";
  EXPECT_THAT(twins({"x 1,5", "x 5,1"}), IsEmpty());
  EXPECT_THAT(twins({"A_sg1", "A_sg2"}), IsEmpty());
  EXPECT_THAT(twins({"A|sg1", "A|sg2", "B|sg1"}), IsEmpty());
  EXPECT_THAT(twins({"CD4_neg", "CD4"}), IsEmpty());
  EXPECT_THAT(twins({"ctrl", "ctrl+ctrl"}), IsEmpty()) << "a control, told of as such";
}

TEST(LabelSpelling, OnlyTrimsFormulae) {
  EXPECT_THAT(twins({"C1CCCCC1", "c1ccccc1"}), IsEmpty());
  EXPECT_THAT(twins({"CC(=O)O", "cc(=o)o"}), IsEmpty());
  EXPECT_THAT(twins({"[Na+].[Cl-]", "[Cl-].[Na+]"}), IsEmpty());
  EXPECT_THAT(twins({"c1ccccc1", "c1ccccc1 "}), ElementsAre(ElementsAre(0, 1)));
  EXPECT_TRUE(looks_like_formula("C1CCCCC1"));
  for (const char* gene : {"C1S", "NCOR1", "BCL11B", "CCNB1", "C11orf11", "HNF1B", "SP11", "NT5E"}) {
    EXPECT_FALSE(looks_like_formula(gene)) << gene;
  }
}

TEST(LabelSpelling, KnowsWhatNamesNothing) {
  for (const char* label : {"nan", "NaN", "None", "NA", "N/A", "null", "Empty", "unassigned", "UNKNOWN", "multiplet",
                            "Doublet", "ambiguous", "", "  ", "<NA>", "#N/A", "doublets", "Not assigned"}) {
    EXPECT_TRUE(names_missing(label)) << label;
  }
  for (const char* label : {"NANOG", "NAT1", "nonexistent", "NULL1", "EMPTY2", "none of them"}) {
    EXPECT_FALSE(names_missing(label)) << label;
  }
}

TEST(LabelSpelling, MatchesGlobsButExactNamesFirst) {
  EXPECT_TRUE(matches_glob("NegCtrl*", "NegCtrl10"));
  EXPECT_FALSE(matches_glob("NegCtrl0", "NegCtrl1"));
  EXPECT_TRUE(matches_glob("NTC_[0-9]", "NTC_3"));
  EXPECT_TRUE(matches_glob("C[C@H]", "C[C@H]"));
}

}  // namespace
}  // namespace headroom
