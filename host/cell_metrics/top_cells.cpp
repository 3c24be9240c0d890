#include "cell_metrics/top_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cell_metrics/cell_calibration.hpp"

namespace headroom {
std::vector<std::vector<std::uint32_t>> top_genes(const ConstFloatMap& weights) {
  std::vector<std::vector<std::uint32_t>> top;
  for (Eigen::Index row = 0; row < weights.rows(); ++row) {
    std::vector<std::uint32_t>& genes = top.emplace_back(static_cast<std::size_t>(weights.cols()));
    std::iota(genes.begin(), genes.end(), 0u);
    const std::size_t n = std::min(kTopGenes, genes.size());
    std::partial_sort(genes.begin(), genes.begin() + static_cast<std::ptrdiff_t>(n), genes.end(),
                      [&](std::uint32_t a, std::uint32_t b) {
                        return weights(row, a) != weights(row, b) ? weights(row, a) > weights(row, b) : a < b;
                      });
    genes.resize(n);
  }
  return top;
}

void set_log_sums(const GroupCounts& counts, Eigen::Index perturbation, SumsOfCells& sums) {
  sums.n_cells[perturbation] = static_cast<double>(counts.n_cells);
  for (std::size_t g = 0; g < counts.n_genes(); ++g) {
    double sum = 0, squares = 0;
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) {
      const double value = log_value(counts, e);
      sum += value;
      squares += value * value;
    }
    const auto gene = static_cast<Eigen::Index>(g);
    sums.sum(perturbation, gene) = sum;
    sums.sum_of_squares(perturbation, gene) = squares;
  }
}

DenseCells log_cells(const GroupCounts& counts, const std::vector<std::uint32_t>& genes) {
  DenseCells cells(counts.n_cells, std::vector<double>(genes.size(), 0.0));
  for (std::size_t k = 0; k < genes.size(); ++k) {
    for (std::uint64_t e = counts.begin[genes[k]]; e < counts.begin[genes[k] + 1]; ++e) {
      cells[counts.cell[e]][k] = log_value(counts, e);
    }
  }
  return cells;
}

DenseCells log_cells_of_tile(const std::vector<double>& profile, std::size_t n_cells,
                             const std::vector<std::uint32_t>& genes) {
  const double total = std::accumulate(profile.begin(), profile.end(), 0.0);
  std::vector<double> cell;
  for (const std::uint32_t gene : genes) cell.push_back(total > 0 ? std::log1p(profile[gene] / total * kCellTotal) : 0);
  return DenseCells(n_cells, cell);
}

CellDistances cell_distances(const TopCells& real, const DenseCells& predicted) {
  if (real.cells.size() < 2 || predicted.size() < 2) {
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    return {undefined, undefined};
  }
  return {energy_distance(real.cells, predicted), mmd_squared(real.cells, predicted)};
}

}  // namespace headroom
