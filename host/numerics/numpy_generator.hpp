// NumPy's present random streams, draw by draw: SeedSequence, PCG64, permutation and integers of default_rng(seed).
// Halves of cells that others published the scores of must be the same halves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace headroom {

// numpy.random.SeedSequence(entropy) of one non-negative integer.
class NumpySeedSequence {
 public:
  explicit NumpySeedSequence(std::uint64_t entropy);

  // generate_state(n) as 32-bit words.
  std::vector<std::uint32_t> words(std::size_t n) const;

 private:
  std::array<std::uint32_t, 4> pool_{};
};

// numpy.random.default_rng(seed).
class NumpyGenerator {
 public:
  explicit NumpyGenerator(std::uint64_t seed);

  std::uint64_t next64();
  // Halves of a 64-bit word, the lower first, as NumPy buffers them.
  std::uint32_t next32();

  // integers(0, n): uniform in [0, n), 1 <= n < 2^32, by multiplication and shift with rejection (Lemire 2019).
  std::uint32_t below(std::uint32_t n);

  // Shuffles as permutation(items) and shuffle(items) do: Fisher–Yates from the top, masked draws with rejection.
  template <class T>
  void permute(std::span<T> items) {
    for (std::size_t i = items.size(); i-- > 1;) std::swap(items[i], items[up_to(i)]);
  }

 private:
  std::uint64_t up_to(std::uint64_t top);  // uniform in [0, top]
  void step();

  __extension__ typedef unsigned __int128 Wide;
  Wide state_ = 0, increment_ = 0;
  bool has_spare_ = false;
  std::uint32_t spare_ = 0;
};

}  // namespace headroom
