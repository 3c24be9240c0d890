#include "io/h5ad.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <filesystem>

#include "host/io/fixtures.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using testing::fixture;
using testing::fixture_matrix;
using ::testing::HasSubstr;

using Texts = std::vector<std::string>;
using Integers = std::vector<std::int64_t>;

H5adFile open_fixture(const std::string& name) {
  auto file = H5adFile::open(fixture(name));
  if (!file) throw std::runtime_error(file.error().line());
  return std::move(*file);
}

Matrix read_matrix(const H5adFile& file, const std::string& name = "X") {
  auto matrix = file.matrix(name);
  if (!matrix) throw std::runtime_error(matrix.error().line());
  auto values = matrix->read();
  if (!values) throw std::runtime_error(values.error().line());
  return std::move(*values);
}

TEST(H5adFile, ReadsTablesOfAnndata) {
  const H5adFile file = open_fixture("dense_float64.h5ad");
  EXPECT_EQ(file.n_obs(), 6u);
  EXPECT_EQ(file.n_vars(), 5u);
  EXPECT_FALSE(file.has_raw());
  EXPECT_THAT(*file.read_index(H5adAxis::obs), ElementsAre("cell0", "cell1", "cell2", "cell3", "cell4", "cell5"));
  EXPECT_THAT(*file.read_index(H5adAxis::var), ElementsAre("SYM0", "SYM1", "SYM2", "SYM3", "SYM4"));
  EXPECT_THAT(file.columns(H5adAxis::obs), ElementsAre("guide", "plate", "name", "count", "depth", "is_control"));
  EXPECT_THAT(file.columns(H5adAxis::var), ElementsAre("gene_id"));
  EXPECT_TRUE(file.columns(H5adAxis::raw_var).empty());
}

TEST(H5adFile, ReadsColumnsOfEveryKind) {
  const H5adFile file = open_fixture("dense_float64.h5ad");
  const auto guide = file.read_column(H5adAxis::obs, "guide");
  ASSERT_TRUE(guide) << guide.error().line();
  EXPECT_TRUE(guide->categorical);
  EXPECT_EQ(std::get<Texts>(guide->values), (Texts{"b", "a", "", "b", "c", "a"}));
  EXPECT_THAT(guide->present, ElementsAre(true, true, false, true, true, true));

  const auto plate = file.read_column(H5adAxis::obs, "plate");
  ASSERT_TRUE(plate) << plate.error().line();
  EXPECT_EQ(std::get<Integers>(plate->values), (Integers{3, 1, 3, 1, 3, 1}));
  EXPECT_TRUE(plate->present.empty());

  const auto name = file.read_column(H5adAxis::obs, "name");
  ASSERT_TRUE(name) << name.error().line();
  EXPECT_EQ(std::get<Texts>(name->values), (Texts{"α", "β beta", "", "d,e", "f\"g", "h"}));

  const auto count = file.read_column(H5adAxis::obs, "count");
  ASSERT_TRUE(count) << count.error().line();
  EXPECT_EQ(std::get<Integers>(count->values), (Integers{5, -4, 3, 2, 1, 0}));

  const auto depth = file.read_column(H5adAxis::obs, "depth");
  ASSERT_TRUE(depth) << depth.error().line();
  EXPECT_EQ(std::get<std::vector<double>>(depth->values)[4], -3.25);
  EXPECT_FALSE(depth->is_present(2));
  EXPECT_EQ(depth->text(1), "1");
  EXPECT_EQ(depth->text(0), "0.5");

  const auto control = file.read_column(H5adAxis::obs, "is_control");
  ASSERT_TRUE(control) << control.error().line();
  EXPECT_EQ(std::get<std::vector<bool>>(control->values), (std::vector<bool>{true, false, false, true, false, false}));
  EXPECT_EQ(control->text(0), "True");
}

