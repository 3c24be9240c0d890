#include "io/hdf5_chunk.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace headroom::hdf5 {
namespace {

// Deflate cannot expand more than 1032 times.
constexpr std::uint64_t kLargestExpansion = 1100;
// Larger first chunks are not worth reading twice.
constexpr std::uint64_t kLargestChecked = std::uint64_t{16} << 20;

// Undoes the shuffle filter: byte b of element i is at b · n + i.
std::string unshuffled(const std::string& bytes, std::size_t element_bytes) {
  const std::size_t n = bytes.size() / element_bytes;
  std::string out = bytes;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t b = 0; b < element_bytes; ++b) out[i * element_bytes + b] = bytes[b * n + i];
  }
  return out;
}

// The filters of a chunked dataset in the order in which they were applied; nullopt: one is not known here.
std::optional<std::vector<H5Z_filter_t>> known_filters(hid_t creation) {
  std::vector<H5Z_filter_t> filters;
  const int n = H5Pget_nfilters(creation);
  for (int i = 0; i < n; ++i) {
    unsigned flags = 0;
    std::size_t n_values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &n_values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
      return std::nullopt;
    }
    filters.push_back(filter);
  }
  return filters;
}

// Undoes a chunk's filters; false where the data do not fit them.
bool unfilter(const std::vector<H5Z_filter_t>& filters, std::uint32_t skipped, std::size_t chunk_bytes,
              std::size_t element_bytes, std::string* bytes) {
  for (std::size_t i = filters.size(); i-- > 0;) {
    if (skipped >> i & 1) continue;
    if (filters[i] == H5Z_FILTER_FLETCHER32) {
      if (bytes->size() < 4) return false;
      bytes->resize(bytes->size() - 4);
    } else if (filters[i] == H5Z_FILTER_SHUFFLE) {
      *bytes = unshuffled(*bytes, element_bytes);
    } else {
      std::string plain(chunk_bytes + 4, '\0');  // a checksum may have been added before
      auto n = static_cast<uLongf>(plain.size());
      if (uncompress(reinterpret_cast<Bytef*>(plain.data()), &n, reinterpret_cast<const Bytef*>(bytes->data()),
                     static_cast<uLong>(bytes->size())) != Z_OK) {
        return false;
      }
      plain.resize(n);
      *bytes = std::move(plain);
    }
  }
  return bytes->size() == chunk_bytes;
}

// Bytes that H5Dread_chunk will write; 0: the chunk was never written. Without filters H5Dget_chunk_storage_size gives
// what the layout says, but a chunk's own record in the file may say more, and that is what is read.
std::optional<hsize_t> stored_size(const Dataset& dataset, const std::vector<H5Z_filter_t>& filters,
                                   const hsize_t* offset) {
  hsize_t bytes = 0;
  if (!filters.empty()) {
    if (H5Dget_chunk_storage_size(dataset.id.get(), offset, &bytes) < 0) return std::nullopt;
    return bytes;
  }
  unsigned skipped = 0;
  haddr_t address = HADDR_UNDEF;
  if (H5Dget_chunk_info_by_coord(dataset.id.get(), offset, &skipped, &address, &bytes) < 0) return std::nullopt;
  return address == HADDR_UNDEF ? 0 : bytes;
}

tl::unexpected<Error> damaged(const Dataset& dataset) {
  return bad_input(fmt::format("a chunk of '{}' does not have the size that the layout says", dataset.name),
                   dataset.path, "the file is damaged; make it again");
}

// Elements × bytes; nullopt where that is more than any file holds.
std::optional<std::uint64_t> chunk_size(const Dataset& dataset, std::size_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const hsize_t dim : dataset.chunk_dims) {
    if (dim == 0 || bytes > (std::uint64_t{1} << 40) / dim) return std::nullopt;
    bytes *= dim;
  }
  return bytes;
}

}  // namespace

Result<std::optional<std::string>> read_chunk(const Dataset& dataset, const hsize_t* offset,
                                              std::size_t element_bytes) {
  const Quiet quiet;
  const Id creation(H5Dget_create_plist(dataset.id.get()));
  const auto filters = known_filters(creation.get());
  if (!filters) return std::nullopt;
  const auto chunk_bytes = chunk_size(dataset, element_bytes);
  const auto stored = stored_size(dataset, *filters, offset);
  if (!chunk_bytes || !stored) {
    take_error_message();
    return damaged(dataset);
  }
  const hsize_t stored_bytes = *stored;
  // What the file cannot hold, or cannot expand to, is refused before memory is taken.
  if (stored_bytes > dataset.file_bytes ||
      *chunk_bytes / kLargestExpansion > std::max<std::uint64_t>(stored_bytes, 1 << 16)) {
    return damaged(dataset);
  }
  if (stored_bytes == 0) return std::optional(std::string(static_cast<std::size_t>(*chunk_bytes), '\0'));
  std::string bytes(static_cast<std::size_t>(stored_bytes), '\0');
  std::uint32_t skipped = 0;
  if (H5Dread_chunk(dataset.id.get(), H5P_DEFAULT, offset, &skipped, bytes.data()) < 0) {
    return read_error(dataset.name, dataset.path);
  }
  if (!unfilter(*filters, skipped, static_cast<std::size_t>(*chunk_bytes), element_bytes, &bytes)) {
    return damaged(dataset);
  }
  return std::optional(std::move(bytes));
}

Result<void> check_chunk_size(const Dataset& dataset, std::size_t element_bytes) {
  const auto chunk_bytes = chunk_size(dataset, element_bytes);
  if (!chunk_bytes) return damaged(dataset);
  if (dataset.n_elements() == 0 || *chunk_bytes > kLargestChecked) return {};
  const std::vector<hsize_t> origin(dataset.dims.size(), 0);
  auto first = read_chunk(dataset, origin.data(), element_bytes);
  if (!first) return tl::unexpected(first.error());
  return {};
}

}  // namespace headroom::hdf5
