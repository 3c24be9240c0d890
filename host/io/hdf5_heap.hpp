// Variable-length text read straight from the file's global heap. HDF5 1.10 believes a text's length and heap index as
// they stand in the file, so one flipped bit makes it write beyond a buffer or loop for ever; here both are checked. It
// is also several times as fast, which counts for the ids of a million cells.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace headroom::hdf5 {

// A number as it stands in the file (little-endian, unaligned).
template <class T>
T file_field(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The file below HDF5: reads bytes by address. Valid while the file is open.
struct RawFile {
  int fd = -1;
  std::uint64_t size_bytes = 0;

  // The file of an open object. nullopt where addresses are not plain 8-byte file offsets (a user block, 4-byte
  // addresses, another driver), so that only the library can read it.
  static std::optional<RawFile> of(hid_t object);

  // False where the bytes are not all there.
  bool read(std::uint64_t address, std::size_t n, char* out) const;
};

// Looks texts up by reference. Neighbours share collections, so the parsed ones are kept for a while.
class Heap {
 public:
  // A variable-length element as stored: 4-byte length, 8-byte address of a collection, 4-byte index into it.
  static constexpr std::size_t kReferenceBytes = 16;

  explicit Heap(const RawFile& file) : file_(file) {}

  // Up to the first NUL; empty for an element that was never written; valid until the next call. nullopt: the reference
  // leads out of the file, the heap or the object.
  std::optional<std::string_view> text(const char* reference);

  // The texts of n references laid out one after another.
  std::optional<std::vector<std::string>> texts(std::string_view references);

 private:
  struct Collection {
    std::string bytes;
    std::vector<std::string_view> objects;  // by index; empty where there is none
  };
  const Collection* find(std::uint64_t address);
  std::optional<Collection> read_collection(std::uint64_t address) const;

  RawFile file_;
  std::unordered_map<std::uint64_t, Collection> collections_;
  std::size_t cached_bytes_ = 0;
  std::uint64_t last_address_ = 0;
  const Collection* last_ = nullptr;
};

}  // namespace headroom::hdf5
