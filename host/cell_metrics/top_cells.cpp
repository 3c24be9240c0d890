#include "cell_metrics/top_cells.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "cell_metrics/cell_calibration.hpp"

namespace headroom {
namespace {

constexpr double kCellTotal = 1e4;

}  // namespace

DenseCells log_cells(const GroupCounts& counts, const std::vector<std::uint32_t>& genes) {
  DenseCells cells(counts.n_cells, std::vector<double>(genes.size(), 0.0));
  for (std::size_t k = 0; k < genes.size(); ++k) {
    for (std::uint64_t e = counts.begin[genes[k]]; e < counts.begin[genes[k] + 1]; ++e) {
      const std::uint32_t cell = counts.cell[e];
      cells[cell][k] = std::log1p(counts.count[e] / counts.total[cell] * kCellTotal);
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
