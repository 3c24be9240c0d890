// The numbers of an h5ad: X, layers/NAME or raw/X, dense or sparse, read as double rows or as raw sparse entries.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5_dataset.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

enum class MatrixLayout { dense, csr, csc };

// Keeps its own handles on the file: it may outlive the H5adFile that made it. One thread at a time.
class H5adMatrix {
 public:
  // `name` is "X", "layers/NAME", "raw/X" or "obsm/KEY". The shape must be n_rows × n_cols; without n_cols, any number
  // of columns.
  // Errors (bad_input): absent, unknown encoding, another shape, sparse parts of disagreeing length, compound type.
  static Result<H5adMatrix> open(const hdf5::File& file, const std::string& name, std::size_t n_rows,
                                 std::optional<std::size_t> n_cols);

  MatrixLayout layout() const { return layout_; }
  const std::string& name() const { return name_; }
  std::size_t n_rows() const { return n_rows_; }
  std::size_t n_cols() const { return n_cols_; }
  // Entries in the file: rows × columns when dense, stored entries when sparse.
  std::size_t n_stored() const { return values_.n_elements(); }
  // "float32", "float64", "int8" … "uint64", "bool".
  std::string dtype() const;
  bool holds_integers() const { return values_.is_integer() || values_.is_boolean; }

  // Rows × columns, everything or the named rows in the order named (repeats allowed). NaN and infinity are passed on.
  Result<Matrix> read() const;
  Result<Matrix> read_rows(const RowIndex& rows) const;

  // One pass over the file in its own order: row i goes to row_targets[i] (n_cols doubles, overwritten) or, where that
  // is nullptr, nowhere. Extra memory: a few megabytes, or one row of chunks. row_targets has n_rows() elements.
  Result<void> scatter_rows(std::span<double* const> row_targets) const;

  // Sparse only. Offsets of each row (csr) or column (csc), one more than there are: checked to begin at 0, never to
  // decrease, and to end within n_stored().
  Result<std::vector<std::int64_t>> read_offsets() const;
  // Sparse only. Entries [begin, begin + indices.size()): columns (csr) or rows (csc), checked to be in range.
  // indices and values have equal length.
  Result<void> read_entries(std::int64_t begin, std::span<std::int32_t> indices, std::span<float> values) const;
  Result<void> read_entries(std::int64_t begin, std::span<std::int32_t> indices, std::span<double> values) const;

 private:
  Result<void> scatter_dense(std::span<double* const> row_targets) const;
  Result<void> scatter_csr(std::span<double* const> row_targets) const;
  Result<void> scatter_csc(std::span<double* const> row_targets) const;
  // Rows [first, first + n) of a dense matrix into n × n_cols contiguous doubles.
  Result<void> read_dense_block(std::size_t first, std::size_t n, double* out) const;
  template <class T>
  Result<void> read_sparse_block(std::int64_t begin, std::span<std::int32_t> indices, std::span<T> values) const;

  MatrixLayout layout_ = MatrixLayout::dense;
  std::string name_;
  std::string path_;
  std::size_t n_rows_ = 0;
  std::size_t n_cols_ = 0;
  hdf5::Dataset values_;   // the dense matrix, or the entries' values
  hdf5::Dataset indices_;  // sparse only
  hdf5::Dataset offsets_;  // sparse only
};

}  // namespace headroom
