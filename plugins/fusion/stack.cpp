#include "fusion/stack.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "fusion/centred_deltas.hpp"
#include "fusion/dense_product.hpp"
#include "fusion/row_folds.hpp"
#include "fusion/stack_weights.hpp"
#include "heads/hyperparameters.hpp"
#include "heads/neighbours.hpp"
#include "heads/panel_threads.hpp"
#include "heads/running_means.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;
using Rows = std::vector<std::int64_t>;

constexpr std::string_view kKnn = "knn", kRidge = "ridge";

struct Grids {
  std::vector<double> k = heads::knn_hyperparameters().front().grid;  // ascending
  std::vector<double> alpha = heads::ridge_hyperparameters().front().grid;
};

sdk::Matrix gathered(const sdk::ConstMatrixMap& from, const Rows& rows) {
  sdk::Matrix to(static_cast<Eigen::Index>(rows.size()), from.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) to.row(static_cast<Eigen::Index>(i)) = from.row(rows[i]);
  return to;
}

// One block fitted on some training rows and asked for others. All coefficients are of the whole training part: rows
// that were not fitted on have none.
struct BlockFit {
  Rows fitted, asked;         // training rows that were fitted on, and rows (of training or queries) that are asked for
  heads::Neighbours nearest;  // of the asked rows: positions in `fitted`
  sdk::Matrix features;       // Z: training rows × features, about the means of the fitted rows; zero elsewhere
  sdk::Matrix asked_features;  // asked rows × features, about the same means
  sdk::Matrix inner;           // ZᵀZ

  std::int64_t n_fitted() const { return static_cast<std::int64_t>(fitted.size()); }
  std::int64_t n_asked() const { return static_cast<std::int64_t>(asked.size()); }
};

// Which heads a fit is for.
struct FittedHeads {
  std::int64_t most_neighbours = 0;  // 0: knn is not
  bool ridge = false;
};

// Nothing is fitted where there are no rows to fit on, or none to ask for.
BlockFit fit_block(const sdk::Block& block, Rows fitted, Rows asked, const sdk::ConstMatrixMap& asked_from,
                   const FittedHeads& heads_fitted) {
  BlockFit fit;
  fit.fitted = std::move(fitted);
  fit.asked = std::move(asked);
  if (fit.fitted.empty() || fit.asked.empty()) return fit;
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
  return fit;
}

// (ZᵀZ + αI)⁻¹ of the asked rows' features: asked rows × features. None where the features are numerically dependent.
std::optional<sdk::Matrix> ridge_directions(const BlockFit& fit, double alpha) {
  sdk::Matrix penalised = fit.inner;
  penalised.diagonal().array() += alpha;
  const Eigen::LLT<sdk::Matrix> cholesky(penalised);
  if (cholesky.info() != Eigen::Success) return std::nullopt;
  return sdk::Matrix(cholesky.solve(fit.asked_features.transpose()).transpose());
}

// Adds weight times the mean of the fitted rows' coefficients.
void add_mean(const BlockFit& fit, double weight, double* coefficients) {
  for (const std::int64_t row : fit.fitted) coefficients[row] += weight / static_cast<double>(fit.n_fitted());
}

void add_neighbours(const BlockFit& fit, std::int64_t asked, std::int64_t k, double weight, double* coefficients) {
  const std::int32_t* nearest = fit.nearest.of(asked);
  for (std::int64_t j = 0; j < k; ++j) {
    coefficients[fit.fitted[static_cast<std::size_t>(nearest[j])]] += weight / static_cast<double>(k);
  }
}

// Errors of a block's settings on the rows that were held out: sums of norms, infinite for what cannot be fitted.
struct SettingErrors {
  std::vector<double> knn, ridge;  // one per value of the grid
};

