#include "io/vector_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/io/fixtures.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using testing::fixture;
using testing::fixture_matrix;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::string message_of(const Result<VectorFile>& file) { return file ? "no error" : file.error().line(); }

TEST(ReadVectorFile, ReadsH5ad) {
  for (const char* name : {"dense_float64.h5ad", "csr_float32.h5ad", "legacy.h5ad"}) {
    const auto file = read_vector_file(fixture(name));
    ASSERT_TRUE(file) << file.error().line();
    EXPECT_THAT(file->ids, ElementsAre("cell0", "cell1", "cell2", "cell3", "cell4", "cell5"));
    EXPECT_EQ(file->vectors, fixture_matrix(6, 5)) << name;
  }
}

TEST(ReadVectorFile, ReadsNpzOfBothLayouts) {
  const auto pair = read_vector_file(fixture("vectors.npz"));
  ASSERT_TRUE(pair) << pair.error().line();
  EXPECT_THAT(pair->ids, ElementsAre("α", "b", "c"));
  EXPECT_EQ(pair->vectors, fixture_matrix(3, 5));
  EXPECT_EQ(read_vector_file(fixture("vectors_fortran.npz"))->vectors, fixture_matrix(3, 5));
  EXPECT_THAT(read_vector_file(fixture("vectors_half.npz"))->ids, ElementsAre("10", "20", "30"));

  const auto by_id = read_vector_file(fixture("vectors_by_id.npz"));
  ASSERT_TRUE(by_id) << by_id.error().line();
  EXPECT_THAT(by_id->ids, ElementsAre("g1", "g2"));
  EXPECT_EQ(by_id->vectors.row(0), fixture_matrix(6, 5).row(1));
  EXPECT_EQ(by_id->vectors.row(1), RowVector(fixture_matrix(6, 5).row(2).array().floor()));
  EXPECT_THAT(message_of(read_vector_file(fixture("vectors_pickled.npz"))), HasSubstr("pickled"));
}

TEST(ReadVectorFile, KnowsACountingOfRows) {
  EXPECT_TRUE(count_rows({"0", "1", "2"}));
  EXPECT_TRUE(count_rows({"1", "2"}));
  EXPECT_FALSE(count_rows({"1", "3"}));
  EXPECT_FALSE(count_rows({"2", "3"}));
  EXPECT_FALSE(count_rows({"0"}));
  EXPECT_FALSE(count_rows({"A", "B"}));
}

TEST(ReadVectorFile, LeavesColumnsOfTextOut) {
  const TemporaryFolder folder;
  const auto path = folder.write("v.csv", ",gene,symbol,x,y\n0,g1,A,1,2\n1,g2,B,3,4\n");
  const auto file = read_vector_file(path);
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_THAT(file->ids, ElementsAre("0", "1"));
  ASSERT_EQ(file->vectors.cols(), 2);
  EXPECT_EQ(file->vectors(1, 0), 3);
  ASSERT_EQ(file->other_ids.size(), 2u);
  EXPECT_EQ(file->other_ids[0].first, "gene");
  EXPECT_THAT(file->other_ids[0].second, ElementsAre("g1", "g2"));

  const auto chosen = read_vector_file(path, {}, "gene");
  ASSERT_TRUE(chosen) << chosen.error().line();
  EXPECT_THAT(chosen->ids, ElementsAre("g1", "g2"));
  EXPECT_EQ(chosen->vectors, file->vectors) << "the counting of rows is no dimension";
  EXPECT_THAT(message_of(read_vector_file(path, {}, "name")), HasSubstr("the first columns are: , gene, symbol, x, y"));
  // A hole is no column of text.
  EXPECT_THAT(message_of(read_vector_file(folder.write("h.csv", "id,x,y\na,NA?,2\nb,3,4\n"))), HasSubstr("'NA?'"));
}

TEST(ReadVectorFile, ChoosesArrays) {
  const auto file = read_vector_file(fixture("csc_raw_layer.h5ad"), {}, "layers/counts");
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_EQ(file->array, "layers/counts");
  EXPECT_THAT(message_of(read_vector_file(fixture("dense_float64.h5ad"), {}, "obsm/esm")),
              HasSubstr("there is no 'obsm/esm'"));
  const auto pair = read_vector_file(fixture("vectors.npz"), {}, "vectors");
  ASSERT_TRUE(pair) << pair.error().line();
  EXPECT_EQ(pair->array, "vectors");
  EXPECT_THAT(message_of(read_vector_file(fixture("vectors.npz"), {}, "esm")),
              HasSubstr("its arrays are: ids, vectors"));
}

