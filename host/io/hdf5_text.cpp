#include "io/hdf5_text.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace headroom::hdf5 {
namespace {

static_assert(std::endian::native == std::endian::little, "HDF5's fields are read as little-endian");

// HDF5 file format specification 3.0, III.E (global heap) and IV.A.2.d (variable-length types): an element is a 4-byte
// length, an 8-byte address of a heap collection and a 4-byte index into it.
constexpr std::size_t kReferenceBytes = 16;
constexpr std::size_t kCollectionHeaderBytes = 16;
constexpr std::size_t kObjectHeaderBytes = 16;
constexpr std::size_t kLargestHeapCache = std::size_t{64} << 20;

template <class T>
T field(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The file below HDF5: reads bytes by address.
struct RawFile {
  int fd = -1;
  std::uint64_t size_bytes = 0;

  bool read(std::uint64_t address, std::size_t n, char* out) const {
    if (address > size_bytes || n > size_bytes - address) return false;
    while (n > 0) {
      const ssize_t got = ::pread(fd, out, n, static_cast<off_t>(address));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      out += got;
      address += static_cast<std::uint64_t>(got);
      n -= static_cast<std::size_t>(got);
    }
    return true;
  }
};

// One parsed collection of heap objects.
struct Collection {
  std::string bytes;
  std::vector<std::string_view> objects;  // by index; empty where there is none
};

std::optional<Collection> read_collection(const RawFile& file, std::uint64_t address) {
  char header[kCollectionHeaderBytes];
  if (!file.read(address, sizeof header, header) || std::memcmp(header, "GCOL\1", 5) != 0) return std::nullopt;
  const auto size = field<std::uint64_t>(header + 8);
  if (size < kCollectionHeaderBytes || size > file.size_bytes - address) return std::nullopt;
  Collection collection;
  collection.bytes.resize(static_cast<std::size_t>(size));
  if (!file.read(address, collection.bytes.size(), collection.bytes.data())) return std::nullopt;
  const std::string_view bytes = collection.bytes;
  for (std::size_t at = kCollectionHeaderBytes; at + kObjectHeaderBytes <= bytes.size();) {
    const std::size_t index = field<std::uint16_t>(bytes.data() + at);
    const auto object_bytes = field<std::uint64_t>(bytes.data() + at + 8);
    if (index == 0) break;  // the free space behind the objects
    at += kObjectHeaderBytes;
    if (object_bytes > bytes.size() - at) return std::nullopt;
    if (collection.objects.size() <= index) collection.objects.resize(index + 1);
    collection.objects[index] = bytes.substr(at, static_cast<std::size_t>(object_bytes));
    at += static_cast<std::size_t>((object_bytes + 7) / 8 * 8);
  }
  return collection;
}

// Looks texts up by reference; neighbours share collections, so the parsed ones are kept for a while.
class Heap {
 public:
  explicit Heap(const RawFile& file) : file_(file) {}

  // nullopt: the reference leads nowhere.
  std::optional<std::string_view> text(const char* reference) {
    const std::size_t length = field<std::uint32_t>(reference);
    const auto address = field<std::uint64_t>(reference + 4);
    const std::size_t index = field<std::uint32_t>(reference + 12);
    if (length == 0 || address == 0 || address == HADDR_UNDEF) return std::string_view{};
    const Collection* collection = find(address);
    if (collection == nullptr || index >= collection->objects.size()) return std::nullopt;
    const std::string_view object = collection->objects[index];
    if (length > object.size()) return std::nullopt;
    return object.substr(0, std::min(length, object.find('\0')));
  }

 private:
  const Collection* find(std::uint64_t address) {
    if (address == last_address_) return last_;
    auto entry = collections_.find(address);
    if (entry == collections_.end()) {
      auto read = read_collection(file_, address);
      if (!read) return nullptr;
      if (cached_bytes_ > kLargestHeapCache) {
        collections_.clear();
        cached_bytes_ = 0;
      }
      cached_bytes_ += read->bytes.size();
      entry = collections_.emplace(address, std::move(*read)).first;
    }
    last_address_ = address;
    last_ = &entry->second;
    return last_;
  }

  const RawFile& file_;
  std::unordered_map<std::uint64_t, Collection> collections_;
  std::size_t cached_bytes_ = 0;
  std::uint64_t last_address_ = 0;
  const Collection* last_ = nullptr;
};

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
      *bytes = unshuffled(*bytes, kReferenceBytes);
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
  std::string references(n * kReferenceBytes, '\0');
  if (address == HADDR_UNDEF) return std::optional(std::move(references));  // never written
  if (!file.read(address, references.size(), references.data())) return damaged(dataset);
  return std::optional(std::move(references));
}

References chunked_references(hid_t creation, const Dataset& dataset, std::size_t n) {
  const auto filters = known_filters(creation);
  if (!filters || dataset.dims.size() != 1) return std::nullopt;
  const auto chunk = static_cast<std::size_t>(dataset.chunk_dims[0]);
  if (chunk == 0 || chunk > std::size_t{1} << 28) return damaged(dataset);
  std::string references(n * kReferenceBytes, '\0');
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
    if (!unfilter(*filters, skipped, chunk * kReferenceBytes, &bytes)) return damaged(dataset);
    const std::size_t n_here = std::min(chunk, n - first);
    std::memcpy(references.data() + first * kReferenceBytes, bytes.data(), n_here * kReferenceBytes);
  }
  return std::optional(std::move(references));
}

}  // namespace

Result<std::optional<std::vector<std::string>>> read_heap_texts(const Dataset& dataset) {
  const Quiet quiet;
  const Id file_id(H5Iget_file_id(dataset.id.get()));
  const Id file_creation(H5Fget_create_plist(file_id.get()));
  const Id creation(H5Dget_create_plist(dataset.id.get()));
  const Id access(H5Fget_access_plist(file_id.get()));
  std::size_t address_bytes = 0;
  std::size_t length_bytes = 0;
  hsize_t user_block = 0;
  void* handle = nullptr;
  if (H5Pget_sizes(file_creation.get(), &address_bytes, &length_bytes) < 0 ||
      H5Pget_userblock(file_creation.get(), &user_block) < 0 || H5Pget_driver(access.get()) != H5FD_SEC2 ||
      H5Fget_vfd_handle(file_id.get(), H5P_DEFAULT, &handle) < 0 || handle == nullptr) {
    take_error_message();
    return std::nullopt;
  }
  if (address_bytes != 8 || length_bytes != 8 || user_block != 0) return std::nullopt;
  RawFile file;
  file.fd = *static_cast<const int*>(handle);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return std::nullopt;
  file.size_bytes = static_cast<std::uint64_t>(status.st_size);

  const std::size_t n = dataset.n_elements();
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  References references = std::nullopt;
  if (layout == H5D_CONTIGUOUS) references = contiguous_references(file, dataset, n);
  if (layout == H5D_CHUNKED) references = chunked_references(creation.get(), dataset, n);
  if (!references) return tl::unexpected(references.error());
  if (!references->has_value()) return std::nullopt;

  Heap heap(file);
  std::vector<std::string> texts;
  texts.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto text = heap.text((*references)->data() + i * kReferenceBytes);
    if (!text) return damaged(dataset);
    texts.emplace_back(*text);
  }
  return std::optional(std::move(texts));
}

}  // namespace headroom::hdf5
