// What a task keeps of its cells scores predictions as the cells themselves do.
#include "suite/kept_screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "host/suite/cell_file.hpp"
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
  const auto reduced = reduce_prepared_cells(folder_ / "real.h5ad", {}, pool_, progress_, {});
  ASSERT_TRUE(reduced) << reduced.error().line();
  const auto path = folder_ / kKeptScreenFile;
  const auto written = write_kept_screen(path, *reduced);
  ASSERT_TRUE(written) << written.error().line();
  EXPECT_TRUE(is_kept_screen(path));
  EXPECT_FALSE(is_kept_screen(folder_ / "real.h5ad"));
  const auto kept = read_kept_screen(path, pool_);
  ASSERT_TRUE(kept) << kept.error().line();
  EXPECT_EQ(kept->control_labels, std::vector<std::string>{"non-targeting"});
  for (const BaselineCells baseline : {BaselineCells::tile, BaselineCells::dispersed}) {
    options.baseline = baseline;
    const auto again = compare_with_kept(*kept, folder_ / "pred.h5ad", options, pool_, progress_, {});
    ASSERT_TRUE(again) << again.error().line();
    const auto first = compare_cells(folder_ / "real.h5ad", folder_ / "pred.h5ad", options, pool_, progress_, {});
    ASSERT_TRUE(first);
    EXPECT_DOUBLE_EQ(again->score, first->score);
    for (std::size_t m = 0; m < kSuiteMembers; ++m) {
      const MemberScore &a = first->contexts[0].scores.members[m], &b = again->contexts[0].scores.members[m];
      EXPECT_DOUBLE_EQ(*a.u, *b.u) << a.name;
      EXPECT_DOUBLE_EQ(*a.b, *b.b) << a.name;
      EXPECT_DOUBLE_EQ(*a.r, *b.r) << a.name;
      EXPECT_DOUBLE_EQ(*a.r_sd, *b.r_sd) << a.name;
      EXPECT_DOUBLE_EQ(*a.ceiling, *b.ceiling) << a.name;
      EXPECT_EQ(a.n_r, b.n_r) << a.name;
    }
  }
}

TEST_F(KeptScreenTest, IsAbsentOrDamagedWithOneWord) {
  const auto path = folder_ / kKeptScreenFile;
  auto absent = read_kept_screen(path, pool_);
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().line(), HasSubstr("prepare --cell-metrics"));
  CellFile::made(3, 5, 8, 1).write(path);
  auto other = read_kept_screen(path, pool_);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().line(), HasSubstr("another version"));
}

}  // namespace kept_screen_test
}  // namespace headroom
