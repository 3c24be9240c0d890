// Two files of cells: what is matched, what is refused and with which word, and what comes out.
#include "suite/compare_cells.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/suite/cell_file.hpp"
#include "host/suite/cell_pair.hpp"
#include "suite/suite_result.hpp"

namespace headroom {
namespace compare_cells_test {

using ::testing::Contains;
using ::testing::HasSubstr;

class CompareCells : public FolderTest {
 protected:
  Result<CellComparison> compared(const CellFile& real, const CellFile& predicted, int n_threads = 2) {
    real.write(folder_ / "real.h5ad");
    predicted.write(folder_ / "pred.h5ad");
    ThreadPool pool(n_threads);
    return compare_cells(folder_ / "real.h5ad", folder_ / "pred.h5ad", options_, pool, progress_, {});
  }
  std::string error_of(const CellFile& real, const CellFile& predicted) {
    const auto comparison = compared(real, predicted);
    return comparison ? "no error" : comparison.error().line();
  }

  CompareOptions options_;
  NoProgress progress_;
};

TEST_F(CompareCells, ASecondScreenScoresAboveTheReplicateAndTheSameOnAnyThreads) {
  const CellFile real = CellFile::made(6, 30, 120, 1), second = CellFile::made(6, 30, 0, 2);
  const auto two = compared(real, second, 2), one = compared(real, second, 1);
  ASSERT_TRUE(two) << two.error().line();
  ASSERT_TRUE(one);
  EXPECT_EQ(suite_result(*two, {}).SerializeAsString(), suite_result(*one, {}).SerializeAsString());
  ASSERT_EQ(two->contexts.size(), 1u);
  const SuiteContext& scores = two->contexts[0].scores;
  double sum = 0;
  for (const MemberScore& member : scores.members) {
    sum += *member.s;
    EXPECT_TRUE(member.reached.ceiling) << member.name;
    EXPECT_THAT(scores.ceiling_depth, HasSubstr("30 cells")) << member.name;
  }
  EXPECT_DOUBLE_EQ(*scores.score, sum / 6);
  EXPECT_GT(*scores.members[4].s, 1) << "jaccard of a full screen is beyond half a screen's";
  EXPECT_EQ(two->contexts[0].n_control_cells, 120u);
}

TEST_F(CompareCells, ContextsAreScoredApartAndAveraged) {
  const auto both = [](CellFile a, const CellFile& b) {
    a.contexts.assign(a.labels.size(), "A");
    a.contexts.insert(a.contexts.end(), b.labels.size(), "B");
    a.labels.insert(a.labels.end(), b.labels.begin(), b.labels.end());
    a.counts.insert(a.counts.end(), b.counts.begin(), b.counts.end());
    return a;
  };
  options_.n_second_screens = 0;
  const CellFile real_a = CellFile::made(5, 30, 90, 1), real_b = CellFile::made(5, 30, 80, 3);
  const CellFile guess_a = CellFile::made(5, 20, 0, 4), guess_b = CellFile::made(5, 40, 0, 5);
  const auto alone_a = compared(real_a, guess_a), alone_b = compared(real_b, guess_b);
  const auto together = compared(both(real_a, real_b), both(guess_a, guess_b));
  ASSERT_TRUE(alone_a && alone_b && together) << together.error().line();
  ASSERT_EQ(together->contexts.size(), 2u);
  EXPECT_EQ(together->contexts[0].scores.context, "A");
  EXPECT_EQ(together->contexts[0].scores.score, alone_a->score);
  EXPECT_EQ(together->contexts[1].scores.score, alone_b->score);
  EXPECT_DOUBLE_EQ(*together->score, (*alone_a->score + *alone_b->score) / 2);
}

TEST_F(CompareCells, ControlRowsOfAPredictionChangeNothing) {
  options_.n_second_screens = 0;
  const CellFile real = CellFile::made(5, 30, 90, 1);
  CellFile without = CellFile::made(5, 30, 0, 2), with = without;
  for (int i = 0; i < 7; ++i) {
    with.labels.push_back("non-targeting");
    with.counts.push_back(std::vector<double>(40, 50.0));
  }
  const auto a = compared(real, without), b = compared(real, with);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->score, b->score);
  EXPECT_THAT(b->notes, Contains(HasSubstr("7 control cells of the prediction are left out")));
}

TEST_F(CompareCells, WhatDoesNotFitIsRefusedWithCountsAndNames) {
  const CellFile real = CellFile::made(5, 10, 40, 1);
  CellFile guess = CellFile::made(4, 10, 0, 2);
  EXPECT_THAT(error_of(real, guess),
              HasSubstr("perturbations differ: 5 real, 4 predicted; the prediction lacks 1: G04"));
  guess = CellFile::made(5, 10, 0, 2);
  std::swap(guess.genes[3], guess.genes[9]);
  EXPECT_THAT(error_of(real, guess), HasSubstr("another order: gene 3 is 'G09' where the real file has 'G03'"));
  guess.genes[3] = "X";
  EXPECT_THAT(error_of(real, guess), HasSubstr("genes differ: 40 real, 40 predicted"));
  guess = CellFile::made(5, 10, 0, 2);
  guess.counts[2][5] = 1.5;
  EXPECT_THAT(error_of(real, guess), HasSubstr("1 values are fractional"));
  EXPECT_THAT(error_of(real, guess), HasSubstr("gene 'G05' of cell 'cell2'"));
  guess.counts[2][5] = -1;
  EXPECT_THAT(error_of(real, guess), HasSubstr("negative"));
  CellFile no_control = CellFile::made(5, 10, 0, 1);
  EXPECT_NE(error_of(no_control, CellFile::made(5, 10, 0, 2)), "no error");
  EXPECT_THAT(error_of(CellFile::made(5, 10, 1, 1), CellFile::made(5, 10, 0, 2)),
              HasSubstr("1 control cell is too few"));
  EXPECT_THAT(error_of(CellFile::made(5, 1, 40, 1), CellFile::made(5, 10, 0, 2)),
              HasSubstr("5 perturbations has one cell"));
  CellFile silent_control = CellFile::made(5, 10, 40, 1);
  for (std::size_t c = 50; c < 90; ++c) silent_control.counts[c].assign(40, 0.0);
  EXPECT_THAT(error_of(silent_control, CellFile::made(5, 10, 0, 2)), HasSubstr("no gene has a mean above 5"));
  CellFile chemicals = CellFile::made(5, 10, 40, 1), guesses = CellFile::made(5, 10, 0, 2);
  for (auto* file : {&chemicals, &guesses}) {
    for (std::string& label : file->labels) {
      if (label != "non-targeting") label = "compound " + label.substr(1);
    }
  }
  EXPECT_THAT(error_of(chemicals, guesses), HasSubstr("none of the 5 perturbations is a measured gene"));
}

TEST_F(CompareCells, OddCellsAreCountedAndScored) {
  options_.n_second_screens = 0;
  const CellFile real = CellFile::made(6, 30, 120, 1);
  CellFile guess = CellFile::made(6, 30, 0, 2);
  for (std::size_t c = 0; c < 30; ++c) guess.counts[c].assign(40, 0.0);  // all of G00
  const auto silent = compared(real, guess);
  ASSERT_TRUE(silent) << silent.error().line();
  EXPECT_THAT(silent->notes, Contains(HasSubstr("1 predicted perturbations hold no counts at all: G00")));
  CellFile with_empty = real, guess_with_empty = CellFile::made(6, 30, 0, 2);
  with_empty.counts[30].assign(40, 0.0);   // one of G01
  with_empty.counts[180].assign(40, 0.0);  // a control
  guess_with_empty.counts[95].assign(40, 0.0);
  const auto empty = compared(with_empty, guess_with_empty);
  ASSERT_TRUE(empty) << empty.error().line();
  EXPECT_THAT(empty->notes, Contains("1 real cells of 1 perturbations hold no counts and count as zeros: G01"));
  EXPECT_THAT(empty->notes, Contains("1 control cells hold no counts and count as zeros"));
  EXPECT_THAT(empty->notes, Contains("1 predicted cells of 1 perturbations hold no counts and count as zeros: G03"));
  const auto alone = compared(real, CellFile::made(6, 1, 0, 2));
  ASSERT_TRUE(alone) << alone.error().line();
  EXPECT_THAT(alone->notes, Contains(HasSubstr("6 predicted perturbations have one cell")));
  guess = CellFile::made(6, 30, 0, 2);
  for (auto& cell : guess.counts) {
    for (double& x : cell) x += 0.25;
  }
  options_.predicted.keep_fractions = true;
  EXPECT_TRUE(compared(real, guess));
}

TEST_F(CompareCells, DistancesOfCellsAreThoseOfTheReference) {
  const CellPair pair = CellPair::read();
  const CellFile &real = pair.real, &guess = pair.predicted;
  options_.n_second_screens = 0;
  const auto without = compared(real, guess);
  ASSERT_TRUE(without) << without.error().line();
  EXPECT_EQ(find_metric(without->contexts[0].scores.u, "energy_distance_top"), nullptr) << "they were not asked for";
  options_.distances = true;
  const auto with = compared(real, guess);
  ASSERT_TRUE(with) << with.error().line();
  EXPECT_EQ(with->score, without->score);
  const ComparedContext& context = with->contexts[0];
  for (const char* name : {"energy_distance_top", "mmd_median_top"}) {
    const MetricValues& u = metric_named(context.scores.u, name);
    double mean = 0;
    for (std::size_t p = 0; p < context.labels.size(); ++p) {
      const double wanted = pair.expected[context.labels[p]][name];
      EXPECT_NEAR(u.values[p], wanted, 1e-9) << name << " of " << context.labels[p];
      mean += wanted / static_cast<double>(context.labels.size());
    }
    EXPECT_NEAR(*u.total, mean, 1e-9);
    EXPECT_TRUE(metric_named(context.scores.b, name).total) << "the mean response lies somewhere, too";
  }
  // Those that are named, and the members.
  options_.metrics = {"mmd_median_top"};
  const auto one = compared(real, guess);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->contexts[0].scores.u.size(), kSuiteMembers + 1);
  EXPECT_EQ(one->contexts[0].scores.b.size(), kSuiteMembers + 1);
  EXPECT_EQ(one->contexts[0].scores.r[0].size(), kSuiteMembers) << "distances are not told of halves";
  EXPECT_EQ(*one->contexts[0].scores.u.back().total, *metric_named(context.scores.u, "mmd_median_top").total);
}

