// Datasets that HDF5 itself writes, whole and by blocks, in every layout and filter; then with chunks that lie.
#include "io/hdf5_block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "host/io/fixtures.hpp"
#include "host/io/packed_bytes.hpp"
#include "host/io/temporary_folder.hpp"
#include "io/hdf5_dataset.hpp"
#include "io/lzf.hpp"

namespace headroom::hdf5 {
namespace {

using headroom::testing::deflated;
using headroom::testing::lzf_packed;
using headroom::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Filters = std::function<void(hid_t creation)>;

void none(hid_t) {}
void deflate(hid_t creation) { H5Pset_deflate(creation, 4); }
void shuffle_deflate(hid_t creation) {
  H5Pset_shuffle(creation);
  H5Pset_deflate(creation, 4);
}
void checksum(hid_t creation) { H5Pset_fletcher32(creation); }
void everything(hid_t creation) {
  H5Pset_fletcher32(creation);
  shuffle_deflate(creation);
  H5Pset_fletcher32(creation);
}
void lzf(hid_t creation) { H5Pset_filter(creation, kLzfFilter, H5Z_FLAG_OPTIONAL, 0, nullptr); }

class Hdf5Block : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "block.h5";
  bool latest_format_ = false;  // whose chunks are indexed in five other ways
  bool user_block_ = false;     // with which texts of variable length must be left to the library

  // Makes the dataset "x" and calls `write`, if any, with it. `chunk` empty: contiguous.
  void make(hid_t type, const std::vector<hsize_t>& dims, const std::vector<hsize_t>& chunk, const Filters& filters,
            const std::function<void(hid_t dataset)>& write = {}) {
    const Id access(H5Pcreate(H5P_FILE_ACCESS));
    if (latest_format_) H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const Id file_creation(H5Pcreate(H5P_FILE_CREATE));
    if (user_block_) H5Pset_userblock(file_creation.get(), 512);
    const Id file(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, file_creation.get(), access.get()));
    // A chunk may be larger than a dataset that can grow.
    std::vector<hsize_t> most = dims;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      if (chunk[i] > dims[i]) most[i] = H5S_UNLIMITED;
    }
    const Id space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), most.data()));
    const Id creation(H5Pcreate(H5P_DATASET_CREATE));
    if (!chunk.empty()) H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
    filters(creation.get());
    const Id dataset(H5Dcreate2(file.get(), "x", type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT));
    ASSERT_TRUE(dataset.valid());
    if (write) write(dataset.get());
  }
  // With the numbers 0, 1, 2, …
  void make_counting(hid_t type, const std::vector<hsize_t>& dims, const std::vector<hsize_t>& chunk,
                     const Filters& filters) {
    make(type, dims, chunk, filters, [&](hid_t dataset) {
      std::vector<double> values(std::accumulate(dims.begin(), dims.end(), std::size_t{1}, std::multiplies<>()));
      std::iota(values.begin(), values.end(), 0.0);
      ASSERT_GE(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    });
  }
  // Replaces one chunk's stored bytes. Without filters the record of a chunk that is there stays as it is.
  void replace_chunk(const std::vector<hsize_t>& offset, const std::string& bytes, std::uint32_t skipped = 0) {
    const Id file(H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    const Id dataset(H5Dopen2(file.get(), "x", H5P_DEFAULT));
    ASSERT_GE(H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, skipped, offset.data(), bytes.size(), bytes.data()), 0);
  }

  template <class T>
  Result<std::vector<T>> read(hid_t memory_type, std::vector<hsize_t> start = {}, std::vector<hsize_t> count = {}) {
    const auto file = open_file(path_);
    if (!file) return tl::unexpected(file.error());
    const auto dataset = open_dataset(*file, "x");
    if (!dataset) return tl::unexpected(dataset.error());
    if (start.empty()) start.resize(dataset->dims.size());
    if (count.empty()) count = dataset->dims;
    // Of exactly the size, so that a sanitizer sees a byte too far.
    std::vector<T> values(std::accumulate(count.begin(), count.end(), std::size_t{1}, std::multiplies<>()));
    if (auto done = read_block(*dataset, start.data(), count.data(), memory_type, values.data()); !done) {
      return tl::unexpected(done.error());
    }
    return values;
  }
  std::string error_of_doubles() {
    const auto values = read<double>(H5T_NATIVE_DOUBLE);
    return values ? "no error" : values.error().line();
  }
};

void early(hid_t creation) { H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY); }

