#include "cells/cell_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_cells.hpp"
#include "task/task.hpp"

namespace headroom {
namespace cell_groups_test {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two lines; perturbations B, A and control; batches 2 and 10 (which sort as strings).
MemoryCells two_lines() {
  MemoryCells source;
  source.table["perturbation"] = {"B", "ctrl", "A", "ctrl", "B", "A", "ctrl", "B", "", "A"};
  source.table["batch"] = {"2", "2", "10", "10", "10", "2", "2", "2", "2", "10"};
  source.table["cell_line"] = {"x", "x", "x", "x", "x", "y", "y", "y", "y", "y"};
  source.cells.resize(10);
  return source;
}

std::string line_of(const Result<CellGroups>& groups) { return groups ? "no error" : groups.error().line(); }

TEST(CellGroups, SortsContextsPerturbationsAndBatchesAsStrings) {
  const auto groups = group_cells(two_lines(), {}, Design::global, 1);
  ASSERT_TRUE(groups.has_value()) << line_of(groups);
  EXPECT_THAT(groups->contexts, ElementsAre("x", "y"));
  EXPECT_THAT(groups->batches, ElementsAre("10", "2"));
  ASSERT_EQ(groups->groups.size(), 6u);
  EXPECT_TRUE(groups->groups[0].is_control);
  EXPECT_EQ(groups->groups[1].perturbation, "A");
  EXPECT_EQ(groups->groups[2].perturbation, "B");
  EXPECT_EQ(groups->groups[2].n_cells, 2u);
  EXPECT_THAT(groups->groups[2].batches, ElementsAre(0u, 1u));
  EXPECT_EQ(groups->groups[3].context, 1u);
  EXPECT_THAT(groups->group_of_cell, ElementsAre(2u, 0u, 1u, 0u, 2u, 4u, 3u, 5u, CellGroups::kDropped, 4u));
  EXPECT_THAT(groups->notes, Contains(HasSubstr("1 cells without a perturbation")));
  EXPECT_THAT(groups->picked,
              ElementsAre("perturbations: column 'perturbation'", "control: label 'ctrl' of column 'perturbation'",
                          "batches: column 'batch'", "contexts: column 'cell_line'"));
}

TEST(CellGroups, NamedColumnsWinOverDefaults) {
  MemoryCells source = two_lines();
  source.table["guide"] = {"g1", "none", "g2", "none", "g1", "g2", "none", "g1", "g1", "g2"};
  source.table["lane"] = std::vector<std::string>(10, "L1");
  source.table["organ"] = std::vector<std::string>(10, "liver");
  source.table.erase("cell_line");  // it varies within perturbations and would be averaged over
  CellColumnOptions columns;
  columns.pert_col = "guide";
  columns.labels.controls = {"none"};
  columns.batch_col = "lane";
  columns.context_col = "organ";
  const auto groups = group_cells(source, columns, Design::matched, 1);
  ASSERT_TRUE(groups.has_value()) << line_of(groups);
  EXPECT_THAT(groups->contexts, ElementsAre("liver"));
  ASSERT_EQ(groups->groups.size(), 3u);
  EXPECT_EQ(groups->groups[1].perturbation, "g1");
  EXPECT_EQ(groups->groups[1].n_cells, 4u);
}

TEST(CellGroups, ControlColumnOfBooleansOrNumbers) {
  for (const auto& [yes, no] : {std::pair{"True", "False"}, std::pair{"1", "0"}, std::pair{"control", ""}}) {
    MemoryCells source = two_lines();
    source.table["is_control"] = {no, yes, no, yes, no, no, yes, no, no, no};
    const auto groups = group_cells(source, {}, Design::global, 1);
    ASSERT_TRUE(groups.has_value()) << line_of(groups);
    EXPECT_THAT(groups->picked, Contains("control: column 'is_control'"));
    EXPECT_EQ(groups->groups[0].n_cells, 2u);
  }
  MemoryCells source = two_lines();
  source.table["is_control"] = std::vector<std::string>(10, "perhaps");
  EXPECT_THAT(line_of(group_cells(source, {}, Design::global, 1)), HasSubstr("says neither yes nor no: 'perhaps'"));
}

TEST(CellGroups, FewCellsAreDroppedAndListed) {
  const auto groups = group_cells(two_lines(), {}, Design::global, 2);
  ASSERT_TRUE(groups.has_value()) << line_of(groups);
  EXPECT_THAT(groups->notes,
              Contains(HasSubstr("1 perturbation in context 'x' has fewer than 2 cells and is dropped: A (1)")));
  EXPECT_THAT(groups->notes,
              Contains(HasSubstr("1 perturbation in context 'y' has fewer than 2 cells and is dropped: B (1)")));
  EXPECT_EQ(groups->groups.size(), 4u);
  EXPECT_EQ(groups->group_of_cell[2], CellGroups::kDropped);
}

// Every one by name, however many: nothing leaves a screen unseen.
TEST(CellGroups, ManyDroppedPerturbationsAreAllListed) {
  MemoryCells source = two_lines();
  for (auto& [name, column] : source.table) column.resize(30, column[0]);
  for (std::size_t i = 10; i < 30; ++i) source.table["perturbation"][i] = "few" + std::to_string(i);
  source.cells.resize(30);
  const auto groups = group_cells(source, {}, Design::global, 2);
  ASSERT_TRUE(groups.has_value()) << line_of(groups);
  for (int i = 10; i < 30; ++i) {
    EXPECT_THAT(groups->notes, Contains(HasSubstr("few" + std::to_string(i) + " (1)")));
  }
}

TEST(CellGroups, SingleCellsAreKeptAndListed) {
  const auto groups = group_cells(two_lines(), {}, Design::global, 1);
  EXPECT_THAT(groups->notes, Contains("3 groups of cells have one cell; kept, but the sampling error is understated: A "
                                      "in context 'x', the control in context 'y', B in context 'y'"));
  EXPECT_EQ(groups->groups.size(), 6u);
}

TEST(CellGroups, BatchesOfOneCellAreKeptAndListed) {
  MemoryCells source;
  source.table["perturbation"] = {"A", "A", "A", "A", "ctrl", "ctrl", "ctrl", "B", "B"};
  source.table["batch"] = {"1", "1", "2", "3", "1", "1", "3", "1", "1"};
  source.cells.resize(9);
  const auto groups = group_cells(source, {}, Design::global, 1);
  ASSERT_TRUE(groups.has_value()) << line_of(groups);
  EXPECT_THAT(groups->notes, ElementsAre("1 batch has one cell; kept, but the sampling error is understated: 2",
                                         "2 larger groups have one cell in some batch; kept, but the sampling error is "
                                         "understated there: the control, A"));
  EXPECT_THAT(groups->groups[1].batches, ElementsAre(0u, 1u, 2u));
}

TEST(CellGroups, AContextWithoutPerturbationsIsDropped) {
  MemoryCells source = two_lines();
  for (std::size_t i = 5; i < 10; ++i) source.table["perturbation"][i] = "ctrl";
  const auto groups = group_cells(source, {}, Design::global, 1);
  ASSERT_TRUE(groups.has_value());
  EXPECT_EQ(groups->groups.size(), 3u);
  EXPECT_THAT(groups->notes, Contains(HasSubstr("context 'y' has no perturbation left")));
}

TEST(CellGroups, MatchedNamesABatchWithoutControls) {
  const auto groups = group_cells(two_lines(), {}, Design::matched, 1);
  ASSERT_FALSE(groups.has_value());
  EXPECT_EQ(groups.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(line_of(groups), HasSubstr("batch '10' in context 'y' has cells of 'A' but no control cells"));
}

TEST(CellGroups, EveryMistakeIsNamed) {
  MemoryCells source = two_lines();
  CellColumnOptions columns;
  columns.pert_col = "nothing";
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 1)), HasSubstr("column 'nothing' is missing"));
  columns = {};
  columns.labels.controls = {"DMSO"};
  EXPECT_THAT(
      line_of(group_cells(source, columns, Design::global, 1)),
      HasSubstr("no cell has the control label 'DMSO' in column 'perturbation' (memory.h5ad): labels there: A, B"));
  columns = {};
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 100)), HasSubstr("no perturbation is left"));
  for (std::string& label : source.table["perturbation"]) label = label == "ctrl" ? "wild" : label;
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 1)),
              HasSubstr("which cells are control is not said"));
  source.table.erase("perturbation");
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 1)),
              HasSubstr("no column names the perturbations (tried pert_id, gene_id"));
}

