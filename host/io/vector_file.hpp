// Vectors keyed by perturbation id (an embedding), from h5ad, CSV, TSV (also gzipped) or npz. What the table plugin
// reads inside the sandbox, so it links nothing but HDF5, zlib, fmt and Eigen.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct VectorFile {
  std::vector<std::string> ids;  // distinct, in the file's order
  Matrix vectors;                // ids × dimension, finite
};

// The format is told by the content. `name_hint` ("fm.csv.gz") stands for the file's name where `path` has none
// (/proc/self/fd/N): its extension decides between comma and tab, and it names the file in errors.
//
// - h5ad: obs names → rows of X (dense, CSR, CSC).
// - CSV, TSV: first column ids, then one column a dimension; with or without a header line. A first line whose cells
//   after the id are all numbers is data, unless its first cell is empty or a usual name of an id column ("pert_id").
// - npz: an array of ids (`ids`, `index`, `names`, `pert_id`) beside a matrix (`vectors`, `X`, `embeddings`, `data`),
//   or one 1-D array an id, all of equal length.
//
// Errors (bad_input): unreadable or of another format, no ids, no dimension, a repeated id, NaN or infinity (with id
// and column), rows of unequal length.
Result<VectorFile> read_vector_file(const std::filesystem::path& path, std::string_view name_hint = {});

}  // namespace headroom
