// The elements of a dataset, all or a block of them, in a type of memory: what everything that reads numbers stands on.
// Chunks are read and checked one by one (hdf5_chunk.hpp) rather than by H5Dread, which reads beyond short ones.
#pragma once

#include <string>

#include "io/hdf5_dataset.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// Elements [start, start + count) of every dimension, row-major, into `out`, which has room for them in `memory_type`.
// The last chunk is kept with the dataset, so that reads that follow one another do not expand it twice; blocks of
// several dimensions should be whole rows of chunks. Errors: unreadable, damaged, compressed in a way that is not read
// here, never written where that does not mean zero.
Result<void> read_block(const Dataset& dataset, const hsize_t* start, const hsize_t* count, hid_t memory_type,
                        void* out);

// All elements.
Result<void> read_all(const Dataset& dataset, hid_t memory_type, void* out);

// All elements of a chunked dataset as they are stored, stored_bytes each, one after another: numbers in the type of
// the file, variable-length texts as references to the heap. Zeros where nothing was ever written.
Result<std::string> read_stored(const Dataset& dataset);

}  // namespace headroom::hdf5
