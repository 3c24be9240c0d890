#include "io/h5ad_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <limits>
#include <thread>

#include "host/io/fixtures.hpp"
#include "host/io/temporary_folder.hpp"
#include "io/h5ad.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using testing::fixture_matrix;
using ::testing::HasSubstr;
using testing::n_files;
using testing::read_bytes;
using testing::TemporaryFolder;

ConstMatrixMap view(const ConstMatrixRef& matrix) {
  return ConstMatrixMap(matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.outerStride()));
}

// Tables with every kind of column, for 4 rows and 3 columns.
H5adContent example_tables() {
  H5adContent content;
  content.obs_index = {"p1", "p2", "β", "p4"};
  content.var_index = {"g1", "g2", "g3"};
  content.obs_columns = {
      {"pert_id", std::vector<std::string>{"x", "y", "x", ""}, {true, true, true, false}, true},
      {"note", std::vector<std::string>{"a,b", "", "ü", "d"}, {}, false},
      {"n_cells", std::vector<std::int64_t>{5, -1, 1'000'000'000'000, 0}, {}, false},
      {"fold", std::vector<std::int64_t>{1, 0, 2, 0}, {true, true, true, false}, false},
      {"score", std::vector<double>{0.5, -1e300, std::numeric_limits<double>::quiet_NaN(), 0.0}, {}, false},
      {"is_control", std::vector<bool>{true, false, false, true}, {}, false},
  };
  content.uns = {{"design", "global"}, {"origin", "tést"}};
  return content;
}

void expect_same_tables(const H5adFile& file, const H5adContent& content) {
  EXPECT_EQ(*file.read_index(H5adAxis::obs), content.obs_index);
  EXPECT_EQ(*file.read_index(H5adAxis::var), content.var_index);
  ASSERT_EQ(file.columns(H5adAxis::obs).size(), content.obs_columns.size());
  for (const AnnotationColumn& expected : content.obs_columns) {
    const auto column = file.read_column(H5adAxis::obs, expected.name);
    ASSERT_TRUE(column) << column.error().line();
    EXPECT_EQ(column->values.index(), expected.values.index()) << expected.name;
    EXPECT_EQ(column->categorical, expected.categorical) << expected.name;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const bool is_nan = expected.name == "score" && i == 2;
      EXPECT_EQ(column->is_present(i), expected.is_present(i) && !is_nan) << expected.name << " " << i;
      EXPECT_EQ(column->text(i), is_nan ? "" : expected.text(i)) << expected.name << " " << i;
    }
  }
  for (const auto& [key, text] : content.uns) EXPECT_EQ(file.uns_text(key), text);
}

TEST(WriteH5ad, DenseComesBackExactly) {
  const TemporaryFolder folder;
  const Matrix wide = fixture_matrix(6, 5);
  for (const int level : {0, 4}) {
    H5adContent content = example_tables();
    content.gzip_level = level;
    // Two blocks, each a strided part of a wider matrix.
    content.x = DenseX{{view(wide.block(0, 1, 1, 3)), view(wide.block(2, 2, 3, 3))}};
    const auto written = write_h5ad(folder / "out.h5ad", content);
    ASSERT_TRUE(written) << written.error().line();
    const auto file = H5adFile::open(folder / "out.h5ad");
    ASSERT_TRUE(file) << file.error().line();
    expect_same_tables(*file, content);
    Matrix expected(4, 3);
    expected << wide.block(0, 1, 1, 3), wide.block(2, 2, 3, 3);
    EXPECT_EQ(*file->matrix()->read(), expected);
    EXPECT_EQ(file->matrix()->dtype(), "float64");
  }
  EXPECT_EQ(n_files(folder.path()), 1u);
}

TEST(WriteH5ad, SparseBlocksComeBackExactly) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> offsets{0, 2, 2, 3, 6};
  const std::vector<std::int32_t> columns{0, 2, 1, 0, 1, 2};
  const std::vector<float> values{1, 2.5f, 3, 4, 5, 6};
  const std::vector<std::int32_t> counts{1, 2, 3, 4, 5, 6};
  Matrix expected(4, 3);
  expected << 1, 0, 2.5, 0, 0, 0, 0, 3, 0, 4, 5, 6;

  H5adContent content = example_tables();
  content.x = csr_in_memory({offsets, columns, std::span<const float>(values)});
  auto written = write_h5ad(folder / "whole.h5ad", content);
  ASSERT_TRUE(written) << written.error().line();
  auto file = H5adFile::open(folder / "whole.h5ad");
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_EQ(*file->matrix()->read(), expected);
  EXPECT_EQ(file->matrix()->dtype(), "float32");

  // Row by row, with offsets into the whole.
  std::size_t row = 0;
  content.x = CsrX{[&]() -> std::optional<CsrBlock> {
    if (row == 4) return std::nullopt;
    const auto first = static_cast<std::size_t>(offsets[row]);
    const auto n = static_cast<std::size_t>(offsets[row + 1]) - first;
    CsrBlock block{std::span(offsets).subspan(row, 2), std::span(columns).subspan(first, n),
                   std::span<const std::int32_t>(counts).subspan(first, n)};
    ++row;
    return block;
  }};
  written = write_h5ad(folder / "blocks.h5ad", content);
  ASSERT_TRUE(written) << written.error().line();
  file = H5adFile::open(folder / "blocks.h5ad");
  ASSERT_TRUE(file) << file.error().line();
  expected(0, 2) = 2;
  EXPECT_EQ(*file->matrix()->read(), expected);
  EXPECT_EQ(file->matrix()->dtype(), "int32");
}

