#include "io/lzf.hpp"

namespace headroom {

std::size_t lzf_expand(std::span<const unsigned char> data, std::span<unsigned char> out) {
  std::size_t in = 0, at = 0;
  while (in < data.size()) {
    const std::size_t control = data[in++];
    if (control < 32) {  // a run of control + 1 literal bytes
      const std::size_t n = control + 1;
      if (in + n > data.size() || at + n > out.size()) return 0;
      for (std::size_t i = 0; i < n; ++i) out[at++] = data[in++];
      continue;
    }
    std::size_t n = control >> 5;  // a repeat: 3 bits of length, 13 of distance
    if (n == 7) {
      if (in >= data.size()) return 0;
      n += data[in++];
    }
    n += 2;
    if (in >= data.size()) return 0;
    const std::size_t distance = ((control & 31) << 8) + data[in++] + 1;
    if (distance > at || at + n > out.size()) return 0;
    for (std::size_t i = 0; i < n; ++i, ++at) out[at] = out[at - distance];
  }
  return at;
}

}  // namespace headroom