TEST_F(CompareCells, ClassicMetricsAreThoseOfTheReference) {
  const CellPair pair = CellPair::read();
  options_.n_second_screens = 0;
  const auto without = compared(pair.real, pair.predicted);
  ASSERT_TRUE(without) << without.error().line();
  EXPECT_EQ(find_metric(without->contexts[0].scores.u, "mae"), nullptr) << "they were not asked for";
  options_.classic = options_.classic_energy = true;
  for (const bool own_control : {false, true}) {
    const auto with = compared(pair.real, own_control ? pair.predicted_with_control : pair.predicted);
    ASSERT_TRUE(with) << with.error().line();
    EXPECT_EQ(with->score, without->score) << "the official members know no control but the real one";
    const ComparedContext& context = with->contexts[0];
    ASSERT_EQ(context.scores.u.size(), context.scores.b.size());
    ASSERT_EQ(context.scores.u.size(), context.scores.reached.size());
    for (const auto& [name, of_perturbation] : (own_control ? pair.classic_own_control : pair.classic).items()) {
      const MetricValues& u = metric_named(context.scores.u, name);
      double mean = 0;
      for (std::size_t p = 0; p < context.labels.size(); ++p) {
        const double wanted = of_perturbation[context.labels[p]];
        EXPECT_NEAR(u.values[p], wanted, 1e-9) << name << " of " << context.labels[p];
        mean += wanted / static_cast<double>(context.labels.size());
      }
      EXPECT_NEAR(*u.total, mean, 1e-9) << name;
    }
    const MetricValues& tile = metric_named(context.scores.b, "pearson_edistance");
    EXPECT_FALSE(tile.total) << "one profile lies equally far from the control everywhere";
    EXPECT_GT(*metric_named(context.scores.b, "mae").total, 0);
    EXPECT_THAT(with->notes, Contains(HasSubstr(own_control ? "its own 15 control cells" : "from the real control")));
  }
  options_.baseline = BaselineCells::dispersed;
  const auto dispersed = compared(pair.real, pair.predicted);
  ASSERT_TRUE(dispersed);
  EXPECT_TRUE(metric_named(dispersed->contexts[0].scores.b, "pearson_edistance").total);
}

