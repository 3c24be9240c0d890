// The sums of a query stay in registers while its neighbours are added one by one; each count writes its mean as it
// passes. The panel comes from the second-level cache.
#include "heads/running_means.hpp"

#include "heads/panel_product.hpp"
#include "heads/simd.hpp"

namespace headroom::heads {
namespace {

template <class Vector, int Vectors>
HEADROOM_INLINED void columns(const RunningMeans& m, std::int64_t query, std::int64_t column) {
  const std::int32_t* neighbours = m.neighbours + query * m.n_nearest;
  const double* panel = m.panel + column;
  Vector sums[Vectors];
  for (int v = 0; v < Vectors; ++v) sums[v] = Vector{};
  std::int64_t i = 0;
  for (std::int64_t c = 0; c < m.n_counts; ++c) {
    for (; i < m.counts[c]; ++i) {
      const double* row = panel + neighbours[i] * kPanelWidth;
      for (int v = 0; v < Vectors; ++v) sums[v] += vector_at<Vector>(row + v * kLanes);
    }
    const double count = static_cast<double>(m.counts[c]);
    double* out = m.out[c] + query * m.out_stride[c] + column;
    const std::int64_t width = m.width - column;
    for (int v = 0; v < Vectors; ++v) {
      const Vector mean = sums[v] / count;
      if (width >= (v + 1) * kLanes) {
        vector_at<Vector>(out + v * kLanes) = mean;
      } else {
        for (int lane = 0; lane < kLanes && v * kLanes + lane < width; ++lane) out[v * kLanes + lane] = mean[lane];
      }
    }
  }
}

template <class Vector, int Vectors>
HEADROOM_INLINED void all_columns(const RunningMeans& m) {
  for (std::int64_t q = 0; q < m.n_query; ++q) {
    for (std::int64_t column = 0; column < m.width; column += Vectors * kLanes) columns<Vector, Vectors>(m, q, column);
  }
}

HEADROOM_CLONED void dispatch(const RunningMeans& m, Registers registers) {
  switch (registers) {
    case Registers::thirty_two_of_512_bits:
      return all_columns<WideLanes, 8>(m);
    case Registers::sixteen_of_256_bits:
      return all_columns<Lanes, 4>(m);
    case Registers::sixteen_of_128_bits:
      return all_columns<Lanes, 2>(m);
  }
}

}  // namespace

void running_means(const RunningMeans& m, Registers registers) { dispatch(m, registers); }

}  // namespace headroom::heads