// By kind and shape alone, so that no column is read twice.
TEST(H5adFile, KnowsColumnsThatItCannotRead) {
  for (const char* name : {"dense_float64.h5ad", "legacy.h5ad", "nullable.h5ad", "csc_raw_layer.h5ad"}) {
    const H5adFile file = open_fixture(name);
    for (const H5adAxis axis : {H5adAxis::obs, H5adAxis::var, H5adAxis::raw_var}) {
      EXPECT_THAT(file.odd_columns(axis), ElementsAre()) << name;
      for (const std::string& column : file.columns(axis)) EXPECT_TRUE(file.read_column(axis, column)) << column;
    }
  }

  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("odd" + std::to_string(::getpid()));
  std::filesystem::copy_file(fixture("dense_float64.h5ad"), path, std::filesystem::copy_options::overwrite_existing);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const auto replace = [&](const char* name, hid_t type, std::vector<hsize_t> sizes) {
    H5Ldelete(file, name, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<char> zeros(H5Tget_size(type) * 12);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data());
    H5Dclose(set);
    H5Sclose(space);
  };
  const hid_t compound = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(compound, "a", 0, H5T_NATIVE_INT32);
  H5Tinsert(compound, "b", 4, H5T_NATIVE_INT32);
  replace("obs/count", compound, {6});
  replace("obs/depth", H5T_NATIVE_DOUBLE, {6, 2});
  replace("obs/name", H5T_NATIVE_DOUBLE, {5});
  H5Tclose(compound);
  H5Fclose(file);
  const auto odd = H5adFile::open(path);
  ASSERT_TRUE(odd.has_value()) << odd.error().line();
  EXPECT_THAT(odd->odd_columns(H5adAxis::obs), ElementsAre("name", "count", "depth"));
  for (const char* name : {"name", "count", "depth"}) EXPECT_FALSE(odd->read_column(H5adAxis::obs, name)) << name;
  std::filesystem::remove(path);
}

TEST(H5adFile, ReadsLabelsAsCodes) {
  const H5adFile file = open_fixture("dense_float64.h5ad");
  const auto guide = file.read_labels(H5adAxis::obs, "guide");
  ASSERT_TRUE(guide) << guide.error().line();
  EXPECT_THAT(guide->labels, ElementsAre("a", "b", "c"));
  EXPECT_THAT(guide->codes, ElementsAre(1, 0, LabelColumn::kMissing, 1, 2, 0));
  const auto plate = file.read_labels(H5adAxis::obs, "plate");
  ASSERT_TRUE(plate) << plate.error().line();
  EXPECT_THAT(plate->labels, ElementsAre("1", "3"));
  EXPECT_THAT(plate->codes, ElementsAre(1, 0, 1, 0, 1, 0));
  const auto depth = file.read_labels(H5adAxis::obs, "depth");
  ASSERT_TRUE(depth) << depth.error().line();
  EXPECT_THAT(depth->codes, ElementsAre(0, 1, LabelColumn::kMissing, 2, 3, 4));
}

TEST(H5adFile, ReadsDenseCsrAndCscAlike) {
  const H5adFile dense = open_fixture("dense_float64.h5ad");
  EXPECT_EQ(read_matrix(dense), fixture_matrix(6, 5));
  EXPECT_EQ(dense.matrix()->layout(), MatrixLayout::dense);
  EXPECT_EQ(dense.matrix()->dtype(), "float64");

  const H5adFile csr = open_fixture("csr_float32.h5ad");
  EXPECT_EQ(read_matrix(csr), fixture_matrix(6, 5));
  EXPECT_EQ(csr.matrix()->layout(), MatrixLayout::csr);
  EXPECT_EQ(csr.matrix()->dtype(), "float32");
  EXPECT_EQ(csr.matrix()->n_stored(), 20u);

  const H5adFile csc = open_fixture("csc_raw_layer.h5ad");
  EXPECT_EQ(csc.matrix()->layout(), MatrixLayout::csc);
  EXPECT_EQ(read_matrix(csc), fixture_matrix(6, 3));
}