void add_knn_errors(const BlockFit& fit, const sdk::Matrix& gamma, const Grids& grids, SettingErrors& errors) {
  for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
    const std::int64_t own = fit.asked[static_cast<std::size_t>(i)];
    const std::int32_t* nearest = fit.nearest.of(i);
    double among = 0, with_own = 0;  // Σ over pairs of neighbours, and of neighbours with the row itself
    std::int64_t j = 0;
    for (std::size_t s = 0; s < grids.k.size(); ++s) {
      const auto k = static_cast<std::int64_t>(grids.k[s]);
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
      errors.knn[s] += std::sqrt(std::max(0.0, among / (n * n) - 2 * with_own / n + gamma(own, own)));
    }
  }
}

// s = 1/m + Z x for the asked row's direction x: sᵀΓs = Σ Γ / m² + 2 xᵀ(ZᵀΓ1)/m + xᵀ(ZᵀΓZ)x, and sᵀΓ_i alike.
void add_ridge_errors(const BlockFit& fit, const sdk::Matrix& gamma, const Grids& grids, SettingErrors& errors) {
  const sdk::Matrix transposed = fit.features.transpose();
  const sdk::Matrix with_rows = product(transposed, gamma, 1);                  // ZᵀΓ: features × training rows
  const sdk::Matrix among = product_with_transposed(with_rows, transposed, 1);  // ZᵀΓZ
  VectorXd share = VectorXd::Zero(gamma.rows());
  add_mean(fit, 1, share.data());
  const VectorXd mean_with_rows = gamma * share, mean_with_features = with_rows * share;
  const double mean_square = share.dot(mean_with_rows);
  for (std::size_t s = 0; s < grids.alpha.size(); ++s) {
    const auto directions = ridge_directions(fit, grids.alpha[s]);
    if (!directions) {
      errors.ridge[s] = std::numeric_limits<double>::infinity();
      continue;
    }
    for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
      const std::int64_t own = fit.asked[static_cast<std::size_t>(i)];
      const VectorXd x = directions->row(i);
      const double square = mean_square + 2 * x.dot(mean_with_features) + x.dot(among * x) -
                            2 * (mean_with_rows[own] + x.dot(with_rows.col(own))) + gamma(own, own);
      errors.ridge[s] += std::sqrt(std::max(0.0, square));
    }
  }
}

// Everything about one request that does not change from fold to fold.
struct Stack {
  const sdk::PredictorRequest& request;
  const sdk::Matrix& gamma;         // Γ = Y_c Y_cᵀ: training rows × training rows
  std::vector<std::int64_t> folds;  // of the training rows
  Grids grids;
  int n_threads;
};

// Block b fitted on the rows outside of a fold and asked for those in it.
BlockFit fit_fold(const Stack& stack, std::int64_t b, std::int64_t fold, const FittedHeads& heads_fitted) {
  const sdk::Block block = stack.request.block(b);
  Rows fitted, asked;
  for (std::int64_t i = 0; i < stack.request.n_training(); ++i) {
    if (!block.training_present(i)) continue;
    (stack.folds[static_cast<std::size_t>(i)] == fold ? asked : fitted).push_back(i);
  }
  return fit_block(block, std::move(fitted), std::move(asked), block.training(), heads_fitted);
}

void drop_unfitted(const Stack& stack, const BlockFit& fit, SettingErrors& errors) {
  if (fit.asked.empty()) return;
  for (std::size_t s = 0; s < stack.grids.k.size(); ++s) {
    if (stack.grids.k[s] > static_cast<double>(fit.n_fitted())) errors.knn[s] = std::numeric_limits<double>::infinity();
  }
  if (fit.fitted.empty()) errors.ridge.assign(errors.ridge.size(), std::numeric_limits<double>::infinity());
}

