// Exact principal component analysis: the common dimension to which every embedding is brought (protocol section 3.2).
//
// The leading eigenvectors of the Gram matrix of the smaller side are the axes. Squaring the data costs digits of small
// components, so where a wanted component is small the singular value decomposition of the data itself takes over.
#pragma once

#include <optional>
#include <vector>

#include "matrix/matrix.hpp"
#include "numerics/standardise.hpp"
#include "numerics/symmetric_eigen.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

enum class ColumnScaling {
  none,           // centre only
  unit_variance,  // centre and divide by the population standard deviation
};

struct Pca {
  Standardisation columns;  // features
  // components × features; a unit axis a row, in descending order of variance. Signs: the entry of largest magnitude
  // (the first of equals) is positive. A component whose singular value is at most kNullComponent of the largest is
  // rounding, not data: its axis is zero, and so is its score of any row. It changes neither neighbours (it adds the
  // same to all distances from a row) nor sparse fits (its correlation with any target is zero).
  Matrix axes;
  Eigen::Index rank = 0;  // axes that are not zero
  bool by_svd = false;    // the Gram matrix had too few digits
};

// Relative singular values. At most kNullComponent: zero. Below kSoundComponent: the Gram path leaves its axes to the
// SVD, since an axis there carries an error of ε/ratio² (2e-10 at 1e-3) against ε/ratio by the SVD.
inline constexpr double kNullComponent = 1e-9;
inline constexpr double kSoundComponent = 1e-3;

// PCA of the named rows of `features` to min(n_components, rows, columns) components. Fails (bad_input) if a value is
// not finite or a column overflows.
Result<Pca> fit_pca(const ConstMatrixRef& features, const RowIndex& rows, Eigen::Index n_components,
                    ColumnScaling scaling);

// The same where the Gram matrix is known: `gram` holds in its lower triangle ZᵀZ (columns × columns) of the named rows
// standardised by `columns`; it is destroyed. n_components <= min(rows, columns).
Result<Pca> fit_pca_from_gram(const ConstMatrixRef& features, const RowIndex& rows, const Standardisation& columns,
                              MatrixRef gram, Eigen::Index n_components);

// The same by the singular value decomposition alone: the plain path, against which the others are tested.
Result<Pca> fit_pca_by_svd(const ConstMatrixRef& features, const RowIndex& rows, Eigen::Index n_components,
                           ColumnScaling scaling);

// The leading eigenpairs of the Gram matrix of centred data (lower triangle; destroyed), if all components are so large
// that squaring the data cost them no digits that matter (kSoundComponent); else absent.
std::optional<Eigenpairs> sound_eigenpairs(MatrixRef gram, Eigen::Index n_components);

// Scores of the named rows (rows.size() × components).
Matrix pca_scores(const Pca& pca, const ConstMatrixRef& features, const RowIndex& rows);

// Floating-point operations, weighted by the speed at which they run, of fit_pca's two sides: what decides between
// them.
double pca_cost_by_columns(double n_rows, double n_columns);
double pca_cost_by_rows(double n_rows, double n_columns);

// 0, 1, …, n - 1.
RowIndex all_rows(Eigen::Index n);

}  // namespace headroom