TEST(H5adFile, ReadsRawAndLayers) {
  const H5adFile file = open_fixture("csc_raw_layer.h5ad");
  ASSERT_TRUE(file.has_raw());
  EXPECT_EQ(file.read_index(H5adAxis::raw_var)->size(), 5u);
  EXPECT_EQ(read_matrix(file, "raw/X"), fixture_matrix(6, 5));
  const Matrix counts = read_matrix(file, "layers/counts");
  EXPECT_EQ(counts, Matrix(fixture_matrix(6, 3).array().floor()));
  EXPECT_TRUE(file.matrix("layers/counts")->holds_integers());
  EXPECT_EQ(file.uns_text("headroom_design"), "matched");
  EXPECT_EQ(file.uns_text("absent"), std::nullopt);
  const auto missing = file.matrix("layers/absent");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().line(), HasSubstr("'layers/absent' is missing"));
}

// Every layout gives the named rows in the order named, repeats included.
TEST(H5adMatrix, ReadsChosenRowsInAnyOrder) {
  for (const char* name : {"dense_float64.h5ad", "csr_float32.h5ad", "csc_raw_layer.h5ad"}) {
    const H5adFile file = open_fixture(name);
    const auto matrix = file.matrix();
    ASSERT_TRUE(matrix) << matrix.error().line();
    const RowIndex rows{4, 0, 4, 3};
    const auto values = matrix->read_rows(rows);
    ASSERT_TRUE(values) << values.error().line();
    EXPECT_EQ(*values, gather_rows(fixture_matrix(6, static_cast<Eigen::Index>(file.n_vars())), rows)) << name;
    EXPECT_EQ(matrix->read_rows({})->rows(), 0);
    EXPECT_FALSE(matrix->read_rows({6}));
    EXPECT_FALSE(matrix->read_rows({-1}));
  }
}

TEST(H5adMatrix, OutlivesItsFile) {
  std::optional<H5adMatrix> matrix;
  {
    const H5adFile file = open_fixture("csr_float32.h5ad");
    matrix = std::move(*file.matrix());
  }
  EXPECT_EQ(*matrix->read(), fixture_matrix(6, 5));
}

TEST(H5adMatrix, GivesRawEntries) {
  const H5adFile file = open_fixture("csr_float32.h5ad");
  const auto matrix = file.matrix();
  const auto offsets = matrix->read_offsets();
  ASSERT_TRUE(offsets) << offsets.error().line();
  EXPECT_EQ(offsets->size(), 7u);
  EXPECT_EQ(offsets->back(), 20);
  std::vector<std::int32_t> columns(4);
  std::vector<float> values(4);
  ASSERT_TRUE(matrix->read_entries((*offsets)[5], std::span(columns).first(2), std::span(values).first(2)));
  EXPECT_EQ(values[0], static_cast<float>(fixture_matrix(6, 5)(5, columns[0])));
  EXPECT_FALSE(matrix->read_entries(17, std::span(columns), std::span(values)));
  EXPECT_FALSE(matrix->read_entries(-1, std::span(columns), std::span(values)));
  EXPECT_FALSE(open_fixture("dense_float64.h5ad").matrix()->read_offsets());
}

TEST(H5adFile, ReadsFormsOfOldAnndata) {
  const H5adFile file = open_fixture("legacy.h5ad");
  EXPECT_THAT(*file.read_index(H5adAxis::obs), ElementsAre("cell0", "cell1", "cell2", "cell3", "cell4", "cell5"));
  EXPECT_THAT(*file.read_index(H5adAxis::var), ElementsAre("100", "101", "102", "103", "104"));
  const auto guide = file.read_column(H5adAxis::obs, "guide");
  ASSERT_TRUE(guide) << guide.error().line();
  EXPECT_EQ(std::get<Texts>(guide->values), (Texts{"b", "a", "", "b", "c", "a"}));
  EXPECT_EQ(read_matrix(file), fixture_matrix(6, 5));
}

