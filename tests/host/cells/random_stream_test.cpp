#include "cells/random_stream.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace headroom {
namespace random_stream_test {

// Philox4x32-10's known answers (Random123's kat_vectors): counter and key zero, and all ones.
TEST(RandomStream, GivesPhiloxsKnownAnswers) {
  RandomStream zeros(0, 0, 0, 0);
  EXPECT_EQ(zeros.next(), 0x6627e8d5u);
  EXPECT_EQ(zeros.next(), 0xe169c58du);
  EXPECT_EQ(zeros.next(), 0xbc57ac4cu);
  EXPECT_EQ(zeros.next(), 0x9b00dbd8u);
}

TEST(RandomStream, StreamsWithOtherNumbersOrKeysDiffer) {
  std::set<std::uint32_t> first_words;
  for (std::uint64_t key : {1ull, 2ull, 1ull << 32}) {
    for (std::uint32_t a : {0u, 1u}) {
      for (std::uint32_t b : {0u, 1u}) {
        for (std::uint32_t c : {0u, 1u}) first_words.insert(RandomStream(key, a, b, c).next());
      }
    }
  }
  EXPECT_EQ(first_words.size(), 3u * 8);
}

TEST(RandomStream, BelowIsUniform) {
  constexpr std::uint32_t kSides = 7;
  constexpr int kRolls = 70'000;
  RandomStream random(42, 1);
  std::vector<int> seen(kSides);
  for (int i = 0; i < kRolls; ++i) ++seen.at(random.below(kSides));
  // Chi-squared with 6 degrees of freedom stays below 27.9 in all but one of 10,000 seeds.
  double chi_squared = 0;
  for (const int n : seen) chi_squared += (n - 10'000.0) * (n - 10'000.0) / 10'000.0;
  EXPECT_LT(chi_squared, 27.9);
}

TEST(RandomStream, BelowOneIsZeroAndUniformStaysInside) {
  RandomStream random(3, 0);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(random.below(1), 0u);
    const double u = random.uniform();
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 5 * 0.2887 / 100);  // five standard errors
}

TEST(StreamKey, DependsOnSeedAndEveryLetter) {
  const std::set<std::uint64_t> keys = {stream_key(0, ""),  stream_key(1, ""),   stream_key(0, "a"),
                                        stream_key(0, "b"), stream_key(0, "ab"), stream_key(0, "ba"),
                                        stream_key(1, "ab")};
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_EQ(stream_key(5, "x"), stream_key(5, "x"));
}

}  // namespace random_stream_test
}  // namespace headroom
