#include "task/target_gene.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace target_gene_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

using Columns = std::vector<Texts>;
const Texts kIds{"ENSG00000000001", "ENSG00000000002.5", "ENSG00000000003", "ENSG00000000004"};
const Texts kSymbols{"TP53", "NT5E", "HLA-A", "KLF1"};

std::optional<Eigen::Index> column_of(const std::string& label) {
  return find_target_genes(Texts{label}, Columns{kIds, kSymbols}).column[0];
}

TEST(FindTargetGenes, UnderstandsTheUsualSpellings) {
  for (const char* label : {"TP53", "tp53", "TP53+ctrl", "ctrl+TP53", "TP53_P1P2", "TP53|sg1", "TP53_sg1_2", "TP53-1",
                            "ENSG00000000001", "ENSG00000000001.7", "0_TP53_P1P2_ENSG00000000001"}) {
    EXPECT_EQ(column_of(label), 0) << label;
  }
  EXPECT_EQ(column_of("NT5E"), 1);
  EXPECT_EQ(column_of("ENSG00000000002"), 1);
  EXPECT_EQ(column_of("HLA-A"), 2);
  for (const char* label : {"TP53+KLF1", "TP53_KLF1", "DMSO", "TP5", ""})
    EXPECT_EQ(column_of(label), std::nullopt) << label;
}

TEST(FindTargetGenes, TellsWhichItDidNotUnderstand) {
  const Texts labels{"sgTP53", "KLF1KO", "KLF1-sg2", "drug7", "TP53+KLF1", "TP53"};
  EXPECT_THAT(find_target_genes(labels, Columns{kSymbols}).unknown, ElementsAre("sgTP53", "KLF1KO", "KLF1-sg2"));
  EXPECT_THAT(find_target_genes(Texts{"GATA1", "CTRC"}, Columns{kSymbols}).unknown, IsEmpty());
}

TEST(FindTargetGenes, NumbersAreIdsOnlyByThemselves) {
  const Texts entrez{"7157", "3105", "1"};
  EXPECT_EQ(find_target_genes(Texts{"7157"}, Columns{entrez}).column[0], 0);
  EXPECT_EQ(find_target_genes(Texts{"7157+ctrl"}, Columns{entrez}).column[0], 0);
  EXPECT_EQ(find_target_genes(Texts{"1_TP53_P1"}, Columns{entrez, Texts{"A", "TP53", "B"}}).column[0], 1);
}

}  // namespace target_gene_test
}  // namespace headroom
