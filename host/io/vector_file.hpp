// Vectors keyed by perturbation id (an embedding), from h5ad, CSV, TSV (also gzipped) or npz. What the table plugin
// reads inside the sandbox, so it links nothing but HDF5, zlib, fmt and Eigen.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct VectorFile {
  std::vector<std::string> ids;  // distinct, in the file's order
  Matrix vectors;                // ids × dimension, finite

  std::string array;  // where the vectors lie: "X", "obsm/KEY", the name of an npz array; empty for text
  // Further arrays of the file with as many rows, which may be the vectors: "obsm/esm2 (24 × 1280)".
  std::vector<std::string> other_arrays;
  // Further columns of text with one entry a row, which may be the ids. Read only where the ids are a counting of rows.
  std::vector<std::pair<std::string, std::vector<std::string>>> other_ids;
  std::vector<std::string> notes;  // what was left out, one sentence each
};

// The format is told by the content. `name_hint` ("fm.csv.gz") stands for the file's name where `path` has none
// (/proc/self/fd/N): its extension decides between comma and tab, and it names the file in errors. `part` chooses among
// what the file holds, by one or two names joined by '#': of the vectors ("obsm/KEY", "layers/NAME", "X", an array of
// an npz) and of the ids ("obs/COLUMN", a column of text, a 1-D array of an npz).
//
// - h5ad: obs names → rows of X (dense, CSR, CSC); a file without X has its one array of obsm.
// - CSV, TSV: first column ids, then one column a dimension; with or without a header line. A first line whose cells
//   after the id are all numbers is data, unless its first cell is empty or a usual name of an id column ("pert_id").
//   Further columns that hold text in every row are left out.
// - npz: an array of ids (`ids`, `index`, `names`, `pert_id`) beside a matrix (`vectors`, `X`, `embeddings`, `data`, or
//   the only one of as many rows), or one 1-D array an id, all of equal length.
//
// Errors (bad_input): unreadable or of another format, no ids, no dimension, a repeated id, NaN or infinity (with id
// and column), rows of unequal length, a part that is not there (the remedy lists those that are).
Result<VectorFile> read_vector_file(const std::filesystem::path& path, std::string_view name_hint = {},
                                    std::string_view part = {});

// 0 … n−1 or 1 … n in order: a table that was written with the counting of its rows for ids. At least two.
bool count_rows(const std::vector<std::string>& ids);

}  // namespace headroom
