// Cells of a law that tests know, drawn by the standard library.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "cell_metrics/group_counts.hpp"

namespace headroom::testing {

// Negative binomial cells of given shares.
inline GroupCounts cells_of(const std::vector<double>& share, double dispersion, std::size_t n_cells, double depth,
                            std::mt19937& random) {
  CellRows rows;
  rows.begin.push_back(0);
  std::gamma_distribution<double> gamma(1 / dispersion, dispersion);
  std::uniform_real_distribution<double> around(0.7, 1.3);
  for (std::size_t c = 0; c < n_cells; ++c) {
    rows.batch.push_back(0);
    const double total = depth * around(random);
    for (std::uint32_t g = 0; g < share.size(); ++g) {
      std::poisson_distribution<int> poisson(std::max(1e-12, total * share[g] * gamma(random)));
      const int x = poisson(random);
      if (x == 0) continue;
      rows.gene.push_back(g);
      rows.value.push_back(x);
    }
    rows.begin.push_back(rows.gene.size());
  }
  GroupCounts counts;
  make_group_counts(rows, share.size(), counts);
  return counts;
}

// Falling from gene to gene.
inline std::vector<double> shares(std::size_t n) {
  std::vector<double> share;
  double all = 0;
  for (std::size_t g = 0; g < n; ++g) all += share.emplace_back(std::exp(-0.03 * static_cast<double>(g)));
  for (double& each : share) each /= all;
  return share;
}

}  // namespace headroom::testing
