// Variable-length text read straight from the file's global heap. HDF5 1.10 believes a text's length and heap index
// as they stand in the file, so one flipped bit makes it write beyond a buffer; here both are checked. It is also
// several times as fast, which counts for the ids of a million cells.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/hdf5_dataset.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// All texts of a dataset of variable-length strings, each up to its first NUL; never-written ones are empty. nullopt:
// stored in a way that is not read here (compact storage, filters other than deflate, shuffle and checksums, a user
// block), so that the library must. Errors: texts or heaps that lie outside the file or each other.
Result<std::optional<std::vector<std::string>>> read_heap_texts(const Dataset& dataset);

}  // namespace headroom::hdf5
