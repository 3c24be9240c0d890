#include "cells/number_stream.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "io/hdf5_block.hpp"
#include "io/hdf5_chunk.hpp"
#include "io/hdf5_filter.hpp"
#include "io/lzf.hpp"

namespace headroom {
namespace {

constexpr std::uint64_t kSmallChunkBytes = 64 << 20;  // up to which a chunk may claim to expand however far

tl::unexpected<Error> damaged(const hdf5::Dataset& dataset, std::uint64_t element) {
  return bad_input("'" + dataset.name + "' is damaged near element " + std::to_string(element), dataset.path,
                   "fetch or write the file again");
}

// As what elements are read that the library expands.
hid_t memory_type(NumberKind kind, bool is_as_stored) {
  if (kind == NumberKind::index && is_as_stored) return H5T_NATIVE_INT32;
  if (kind == NumberKind::real32) return H5T_NATIVE_FLOAT;
  return kind == NumberKind::real64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
}

// Undoes HDF5's shuffle: byte j of element i lies at j · n + i.
void unshuffle(const unsigned char* in, std::size_t n, std::size_t width, unsigned char* out) {
  for (std::size_t j = 0; j < width; ++j) {
    const unsigned char* const plane = in + j * n;
    for (std::size_t i = 0; i < n; ++i) out[i * width + j] = plane[i];
  }
}

bool inflate_all(const unsigned char* in, std::size_t n_in, unsigned char* out, std::size_t n_out) {
  uLongf written = n_out;
  return uncompress(out, &written, in, n_in) == Z_OK && written == n_out;
}

template <class From, class To>
bool convert(const unsigned char* in, std::uint64_t n, To* out) {
  bool ok = true;
  for (std::uint64_t i = 0; i < n; ++i) {
    From value;
    std::memcpy(&value, in + i * sizeof(From), sizeof(From));
    if constexpr (std::is_same_v<To, std::uint32_t>) {
      ok &= value >= 0 && static_cast<std::uint64_t>(value) <= std::numeric_limits<std::uint32_t>::max();
    }
    out[i] = static_cast<To>(value);
  }
  return ok;
}

template <class To>
bool convert_any(const hdf5::Dataset& type, const unsigned char* in, std::uint64_t n, To* out) {
  if (type.type_class == H5T_FLOAT) {
    return type.type_bytes == 4 ? convert<float>(in, n, out) : convert<double>(in, n, out);
  }
  switch (type.type_bytes) {
    case 1:
      return type.type_is_signed ? convert<std::int8_t>(in, n, out) : convert<std::uint8_t>(in, n, out);
    case 2:
      return type.type_is_signed ? convert<std::int16_t>(in, n, out) : convert<std::uint16_t>(in, n, out);
    case 4:
      return type.type_is_signed ? convert<std::int32_t>(in, n, out) : convert<std::uint32_t>(in, n, out);
    default:
      return type.type_is_signed ? convert<std::int64_t>(in, n, out) : convert<std::uint64_t>(in, n, out);
  }
}

// Signed 32-bit numbers may be used as indices as they are if none is negative.
bool are_indices(const void* numbers, std::uint64_t n) {
  const auto* const signed_numbers = static_cast<const std::int32_t*>(numbers);
  std::int32_t all = 0;
  for (std::uint64_t i = 0; i < n; ++i) all |= signed_numbers[i];
  return all >= 0;
}

bool is_little_endian_native(const hdf5::Dataset& dataset) {
  const hdf5::Id type(H5Dget_type(dataset.id.get()));
  const hid_t candidates[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I8LE,  H5T_STD_U8LE,  H5T_STD_I16LE,
                              H5T_STD_U16LE,  H5T_STD_I32LE,  H5T_STD_U32LE, H5T_STD_I64LE, H5T_STD_U64LE};
  return std::endian::native == std::endian::little &&
         std::any_of(std::begin(candidates), std::end(candidates),
                     [&](hid_t candidate) { return H5Tequal(type.get(), candidate) > 0; });
}

}  // namespace

Result<NumberKind> NumberStream::exact_kind(const hdf5::File& file, const std::string& name) {
  auto dataset = hdf5::open_dataset(file, name);
  if (!dataset) return tl::unexpected(dataset.error());
  const bool small = dataset->type_class == H5T_FLOAT ? dataset->type_bytes <= 4 : dataset->type_bytes <= 2;
  return small ? NumberKind::real32 : NumberKind::real64;
}

Result<NumberStream> NumberStream::open(const hdf5::File& file, const std::string& name, NumberKind kind) {
  const hdf5::Quiet quiet;
  auto dataset = hdf5::open_dataset(file, name);
  if (!dataset) return tl::unexpected(dataset.error());
  NumberStream stream;
  stream.dataset_ = std::move(*dataset);
  stream.kind_ = kind;
  const hdf5::Dataset& d = stream.dataset_;
  const bool suits = kind == NumberKind::index ? d.is_integer() : d.is_number();
  if (d.dims.size() != 1 || !suits) {
    return bad_input("'" + d.name + "' is not a list of " + (kind == NumberKind::index ? "whole numbers" : "numbers"),
                     d.path, "write the file again with a current anndata");
  }
  stream.size_ = d.dims[0];
  if (!d.chunk_dims.empty()) {
    stream.chunk_ = d.chunk_dims[0];
    stream.by_chunk_ = stream.can_expand_chunks();
  }
  return stream;
}

// Chunks without filters are left to the library, which finds each by itself: asked for one chunk's size it goes
// through all of them, and files have thousands.
bool NumberStream::can_expand_chunks() const {
  return !dataset_.filters.empty() && is_little_endian_native(dataset_) && !dataset_.has_fill_value &&
         !dataset_.filters_skip_edges &&
         std::all_of(dataset_.filters.begin(), dataset_.filters.end(), [](H5Z_filter_t id) {
           return id == H5Z_FILTER_SHUFFLE || id == H5Z_FILTER_DEFLATE || id == kLzfFilter;
         });
}

bool NumberStream::is_delivered_as_stored() const {
  switch (kind_) {
    case NumberKind::index:
      return dataset_.is_integer() && dataset_.type_bytes == 4 && dataset_.type_is_signed;
    case NumberKind::real32:
      return dataset_.type_class == H5T_FLOAT && dataset_.type_bytes == 4;
    case NumberKind::real64:
      return dataset_.type_class == H5T_FLOAT && dataset_.type_bytes == 8;
  }
  return false;
}

Result<std::vector<NumberStream::Piece>> NumberStream::fetch(std::uint64_t n) {
  const hdf5::Quiet quiet;
  std::vector<Piece> pieces;
  const std::uint64_t goal = std::min(size_, next_ + std::max<std::uint64_t>(n, 1));
  while (next_ < goal) {
    Piece piece;
    piece.begin = next_;
    {
      std::lock_guard lock(spare_->mutex);
      if (!spare_->bytes.empty()) {
        piece.bytes = std::move(spare_->bytes.back());
        spare_->bytes.pop_back();
      }
    }
    if (by_chunk_) {
      piece.end = std::min(size_, next_ + chunk_);
      const hsize_t offset = next_;
      const auto stored = hdf5::stored_chunk_bytes(dataset_, &offset);
      if (!stored) return tl::unexpected(stored.error());
      if (chunk_ * dataset_.type_bytes > kSmallChunkBytes &&
          chunk_ * dataset_.type_bytes / hdf5::kLargestExpansion > *stored && *stored > 0) {
        return damaged(dataset_, next_);
      }
      piece.bytes.resize(*stored);  // 0: never written, so all zeros
      if (*stored > 0 &&
          H5Dread_chunk(dataset_.id.get(), H5P_DEFAULT, &offset, &piece.skipped_filters, piece.bytes.data()) < 0) {
        return hdf5::read_error(dataset_.name, dataset_.path);
      }
    } else {
      // Whole chunks, so that none is expanded twice.
      const std::uint64_t unit = std::max<std::uint64_t>(chunk_, 1);
      piece.end = std::min(size_, (goal + unit - 1) / unit * unit);
      const hsize_t start = piece.begin, count = piece.end - piece.begin;
      const bool is_as_stored = is_delivered_as_stored();
      piece.bytes.resize(count * (kind_ == NumberKind::index && !is_as_stored ? 8 : bytes_of(kind_)));
      piece.expanded = true;
      auto done = hdf5::read_block(dataset_, &start, &count, memory_type(kind_, is_as_stored), piece.bytes.data());
      if (!done) return tl::unexpected(done.error());
    }
    next_ = piece.end;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

void NumberStream::take_back(Piece&& piece) {
  std::lock_guard lock(spare_->mutex);
  spare_->bytes.push_back(std::move(piece.bytes));
}

Result<void> NumberStream::expand(const Piece& piece, void* out) const {
  const std::uint64_t n = piece.end - piece.begin;
  if (piece.expanded) {
    if (is_delivered_as_stored()) {
      std::memcpy(out, piece.bytes.data(), n * bytes_of(kind_));
      if (kind_ == NumberKind::index && !are_indices(out, n)) return damaged(dataset_, piece.begin);
    } else if (kind_ == NumberKind::index) {
      if (!convert<std::int64_t>(piece.bytes.data(), n, static_cast<std::uint32_t*>(out))) {
        return damaged(dataset_, piece.begin);
      }
    } else {
      std::memcpy(out, piece.bytes.data(), n * bytes_of(kind_));
    }
    return {};
  }
  if (piece.bytes.empty()) {
    std::memset(out, 0, n * bytes_of(kind_));
    return {};
  }

  const std::vector<H5Z_filter_t>& filters = dataset_.filters;
  const std::size_t width = dataset_.type_bytes, chunk_bytes = chunk_ * width;
  thread_local std::vector<unsigned char> buffers[2];
  const unsigned char* bytes = piece.bytes.data();
  std::size_t n_bytes = piece.bytes.size();
  // The last filter to be undone writes to `out` itself where the type is the one asked for.
  const bool direct = is_delivered_as_stored() && n == chunk_;
  const auto is_applied = [&](std::size_t f) { return f >= 32 || !((piece.skipped_filters >> f) & 1u); };
  std::size_t last = 0;
  while (last < filters.size() && !is_applied(last)) ++last;
  int turn = 0;
  for (std::size_t f = filters.size(); f-- > last;) {
    if (!is_applied(f)) continue;
    std::vector<unsigned char>& buffer = buffers[turn];
    turn = 1 - turn;
    const bool to_out = direct && f == last;
    if (!to_out) buffer.resize(chunk_bytes);
    unsigned char* const target = to_out ? static_cast<unsigned char*>(out) : buffer.data();
    bool ok = true;
    if (filters[f] == H5Z_FILTER_SHUFFLE) {
      ok = n_bytes == chunk_bytes;
      if (ok) unshuffle(bytes, chunk_, width, target);
    } else if (filters[f] == H5Z_FILTER_DEFLATE) {
      ok = inflate_all(bytes, n_bytes, target, chunk_bytes);
    } else {
      ok = lzf_expand({bytes, n_bytes}, {target, chunk_bytes}) == chunk_bytes;
    }
    if (!ok) return damaged(dataset_, piece.begin);
    if (to_out && kind_ == NumberKind::index && !are_indices(out, n)) return damaged(dataset_, piece.begin);
    if (to_out) return {};
    bytes = target;
    n_bytes = chunk_bytes;
  }
  if (n_bytes < n * width) return damaged(dataset_, piece.begin);
  bool ok = true;
  switch (kind_) {
    case NumberKind::index:
      ok = convert_any(dataset_, bytes, n, static_cast<std::uint32_t*>(out));
      break;
    case NumberKind::real32:
      convert_any(dataset_, bytes, n, static_cast<float*>(out));
      break;
    case NumberKind::real64:
      convert_any(dataset_, bytes, n, static_cast<double*>(out));
      break;
  }
  if (!ok) return damaged(dataset_, piece.begin);
  return {};
}

}  // namespace headroom
