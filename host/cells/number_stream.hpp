// A one-dimensional HDF5 dataset of numbers read front to back, in two stages that overlap: fetching compressed chunks
// (one thread, bound by the disk) and expanding them (any number of threads, bound by zlib).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/hdf5_dataset.hpp"
#include "io/hdf5_handle.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// What a stream's numbers are delivered as.
enum class NumberKind { index, real32, real64 };  // std::uint32_t, float, double

inline std::size_t bytes_of(NumberKind kind) { return kind == NumberKind::real64 ? 8 : 4; }

class NumberStream {
 public:
  // Consecutive elements [begin, end) as they lie in the file, or already expanded.
  struct Piece {
    std::uint64_t begin = 0, end = 0;
    std::vector<unsigned char> bytes;
    std::uint32_t skipped_filters = 0;
    bool expanded = false;
  };

  // `kind` index: integers of any width, refused where negative or above 32 bits. Otherwise any number type.
  // Errors (bad_input): absent, not one-dimensional, not numbers.
  static Result<NumberStream> open(const hdf5::File& file, const std::string& name, NumberKind kind);

  // real32 if every value of the dataset's type is exact as a float (float32 and integers up to 16 bits), else real64.
  static Result<NumberKind> exact_kind(const hdf5::File& file, const std::string& name);

  std::uint64_t size() const { return size_; }
  NumberKind kind() const { return kind_; }

  // The next pieces, at least `n` elements of them unless the stream ends before. Errors: unreadable.
  Result<std::vector<Piece>> fetch(std::uint64_t n);

  // Takes the memory of a piece that is done with, for pieces to come: they are large, and many.
  void take_back(Piece&& piece);

  // Expands a piece into `out` (end - begin elements of kind()). Safe from many threads at once.
  // Errors (bad_input): damaged data, an index out of range.
  Result<void> expand(const Piece& piece, void* out) const;

 private:
  NumberStream() = default;
  bool can_expand_chunks() const;
  bool is_delivered_as_stored() const;

  hdf5::Dataset dataset_;
  NumberKind kind_ = NumberKind::real64;
  std::uint64_t size_ = 0, next_ = 0;
  struct Spare {
    std::mutex mutex;
    std::vector<std::vector<unsigned char>> bytes;
  };
  std::unique_ptr<Spare> spare_ = std::make_unique<Spare>();
  std::uint64_t chunk_ = 0;  // elements; 0: not chunked
  bool by_chunk_ = false;    // chunks are fetched raw and expanded here
};

}  // namespace headroom
