// Streams of numbers from datasets that HDF5 itself writes in every type, chunking and filter that is handled apart.
#include "cells/number_stream.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

namespace headroom {
namespace number_stream_test {

namespace fs = std::filesystem;

struct Storage {
  const char* name;
  hid_t type;
  hsize_t chunk;  // 0: contiguous
  bool shuffle, gzip, checksum;
};

std::vector<Storage> storages() {
  return {{"float32 contiguous", H5T_IEEE_F32LE, 0, false, false, false},
          {"float32 chunked", H5T_IEEE_F32LE, 100, false, false, false},
          {"float32 gzip", H5T_IEEE_F32LE, 77, false, true, false},
          {"float64 shuffle gzip", H5T_IEEE_F64LE, 64, true, true, false},
          {"int8", H5T_STD_I8LE, 50, false, true, false},
          {"uint16 one chunk", H5T_STD_U16LE, 5000, true, true, false},
          {"int32 shuffle", H5T_STD_I32LE, 33, true, false, false},
          {"int64 gzip", H5T_STD_I64LE, 128, false, true, false},
          {"uint64 contiguous", H5T_STD_U64LE, 0, false, false, false},
          {"big-endian", H5T_STD_I32BE, 40, false, true, false},
          {"with checksum", H5T_IEEE_F32LE, 40, true, true, true}};
}

class NumberStreamTest : public ::testing::Test {
 protected:
  fs::path path_ =
      fs::path(::testing::TempDir()) /
      (std::string("number_stream_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".h5");
  void TearDown() override { fs::remove(path_); }

  // `space_size` may exceed the values given: the rest is never written.
  void write(const Storage& storage, const std::vector<double>& values, hsize_t space_size) {
    const hid_t file = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    // A chunk may be larger than the dataset if that can grow, as h5py's resizable ones can.
    const hsize_t unlimited = H5S_UNLIMITED;
    const hid_t space = H5Screate_simple(1, &space_size, storage.chunk > 0 ? &unlimited : nullptr);
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    if (storage.chunk > 0) H5Pset_chunk(plist, 1, &storage.chunk);
    if (storage.shuffle) H5Pset_shuffle(plist);
    if (storage.gzip) H5Pset_deflate(plist, 6);
    if (storage.checksum) H5Pset_fletcher32(plist);
    const hid_t data = H5Dcreate2(file, "x", storage.type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    const hsize_t start = 0, count = values.size();
    const hid_t memory = H5Screate_simple(1, &count, nullptr);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &count, nullptr);
    ASSERT_GE(H5Dwrite(data, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values.data()), 0);
    H5Dclose(data);
    H5Sclose(memory);
    H5Pclose(plist);
    H5Sclose(space);
    ASSERT_GE(H5Fclose(file), 0);
  }

  // The whole stream in steps of `step` elements.
  Result<std::vector<double>> read(NumberKind kind, std::uint64_t step) {
    auto file = hdf5::open_file(path_);
    if (!file) return tl::unexpected(file.error());
    auto stream = NumberStream::open(*file, "x", kind);
    if (!stream) return tl::unexpected(stream.error());
    std::vector<double> out;
    while (out.size() < stream->size()) {
      auto pieces = stream->fetch(step);
      if (!pieces) return tl::unexpected(pieces.error());
      if (pieces->empty()) break;
      EXPECT_GE(pieces->back().end - pieces->front().begin, std::min<std::uint64_t>(step, stream->size() - out.size()));
      for (const NumberStream::Piece& piece : *pieces) {
        EXPECT_EQ(piece.begin, out.size());
        std::vector<unsigned char> bytes((piece.end - piece.begin) * bytes_of(kind));
        if (auto done = stream->expand(piece, bytes.data()); !done) return tl::unexpected(done.error());
        for (std::uint64_t i = 0; i < piece.end - piece.begin; ++i) {
          if (kind == NumberKind::index) {
            std::uint32_t v;
            std::memcpy(&v, bytes.data() + 4 * i, 4);
            out.push_back(v);
          } else if (kind == NumberKind::real32) {
            float v;
            std::memcpy(&v, bytes.data() + 4 * i, 4);
            out.push_back(static_cast<double>(v));
          } else {
            double v;
            std::memcpy(&v, bytes.data() + 8 * i, 8);
            out.push_back(v);
          }
        }
      }
    }
    return out;
  }
};

std::vector<double> small_numbers(std::size_t n) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<double>(i * 37 % 101);
  return values;
}

TEST_F(NumberStreamTest, EveryStorageGivesItsNumbers) {
  const std::vector<double> values = small_numbers(1'003);
  for (const Storage& storage : storages()) {
    write(storage, values, values.size());
    for (const std::uint64_t step : {1, 100, 5'000}) {
      EXPECT_EQ(*read(NumberKind::real64, step), values) << storage.name;
      EXPECT_EQ(*read(NumberKind::real32, step), values) << storage.name;
      if (storage.type != H5T_IEEE_F32LE && storage.type != H5T_IEEE_F64LE) {
        EXPECT_EQ(*read(NumberKind::index, step), values) << storage.name;
      }
    }
  }
}

TEST_F(NumberStreamTest, ChunksThatWereNeverWrittenAreZeros) {
  std::vector<double> values = small_numbers(90);
  write({"", H5T_IEEE_F32LE, 40, false, true, false}, values, 400);
  values.resize(400, 0);
  const auto found = read(NumberKind::real32, 64);
  ASSERT_TRUE(found.has_value()) << found.error().line();
  EXPECT_EQ(*found, values);
}

TEST_F(NumberStreamTest, IndicesOutOfRangeAreDamage) {
  for (const double bad : {-1.0, 4294967296.0}) {
    for (const hsize_t chunk : {hsize_t{0}, hsize_t{2}}) {
      write({"", H5T_STD_I64LE, chunk, false, false, false}, {1, 2, bad}, 3);
      const auto read_back = read(NumberKind::index, 10);
      ASSERT_FALSE(read_back.has_value());
      EXPECT_EQ(read_back.error().kind, ErrorKind::bad_input);
      EXPECT_NE(read_back.error().line().find("'x' is damaged"), std::string::npos);
    }
  }
}

TEST_F(NumberStreamTest, FloatsAreNoIndices) {
  write(storages()[0], {1, 2, 3}, 3);
  EXPECT_NE(read(NumberKind::index, 1).error().line().find("not a list of whole numbers"), std::string::npos);
}

TEST_F(NumberStreamTest, ADamagedChunkIsAnErrorNotNoise) {
  write({"", H5T_IEEE_F64LE, 500, false, true, false}, small_numbers(1'000), 1'000);
  std::string bytes;
  {
    std::ifstream in(path_, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  // The second stream of zlib (78 9c at level 6) gets another byte in its middle.
  const std::size_t first = bytes.find("\x78\x9c"), second = bytes.find("\x78\x9c", first + 2);
  ASSERT_NE(second, std::string::npos);
  bytes[second + 40] = static_cast<char>(bytes[second + 40] ^ 0x55);
  {
    std::ofstream out(path_, std::ios::binary);
    out << bytes;
  }
  const auto read_back = read(NumberKind::real64, 100);
  ASSERT_FALSE(read_back.has_value());
  EXPECT_NE(read_back.error().line().find("'x' is damaged near element 500"), std::string::npos)
      << read_back.error().line();
}

TEST_F(NumberStreamTest, ExactKindFollowsTheType) {
  const auto kind_of = [&](hid_t type) {
    write({"", type, 0, false, false, false}, {1}, 1);
    return *NumberStream::exact_kind(*hdf5::open_file(path_), "x");
  };
  EXPECT_EQ(kind_of(H5T_IEEE_F32LE), NumberKind::real32);
  EXPECT_EQ(kind_of(H5T_STD_U16LE), NumberKind::real32);
  EXPECT_EQ(kind_of(H5T_STD_I32LE), NumberKind::real64);
  EXPECT_EQ(kind_of(H5T_IEEE_F64LE), NumberKind::real64);
}

}  // namespace number_stream_test
}  // namespace headroom
