#include "cells/lzf_filter.hpp"

#include <hdf5.h>

#include <cstdlib>
#include <mutex>

namespace headroom {
namespace {

constexpr H5Z_filter_t kLzf = 32000;

// HDF5 passes the chunk's size in the third client value, as h5py stored it.
std::size_t filter(unsigned flags, std::size_t n_values, const unsigned* values, std::size_t n_bytes,
                   std::size_t* buffer_size, void** buffer) {
  if (!(flags & H5Z_FLAG_REVERSE)) return 0;
  std::size_t expanded = n_values >= 3 && values[2] != 0 ? values[2] : *buffer_size;
  constexpr std::size_t kLargestChunk = std::size_t{1} << 32;
  while (expanded <= kLargestChunk) {
    auto* const out = static_cast<unsigned char*>(std::malloc(expanded));
    if (out == nullptr) return 0;
    const std::size_t written = lzf_expand({static_cast<const unsigned char*>(*buffer), n_bytes}, {out, expanded});
    if (written > 0) {
      std::free(*buffer);
      *buffer = out;
      *buffer_size = expanded;
      return written;
    }
    std::free(out);
    if (n_values >= 3 && values[2] != 0) return 0;  // the size was known, so the data are damaged
    expanded *= 2;
  }
  return 0;
}

}  // namespace

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

void register_lzf_filter() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (H5Zfilter_avail(kLzf) > 0) return;
    H5Z_class2_t lzf{};
    lzf.version = H5Z_CLASS_T_VERS;
    lzf.id = kLzf;
    lzf.decoder_present = 1;
    lzf.name = "lzf";
    lzf.filter = filter;
    H5Zregister(&lzf);
  });
}

}  // namespace headroom
