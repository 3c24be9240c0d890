#include "numerics/thin_block.hpp"

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// Half of a row of a block: one register with AVX2. A vector of the whole row would be taken apart, element by element
// through memory, where registers are narrower. No alignment is assumed.
typedef double HalfRow __attribute__((vector_size(kBlock / 2 * sizeof(double)), aligned(8), may_alias));

struct __attribute__((may_alias)) BlockRow {
  HalfRow low, high;
};

inline __attribute__((always_inline)) BlockRow operator*(double a, const BlockRow& b) {
  return {a * b.low, a * b.high};
}
inline __attribute__((always_inline)) BlockRow& operator+=(BlockRow& a, const BlockRow& b) {
  a.low += b.low;
  a.high += b.high;
  return a;
}
inline __attribute__((always_inline)) BlockRow& operator-=(BlockRow& a, const BlockRow& b) {
  a.low -= b.low;
  a.high -= b.high;
  return a;
}

inline __attribute__((always_inline)) const BlockRow& row_at(const double* from) {
  return *reinterpret_cast<const BlockRow*>(from);
}
inline __attribute__((always_inline)) BlockRow& row_at(double* to) { return *reinterpret_cast<BlockRow*>(to); }

template <std::size_t Rows>
inline __attribute__((always_inline)) void multiply_rows(const double* a, std::size_t row_stride, std::size_t n,
                                                         const double* block, double* out) {
  BlockRow sums[Rows];
  for (std::size_t r = 0; r < Rows; ++r) sums[r] = BlockRow{};
  for (std::size_t k = 0; k < n; ++k) {
    const BlockRow factor = row_at(block + k * kBlock);
    for (std::size_t r = 0; r < Rows; ++r) sums[r] += a[r * row_stride + k] * factor;
  }
  for (std::size_t r = 0; r < Rows; ++r) row_at(out + r * kBlock) = sums[r];
}

}  // namespace

HEADROOM_SIMD_CLONES void multiply_block(const double* a, std::size_t row_stride, std::size_t n, const double* block,
                                         double* out) {
  constexpr std::size_t kRows = 6;  // sums that stay in registers, with AVX2 as well
  std::size_t i = 0;
  for (; i + kRows <= n; i += kRows) multiply_rows<kRows>(a + i * row_stride, row_stride, n, block, out + i * kBlock);
  for (; i < n; ++i) multiply_rows<1>(a + i * row_stride, row_stride, n, block, out + i * kBlock);
}

HEADROOM_SIMD_CLONES void block_products(const double* a, const double* b, std::size_t n, double* products) {
  BlockRow sums[kBlock];
  for (std::size_t r = 0; r < kBlock; ++r) sums[r] = BlockRow{};
  for (std::size_t i = 0; i < n; ++i) {
    const BlockRow row = row_at(b + i * kBlock);
    for (std::size_t r = 0; r < kBlock; ++r) sums[r] += a[i * kBlock + r] * row;
  }
  for (std::size_t r = 0; r < kBlock; ++r) row_at(products + r * kBlock) = sums[r];
}

HEADROOM_SIMD_CLONES void subtract_product(const double* other, const double* factor, std::size_t n, double* block) {
  BlockRow rows[kBlock];
  for (std::size_t r = 0; r < kBlock; ++r) rows[r] = row_at(factor + r * kBlock);
  for (std::size_t i = 0; i < n; ++i) {
    BlockRow sum = row_at(block + i * kBlock);
    for (std::size_t r = 0; r < kBlock; ++r) sum -= other[i * kBlock + r] * rows[r];
    row_at(block + i * kBlock) = sum;
  }
}

HEADROOM_SIMD_CLONES void multiply_by_factor(const double* factor, std::size_t n, double* block) {
  BlockRow rows[kBlock];
  for (std::size_t r = 0; r < kBlock; ++r) rows[r] = row_at(factor + r * kBlock);
  for (std::size_t i = 0; i < n; ++i) {
    BlockRow sum = block[i * kBlock] * rows[0];
    for (std::size_t r = 1; r < kBlock; ++r) sum += block[i * kBlock + r] * rows[r];
    row_at(block + i * kBlock) = sum;
  }
}

}  // namespace headroom
