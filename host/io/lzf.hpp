// The LZF compression of h5py and anndata (compression="lzf"), which the HDF5 library itself does not have. Reading
// only.
#pragma once

#include <cstddef>
#include <span>

namespace headroom {

inline constexpr int kLzfFilter = 32000;  // its registered number among HDF5's filters

// Expands LZF data (Marc Lehmann's format) into `out`. Returns the number of bytes written, 0 if the data are damaged
// or `out` is too small.
std::size_t lzf_expand(std::span<const unsigned char> data, std::span<unsigned char> out);

}  // namespace headroom
