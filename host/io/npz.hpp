// NumPy's .npz: a zip (stored or deflated, also zip64) of .npy arrays, versions 1 to 3. Pickled arrays are refused:
// unpickling runs code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/annotation_column.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct NpyArray {
  std::vector<std::size_t> shape;  // empty: a single value
  // In row-major order whatever the file's is. Every float and complex-free number type is widened: floats of 2, 4 and
  // 8 bytes to double, integers to int64. <U and S become UTF-8 text.
  ColumnValues values;
};

// Parses one .npy. `where` names it in errors. Errors (bad_input): not .npy, object or structured type, another length
// than the shape says, an unsigned integer above int64.
Result<NpyArray> parse_npy(std::string_view bytes, const std::string& where);

class NpzFile {
 public:
  // Reads the zip's directory. Errors (bad_input): not a zip, truncated, damaged, an encrypted or unknown entry.
  static Result<NpzFile> open(const std::filesystem::path& path);

  // Array names without ".npy", in the file's order.
  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view name) const;
  // Errors: no such array, damaged data (checksum), and those of parse_npy.
  Result<NpyArray> read(std::string_view name) const;

 private:
  struct Entry {
    std::uint64_t header_offset = 0;
    std::uint64_t packed_bytes = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc32 = 0;
    std::uint16_t method = 0;
  };
  struct Descriptor;

  std::string path_;
  std::uint64_t size_bytes_ = 0;
  std::shared_ptr<const Descriptor> file_;
  std::vector<std::string> names_;
  std::vector<Entry> entries_;
};

}  // namespace headroom
