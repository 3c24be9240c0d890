#include "io/hdf5_heap.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "io/hdf5_handle.hpp"

namespace headroom::hdf5 {
namespace {

static_assert(std::endian::native == std::endian::little, "HDF5's fields are read as little-endian");

// HDF5 file format specification 3.0, III.E (global heap).
constexpr std::size_t kCollectionHeaderBytes = 16;
constexpr std::size_t kObjectHeaderBytes = 16;
constexpr std::size_t kLargestHeapCache = std::size_t{64} << 20;

}  // namespace

std::optional<RawFile> RawFile::of(hid_t object) {
  const Id file_id(H5Iget_file_id(object));
  const Id creation(H5Fget_create_plist(file_id.get()));
  const Id access(H5Fget_access_plist(file_id.get()));
  std::size_t address_bytes = 0;
  std::size_t length_bytes = 0;
  hsize_t user_block = 0;
  void* handle = nullptr;
  struct stat status {};
  if (H5Pget_sizes(creation.get(), &address_bytes, &length_bytes) < 0 ||
      H5Pget_userblock(creation.get(), &user_block) < 0 || H5Pget_driver(access.get()) != H5FD_SEC2 ||
      H5Fget_vfd_handle(file_id.get(), H5P_DEFAULT, &handle) < 0 || handle == nullptr || address_bytes != 8 ||
      length_bytes != 8 || user_block != 0 || ::fstat(*static_cast<const int*>(handle), &status) != 0) {
    take_error_message();
    return std::nullopt;
  }
  return RawFile{*static_cast<const int*>(handle), static_cast<std::uint64_t>(status.st_size)};
}

bool RawFile::read(std::uint64_t address, std::size_t n, char* out) const {
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

std::optional<Heap::Collection> Heap::read_collection(std::uint64_t address) const {
  char header[kCollectionHeaderBytes];
  if (!file_.read(address, sizeof header, header) || std::memcmp(header, "GCOL\1", 5) != 0) return std::nullopt;
  const auto size = file_field<std::uint64_t>(header + 8);
  if (size < kCollectionHeaderBytes || size > file_.size_bytes - address) return std::nullopt;
  Collection collection;
  collection.bytes.resize(static_cast<std::size_t>(size));
  if (!file_.read(address, collection.bytes.size(), collection.bytes.data())) return std::nullopt;
  const std::string_view bytes = collection.bytes;
  for (std::size_t at = kCollectionHeaderBytes; at + kObjectHeaderBytes <= bytes.size();) {
    const std::size_t index = file_field<std::uint16_t>(bytes.data() + at);
    const auto object_bytes = file_field<std::uint64_t>(bytes.data() + at + 8);
    if (index == 0) break;  // the free space behind the objects
    at += kObjectHeaderBytes;
    if (object_bytes > bytes.size() - at) return std::nullopt;
    if (collection.objects.size() <= index) collection.objects.resize(index + 1);
    collection.objects[index] = bytes.substr(at, static_cast<std::size_t>(object_bytes));
    at += static_cast<std::size_t>((object_bytes + 7) / 8 * 8);
  }
  return collection;
}

const Heap::Collection* Heap::find(std::uint64_t address) {
  if (last_ != nullptr && address == last_address_) return last_;
  auto entry = collections_.find(address);
  if (entry == collections_.end()) {
    auto read = read_collection(address);
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

std::optional<std::string_view> Heap::text(const char* reference) {
  const std::size_t length = file_field<std::uint32_t>(reference);
  const auto address = file_field<std::uint64_t>(reference + 4);
  const std::size_t index = file_field<std::uint32_t>(reference + 12);
  if (length == 0 || address == 0 || address == HADDR_UNDEF) return std::string_view{};
  const Collection* collection = find(address);
  if (collection == nullptr || index >= collection->objects.size()) return std::nullopt;
  const std::string_view object = collection->objects[index];
  if (length > object.size()) return std::nullopt;
  return object.substr(0, std::min(length, object.find('\0')));
}

std::optional<std::vector<std::string>> Heap::texts(std::string_view references) {
  std::vector<std::string> texts;
  texts.reserve(references.size() / kReferenceBytes);
  for (std::size_t at = 0; at + kReferenceBytes <= references.size(); at += kReferenceBytes) {
    const auto found = text(references.data() + at);
    if (!found) return std::nullopt;
    texts.emplace_back(*found);
  }
  return texts;
}

}  // namespace headroom::hdf5