TEST(WriteH5ad, EmptyMatricesAreFiles) {
  const TemporaryFolder folder;
  H5adContent content;
  content.var_index = {"g1"};
  content.x = DenseX{};
  ASSERT_TRUE(write_h5ad(folder / "dense.h5ad", content));
  EXPECT_EQ(H5adFile::open(folder / "dense.h5ad")->matrix()->read()->rows(), 0);
  content.x = CsrX{[]() -> std::optional<CsrBlock> { return std::nullopt; }};
  ASSERT_TRUE(write_h5ad(folder / "sparse.h5ad", content));
  EXPECT_EQ(H5adFile::open(folder / "sparse.h5ad")->matrix()->read()->cols(), 1);
}

// Equal content gives equal bytes at any time: results are named by the hash of their inputs, and HDF5 counts time in
// seconds.
TEST(WriteH5ad, IsReproducible) {
  const TemporaryFolder folder;
  const Matrix values = fixture_matrix(4, 3);
  H5adContent content = example_tables();
  content.x = DenseX{{view(values)}};
  ASSERT_TRUE(write_h5ad(folder / "a.h5ad", content));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  ASSERT_TRUE(write_h5ad(folder / "b.h5ad", content));
  EXPECT_TRUE(read_bytes(folder / "a.h5ad") == read_bytes(folder / "b.h5ad"));
}

TEST(WriteH5ad, InconsistentContentLeavesNothing) {
  const TemporaryFolder folder;
  const Matrix values = fixture_matrix(4, 3);
  const auto message = [&](const H5adContent& content) {
    const auto written = write_h5ad(folder / "out.h5ad", content);
    EXPECT_EQ(n_files(folder.path()), 0u);
    return written ? std::string("no error") : written.error().line();
  };
  H5adContent content = example_tables();
  content.x = DenseX{{view(values.topRows(3))}};
  EXPECT_THAT(message(content), HasSubstr("X has 3 rows instead of 4"));
  content.x = DenseX{{view(values.leftCols(2))}};
  EXPECT_THAT(message(content), HasSubstr("X has 2 columns instead of 3"));
  content.x = DenseX{{view(values)}};
  content.obs_columns[1].values = std::vector<std::string>{"a"};
  EXPECT_THAT(message(content), HasSubstr("column 'note' of obs has 1 rows instead of 4"));

  content = example_tables();
  const std::vector<std::int64_t> offsets{0, 1, 1, 1, 2};
  const std::vector<std::int32_t> columns{0, 3};
  const std::vector<float> ones{1, 1};
  content.x = csr_in_memory({offsets, columns, std::span<const float>(ones)});
  EXPECT_THAT(message(content), HasSubstr("out of range"));
  content.x = csr_in_memory({std::span(offsets).first(4), std::span(columns).first(1), std::span<const float>(ones)});
  EXPECT_THAT(message(content), HasSubstr("do not fit each other"));
  content.gzip_level = 10;
  EXPECT_THAT(message(content), HasSubstr("gzip level"));

  const auto nowhere = write_h5ad(folder / "no" / "out.h5ad", content);
  ASSERT_FALSE(nowhere);
}

// Runs `action` under a limit on file size, which stands in for a full disc: both fail inside write().
template <class Action>
auto with_file_size_limit(rlim_t limit_bytes, Action action) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{limit_bytes, before.rlim_max};
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  auto result = action();
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  return result;
}

