#include "numerics/block_lanczos.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "numerics/blas.hpp"
#include "numerics/thin_block.hpp"

namespace headroom {
namespace {

using Small = Eigen::Matrix<double, kBlock, kBlock, Eigen::RowMajor>;
constexpr auto kWidth = static_cast<Eigen::Index>(kBlock);

// Of the matrix's size: a larger space costs as much as LAPACK's whole decomposition.
constexpr double kLargestSpace = 0.56;
// The same as a first, gloomy estimate of what is needed: beyond it there is no use in going on.
constexpr double kHopelessSpace = 1.0;
// Relative length of what A adds to the space, below which there is nothing new in it.
constexpr double kNoAddition = 1e-9;

class Space {
 public:
  Space(const ConstMatrixRef& a, Eigen::Index largest_dim)
      : a_(a),
        n_(static_cast<std::size_t>(a.rows())),
        basis_(static_cast<std::size_t>(largest_dim + kWidth) * n_),
        projected_(Matrix::Zero(largest_dim, largest_dim)) {
    std::mt19937_64 generator(0);
    double* start = block(0);
    for (std::size_t i = 0; i < n_ * kBlock; ++i) {
      start[i] = static_cast<double>(static_cast<std::int64_t>(generator())) * 0x1.0p-63;
    }
  }

  // One block more; false if A adds nothing new, or its numbers overflow.
  bool grow() {
    if (n_blocks_ == 0 && !orthonormalise(block(0), next_)) return false;
    const double* current = block(n_blocks_);
    double* added = block(n_blocks_ + 1);
    multiply_block(a_.data(), static_cast<std::size_t>(a_.outerStride()), n_, current, added);
    if (n_blocks_ > 0) {
      const Small back = next_.transpose();
      subtract_product(block(n_blocks_ - 1), back.data(), n_, added);
      projected_.block(dim(), dim() - kWidth, kWidth, kWidth) = next_;
    }
    Small own;
    block_products(current, added, n_, own.data());
    subtract_product(current, own.data(), n_, added);
    projected_.block(dim(), dim(), kWidth, kWidth) = 0.5 * (own + own.transpose());
    largest_ = std::max(largest_, own.diagonal().maxCoeff());
    ++n_blocks_;

    make_orthogonal_to_space(added);
    return orthonormalise(added, next_) && next_.diagonal().minCoeff() > kNoAddition * largest_;
  }

  Eigen::Index dim() const { return n_blocks_ * kWidth; }
  Matrix projected() const { return projected_.topLeftCorner(dim(), dim()); }  // lower triangle of VᵀAV

  // Norms of A x - λ x for pairs of the projected matrix (a vector a row).
  Vector residuals(const Matrix& vectors) const {
    return (next_ * vectors.rightCols(kWidth).transpose()).colwise().norm().transpose();
  }

  // Vectors of A from those of the projected matrix.
  Matrix lift(const Matrix& vectors) const {
    Matrix rows(dim(), static_cast<Eigen::Index>(n_));
    for (Eigen::Index b = 0; b < n_blocks_; ++b) {
      const double* from = basis_.data() + static_cast<std::size_t>(b) * kBlock * n_;
      rows.middleRows(b * kWidth, kWidth) =
          Eigen::Map<const Matrix>(from, static_cast<Eigen::Index>(n_), kWidth).transpose();
    }
    Matrix lifted(vectors.rows(), rows.cols());
    gemm(Transpose::no, Transpose::no, 1.0, vectors, rows, 0.0, lifted);
    return lifted;
  }

 private:
  double* block(Eigen::Index b) { return basis_.data() + static_cast<std::size_t>(b) * kBlock * n_; }

  // What is left of the space after the recurrence is rounding: once is enough.
  void make_orthogonal_to_space(double* added) {
    for (Eigen::Index b = 0; b < n_blocks_; ++b) {
      Small products;
      block_products(block(b), added, n_, products.data());
      subtract_product(block(b), products.data(), n_, added);
    }
  }

