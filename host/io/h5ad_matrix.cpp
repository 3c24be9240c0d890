#include "io/h5ad_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "io/hdf5_attribute.hpp"
#include "io/hdf5_block.hpp"
#include "io/large_pages.hpp"

namespace headroom {
namespace {

using hdf5::Id;
using hdf5::Quiet;

// Reads of a few megabytes: large enough for the disc, small enough to stay in cache until scattered.
constexpr std::size_t kBlockBytes = std::size_t{4} << 20;
constexpr std::size_t kBlockEntries = std::size_t{1} << 18;
constexpr const char* kDamagedMatrix = "the file is damaged; make it again";

// Adds each entry of a row: a sparse matrix may hold a position twice, and then means the sum.
void add_entries(const std::int32_t* columns, const double* values, std::size_t n, double* row) {
  for (std::size_t i = 0; i < n; ++i) row[columns[i]] += values[i];
}

std::optional<std::array<std::size_t, 2>> sparse_shape(hid_t group) {
  auto shape = hdf5::integers_attribute(group, "shape");
  if (!shape) shape = hdf5::integers_attribute(group, "h5sparse_shape");
  if (!shape || shape->size() != 2 || (*shape)[0] < 0 || (*shape)[1] < 0) return std::nullopt;
  return std::array{static_cast<std::size_t>((*shape)[0]), static_cast<std::size_t>((*shape)[1])};
}

Result<MatrixLayout> sparse_layout(hid_t group, const std::string& name, const std::string& path) {
  auto encoding = hdf5::string_attribute(group, "encoding-type");
  if (!encoding) encoding = hdf5::string_attribute(group, "h5sparse_format");
  if (encoding == "csr_matrix" || encoding == "csr") return MatrixLayout::csr;
  if (encoding == "csc_matrix" || encoding == "csc") return MatrixLayout::csc;
  return bad_input(
      fmt::format("'{}' has the encoding '{}', which is not a matrix that is known here", name, encoding.value_or("")),
      path, "store it as a dense, CSR or CSC matrix");
}

}  // namespace

Result<H5adMatrix> H5adMatrix::open(const hdf5::File& file, const std::string& name, std::size_t n_rows,
                                    std::optional<std::size_t> required_cols) {
  const Quiet quiet;
  H5adMatrix matrix;
  matrix.name_ = name;
  matrix.path_ = file.path;
  matrix.n_rows_ = n_rows;
  std::size_t n_cols = required_cols.value_or(0);
  matrix.n_cols_ = n_cols;
  if (n_cols > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return bad_input(fmt::format("'{}' has more than 2^31 columns", name), file.path, "select genes first");
  }

  std::array<std::size_t, 2> shape{};
  auto object = hdf5::open_object(file, name);
  if (!object) return tl::unexpected(object.error());
  if (H5Iget_type(object->get()) == H5I_DATASET) {
    auto values = hdf5::open_dataset(file, name);
    if (!values) return tl::unexpected(values.error());
    matrix.values_ = std::move(*values);
    if (matrix.values_.dims.size() != 2) {
      return bad_input(fmt::format("'{}' has {} dimensions instead of 2", name, matrix.values_.dims.size()), file.path,
                       "store it as a matrix of rows and columns");
    }
    shape = {matrix.values_.dims[0], matrix.values_.dims[1]};
    if (!required_cols) n_cols = shape[1];
  } else {
    auto layout = sparse_layout(object->get(), name, file.path);
    if (!layout) return tl::unexpected(layout.error());
    matrix.layout_ = *layout;
    const auto declared = sparse_shape(object->get());
    if (!declared) return bad_input(fmt::format("'{}' does not say its shape", name), file.path, kDamagedMatrix);
    shape = *declared;
    if (!required_cols) n_cols = shape[1];
    for (auto [part, target] : {std::pair{"/data", &matrix.values_}, std::pair{"/indices", &matrix.indices_},
                                std::pair{"/indptr", &matrix.offsets_}}) {
      auto dataset = hdf5::open_dataset(file, name + part);
      if (!dataset) return tl::unexpected(dataset.error());
      if (dataset->dims.size() != 1) {
        return bad_input(fmt::format("'{}{}' is not one-dimensional", name, part), file.path, kDamagedMatrix);
      }
      *target = std::move(*dataset);
    }
    if (!matrix.indices_.is_integer() || !matrix.offsets_.is_integer()) {
      return bad_input(fmt::format("the indices of '{}' are not integers", name), file.path, kDamagedMatrix);
    }
    if (matrix.values_.n_elements() != matrix.indices_.n_elements()) {
      return bad_input(fmt::format("'{}' has {} values but {} indices", name, matrix.values_.n_elements(),
                                   matrix.indices_.n_elements()),
                       file.path, kDamagedMatrix);
    }
    const std::size_t n_offsets = (matrix.layout_ == MatrixLayout::csr ? n_rows : n_cols) + 1;
    if (shape == std::array{n_rows, n_cols} && matrix.offsets_.n_elements() != n_offsets) {
      return bad_input(
          fmt::format("'{}/indptr' has {} elements instead of {}", name, matrix.offsets_.n_elements(), n_offsets),
          file.path, kDamagedMatrix);
    }
  }
  if (!matrix.values_.is_number() && !matrix.values_.is_boolean) {
    return bad_input(fmt::format("'{}' does not hold numbers", name), file.path,
                     "write the file again with a current anndata and a numeric matrix");
  }
  matrix.n_cols_ = n_cols;
  if (n_cols > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return bad_input(fmt::format("'{}' has more than 2^31 columns", name), file.path, "select columns first");
  }
  if (shape != std::array{n_rows, n_cols}) {
    return bad_input(fmt::format("'{}' is {} × {}, but the row and column tables have {} and {}", name, shape[0],
                                 shape[1], n_rows, n_cols),
                     file.path, kDamagedMatrix);
  }
  return matrix;
}

std::string H5adMatrix::dtype() const {
  if (values_.is_boolean) return "bool";
  const std::size_t bits = 8 * values_.type_bytes;
  if (!values_.is_integer()) return fmt::format("float{}", bits);
  return fmt::format("{}int{}", values_.type_is_signed ? "" : "u", bits);
}

Result<Matrix> H5adMatrix::read() const {
  Matrix matrix(static_cast<Eigen::Index>(n_rows_), static_cast<Eigen::Index>(n_cols_));
  prefer_large_pages(matrix.data(), static_cast<std::size_t>(matrix.size()) * sizeof(double));
  std::vector<double*> targets(n_rows_);
  for (std::size_t i = 0; i < n_rows_; ++i) targets[i] = matrix.data() + i * n_cols_;
  if (auto done = scatter_rows(targets); !done) return tl::unexpected(done.error());
  return matrix;
}

Result<Matrix> H5adMatrix::read_rows(const RowIndex& rows) const {
  Matrix matrix(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(n_cols_));
  prefer_large_pages(matrix.data(), static_cast<std::size_t>(matrix.size()) * sizeof(double));
  std::vector<double*> targets(n_rows_, nullptr);
  std::vector<std::pair<double*, double*>> repeats;  // target, source
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || static_cast<std::size_t>(rows[i]) >= n_rows_) {
      return harness_fault(fmt::format("row {} of '{}' was asked for, which has {} rows", rows[i], name_, n_rows_),
                           path_);
    }
    double* target = matrix.data() + i * n_cols_;
    double*& slot = targets[static_cast<std::size_t>(rows[i])];
    if (slot == nullptr) {
      slot = target;
    } else {
      repeats.emplace_back(target, slot);
    }
  }
  if (auto done = scatter_rows(targets); !done) return tl::unexpected(done.error());
  for (const auto& [target, source] : repeats) std::copy_n(source, n_cols_, target);
  return matrix;
}