// Wherever the disc becomes full, in metadata or numbers, dense or sparse, compressed or not. The library must be
// usable afterwards, and the process must end without a crash.
TEST(WriteH5ad, FullDiscIsOneErrorAndLeavesNothing) {
  const TemporaryFolder folder;
  const Matrix values = Matrix::Random(4, 5'000);
  const std::vector<std::int64_t> offsets{0, 5'000, 5'000, 10'000, 10'000};
  std::vector<std::int32_t> columns(10'000);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<std::int32_t>(i % 5'000);
  const std::vector<float> floats(values.data(), values.data() + 10'000);
  H5adContent content = example_tables();
  content.var_index.clear();
  for (int j = 0; j < 5'000; ++j) content.var_index.push_back(std::to_string(j));

  for (const int level : {0, 4}) {
    for (const bool sparse : {false, true}) {
      content.gzip_level = level;
      const auto write = [&] {
        if (sparse) {
          content.x = csr_in_memory({offsets, columns, std::span<const float>(floats)});
        } else {
          content.x = DenseX{{view(values)}};
        }
        return write_h5ad(folder / "out.h5ad", content);
      };
      const auto whole = write();
      ASSERT_TRUE(whole) << whole.error().line();
      const auto size = std::filesystem::file_size(folder / "out.h5ad");
      std::filesystem::remove(folder / "out.h5ad");
      for (rlim_t limit = 0; limit < size; limit += size / 40) {
        const auto written = with_file_size_limit(limit, write);
        ASSERT_FALSE(written) << limit << " of " << size;
        EXPECT_EQ(written.error().kind, ErrorKind::harness_fault);
        EXPECT_THAT(written.error().line(), HasSubstr("limit on file size"));
        EXPECT_EQ(n_files(folder.path()), 0u);
      }
      ASSERT_TRUE(write());
      std::filesystem::remove(folder / "out.h5ad");
    }
  }
}

TEST(WriteH5ad, AnndataReadsWhatWasWritten) {
  if (std::system("/usr/bin/python3 -c 'import anndata' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no anndata";
  }
  const TemporaryFolder folder;
  const Matrix values = fixture_matrix(4, 3);
  H5adContent content = example_tables();
  content.x = DenseX{{view(values)}};
  ASSERT_TRUE(write_h5ad(folder / "dense.h5ad", content));
  const std::vector<std::int64_t> offsets{0, 2, 2, 3, 6};
  const std::vector<std::int32_t> columns{0, 2, 1, 0, 1, 2};
  const std::vector<float> floats{1, 2.5f, 3, 4, 5, 6};
  content.x = csr_in_memory({offsets, columns, std::span<const float>(floats)});
  ASSERT_TRUE(write_h5ad(folder / "csr.h5ad", content));
  content = {};
  content.obs_index = {"only"};
  content.var_index = {"g"};
  const Matrix one = Matrix::Constant(1, 1, 2.0);
  content.x = DenseX{{view(one)}};
  ASSERT_TRUE(write_h5ad(folder / "bare.h5ad", content));
  const auto script = folder.write("check.py", R"(
import sys, anndata, numpy as np, pandas as pd
folder = sys.argv[1]
dense, csr, bare = (anndata.read_h5ad(f"{folder}/{n}.h5ad") for n in ("dense", "csr", "bare"))
i, j = np.meshgrid(np.arange(4), np.arange(3), indexing="ij")
assert (dense.X == np.where((i + 2 * j) % 3 == 0, 0, 10 * i + j + 0.5)).all()
assert (csr.X.toarray() == [[1, 0, 2.5], [0, 0, 0], [0, 3, 0], [4, 5, 6]]).all() and csr.X.dtype == np.float32
for data in (dense, csr):
    assert list(data.obs_names) == ["p1", "p2", "β", "p4"] and list(data.var_names) == ["g1", "g2", "g3"]
    obs = data.obs
    assert list(obs.columns) == ["pert_id", "note", "n_cells", "fold", "score", "is_control"]
    assert isinstance(obs.pert_id.dtype, pd.CategoricalDtype) and list(obs.pert_id[:3]) == ["x", "y", "x"]
    assert obs.pert_id.isna().tolist() == [False, False, False, True]
    assert list(obs.note) == ["a,b", "", "ü", "d"]
    assert list(obs.n_cells) == [5, -1, 10**12, 0]
    assert obs.fold.isna().tolist() == [False, False, False, True] and list(obs.fold[:3]) == [1, 0, 2]
    assert obs.score[1] == -1e300 and np.isnan(obs.score[2])
    assert obs.is_control.dtype == bool and list(obs.is_control) == [True, False, False, True]
    assert data.uns["design"] == "global" and data.uns["origin"] == "tést"
assert bare.shape == (1, 1) and len(bare.obs.columns) == 0
)");
  EXPECT_EQ(std::system(("/usr/bin/python3 " + script.string() + " " + folder.path().string()).c_str()), 0);
}

}  // namespace
}  // namespace headroom
