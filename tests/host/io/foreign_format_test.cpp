#include "io/foreign_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/fixtures.hpp"
#include "host/io/temporary_folder.hpp"
#include "io/h5ad.hpp"
#include "io/vector_file.hpp"

namespace headroom {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::string told(const std::filesystem::path& path) {
  const auto error = foreign_format(path);
  return error ? error->line() : "";
}

TEST(ForeignFormat, NamesContainersByTheirContent) {
  const TemporaryFolder folder;
  EXPECT_THAT(told(folder.write("a.parquet", "PAR1xxxxPAR1")), HasSubstr("pandas.read_parquet"));
  EXPECT_THAT(told(folder.write("a.pt", std::string("PK\x03\x04") + "archive/data.pkl")), HasSubstr("a PyTorch file"));
  EXPECT_THAT(told(folder.write("a.xlsx", std::string("PK\x03\x04") + "xl/workbook.xml")), HasSubstr("read_excel"));
  EXPECT_THAT(told(folder.write("a.pkl", "\x80\x04\x95")), HasSubstr("a Python pickle"));
  EXPECT_THAT(told(folder.write("a.rds", "\x1f\x8b\x08")), HasSubstr("zellkonverter"));
  EXPECT_THAT(told(folder.write("a.npy", "\x93NUMPY\x01")), HasSubstr("numpy.savez"));
  std::filesystem::create_directory(folder / "a.zarr");
  folder.write("a.zarr/.zgroup", "{}");
  EXPECT_THAT(told(folder / "a.zarr"), HasSubstr("a zarr store"));
  EXPECT_EQ(told(folder.write("a.csv", "id,x\ng1,2\n")), "");
  EXPECT_EQ(told(testing::fixture("vectors.npz")), "");
  EXPECT_EQ(told(folder.path()), "");

  // Where such a file is read, that is the error, by the name that the user knows.
  const auto vectors = read_vector_file(folder / "a.parquet", "mine.parquet");
  ASSERT_FALSE(vectors);
  EXPECT_THAT(vectors.error().line(), HasSubstr("the file is a Parquet file, which is not read here (mine.parquet)"));
  const auto cells = H5adFile::open(folder / "a.zarr");
  ASSERT_FALSE(cells);
  EXPECT_THAT(cells.error().line(), HasSubstr("anndata.read_zarr"));
}

}  // namespace
}  // namespace headroom