TEST(H5adFile, RefusesCompoundTables) {
  const auto file = H5adFile::open(fixture("legacy_compound.h5ad"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(file.error().line(), HasSubstr("before 0.7"));
}

TEST(H5adFile, ReadsNullableColumnsAndBooleanMatrix) {
  const H5adFile file = open_fixture("nullable.h5ad");
  EXPECT_THAT(*file.read_index(H5adAxis::var), ElementsAre("7", "8"));
  const auto dose = file.read_column(H5adAxis::obs, "dose");
  ASSERT_TRUE(dose) << dose.error().line();
  EXPECT_EQ(std::get<Integers>(dose->values)[2], 3);
  EXPECT_THAT(dose->present, ElementsAre(true, false, true));
  const auto alive = file.read_column(H5adAxis::obs, "alive");
  ASSERT_TRUE(alive) << alive.error().line();
  EXPECT_EQ(alive->text(0), "True");
  EXPECT_EQ(alive->text(2), "");
  const auto guide = file.read_labels(H5adAxis::obs, "guide");
  ASSERT_TRUE(guide) << guide.error().line();
  EXPECT_THAT(guide->labels, ElementsAre("A1", "B2"));
  EXPECT_THAT(guide->codes, ElementsAre(1, LabelColumn::kMissing, 0));
  Matrix expected(3, 2);
  expected << 1, 0, 0, 1, 1, 1;
  EXPECT_EQ(read_matrix(file), expected);
  EXPECT_EQ(file.matrix()->dtype(), "bool");
}

TEST(H5adFile, NamesWhatIsMissing) {
  const H5adFile file = open_fixture("dense_float64.h5ad");
  const auto column = file.read_column(H5adAxis::obs, "pert_id");
  ASSERT_FALSE(column);
  EXPECT_THAT(column.error().line(), HasSubstr("column 'pert_id' is missing from obs"));
  EXPECT_THAT(column.error().line(), HasSubstr("the columns are: guide, plate"));
  EXPECT_FALSE(file.read_labels(H5adAxis::var, "nothing"));
  EXPECT_FALSE(file.read_index(H5adAxis::raw_var));
  EXPECT_FALSE(file.matrix("raw/X"));

  const auto absent = H5adFile::open("no/such/file.h5ad");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().where, "no/such/file.h5ad");
  const auto folder = H5adFile::open(HEADROOM_SOURCE_DIR);
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().line(), HasSubstr("not a regular file"));
  const auto text = H5adFile::open(fixture("make_fixtures.py"));
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().line(), HasSubstr("not a readable HDF5 file"));
}

// The simulated screen of the oracle: gzip-compressed CSR counts and dense deltas as anndata 0.8 wrote them.
TEST(H5adFile, ReadsTheOracleScreen) {
  const std::filesystem::path screen = std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "small";
  if (!std::filesystem::exists(screen)) GTEST_SKIP() << "no oracle data at " << screen;
  const auto cells = H5adFile::open(screen / "cells.h5ad");
  ASSERT_TRUE(cells) << cells.error().line();
  EXPECT_EQ(cells->n_obs(), 6000u);
  const auto depth = cells->read_column(H5adAxis::obs, "UMI_count");
  ASSERT_TRUE(depth) << depth.error().line();
  const Matrix counts = read_matrix(*cells);
  for (Eigen::Index i = 0; i < counts.rows(); ++i) {
    ASSERT_EQ(counts.row(i).sum(), std::get<Integers>(depth->values)[static_cast<std::size_t>(i)]) << "cell " << i;
  }
  const auto labels = cells->read_labels(H5adAxis::obs, "gene_id");
  ASSERT_TRUE(labels) << labels.error().line();
  EXPECT_EQ(labels->labels.size(), 61u);
}

}  // namespace
}  // namespace headroom
