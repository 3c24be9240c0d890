// Where cells come from: an h5ad or a Matrix Market folder, with its tables of cells and genes, and its counts
// delivered in one pass front to back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "io/annotation_column.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "review/review.hpp"

namespace headroom {

// Values as they come: one of the two is set.
struct NumberView {
  const float* real32 = nullptr;
  const double* real64 = nullptr;

  double operator[](std::size_t i) const { return real32 != nullptr ? real32[i] : real64[i]; }
  bool is_real32() const { return real32 != nullptr; }
};

// Some consecutive cells with all their entries. Genes need not ascend; an entry may be an explicit zero.
struct CellBatch {
  std::uint64_t first_cell = 0;
  std::span<const std::uint64_t> begin;  // cells + 1: offsets into genes and values
  std::span<const std::uint32_t> genes;  // each below the source's n_genes
  NumberView values;

  std::size_t n_cells() const { return begin.size() - 1; }
};

// Entries of cells in any order, from a source that lies gene by gene or has no order.
struct EntryBatch {
  std::span<const std::uint32_t> cells, genes;  // in range
  NumberView values;
};

// Receives a pass. A source uses add_cells or add_entries throughout, as by_entries() says.
class CellSink {
 public:
  virtual ~CellSink() = default;
  virtual Result<void> add_cells(const CellBatch& batch, ThreadPool& pool) = 0;
  virtual Result<void> add_entries(const EntryBatch& batch, ThreadPool& pool) = 0;
  // Whether anything of cells [begin, end) is needed: a source may leave out whole files of which nothing is.
  virtual bool wants(std::uint64_t /*begin*/, std::uint64_t /*end*/) const { return true; }
};

class CellSource {
 public:
  virtual ~CellSource() = default;

  virtual const std::string& path() const = 0;
  virtual std::size_t n_cells() const = 0;
  virtual std::size_t n_genes() const = 0;

  // The files that the cells lie in, one after the other, and the first cell of each.
  virtual std::vector<std::string> files() const { return {path()}; }
  virtual std::vector<std::uint64_t> first_cells() const { return {0}; }

  // The cell table. Barcodes may repeat.
  virtual Result<std::vector<std::string>> barcodes() const = 0;
  virtual std::vector<std::string> columns() const = 0;
  virtual Result<LabelColumn> labels(const std::string& column) const = 0;

  // The gene table. Ids may repeat.
  virtual std::string gene_index_name() const = 0;
  virtual Result<std::vector<std::string>> gene_ids() const = 0;
  virtual Result<std::vector<AnnotationColumn>> gene_columns() const = 0;

  // Cells that the table of cells does not have; they have no label in any column.
  virtual std::size_t n_unlisted_cells() const { return 0; }
  // A flag that may help where the table of cells lacks a column; empty: none.
  virtual std::string hint_at_missing_column() const { return {}; }
  // What was left out and what is doubtful about the files themselves.
  virtual void review(Review&) const {}

  // What `deliver` uses, and whether its values come as float (exact for what the file holds) or double.
  virtual bool by_entries() const = 0;
  virtual bool values_are_real32() const = 0;
  // Bytes that a pass reads, for progress: as stored, roughly.
  virtual std::uint64_t stored_bytes() const = 0;

  // One pass. Reading and expanding run ahead of the sink. Ends early with `interrupted` when asked to stop.
  // Errors (bad_input): damaged data, an index out of range; whatever the sink returns.
  virtual Result<void> deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) = 0;
};

// `layer`: empty for X, "raw" or "raw/X" for raw/X, else layers/NAME. CSR, CSC and dense; whole or chunked; gzip, LZF
// or none. `transposed`: the matrix is genes × cells, obs tells of genes and var of cells. Errors (bad_input):
// unreadable, no such layer (the remedy lists those that exist), an unknown encoding.
Result<std::unique_ptr<CellSource>> open_h5ad_cells(const std::filesystem::path& path, const std::string& layer,
                                                    bool transposed = false);

// In a 10x folder, the first of `names` that is there, plain or gzipped; else the only file whose name ends so after a
// prefix (GSM1_sample_matrix.mtx.gz). Error (bad_input): none, or several.
Result<std::filesystem::path> find_in_folder(const std::filesystem::path& folder,
                                             std::initializer_list<const char*> names);

// A 10x folder: matrix.mtx, features.tsv (or genes.tsv), barcodes.tsv, each also with .gz or with a prefix that all
// share, and `table`, a TSV or CSV with a header, of which one column holds barcodes; cells that it lacks have no label
// of any column. The matrix is genes × cells or, where its sizes or its lists say so, cells × genes; a square one is
// genes × cells unless `transposed`. Errors (bad_input): as above, with line numbers; no barcode is in the table.
Result<std::unique_ptr<CellSource>> open_matrix_market_cells(const std::filesystem::path& folder,
                                                             const std::filesystem::path& table,
                                                             bool transposed = false);

}  // namespace headroom