Result<void> H5adMatrix::scatter_rows(std::span<double* const> row_targets) const {
  if (row_targets.size() != n_rows_) {
    return harness_fault(fmt::format("{} row targets for {} rows of '{}'", row_targets.size(), n_rows_, name_), path_);
  }
  if (n_rows_ == 0 || n_cols_ == 0) return {};
  switch (layout_) {
    case MatrixLayout::dense:
      return scatter_dense(row_targets);
    case MatrixLayout::csr:
      return scatter_csr(row_targets);
    case MatrixLayout::csc:
      return scatter_csc(row_targets);
  }
  return {};
}

Result<void> H5adMatrix::read_dense_block(std::size_t first, std::size_t n, double* out) const {
  const hsize_t start[2] = {first, 0};
  const hsize_t count[2] = {n, n_cols_};
  if (!values_.is_boolean) return hdf5::read_block(values_, start, count, H5T_NATIVE_DOUBLE, out);
  // HDF5 converts an enumeration to integers only; the bytes are widened from the back of the target itself.
  auto* bytes = reinterpret_cast<std::int8_t*>(out);
  if (auto done = hdf5::read_block(values_, start, count, H5T_NATIVE_INT8, bytes); !done) return done;
  for (std::size_t i = n * n_cols_; i-- > 0;) {
    const double value = bytes[i] != 0 ? 1.0 : 0.0;
    std::memcpy(out + i, &value, sizeof value);
  }
  return {};
}

