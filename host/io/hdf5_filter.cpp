#include "io/hdf5_filter.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "io/lzf.hpp"

namespace headroom::hdf5 {
namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr const char* kDamagedChunk = "the file is damaged; make it again";

const unsigned char* unsigned_bytes(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

tl::unexpected<Error> cannot_expand(const Dataset& dataset) {
  return bad_input(fmt::format("a chunk of '{}' cannot be decompressed", dataset.name), dataset.path, kDamagedChunk);
}

// Fletcher's checksum over 16-bit big-endian numbers, an odd last byte being the upper half of one. Sums are taken
// modulo 65,535, of which a multiple other than 0 stays 65,535.
std::uint32_t fletcher32(const unsigned char* bytes, std::size_t n) {
  constexpr std::size_t kMostUnfolded = std::size_t{1} << 16;  // pairs of bytes whose sums fit into 64 bits
  const auto folded = [](std::uint64_t sum) {
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
  };
  std::uint64_t sum = 0, sum_of_sums = 0;
  for (std::size_t at = 0; at < n;) {
    const std::size_t end = std::min(n, at + 2 * kMostUnfolded);
    for (; at < end; at += 2) {
      const unsigned low = at + 1 < n ? bytes[at + 1] : 0;
      sum += static_cast<unsigned>(bytes[at]) << 8 | low;
      sum_of_sums += sum;
    }
    sum = folded(sum);
    sum_of_sums = folded(sum_of_sums);
  }
  return static_cast<std::uint32_t>(sum_of_sums << 16 | sum);
}

// Takes the checksum off the end; false where it is another one.
bool take_checksum(std::string* bytes) {
  if (bytes->size() < kChecksumBytes) return false;
  const std::size_t n = bytes->size() - kChecksumBytes;
  std::uint32_t stored = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    stored |= static_cast<std::uint32_t>(unsigned_bytes(*bytes)[n + i]) << 8 * i;
  }
  const std::uint32_t found = fletcher32(unsigned_bytes(*bytes), n);
  // HDF5 1.6.2 stored the bytes of both halves the other way round, and the library takes either.
  const std::uint32_t swapped = (found & 0x00ff00ff) << 8 | (found >> 8 & 0x00ff00ff);
  bytes->resize(n);
  return stored == found || stored == swapped;
}

// Byte b of element i is at b · n + i; what is left over behind whole elements stays where it is.
template <std::size_t kWidth>
void unshuffle(const char* in, std::size_t n, char* out) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t b = 0; b < kWidth; ++b) out[i * kWidth + b] = in[b * n + i];
  }
}

void unshuffle(std::size_t width, std::string* bytes) {
  const std::size_t n = bytes->size() / width;
  std::string out(*bytes);
  switch (width) {
    case 2:
      unshuffle<2>(bytes->data(), n, out.data());
      break;
    case 4:
      unshuffle<4>(bytes->data(), n, out.data());
      break;
    case 8:
      unshuffle<8>(bytes->data(), n, out.data());
      break;
    default:
      for (std::size_t b = 0; b < width; ++b) {
        for (std::size_t i = 0; i < n; ++i) out[i * width + b] = (*bytes)[b * n + i];
      }
  }
  *bytes = std::move(out);
}

}  // namespace

tl::unexpected<Error> wrong_chunk_size(const Dataset& dataset) {
  return bad_input(fmt::format("a chunk of '{}' does not have the size that the layout says", dataset.name),
                   dataset.path, kDamagedChunk);
}

Result<void> undo_filters(const Dataset& dataset, std::uint32_t skipped, std::size_t chunk_bytes, std::string* bytes) {
  const std::size_t most_bytes = chunk_bytes + kChecksumBytes;  // a checksum may have been added before
  for (std::size_t i = dataset.filters.size(); i-- > 0;) {
    if (i < 32 && (skipped >> i & 1) != 0) continue;
    switch (dataset.filters[i]) {
      case H5Z_FILTER_FLETCHER32:
        if (!take_checksum(bytes)) {
          return bad_input(fmt::format("a chunk of '{}' does not match its checksum", dataset.name), dataset.path,
                           kDamagedChunk);
        }
        break;
      case H5Z_FILTER_SHUFFLE:
        unshuffle(dataset.stored_bytes, bytes);
        break;
      case H5Z_FILTER_DEFLATE: {
        std::string plain(most_bytes, '\0');
        auto n = static_cast<uLongf>(plain.size());
        const int code = uncompress(reinterpret_cast<Bytef*>(plain.data()), &n, unsigned_bytes(*bytes),
                                    static_cast<uLong>(bytes->size()));
        if (code == Z_BUF_ERROR) return wrong_chunk_size(dataset);
        if (code != Z_OK) return cannot_expand(dataset);
        plain.resize(n);
        *bytes = std::move(plain);
        break;
      }
      case kLzfFilter: {
        std::string plain(most_bytes, '\0');
        const std::size_t n = lzf_expand({unsigned_bytes(*bytes), bytes->size()},
                                         {reinterpret_cast<unsigned char*>(plain.data()), plain.size()});
        if (n == 0) return cannot_expand(dataset);
        plain.resize(n);
        *bytes = std::move(plain);
        break;
      }
      default:
        return bad_input(fmt::format("'{}' is compressed in a way that is not read here (HDF5 filter {})", dataset.name,
                                     dataset.filters[i]),
                         dataset.path, "write the file again with the compression gzip or lzf, or none");
    }
  }
  if (bytes->size() != chunk_bytes) return wrong_chunk_size(dataset);
  return {};
}

}  // namespace headroom::hdf5
