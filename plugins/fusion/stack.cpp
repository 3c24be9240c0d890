#include "fusion/stack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "fusion/block_fit.hpp"
#include "fusion/centred_deltas.hpp"
#include "fusion/dense_product.hpp"
#include "fusion/row_folds.hpp"
#include "fusion/stack_weights.hpp"
#include "heads/hyperparameters.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;

// Everything about one request that does not change from fold to fold.
struct Stack {
  const sdk::PredictorRequest& request;
  const sdk::Matrix& gamma;         // Γ = Y_c Y_cᵀ: training rows × training rows
  std::vector<std::int64_t> folds;  // of the training rows
  std::vector<double> k, alpha;     // the heads' grids; k ascending
  int n_threads;
  StackMemory memory;
};

// Both heads of one block, held-out fold by held-out fold.
struct BlockFolds {
  std::vector<BlockFit> folds;
  SettingErrors errors;
};

BlockFolds fit_folds(const Stack& stack, std::int64_t b) {
  const sdk::Block block = stack.request.block(b);
  BlockFolds fits;
  fits.errors = {std::vector<double>(stack.k.size(), 0.0), std::vector<double>(stack.alpha.size(), 0.0)};
  bool is_asked = false;
  for (std::int64_t fold = 0; fold < kRowFolds; ++fold) {
    Rows fitted, asked;
    for (std::int64_t i = 0; i < stack.request.n_training(); ++i) {
      if (!block.training_present(i)) continue;
      (stack.folds[static_cast<std::size_t>(i)] == fold ? asked : fitted).push_back(i);
    }
    fits.folds.push_back(fit_block(block, std::move(fitted), std::move(asked), block.training(),
                                   {static_cast<std::int64_t>(stack.k.back()), true}, &stack.gamma));
    is_asked = is_asked || !fits.folds.back().asked.empty();
    add_errors(fits.folds.back(), stack.gamma, stack.k, stack.alpha, fits.errors);
  }
  if (!is_asked) {
    fits.errors.knn.assign(stack.k.size(), std::numeric_limits<double>::infinity());
    fits.errors.ridge.assign(stack.alpha.size(), std::numeric_limits<double>::infinity());
  }
  return fits;
}

std::vector<BlockFolds> fit_blocks(const Stack& stack) {
  const std::int64_t n_blocks = stack.request.n_blocks();
  std::vector<BlockFolds> fits(static_cast<std::size_t>(n_blocks));
  heads::on_threads(stack.n_threads, n_blocks, [&](heads::PanelCounter& counter) {
    for (std::int64_t b = counter.next(); b < n_blocks; b = counter.next()) {
      fits[static_cast<std::size_t>(b)] = fit_folds(stack, b);
    }
  });
  return fits;
}

// The first least of the errors; none where all are infinite.
std::optional<std::size_t> first_least(const std::vector<double>& errors) {
  const auto least = std::min_element(errors.begin(), errors.end());
  if (!std::isfinite(*least)) return std::nullopt;
  return static_cast<std::size_t>(least - errors.begin());
}

std::vector<StackFit::Part> chosen_parts(const Stack& stack, const std::vector<BlockFolds>& fits) {
  std::vector<StackFit::Part> parts;
  for (std::size_t b = 0; b < fits.size(); ++b) {
    const SettingErrors& errors = fits[b].errors;
    const auto block = static_cast<std::int64_t>(b);
    if (const auto s = first_least(errors.knn)) parts.push_back({block, kKnn, stack.k[*s], 0});
    if (const auto s = first_least(errors.ridge)) parts.push_back({block, kRidge, stack.alpha[*s], 0});
  }
  return parts;
}

// One part's predictions of some rows of a fold.
struct HeldOutPart {
  const Rows* asked = nullptr;          // of the part's fit in this fold, ascending
  std::int64_t first = 0, n = 0;        // of these, which are below
  sdk::Matrix coefficients, with_rows;  // s and sΓ: n × training rows

  // Where a training row stands below; none where the part does not predict it.
  std::optional<std::int64_t> position(std::int64_t row) const {
    const auto begin = asked->begin() + first, end = begin + n, found = std::lower_bound(begin, end, row);
    if (found == end || *found != row) return std::nullopt;
    return found - begin;
  }
};

