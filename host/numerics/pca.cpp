#include "numerics/pca.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "numerics/blas.hpp"
#include "numerics/symmetric_eigen.hpp"

namespace headroom {
namespace {

void fix_signs(Matrix& axes) {
  for (auto axis : axes.rowwise()) {
    Eigen::Index largest = 0;
    if (axis.size() > 0) axis.cwiseAbs().maxCoeff(&largest);
    if (axis.size() > 0 && axis[largest] < 0) axis = -axis;
  }
}

void zero_axes_from(Pca& pca, Eigen::Index rank) {
  pca.rank = rank;
  pca.axes.bottomRows(pca.axes.rows() - rank).setZero();
}

Matrix standardised(const ConstMatrixRef& features, const RowIndex& rows, const Standardisation& columns) {
  Matrix z(static_cast<Eigen::Index>(rows.size()), features.cols());
  standardise_rows(features, rows, columns, z);
  return z;
}

Eigen::Index n_sound(const Vector& eigenvalues) {
  if (eigenvalues.size() == 0 || !(eigenvalues[0] > 0)) return 0;
  const double least = kSoundComponent * kSoundComponent * eigenvalues[0];
  return (eigenvalues.array() >= least).count();
}

// Whether the unsound components are all zero. `lengths`: their singular values as measured on the data, which unlike
// their eigenvalues are right to ε · largest / kSoundComponent.
bool are_null(const Vector& lengths, double largest_singular_value) {
  return (lengths.array() <= kNullComponent * largest_singular_value).all();
}

Result<void> check_finite(const ColumnMoments& moments) {
  for (Eigen::Index j = 0; j < moments.mean.size(); ++j) {
    if (std::isfinite(moments.mean[j]) && std::isfinite(moments.scatter[j])) continue;
    return bad_input("a feature holds a value that is not finite, or too large to square",
                     "feature column " + std::to_string(j + 1), "remove the perturbation or repair the embedding");
  }
  return {};
}

Standardisation scaled(const ColumnMoments& moments, ColumnScaling scaling) {
  return scaling == ColumnScaling::unit_variance ? standardisation(moments) : centring(moments);
}

Eigen::Index capped(Eigen::Index n_components, const RowIndex& rows, const ConstMatrixRef& features) {
  return std::min({n_components, static_cast<Eigen::Index>(rows.size()), features.cols()});
}

// The PCA of rows that are all the same.
Pca no_components(Standardisation columns, Eigen::Index n_components) {
  const Eigen::Index n_features = columns.mean.size();
  return {std::move(columns), Matrix::Zero(n_components, n_features), 0, false};
}

Result<Pca> svd_of(const Matrix& z, Standardisation columns, Eigen::Index n_components) {
  auto svd = right_singular_vectors(z);
  if (!svd) return tl::unexpected<Error>(svd.error());
  Pca pca{std::move(columns), svd->vectors.topRows(n_components), 0, true};
  const double largest = n_components > 0 ? svd->values[0] : 0.0;
  const Eigen::Index above = (svd->values.head(n_components).array() > kNullComponent * largest).count();
  zero_axes_from(pca, largest > 0 ? above : 0);
  fix_signs(pca.axes);
  return pca;
}

// K = ZZᵀ: its eigenvectors u give the axes Zᵀu / √λ.
Result<Pca> fit_pca_by_rows(const Matrix& z, Standardisation columns, Eigen::Index n_components) {
  Matrix gram(z.rows(), z.rows());
  gram_of_rows(1.0, z, 0.0, gram);
  auto top = top_eigenpairs(gram, n_components);
  if (!top) return tl::unexpected<Error>(top.error());
  const Eigen::Index sound = n_sound(top->values);

  Pca pca{std::move(columns), Matrix(n_components, z.cols()), 0, false};
  gemm(Transpose::no, Transpose::no, 1.0, top->vectors, z, 0.0, pca.axes);
  const Vector lengths = pca.axes.rowwise().norm();
  if (sound > 0 && !are_null(lengths.tail(n_components - sound), lengths[0])) {
    return svd_of(z, std::move(pca.columns), n_components);
  }
  for (Eigen::Index j = 0; j < sound; ++j) pca.axes.row(j) /= lengths[j];
  zero_axes_from(pca, sound);
  fix_signs(pca.axes);
  return pca;
}

}  // namespace

Result<Pca> fit_pca_from_gram(const ConstMatrixRef& features, const RowIndex& rows, const Standardisation& columns,
                              MatrixRef gram, Eigen::Index n_components) {
  assert(n_components <= static_cast<Eigen::Index>(rows.size()) && n_components <= features.cols());
  if (!columns.varies) return no_components(columns, n_components);
  auto top = top_eigenpairs(gram, n_components);
  if (!top) return tl::unexpected<Error>(top.error());
  const Eigen::Index sound = n_sound(top->values);

  Pca pca{columns, std::move(top->vectors), n_components, false};
  if (sound < n_components && sound > 0) {
    Pca unsound{columns, pca.axes.bottomRows(n_components - sound), 0, false};
    const Vector lengths = pca_scores(unsound, features, rows).colwise().norm();
    if (!are_null(lengths, std::sqrt(top->values[0]))) {
      return svd_of(standardised(features, rows, columns), columns, n_components);
    }
  }
  zero_axes_from(pca, sound);
  fix_signs(pca.axes);
  return pca;
}

std::optional<Eigenpairs> sound_eigenpairs(MatrixRef gram, Eigen::Index n_components) {
  auto top = top_eigenpairs(gram, n_components);
  if (!top || n_sound(top->values) < n_components) return std::nullopt;
  return std::move(*top);
}

Result<Pca> fit_pca(const ConstMatrixRef& features, const RowIndex& rows, Eigen::Index n_components,
                    ColumnScaling scaling) {
  const ColumnMoments moments = column_moments(features, rows);
  if (auto finite = check_finite(moments); !finite) return tl::unexpected<Error>(finite.error());
  Standardisation columns = scaled(moments, scaling);
  const Eigen::Index wanted = capped(n_components, rows, features);
  if (!columns.varies) return no_components(std::move(columns), wanted);
  const auto n = static_cast<double>(rows.size()), d = static_cast<double>(features.cols());
  if (pca_cost_by_rows(n, d) < pca_cost_by_columns(n, d)) {
    const Matrix z = standardised(features, rows, columns);
    return fit_pca_by_rows(z, std::move(columns), wanted);
  }
  // A few hundred rows at a time: no copy of all of them is needed.
  constexpr std::size_t kBlock = 512;
  Matrix gram = Matrix::Zero(features.cols(), features.cols());
  Matrix block(static_cast<Eigen::Index>(std::min(kBlock, rows.size())), features.cols());
  for (std::size_t first = 0; first < rows.size(); first += kBlock) {
    const std::size_t n_block = std::min(kBlock, rows.size() - first);
    auto z = block.topRows(static_cast<Eigen::Index>(n_block));
    standardise_rows(features, std::span(rows).subspan(first, n_block), columns, z);
    gram_of_columns(1.0, z, 1.0, gram);
  }
  return fit_pca_from_gram(features, rows, columns, gram, wanted);
}

Result<Pca> fit_pca_by_svd(const ConstMatrixRef& features, const RowIndex& rows, Eigen::Index n_components,
                           ColumnScaling scaling) {
  const ColumnMoments moments = column_moments(features, rows);
  if (auto finite = check_finite(moments); !finite) return tl::unexpected<Error>(finite.error());
  Standardisation columns = scaled(moments, scaling);
  const Eigen::Index wanted = capped(n_components, rows, features);
  if (!columns.varies) return no_components(std::move(columns), wanted);
  const Matrix z = standardised(features, rows, columns);
  return svd_of(z, std::move(columns), wanted);
}

Matrix pca_scores(const Pca& pca, const ConstMatrixRef& features, const RowIndex& rows) {
  // Standardised a few rows at a time, so that the copies stay in the cache.
  constexpr std::size_t kBlockBytes = std::size_t{512} << 10;
  const std::size_t row_bytes = sizeof(double) * static_cast<std::size_t>(std::max<Eigen::Index>(1, features.cols()));
  const std::size_t n_block = std::clamp<std::size_t>(kBlockBytes / row_bytes, 8, 256);
  Matrix scores(static_cast<Eigen::Index>(rows.size()), pca.axes.rows());
  Matrix block(static_cast<Eigen::Index>(std::min(n_block, rows.size())), features.cols());
  for (std::size_t first = 0; first < rows.size(); first += n_block) {
    const std::size_t n = std::min(n_block, rows.size() - first);
    auto z = block.topRows(static_cast<Eigen::Index>(n));
    standardise_rows(features, std::span(rows).subspan(first, n), pca.columns, z);
    gemm(Transpose::no, Transpose::yes, 1.0, z, pca.axes, 0.0,
         scores.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(n)));
  }
  return scores;
}

// A reduction to tridiagonal form does half its work in matrix-vector products: it counts twice.
double pca_cost_by_columns(double n_rows, double n_columns) {
  return n_rows * n_columns * n_columns + 2 * 4.0 / 3.0 * n_columns * n_columns * n_columns;
}

double pca_cost_by_rows(double n_rows, double n_columns) {
  return n_rows * n_rows * n_columns + 2 * 4.0 / 3.0 * n_rows * n_rows * n_rows;
}

RowIndex all_rows(Eigen::Index n) {
  RowIndex rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace headroom
