// Cells of an h5ad, front to back: a thread fetches compressed chunks, the pool expands them, and whole cells (CSR,
// dense) or entries (CSC) go on to the sink.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "cells/cell_source.hpp"
#include "cells/number_stream.hpp"
#include "cells/read_ahead.hpp"
#include "io/column_names.hpp"
#include "io/h5ad.hpp"
#include "io/hdf5_block.hpp"

namespace headroom {
namespace {

// Entries fetched at a time: a few megabytes of indices and values, enough chunks to share among threads.
constexpr std::uint64_t kFetchEntries = 1 << 19;
// Values of a dense block.
constexpr std::uint64_t kDenseValues = 1 << 20;
// Fetched blocks that wait while one is expanded.
constexpr std::size_t kBlocksAhead = 2;
// Cells of a dense block that one task of the pool turns into entries.
constexpr std::size_t kRowsPerTask = 64;

Error interrupted_reading(const std::string& path) {
  return {ErrorKind::interrupted, "stopped while reading cells", path, {}};
}

// A stretch of a stream, expanded: elements [begin, begin + n) of the dataset.
struct Expanded {
  std::uint64_t begin = 0, n = 0;
  std::vector<unsigned char> bytes;

  // Forgets what lies before element `from` and makes room for elements up to `end`.
  void advance(std::uint64_t from, std::uint64_t end, std::size_t width) {
    const std::uint64_t keep = begin + n - from;
    if (keep > 0) std::memmove(bytes.data(), bytes.data() + (from - begin) * width, keep * width);
    begin = from;
    n = end - from;
    bytes.resize(std::max<std::size_t>(bytes.size(), n * width));
  }
  std::uint64_t end() const { return begin + n; }
};

struct FetchedEntries {
  std::vector<NumberStream::Piece> genes, values;
};

class H5adCells final : public CellSource {
 public:
  static Result<std::unique_ptr<CellSource>> open(const std::filesystem::path& path, const std::string& layer,
                                                  bool transposed);

  const std::string& path() const override { return file_->path(); }
  std::size_t n_cells() const override { return transposed_ ? matrix_->n_cols() : matrix_->n_rows(); }
  std::size_t n_genes() const override { return transposed_ ? matrix_->n_rows() : matrix_->n_cols(); }
  Result<std::vector<std::string>> barcodes() const override { return file_->read_index(cells_axis_); }
  std::vector<std::string> columns() const override { return file_->columns(cells_axis_); }
  Result<LabelColumn> labels(const std::string& column) const override {
    return file_->read_labels(cells_axis_, column);
  }
  std::string gene_index_name() const override { return file_->index_name(genes_axis_); }
  Result<std::vector<std::string>> gene_ids() const override { return file_->read_index(genes_axis_); }
  Result<std::vector<AnnotationColumn>> gene_columns() const override;
  bool by_entries() const override {
    return transposed_ ? matrix_->layout() != MatrixLayout::csc : matrix_->layout() == MatrixLayout::csc;
  }
  bool values_are_real32() const override { return kind_ == NumberKind::real32; }
  std::string hint_at_missing_column() const override;
  void review(Review& review) const override;
  std::uint64_t stored_bytes() const override;
  Result<void> deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) override;

 private:
  Result<void> deliver_sparse(CellSink& sink, ThreadPool& pool, Progress& progress, const std::stop_token& stop);
  Result<void> deliver_dense(CellSink& sink, ThreadPool& pool, Progress& progress, const std::stop_token& stop);
  Result<void> expand(const std::vector<NumberStream::Piece>& pieces, const NumberStream& stream, Expanded& target,
                      ThreadPool& pool) const;
  NumberView view(const unsigned char* values) const {
    NumberView out;
    if (kind_ == NumberKind::real32) {
      out.real32 = reinterpret_cast<const float*>(values);
    } else {
      out.real64 = reinterpret_cast<const double*>(values);
    }
    return out;
  }

