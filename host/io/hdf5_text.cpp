#include "io/hdf5_text.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "io/hdf5_heap.hpp"

namespace headroom::hdf5 {
namespace {

// A memory type for variable-length strings in the character set of the file's type.
Id variable_string_type(hid_t file_type) {
  Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5Tget_cset(file_type));
  return type;
}

// Fixed-length text ends at its padding.
std::string unpadded(const char* text, std::size_t size, H5T_str_t padding) {
  std::string_view view(text, size);
  if (padding == H5T_STR_SPACEPAD) {
    const std::size_t last = view.find_last_not_of(' ');
    return std::string(view.substr(0, last == std::string_view::npos ? 0 : last + 1));
  }
  return std::string(view.substr(0, view.find('\0')));
}

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
              std::string* bytes) {
  for (std::size_t i = filters.size(); i-- > 0;) {
    if (skipped >> i & 1) continue;
    if (filters[i] == H5Z_FILTER_FLETCHER32) {
      if (bytes->size() < 4) return false;
      bytes->resize(bytes->size() - 4);
    } else if (filters[i] == H5Z_FILTER_SHUFFLE) {
      *bytes = unshuffled(*bytes, Heap::kReferenceBytes);
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
  return bytes->size() >= chunk_bytes;
}

tl::unexpected<Error> damaged(const Dataset& dataset) {
  return bad_input(fmt::format("the text of '{}' is damaged", dataset.name), dataset.path,
                   "the file is damaged; make it again");
}

// n references laid out one after another, whole.
using References = Result<std::optional<std::string>>;

References contiguous_references(const RawFile& file, const Dataset& dataset, std::size_t n) {
  const haddr_t address = H5Dget_offset(dataset.id.get());
  std::string references(n * Heap::kReferenceBytes, '\0');
  if (address == HADDR_UNDEF) return std::optional(std::move(references));  // never written
  if (!file.read(address, references.size(), references.data())) return damaged(dataset);
  return std::optional(std::move(references));
}

References chunked_references(hid_t creation, const Dataset& dataset, std::size_t n) {
  const auto filters = known_filters(creation);
  if (!filters || dataset.dims.size() != 1) return std::nullopt;
  const auto chunk = static_cast<std::size_t>(dataset.chunk_dims[0]);
  if (chunk == 0 || chunk > std::size_t{1} << 28) return damaged(dataset);
  std::string references(n * Heap::kReferenceBytes, '\0');
  for (std::size_t first = 0; first < n; first += chunk) {
    const hsize_t offset = first;
    hsize_t stored_bytes = 0;
    if (H5Dget_chunk_storage_size(dataset.id.get(), &offset, &stored_bytes) < 0) {
      take_error_message();
      return damaged(dataset);
    }
    if (stored_bytes == 0) continue;  // never written
    if (stored_bytes > H5Dget_storage_size(dataset.id.get())) return damaged(dataset);
    std::string bytes(static_cast<std::size_t>(stored_bytes), '\0');
    std::uint32_t skipped = 0;
    if (H5Dread_chunk(dataset.id.get(), H5P_DEFAULT, &offset, &skipped, bytes.data()) < 0) {
      return read_error(dataset.name, dataset.path);
    }
    if (!unfilter(*filters, skipped, chunk * Heap::kReferenceBytes, &bytes)) return damaged(dataset);
    const std::size_t n_here = std::min(chunk, n - first);
    std::memcpy(references.data() + first * Heap::kReferenceBytes, bytes.data(), n_here * Heap::kReferenceBytes);
  }
  return std::optional(std::move(references));
}

}  // namespace

Result<std::optional<std::vector<std::string>>> read_heap_texts(const Dataset& dataset) {
  const Quiet quiet;
  const Id creation(H5Dget_create_plist(dataset.id.get()));
  const auto file = RawFile::of(dataset.id.get());
  if (!file) return std::nullopt;

  const std::size_t n = dataset.n_elements();
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  References references = std::nullopt;
  if (layout == H5D_CONTIGUOUS) references = contiguous_references(*file, dataset, n);
  if (layout == H5D_CHUNKED) references = chunked_references(creation.get(), dataset, n);
  if (!references) return tl::unexpected(references.error());
  if (!references->has_value()) return std::nullopt;

  auto texts = Heap(*file).texts(**references);
  if (!texts) return damaged(dataset);
  return texts;
}

bool read_library_texts(hid_t file_type, hid_t space, std::size_t n,
                        const std::function<bool(hid_t memory_type, void* buffer)>& read,
                        std::vector<std::string>* out) {
  out->clear();
  if (n == 0) return true;
  if (H5Tis_variable_str(file_type) > 0) {
    const Id type = variable_string_type(file_type);
    std::vector<char*> texts(n, nullptr);
    const bool ok = read(type.get(), texts.data());
    if (ok) {
      out->reserve(n);
      for (const char* text : texts) out->emplace_back(text == nullptr ? "" : text);
    }
    H5Dvlen_reclaim(type.get(), space, H5P_DEFAULT, texts.data());
    return ok;
  }
  const std::size_t size = H5Tget_size(file_type);
  if (size == 0) return false;
  std::vector<char> bytes(n * size);
  if (!read(file_type, bytes.data())) return false;
  const H5T_str_t padding = H5Tget_strpad(file_type);
  out->reserve(n);
  for (std::size_t i = 0; i < n; ++i) out->push_back(unpadded(bytes.data() + i * size, size, padding));
  return true;
}

}  // namespace headroom::hdf5