TEST_F(CompareCells, WhereEveryGeneIsATargetNothingIsLeftToCompare) {
  CellFile real = CellFile::made(6, 30, 120, 1), guess = CellFile::made(6, 30, 0, 2);
  for (CellFile* file : {&real, &guess}) {
    file->genes.resize(6);
    for (auto& cell : file->counts) cell.resize(6);
  }
  EXPECT_THAT(error_of(real, guess), HasSubstr("all 6 genes are targets of perturbations"));
  options_.suite.needs_scores = false;
  options_.excluded = ExcludedTargets::own;
  EXPECT_EQ(error_of(real, guess), "no error");
}

// Perturbations that do nothing: no replicate is better than their mean.
TEST_F(CompareCells, AMemberThatCannotBeScaledIsAnErrorOfTheScoreAlone) {
  CellFile real = CellFile::made(0, 0, 120, 1);
  for (std::size_t c = 0; c < 60; ++c) real.labels[c] = real.genes[c / 10];
  CellFile guess = real;
  guess.labels.resize(60);
  guess.counts.resize(60);
  EXPECT_NE(error_of(real, guess), "no error");
  options_.suite.needs_scores = false;
  const auto comparison = compared(real, guess);
  ASSERT_TRUE(comparison) << comparison.error().line();
  EXPECT_FALSE(comparison->score);
  EXPECT_TRUE(metric_named(comparison->contexts[0].scores.u, "roc_auc").total);
  EXPECT_FALSE(suite_result(*comparison, options_).has_score());
}

