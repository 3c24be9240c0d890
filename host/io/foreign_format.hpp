// Containers of the field that Headroom does not read: told by their content, so that the user learns what the file is
// and how to convert it instead of what its bytes are not.
#pragma once

#include <filesystem>
#include <optional>

#include "io/hdf5_handle.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// The error that names the format of a file or folder that is none of Headroom's, and how to convert it: zarr, Parquet,
// Feather, PyTorch, safetensors, pickle, Excel, R, npy, other compressions. nullopt: nothing that is known.
std::optional<Error> foreign_format(const std::filesystem::path& path);

// The same of what lies inside an HDF5 file that is no h5ad: h5mu, loom, 10x, h5Seurat.
std::optional<Error> foreign_hdf5(const hdf5::File& file);

}  // namespace headroom
