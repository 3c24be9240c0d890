// Expected draws: NumPy 1.24's, which the plain-integer form in the reference folder equals on 99 of 99 sequences.
#include "numerics/numpy_generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

namespace headroom {
namespace numpy_generator_test {

using ::testing::ElementsAre;

std::vector<int> permutation(NumpyGenerator& generator, int n) {
  std::vector<int> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  generator.permute(std::span(items));
  return items;
}

TEST(NumpySeedSequence, GivesTheWordsOfNumpy) {
  EXPECT_THAT(NumpySeedSequence(0).words(5),
              ElementsAre(2968811710u, 3677149159u, 745650761u, 2884920346u, 2642120001u));
  EXPECT_THAT(
      NumpySeedSequence((std::uint64_t{1} << 40) + 7).words(8),
      ElementsAre(0xe3d1a15u, 0xd8672e1u, 0x4ecfa161u, 0x9aef4adau, 0x83dba903u, 0x999c1c3bu, 0xdc8a316u, 0x408927dcu));
}

// One generator after another use: a spare half word is carried over from call to call.
TEST(NumpyGenerator, DrawsAsNumpyDoes) {
  struct Drawn {
    std::uint64_t seed;
    std::vector<int> eleven, four;
    std::vector<std::uint32_t> below;
    std::uint64_t word;
  };
  const std::vector<Drawn> all{
      {0, {4, 6, 7, 2, 0, 3, 5, 10, 9, 8, 1}, {0, 2, 3, 1}, {4, 217, 36695, 1752032170, 2, 0, 1}, 619544512228201759u},
      {42, {6, 7, 0, 10, 3, 5, 2, 4, 9, 1, 8}, {2, 3, 0, 1}, {3, 51, 55034, 967196438, 1, 1, 0}, 11877215088116289030u},
      {(std::uint64_t{1} << 40) + 7,
       {6, 2, 8, 7, 9, 3, 4, 1, 5, 0, 10},
       {0, 1, 3, 2},
       {4, 53, 16016, 1935358509, 1, 1, 2},
       4389406649438338270u}};
  for (const Drawn& drawn : all) {
    NumpyGenerator generator(drawn.seed);
    EXPECT_EQ(permutation(generator, 11), drawn.eleven);
    EXPECT_EQ(permutation(generator, 4), drawn.four);
    std::vector<std::uint32_t> below;
    for (const std::uint32_t n : {7u, 400u, 65537u, (1u << 31) + 5u, 3u, 3u, 3u}) below.push_back(generator.below(n));
    EXPECT_EQ(below, drawn.below);
    EXPECT_EQ(generator.next64(), drawn.word);
  }
}

TEST(NumpyGenerator, PermutesManyAsNumpyDoes) {
  NumpyGenerator generator(2968811710u);
  const std::vector<int> items = permutation(generator, 5000);
  EXPECT_THAT(std::vector<int>(items.begin(), items.begin() + 6), ElementsAre(3896, 4191, 3516, 975, 4780, 1834));
  EXPECT_THAT(std::vector<int>(items.end() - 3, items.end()), ElementsAre(4370, 2851, 385));
  EXPECT_EQ(std::set<int>(items.begin(), items.end()).size(), 5000u);
}

TEST(NumpyGenerator, DrawsNothingWhereThereIsNoChoice) {
  NumpyGenerator asked(7), unasked(7);
  EXPECT_EQ(permutation(asked, 1), std::vector<int>{0});
  EXPECT_TRUE(permutation(asked, 0).empty());
  EXPECT_EQ(asked.below(1), 0u);
  EXPECT_EQ(asked.next64(), unasked.next64());
}

}  // namespace numpy_generator_test
}  // namespace headroom