TEST_F(Hdf5Block, EveryLayoutFilterAndTypeGivesItsNumbers) {
  const std::vector<hsize_t> dims = {13, 11};
  std::vector<double> all(13 * 11);
  std::iota(all.begin(), all.end(), 0.0);
  for (const bool latest : {false, true}) {
    latest_format_ = latest;
    for (const hid_t type :
         {H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_STD_I16LE, H5T_STD_U64BE, H5T_STD_U8LE, H5T_NATIVE_LDOUBLE}) {
      for (const auto& filters : {none, early, deflate, shuffle_deflate, checksum, everything, lzf}) {
        for (const std::vector<hsize_t>& chunk :
             std::vector<std::vector<hsize_t>>{{4, 3}, {1, 11}, {13, 1}, {13, 11}, {13, 30}, {20, 30}}) {
          make_counting(type, dims, chunk, filters);
          const auto doubles = read<double>(H5T_NATIVE_DOUBLE);
          ASSERT_TRUE(doubles) << doubles.error().line();
          EXPECT_EQ(*doubles, all);
          const auto floats = read<float>(H5T_NATIVE_FLOAT);
          ASSERT_TRUE(floats) << floats.error().line();
          EXPECT_EQ(std::vector<double>(floats->begin(), floats->end()), all);
        }
      }
      make_counting(type, dims, {}, none);
      EXPECT_EQ(*read<double>(H5T_NATIVE_DOUBLE), all);
    }
  }
}

TEST_F(Hdf5Block, AnyBlockIsThatPartOfTheWhole) {
  make_counting(H5T_STD_I32LE, {5, 6, 7}, {2, 4, 3}, shuffle_deflate);
  const auto file = open_file(path_);
  const auto dataset = open_dataset(*file, "x");
  ASSERT_TRUE(dataset);
  for (hsize_t a = 0; a < 5; ++a) {
    for (hsize_t b = 0; b < 6; ++b) {
      for (hsize_t c = 0; c < 7; ++c) {
        const hsize_t start[] = {a, b, c}, count[] = {(5 - a + 1) / 2, 6 - b, (7 - c + 2) / 3};
        std::vector<std::int64_t> expected;
        for (hsize_t i = a; i < a + count[0]; ++i) {
          for (hsize_t j = b; j < b + count[1]; ++j) {
            for (hsize_t k = c; k < c + count[2]; ++k)
              expected.push_back(static_cast<std::int64_t>((i * 6 + j) * 7 + k));
          }
        }
        std::vector<std::int64_t> found(expected.size());
        ASSERT_TRUE(read_block(*dataset, start, count, H5T_NATIVE_INT64, found.data()));
        ASSERT_EQ(found, expected);
      }
    }
  }
  const hsize_t start[] = {0, 0, 5}, count[] = {1, 1, 3};
  std::int64_t beyond[3];
  EXPECT_FALSE(read_block(*dataset, start, count, H5T_NATIVE_INT64, beyond));
}

TEST_F(Hdf5Block, WhatWasNeverWrittenIsZero) {
  // Two elements of the second of three chunks.
  const auto write = [](hid_t dataset) {
    const hsize_t start = 3, count = 2;
    const Id space(H5Dget_space(dataset)), memory(H5Screate_simple(1, &count, nullptr));
    H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr);
    const double values[] = {7, 8};
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, values);
  };
  for (const auto& filters : {none, deflate, none, deflate}) {
    make(H5T_IEEE_F32BE, {8}, {3}, filters);
    EXPECT_EQ(*read<double>(H5T_NATIVE_DOUBLE), std::vector<double>(8, 0));
    make(H5T_IEEE_F32BE, {8}, {3}, filters, write);
    EXPECT_THAT(*read<double>(H5T_NATIVE_DOUBLE), ElementsAre(0, 0, 0, 7, 8, 0, 0, 0));
    const auto with_fill = [&](hid_t creation) {
      filters(creation);
      const double fill = 2.5;
      H5Pset_fill_value(creation, H5T_NATIVE_DOUBLE, &fill);
    };
    make(H5T_IEEE_F32BE, {8}, {3}, with_fill, write);
    EXPECT_THAT(error_of_doubles(), HasSubstr("'x' has elements that were never written"));
    make_counting(H5T_IEEE_F32BE, {4}, {3}, with_fill);
    EXPECT_THAT(*read<double>(H5T_NATIVE_DOUBLE), ElementsAre(0, 1, 2, 3));
    latest_format_ = filters == deflate;  // from the third on
  }
  make(H5T_IEEE_F32BE, {3}, {}, none);
  EXPECT_THAT(*read<double>(H5T_NATIVE_DOUBLE), ElementsAre(0, 0, 0));
  make(H5T_IEEE_F32BE, {3}, {}, [](hid_t creation) {
    const double fill = 2.5;
    H5Pset_fill_value(creation, H5T_NATIVE_DOUBLE, &fill);
  });
  EXPECT_THAT(error_of_doubles(), HasSubstr("'x' has elements that were never written"));
}

