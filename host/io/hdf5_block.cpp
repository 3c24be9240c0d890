#include "io/hdf5_block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "io/hdf5_chunk.hpp"

namespace headroom::hdf5 {
namespace {

std::size_t product(const hsize_t* sizes, std::size_t n) {
  return std::accumulate(sizes, sizes + n, std::size_t{1}, std::multiplies<>());
}

// The part of the block that lies in the chunk at `offset`, copied a run of the last dimension at a time. `chunk` is
// nullptr where it was never written.
void copy_overlap(const Dataset& dataset, const hsize_t* offset, const char* chunk, const hsize_t* start,
                  const hsize_t* count, char* out) {
  const std::size_t rank = dataset.dims.size();
  hsize_t begin[H5S_MAX_RANK], end[H5S_MAX_RANK], at[H5S_MAX_RANK];
  for (std::size_t i = 0; i < rank; ++i) {
    begin[i] = std::max(offset[i], start[i]);
    end[i] = std::min(offset[i] + dataset.chunk_dims[i], start[i] + count[i]);
    at[i] = begin[i];
  }
  const std::size_t run = static_cast<std::size_t>(end[rank - 1] - begin[rank - 1]);
  for (;;) {
    std::size_t from = 0, to = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      from = from * dataset.chunk_dims[i] + (at[i] - offset[i]);
      to = to * count[i] + (at[i] - start[i]);
    }
    char* target = out + to * dataset.stored_bytes;
    if (chunk == nullptr) {
      std::memset(target, 0, run * dataset.stored_bytes);
    } else {
      std::memcpy(target, chunk + from * dataset.stored_bytes, run * dataset.stored_bytes);
    }
    std::size_t i = rank - 1;  // the last dimension is done; the next of the others
    while (i > 0 && ++at[i - 1] == end[i - 1]) {
      at[i - 1] = begin[i - 1];
      --i;
    }
    if (i == 0) return;
  }
}

// The block as it is stored.
Result<void> gather(const Dataset& dataset, const hsize_t* start, const hsize_t* count, char* out) {
  const std::size_t rank = dataset.dims.size();
  if (product(count, rank) == 0) return {};
  if (const auto whole = chunk_bytes(dataset); !whole) return tl::unexpected(whole.error());
  if (!dataset.is_written) {  // rather than look for millions of chunks
    if (dataset.has_fill_value) return never_written(dataset);
    std::memset(out, 0, product(count, rank) * dataset.stored_bytes);
    return {};
  }
  std::vector<hsize_t> first(rank);
  for (std::size_t i = 0; i < rank; ++i) first[i] = start[i] / dataset.chunk_dims[i] * dataset.chunk_dims[i];
  for (std::vector<hsize_t> offset = first;;) {
    if (dataset.last_chunk.offset != offset) {
      auto bytes = read_chunk(dataset, offset.data());
      if (!bytes) return tl::unexpected(bytes.error());
      dataset.last_chunk.offset = offset;
      dataset.last_chunk.bytes = std::move(*bytes);
    }
    const auto& bytes = dataset.last_chunk.bytes;
    if (!bytes && dataset.has_fill_value) return never_written(dataset);
    copy_overlap(dataset, offset.data(), bytes ? bytes->data() : nullptr, start, count, out);
    std::size_t i = rank;
    while (i > 0 && (offset[i - 1] += dataset.chunk_dims[i - 1]) >= start[i - 1] + count[i - 1]) {
      offset[i - 1] = first[i - 1];
      --i;
    }
    if (i == 0) break;
  }
  if (start[0] + count[0] == dataset.dims[0]) dataset.last_chunk = {};  // nothing follows
  return {};
}

// Contiguous or compact storage, and texts of variable length.
Result<void> read_through_library(const Dataset& dataset, const hsize_t* start, const hsize_t* count, hid_t memory_type,
                                  void* out) {
  const int rank = static_cast<int>(dataset.dims.size());
  const Id file_space(H5Dget_space(dataset.id.get()));
  const Id memory_space(rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, count, nullptr));
  if ((rank > 0 && H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start, nullptr, count, nullptr) < 0) ||
      H5Dread(dataset.id.get(), memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, out) < 0) {
    return read_error(dataset.name, dataset.path);
  }
  return {};
}

}  // namespace

Result<void> read_block(const Dataset& dataset, const hsize_t* start, const hsize_t* count, hid_t memory_type,
                        void* out) {
  const Quiet quiet;
  const std::size_t n = product(count, dataset.dims.size());
  if (n == 0) return {};
  for (std::size_t i = 0; i < dataset.dims.size(); ++i) {
    if (start[i] > dataset.dims[i] || count[i] > dataset.dims[i] - start[i]) {
      return harness_fault(fmt::format("elements outside '{}' were asked for", dataset.name), dataset.path);
    }
  }
  if (dataset.chunk_dims.empty()) return read_through_library(dataset, start, count, memory_type, out);
  if (dataset.is_variable_text) {
    // Every chunk that the library will read has been found to be of the right size, and none to need a fill value.
    if (auto checked = read_stored(dataset); !checked) return tl::unexpected(checked.error());
    return read_through_library(dataset, start, count, memory_type, out);
  }

  const Id type(H5Dget_type(dataset.id.get()));
  const std::size_t memory_bytes = H5Tget_size(memory_type);
  if (H5Tequal(type.get(), memory_type) > 0) return gather(dataset, start, count, static_cast<char*>(out));
  // Converted in place, which needs room for the wider of both.
  std::string wide;
  if (memory_bytes < dataset.stored_bytes) wide.resize(n * dataset.stored_bytes);
  char* place = wide.empty() ? static_cast<char*>(out) : wide.data();
  if (auto done = gather(dataset, start, count, place); !done) return done;
  if (H5Tconvert(type.get(), memory_type, n, place, nullptr, H5P_DEFAULT) < 0) {
    return read_error(dataset.name, dataset.path);
  }
  if (!wide.empty()) std::memcpy(out, place, n * memory_bytes);
  return {};
}

Result<void> read_all(const Dataset& dataset, hid_t memory_type, void* out) {
  const std::vector<hsize_t> origin(dataset.dims.size(), 0);
  return read_block(dataset, origin.data(), dataset.dims.data(), memory_type, out);
}

Result<std::string> read_stored(const Dataset& dataset) {
  const std::vector<hsize_t> origin(dataset.dims.size(), 0);
  std::string bytes(dataset.n_elements() * dataset.stored_bytes, '\0');
  if (auto done = gather(dataset, origin.data(), dataset.dims.data(), bytes.data()); !done) {
    return tl::unexpected(done.error());
  }
  return bytes;
}

}  // namespace headroom::hdf5