  std::optional<H5adFile> file_;
  std::optional<H5adMatrix> matrix_;
  H5adAxis cells_axis_ = H5adAxis::obs, genes_axis_ = H5adAxis::var;
  bool transposed_ = false;  // rows are genes
  NumberKind kind_ = NumberKind::real64;
};

Result<std::unique_ptr<CellSource>> H5adCells::open(const std::filesystem::path& path, const std::string& layer,
                                                    bool transposed) {
  auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  auto cells = std::make_unique<H5adCells>();
  const bool raw = layer == "raw" || layer == "raw/X";
  if (raw && !file->has_raw()) return bad_input("there is no raw/X", path.string(), "leave --layer out to use X");
  const bool named = layer.starts_with("layers/");
  const std::string name = layer.empty() || layer == "X" ? "X" : raw ? "raw/X" : named ? layer : "layers/" + layer;
  auto matrix = file->matrix_of_layer(layer);
  if (!matrix) return tl::unexpected(matrix.error());
  auto handle = hdf5::open_file(path);
  if (!handle) return tl::unexpected(handle.error());
  const std::string values = matrix->layout() == MatrixLayout::dense ? name : name + "/data";
  auto kind = NumberStream::exact_kind(*handle, values);
  if (!kind) return tl::unexpected(kind.error());
  cells->genes_axis_ = raw ? H5adAxis::raw_var : H5adAxis::var;
  cells->transposed_ = transposed;
  if (transposed) std::swap(cells->cells_axis_, cells->genes_axis_);
  cells->kind_ = *kind;
  cells->file_ = std::move(*file);
  cells->matrix_ = std::move(*matrix);
  return Result<std::unique_ptr<CellSource>>(std::move(cells));
}

Result<std::vector<AnnotationColumn>> H5adCells::gene_columns() const {
  std::vector<AnnotationColumn> columns;
  for (const std::string& name : file_->columns(genes_axis_)) {
    auto column = file_->read_column(genes_axis_, name);
    if (!column) continue;  // an odd column that nobody uses; review() tells of it
    columns.push_back(std::move(*column));
  }
  return columns;
}

std::string H5adCells::hint_at_missing_column() const {
  const std::vector<std::string> others = file_->columns(genes_axis_);
  const bool may_be_turned = std::any_of(kPertColumns.begin(), kPertColumns.end(), [&](std::string_view name) {
    return std::find(others.begin(), others.end(), name) != others.end();
  });
  if (!may_be_turned) return {};
  return transposed_ ? "; obs has such a column: leave --transposed out"
                     : "; var has such a column: if the rows are genes, give --transposed";
}

void H5adCells::review(Review& review) const {
  for (const auto& [axis, whose] : {std::pair{cells_axis_, "cells"}, std::pair{genes_axis_, "genes"}}) {
    const std::vector<std::string> odd = file_->odd_columns(axis);
    if (odd.empty()) continue;
    review.understood(
        fmt::format("columns of the {} that cannot be read are passed over: {}", whose, fmt::join(odd, ", ")));
  }
}

std::uint64_t H5adCells::stored_bytes() const {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path(), ignored);
  return ignored ? 0 : size;
}

Result<void> H5adCells::deliver(CellSink& sink, ThreadPool& pool, Progress& progress, std::stop_token stop) {
  return matrix_->layout() == MatrixLayout::dense ? deliver_dense(sink, pool, progress, stop)
                                                  : deliver_sparse(sink, pool, progress, stop);
}

Result<void> H5adCells::expand(const std::vector<NumberStream::Piece>& pieces, const NumberStream& stream,
                               Expanded& target, ThreadPool& pool) const {
  const std::size_t width = bytes_of(stream.kind());
  std::vector<std::optional<Error>> errors(pieces.size());
  pool.for_each(pieces.size(), [&](std::size_t i) {
    auto done = stream.expand(pieces[i], target.bytes.data() + (pieces[i].begin - target.begin) * width);
    if (!done) errors[i] = done.error();
  });
  for (auto& error : errors) {
    if (error) return tl::unexpected(*error);
  }
  return {};
}

