// Texts of datasets and attributes: those of variable length without the library's own reading of them where that can
// be done (hdf5_heap.hpp says why), the others through it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/hdf5_dataset.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// All texts of a dataset of variable-length strings, each up to its first NUL; never-written ones are empty. nullopt:
// stored in a way that is not read here (compact storage, a file with a user block or short addresses), so that the
// library must. Error: damaged chunks, texts or heaps that lie outside the file or each other.
Result<std::optional<std::vector<std::string>>> read_heap_texts(const Dataset& dataset);

// Reads `n` texts, of fixed or variable length, through `read(memory type, buffer)`, which wraps H5Dread or H5Aread.
// False where it fails.
bool read_library_texts(hid_t file_type, hid_t space, std::size_t n,
                        const std::function<bool(hid_t memory_type, void* buffer)>& read,
                        std::vector<std::string>* texts);

}  // namespace headroom::hdf5