// The sizes that a file gives for its compact data and for a fill value are believed by HDF5.
TEST_F(Hdf5Block, CompactDataOfAnotherSizeAreRefused) {
  make_counting(H5T_IEEE_F64LE, {9}, {}, [](hid_t creation) { H5Pset_layout(creation, H5D_COMPACT); });
  EXPECT_THAT(*read<double>(H5T_NATIVE_DOUBLE), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  std::string bytes = headroom::testing::read_bytes(path_);
  const std::string layout("\3\0\x48\0", 4);  // version 3, compact, 72 bytes
  const std::size_t at = bytes.find(layout);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 2] = 71;
  folder_.write("block.h5", bytes);
  EXPECT_THAT(error_of_doubles(), HasSubstr("'x' claims more values than the file can hold"));
}

TEST_F(Hdf5Block, FiltersThatAChunkSkippedAreNotUndone) {
  make_counting(H5T_IEEE_F64LE, {4}, {2}, shuffle_deflate);
  const double values[] = {5, 6};
  const std::string plain(reinterpret_cast<const char*>(values), sizeof values);
  replace_chunk({2}, plain, 3);
  EXPECT_THAT(*read<double>(H5T_NATIVE_DOUBLE), ElementsAre(0, 1, 5, 6));
}

TEST_F(Hdf5Block, ChunksAtTheEdgeMayBeUnfiltered) {
  make_counting(H5T_IEEE_F64LE, {5}, {2}, [](hid_t creation) {
    H5Pset_deflate(creation, 4);
    H5Pset_chunk_opts(creation, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
  });
  EXPECT_THAT(*read<double>(H5T_NATIVE_DOUBLE), ElementsAre(0, 1, 2, 3, 4));
}

// HDF5's own H5Dread takes the missing bytes from beyond its buffer.
TEST_F(Hdf5Block, ChunksOfAnotherSizeAreRefused) {
  const std::string error = "a chunk of 'x' does not have the size that the layout says";
  for (const std::size_t n_bytes : {1, 8, 792, 799, 801, 1600, 4096}) {
    const std::string plain(n_bytes, '\1');
    for (const hsize_t chunk : {0, 100, 200}) {  // the first, another, the one at the edge
      latest_format_ = false;                    // the latest has no sizes of chunks that no filter changes
      make(H5T_IEEE_F64LE, {250}, {100}, none);
      replace_chunk({chunk}, plain);
      EXPECT_THAT(error_of_doubles(), HasSubstr(error)) << n_bytes;
      latest_format_ = n_bytes % 2 == 0;
      make_counting(H5T_IEEE_F64LE, {250}, {100}, deflate);
      replace_chunk({chunk}, deflated(plain));
      EXPECT_THAT(error_of_doubles(), HasSubstr(error)) << n_bytes;
      replace_chunk({chunk}, plain, 1);
      EXPECT_THAT(error_of_doubles(), HasSubstr(error)) << n_bytes;
      make_counting(H5T_IEEE_F64LE, {250}, {100}, shuffle_deflate);
      replace_chunk({chunk}, deflated(plain));
      EXPECT_THAT(error_of_doubles(), HasSubstr(error)) << n_bytes;
      make_counting(H5T_IEEE_F64LE, {250}, {100}, lzf);
      replace_chunk({chunk}, lzf_packed(plain));
      EXPECT_THAT(error_of_doubles(), ::testing::ContainsRegex("does not have the size|cannot be decompressed"));
    }
  }
}

TEST_F(Hdf5Block, DamagedChunksAreRefused) {
  make_counting(H5T_IEEE_F64LE, {8}, {4}, deflate);
  replace_chunk({4}, "no stream of zlib");
  EXPECT_THAT(error_of_doubles(), HasSubstr("a chunk of 'x' cannot be decompressed"));
  make_counting(H5T_IEEE_F64LE, {8}, {4}, lzf);
  replace_chunk({4}, "\xff\xff\xff");
  EXPECT_THAT(error_of_doubles(), HasSubstr("a chunk of 'x' cannot be decompressed"));
  make_counting(H5T_IEEE_F64LE, {8}, {4}, checksum);
  for (const std::size_t n_bytes : {2, 36}) {
    replace_chunk({4}, std::string(n_bytes, '\1'));
    EXPECT_THAT(error_of_doubles(), HasSubstr("a chunk of 'x' does not match its checksum"));
  }
}

TEST_F(Hdf5Block, OtherCompressionsAreNamed) {
  make_counting(H5T_STD_I32LE, {8}, {4}, [](hid_t creation) { H5Pset_scaleoffset(creation, H5Z_SO_INT, 0); });
  EXPECT_THAT(error_of_doubles(), HasSubstr("'x' is compressed in a way that is not read here (HDF5 filter 6)"));
  EXPECT_THAT(error_of_doubles(), HasSubstr("gzip or lzf, or none"));
}

TEST_F(Hdf5Block, TextsOfFixedLengthAreCheckedToo) {
  const Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), 3);
  const auto read_texts = [&] {
    const auto file = open_file(path_);
    return read_strings(*open_dataset(*file, "x"));
  };
  for (const auto& filters : {none, deflate, lzf}) {
    make(type.get(), {5}, {2}, filters, [&](hid_t dataset) {
      H5Dwrite(dataset, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, "a\0\0bb\0cccd\0\0e\0\0");
    });
    const auto texts = read_texts();
    ASSERT_TRUE(texts) << texts.error().line();
    EXPECT_THAT(*texts, ElementsAre("a", "bb", "ccc", "d", "e"));
    make(type.get(), {5}, {2}, filters);
    replace_chunk({2}, "xy", 1);
    const auto damaged = read_texts();
    ASSERT_FALSE(damaged);
    EXPECT_THAT(damaged.error().line(), HasSubstr("a chunk of 'x' does not have the size that the layout says"));
    EXPECT_THAT(damaged.error().line(), HasSubstr(path_.string()));
  }
}