TEST(CellGroups, AContextThatCannotBeEstimatedIsLeftOutUnlessItIsTheOnlyOne) {
  MemoryCells source = two_lines();
  for (std::size_t i = 5; i < 10; ++i) source.table["perturbation"][i] = "A";  // y has no controls
  const auto groups = group_cells(source, {}, Design::global, 1);
  ASSERT_TRUE(groups.has_value()) << line_of(groups);
  EXPECT_THAT(groups->notes, Contains("context 'y' has no control cells, and is left out"));
  EXPECT_EQ(groups->groups.size(), 3u);
  CellColumnOptions columns;
  columns.contexts = {"y"};
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 1)), HasSubstr("context 'y' has no control cells"));
  columns.contexts = {"z"};
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 1)), HasSubstr("the contexts are: x, y"));

  GroupRequirements requirements;
  requirements.least_perturbations = 2;
  for (std::size_t i = 5; i < 10; ++i) source.table["perturbation"][i] = i % 2 == 0 ? "ctrl" : "A";
  Review review;
  const auto few = group_cells(source, {}, Design::global, 1, requirements, review);
  ASSERT_TRUE(few.has_value()) << line_of(few);
  EXPECT_THAT(few->notes, Contains(HasSubstr("context 'y' has 1 perturbations, too few")));
}