Result<void> H5adCells::deliver_sparse(CellSink& sink, ThreadPool& pool, Progress& progress,
                                       const std::stop_token& stop) {
  auto offsets = matrix_->read_offsets();
  if (!offsets) return tl::unexpected(offsets.error());
  auto handle = hdf5::open_file(path());
  if (!handle) return tl::unexpected(handle.error());
  const bool rows = !by_entries();  // what lies together is a cell's, else a gene's
  auto minor = NumberStream::open(*handle, matrix_->name() + "/indices", NumberKind::index);
  if (!minor) return tl::unexpected(minor.error());
  auto values = NumberStream::open(*handle, matrix_->name() + "/data", kind_);
  if (!values) return tl::unexpected(values.error());
  const std::uint64_t n_minor = rows ? n_genes() : n_cells();
  const std::uint64_t n_major = rows ? n_cells() : n_genes();

  std::uint64_t goal = 0;
  ReadAhead<FetchedEntries> ahead(
      [&, fetched = std::uint64_t{0}]() mutable -> Result<std::optional<FetchedEntries>> {
        if (fetched >= minor->size()) return std::optional<FetchedEntries>{};
        fetched += kFetchEntries;
        auto more_genes = minor->fetch(kFetchEntries);
        if (!more_genes) return tl::unexpected(more_genes.error());
        auto more_values = values->fetch(kFetchEntries);
        if (!more_values) return tl::unexpected(more_values.error());
        return std::optional<FetchedEntries>{FetchedEntries{std::move(*more_genes), std::move(*more_values)}};
      },
      kBlocksAhead);

  Expanded genes_there, values_there;
  std::vector<std::uint64_t> begin;
  std::vector<std::uint32_t> entry_genes;
  std::uint64_t first = 0;  // cell (or gene) that comes next
  while (first < n_major) {
    if (stop.stop_requested()) return tl::unexpected(interrupted_reading(path()));
    // As many whole cells (for CSC: entries) as have been expanded.
    const std::uint64_t from = static_cast<std::uint64_t>((*offsets)[first]);
    const std::uint64_t there = std::min(genes_there.end(), values_there.end());
    std::uint64_t last = first;
    while (last < n_major && static_cast<std::uint64_t>((*offsets)[last + 1]) <= there) ++last;
    if (last == first) {
      auto item = ahead.next();
      if (!item) return tl::unexpected(item.error());
      if (!*item) {
        return bad_input("the cells end too early", path(), "the file is damaged; fetch or write it again");
      }
      FetchedEntries& fetched = **item;
      for (auto [pieces, stream, target] :
           {std::tuple{&fetched.genes, &*minor, &genes_there}, std::tuple{&fetched.values, &*values, &values_there}}) {
        if (pieces->empty()) continue;
        target->advance(from, pieces->back().end, bytes_of(stream->kind()));
        if (auto done = expand(*pieces, *stream, *target, pool); !done) return done;
        for (NumberStream::Piece& piece : *pieces) stream->take_back(std::move(piece));
      }
      continue;
    }

    const std::uint64_t end = static_cast<std::uint64_t>((*offsets)[last]);
    const auto* const minors =
        reinterpret_cast<const std::uint32_t*>(genes_there.bytes.data()) + (from - genes_there.begin);
    const unsigned char* const numbers = values_there.bytes.data() + (from - values_there.begin) * bytes_of(kind_);
    std::uint32_t largest = 0;
    for (std::uint64_t e = 0; e < end - from; ++e) largest = std::max(largest, minors[e]);
    if (end > from && largest >= n_minor) {
      return bad_input(fmt::format("'{}/indices' holds {}, beyond the last {} {}", matrix_->name(), largest,
                                   rows ? "gene" : "cell", n_minor - 1),
                       path(), "the file is damaged; fetch or write it again");
    }
    Result<void> done;
    if (rows) {
      begin.clear();
      for (std::uint64_t r = first; r <= last; ++r) begin.push_back(static_cast<std::uint64_t>((*offsets)[r]) - from);
      CellBatch batch{first, begin, {minors, end - from}, view(numbers)};
      done = sink.add_cells(batch, pool);
      progress.advance(static_cast<std::int64_t>(last - first));
    } else {
      entry_genes.resize(end - from);
      for (std::uint64_t g = first; g < last; ++g) {
        std::fill(entry_genes.begin() + ((*offsets)[g] - static_cast<std::int64_t>(from)),
                  entry_genes.begin() + ((*offsets)[g + 1] - static_cast<std::int64_t>(from)),
                  static_cast<std::uint32_t>(g));
      }
      EntryBatch batch{{minors, end - from}, entry_genes, view(numbers)};
      done = sink.add_entries(batch, pool);
      goal += (last - first) * n_cells();
      progress.advance(static_cast<std::int64_t>(goal / n_major));
      goal %= n_major;
    }
    if (!done) return done;
    first = last;
  }
  return {};
}

