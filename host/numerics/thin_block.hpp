// Products with thin blocks: n rows of kBlock numbers, row-major and contiguous, eight vectors side by side. What block
// Lanczos spends most of its time in.
#pragma once

#include <cstddef>

namespace headroom {

inline constexpr std::size_t kBlock = 8;

// out = a · block. a: n × n row-major with both triangles filled; out: another thin block.
void multiply_block(const double* a, std::size_t row_stride, std::size_t n, const double* block, double* out);

// products = aᵀ · b of two thin blocks: kBlock × kBlock, row-major.
void block_products(const double* a, const double* b, std::size_t n, double* products);

// block -= other · factor. factor: kBlock × kBlock, row-major.
void subtract_product(const double* other, const double* factor, std::size_t n, double* block);

// block = block · factor.
void multiply_by_factor(const double* factor, std::size_t n, double* block);

}  // namespace headroom
