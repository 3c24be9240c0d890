// What a task keeps of its cells scores predictions as the cells themselves do.
#include "suite/kept_screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "host/suite/cell_file.hpp"
#include "io/column_names.hpp"
#include "io/h5ad_writer.hpp"
#include "suite/compare_cells.hpp"

namespace headroom {
namespace kept_screen_test {

using ::testing::HasSubstr;

class KeptScreenTest : public FolderTest {
 protected:
  ThreadPool pool_{2};
  NoProgress progress_;
};

TEST_F(KeptScreenTest, ScoresAsTheCellsDo) {
  CellFile::made(6, 30, 120, 1).write(folder_ / "real.h5ad");
  CellFile::made(6, 20, 3, 2).write(folder_ / "pred.h5ad");
  CompareOptions options;
  const auto direct = compare_cells(folder_ / "real.h5ad", folder_ / "pred.h5ad", options, pool_, progress_, {});
  ASSERT_TRUE(direct) << direct.error().line();
  PrepareOptions prepared;
  prepared.n_folds = 2;
  std::vector<std::string> notes;
  prepared.addition = keep_cell_metrics(folder_ / "real.h5ad", prepared, pool_, progress_, {}, notes);
  const auto report = prepare(folder_ / "real.h5ad", folder_, prepared, pool_, progress_, {});
  ASSERT_TRUE(report) << report.error().line();
  const auto kept = read_kept_screen(report->task, pool_);
  ASSERT_TRUE(kept) << kept.error().line();
  EXPECT_EQ(kept->control_labels, std::vector<std::string>{"non-targeting"});
  for (const BaselineCells baseline : {BaselineCells::tile, BaselineCells::dispersed}) {
    options.baseline = baseline;
    const auto again = compare_with_kept(*kept, folder_ / "pred.h5ad", options, pool_, progress_, {});
    ASSERT_TRUE(again) << again.error().line();
    const auto first = compare_cells(folder_ / "real.h5ad", folder_ / "pred.h5ad", options, pool_, progress_, {});
    ASSERT_TRUE(first);
    EXPECT_DOUBLE_EQ(*again->score, *first->score);
    for (std::size_t m = 0; m < kSuiteMembers; ++m) {
      const MemberScore &a = first->contexts[0].scores.members[m], &b = again->contexts[0].scores.members[m];
      EXPECT_DOUBLE_EQ(*a.u, *b.u) << a.name;
      EXPECT_DOUBLE_EQ(*a.b, *b.b) << a.name;
      EXPECT_DOUBLE_EQ(*a.r, *b.r) << a.name;
      EXPECT_DOUBLE_EQ(*a.r_sd, *b.r_sd) << a.name;
      EXPECT_DOUBLE_EQ(*a.reached.ceiling, *b.reached.ceiling) << a.name;
      EXPECT_EQ(a.n_r, b.n_r) << a.name;
    }
  }
}

TEST_F(KeptScreenTest, IsAbsentOrDamagedWithOneWord) {
  const auto path = folder_ / "task.h5ad";
  CellFile::made(3, 5, 8, 1).write(path);
  auto absent = read_kept_screen(path, pool_);
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().line(), HasSubstr("prepare --cell-metrics"));
  H5adContent content;
  content.obs_index = {"A"};
  content.var_index = {"G0"};
  const Matrix x = Matrix::Zero(1, 1);
  content.x = DenseX{{ConstMatrixMap(x.data(), 1, 1, Eigen::OuterStride<>(1))}};
  content.uns[kCellMetricsKey] = "0";
  ASSERT_TRUE(write_h5ad(path, content));
  auto other = read_kept_screen(path, pool_);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().line(), HasSubstr("another version"));
}

}  // namespace kept_screen_test
}  // namespace headroom