TEST_F(Hdf5Block, TextsOfVariableLengthComeFromChunksOfAnyShape) {
  const Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  const auto write = [&](hid_t dataset) {
    const char* texts[] = {"one", "", "three", "four", "five"};
    H5Dwrite(dataset, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, texts);
  };
  for (const auto& filters : {none, shuffle_deflate, lzf, none, shuffle_deflate}) {
    make(type.get(), {5}, {2}, filters, write);
    {
      const auto file = open_file(path_);
      const auto texts = read_strings(*open_dataset(*file, "x"));
      ASSERT_TRUE(texts) << texts.error().line();
      EXPECT_THAT(*texts, ElementsAre("one", "", "three", "four", "five"));
    }
    make(type.get(), {5}, {2}, filters);
    replace_chunk({4}, std::string(16, '\0'), 15);
    {
      const auto file = open_file(path_);
      const auto texts = read_strings(*open_dataset(*file, "x"));
      ASSERT_FALSE(texts);
      EXPECT_THAT(texts.error().line(), HasSubstr("does not have the size that the layout says"));
    }
    make(type.get(), {1, 1}, {1, 2}, filters, write);
    const auto file = open_file(path_);
    EXPECT_EQ(*read_scalar_string(*open_dataset(*file, "x")), "one");
    user_block_ = user_block_ || filters == lzf;  // for the last two, as the library has no LZF
  }
}

TEST_F(Hdf5Block, TextsOfVariableLengthThatWereNeverWrittenAreEmptyOrRefused) {
  const Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  for (const std::vector<hsize_t>& chunk : std::vector<std::vector<hsize_t>>{{2}, {}, {2}, {}}) {
    make(type.get(), {3}, chunk, none);
    {
      const auto file = open_file(path_);
      EXPECT_THAT(*read_strings(*open_dataset(*file, "x")), ElementsAre("", "", ""));
    }
    make(type.get(), {3}, chunk, [&](hid_t creation) {
      const char* fill = "filled";
      H5Pset_fill_value(creation, type.get(), &fill);
    });
    const auto file = open_file(path_);
    const auto dataset = open_dataset(*file, "x");
    const auto texts = dataset ? read_strings(*dataset) : tl::unexpected(dataset.error());
    ASSERT_FALSE(texts);
    EXPECT_THAT(texts.error().line(), HasSubstr("'x' has elements that were never written"));
    user_block_ = chunk.empty();  // from the third on
  }
}

}  // namespace
}  // namespace headroom::hdf5
