// The expansion of LZF, which in a file lies behind checks that a search seldom gets past. The first byte sizes the
// output.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "io/lzf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t room = 4 * static_cast<std::size_t>(data[0]);
  // Both of exactly their size, so that a byte too far is seen.
  const auto packed = std::make_unique<unsigned char[]>(size - 1);
  std::copy_n(data + 1, size - 1, packed.get());
  const auto plain = std::make_unique<unsigned char[]>(room);
  if (headroom::lzf_expand({packed.get(), size - 1}, {plain.get(), room}) > room) std::abort();
  return 0;
}