Result<void> H5adCells::deliver_dense(CellSink& sink, ThreadPool& pool, Progress& progress,
                                      const std::stop_token& stop) {
  auto handle = hdf5::open_file(path());
  if (!handle) return tl::unexpected(handle.error());
  auto dataset = hdf5::open_dataset(*handle, matrix_->name());
  if (!dataset) return tl::unexpected(dataset.error());
  const std::uint64_t n_rows = matrix_->n_rows(), n_columns = matrix_->n_cols();
  const std::size_t width = bytes_of(kind_);
  // Whole rows of chunks, so that none is expanded twice.
  const std::uint64_t unit = dataset->chunk_dims.empty() ? 1 : std::max<std::uint64_t>(dataset->chunk_dims[0], 1);
  const std::uint64_t wanted = std::max<std::uint64_t>(kDenseValues / std::max<std::uint64_t>(n_columns, 1), 1);
  const std::uint64_t block_rows = (wanted + unit - 1) / unit * unit;

  ReadAhead<std::vector<unsigned char>> ahead(
      [&, row = std::uint64_t{0}]() mutable -> Result<std::optional<std::vector<unsigned char>>> {
        if (row >= n_rows) return std::optional<std::vector<unsigned char>>{};
        const hsize_t start[2] = {row, 0};
        const hsize_t count[2] = {std::min(block_rows, n_rows - row), n_columns};
        row += count[0];
        std::vector<unsigned char> block(count[0] * n_columns * width);
        const hid_t type = kind_ == NumberKind::real32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
        auto done = hdf5::read_block(*dataset, start, count, type, block.data());
        if (!done) return tl::unexpected(done.error());
        return std::optional<std::vector<unsigned char>>{std::move(block)};
      },
      kBlocksAhead);

  std::vector<std::uint64_t> begin;
  std::vector<std::uint32_t> columns, rows;
  std::vector<unsigned char> values;
  std::uint64_t goal = 0;
  for (std::uint64_t first = 0; first < n_rows;) {
    if (stop.stop_requested()) return tl::unexpected(interrupted_reading(path()));
    auto item = ahead.next();
    if (!item) return tl::unexpected(item.error());
    const std::uint64_t n = std::min(block_rows, n_rows - first);
    const NumberView dense = view((*item)->data());
    // Entries of every row, counted first so that rows can be filled side by side.
    begin.assign(n + 1, 0);
    const std::size_t n_tasks = (n + kRowsPerTask - 1) / kRowsPerTask;
    pool.for_each(n_tasks, [&](std::size_t task) {
      for (std::uint64_t r = task * kRowsPerTask; r < std::min<std::uint64_t>(n, (task + 1) * kRowsPerTask); ++r) {
        std::uint64_t count = 0;
        for (std::uint64_t c = 0; c < n_columns; ++c) count += dense[r * n_columns + c] != 0;
        begin[r + 1] = count;
      }
    });
    for (std::uint64_t r = 0; r < n; ++r) begin[r + 1] += begin[r];
    columns.resize(begin[n]);
    if (transposed_) rows.resize(begin[n]);
    values.resize(begin[n] * width);
    pool.for_each(n_tasks, [&](std::size_t task) {
      for (std::uint64_t r = task * kRowsPerTask; r < std::min<std::uint64_t>(n, (task + 1) * kRowsPerTask); ++r) {
        std::uint64_t e = begin[r];
        if (transposed_) {
          std::fill(rows.begin() + static_cast<std::ptrdiff_t>(begin[r]),
                    rows.begin() + static_cast<std::ptrdiff_t>(begin[r + 1]), static_cast<std::uint32_t>(first + r));
        }
        for (std::uint64_t c = 0; c < n_columns; ++c) {
          const std::uint64_t at = r * n_columns + c;
          if (dense[at] == 0) continue;
          columns[e] = static_cast<std::uint32_t>(c);
          std::memcpy(values.data() + e * width, (*item)->data() + at * width, width);
          ++e;
        }
      }
    });
    if (transposed_) {
      if (auto done = sink.add_entries({columns, rows, view(values.data())}, pool); !done) return done;
      goal += n * n_columns;
      progress.advance(static_cast<std::int64_t>(goal / n_rows));
      goal %= n_rows;
    } else {
      if (auto done = sink.add_cells({first, begin, columns, view(values.data())}, pool); !done) return done;
      progress.advance(static_cast<std::int64_t>(n));
    }
    first += n;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<CellSource>> open_h5ad_cells(const std::filesystem::path& path, const std::string& layer,
                                                    bool transposed) {
  return H5adCells::open(path, layer, transposed);
}

}  // namespace headroom
