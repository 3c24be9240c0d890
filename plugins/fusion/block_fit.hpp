// One block of features with the heads knn and ridge fitted on some training rows, and asked for others. What either
// predicts is a weighted sum of training rows, s Y with Σ s = 1; everything here is about the coefficients s, and about
// their products with Γ = Y_c Y_cᵀ (training rows × training rows), which tell errors without touching a gene.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "headroom/predictor.hpp"
#include "heads/neighbours.hpp"

namespace headroom::fusion {

using Rows = std::vector<std::int64_t>;

inline constexpr std::string_view kKnn = "knn", kRidge = "ridge";

// A head with its hyperparameter: k or alpha.
struct HeadSetting {
  std::string_view head;
  double setting = 0;
};

// Which heads a fit is for.
struct FittedHeads {
  std::int64_t most_neighbours = 0;  // 0: knn is not
  bool ridge = false;
};

struct BlockFit {
  Rows fitted, asked;         // training rows that were fitted on, and rows (of training or queries) that are asked for
  heads::Neighbours nearest;  // of the asked rows: positions in `fitted`
  sdk::Matrix features;       // Z: training rows × features, about the means of the fitted rows; zero elsewhere
  sdk::Matrix asked_features;      // asked rows × features, about the same means
  sdk::Matrix inner;               // ZᵀZ
  sdk::Matrix with_rows;           // ZᵀΓ: features × training rows; of ridge, where Γ was given
  Eigen::VectorXd mean_with_rows;  // mᵀΓ for the mean m of the fitted rows, alike

  std::int64_t n_fitted() const { return static_cast<std::int64_t>(fitted.size()); }
  std::int64_t n_asked() const { return static_cast<std::int64_t>(asked.size()); }
  bool is_empty() const { return fitted.empty() || asked.empty(); }
};

// Nothing is fitted where there are no rows to fit on, or none to ask for. gamma: null where no errors are wanted.
BlockFit fit_block(const sdk::Block& block, Rows fitted, Rows asked, const sdk::ConstMatrixMap& asked_from,
                   const FittedHeads& heads_fitted, const sdk::Matrix* gamma);

// Errors of a block's settings on the rows that were asked for: sums of norms, infinite for what cannot be fitted.
struct SettingErrors {
  std::vector<double> knn, ridge;  // one per value of the grid
};

// Adds those of asked rows that are training rows. k: ascending, as far as there are rows; the rest become infinite.
void add_errors(const BlockFit& fit, const sdk::Matrix& gamma, const std::vector<double>& k,
                const std::vector<double>& alpha, SettingErrors& errors);

// What a head predicts for the asked rows `first` to first + n - 1, as coefficients: n × training rows.
sdk::Matrix coefficients_of(const BlockFit& fit, const HeadSetting& head, std::int64_t first, std::int64_t n,
                            std::int64_t n_training);
// The same times Γ, by what makes it cheap: means of few rows, or few directions.
sdk::Matrix coefficients_with_rows(const BlockFit& fit, const HeadSetting& head, std::int64_t first, std::int64_t n,
                                   const sdk::Matrix& gamma);

}  // namespace headroom::fusion
