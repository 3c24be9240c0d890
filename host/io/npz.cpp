#include "io/npz.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "io/regular_file.hpp"

namespace headroom {
namespace {

static_assert(std::endian::native == std::endian::little, "zip and npy fields are read as little-endian");

constexpr const char* kDamagedArchive = "the file is damaged or truncated; make it again";
// Deflate cannot expand more than 1032 times.
constexpr std::uint64_t kLargestExpansion = 1100;

template <class T>
T field(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// ---- .npy ----

// The value of a key of the header's dict literal: 'fortran_order': False. Empty where it is missing.
std::string_view header_value(std::string_view header, std::string_view key) {
  for (const char quote : {'\'', '"'}) {
    const std::string name = quote + std::string(key) + quote;
    std::size_t at = header.find(name);
    if (at == std::string_view::npos) continue;
    at = header.find(':', at + name.size());
    if (at == std::string_view::npos) return {};
    at = header.find_first_not_of(" \t", at + 1);
    return at == std::string_view::npos ? std::string_view{} : header.substr(at);
  }
  return {};
}

std::optional<std::vector<std::size_t>> parse_shape(std::string_view text) {
  if (text.empty() || text.front() != '(') return std::nullopt;
  std::vector<std::size_t> shape;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size();
  for (;;) {
    while (at < end && (*at == ' ' || *at == ',' || *at == 'L')) ++at;
    if (at == end) return std::nullopt;
    if (*at == ')') return shape;
    std::size_t dim = 0;
    const auto [stop, status] = std::from_chars(at, end, dim);
    if (status != std::errc()) return std::nullopt;
    shape.push_back(dim);
    at = stop;
  }
}

struct ElementType {
  char kind = 0;  // f, i, u, b, U, S
  std::size_t bytes = 0;
  bool swapped = false;
};

// '<f4' and the like; nullopt for everything that is not a plain number or text.
std::optional<ElementType> parse_element_type(std::string_view text) {
  if (text.size() < 4 || (text.front() != '\'' && text.front() != '"')) return std::nullopt;
  const char order = text[1];
  ElementType type;
  type.kind = text[2];
  type.swapped = order == '>';
  if (order != '<' && order != '>' && order != '|' && order != '=') return std::nullopt;
  const char* const end = text.data() + text.size();
  std::size_t size = 0;
  const auto [stop, status] = std::from_chars(text.data() + 3, end, size);
  if (status != std::errc() || stop == end || *stop != text.front()) return std::nullopt;
  constexpr std::size_t kLongestText = 1 << 20;
  type.bytes = size;
  switch (type.kind) {
    case 'f':
      return size == 2 || size == 4 || size == 8 ? std::optional(type) : std::nullopt;
    case 'i':
    case 'u':
      return size == 1 || size == 2 || size == 4 || size == 8 ? std::optional(type) : std::nullopt;
    case 'b':
      return size == 1 ? std::optional(type) : std::nullopt;
    case 'U':
      if (size > kLongestText) return std::nullopt;
      type.bytes = 4 * size;
      return type;
    case 'S':
      return size <= kLongestText ? std::optional(type) : std::nullopt;
    default:
      return std::nullopt;
  }
}

double half_to_double(std::uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  double value = 0.0;
  if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return half & 0x8000 ? -value : value;
}

template <class T>
T element(const char* bytes, bool swapped) {
  if (!swapped || sizeof(T) == 1) return field<T>(bytes);
  char turned[sizeof(T)];
  std::reverse_copy(bytes, bytes + sizeof(T), turned);
  return field<T>(turned);
}

void append_utf8(std::uint32_t code, std::string* text) {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
  if (code < 0x80) {
    text->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text->push_back(static_cast<char>(0xc0 | code >> 6));
    text->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    text->push_back(static_cast<char>(0xe0 | code >> 12));
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    text->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    text->push_back(static_cast<char>(0xf0 | code >> 18));
    text->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    text->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

std::string text_element(const char* bytes, const ElementType& type) {
  if (type.kind == 'S') return std::string(bytes, strnlen(bytes, type.bytes));
  std::string text;
  for (std::size_t i = 0; i < type.bytes; i += 4) {
    const auto code = element<std::uint32_t>(bytes + i, type.swapped);
    if (code == 0) break;
    append_utf8(code, &text);
  }
  return text;
}

// Calls put(i, bytes of element i) for every element, i counting in row-major order.
template <class Put>
void for_each_element(std::string_view data, const std::vector<std::size_t>& shape, bool fortran_order,
                      std::size_t element_bytes, Put put) {
  std::size_t n = 1;
  for (const std::size_t dim : shape) n *= dim;
  if (!fortran_order || shape.size() < 2) {
    for (std::size_t i = 0; i < n; ++i) put(i, data.data() + i * element_bytes);
    return;
  }
  // Walk the file's order; `target` follows it through the row-major strides.
  std::vector<std::size_t> strides(shape.size(), 1);
  for (std::size_t d = shape.size() - 1; d-- > 0;) strides[d] = strides[d + 1] * shape[d + 1];
  std::vector<std::size_t> index(shape.size(), 0);
  std::size_t target = 0;
  for (std::size_t i = 0; i < n; ++i) {
    put(target, data.data() + i * element_bytes);
    for (std::size_t d = 0; d < shape.size(); ++d) {
      target += strides[d];
      if (++index[d] < shape[d]) break;
      target -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

struct NpyHeader {
  ElementType type;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::size_t n_elements = 1;
  std::string_view data;
};

Result<NpyHeader> parse_npy_header(std::string_view bytes, const std::string& where) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (bytes.size() < 10 || bytes.substr(0, 6) != kMagic) return bad_input("not a NumPy array", where, kDamagedArchive);
  const int major = bytes[6];
  if (major < 1 || major > 3) {
    return bad_input(fmt::format("the array's format version is {}", major), where, "save it with numpy.savez");
  }
  const std::size_t prefix = major == 1 ? 10 : 12;
  if (bytes.size() < prefix) return bad_input("the array is truncated", where, kDamagedArchive);
  const std::size_t header_bytes =
      major == 1 ? field<std::uint16_t>(bytes.data() + 8) : field<std::uint32_t>(bytes.data() + 8);
  if (header_bytes > bytes.size() - prefix) return bad_input("the array is truncated", where, kDamagedArchive);
  const std::string_view text = bytes.substr(prefix, header_bytes);

  NpyHeader header;
  const std::string_view descr = header_value(text, "descr");
  if (descr.substr(0, 3) == "'|O" || descr.substr(0, 3) == "\"|O") {
    return bad_input("the array holds pickled Python objects", where,
                     "save ids as text: numpy.array(ids, dtype=str), and numbers as float32");
  }
  const auto type = parse_element_type(descr);
  if (!type) {
    return bad_input(fmt::format("the array's type {} is not a plain number or text",
                                 descr.substr(0, std::min<std::size_t>(descr.find(", '"), 40))),
                     where, "save it as float32 or float64, and ids as text");
  }
  header.type = *type;
  const std::string_view order = header_value(text, "fortran_order");
  header.fortran_order = order.substr(0, 4) == "True";
  auto shape = parse_shape(header_value(text, "shape"));
  if (!shape || order.empty()) return bad_input("the array's header cannot be read", where, kDamagedArchive);
  header.shape = std::move(*shape);
  header.data = bytes.substr(prefix + header_bytes);

  for (const std::size_t dim : header.shape) {
    if (dim != 0 && header.n_elements > header.data.size() / dim) {
      return bad_input("the array is shorter than its shape says", where, kDamagedArchive);
    }
    header.n_elements *= dim;
  }
  if (header.type.bytes != 0 && header.n_elements > header.data.size() / header.type.bytes) {
    return bad_input("the array is shorter than its shape says", where, kDamagedArchive);
  }
  return header;
}

template <class Stored, class Value>
void convert(const NpyHeader& header, std::vector<Value>* out) {
  out->resize(header.n_elements);
  Value* values = out->data();
  if (!header.fortran_order && !header.type.swapped) {
    for (std::size_t i = 0; i < header.n_elements; ++i) {
      values[i] = static_cast<Value>(field<Stored>(header.data.data() + i * sizeof(Stored)));
    }
    return;
  }
  for_each_element(header.data, header.shape, header.fortran_order, sizeof(Stored),
                   [&](std::size_t i, const char* bytes) {
                     values[i] = static_cast<Value>(element<Stored>(bytes, header.type.swapped));
                   });
}

// ---- zip ----

constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kEndOfDirectory64 = 0x06064b50;
constexpr std::uint32_t kLocator64 = 0x07064b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kLocatorBytes = 20;
constexpr std::size_t kEnd64Bytes = 56;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kLongestComment = 65535;

bool read_at(int fd, std::uint64_t offset, std::size_t n, char* out) {
  while (n > 0) {
    const ssize_t got = ::pread(fd, out, n, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    offset += static_cast<std::uint64_t>(got);
    n -= static_cast<std::size_t>(got);
  }
  return true;
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// Finds the central directory from the file's end.
std::optional<Directory> find_directory(int fd, std::uint64_t file_bytes) {
  const auto tail_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(file_bytes, kEndBytes + kLongestComment));
  if (tail_bytes < kEndBytes) return std::nullopt;
  std::string tail(tail_bytes, '\0');
  if (!read_at(fd, file_bytes - tail_bytes, tail_bytes, tail.data())) return std::nullopt;
  for (std::size_t at = tail_bytes - kEndBytes + 1; at-- > 0;) {
    const char* end = tail.data() + at;
    if (field<std::uint32_t>(end) != kEndOfDirectory) continue;
    if (at + kEndBytes + field<std::uint16_t>(end + 20) > tail_bytes) continue;
    Directory directory{field<std::uint32_t>(end + 16), field<std::uint32_t>(end + 12)};
    // Zip64 stands before the old end record, which then is only partly filled.
    const std::uint64_t end_offset = file_bytes - tail_bytes + at;
    char locator[kLocatorBytes];
    if (end_offset >= kLocatorBytes && read_at(fd, end_offset - kLocatorBytes, kLocatorBytes, locator) &&
        field<std::uint32_t>(locator) == kLocator64) {
      char end64[kEnd64Bytes];
      const auto offset64 = field<std::uint64_t>(locator + 8);
      if (offset64 > file_bytes - kEnd64Bytes || !read_at(fd, offset64, kEnd64Bytes, end64) ||
          field<std::uint32_t>(end64) != kEndOfDirectory64) {
        return std::nullopt;
      }
      directory = {field<std::uint64_t>(end64 + 48), field<std::uint64_t>(end64 + 40)};
    }
    if (directory.offset > file_bytes || directory.bytes > file_bytes - directory.offset) return std::nullopt;
    return directory;
  }
  return std::nullopt;
}

// Raw deflate; the result must have exactly out.size() bytes.
bool inflate_exactly(const std::string& packed, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  std::size_t used = 0;
  std::size_t made = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const auto n_in = std::min<std::size_t>(packed.size() - used, std::numeric_limits<uInt>::max());
    const auto n_out = std::min<std::size_t>(out.size() - made, std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + used));
    stream.avail_in = static_cast<uInt>(n_in);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + made);
    stream.avail_out = static_cast<uInt>(n_out);
    status = inflate(&stream, Z_NO_FLUSH);
    used += n_in - stream.avail_in;
    made += n_out - stream.avail_out;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && made == out.size();
}

std::uint32_t checksum(std::string_view bytes) {
  uLong crc = crc32(0L, nullptr, 0);
  while (!bytes.empty()) {
    const auto n = std::min<std::size_t>(bytes.size(), std::size_t{1} << 30);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(n));
    bytes.remove_prefix(n);
  }
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

struct NpzFile::Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() { ::close(fd); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

Result<NpyArray> parse_npy(std::string_view bytes, const std::string& where) {
  const auto header = parse_npy_header(bytes, where);
  if (!header) return tl::unexpected(header.error());
  NpyArray array;
  array.shape = header->shape;
  const ElementType& type = header->type;
  switch (type.kind) {
    case 'f': {
      auto& values = array.values.emplace<std::vector<double>>();
      if (type.bytes == 8) convert<double>(*header, &values);
      if (type.bytes == 4) convert<float>(*header, &values);
      if (type.bytes == 2) {
        values.resize(header->n_elements);
        for_each_element(header->data, header->shape, header->fortran_order, 2, [&](std::size_t i, const char* half) {
          values[i] = half_to_double(element<std::uint16_t>(half, type.swapped));
        });
      }
      break;
    }
    case 'i': {
      auto& values = array.values.emplace<std::vector<std::int64_t>>();
      if (type.bytes == 8) convert<std::int64_t>(*header, &values);
      if (type.bytes == 4) convert<std::int32_t>(*header, &values);
      if (type.bytes == 2) convert<std::int16_t>(*header, &values);
      if (type.bytes == 1) convert<std::int8_t>(*header, &values);
      break;
    }
    case 'u': {
      auto& values = array.values.emplace<std::vector<std::int64_t>>();
      if (type.bytes == 8) convert<std::uint64_t>(*header, &values);
      if (type.bytes == 4) convert<std::uint32_t>(*header, &values);
      if (type.bytes == 2) convert<std::uint16_t>(*header, &values);
      if (type.bytes == 1) convert<std::uint8_t>(*header, &values);
      if (std::any_of(values.begin(), values.end(), [](std::int64_t x) { return x < 0; })) {
        return bad_input("an unsigned integer is 2^63 or more", where, "save it as int64, or ids as text");
      }
      break;
    }
    case 'b': {
      auto& values = array.values.emplace<std::vector<bool>>(header->n_elements);
      for_each_element(header->data, header->shape, header->fortran_order, 1,
                       [&](std::size_t i, const char* byte) { values[i] = *byte != 0; });
      break;
    }
    default: {
      auto& values = array.values.emplace<std::vector<std::string>>(header->n_elements);
      for_each_element(header->data, header->shape, header->fortran_order, type.bytes,
                       [&](std::size_t i, const char* text) { values[i] = text_element(text, type); });
    }
  }
  return array;
}

Result<NpzFile> NpzFile::open(const std::filesystem::path& path) {
  NpzFile file;
  file.path_ = path.string();
  const auto opened = open_regular_file(path);
  if (!opened) return tl::unexpected<Error>(opened.error());
  const int fd = *opened;
  file.file_ = std::make_shared<const Descriptor>(fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return bad_input("cannot examine the file", file.path_, "check the file system");
  file.size_bytes_ = static_cast<std::uint64_t>(status.st_size);

  const auto found = find_directory(fd, file.size_bytes_);
  if (!found) return bad_input("the zip has no readable directory", file.path_, kDamagedArchive);
  std::string directory(static_cast<std::size_t>(found->bytes), '\0');
  if (!read_at(fd, found->offset, directory.size(), directory.data())) {
    return bad_input("the zip's directory cannot be read", file.path_, kDamagedArchive);
  }
  for (std::size_t at = 0; at + kEntryBytes <= directory.size();) {
    const char* record = directory.data() + at;
    if (field<std::uint32_t>(record) != kDirectoryEntry) break;
    const std::size_t name_bytes = field<std::uint16_t>(record + 28);
    const std::size_t extra_bytes = field<std::uint16_t>(record + 30);
    const std::size_t comment_bytes = field<std::uint16_t>(record + 32);
    if (at + kEntryBytes + name_bytes + extra_bytes + comment_bytes > directory.size()) {
      return bad_input("the zip's directory is cut off", file.path_, kDamagedArchive);
    }
    std::string name(record + kEntryBytes, name_bytes);
    Entry entry;
    entry.method = field<std::uint16_t>(record + 10);
    entry.crc32 = field<std::uint32_t>(record + 16);
    entry.packed_bytes = field<std::uint32_t>(record + 20);
    entry.bytes = field<std::uint32_t>(record + 24);
    entry.header_offset = field<std::uint32_t>(record + 42);
    // The zip64 extra field holds, in this order, only those sizes that did not fit.
    const char* extra = record + kEntryBytes + name_bytes;
    for (const char* const end = extra + extra_bytes; end - extra >= 4;) {
      const auto id = field<std::uint16_t>(extra);
      const std::size_t size = field<std::uint16_t>(extra + 2);
      if (size > static_cast<std::size_t>(end - extra - 4)) break;
      if (id == 1) {
        const char* value = extra + 4;
        const char* const value_end = value + size;
        for (std::uint64_t* target : {&entry.bytes, &entry.packed_bytes, &entry.header_offset}) {
          if (*target == 0xffffffffu && value_end - value >= 8) {
            *target = field<std::uint64_t>(value);
            value += 8;
          }
        }
      }
      extra += 4 + size;
    }
    at += kEntryBytes + name_bytes + extra_bytes + comment_bytes;

    if (field<std::uint16_t>(record + 8) & 1) {
      return bad_input(fmt::format("'{}' is encrypted", name), file.path_, "save it with numpy.savez");
    }
    if (entry.method != 0 && entry.method != Z_DEFLATED) {
      return bad_input(fmt::format("'{}' is packed by an unknown method ({})", name, entry.method), file.path_,
                       "save it with numpy.savez or numpy.savez_compressed");
    }
    if (entry.header_offset > file.size_bytes_ || entry.packed_bytes > file.size_bytes_ - entry.header_offset ||
        entry.bytes / kLargestExpansion > entry.packed_bytes ||
        (entry.method == 0 && entry.bytes != entry.packed_bytes)) {
      return bad_input(fmt::format("'{}' claims a size that the file cannot hold", name), file.path_, kDamagedArchive);
    }
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    if (file.has(name)) {
      return bad_input(fmt::format("array '{}' is there twice", name), file.path_, "save it with numpy.savez");
    }
    file.names_.push_back(std::move(name));
    file.entries_.push_back(entry);
  }
  return file;
}

bool NpzFile::has(std::string_view name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }

Result<NpyArray> NpzFile::read(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return bad_input(fmt::format("array '{}' is missing", name), path_);
  const Entry& entry = entries_[static_cast<std::size_t>(found - names_.begin())];
  const std::string where = fmt::format("{}, array '{}'", path_, name);

  char local[kLocalBytes];
  if (!read_at(file_->fd, entry.header_offset, kLocalBytes, local) || field<std::uint32_t>(local) != kLocalHeader) {
    return bad_input("the zip entry cannot be read", where, kDamagedArchive);
  }
  const std::uint64_t data_offset =
      entry.header_offset + kLocalBytes + field<std::uint16_t>(local + 26) + field<std::uint16_t>(local + 28);
  if (data_offset > size_bytes_ || entry.packed_bytes > size_bytes_ - data_offset) {
    return bad_input("the zip entry is cut off", where, kDamagedArchive);
  }
  std::string packed(static_cast<std::size_t>(entry.packed_bytes), '\0');
  if (!read_at(file_->fd, data_offset, packed.size(), packed.data())) {
    return bad_input("the zip entry cannot be read", where, kDamagedArchive);
  }
  std::string bytes;
  if (entry.method == 0) {
    bytes = std::move(packed);
  } else {
    bytes.resize(static_cast<std::size_t>(entry.bytes));
    if (!inflate_exactly(packed, bytes)) return bad_input("the compressed data are damaged", where, kDamagedArchive);
  }
  if (checksum(bytes) != entry.crc32) return bad_input("the checksum does not fit the data", where, kDamagedArchive);
  return parse_npy(bytes, where);
}

}  // namespace headroom