SettingErrors errors_of_block(const Stack& stack, std::int64_t b) {
  SettingErrors errors{std::vector<double>(stack.grids.k.size(), 0.0),
                       std::vector<double>(stack.grids.alpha.size(), 0.0)};
  bool is_asked = false;
  for (std::int64_t fold = 0; fold < kRowFolds; ++fold) {
    const BlockFit fit = fit_fold(stack, b, fold, {static_cast<std::int64_t>(stack.grids.k.back()), true});
    drop_unfitted(stack, fit, errors);
    if (fit.fitted.empty() || fit.asked.empty()) continue;
    is_asked = true;
    add_knn_errors(fit, stack.gamma, stack.grids, errors);
    add_ridge_errors(fit, stack.gamma, stack.grids, errors);
  }
  if (!is_asked) errors.ridge.assign(errors.ridge.size(), std::numeric_limits<double>::infinity());
  if (!is_asked) errors.knn.assign(errors.knn.size(), std::numeric_limits<double>::infinity());
  return errors;
}

// The first least of the errors; none where all are infinite.
std::optional<std::size_t> first_least(const std::vector<double>& errors) {
  const auto least = std::min_element(errors.begin(), errors.end());
  if (!std::isfinite(*least)) return std::nullopt;
  return static_cast<std::size_t>(least - errors.begin());
}

std::vector<StackFit::Part> chosen_parts(const Stack& stack) {
  const std::int64_t n_blocks = stack.request.n_blocks();
  std::vector<SettingErrors> errors(static_cast<std::size_t>(n_blocks));
  heads::on_threads(stack.n_threads, n_blocks, [&](heads::PanelCounter& counter) {
    for (std::int64_t b = counter.next(); b < n_blocks; b = counter.next()) {
      errors[static_cast<std::size_t>(b)] = errors_of_block(stack, b);
    }
  });
  std::vector<StackFit::Part> parts;
  for (std::int64_t b = 0; b < n_blocks; ++b) {
    const SettingErrors& own = errors[static_cast<std::size_t>(b)];
    if (const auto s = first_least(own.knn)) parts.push_back({b, kKnn, stack.grids.k[*s], 0});
    if (const auto s = first_least(own.ridge)) parts.push_back({b, kRidge, stack.grids.alpha[*s], 0});
  }
  return parts;
}

bool is_knn(const StackFit::Part& part) { return part.head == kKnn; }

FittedHeads heads_of(const StackFit::Part& part) {
  return is_knn(part) ? FittedHeads{static_cast<std::int64_t>(part.setting), false} : FittedHeads{0, true};
}

// What a part predicts for the asked rows of a fit, as coefficients of the training rows: asked rows × training rows.
sdk::Matrix coefficients_of(const BlockFit& fit, const StackFit::Part& part, std::int64_t n_training) {
  if (is_knn(part)) {
    sdk::Matrix coefficients = sdk::Matrix::Zero(fit.n_asked(), n_training);
    for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
      add_neighbours(fit, i, static_cast<std::int64_t>(part.setting), 1, coefficients.row(i).data());
    }
    return coefficients;
  }
  const auto directions = ridge_directions(fit, part.setting);
  if (!directions) throw sdk::Error("ridge cannot be solved: the features are numerically dependent");
  sdk::Matrix coefficients = product_with_transposed(*directions, fit.features, 1);
  for (std::int64_t i = 0; i < fit.n_asked(); ++i) add_mean(fit, 1, coefficients.row(i).data());
  return coefficients;
}

