#include "io/hdf5_attribute.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "io/hdf5_handle.hpp"
#include "io/hdf5_heap.hpp"
#include "io/hdf5_text.hpp"

namespace headroom::hdf5 {
namespace {

// HDF5's attributes are small by nature (64 KiB unless stored densely).
constexpr hssize_t kLargestAttribute = 1 << 20;
// Bounds of an object header that is followed from block to block.
constexpr std::size_t kMostBlocks = 1000;
constexpr std::uint64_t kLargestBlock = std::uint64_t{16} << 20;

constexpr unsigned kAttributeMessage = 0x0c;
constexpr unsigned kContinuationMessage = 0x10;

std::size_t padded(std::size_t size) { return (size + 7) / 8 * 8; }

// The data of an attribute message if it has this name (format specification 3.0, IV.A.2.m).
std::optional<std::string_view> attribute_data(std::string_view message, std::string_view name) {
  if (message.size() < 9) return std::nullopt;
  const int version = message[0];
  if (version < 1 || version > 3) return std::nullopt;
  std::size_t name_bytes = file_field<std::uint16_t>(message.data() + 2);
  std::size_t type_bytes = file_field<std::uint16_t>(message.data() + 4);
  std::size_t space_bytes = file_field<std::uint16_t>(message.data() + 6);
  const std::size_t name_at = version == 3 ? 9 : 8;
  const bool named = name_bytes == name.size() + 1 && message.substr(name_at, name.size()) == name;
  if (!named) return std::nullopt;
  if (version == 1) {
    name_bytes = padded(name_bytes);
    type_bytes = padded(type_bytes);
    space_bytes = padded(space_bytes);
  }
  const std::size_t data_at = name_at + name_bytes + type_bytes + space_bytes;
  if (data_at > message.size()) return std::nullopt;
  return message.substr(data_at);
}

// Walks the messages of an object header, both forms of it (format specification 3.0, IV.A.1), for an attribute.
class HeaderSearch {
 public:
  HeaderSearch(const RawFile& file, std::string_view name) : file_(file), name_(name) {}

  // The attribute's data. nullopt: not in the header (many attributes are stored elsewhere), or the header is damaged.
  std::optional<std::string> find(std::uint64_t header_address) {
    char start[64] = {};
    const std::uint64_t room = header_address < file_.size_bytes ? file_.size_bytes - header_address : 0;
    if (!file_.read(header_address, std::min<std::uint64_t>(sizeof start, room), start)) return std::nullopt;
    if (std::memcmp(start, "OHDR\2", 5) == 0) {
      second_form_ = true;
      const unsigned flags = static_cast<unsigned char>(start[5]);
      has_creation_order_ = (flags & 0x04) != 0;
      std::size_t at = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
      const std::size_t size_bytes = std::size_t{1} << (flags & 3);
      std::uint64_t size = 0;
      std::memcpy(&size, start + at, size_bytes);
      at += size_bytes;
      add_block(header_address + at, size);
    } else if (start[0] == 1) {
      add_block(header_address + 16, file_field<std::uint32_t>(start + 8));
    }
    for (std::size_t block = 0; block < blocks_.size() && block < kMostBlocks; ++block) {
      if (auto data = search_block(blocks_[block])) return data;
    }
    return std::nullopt;
  }

 private:
  struct Block {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
  };

  void add_block(std::uint64_t address, std::uint64_t size) {
    if (size <= kLargestBlock) blocks_.push_back({address, size});
  }

