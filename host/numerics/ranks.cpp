#include "numerics/ranks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// A word to sort: the leading kKeyBits of a key whose unsigned order is that of the doubles, then the gene's index.
constexpr int kKeyBits = 33, kDigitBits = 11, kIndexBits = 64 - kKeyBits;
constexpr std::size_t kDigits = kKeyBits / kDigitBits, kBuckets = std::size_t{1} << kDigitBits;
constexpr std::uint64_t kIndexMask = (std::uint64_t{1} << kIndexBits) - 1;

std::uint64_t ordered_key(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0.0 + 0.0 is 0.0
  return bits ^ ((bits >> 63) != 0 ? ~std::uint64_t{0} : std::uint64_t{1} << 63);
}

std::size_t digit(std::uint64_t word, std::size_t which) {
  return (word >> (kIndexBits + kDigitBits * static_cast<int>(which))) & (kBuckets - 1);
}

// Sorts the words by their key part, least digit first.
void radix_sort(std::vector<std::uint64_t>& words, std::vector<std::uint64_t>& scratch) {
  std::array<std::array<std::uint32_t, kBuckets>, kDigits> starts{};
  for (const std::uint64_t word : words) {
    for (std::size_t d = 0; d < kDigits; ++d) ++starts[d][digit(word, d)];
  }
  for (std::size_t d = 0; d < kDigits; ++d) {
    auto& start = starts[d];
    if (start[digit(words[0], d)] == words.size()) continue;  // one bucket holds all: nothing to move
    std::uint32_t sum = 0;
    for (std::uint32_t& count : start) count = std::exchange(sum, sum + count);
    for (const std::uint64_t word : words) scratch[start[digit(word, d)]++] = word;
    words.swap(scratch);
  }
}

}  // namespace

void centred_ranks(const double* values, std::size_t n, RankBuffers& buffers, float* ranks) {
  if (n == 0) return;
  auto& order = buffers.order;
  order.resize(n);
  buffers.scratch.resize(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = (ordered_key(values[i]) & ~kIndexMask) | i;
  radix_sort(order, buffers.scratch);

  const auto value_at = [&](std::size_t position) { return values[order[position] & kIndexMask]; };
  const double mean_rank = 0.5 * static_cast<double>(n + 1);
  for (std::size_t first = 0; first < n;) {
    // Keys that agree in their leading bits are put in order by the whole value; few do.
    std::size_t last = first + 1;
    while (last < n && ((order[last] ^ order[first]) >> kIndexBits) == 0) ++last;
    if (last - first > 1) {
      std::sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.begin() + static_cast<std::ptrdiff_t>(last),
                [&](std::uint64_t a, std::uint64_t b) { return values[a & kIndexMask] < values[b & kIndexMask]; });
    }
    for (std::size_t tied = first; tied < last;) {
      std::size_t end = tied + 1;
      while (end < last && value_at(end) == value_at(tied)) ++end;
      const auto rank = static_cast<float>(0.5 * static_cast<double>(tied + 1 + end) - mean_rank);
      for (; tied < end; ++tied) ranks[order[tied] & kIndexMask] = rank;
    }
    first = last;
  }
}

HEADROOM_SIMD_CLONES double rank_product(const float* a, const float* b, std::size_t n) {
  constexpr std::size_t kLanes = 16;
  double sum[kLanes];
  for (std::size_t k = 0; k < kLanes; ++k) sum[k] = 0;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) sum[k] += static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  }
  for (std::size_t k = 0; i < n; ++i, ++k) sum[k] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  double total = 0;
  for (std::size_t k = 0; k < kLanes; ++k) total += sum[k];
  return total;
}

}  // namespace headroom