// Of the fold's rows that are rows[first] up to rows[last].
std::vector<HeldOutPart> held_out_parts(const Stack& stack, const std::vector<BlockFolds>& fits,
                                        const std::vector<StackFit::Part>& parts, std::int64_t fold,
                                        std::int64_t first_row, std::int64_t last_row) {
  std::vector<HeldOutPart> held_out(parts.size());
  const auto n_parts = static_cast<std::int64_t>(parts.size());
  heads::on_threads(stack.n_threads, n_parts, [&](heads::PanelCounter& counter) {
    for (std::int64_t p = counter.next(); p < n_parts; p = counter.next()) {
      const StackFit::Part& part = parts[static_cast<std::size_t>(p)];
      const BlockFit& fit = fits[static_cast<std::size_t>(part.block)].folds[static_cast<std::size_t>(fold)];
      HeldOutPart& own = held_out[static_cast<std::size_t>(p)];
      own.asked = &fit.asked;
      own.first = std::lower_bound(fit.asked.begin(), fit.asked.end(), first_row) - fit.asked.begin();
      own.n = std::upper_bound(fit.asked.begin(), fit.asked.end(), last_row) - fit.asked.begin() - own.first;
      if (own.n == 0) continue;
      const HeadSetting head{part.head, part.setting};
      own.coefficients = coefficients_of(fit, head, own.first, own.n, stack.request.n_training());
      own.with_rows = coefficients_with_rows(fit, head, own.first, own.n, stack.gamma);
    }
  });
  return held_out;
}

