#include "heads/distance.hpp"

#include "heads/simd.hpp"

namespace headroom::heads {

HEADROOM_CLONED double squared_distance(const double* a, const double* b, std::int64_t n) {
  Lanes sums{};
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    const Lanes difference = lanes_at(a + j) - lanes_at(b + j);
    sums += difference * difference;
  }
  double total = 0.0;
  for (int lane = 0; lane < kLanes; ++lane) total += sums[lane];
  for (; j < n; ++j) {
    const double difference = a[j] - b[j];
    total += difference * difference;
  }
  return total;
}

}  // namespace headroom::heads
