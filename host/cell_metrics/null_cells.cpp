#include "cell_metrics/null_cells.hpp"

#include <utility>

#include "numerics/numpy_generator.hpp"

namespace headroom {
namespace {

// `factor`: genes.
GroupMaker scaled_control(const PanelTruth& truth, const GroupCounts& control, std::vector<double> factor,
                          std::uint64_t seed) {
  NumpyGenerator random(seed);
  std::vector<std::vector<std::uint32_t>> drawn;
  for (const PooledProfile& real : truth.profiles) {
    std::vector<std::uint32_t> cells(real.n_cells);
    for (std::uint32_t& cell : cells) cell = random.below(static_cast<std::uint32_t>(control.n_cells));
    drawn.push_back(std::move(cells));
  }
  return [drawn = std::move(drawn), factor = std::move(factor), &control](std::size_t p,
                                                                          GroupCounts& out) -> Result<void> {
    // Which of the perturbation's cells each control cell became.
    std::vector<std::vector<std::uint32_t>> became(control.n_cells);
    for (std::uint32_t c = 0; c < drawn[p].size(); ++c) became[drawn[p][c]].push_back(c);
    out.n_cells = drawn[p].size();
    out.total.assign(out.n_cells, 0.0);
    out.begin.assign(1, 0);
    out.cell.clear();
    out.count.clear();
    for (std::size_t g = 0; g < factor.size(); ++g) {
      for (std::uint64_t e = control.begin[g]; factor[g] > 0 && e < control.begin[g + 1]; ++e) {
        for (const std::uint32_t c : became[control.cell[e]]) {
          const auto value = static_cast<double>(static_cast<float>(control.count[e] * factor[g]));
          out.cell.push_back(c);
          out.count.push_back(value);
          out.total[c] += value;
        }
      }
      out.begin.push_back(out.cell.size());
    }
    return {};
  };
}

}  // namespace

GroupMaker dispersed_cells(const PanelTruth& truth, const GroupCounts& control, const std::vector<double>& profile,
                           std::uint64_t seed) {
  std::vector<double> factor(profile.size(), 0.0);
  for (std::size_t g = 0; g < profile.size(); ++g) {
    const double mean = truth.control.pooled[g] / static_cast<double>(control.n_cells);
    factor[g] = mean > 0 ? profile[g] / mean : 0;
  }
  return scaled_control(truth, control, std::move(factor), seed);
}

GroupMaker resampled_control(const PanelTruth& truth, const GroupCounts& control, std::uint64_t seed) {
  return scaled_control(truth, control, std::vector<double>(control.n_genes(), 1.0), seed);
}

}  // namespace headroom