TEST(ReadVectorFile, ReadsTextWithAndWithoutHeader) {
  const TemporaryFolder folder;
  Matrix expected(2, 2);
  expected << 1.5, -2, 0.25, 1e-3;
  for (const char* text : {"id,v1,v2\ng1,1.5,-2\ng2,0.25,1e-3\n", ",0,1x\ng1,1.5,-2\ng2,0.25,1e-3\n",
                           "g1,1.5,-2\ng2,0.25,1e-3\n", "g1\t1.5\t-2\r\ng2\t0.25\t1e-3\r\n"}) {
    const auto file = read_vector_file(folder.write("v.txt", text));
    ASSERT_TRUE(file) << file.error().line();
    EXPECT_THAT(file->ids, ElementsAre("g1", "g2"));
    EXPECT_EQ(file->vectors, expected) << text;
  }
  EXPECT_EQ(read_vector_file(fixture("vectors.tsv.gz"))->vectors, expected);
  // Chemical names hold commas: the extension decides.
  const auto chemical = read_vector_file(folder.write("v.tsv", "2,4-D\t1\n"));
  EXPECT_THAT(chemical->ids, ElementsAre("2,4-D"));
}

// pandas numbers the columns of an unnamed matrix: such a header is told by its first cell.
TEST(ReadVectorFile, TakesNumberedColumnsAsHeader) {
  const TemporaryFolder folder;
  for (const char* text : {",0,1\ng1,1.5,-2\n", "pert_id,0,1\ng1,1.5,-2\n", "index\t0\t1\ng1\t1.5\t-2\n"}) {
    const auto file = read_vector_file(folder.write("v.txt", text));
    ASSERT_TRUE(file) << file.error().line();
    EXPECT_THAT(file->ids, ElementsAre("g1"));
  }
}

TEST(ReadVectorFile, ReadsADescriptorUnderItsGivenName) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& text) {
    const int fd = ::open(folder.write("hidden", text).c_str(), O_RDONLY);
    const auto file = read_vector_file("/proc/self/fd/" + std::to_string(fd), "fm.csv");
    ::close(fd);
    return message_of(file);
  };
  EXPECT_THAT(message("g1,1\ng1,2\n"), HasSubstr("id 'g1' is there twice (fm.csv)"));
  EXPECT_THAT(message("g1,1\ng2\n"), HasSubstr("(fm.csv, line 2)"));
  EXPECT_EQ(message("g1\t1\n"),
            "one column only (fm.csv, line 1): give the id first, then one column a dimension, split "
            "by comma or tab");
}

TEST(ReadVectorFile, RefusesWhatIsNoEmbedding) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& text) {
    return message_of(read_vector_file(folder.write("v.csv", text)));
  };
  EXPECT_THAT(message(""), HasSubstr("empty"));
  EXPECT_THAT(message("id,v1\n"), HasSubstr("no vectors"));
  EXPECT_THAT(message("g1\ng2\n"), HasSubstr("one column only"));
  EXPECT_THAT(message("g1,1,2\ng2,1,x\n"), HasSubstr("the vector of 'g2' has 'x' in column 2"));
  EXPECT_THAT(message("g1,1,2\ng2,nan,1\n"), HasSubstr("the vector of 'g2' has NaN in column 1"));
  EXPECT_THAT(message("g1,1,2\ng2,1,-inf\n"), HasSubstr("the vector of 'g2' has infinity in column 2"));
  EXPECT_THAT(message("g1,1\ng1,2\n"), HasSubstr("id 'g1' is there twice"));
  EXPECT_THAT(message("g1,1\n,2\n"), HasSubstr("vector 2 has an empty id"));
  EXPECT_THAT(message("PAR1xxxx"), HasSubstr("Parquet"));
  EXPECT_THAT(message("\x93NUMPY\1"), HasSubstr("numpy.savez"));
  EXPECT_THAT(message(std::string("\x7f"
                                  "ELF\0\0",
                                  6)),
              HasSubstr("not text"));
  EXPECT_THAT(message("PK\x03\x04junk"), HasSubstr("zip"));
  EXPECT_THAT(message("\x89HDF\r\n\x1a\njunk"), HasSubstr("HDF5"));
  EXPECT_THAT(message_of(read_vector_file(folder / "absent.csv")), HasSubstr("No such file"));
  EXPECT_THAT(message_of(read_vector_file(folder.path())), HasSubstr("it is a folder, not a file"));
}

}  // namespace
}  // namespace headroom