// A source of n cells for each of these labels.
MemoryCells labelled(const std::vector<std::pair<std::string, int>>& labels) {
  MemoryCells source;
  for (const auto& [label, n] : labels) {
    for (int i = 0; i < n; ++i) source.table["perturbation"].push_back(label);
  }
  source.cells.resize(source.table["perturbation"].size());
  return source;
}

std::vector<std::string> codes_of(const MemoryCells& source, const CellColumnOptions& columns = {}) {
  Review review;
  const auto groups = group_cells(source, columns, Design::global, 1, {}, review);
  EXPECT_TRUE(groups.has_value()) << line_of(groups);
  std::vector<std::string> codes;
  for (const Doubt& doubt : review.doubts()) codes.push_back(doubt.code);
  return codes;
}

TEST(CellGroups, ControlsOfTwoSpellingsAreDoubtedUntilBothAreNamed) {
  const MemoryCells source = labelled({{"non-targeting", 3}, {"Non-Targeting", 3}, {"A", 2}, {"B", 2}});
  EXPECT_THAT(codes_of(source), ElementsAre("labels.like_control"));
  CellColumnOptions columns;
  columns.labels.controls = {"[nN]on-[tT]argeting"};
  EXPECT_THAT(codes_of(source, columns), ::testing::IsEmpty());
  const auto groups = group_cells(source, columns, Design::global, 1);
  EXPECT_EQ(groups->groups[0].n_cells, 6u);
}

TEST(CellGroups, TwinsArePooledOnRequest) {
  const MemoryCells source = labelled({{"ctrl", 3}, {"A+ctrl", 2}, {"ctrl+A", 3}, {"B+ctrl", 2}});
  EXPECT_THAT(codes_of(source), ElementsAre("labels.same_perturbation"));
  CellColumnOptions columns;
  columns.labels.merge = true;
  const auto groups = group_cells(source, columns, Design::global, 1);
  ASSERT_TRUE(groups) << line_of(groups);
  ASSERT_EQ(groups->groups.size(), 3u);
  EXPECT_EQ(groups->groups[2].perturbation, "ctrl+A");
  EXPECT_EQ(groups->groups[2].n_cells, 5u);
}

TEST(CellGroups, LabelsThatNameNothingAreDroppedUnlessMeasured) {
  const MemoryCells source = labelled({{"ctrl", 3}, {"A", 2}, {"nan", 2}, {"G0", 2}});
  EXPECT_THAT(codes_of(source), ElementsAre("labels.like_missing"));
  EXPECT_EQ(group_cells(source, {}, Design::global, 1)->groups.size(), 3u);
}

