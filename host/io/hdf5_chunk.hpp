// Single chunks of a dataset, checked: HDF5 1.10 believes the size that a chunk's record in the file gives and reads
// or writes beyond buffers where the layout says another. Nothing here lets it expand a chunk by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "io/hdf5_dataset.hpp"
#include "outcome/outcome.hpp"

namespace headroom::hdf5 {

// Bytes of a whole chunk's elements. Error: it is more than any file holds.
Result<std::size_t> chunk_bytes(const Dataset& dataset);

// Whether chunks without filters, which take stored_bytes in all, have the layout's size by their own records. Reading
// them is safe in any case (what their records say is not used), but would give what lies behind a short one.
Result<void> check_plain_chunks(const Dataset& dataset, std::uint64_t stored_bytes);

// Bytes of a chunk as they lie in the file, which are those that H5Dread_chunk writes; 0: it was never written.
// `offset` is its first element (one number a dimension). Errors: unreadable, more than the file has.
Result<std::size_t> stored_chunk_bytes(const Dataset& dataset, const hsize_t* offset);

// The elements of a chunk in the type of the file, beyond the dataset's edges, too; nullopt: it was never written.
// Errors: unreadable, filters that are not known here (hdf5_filter.hpp), another size than the layout says.
Result<std::optional<std::string>> read_chunk(const Dataset& dataset, const hsize_t* offset);

}  // namespace headroom::hdf5