  std::optional<std::string> search_block(const Block block) {
    std::string bytes(static_cast<std::size_t>(block.size), '\0');
    if (!file_.read(block.address, bytes.size(), bytes.data())) return std::nullopt;
    const std::string_view view = bytes;
    const std::size_t header_bytes = second_form_ ? (has_creation_order_ ? 6 : 4) : 8;
    for (std::size_t at = 0; at + header_bytes <= view.size();) {
      const char* head = view.data() + at;
      const unsigned type = second_form_ ? static_cast<unsigned char>(head[0]) : file_field<std::uint16_t>(head);
      const std::size_t size = file_field<std::uint16_t>(head + (second_form_ ? 1 : 2));
      at += header_bytes;
      if (size > view.size() - at) return std::nullopt;
      const std::string_view message = view.substr(at, size);
      at += size;
      if (type == kAttributeMessage) {
        if (const auto data = attribute_data(message, name_)) return std::string(*data);
      } else if (type == kContinuationMessage && size >= 16) {
        const auto address = file_field<std::uint64_t>(message.data());
        const auto length = file_field<std::uint64_t>(message.data() + 8);
        // The second form wraps its blocks in a signature and a checksum of 4 bytes each.
        if (!second_form_) add_block(address, length);
        if (second_form_ && length >= 8) add_block(address + 4, length - 8);
      }
    }
    return std::nullopt;
  }

  const RawFile& file_;
  std::string_view name_;
  bool second_form_ = false;
  bool has_creation_order_ = false;
  std::vector<Block> blocks_;
};

// The texts of a variable-length attribute by way of the raw header. The outer nullopt: the header does not show the
// attribute, so the library must read it. The inner one: its texts are damaged.
std::optional<std::optional<std::vector<std::string>>> heap_texts(hid_t object, const char* name, std::size_t n) {
  const auto file = RawFile::of(object);
  H5O_info_t info{};
  if (!file || H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return std::nullopt;
  const auto data = HeaderSearch(*file, name).find(info.addr);
  if (!data) return std::nullopt;
  if (data->size() < n * Heap::kReferenceBytes) return std::optional<std::vector<std::string>>{};
  return Heap(*file).texts(std::string_view(*data).substr(0, n * Heap::kReferenceBytes));
}

std::optional<std::vector<std::string>> attribute_texts(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return std::nullopt;
  const Id attribute(H5Aopen(object, name, H5P_DEFAULT));
  if (!attribute.valid()) return std::nullopt;
  const Id type(H5Aget_type(attribute.get()));
  const Id space(H5Aget_space(attribute.get()));
  const hssize_t n = H5Sget_simple_extent_npoints(space.get());
  if (n == 0) return std::vector<std::string>{};
  if (n < 0 || n > kLargestAttribute || H5Tget_class(type.get()) != H5T_STRING) return std::nullopt;
  if (H5Tis_variable_str(type.get()) > 0) {
    if (auto texts = heap_texts(object, name, static_cast<std::size_t>(n))) return std::move(*texts);
  }
  std::vector<std::string> texts;
  const auto read = [&](hid_t memory_type, void* buffer) { return H5Aread(attribute.get(), memory_type, buffer) >= 0; };
  if (!read_library_texts(type.get(), space.get(), static_cast<std::size_t>(n), read, &texts)) return std::nullopt;
  return texts;
}

}  // namespace

std::optional<std::string> string_attribute(hid_t object, const char* name) {
  const Quiet quiet;
  const auto texts = attribute_texts(object, name);
  if (!texts || texts->size() != 1) return std::nullopt;
  return texts->front();
}

std::optional<std::vector<std::string>> strings_attribute(hid_t object, const char* name) {
  const Quiet quiet;
  return attribute_texts(object, name);
}

std::optional<std::vector<std::int64_t>> integers_attribute(hid_t object, const char* name) {
  const Quiet quiet;
  if (H5Aexists(object, name) <= 0) return std::nullopt;
  const Id attribute(H5Aopen(object, name, H5P_DEFAULT));
  if (!attribute.valid()) return std::nullopt;
  const Id type(H5Aget_type(attribute.get()));
  const Id space(H5Aget_space(attribute.get()));
  const hssize_t n = H5Sget_simple_extent_npoints(space.get());
  if (n < 0 || n > kLargestAttribute || H5Tget_class(type.get()) != H5T_INTEGER) return std::nullopt;
  std::vector<std::int64_t> values(static_cast<std::size_t>(n));
  if (n > 0 && H5Aread(attribute.get(), H5T_NATIVE_INT64, values.data()) < 0) return std::nullopt;
  return values;
}

}  // namespace headroom::hdf5
