#include "fusion/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "fusion/centred_deltas.hpp"
#include "fusion/dense_product.hpp"
#include "fusion/leave_one_out.hpp"
#include "fusion/nonnegative_search.hpp"
#include "fusion/positive_inverse.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;

// Evenly spaced numbers of rows, `size` of `n`.
std::vector<std::int64_t> spread_rows(std::int64_t n, std::int64_t size) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < size; ++i) rows.push_back(i * n / size);
  return rows;
}

// One row of each perturbation, where it has several (in several contexts) and none of them is asked for: to leave out
// one row while the others of its perturbation stay in would ask something easier than the query does. Empty: all rows
// may be left out one by one.
std::vector<std::int64_t> distinct_rows(const sdk::PredictorRequest& request) {
  std::vector<std::vector<std::int64_t>> rows_of(static_cast<std::size_t>(request.n_perturbations()));
  std::vector<std::int64_t> in_order;  // perturbations by their first row: their numbers say nothing
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    auto& rows = rows_of[static_cast<std::size_t>(request.training_perturbation(i))];
    if (rows.empty()) in_order.push_back(request.training_perturbation(i));
    rows.push_back(i);
  }
  if (static_cast<std::int64_t>(in_order.size()) == request.n_training()) return {};
  for (std::int64_t q = 0; q < request.n_query(); ++q) {
    if (!rows_of[static_cast<std::size_t>(request.query_perturbation(q))].empty()) return {};
  }
  std::vector<std::int64_t> distinct;
  for (std::size_t p = 0; p < in_order.size(); ++p) {  // in turn, so that no context is preferred
    const auto& rows = rows_of[static_cast<std::size_t>(in_order[p])];
    distinct.push_back(rows[p % rows.size()]);
  }
  std::sort(distinct.begin(), distinct.end());
  return distinct;
}

// Of `candidates` (empty: all rows) those whose kernels are held at once to search the weights on: all where they fit.
std::vector<std::int64_t> rows_to_search(const sdk::PredictorRequest& request, const KernelsOptions& options,
                                         const std::vector<std::int64_t>& candidates) {
  const std::int64_t n = candidates.empty() ? request.n_training() : static_cast<std::int64_t>(candidates.size());
  const double n_kernels = static_cast<double>(request.n_blocks()) * static_cast<double>(options.kinds.size());
  const double most = std::sqrt(2 * static_cast<double>(options.most_kernel_bytes) / (n_kernels * sizeof(double)));
  std::vector<std::int64_t> rows =
      spread_rows(n, std::clamp<std::int64_t>(static_cast<std::int64_t>(most), std::min<std::int64_t>(n, 3), n));
  if (candidates.empty()) return rows;
  for (std::int64_t& row : rows) row = candidates[static_cast<std::size_t>(row)];
  return rows;
}

std::vector<BlockKernel> all_kernels(const sdk::PredictorRequest& request, const std::vector<KernelKind>& kinds,
                                     const std::vector<std::int64_t>& rows, int n_threads) {
  std::vector<std::vector<BlockKernel>> of_blocks(static_cast<std::size_t>(request.n_blocks()));
  const bool is_part = static_cast<std::int64_t>(rows.size()) < request.n_training();
  heads::on_threads(n_threads, request.n_blocks(), [&](heads::PanelCounter& counter) {
    for (std::int64_t b = counter.next(); b < request.n_blocks(); b = counter.next()) {
      std::vector<BlockKernel>& own = of_blocks[static_cast<std::size_t>(b)];
      own = block_kernels(request, b, kinds);
      for (BlockKernel& kernel : own) {
        if (is_part && kernel.frame.scale != 0) kernel.values = kernel.values.of_rows(rows);
      }
    }
  });
  std::vector<BlockKernel> kernels;
  for (auto& of_block : of_blocks) std::move(of_block.begin(), of_block.end(), std::back_inserter(kernels));
  return kernels;
}