// Coefficients · Γ of a part, by what makes it cheap: sums of few rows, or few directions.
sdk::Matrix coefficients_with_rows(const BlockFit& fit, const StackFit::Part& part, const sdk::Matrix& gamma) {
  const std::int64_t n = gamma.rows();
  if (!is_knn(part)) {
    const auto directions = ridge_directions(fit, part.setting);
    if (!directions) throw sdk::Error("ridge cannot be solved: the features are numerically dependent");
    sdk::Matrix with_rows = product(*directions, product(fit.features.transpose(), gamma, 1), 1);
    VectorXd share = VectorXd::Zero(n);
    add_mean(fit, 1, share.data());
    with_rows.rowwise() += (gamma * share).transpose();
    return with_rows;
  }
  sdk::Matrix with_rows(fit.n_asked(), n);
  std::vector<std::int32_t> rows;  // neighbours as training rows
  const auto k = static_cast<std::int64_t>(part.setting);
  for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
    for (std::int64_t j = 0; j < k; ++j) {
      rows.push_back(static_cast<std::int32_t>(fit.fitted[static_cast<std::size_t>(fit.nearest.of(i)[j])]));
    }
  }
  std::vector<double> panel(static_cast<std::size_t>(n * heads::kPanelWidth));
  for (std::int64_t first = 0; first < n; first += heads::kPanelWidth) {
    const std::int64_t width = std::min(heads::kPanelWidth, n - first), stride = n;
    pack_columns(gamma.data(), n, n, first, width, panel.data());
    double* out = with_rows.data() + first;
    heads::RunningMeans means;
    means.panel = panel.data();
    means.neighbours = rows.data();
    means.n_query = fit.n_asked();
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

// One part's predictions of one fold's rows.
struct HeldOutPart {
  std::vector<std::int64_t> position;   // of each training row among those asked for; -1: it was not
  sdk::Matrix coefficients, with_rows;  // s and sΓ: asked rows × training rows
};

std::vector<HeldOutPart> held_out_parts(const Stack& stack, const std::vector<StackFit::Part>& parts,
                                        std::int64_t fold) {
  std::vector<HeldOutPart> held_out(parts.size());
  const auto n_parts = static_cast<std::int64_t>(parts.size());
  heads::on_threads(stack.n_threads, n_parts, [&](heads::PanelCounter& counter) {
    for (std::int64_t p = counter.next(); p < n_parts; p = counter.next()) {
      const StackFit::Part& part = parts[static_cast<std::size_t>(p)];
      HeldOutPart& own = held_out[static_cast<std::size_t>(p)];
      own.position.assign(static_cast<std::size_t>(stack.request.n_training()), -1);
      const BlockFit fit = fit_fold(stack, part.block, fold, heads_of(part));
      if (fit.asked.empty()) continue;
      for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
        own.position[static_cast<std::size_t>(fit.asked[static_cast<std::size_t>(i)])] = i;
      }
      own.coefficients = coefficients_of(fit, part, stack.request.n_training());
      own.with_rows = coefficients_with_rows(fit, part, stack.gamma);
    }
  });
  return held_out;
}

// Residuals of a row are s - e_i as coefficients: their inner products are s_p Γ s_q - s_p Γ_i - s_q Γ_i + Γ_ii.
void write_form(const Stack& stack, const std::vector<HeldOutPart>& held_out, std::int64_t row, ErrorForms& forms) {
  const std::int64_t n = stack.gamma.rows();
  std::vector<std::size_t> has;
  for (std::size_t p = 0; p < held_out.size(); ++p) {
    if (held_out[p].position[static_cast<std::size_t>(row)] < 0) continue;
    has.push_back(p);
    forms.set_has(row, static_cast<std::int64_t>(p));
  }
  sdk::Matrix coefficients(static_cast<Eigen::Index>(has.size()), n), with_rows(coefficients.rows(), n);
  for (std::size_t h = 0; h < has.size(); ++h) {
    const HeldOutPart& part = held_out[has[h]];
    const std::int64_t position = part.position[static_cast<std::size_t>(row)];
    coefficients.row(static_cast<Eigen::Index>(h)) = part.coefficients.row(position);
    with_rows.row(static_cast<Eigen::Index>(h)) = part.with_rows.row(position);
  }
  const sdk::Matrix among = product_with_transposed(with_rows, coefficients, 1);
  for (std::size_t g = 0; g < has.size(); ++g) {
    const auto p = static_cast<std::int64_t>(has[g]);
    for (std::size_t h = 0; h <= g; ++h) {
      const auto i = static_cast<Eigen::Index>(g), j = static_cast<Eigen::Index>(h);
      forms.of(row)[p * (p + 1) / 2 + static_cast<std::int64_t>(has[h])] =
          among(i, j) - with_rows(i, row) - with_rows(j, row) + stack.gamma(row, row);
    }
  }
}