Result<void> H5adMatrix::scatter_dense(std::span<double* const> row_targets) const {
  const std::size_t chunk_rows =
      values_.chunk_dims.empty() ? 1 : std::clamp<std::size_t>(values_.chunk_dims[0], 1, n_rows_);
  const std::size_t wanted_rows = std::max<std::size_t>(1, kBlockBytes / (n_cols_ * sizeof(double)));
  // Whole rows of chunks, so that no chunk is decompressed twice.
  const std::size_t block_rows = (wanted_rows + chunk_rows - 1) / chunk_rows * chunk_rows;
  std::vector<double> block;
  for (std::size_t block_begin = 0; block_begin < n_rows_; block_begin += block_rows) {
    std::size_t begin = block_begin;
    std::size_t end = std::min(n_rows_, block_begin + block_rows);
    while (begin < end && row_targets[begin] == nullptr) ++begin;
    while (begin < end && row_targets[end - 1] == nullptr) --end;
    if (begin == end) continue;

    bool contiguous = true;
    for (std::size_t i = begin + 1; i < end && contiguous; ++i) {
      contiguous = row_targets[i] != nullptr && row_targets[i - 1] != nullptr &&
                   row_targets[i] - row_targets[i - 1] == static_cast<std::ptrdiff_t>(n_cols_);
    }
    if (contiguous) {
      if (auto done = read_dense_block(begin, end - begin, row_targets[begin]); !done) return done;
      continue;
    }
    block.resize(std::min(block_rows, n_rows_) * n_cols_);
    if (auto done = read_dense_block(begin, end - begin, block.data()); !done) return done;
    for (std::size_t i = begin; i < end; ++i) {
      if (row_targets[i] != nullptr) std::copy_n(block.data() + (i - begin) * n_cols_, n_cols_, row_targets[i]);
    }
  }
  return {};
}

Result<void> H5adMatrix::scatter_csr(std::span<double* const> row_targets) const {
  const auto offsets = read_offsets();
  if (!offsets) return tl::unexpected(offsets.error());
  for (double* target : row_targets) {
    if (target != nullptr) std::fill_n(target, n_cols_, 0.0);
  }
  std::vector<std::int32_t> columns(std::min(kBlockEntries, n_stored()));
  std::vector<double> values(columns.size());
  // Runs of wanted rows, a block of entries at a time; a row may span blocks.
  for (std::size_t run = 0; run < n_rows_;) {
    if (row_targets[run] == nullptr) {
      ++run;
      continue;
    }
    std::size_t run_end = run;
    while (run_end < n_rows_ && row_targets[run_end] != nullptr) ++run_end;
    const std::int64_t entries_end = (*offsets)[run_end];
    std::size_t row = run;
    for (std::int64_t begin = (*offsets)[run]; begin < entries_end;) {
      const auto n = std::min<std::size_t>(columns.size(), static_cast<std::size_t>(entries_end - begin));
      if (auto done = read_entries(begin, std::span(columns).first(n), std::span(values).first(n)); !done) return done;
      for (std::size_t used = 0; used < n;) {
        const std::int64_t position = begin + static_cast<std::int64_t>(used);
        while ((*offsets)[row + 1] <= position) ++row;
        const auto in_row = std::min(n - used, static_cast<std::size_t>((*offsets)[row + 1] - position));
        add_entries(columns.data() + used, values.data() + used, in_row, row_targets[row]);
        used += in_row;
      }
      begin += static_cast<std::int64_t>(n);
    }
    run = run_end;
  }
  return {};
}

