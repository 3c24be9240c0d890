// The filters of chunks undone here rather than by the HDF5 library: 1.10 does not check that a decompressed chunk has
// the size that the layout says and reads beyond it, and it does not know LZF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/hdf5_dataset.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// A bound of how many times its stored bytes a chunk's elements take: deflate cannot expand more than 1032 times, and
// LZF less.
inline constexpr std::uint64_t kLargestExpansion = 1100;

// Replaces a chunk's stored bytes by its elements, exactly chunk_bytes of them. Bit i of `skipped` says that filter i
// was not applied. Errors: a filter other than deflate, LZF, shuffle and checksum; data that do not fit their filters,
// their checksum or the chunk's size.
Result<void> undo_filters(const Dataset& dataset, std::uint32_t skipped, std::size_t chunk_bytes, std::string* bytes);

// The error of a chunk whose size is not the layout's.
tl::unexpected<Error> wrong_chunk_size(const Dataset& dataset);

}  // namespace headroom::hdf5
