// Writing h5ad that anndata 0.8 and later read, whole or not at all (atomic_file.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "io/annotation_column.hpp"
#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// X as dense blocks of rows, written below each other (a task's contexts need not be copied together). Views: the
// numbers must live until write_h5ad returns.
struct DenseX {
  std::vector<ConstMatrixMap> row_blocks;
  bool as_float32 = false;  // halves the file; rounds
};

// Labels as dense blocks of rows, stored as int8. Views, too.
struct DenseLabels {
  std::vector<ConstLabelMap> row_blocks;
};

// Numbers in single precision as dense blocks of rows, stored as float32. Views, too.
struct DenseFloats {
  std::vector<ConstFloatMap> row_blocks;
};

// The next rows of a CSR matrix. Entries of row r of the block: [row_offsets[r] - row_offsets[0], row_offsets[r + 1] -
// row_offsets[0]) of `columns` and `values`; so offsets into a whole matrix may be passed as they are.
struct CsrBlock {
  std::span<const std::int64_t> row_offsets;  // rows in the block + 1
  std::span<const std::int32_t> columns;
  std::variant<std::span<const float>, std::span<const std::int32_t>> values;  // the same alternative in every block
};

// X as sparse rows, asked for block by block until `next` gives nullopt, so that a screen larger than memory can be
// written. A block's spans must live until the next call.
struct CsrX {
  std::function<std::optional<CsrBlock>()> next;
};

// A CsrX of one block that is in memory already.
CsrX csr_in_memory(CsrBlock block);

// A table of `uns`: texts, and bytes and numbers as dense blocks of rows (views, too).
struct UnsTable {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<ConstByteMap>> bytes;
  std::map<std::string, std::vector<ConstMatrixMap>> numbers;
};

struct H5adContent {
  std::vector<std::string> obs_index;
  std::vector<std::string> var_index;
  std::vector<AnnotationColumn> obs_columns;  // text columns with `categorical` set become pandas categoricals
  std::vector<AnnotationColumn> var_columns;
  std::variant<DenseX, CsrX, DenseLabels> x;
  std::map<std::string, std::variant<DenseX, DenseLabels, DenseFloats>> layers;
  std::map<std::string, std::string> uns;  // key → text; keys without '/'
  std::map<std::string, UnsTable> uns_tables;
  // 0: none; 1 to 9: zlib's levels. 4 is h5py's default and near the best size for the time on counts. Labels and bytes
  // are mostly zeros and always compressed.
  int gzip_level = 4;
};

// Errors: bad_input where the folder cannot be written; harness_fault where lengths disagree (a caller's mistake: rows
// of X, columns of tables, column numbers out of range) or the disc is full. No partial file is left behind.
Result<void> write_h5ad(const std::filesystem::path& path, const H5adContent& content);

}  // namespace headroom