// Residuals of a row are s - e_i as coefficients: their inner products are s_p Γ s_q - s_p Γ_i - s_q Γ_i + Γ_ii.
void write_form(const Stack& stack, const std::vector<HeldOutPart>& held_out, std::int64_t row, ErrorForms& forms) {
  std::vector<std::size_t> has;
  for (std::size_t p = 0; p < held_out.size(); ++p) {
    if (!held_out[p].position(row)) continue;
    has.push_back(p);
    forms.set_has(row, static_cast<std::int64_t>(p));
  }
  sdk::Matrix coefficients(static_cast<Eigen::Index>(has.size()), stack.gamma.rows());
  sdk::Matrix with_rows(coefficients.rows(), coefficients.cols());
  for (std::size_t h = 0; h < has.size(); ++h) {
    const HeldOutPart& part = held_out[has[h]];
    const std::int64_t position = *part.position(row);
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

ErrorForms error_forms(const Stack& stack, const std::vector<BlockFolds>& fits,
                       const std::vector<StackFit::Part>& parts) {
  const std::int64_t n = stack.request.n_training();
  ErrorForms forms(n, static_cast<std::int64_t>(parts.size()));
  const std::int64_t row_bytes =
      static_cast<std::int64_t>(parts.size()) * n * 2 * static_cast<std::int64_t>(sizeof(double));
  const std::int64_t at_once = std::max<std::int64_t>(1, stack.memory.most_bytes / row_bytes);
  for (std::int64_t fold = 0; fold < kRowFolds; ++fold) {
    Rows rows;
    for (std::int64_t i = 0; i < n; ++i) {
      if (stack.folds[static_cast<std::size_t>(i)] == fold) rows.push_back(i);
    }
    const auto n_rows = static_cast<std::int64_t>(rows.size());
    for (std::int64_t first = 0; first < n_rows; first += at_once) {
      const std::int64_t end = std::min(n_rows, first + at_once);
      const std::vector<HeldOutPart> held_out = held_out_parts(
          stack, fits, parts, fold, rows[static_cast<std::size_t>(first)], rows[static_cast<std::size_t>(end - 1)]);
      heads::on_threads(stack.n_threads, end - first, [&](heads::PanelCounter& counter) {
        for (std::int64_t i = counter.next(); i < end - first; i = counter.next()) {
          write_form(stack, held_out, rows[static_cast<std::size_t>(first + i)], forms);
        }
      });
    }
  }
  return forms;
}

// The weighted predictions of the queries as coefficients of the training rows: query rows × training rows.
class QueryCoefficients {
 public:
  QueryCoefficients(const Stack& stack, const std::vector<StackFit::Part>& parts, const VectorXd& weights)
      : stack_(stack), parts_(parts) {
    for (std::int64_t q = 0; q < stack.request.n_query(); ++q) {
      weights_of_.push_back(weights_of_row(weights, [&](Eigen::Index p) {
        return stack.request.block(parts[static_cast<std::size_t>(p)].block).query_present(q);
      }));
    }
  }

  sdk::Matrix sum() const {
    const auto n_parts = static_cast<std::int64_t>(parts_.size());
    sdk::Matrix sum = sdk::Matrix::Zero(stack_.request.n_query(), stack_.request.n_training());
    // As many parts at a time as there are threads, added up in their order.
    for (std::int64_t first = 0; first < n_parts; first += stack_.n_threads) {
      std::vector<Predicted> predicted(
          static_cast<std::size_t>(std::min<std::int64_t>(stack_.n_threads, n_parts - first)));
      heads::on_threads(stack_.n_threads, static_cast<std::int64_t>(predicted.size()),
                        [&](heads::PanelCounter& counter) {
                          for (auto i = static_cast<std::size_t>(counter.next()); i < predicted.size();
                               i = static_cast<std::size_t>(counter.next())) {
                            predicted[i] = predict(static_cast<std::size_t>(first) + i);
                          }
                        });
      for (std::size_t i = 0; i < predicted.size(); ++i) {
        for (std::size_t a = 0; a < predicted[i].queries.size(); ++a) {
          const std::int64_t q = predicted[i].queries[a];
          sum.row(q) += weight(q, static_cast<std::size_t>(first) + i) *
                        predicted[i].coefficients.row(static_cast<Eigen::Index>(a));
        }
      }
    }
    return sum;
  }

 private:
  struct Predicted {
    Rows queries;
    sdk::Matrix coefficients;  // queries × training rows
  };

  double weight(std::int64_t q, std::size_t p) const {
    return weights_of_[static_cast<std::size_t>(q)][static_cast<Eigen::Index>(p)];
  }

  Predicted predict(std::size_t p) const {
    const StackFit::Part& part = parts_[p];
    const sdk::Block block = stack_.request.block(part.block);
    Predicted predicted;
    Rows fitted;
    for (std::int64_t i = 0; i < stack_.request.n_training(); ++i) {
      if (block.training_present(i)) fitted.push_back(i);
    }
    for (std::int64_t q = 0; q < stack_.request.n_query(); ++q) {
      if (weight(q, p) > 0) predicted.queries.push_back(q);
    }
    if (predicted.queries.empty()) return predicted;
    const bool is_knn = part.head == kKnn;
    const BlockFit fit = fit_block(block, std::move(fitted), predicted.queries, block.query(),
                                   {is_knn ? static_cast<std::int64_t>(part.setting) : 0, !is_knn}, nullptr);
    predicted.coefficients =
        coefficients_of(fit, {part.head, part.setting}, 0, fit.n_asked(), stack_.request.n_training());
    return predicted;
  }

  const Stack& stack_;
  const std::vector<StackFit::Part>& parts_;
  std::vector<VectorXd> weights_of_;  // of each query
};

}  // namespace

StackFit predict_stack(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output,
                       const StackMemory& memory) {
  StackFit fit;
  if (request.n_training() == 0) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return fit;
  }
  const CentredDeltas deltas = centred_deltas(request);
  const sdk::Matrix gamma = symmetric_product(deltas.values, deltas.values, n_threads);
  const Stack stack{request,
                    gamma,
                    row_folds(request),
                    heads::knn_hyperparameters().front().grid,
                    heads::ridge_hyperparameters().front().grid,
                    n_threads,
                    memory};
  VectorXd weights;
  {
    const std::vector<BlockFolds> fits = fit_blocks(stack);
    fit.parts = chosen_parts(stack, fits);
    if (!fit.parts.empty()) {
      const StackWeights found = stack_weights(error_forms(stack, fits, fit.parts));
      weights = found.weights;
      fit.error = found.mean_error;
      fit.is_converged = found.is_converged;
    }
  }
  for (std::size_t p = 0; p < fit.parts.size(); ++p) fit.parts[p].weight = weights[static_cast<Eigen::Index>(p)];
  // Coefficients of a row sum to 1, so that of centred deltas they give the prediction less the mean. Without any part
  // they are 0, and the train mean is predicted.
  write_predictions(request, deltas, QueryCoefficients(stack, fit.parts, weights).sum(), n_threads, output);
  return fit;
}

}  // namespace headroom::fusion