  // block = Q R by Cholesky factors of its Gram matrix, twice, as one time leaves Q orthogonal to its condition only.
  bool orthonormalise(double* added, Small& upper) const {
    upper.setIdentity();
    for (int time = 0; time < 2; ++time) {
      Small gram;
      block_products(added, added, n_, gram.data());
      if (!gram.allFinite()) return false;
      const Eigen::LLT<Small, Eigen::Upper> cholesky(gram);
      if (cholesky.info() != Eigen::Success) return false;
      const Small factor = cholesky.matrixU();
      const Small inverse = factor.triangularView<Eigen::Upper>().solve(Small::Identity());
      multiply_by_factor(inverse.data(), n_, added);
      upper = factor * upper;
    }
    return true;
  }

  const ConstMatrixRef& a_;
  std::size_t n_;
  std::vector<double> basis_;  // blocks, one after the other
  Matrix projected_;
  Eigen::Index n_blocks_ = 0;
  Small next_ = Small::Zero();  // R of the block that comes next
  double largest_ = 0;
};

}  // namespace

bool are_leading(const ConstMatrixRef& a, const Eigenpairs& pairs) {
  // σI - A + Σ λ v vᵀ has a Cholesky factor for σ just above the last of them.
  const Eigen::Index n = a.rows();
  const double rounding = static_cast<double>(n) * kLanczosTolerance * pairs.values[0];
  Matrix rest(n, n);
  for (Eigen::Index i = 0; i < n; ++i) rest.row(i).head(i + 1) = -a.row(i).head(i + 1);
  const Matrix scaled = pairs.values.cwiseMax(0).cwiseSqrt().asDiagonal() * pairs.vectors;
  gram_of_columns(1.0, scaled, 1.0, rest);
  rest.diagonal().array() += pairs.values[pairs.values.size() - 1] + rounding;
  return has_cholesky_factor(rest);
}

std::optional<Eigenpairs> block_lanczos(const ConstMatrixRef& symmetric, Eigen::Index n_pairs) {
  const Eigen::Index n = symmetric.rows();
  const auto largest_dim = static_cast<Eigen::Index>(kLargestSpace * static_cast<double>(n)) / kWidth * kWidth;
  Eigen::Index check_at = (4 * n_pairs + kWidth - 1) / kWidth * kWidth;
  if (n_pairs == 0 || check_at > largest_dim) return std::nullopt;

  Space space(symmetric, largest_dim);
  double digits_before = 0;  // -log10 of the largest residual at the last check
  Eigen::Index dim_before = 0;
  for (;;) {
    while (space.dim() < check_at) {
      if (!space.grow()) return std::nullopt;
    }
    Matrix projected = space.projected();
    auto pairs = top_eigenpairs_by_lapack(projected, n_pairs);
    if (!pairs || !(pairs->values[0] > 0)) return std::nullopt;
    const double residual = space.residuals(pairs->vectors).maxCoeff() / pairs->values[0];
    if (!(residual < 1)) return std::nullopt;
    if (residual <= kLanczosTolerance) {
      pairs->vectors = space.lift(pairs->vectors);
      if (!are_leading(symmetric, *pairs)) return std::nullopt;
      return std::move(*pairs);
    }
    // Digits come faster and faster: two thirds of what the last step promises, but no tiny steps.
    const double digits = -std::log10(residual), missing = -std::log10(kLanczosTolerance) - digits;
    const double per_dim = (digits - digits_before) / static_cast<double>(space.dim() - dim_before);
    const auto dim = static_cast<double>(space.dim());
    const double promised = 0.66 * missing / per_dim;
    if (!(per_dim > 0) || dim + promised > kHopelessSpace * static_cast<double>(n)) return std::nullopt;
    digits_before = digits;
    dim_before = space.dim();
    const auto more = static_cast<Eigen::Index>(std::clamp(promised, 0.06 * dim, 0.5 * dim));
    check_at = std::min(largest_dim, space.dim() + (more + kWidth - 1) / kWidth * kWidth);
    if (check_at == space.dim()) return std::nullopt;
  }
}

}  // namespace headroom
