// Damaged h5ad files: every one gives an error or, where the damage does not show, a matrix of the right shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "host/io/fixtures.hpp"
#include "host/io/temporary_folder.hpp"
#include "io/h5ad.hpp"

namespace headroom {
namespace {

using testing::fixture;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::TemporaryFolder;

// Everything that a caller may ask of a file. Returns the first error.
Result<void> read_everything(const std::filesystem::path& path) {
  const auto file = H5adFile::open(path);
  if (!file) return tl::unexpected(file.error());
  for (const H5adAxis axis : {H5adAxis::obs, H5adAxis::var}) {
    const std::size_t n = axis == H5adAxis::obs ? file->n_obs() : file->n_vars();
    const auto index = file->read_index(axis);
    if (!index) return tl::unexpected(index.error());
    EXPECT_EQ(index->size(), n);
    for (const std::string& name : file->columns(axis)) {
      const auto column = file->read_column(axis, name);
      if (!column) return tl::unexpected(column.error());
      EXPECT_EQ(column->size(), n);
      const auto labels = file->read_labels(axis, name);
      if (!labels) return tl::unexpected(labels.error());
      for (const std::int32_t code : labels->codes) EXPECT_LT(code, static_cast<std::int32_t>(labels->labels.size()));
    }
  }
  const auto matrix = file->matrix();
  if (!matrix) return tl::unexpected(matrix.error());
  const auto values = matrix->read();
  if (!values) return tl::unexpected(values.error());
  EXPECT_EQ(static_cast<std::size_t>(values->rows()), file->n_obs());
  return {};
}

// Replaces the numbers of a one-dimensional integer dataset in a copy of a fixture.
std::filesystem::path with_integers(const TemporaryFolder& folder, const std::string& name, const std::string& dataset,
                                    const std::vector<std::int64_t>& values) {
  const auto path = folder.write("edited.h5ad", read_bytes(fixture(name)));
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  EXPECT_GE(H5Ldelete(file, dataset.c_str(), H5P_DEFAULT), 0);
  const hsize_t n = values.size();
  const hid_t space = H5Screate_simple(1, &n, nullptr);
  const hid_t id = H5Dcreate2(file, dataset.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_GE(H5Dwrite(id, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Dclose(id);
  H5Sclose(space);
  H5Fclose(file);
  return path;
}

std::string message_of(const std::filesystem::path& path) {
  const auto read = read_everything(path);
  if (read) return "no error";
  EXPECT_EQ(read.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(read.error().where, HasSubstr(path.string()));
  return read.error().line();
}

TEST(DamagedH5ad, FixturesAreWholeBeforeTheyAreDamaged) {
  for (const char* name : {"dense_float64.h5ad", "csr_float32.h5ad", "csc_raw_layer.h5ad", "legacy.h5ad"}) {
    const auto read = read_everything(fixture(name));
    EXPECT_TRUE(read) << read.error().line();
  }
}

TEST(DamagedH5ad, SparsePartsMustFitEachOther) {
  const TemporaryFolder folder;
  const std::string csr = "csr_float32.h5ad";
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indptr", {0, 3, 6, 10, 13, 16, 21})), HasSubstr("ascend"));
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indptr", {0, 3, 2, 10, 13, 16, 20})), HasSubstr("ascend"));
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indptr", {1, 3, 6, 10, 13, 16, 20})), HasSubstr("ascend"));
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indptr", {0, 3, 20})), HasSubstr("3 elements instead of 7"));
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indptr", {-1, 3, 6, 10, 13, 16, 20})), HasSubstr("ascend"));
  std::vector<std::int64_t> columns(20, 0);
  columns[7] = 5;
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indices", columns)), HasSubstr("holds 5, which is not below 5"));
  columns[7] = -1;
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indices", columns)), HasSubstr("holds -1"));
  columns.resize(19);
  EXPECT_THAT(message_of(with_integers(folder, csr, "X/indices", columns)), HasSubstr("20 values but 19 indices"));
  std::vector<std::int64_t> rows(10, 0);
  rows[3] = 6;
  EXPECT_THAT(message_of(with_integers(folder, "csc_raw_layer.h5ad", "X/indices", rows)), HasSubstr("indices"));
}

TEST(DamagedH5ad, CategoriesAndLengthsMustFit) {
  const TemporaryFolder folder;
  const std::string dense = "dense_float64.h5ad";
  EXPECT_THAT(message_of(with_integers(folder, dense, "obs/guide/codes", {0, 1, 2, 3, 0, 0})),
              HasSubstr("row 4 of 'obs/guide/codes' has category 3, but there are 3"));
  EXPECT_THAT(message_of(with_integers(folder, dense, "obs/guide/codes", {0, 1, 2, -2, 0, 0})), HasSubstr("-2"));
  EXPECT_THAT(message_of(with_integers(folder, dense, "obs/count", {1, 2, 3})),
              HasSubstr("column 'obs/count' has 3 rows, its table 6"));
  EXPECT_THAT(message_of(with_integers(folder, dense, "X", {1, 2, 3})), HasSubstr("1 dimensions instead of 2"));
  EXPECT_THAT(message_of(with_integers(folder, dense, "var/_index", {1, 2, 3, 4})), HasSubstr("has 5 rows"));
}

TEST(DamagedH5ad, LinksOutOfTheFileAreRefused) {
  const TemporaryFolder folder;
  const auto other = folder.write("other.h5ad", read_bytes(fixture("dense_float64.h5ad")));
  const auto path = folder.write("linked.h5ad", read_bytes(fixture("dense_float64.h5ad")));
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "X", H5P_DEFAULT);
  H5Lcreate_external(other.c_str(), "X", file, "X", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  EXPECT_THAT(message_of(path), HasSubstr("link out of the file"));
}

// A soft link stays in its file by itself, but not if it leads through an external one; neither does a group's.
TEST(DamagedH5ad, NoRoadOfLinksLeadsOutOfTheFile) {
  const TemporaryFolder folder;
  const std::string whole = read_bytes(fixture("dense_float64.h5ad"));
  const auto other = folder.write("other.h5ad", whole);
  const auto linked = [&](const char* replaced, const char* target) {
    const auto path = folder.write("linked.h5ad", whole);
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Lcreate_external(other.c_str(), "/", file, "way", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/way", file, "way_to_the_way", H5P_DEFAULT, H5P_DEFAULT);
    H5Ldelete(file, replaced, H5P_DEFAULT);
    EXPECT_GE(H5Lcreate_soft(target, file, replaced, H5P_DEFAULT, H5P_DEFAULT), 0);
    H5Fclose(file);
    return path;
  };
  for (const char* part : {"X", "obs", "var", "obs/guide", "obs/guide/codes", "obs/count", "var/_index"}) {
    for (const char* way : {"/way/", "/way_to_the_way/", "/./way/"}) {
      const auto path = linked(part, (way + std::string(part)).c_str());
      EXPECT_THAT(message_of(path), HasSubstr("link out of the file")) << part << " by " << way;
    }
  }
  EXPECT_THAT(message_of(linked("X", "/nothing")), HasSubstr("a link to nothing"));
  // A link inside the file is part of what is hashed.
  const auto path = folder.write("inside.h5ad", whole);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Lmove(file, "X", file, "moved", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/moved", file, "X", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  EXPECT_EQ(message_of(path), "no error");
}

// A virtual dataset without a fixed extent: only asking for its size opens the file that it is made of.
TEST(DamagedH5ad, VirtualDatasetsAreRefusedUnopened) {
  const TemporaryFolder folder;
  const auto path = folder.write("virtual.h5ad", read_bytes(fixture("dense_float64.h5ad")));
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "X", H5P_DEFAULT);
  const hsize_t dims[2] = {6, 5}, most[2] = {H5S_UNLIMITED, 5}, start[2] = {0, 0}, count[2] = {H5S_UNLIMITED, 1},
                block[2] = {1, 5};
  const hid_t space = H5Screate_simple(2, dims, most);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, block);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  EXPECT_GE(H5Pset_virtual(creation, space, (folder / "source.h5").c_str(), "X", space), 0);
  const hid_t made = H5Dcreate2(file, "X", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  EXPECT_GE(made, 0);
  H5Dclose(made);
  H5Pclose(creation);
  H5Sclose(space);
  H5Fclose(file);
  // Opened, a pipe that nobody writes to would never come back.
  ASSERT_EQ(mkfifo((folder / "source.h5").c_str(), 0600), 0);
  EXPECT_THAT(message_of(path), HasSubstr("stored outside the file"));
}

TEST(DamagedH5ad, StorageOutsideTheFileIsRefused) {
  const TemporaryFolder folder;
  folder.write("secret.bin", std::string(6 * 5 * sizeof(double), '\1'));
  const auto path = folder.write("external.h5ad", read_bytes(fixture("dense_float64.h5ad")));
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "X", H5P_DEFAULT);
  const hsize_t dims[2] = {6, 5};
  const hid_t space = H5Screate_simple(2, dims, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(creation, (folder / "secret.bin").c_str(), 0, H5F_UNLIMITED);
  H5Dclose(H5Dcreate2(file, "X", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Pclose(creation);
  H5Sclose(space);
  H5Fclose(file);
  EXPECT_THAT(message_of(path), HasSubstr("stored outside the file"));
}

// A dataset that claims 8 PB and holds nothing must be refused before memory is asked for.
TEST(DamagedH5ad, ImpossibleSizesAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder.write("huge.h5ad", read_bytes(fixture("dense_float64.h5ad")));
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "X", H5P_DEFAULT);
  const hsize_t dims[2] = {hsize_t{1} << 30, hsize_t{1} << 20};
  const hsize_t chunk[2] = {64, 64};
  const hid_t space = H5Screate_simple(2, dims, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 2, chunk);
  H5Dclose(H5Dcreate2(file, "X", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Pclose(creation);
  H5Sclose(space);
  H5Fclose(file);
  EXPECT_THAT(message_of(path), HasSubstr("more values than the file can hold"));
}

TEST(DamagedH5ad, TruncationIsOneClearErrorWhereverItFalls) {
  const TemporaryFolder folder;
  for (const char* name : {"dense_float64.h5ad", "csr_float32.h5ad", "legacy.h5ad"}) {
    const std::string whole = read_bytes(fixture(name));
    for (std::size_t size = 0; size < whole.size(); size += 397) {
      const auto path = folder.write("cut.h5ad", whole.substr(0, size));
      const auto read = read_everything(path);
      ASSERT_FALSE(read) << name << " cut to " << size << " of " << whole.size();
      ASSERT_EQ(read.error().where, path.string());
      if (size > 2048) {
        ASSERT_THAT(read.error().line(), HasSubstr("truncated"));
      }
    }
  }
}

// HDF5 1.10 itself crashes on some files whose description of a type is damaged; this many of the trials of one file
// may hit such a place (measured: at most 1 of 60). A crash of our own reading would show in far more of them.
constexpr int kMostLibraryCrashes = 3;

// Flipped bits are an error or do not show; a process of its own for each file keeps a crash from hiding the others.
TEST(DamagedH5ad, FlippedBitsAreErrorsWhereTheLibrarySurvivesThem) {
  const TemporaryFolder folder;
  int n_errors = 0;
  for (const char* name : {"dense_float64.h5ad", "csr_float32.h5ad", "legacy.h5ad"}) {
    const std::string whole = read_bytes(fixture(name));
    std::mt19937 random(11);
    int n_crashes = 0;
    for (int trial = 0; trial < 60; ++trial) {
      std::string bytes = whole;
      for (int flip = 0; flip < 3; ++flip) bytes[random() % bytes.size()] ^= static_cast<char>(1u << random() % 8);
      const auto path = folder.write("flipped.h5ad", bytes);
      const pid_t child = fork();
      if (child == 0) _exit(read_everything(path) ? 0 : 1);
      int status = 0;
      waitpid(child, &status, 0);
      if (WIFEXITED(status)) {
        n_errors += WEXITSTATUS(status);
      } else {
        ++n_crashes;
      }
    }
    EXPECT_LE(n_crashes, kMostLibraryCrashes) << name;
  }
  EXPECT_GT(n_errors, 10);
}

// One text's length, then its index in the heap, beyond what the heap holds: HDF5's own reading writes past a buffer.
TEST(DamagedH5ad, TextsThatClaimTooMuchAreRefused) {
  const TemporaryFolder folder;
  const auto path = fixture("dense_float64.h5ad");
  const std::string whole = read_bytes(path);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t index = H5Dopen2(file, "obs/_index", H5P_DEFAULT);
  const auto reference = static_cast<std::size_t>(H5Dget_offset(index));  // length, heap address, heap index
  H5Dclose(index);
  H5Fclose(file);
  for (const std::size_t field : {reference, reference + 4, reference + 12}) {
    std::string bytes = whole;
    ASSERT_LT(field + 2, bytes.size());
    bytes[field + 2] ^= 1;  // 65,536 more or less
    EXPECT_THAT(message_of(folder.write("claims.h5ad", bytes)), HasSubstr("the text of 'obs/_index' is damaged"));
  }
}

// A chunk's own record may claim more bytes than its layout, and HDF5 then writes as many into the reader's buffer.
TEST(DamagedH5ad, ChunksOfTextThatClaimMoreThanTheirLayoutAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder.write("claims.h5ad", read_bytes(fixture("dense_float64.h5ad")));
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "obs/_index", H5P_DEFAULT);
  const hsize_t n = 6, chunk = 2, offset = 0;
  const hid_t space = H5Screate_simple(1, &n, nullptr);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 1, &chunk);
  const hid_t id = H5Dcreate2(file, "obs/_index", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  const std::string bytes(4096, '\0');
  EXPECT_GE(H5Dwrite_chunk(id, H5P_DEFAULT, 0, &offset, bytes.size(), bytes.data()), 0);
  H5Dclose(id);
  H5Pclose(creation);
  H5Tclose(type);
  H5Sclose(space);
  H5Fclose(file);
  EXPECT_THAT(message_of(path), HasSubstr("a chunk of 'obs/_index' does not have the size that the layout says"));
}

// Chunks that hold fewer elements than their layout says, which HDF5's own H5Dread takes from beyond its buffer.
TEST(DamagedH5ad, ShortChunksAreRefused) {
  const TemporaryFolder folder;
  struct Place {
    const char* name;
    std::vector<hsize_t> dims, chunk, offset;
  };
  for (const auto& [name, dims, chunk, offset] :
       {Place{"obs/guide/codes", {6}, {4}, {4}}, Place{"obs/depth", {6}, {3}, {3}}, Place{"obs/name", {6}, {2}, {2}},
        Place{"obs/_index", {6}, {6}, {0}}, Place{"var/_index", {5}, {2}, {4}}, Place{"X", {6, 5}, {3, 5}, {3, 0}}}) {
    const auto path = folder.write("short.h5ad", read_bytes(fixture("dense_float64.h5ad")));
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, name, H5P_DEFAULT);
    const bool is_text = std::string(name).ends_with("name") || std::string(name).ends_with("_index");
    const hid_t type = H5Tcopy(is_text ? H5T_C_S1 : H5T_NATIVE_DOUBLE);
    if (is_text) H5Tset_size(type, 40);
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    const hid_t codes = std::string(name).ends_with("codes") ? H5T_STD_I64LE : type;
    const hid_t id = H5Dcreate2(file, name, codes, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    const std::string bytes(7, '\0');
    EXPECT_GE(H5Dwrite_chunk(id, H5P_DEFAULT, 0, offset.data(), bytes.size(), bytes.data()), 0);
    H5Dclose(id);
    H5Pclose(creation);
    H5Sclose(space);
    H5Tclose(type);
    H5Fclose(file);
    EXPECT_THAT(message_of(path),
                HasSubstr("a chunk of '" + std::string(name) + "' does not have the size that the layout says"));
  }
}

}  // namespace
}  // namespace headroom
