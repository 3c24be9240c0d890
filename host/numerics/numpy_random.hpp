// NumPy's legacy random stream, as far as scikit-learn's K-fold uses it: RandomState(seed).shuffle.
// Folds must be the published ones, so the stream is reproduced draw by draw (protocol section 2).
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace headroom {

// numpy.random.RandomState(seed). NumPy seeds MT19937 by Matsumoto and Nishimura's init_genrand, as std::mt19937 does.
class NumpyRandomState {
 public:
  explicit NumpyRandomState(std::uint32_t seed) : generator_(seed) {}

  // A uniform integer in [0, max]: draws are masked to the smallest covering power of two, those above max rejected.
  std::uint32_t bounded(std::uint32_t max) {
    if (max == 0) return 0;
    std::uint32_t mask = max;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    std::uint32_t value;
    do value = static_cast<std::uint32_t>(generator_()) & mask;
    while (value > max);
    return value;
  }

  // RandomState.shuffle: Fisher–Yates from the top. At most 2^32 items.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i-- > 1;) std::swap(items[i], items[bounded(static_cast<std::uint32_t>(i))]);
  }

 private:
  std::mt19937 generator_;
};

}  // namespace headroom
