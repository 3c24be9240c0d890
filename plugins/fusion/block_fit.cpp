#include "fusion/block_fit.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "fusion/dense_product.hpp"
#include "heads/running_means.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

sdk::Matrix gathered(const sdk::ConstMatrixMap& from, const Rows& rows) {
  sdk::Matrix to(static_cast<Eigen::Index>(rows.size()), from.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) to.row(static_cast<Eigen::Index>(i)) = from.row(rows[i]);
  return to;
}

// (ZᵀZ + αI)⁻¹ of asked rows' features: n × features. None where the features are numerically dependent.
std::optional<sdk::Matrix> ridge_directions(const BlockFit& fit, double alpha, std::int64_t first, std::int64_t n) {
  sdk::Matrix penalised = fit.inner;
  penalised.diagonal().array() += alpha;
  const Eigen::LLT<sdk::Matrix> cholesky(penalised);
  if (cholesky.info() != Eigen::Success) return std::nullopt;
  return sdk::Matrix(cholesky.solve(fit.asked_features.middleRows(first, n).transpose()).transpose());
}

sdk::Matrix directions_of(const BlockFit& fit, const HeadSetting& head, std::int64_t first, std::int64_t n) {
  auto directions = ridge_directions(fit, head.setting, first, n);
  if (!directions) throw sdk::Error("ridge cannot be solved: the features are numerically dependent");
  return std::move(*directions);
}

// The coefficients of the mean of the fitted rows, added.
template <class Coefficients>
void add_mean(const BlockFit& fit, Coefficients&& coefficients) {
  for (const std::int64_t row : fit.fitted) coefficients[row] += 1.0 / static_cast<double>(fit.n_fitted());
}

void add_knn_errors(const BlockFit& fit, const sdk::Matrix& gamma, const std::vector<double>& grid,
                    std::vector<double>& errors) {
  for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
    const std::int64_t own = fit.asked[static_cast<std::size_t>(i)];
    const std::int32_t* nearest = fit.nearest.of(i);
    double among = 0, with_own = 0;  // Σ over pairs of neighbours, and of neighbours with the row itself
    std::int64_t j = 0;
    for (std::size_t s = 0; s < grid.size(); ++s) {
      const auto k = static_cast<std::int64_t>(grid[s]);
      if (k > fit.n_fitted()) break;
      for (; j < k; ++j) {
        const std::int64_t row = fit.fitted[static_cast<std::size_t>(nearest[j])];
        for (std::int64_t other = 0; other < j; ++other) {
          among += 2 * gamma(row, fit.fitted[static_cast<std::size_t>(nearest[other])]);
        }
        among += gamma(row, row);
        with_own += gamma(row, own);
      }
      const double n = static_cast<double>(k);
      errors[s] += std::sqrt(std::max(0.0, among / (n * n) - 2 * with_own / n + gamma(own, own)));
    }
  }
}

// s = m + Z x for the asked row's direction x: sᵀΓs = mᵀΓm + 2 xᵀ(ZᵀΓm) + xᵀ(ZᵀΓZ)x, and sᵀΓ_i alike.
void add_ridge_errors(const BlockFit& fit, const sdk::Matrix& gamma, const std::vector<double>& grid,
                      std::vector<double>& errors) {
  const sdk::Matrix among = product(fit.with_rows, fit.features, 1);  // ZᵀΓZ
  VectorXd mean = VectorXd::Zero(gamma.rows());
  add_mean(fit, mean);
  const VectorXd mean_with_features = fit.with_rows * mean;
  const double mean_square = fit.mean_with_rows.dot(mean);
  for (std::size_t s = 0; s < grid.size(); ++s) {
    const auto directions = ridge_directions(fit, grid[s], 0, fit.n_asked());
    if (!directions) {
      errors[s] = kInfinite;
      continue;
    }
    for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
      const std::int64_t own = fit.asked[static_cast<std::size_t>(i)];
      const VectorXd x = directions->row(i);
      const double square = mean_square + 2 * x.dot(mean_with_features) + x.dot(among * x) -
                            2 * (fit.mean_with_rows[own] + x.dot(fit.with_rows.col(own))) + gamma(own, own);
      errors[s] += std::sqrt(std::max(0.0, square));
    }
  }
}

}  // namespace