TEST(CellGroups, DosesAreToldApartOrKeptOnRequest) {
  MemoryCells source = labelled({{"control", 4}, {"drug", 6}, {"other", 6}});
  for (int i = 0; i < 16; ++i) source.table["dose_value"].push_back(i < 4 ? "0" : i % 2 == 0 ? "10" : "1000");
  EXPECT_THAT(codes_of(source), ElementsAre("rows.conditions_merged"));
  CellColumnOptions columns;
  columns.pert_col = "perturbation,dose_value";
  auto groups = group_cells(source, columns, Design::global, 1);
  ASSERT_TRUE(groups) << line_of(groups);
  ASSERT_EQ(groups->groups.size(), 5u);
  EXPECT_EQ(groups->groups[0].n_cells, 4u) << "a control keeps its label";
  EXPECT_EQ(groups->groups[1].perturbation, "drug_10");
  columns = {};
  columns.where = {{"dose_value", "1000.0"}};
  groups = group_cells(source, columns, Design::global, 1);
  ASSERT_TRUE(groups) << line_of(groups);
  ASSERT_EQ(groups->groups.size(), 3u);
  EXPECT_EQ(groups->groups[0].n_cells, 4u) << "controls stay";
  EXPECT_EQ(groups->groups[1].n_cells, 3u);
  columns.where = {{"dose_value", "7"}};
  EXPECT_THAT(line_of(group_cells(source, columns, Design::global, 1)), HasSubstr("no row has '7'"));
  // Constant within each perturbation: nothing is merged.
  for (int i = 0; i < 16; ++i)
    source.table["dose_value"][static_cast<std::size_t>(i)] = i < 4 ? "0" : i < 10 ? "10" : "1000";
  EXPECT_THAT(codes_of(source), ::testing::IsEmpty());
}

TEST(CellGroups, ReplicatesThatVaryAreBatches) {
  MemoryCells source = labelled({{"control", 4}, {"A", 4}});
  source.table["replicate"] = {"1", "2", "1", "2", "1", "2", "1", "2"};
  source.table["time"] = source.table["replicate"];
  CellColumnOptions columns;
  EXPECT_THAT(codes_of(source, columns), ElementsAre("rows.conditions_merged"));
  columns.batch_col = "time";
  EXPECT_THAT(codes_of(source, columns), ::testing::IsEmpty());
}

TEST(CellGroups, GuidesOfOneGeneAreDoubtedAndKeptTogetherOnRequest) {
  MemoryCells source = labelled({{"control", 2}, {"A_sg1", 2}, {"A_sg2", 2}, {"B_sg1", 2}});
  source.table["gene"] = {"control", "control", "A", "A", "A", "A", "B", "B"};
  EXPECT_THAT(codes_of(source), ElementsAre("labels.several_per_gene"));
  CellColumnOptions columns;
  columns.group_col = "gene";
  auto groups = group_cells(source, columns, Design::global, 1);
  ASSERT_TRUE(groups) << line_of(groups);
  EXPECT_EQ(groups->groups[2].fold_group, "A");
  columns = {};
  columns.pert_col = "perturbation";
  EXPECT_THAT(codes_of(source, columns), ::testing::IsEmpty()) << "it was said";
}

TEST(CellGroups, UnflaggedControlsAreLeftOutAndNoted) {
  MemoryCells source = labelled({{"non-targeting", 4}, {"A", 2}});
  source.table["core_control"] = {"True", "False", "True", "False", "False", "False"};
  CellColumnOptions columns;
  columns.control_col = "core_control";
  EXPECT_THAT(codes_of(source, columns), ElementsAre("controls.unflagged"));
  const auto groups = group_cells(source, columns, Design::global, 1);
  ASSERT_EQ(groups->groups.size(), 2u);
  EXPECT_EQ(groups->groups[0].n_cells, 2u);
}

TEST(CellGroups, WithoutBatchAndContextColumnsThereIsOne) {
  MemoryCells source = two_lines();
  source.table.erase("batch");
  source.table.erase("cell_line");
  const auto groups = group_cells(source, {}, Design::matched, 1);
  ASSERT_TRUE(groups.has_value());
  EXPECT_THAT(groups->contexts, ElementsAre(kSingleContext));
  EXPECT_EQ(groups->batches.size(), 1u);
}

}  // namespace cell_groups_test
}  // namespace headroom
