#include "io/lzf.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headroom {
namespace {

using Bytes = std::vector<unsigned char>;

// Expands into 64 bytes; nullopt-like: an empty string where the data are refused.
std::string expand(const Bytes& data, std::size_t room = 64) {
  Bytes out(room);
  const std::size_t n = lzf_expand(data, out);
  return std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
}

TEST(LzfExpand, LiteralsAndRepeats) {
  EXPECT_EQ(expand({2, 'a', 'b', 'c'}), "abc");
  // A repeat of 3 (1 + 2) bytes from distance 3 (2 + 1).
  EXPECT_EQ(expand({2, 'a', 'b', 'c', 1 << 5, 2}), "abcabc");
  // An overlapping repeat: distance 1 is a run.
  EXPECT_EQ(expand({0, 'x', 3 << 5, 0}), "xxxxxx");
  // A long repeat: length 7 is followed by a byte that adds to it.
  EXPECT_EQ(expand({0, 'y', 7 << 5, 10, 0}), std::string(1 + 7 + 10 + 2, 'y'));
}

TEST(LzfExpand, DamagedDataAreRefused) {
  EXPECT_EQ(expand({}), "");
  EXPECT_EQ(expand({5, 'a'}), "");               // literals that are not there
  EXPECT_EQ(expand({0, 'a', 1 << 5}), "");       // a repeat without its distance
  EXPECT_EQ(expand({0, 'a', 7 << 5}), "");       // a long repeat without its length
  EXPECT_EQ(expand({0, 'a', 1 << 5, 9}), "");    // a distance before the beginning
  EXPECT_EQ(expand({2, 'a', 'b', 'c'}, 2), "");  // no room
  EXPECT_EQ(expand({0, 'a', 3 << 5, 0}, 4), "");
}

}  // namespace
}  // namespace headroom
