#include "simulation/expected_deltas.hpp"

#include <array>
#include <cmath>

#include "cells/normalise.hpp"
#include "simulation/cell_sampler.hpp"

namespace headroom {
namespace {

// Nodes and weights of ∫ f(x) exp(-x²/2) dx / sqrt(2π).
constexpr std::array kNodes = {-2.856970013872806, -1.355626179974266, 0.0, 1.355626179974266, 2.856970013872806};
constexpr std::array kWeights = {0.011257411327720691, 0.2220759220056126, 0.5333333333333333, 0.2220759220056126,
                                 0.011257411327720691};
// Probability that a sum over counts may leave out.
constexpr double kNegligible = 1e-9;
constexpr std::size_t kTabled = 4096;

struct DepthNode {
  double depth, weight;
  std::vector<double> log_value;  // log1p(10,000 k / depth)
};

double expected_value(const std::vector<DepthNode>& nodes, double share, double theta) {
  double sum = 0;
  for (const DepthNode& node : nodes) {
    const double mean = node.depth * share, p = mean / (theta + mean);
    double chance = std::exp(theta * std::log1p(-p)), covered = chance, value = 0;
    for (std::size_t k = 1; k < kTabled && covered < 1 - kNegligible; ++k) {
      chance *= p * (theta + static_cast<double>(k) - 1) / static_cast<double>(k);
      covered += chance;
      value += chance * node.log_value[k];
    }
    sum += node.weight * value;
  }
  return sum;
}

}  // namespace

Matrix expected_deltas(const ScreenModel& model, std::size_t context, ThreadPool& pool, Progress& progress,
                       const std::stop_token& stop) {
  std::vector<DepthNode> nodes;
  for (std::size_t i = 0; i < kNodes.size(); ++i) {
    const double depth = model.size.mean_depth * std::exp(ScreenSize::kDepthSpread * kNodes[i]);
    DepthNode node{depth, kWeights[i], {}};
    for (std::size_t k = 0; k < kTabled; ++k)
      node.log_value.push_back(std::log1p(static_cast<double>(k) * kCellTotal / depth));
    nodes.push_back(std::move(node));
  }
  const auto profile = [&](std::int64_t pert) {
    RowVector values = profile_shares(model, context, pert);
    for (Eigen::Index g = 0; g < values.size(); ++g) {
      values(g) = expected_value(nodes, values(g), model.dispersion[static_cast<std::size_t>(g)]);
    }
    return values;
  };
  const RowVector control = profile(-1);
  Matrix deltas(model.size.n_perturbations, model.size.n_genes);
  pool.for_each(static_cast<std::size_t>(deltas.rows()), [&](std::size_t p) {
    if (stop.stop_requested()) return;
    deltas.row(static_cast<Eigen::Index>(p)) = profile(static_cast<std::int64_t>(p)) - control;
    progress.advance(1);
  });
  return deltas;
}

}  // namespace headroom
