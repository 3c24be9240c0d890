#include "review/id_kind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace headroom {
namespace {

using testing::HasSubstr;

TEST(IdKind, IsSeenOfEachKind) {
  const std::pair<const char*, IdKind> examples[] = {
      {"ENSG00000141510", IdKind::ensembl_gene},
      {"ENSMUSG00000059552", IdKind::ensembl_gene},
      {"ENSG00000141510.18", IdKind::versioned_ensembl_gene},
      {"ENST00000269305", IdKind::ensembl_product},
      {"TP53", IdKind::symbol},
      {"Trp53", IdKind::symbol},
      {"HLA-DRB1", IdKind::symbol},
      {"C1orf112", IdKind::symbol},
      {"ENSA", IdKind::symbol},
      {"NT5C3A", IdKind::symbol},
      {"7157", IdKind::entrez},
      {"CID2244", IdKind::cid},
      {"cid:2244", IdKind::cid},
      {"CHEMBL25", IdKind::chembl},
      {"P04637", IdKind::uniprot},
      {"A0A024R1R8", IdKind::uniprot},
      {"CC(=O)Oc1ccccc1C(=O)O", IdKind::smiles},
      {"[O-][N+](=O)c1ccccc1", IdKind::smiles},
      {"imatinib", IdKind::unknown},
      {"", IdKind::unknown},
      {"dasatinib monohydrate", IdKind::unknown},
  };
  for (const auto& [id, kind] : examples) EXPECT_EQ(id_kind_name(id_kind(id)), id_kind_name(kind)) << id;
}

TEST(IdKind, OfAListIsThatOfMostOfIt) {
  EXPECT_EQ(id_kind_of({"TP53", "MYC", "ENSG00000141510"}), IdKind::symbol);
  EXPECT_EQ(id_kind_of({"TP53", "ENSG00000141510"}), IdKind::unknown) << "no majority";
  EXPECT_EQ(id_kind_of({}), IdKind::unknown);
}

TEST(IdKind, RemedyFitsThePair) {
  EXPECT_THAT(id_remedy(IdKind::versioned_ensembl_gene, IdKind::ensembl_gene), HasSubstr("split('.')"));
  EXPECT_THAT(id_remedy(IdKind::symbol, IdKind::ensembl_gene), HasSubstr("BioMart"));
  EXPECT_THAT(id_remedy(IdKind::entrez, IdKind::symbol), HasSubstr("count rows"));
  EXPECT_THAT(id_remedy(IdKind::symbol, IdKind::symbol), HasSubstr("species"));
  EXPECT_THAT(id_remedy(IdKind::smiles, IdKind::cid), HasSubstr("PubChem"));
  for (int file = 0; file <= static_cast<int>(IdKind::smiles); ++file) {
    for (int task = 0; task <= static_cast<int>(IdKind::smiles); ++task) {
      EXPECT_FALSE(id_remedy(static_cast<IdKind>(file), static_cast<IdKind>(task)).empty());
    }
  }
}

}  // namespace
}  // namespace headroom
