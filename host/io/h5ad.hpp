// Reading h5ad, the field's file for annotated matrices: what anndata 0.7 to 0.12 writes, and the older forms of
// categoricals and sparse matrices. The tables of rows and columns are read here, the numbers in h5ad_matrix.hpp.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/annotation_column.hpp"
#include "io/h5ad_matrix.hpp"
#include "io/hdf5_handle.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Which table: the matrix's rows, its columns, or the columns of raw/X (which may be more genes).
enum class H5adAxis { obs, var, raw_var };

// An h5ad opened read-only. Every error is bad_input and names the file; a damaged file never gives wrong lengths.
class H5adFile {
 public:
  // Errors: not there, not HDF5, truncated, no obs or var table, the tables of anndata before 0.7 (compound datasets).
  static Result<H5adFile> open(const std::filesystem::path& path);

  const std::string& path() const { return file_.path; }
  std::size_t n_obs() const { return obs_.n_rows; }
  std::size_t n_vars() const { return var_.n_rows; }
  bool has_raw() const { return raw_var_.has_value(); }

  // The ids of an axis, in order. Integer ids become decimal text. Repeats are passed on.
  Result<std::vector<std::string>> read_index(H5adAxis axis) const;
  // Name of the index column, as pandas shows it.
  const std::string& index_name(H5adAxis axis) const { return table(axis).index; }

  // Columns in the file's order, the index left out. An axis that is absent has none.
  const std::vector<std::string>& columns(H5adAxis axis) const { return table(axis).columns; }
  bool has_column(H5adAxis axis, const std::string& name) const;
  // Columns that read_column() cannot read, by their kind and shape: their values are not looked at.
  std::vector<std::string> odd_columns(H5adAxis axis) const;

  // Errors: no such column (the remedy lists those that exist), a kind that is not known, another length than the
  // index, a category code out of range.
  Result<AnnotationColumn> read_column(H5adAxis axis, const std::string& name) const;
  Result<LabelColumn> read_labels(H5adAxis axis, const std::string& name) const;

  // "X", "layers/NAME", "raw/X", or "obsm/KEY" with any number of columns.
  Result<H5adMatrix> matrix(const std::string& name = "X") const;
  // What a user calls a matrix: "X" or nothing, "raw" or "raw/X", "layers/NAME" or NAME. Errors: none of that name (the
  // remedy lists those that exist).
  Result<H5adMatrix> matrix_of_layer(const std::string& layer) const;

  // What lies in a group of the file ("obsm", "layers"), in name order; empty where there is no such group.
  std::vector<std::string> keys(const std::string& group) const;
  bool has_key(const std::string& name) const;  // "X", "layers/NAME"

  // A text of `uns`; nullopt where there is none.
  std::optional<std::string> uns_text(const std::string& key) const;
  // A dataset of `uns`, "KEY" or "TABLE/KEY". Errors: absent, damaged.
  Result<hdf5::Dataset> uns_dataset(const std::string& key) const;

 private:
  struct Table {
    std::string group;  // "obs"
    std::string index;  // name of the index column
    std::size_t n_rows = 0;
    std::vector<std::string> columns;
  };
  // A column as it lies in the file: its values once per category, or once per row.
  struct StoredColumn {
    AnnotationColumn values;
    std::optional<std::vector<std::int32_t>> codes;
  };
  static Result<Table> open_table(const hdf5::File& file, const std::string& group);
  const Table& table(H5adAxis axis) const;
  Result<StoredColumn> read_stored(const Table& table, const std::string& name) const;

  hdf5::File file_;
  Table obs_;
  Table var_;
  std::optional<Table> raw_var_;
};

}  // namespace headroom
