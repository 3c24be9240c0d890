// Single chunks of a dataset with their filters undone here. HDF5 1.10 does not check that a decompressed chunk has the
// size that the layout says, and reads beyond it; here the size is checked.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "io/hdf5_dataset.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// The elements of the chunk that begins at `offset` (one number a dimension), each of element_bytes as stored; zeros
// where it was never written. nullopt: a filter other than deflate, shuffle and checksum. Error: it does not expand to
// exactly the chunk's size.
Result<std::optional<std::string>> read_chunk(const Dataset& dataset, const hsize_t* offset, std::size_t element_bytes);

// Reads the first chunk to see whether the layout's chunk size fits what is stored, without which the library's own
// reads are not safe. Nothing is checked where the chunks are large or of an unknown filter.
Result<void> check_chunk_size(const Dataset& dataset, std::size_t element_bytes);

}  // namespace headroom::hdf5
