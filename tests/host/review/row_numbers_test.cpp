#include "review/row_numbers.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace headroom {
namespace {

using Ids = std::vector<std::string>;

TEST(RowNumbers, AreCountedInOrder) {
  EXPECT_TRUE(are_row_numbers(Ids{"0", "1", "2"}));
  EXPECT_TRUE(are_row_numbers(Ids{"1", "2", "3"}));
  EXPECT_FALSE(are_row_numbers(Ids{"2", "1", "0"}));
  EXPECT_FALSE(are_row_numbers(Ids{"5594", "5595"})) << "Entrez";
  EXPECT_FALSE(are_row_numbers(Ids{"1"}));
  EXPECT_FALSE(are_row_numbers(Ids{}));
}

TEST(RowNumbers, MatchIdsOnlyByChance) {
  EXPECT_EQ(n_ids_by_chance(Ids{"2", "7", "x"}, Ids{"0", "1", "2"}), 1u);
  EXPECT_EQ(n_ids_by_chance(Ids{"5594"}, Ids{"5594", "5595"}), 0u);
  EXPECT_EQ(n_ids_by_chance(Ids{"A"}, Ids{"0", "1", "2"}), 0u);
}

}  // namespace
}  // namespace headroom
