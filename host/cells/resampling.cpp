#include "cells/resampling.hpp"

#include <algorithm>
#include <numeric>

#include "cells/random_stream.hpp"

namespace headroom {
namespace {

// First stream number: what the random words are for. Roles of cells follow from kCellsOfRole on, two each.
constexpr std::uint32_t kBatchChoice = 0, kCellsOfRole = 1;

}  // namespace

std::vector<std::uint32_t> draw_batches(std::uint64_t key, int n_outer, std::uint32_t n_batches) {
  std::vector<std::uint32_t> times(static_cast<std::size_t>(n_outer) * n_batches, n_batches == 1 ? 1 : 0);
  if (n_batches <= 1) return times;
  for (int o = 0; o < n_outer; ++o) {
    RandomStream random(key, kBatchChoice, static_cast<std::uint32_t>(o));
    for (std::uint32_t i = 0; i < n_batches; ++i)
      ++times[static_cast<std::size_t>(o) * n_batches + random.below(n_batches)];
  }
  return times;
}

void resample_cells(std::uint64_t key, std::uint32_t role, const LaneLayout& layout,
                    const std::vector<BatchSpan>& spans, const std::vector<std::uint32_t>& batch_draws,
                    const std::vector<bool>& splits, ResampledCells& out) {
  const std::size_t lanes = static_cast<std::size_t>(layout.n_lanes()), n_spans = spans.size();
  out.counts.assign((n_spans == 0 ? 0 : spans.back().end) * lanes, 0);
  out.worth.assign(n_spans * lanes, 0.0);
  const auto n_split_spans = static_cast<double>(std::count(splits.begin(), splits.end(), true));

  std::vector<std::uint32_t> order;
  for (std::size_t s = 0; s < n_spans; ++s) {
    const std::uint32_t n = spans[s].n_cells(), batch = spans[s].batch;
    std::uint16_t* const counts = out.counts.data() + spans[s].begin * lanes;
    double* const worth = out.worth.data() + s * lanes;

    for (int o = 0; o < layout.n_outer; ++o) {
      const std::uint64_t times = batch_draws[static_cast<std::size_t>(o) * n_spans + s];
      if (times == 0) continue;
      for (int i = 0; i < layout.n_inner; ++i) {
        const std::size_t lane = static_cast<std::size_t>(o) * layout.n_inner + i;
        worth[lane] = 1.0 / (static_cast<double>(n) * static_cast<double>(n_spans));
        RandomStream random(key, kCellsOfRole + 2 * role, static_cast<std::uint32_t>(lane), batch);
        for (std::uint64_t c = 0; c < times * n; ++c) ++counts[random.below(n) * lanes + lane];
      }
    }

    if (!splits[s]) continue;
    const std::uint32_t n_a = n / 2;
    order.resize(n);
    for (int k = 0; k < layout.n_splits; ++k) {
      const auto a = static_cast<std::size_t>(layout.half_a(k)), b = static_cast<std::size_t>(layout.half_b(k));
      worth[a] = 1.0 / (n_a * n_split_spans);
      worth[b] = 1.0 / ((n - n_a) * n_split_spans);
      RandomStream random(key, kCellsOfRole + 2 * role + 1, static_cast<std::uint32_t>(k), batch);
      std::iota(order.begin(), order.end(), 0u);
      for (std::uint32_t c = 0; c < n; ++c) {
        if (c < n_a) std::swap(order[c], order[c + random.below(n - c)]);
        counts[order[c] * lanes + (c < n_a ? a : b)] = 1;
      }
    }
  }
}

}  // namespace headroom