// The best of a few penalties with equal weights: where the search begins.
VectorXd first_guess(const LeaveOneOut& problem) {
  const auto n_kernels = static_cast<Eigen::Index>(problem.kernels.size());
  VectorXd best = VectorXd::Constant(n_kernels, 1.0 / static_cast<double>(n_kernels)), gradient;
  std::optional<double> least;
  for (const double lambda : {10.0, 1.0, 0.1, 0.01}) {
    const VectorXd v = VectorXd::Constant(n_kernels, 1.0 / (lambda * static_cast<double>(n_kernels)));
    const auto value = mean_residual(problem, v, gradient);
    if (!value || (least && *value >= *least)) continue;
    least = value;
    best = v;
  }
  return best;
}

void search(const LeaveOneOut& problem, const SearchLimits& limits, NonnegativeSearch& state) {
  search_nonnegative([&](const VectorXd& v, VectorXd& gradient) { return mean_residual(problem, v, gradient); }, limits,
                     state);
}

// An evaluation takes 6 n³ operations: halves of the rows, evenly spaced, lead most of the way, and the search on more
// rows begins with their weights and curvature. A promise of 1e-5 of the residual is then no longer worth an
// evaluation.
NonnegativeSearch best_weights(const LeaveOneOut& problem) {
  constexpr std::int64_t kFewRows = 700;  // searched as they are, to the end
  constexpr SearchLimits kToTheEnd{1e-10, 300, 1e6}, kFirst{1e-5, 60, 1e6}, kBetween{1e-5, 15, 1e6},
      kManyRows{1e-5, 8, 1e6};
  const std::int64_t n = problem.gamma->rows();
  std::vector<std::int64_t> sizes = {n};
  while (sizes.back() > kFewRows) sizes.push_back((sizes.back() + 1) / 2);
  NonnegativeSearch state;
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    if (*size == n) {
      if (state.at.size() == 0) state.at = first_guess(problem);
      search(problem, n > kFewRows ? kManyRows : kToTheEnd, state);
      continue;
    }
    const std::vector<std::int64_t> rows = spread_rows(n, *size);
    std::vector<LowerTriangle> kernels;
    kernels.reserve(problem.kernels.size());
    LeaveOneOut part;
    for (const LowerTriangle* kernel : problem.kernels) kernels.push_back(kernel->of_rows(rows));
    for (const LowerTriangle& kernel : kernels) part.kernels.push_back(&kernel);
    const sdk::Matrix gamma = (*problem.gamma)(rows, rows);
    part.gamma = &gamma;
    part.n_threads = problem.n_threads;
    const bool is_first = state.at.size() == 0;
    if (is_first) state.at = first_guess(part);
    search(part, is_first ? kFirst : kBetween, state);
  }
  return state;
}

// What a search over kernels is about: those that say anything, on the rows that are searched.
struct Problem {
  std::vector<BlockKernel> kernels;  // all of them
  std::vector<std::size_t> used;     // those whose scale is not 0
  sdk::Matrix gamma;                 // of the rows that are searched
  LeaveOneOut leave_one_out;         // of the used kernels
};

// I + Σ v_b K_b of all rows, kernel by kernel: they are made anew.
sdk::Matrix penalised_sum_of_all_rows(const sdk::PredictorRequest& request, const Problem& problem, const VectorXd& v) {
  const std::int64_t n = request.n_training();
  sdk::Matrix sum = sdk::Matrix::Identity(n, n);
  for (std::size_t k = 0; k < problem.used.size(); ++k) {
    const KernelFrame& frame = problem.kernels[problem.used[k]].frame;
    const double weight = v[static_cast<Eigen::Index>(k)];
    if (!(weight > 0)) continue;
    const std::vector<BlockKernel> made = block_kernels(request, frame.block, {frame.kind});
    for (std::int64_t i = 0; i < n; ++i) {
      Eigen::Map<Eigen::RowVectorXd>(sum.data() + i * n, i + 1) +=
          weight * Eigen::Map<const Eigen::RowVectorXd>(made.front().values.row(i), i + 1);
    }
  }
  mirror_lower(sum);
  return sum;
}