BlockFit fit_block(const sdk::Block& block, Rows fitted, Rows asked, const sdk::ConstMatrixMap& asked_from,
                   const FittedHeads& heads_fitted, const sdk::Matrix* gamma) {
  BlockFit fit;
  fit.fitted = std::move(fitted);
  fit.asked = std::move(asked);
  if (fit.is_empty()) return fit;
  const sdk::Matrix training = gathered(block.training(), fit.fitted);
  fit.asked_features = gathered(asked_from, fit.asked);
  const auto view = [](const sdk::Matrix& m) {
    return sdk::ConstMatrixMap(m.data(), m.rows(), m.cols(), Eigen::OuterStride<>(m.cols()));
  };
  if (heads_fitted.most_neighbours > 0) {
    fit.nearest = heads::nearest_rows(view(training), view(fit.asked_features),
                                      std::min(heads_fitted.most_neighbours, fit.n_fitted()));
  }
  if (!heads_fitted.ridge) return fit;
  const Eigen::RowVectorXd means = training.colwise().mean();
  fit.asked_features.rowwise() -= means;
  fit.features = sdk::Matrix::Zero(block.training().rows(), training.cols());
  for (std::size_t i = 0; i < fit.fitted.size(); ++i) {
    fit.features.row(fit.fitted[i]) = training.row(static_cast<Eigen::Index>(i)) - means;
  }
  const sdk::Matrix transposed = fit.features.transpose();
  fit.inner = symmetric_product(transposed, transposed, 1);
  if (gamma == nullptr) return fit;
  fit.with_rows = product(transposed, *gamma, 1);
  VectorXd mean = VectorXd::Zero(gamma->rows());
  add_mean(fit, mean);
  fit.mean_with_rows = *gamma * mean;
  return fit;
}

void add_errors(const BlockFit& fit, const sdk::Matrix& gamma, const std::vector<double>& k,
                const std::vector<double>& alpha, SettingErrors& errors) {
  if (fit.asked.empty()) return;
  for (std::size_t s = 0; s < k.size(); ++s) {
    if (k[s] > static_cast<double>(fit.n_fitted())) errors.knn[s] = kInfinite;
  }
  if (fit.fitted.empty()) {
    errors.ridge.assign(alpha.size(), kInfinite);
    return;
  }
  add_knn_errors(fit, gamma, k, errors.knn);
  add_ridge_errors(fit, gamma, alpha, errors.ridge);
}

sdk::Matrix coefficients_of(const BlockFit& fit, const HeadSetting& head, std::int64_t first, std::int64_t n,
                            std::int64_t n_training) {
  if (head.head == kKnn) {
    const auto k = static_cast<std::int64_t>(head.setting);
    sdk::Matrix coefficients = sdk::Matrix::Zero(n, n_training);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int32_t* nearest = fit.nearest.of(first + i);
      for (std::int64_t j = 0; j < k; ++j) {
        coefficients(i, fit.fitted[static_cast<std::size_t>(nearest[j])]) += 1.0 / static_cast<double>(k);
      }
    }
    return coefficients;
  }
  sdk::Matrix coefficients = product_with_transposed(directions_of(fit, head, first, n), fit.features, 1);
  for (std::int64_t i = 0; i < n; ++i) add_mean(fit, coefficients.row(i));
  return coefficients;
}

sdk::Matrix coefficients_with_rows(const BlockFit& fit, const HeadSetting& head, std::int64_t first, std::int64_t n,
                                   const sdk::Matrix& gamma) {
  if (head.head != kKnn) {
    sdk::Matrix with_rows = product(directions_of(fit, head, first, n), fit.with_rows, 1);
    with_rows.rowwise() += fit.mean_with_rows.transpose();
    return with_rows;
  }
  const std::int64_t n_training = gamma.rows();
  sdk::Matrix with_rows(n, n_training);
  std::vector<std::int32_t> rows;  // neighbours as training rows
  const auto k = static_cast<std::int64_t>(head.setting);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < k; ++j) {
      rows.push_back(static_cast<std::int32_t>(fit.fitted[static_cast<std::size_t>(fit.nearest.of(first + i)[j])]));
    }
  }
  std::vector<double> panel(static_cast<std::size_t>(n_training * heads::kPanelWidth));
  for (std::int64_t column = 0; column < n_training; column += heads::kPanelWidth) {
    const std::int64_t width = std::min(heads::kPanelWidth, n_training - column), stride = n_training;
    pack_columns(gamma.data(), n_training, n_training, column, width, panel.data());
    double* out = with_rows.data() + column;
    heads::RunningMeans means;
    means.panel = panel.data();
    means.neighbours = rows.data();
    means.n_query = n;
    means.n_nearest = k;
    means.counts = &k;
    means.n_counts = 1;
    means.out = &out;
    means.out_stride = &stride;
    means.width = width;
    heads::running_means(means);
  }
  return with_rows;
}

}  // namespace headroom::fusion
