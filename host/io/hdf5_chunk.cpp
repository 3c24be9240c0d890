#include "io/hdf5_chunk.hpp"

#include <algorithm>
#include <cstdint>

#include "io/hdf5_filter.hpp"

namespace headroom::hdf5 {
namespace {

constexpr std::uint64_t kSmallChunkBytes = 1 << 16;

// A chunk that ends beyond the dataset's edge may have been left unfiltered.
bool is_unfiltered(const Dataset& dataset, const hsize_t* offset) {
  if (!dataset.filters_skip_edges) return false;
  for (std::size_t i = 0; i < dataset.dims.size(); ++i) {
    if (dataset.dims[i] - offset[i] < dataset.chunk_dims[i]) return true;
  }
  return false;
}

// Reads a chunk without filters through the library, which then copies from the file to `bytes` and nowhere between,
// for open_file gives it no cache of chunks.
Result<void> read_plain_chunk(const Dataset& dataset, const hsize_t* offset, std::string* bytes) {
  const std::size_t rank = dataset.dims.size();
  hsize_t count[H5S_MAX_RANK];
  const hsize_t origin[H5S_MAX_RANK] = {};
  for (std::size_t i = 0; i < rank; ++i) count[i] = std::min(dataset.chunk_dims[i], dataset.dims[i] - offset[i]);
  const Id type(H5Dget_type(dataset.id.get()));
  const Id file_space(H5Dget_space(dataset.id.get()));
  const Id memory_space(H5Screate_simple(static_cast<int>(rank), dataset.chunk_dims.data(), nullptr));
  if (H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, offset, nullptr, count, nullptr) < 0 ||
      H5Sselect_hyperslab(memory_space.get(), H5S_SELECT_SET, origin, nullptr, count, nullptr) < 0 ||
      H5Dread(dataset.id.get(), type.get(), memory_space.get(), file_space.get(), H5P_DEFAULT, bytes->data()) < 0) {
    return read_error(dataset.name, dataset.path);
  }
  return {};
}

}  // namespace

Result<std::size_t> chunk_bytes(const Dataset& dataset) {
  std::uint64_t bytes = dataset.stored_bytes;
  for (const hsize_t dim : dataset.chunk_dims) {
    if (dim == 0 || bytes > (std::uint64_t{1} << 40) / dim) return wrong_chunk_size(dataset);
    bytes *= dim;
  }
  return static_cast<std::size_t>(bytes);
}

Result<void> check_plain_chunks(const Dataset& dataset, std::uint64_t stored_bytes) {
  const Quiet quiet;
  const auto whole = chunk_bytes(dataset);
  if (!whole) return tl::unexpected(whole.error());
  const Id space(H5Dget_space(dataset.id.get()));
  hsize_t n_chunks = 0;
  if (H5Dget_num_chunks(dataset.id.get(), space.get(), &n_chunks) < 0) return read_error(dataset.name, dataset.path);
  if (n_chunks == 0 ? stored_bytes != 0 : stored_bytes % n_chunks != 0 || stored_bytes / n_chunks != *whole) {
    return wrong_chunk_size(dataset);
  }
  return {};
}

Result<std::size_t> stored_chunk_bytes(const Dataset& dataset, const hsize_t* offset) {
  const Quiet quiet;
  hsize_t bytes = 0;
  // Looking the chunk up fails where it was never written, and without filters gives the layout's size rather than its
  // own, which going through all of them tells.
  if (dataset.filters.empty() || H5Dget_chunk_storage_size(dataset.id.get(), offset, &bytes) < 0) {
    unsigned skipped = 0;
    haddr_t address = HADDR_UNDEF;
    H5Eclear2(H5E_DEFAULT);
    if (H5Dget_chunk_info_by_coord(dataset.id.get(), offset, &skipped, &address, &bytes) < 0) {
      return read_error(dataset.name, dataset.path);
    }
    if (address == HADDR_UNDEF) bytes = 0;
  }
  if (bytes > dataset.file_bytes) return wrong_chunk_size(dataset);
  return static_cast<std::size_t>(bytes);
}

Result<std::optional<std::string>> read_chunk(const Dataset& dataset, const hsize_t* offset) {
  const Quiet quiet;
  const auto whole = chunk_bytes(dataset);
  if (!whole) return tl::unexpected(whole.error());

  if (dataset.filters.empty() && !dataset.is_variable_text) {
    hsize_t layout_bytes = 0;
    if (H5Dget_chunk_storage_size(dataset.id.get(), offset, &layout_bytes) < 0) {
      const auto stored = stored_chunk_bytes(dataset, offset);
      if (!stored) return tl::unexpected(stored.error());
      if (*stored == 0) return std::nullopt;
      return wrong_chunk_size(dataset);
    }
    if (layout_bytes == 0) return std::nullopt;
    if (layout_bytes != *whole || *whole > dataset.file_bytes) return wrong_chunk_size(dataset);
    std::string bytes(*whole, '\0');
    if (auto done = read_plain_chunk(dataset, offset, &bytes); !done) return tl::unexpected(done.error());
    return std::optional(std::move(bytes));
  }

  const auto stored = stored_chunk_bytes(dataset, offset);
  if (!stored) return tl::unexpected(stored.error());
  if (*stored == 0) return std::nullopt;
  // What the stored bytes cannot expand to is refused before memory is taken.
  if (*whole / kLargestExpansion > std::max<std::uint64_t>(*stored, kSmallChunkBytes)) return wrong_chunk_size(dataset);
  std::string bytes(*stored, '\0');
  std::uint32_t skipped = 0;
  if (H5Dread_chunk(dataset.id.get(), H5P_DEFAULT, offset, &skipped, bytes.data()) < 0) {
    return read_error(dataset.name, dataset.path);
  }
  if (is_unfiltered(dataset, offset)) skipped = ~std::uint32_t{0};
  if (auto done = undo_filters(dataset, skipped, *whole, &bytes); !done) return tl::unexpected(done.error());
  return std::optional(std::move(bytes));
}

}  // namespace headroom::hdf5