TEST_F(CompareCells, LabelsThatNameNoPerturbationAreLeftOutWithADoubt) {
  CellFile real = CellFile::made(6, 30, 120, 1), guess = CellFile::made(6, 30, 0, 2);
  for (std::size_t c = 0; c < 4; ++c) real.labels[c] = guess.labels[c] = "nan";
  std::vector<std::string> told;
  options_.settle = [&told](Review& review) -> Result<void> {
    for (const Doubt& doubt : review.doubts()) told.push_back(doubt.code + " " + doubt.where);
    return {};
  };
  const auto comparison = compared(real, guess);
  ASSERT_TRUE(comparison) << comparison.error().line();
  EXPECT_EQ(comparison->contexts[0].labels.size(), 6u);
  EXPECT_EQ(comparison->contexts[0].n_real_cells[0], 26u);
  for (const char* file : {"real.h5ad", "pred.h5ad"}) {
    EXPECT_THAT(told, Contains(::testing::AllOf(HasSubstr("labels.like_missing"), HasSubstr(file))));
  }
  EXPECT_EQ(comparison->doubts.size(), told.size());
  // Whoever does not accept a doubt has the comparison ended.
  options_.settle = [](Review&) { return bad_input("not accepted", "", ""); };
  EXPECT_THAT(error_of(real, guess), HasSubstr("not accepted"));
}

TEST_F(CompareCells, TheOraclesFilesScoreAsTheOracle) {
  const std::filesystem::path oracle = std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "vcc";
  if (!std::filesystem::exists(oracle)) GTEST_SKIP() << "no oracle data at " << oracle;
  options_.n_second_screens = 0;
  ThreadPool pool(2);
  for (const std::string name : {"good", "control"}) {
    std::ifstream stream(oracle / ("oracle_" + name + ".json"));
    const auto expected = nlohmann::json::parse(stream);
    const auto comparison =
        compare_cells(oracle / "real.h5ad", oracle / ("pred_" + name + ".h5ad"), options_, pool, progress_, {});
    ASSERT_TRUE(comparison) << comparison.error().line();
    EXPECT_NEAR(*comparison->score, expected["score"].get<double>(), 1e-9);
    for (const MemberScore& member : comparison->contexts[0].scores.members) {
      const double s = expected["scaled"][member.name].get<double>();
      EXPECT_NEAR(*member.s, s, 1e-9 * std::max(1.0, std::abs(s))) << member.name;
    }
  }
}

}  // namespace compare_cells_test
}  // namespace headroom