ErrorForms error_forms(const Stack& stack, const std::vector<StackFit::Part>& parts) {
  const std::int64_t n = stack.request.n_training();
  ErrorForms forms(n, static_cast<std::int64_t>(parts.size()));
  for (std::int64_t fold = 0; fold < kRowFolds; ++fold) {
    const std::vector<HeldOutPart> held_out = held_out_parts(stack, parts, fold);
    heads::on_threads(stack.n_threads, n, [&](heads::PanelCounter& counter) {
      for (std::int64_t row = counter.next(); row < n; row = counter.next()) {
        if (stack.folds[static_cast<std::size_t>(row)] == fold) write_form(stack, held_out, row, forms);
      }
    });
  }
  return forms;
}

// The weighted predictions of the queries as coefficients of the training rows: query rows × training rows.
sdk::Matrix query_coefficients(const Stack& stack, const std::vector<StackFit::Part>& parts, const VectorXd& weights) {
  const sdk::PredictorRequest& request = stack.request;
  sdk::Matrix sum = sdk::Matrix::Zero(request.n_query(), request.n_training());
  if (parts.empty()) return sum;
  const auto present = [&](std::int64_t q, std::size_t p) { return request.block(parts[p].block).query_present(q); };
  std::vector<VectorXd> weights_of;
  for (std::int64_t q = 0; q < request.n_query(); ++q) {
    weights_of.push_back(
        weights_of_row(weights, [&](Eigen::Index p) { return present(q, static_cast<std::size_t>(p)); }));
  }
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const sdk::Block block = request.block(parts[p].block);
    Rows fitted, asked;
    for (std::int64_t i = 0; i < request.n_training(); ++i) {
      if (block.training_present(i)) fitted.push_back(i);
    }
    for (std::int64_t q = 0; q < request.n_query(); ++q) {
      if (present(q, p) && weights_of[static_cast<std::size_t>(q)][static_cast<Eigen::Index>(p)] > 0)
        asked.push_back(q);
    }
    if (asked.empty()) continue;
    const BlockFit fit = fit_block(block, std::move(fitted), std::move(asked), block.query(), heads_of(parts[p]));
    const sdk::Matrix own = coefficients_of(fit, parts[p], request.n_training());
    for (std::int64_t i = 0; i < fit.n_asked(); ++i) {
      const std::int64_t q = fit.asked[static_cast<std::size_t>(i)];
      sum.row(q) += weights_of[static_cast<std::size_t>(q)][static_cast<Eigen::Index>(p)] * own.row(i);
    }
  }
  return sum;
}

}  // namespace

StackFit predict_stack(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
  StackFit fit;
  if (request.n_training() == 0) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return fit;
  }
  const CentredDeltas deltas = centred_deltas(request);
  const sdk::Matrix gamma = symmetric_product(deltas.values, deltas.values, n_threads);
  const Stack stack{request, gamma, row_folds(request), {}, n_threads};
  fit.parts = chosen_parts(stack);
  VectorXd weights = VectorXd::Zero(static_cast<Eigen::Index>(fit.parts.size()));
  if (!fit.parts.empty()) {
    const StackWeights found = stack_weights(error_forms(stack, fit.parts));
    weights = found.weights;
    fit.error = found.mean_error;
    fit.is_converged = found.is_converged;
    for (std::size_t p = 0; p < fit.parts.size(); ++p) fit.parts[p].weight = weights[static_cast<Eigen::Index>(p)];
  }
  // Coefficients of a row sum to 1, so that of centred deltas they give the prediction less the mean.
  write_predictions(request, deltas, query_coefficients(stack, fit.parts, weights), n_threads, output);
  return fit;
}

}  // namespace headroom::fusion