Result<void> H5adMatrix::scatter_csc(std::span<double* const> row_targets) const {
  const auto offsets = read_offsets();
  if (!offsets) return tl::unexpected(offsets.error());
  for (double* target : row_targets) {
    if (target != nullptr) std::fill_n(target, n_cols_, 0.0);
  }
  std::vector<std::int32_t> rows(std::min(kBlockEntries, n_stored()));
  std::vector<double> values(rows.size());
  const std::int64_t entries_end = offsets->back();
  std::size_t column = 0;
  for (std::int64_t begin = 0; begin < entries_end;) {
    const auto n = std::min<std::size_t>(rows.size(), static_cast<std::size_t>(entries_end - begin));
    if (auto done = read_entries(begin, std::span(rows).first(n), std::span(values).first(n)); !done) return done;
    for (std::size_t i = 0; i < n; ++i) {
      while ((*offsets)[column + 1] <= begin + static_cast<std::int64_t>(i)) ++column;
      double* target = row_targets[static_cast<std::size_t>(rows[i])];
      if (target != nullptr) target[column] += values[i];
    }
    begin += static_cast<std::int64_t>(n);
  }
  return {};
}

Result<std::vector<std::int64_t>> H5adMatrix::read_offsets() const {
  if (layout_ == MatrixLayout::dense)
    return harness_fault(fmt::format("'{}' is dense and has no offsets", name_), path_);
  auto offsets = hdf5::read_integers(offsets_);
  if (!offsets) return offsets;
  const bool ascending = std::is_sorted(offsets->begin(), offsets->end());
  if (offsets->empty() || offsets->front() != 0 || !ascending ||
      static_cast<std::uint64_t>(offsets->back()) > n_stored()) {
    return bad_input(fmt::format("'{}/indptr' does not ascend from 0 to at most {}", name_, n_stored()), path_,
                     kDamagedMatrix);
  }
  return offsets;
}

Result<void> H5adMatrix::read_entries(std::int64_t begin, std::span<std::int32_t> indices,
                                      std::span<float> values) const {
  return read_sparse_block(begin, indices, values);
}

Result<void> H5adMatrix::read_entries(std::int64_t begin, std::span<std::int32_t> indices,
                                      std::span<double> values) const {
  return read_sparse_block(begin, indices, values);
}

template <class T>
Result<void> H5adMatrix::read_sparse_block(std::int64_t begin, std::span<std::int32_t> indices,
                                           std::span<T> values) const {
  if (layout_ == MatrixLayout::dense || indices.size() != values.size() || begin < 0 ||
      static_cast<std::size_t>(begin) > n_stored() || indices.size() > n_stored() - static_cast<std::size_t>(begin)) {
    return harness_fault(fmt::format("entries outside '{}' were asked for", name_), path_);
  }
  if (indices.empty()) return {};
  const hsize_t start = static_cast<hsize_t>(begin);
  const hsize_t count = indices.size();
  if (auto done = hdf5::read_block(indices_, &start, &count, H5T_NATIVE_INT32, indices.data()); !done) return done;
  if (values_.is_boolean) {
    std::vector<std::int8_t> bytes(values.size());
    if (auto done = hdf5::read_block(values_, &start, &count, H5T_NATIVE_INT8, bytes.data()); !done) return done;
    std::transform(bytes.begin(), bytes.end(), values.begin(), [](std::int8_t b) { return b != 0 ? T{1} : T{0}; });
  } else {
    const hid_t type = sizeof(T) == sizeof(float) ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    if (auto done = hdf5::read_block(values_, &start, &count, type, values.data()); !done) return done;
  }
  const auto limit = static_cast<std::uint32_t>(layout_ == MatrixLayout::csr ? n_cols_ : n_rows_);
  std::uint32_t largest = 0;
  for (const std::int32_t index : indices) largest = std::max(largest, static_cast<std::uint32_t>(index));
  if (largest >= limit) {
    return bad_input(
        fmt::format("'{}/indices' holds {}, which is not below {}", name_, static_cast<std::int32_t>(largest), limit),
        path_, kDamagedMatrix);
  }
  return {};
}

}  // namespace headroom