// The protocol's residual, (P Y_c)_i / (P_ii - 1/n), from P alone.
double mean_residual_of(const sdk::Matrix& p, const sdk::Matrix& gamma, int n_threads) {
  const sdk::Matrix with_rows = product(p, gamma, n_threads);
  double sum = 0;
  for (std::int64_t i = 0; i < p.rows(); ++i) {
    sum += std::sqrt(std::max(0.0, with_rows.row(i).dot(p.row(i)))) / (p(i, i) - 1.0 / static_cast<double>(p.rows()));
  }
  return sum / static_cast<double>(p.rows());
}

}  // namespace

KernelsFit predict_kernels(const sdk::PredictorRequest& request, const KernelsOptions& options, int n_threads,
                           sdk::PredictorOutput& output) {
  KernelsFit fit;
  const std::int64_t n = request.n_training();
  if (n == 0) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return fit;
  }
  const CentredDeltas deltas = centred_deltas(request);
  const sdk::Matrix gamma = symmetric_product(deltas.values, deltas.values, n_threads);
  const std::vector<std::int64_t> distinct = distinct_rows(request);
  const std::vector<std::int64_t> rows = rows_to_search(request, options, distinct);
  const bool is_part = static_cast<std::int64_t>(rows.size()) < n;
  Problem problem;
  problem.kernels = all_kernels(request, options.kinds, rows, n_threads);
  if (is_part) problem.gamma = gamma(rows, rows);
  for (std::size_t k = 0; k < problem.kernels.size(); ++k) {
    fit.weights.push_back({problem.kernels[k].frame.block, problem.kernels[k].frame.kind, 0.0});
    if (problem.kernels[k].frame.scale == 0) continue;
    problem.leave_one_out.kernels.push_back(&problem.kernels[k].values);
    problem.used.push_back(k);
  }
  problem.leave_one_out.gamma = is_part ? &problem.gamma : &gamma;
  problem.leave_one_out.n_threads = n_threads;

  VectorXd v = VectorXd::Zero(static_cast<Eigen::Index>(problem.used.size()));
  if (n > 1) {  // of the train mean alone
    fit.loo_l2 = deltas.values.rowwise().norm().mean() * static_cast<double>(n) / static_cast<double>(n - 1);
  }
  // Of two rows each is predicted from the other alone, whatever the kernels are.
  if (rows.size() > 2 && !problem.used.empty()) {
    const NonnegativeSearch found = best_weights(problem.leave_one_out);
    fit.n_evaluations = found.n_evaluations;
    fit.is_converged = found.is_converged;
    if (std::isfinite(found.value)) {
      v = found.at;
      fit.loo_l2 = found.value;
    }
  }
  sdk::Matrix left = sdk::Matrix::Zero(request.n_query(), n);  // of the train mean
  if (v.size() > 0 && v.sum() > 0) {
    fit.lambda = 1.0 / v.sum();
    sdk::Matrix sum = sdk::Matrix::Zero(request.n_query(), n);
    for (std::size_t k = 0; k < problem.used.size(); ++k) {
      const double weight = v[static_cast<Eigen::Index>(k)];
      fit.weights[problem.used[k]].weight = weight / v.sum();
      if (weight > 0) add_query_kernel(request, problem.kernels[problem.used[k]].frame, weight, n_threads, sum);
    }
    const auto inverse = positive_inverse(
        is_part ? penalised_sum_of_all_rows(request, problem, v) : penalised_sum(problem.leave_one_out, v), n_threads);
    if (!inverse) throw sdk::Error("the weighted sum of kernels cannot be inverted");
    if (is_part && distinct.empty()) fit.loo_l2 = mean_residual_of(*inverse, gamma, n_threads);
    left = product(sum, *inverse, n_threads);
  }
  write_predictions(request, deltas, left, n_threads, output);
  return fit;
}

}  // namespace headroom::fusion
