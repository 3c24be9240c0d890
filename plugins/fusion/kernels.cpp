#include "fusion/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "fusion/centred_deltas.hpp"
#include "fusion/dense_product.hpp"
#include "fusion/leave_one_out.hpp"
#include "fusion/nonnegative_search.hpp"
#include "fusion/positive_inverse.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;

void require_room(const sdk::PredictorRequest& request, std::size_t n_kinds) {
  const double n = static_cast<double>(request.n_training());
  const double bytes =
      static_cast<double>(request.n_blocks()) * static_cast<double>(n_kinds) * n * n / 2 * sizeof(double);
  if (bytes <= static_cast<double>(kMostKernelBytes)) return;
  throw sdk::Unsupported("kernels of " + std::to_string(request.n_blocks()) + " blocks over " +
                         std::to_string(request.n_training()) +
                         " training rows do not fit into memory: give fewer blocks, or one kind of kernel");
}

std::vector<BlockKernel> all_kernels(const sdk::PredictorRequest& request, const std::vector<KernelKind>& kinds,
                                     int n_threads) {
  std::vector<std::vector<BlockKernel>> of_blocks(static_cast<std::size_t>(request.n_blocks()));
  heads::on_threads(n_threads, request.n_blocks(), [&](heads::PanelCounter& counter) {
    for (std::int64_t b = counter.next(); b < request.n_blocks(); b = counter.next()) {
      of_blocks[static_cast<std::size_t>(b)] = block_kernels(request, b, kinds);
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

// Evenly spaced numbers of rows, `size` of `n`.
std::vector<std::int64_t> spread_rows(std::int64_t n, std::int64_t size) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < size; ++i) rows.push_back(i * n / size);
  return rows;
}

void search(const LeaveOneOut& problem, const SearchLimits& limits, NonnegativeSearch& state) {
  search_nonnegative([&](const VectorXd& v, VectorXd& gradient) { return mean_residual(problem, v, gradient); }, limits,
                     state);
}

// An evaluation takes 6 n³ operations: halves of the rows, evenly spaced, lead most of the way, and the search on all
// rows begins with their weights and curvature. There a promise of 1e-5 of the residual is no longer worth an
// evaluation.
NonnegativeSearch best_weights(const LeaveOneOut& problem) {
  constexpr std::int64_t kFewRows = 700;  // searched as they are, to the end
  constexpr SearchLimits kToTheEnd{1e-10, 300, 1e6}, kOnTheWay{1e-5, 40, 1e6}, kManyRows{1e-5, 8, 1e6};
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
    if (state.at.size() == 0) state.at = first_guess(part);
    search(part, kOnTheWay, state);
  }
  return state;
}

}  // namespace

KernelsFit predict_kernels(const sdk::PredictorRequest& request, const std::vector<KernelKind>& kinds, int n_threads,
                           sdk::PredictorOutput& output) {
  KernelsFit fit;
  const std::int64_t n = request.n_training();
  if (n == 0) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return fit;
  }
  require_room(request, kinds.size());
  const CentredDeltas deltas = centred_deltas(request);
  const std::vector<BlockKernel> kernels = all_kernels(request, kinds, n_threads);
  const sdk::Matrix gamma = symmetric_product(deltas.values, deltas.values, n_threads);
  LeaveOneOut problem;
  std::vector<std::size_t> used;  // kernel number of each of the problem's
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    fit.weights.push_back({kernels[k].frame.block, kernels[k].frame.kind, 0.0});
    if (kernels[k].frame.scale == 0) continue;
    problem.kernels.push_back(&kernels[k].values);
    used.push_back(k);
  }
  problem.gamma = &gamma;
  problem.n_threads = n_threads;

  sdk::Matrix left = sdk::Matrix::Zero(request.n_query(), n);  // of the train mean
  // Of two rows each is predicted from the other alone, whatever the kernels are.
  const bool can_search = n > 2 && !used.empty();
  VectorXd v = VectorXd::Zero(static_cast<Eigen::Index>(used.size()));
  if (can_search) {
    const NonnegativeSearch found = best_weights(problem);
    fit.n_evaluations = found.n_evaluations;
    fit.is_converged = found.is_converged;
    fit.loo_l2 = found.value;
    v = found.at;
  } else if (n > 1) {
    fit.loo_l2 = deltas.values.rowwise().norm().mean() * static_cast<double>(n) / static_cast<double>(n - 1);
  }
  if (v.size() > 0 && v.sum() > 0) {
    fit.lambda = 1.0 / v.sum();
    sdk::Matrix sum = sdk::Matrix::Zero(request.n_query(), n);
    for (std::size_t k = 0; k < used.size(); ++k) {
      const double weight = v[static_cast<Eigen::Index>(k)];
      fit.weights[used[k]].weight = weight / v.sum();
      if (weight > 0) add_query_kernel(request, kernels[used[k]].frame, weight, n_threads, sum);
    }
    const auto inverse = positive_inverse(penalised_sum(problem, v), n_threads);
    if (!inverse) throw sdk::Error("the weighted sum of kernels cannot be inverted");
    left = product(sum, *inverse, n_threads);
  }
  write_predictions(request, deltas, left, n_threads, output);
  return fit;
}

}  // namespace headroom::fusion
