// The validator: each rule broken once, and what can be put right without loss.
#include "suite/prediction_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/suite/cell_file.hpp"
#include "suite/write_fixed.hpp"

namespace headroom {
namespace prediction_check_test {

using ::testing::HasSubstr;
using Verdict = PredictionFinding::Verdict;

class CheckPrediction : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    rules_ = upload_rules();
    rules_.cells_each = 8;
    rules_.genes = good_.genes;
    rules_.contexts = {{"all", {"G00", "G01", "G02"}, {}}};
    rules_.controls = {"non-targeting"};
  }

  PredictionCheck checked(const CellFile& file) {
    const auto path = folder_ / "pred.h5ad";
    std::filesystem::remove(path);
    file.write(path);
    ThreadPool pool(2);
    NoProgress progress;
    auto check = check_prediction(path, rules_, {}, pool, progress, {});
    EXPECT_TRUE(check) << check.error().line();
    return *check;
  }
  // The finding of that name, which must be there.
  static PredictionFinding finding(const PredictionCheck& check, const std::string& name) {
    for (const PredictionFinding& each : check.findings) {
      if (each.name == name) return each;
    }
    ADD_FAILURE() << "no finding " << name;
    return {};
  }
  void expect_failed(const CellFile& file, const std::string& name, const std::string& first,
                     const std::string& expected, const std::string& found) {
    const PredictionCheck check = checked(file);
    EXPECT_FALSE(check.passes()) << name;
    const PredictionFinding broken = finding(check, name);
    EXPECT_EQ(broken.verdict, Verdict::failed) << name;
    EXPECT_THAT(broken.first, HasSubstr(first));
    EXPECT_THAT(broken.expected, HasSubstr(expected));
    EXPECT_THAT(broken.found, HasSubstr(found));
  }

  CellFile good_ = CellFile::made(3, 8, 0, 1);
  PredictionRules rules_;
};

TEST_F(CheckPrediction, PassesWhatIsRight) {
  const PredictionCheck check = checked(good_);
  EXPECT_TRUE(check.passes());
  EXPECT_FALSE(check.can_be_fixed);
  for (const PredictionFinding& each : check.findings) EXPECT_EQ(each.verdict, Verdict::passed) << each.name;
}

TEST_F(CheckPrediction, NamesTheFirstOffender) {
  CellFile file = good_;
  file.genes[4] = "new";
  expect_failed(file, "genes-missing", "G04", "40 genes", "missing 1: G04");
  expect_failed(file, "genes-extra", "new", "40 genes", "extra 1: new");
  file = good_;
  file.genes[4] = "G05";
  expect_failed(file, "genes-distinct", "G05", "each gene once", "1 of 40");
  file = CellFile::made(2, 8, 0, 1);
  expect_failed(file, "labels-missing", "G02", "3 perturbations", "2; missing 1: G02");
  file = CellFile::made(4, 8, 0, 1);
  expect_failed(file, "labels-extra", "G03", "3 perturbations", "4; extra 1: G03");
  file = good_;
  file.labels[0] = "G01";
  expect_failed(file, "cells-each", "G00", "8 cells", "7 cells; 2 perturbations");
  file = good_;
  file.counts[9][3] = 0.5;
  expect_failed(file, "whole-counts", "cell 'cell9' (row 9), gene 'G03'", "whole counts", "0.5; 1 such");
  file.counts[9][3] = -2;
  expect_failed(file, "not-negative", "cell9", "no negative", "-2; 1 such");
  file.counts[9][3] = std::numeric_limits<double>::infinity();
  expect_failed(file, "finite", "cell9", "finite", "inf; 1 such");
  file.counts[9][3] = 2e6;
  expect_failed(file, "cell-totals", "cell9", "at most 1000000", "1 such cells");
  rules_.most_entries = 10;
  expect_failed(good_, "stored-entries", "", "at most 10", "");
}

TEST_F(CheckPrediction, FixesOrderAndControlsWithoutLoss) {
  CellFile file = CellFile::made(3, 8, 5, 1);
  std::swap(file.genes[2], file.genes[30]);
  for (auto& cell : file.counts) std::swap(cell[2], cell[30]);
  const PredictionCheck check = checked(file);
  EXPECT_EQ(finding(check, "genes-order").first, "G30");
  EXPECT_EQ(finding(check, "controls").verdict, Verdict::failed);
  ASSERT_TRUE(check.can_be_fixed);
  const auto fixed = folder_ / "fixed.h5ad";
  const auto written = write_fixed_prediction(folder_ / "pred.h5ad", rules_, {}, fixed);
  ASSERT_TRUE(written) << written.error().line();
  ThreadPool pool(1);
  NoProgress progress;
  const auto again = check_prediction(fixed, rules_, {}, pool, progress, {});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->passes());
  // The same cells as were put in disorder.
  auto panel = open_cell_panel(fixed, {.needs_control = false});
  ASSERT_TRUE(panel) << panel.error().line();
  ASSERT_TRUE(read_counts(**panel, {.needs_control = false}, pool, progress, {}));
  CellRows rows;
  ASSERT_TRUE((*panel)->take((*panel)->contexts[0].group[1], rows));
  for (std::size_t c = 0; c < 8; ++c) {
    std::vector<double> cell(40, 0.0);
    for (std::uint64_t e = rows.begin[c]; e < rows.begin[c + 1]; ++e) cell[rows.gene[e]] = rows.value[e];
    EXPECT_EQ(cell, good_.counts[8 + c]);
  }
  // Nothing is overwritten, and missing genes cannot be invented.
  EXPECT_FALSE(write_fixed_prediction(folder_ / "pred.h5ad", rules_, {}, fixed));
  // Nor is anything left behind.
  file.uns["made_by"] = "a model";
  (void)checked(file);
  const auto lossy = write_fixed_prediction(folder_ / "pred.h5ad", rules_, {}, folder_ / "other.h5ad");
  ASSERT_FALSE(lossy);
  EXPECT_NE(lossy.error().line().find("it also holds uns/made_by, which a fixed file would lose"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other.h5ad"));
  rules_.genes.push_back("G40");
  EXPECT_FALSE(write_fixed_prediction(folder_ / "pred.h5ad", rules_, {}, folder_ / "other.h5ad"));
}

TEST_F(CheckPrediction, AgainstATaskControlsAreOnlyNoted) {
  rules_.controls_are_refused = false;
  rules_.cells_each.reset();
  rules_.contexts[0].n_cells = {8, 9, 8};
  const PredictionCheck check = checked(CellFile::made(3, 8, 5, 1));
  EXPECT_TRUE(check.passes());
  EXPECT_EQ(finding(check, "controls").verdict, Verdict::noted);
  EXPECT_EQ(finding(check, "cells-each").verdict, Verdict::noted);
  EXPECT_EQ(finding(check, "cells-each").first, "G01");
}

}  // namespace prediction_check_test
}  // namespace headroom
