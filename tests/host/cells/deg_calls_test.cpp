#include "cells/deg_calls.hpp"

#include <gtest/gtest.h>

#include "deg/benjamini_hochberg.hpp"
#include "deg/label_call.hpp"
#include "random_cells.hpp"

namespace headroom {
namespace deg_calls_test {

constexpr std::uint32_t kGenes = 300;  // more than one tile

// Two-pass moments of dense columns, Welch's test and the rate: labels, t and q of some rows against others.
struct Naive {
  std::vector<int> labels;
  std::vector<double> t, q;
};
Naive naive(const Matrix& cells, const Matrix& control) {
  const auto moments = [](const Matrix& x, Eigen::Index g) {
    const double n = static_cast<double>(x.rows()), mean = x.col(g).mean();
    return SampleMoments{mean, (x.col(g).array() - mean).square().sum() / ((n - 1) * n)};
  };
  Naive out;
  std::vector<double> p;
  for (Eigen::Index g = 0; g < cells.cols(); ++g) {
    const WelchTest test = welch_test(moments(cells, g), static_cast<double>(cells.rows()), moments(control, g),
                                      static_cast<double>(control.rows()));
    p.push_back(test.p);
    out.t.push_back(test.t);
  }
  out.q = adjusted_p(p);
  for (std::size_t g = 0; g < p.size(); ++g) out.labels.push_back(out.q[g] < 0.05 ? (out.t[g] > 0 ? 1 : -1) : 0);
  return out;
}

// Cells whose first genes are higher, and whose next are lower, than those of random_cells().
CellRows shifted_cells(unsigned seed, const std::vector<int>& batch_sizes) {
  CellRows rows = random_cells(seed, batch_sizes, kGenes, 0.4);
  for (std::size_t e = 0; e < rows.value.size(); ++e) {
    if (rows.gene[e] < 40) rows.value[e] *= 2.5;
    if (rows.gene[e] >= 40 && rows.gene[e] < 80) rows.value[e] *= 0.2;
  }
  return rows;
}

struct Called {
  DegLabels labels;
  DegStatistics statistics;
  DegOutcome outcome;
};
Called call(const DegControl& control, const CellRows& cells, const std::string& name = "p", int n_trials = -1) {
  Called out;
  out.labels.labels = LabelMatrix::Zero(1, kGenes);
  out.labels.trials.emplace(n_trials < 0 ? n_deg_trials(control.design) : n_trials, 1, kGenes);
  out.labels.halves.emplace(2, 1, kGenes);
  out.statistics.t = Matrix::Zero(1, kGenes);
  out.statistics.q = Matrix::Zero(1, kGenes);
  DegWorkspace workspace(control);
  out.outcome = call_deg_labels(control, cells, name, {&out.labels, &out.statistics, 0}, workspace);
  return out;
}

ContextControl context_control(const CellRows& control, Design design) {
  ThreadPool pool(2);
  NoProgress progress;
  return prepare_control(control, design, kGenes, "c", {}, pool, progress, {});
}

TEST(PooledLabels, AreThoseOfTheDenseCalculation) {
  const CellRows control = random_cells(1, {700, 600}, kGenes, 0.4), cells = shifted_cells(2, {20, 0, 25});
  ThreadPool pool(2);
  const Called found = call(pooled_deg_control(control, kGenes, "c", 0, pool), cells);
  ASSERT_EQ(found.outcome, DegOutcome::labelled);
  const Naive expected = naive(dense_of(cells, kGenes), dense_of(control, kGenes));
  int n_up = 0, n_down = 0;
  for (std::uint32_t g = 0; g < kGenes; ++g) {
    EXPECT_EQ(found.labels.labels(0, g), expected.labels[g]) << g;
    EXPECT_NEAR(found.statistics.t(0, g), expected.t[g], 1e-9);
    EXPECT_NEAR(found.statistics.q(0, g), expected.q[g], 1e-9);
    n_up += expected.labels[g] > 0;
    n_down += expected.labels[g] < 0;
  }
  EXPECT_GT(n_up, 10);
  EXPECT_GT(n_down, 10);
}

// Genes that respond strongly keep their label in nearly every trial, the others hardly ever get one, and no two trials
// are the same.
TEST(PooledLabels, TrialsScatterAboutTheLabels) {
  const CellRows control = random_cells(1, {700, 600}, kGenes, 0.4), cells = shifted_cells(2, {40, 45});
  ThreadPool pool(2);
  const DegControl prepared = pooled_deg_control(control, kGenes, "c", 0, pool);
  const Called found = call(prepared, cells);
  ASSERT_EQ(found.labels.trials->n_trials(), 20);
  int n_kept = 0, n_strong = 0, n_wrong = 0;
  for (int t = 0; t < 20; ++t) {
    const LabelMatrix trial = found.labels.trials->labels(t);
    EXPECT_NE(trial, found.labels.labels) << t;
    for (int u = 0; u < t; ++u) EXPECT_NE(trial, found.labels.trials->labels(u)) << t << " " << u;
    for (std::uint32_t g = 0; g < kGenes; ++g) {
      if (found.statistics.q(0, g) < 1e-4) {
        ++n_strong;
        n_kept += trial(0, g) == found.labels.labels(0, g);
      }
      if (g >= 80) n_wrong += trial(0, g) != 0;
    }
  }
  ASSERT_GT(n_strong, 400);
  EXPECT_GT(n_kept, 0.95 * n_strong);
  // Cells drawn from cells scatter twice as much as the cells do: more than a few are called by chance.
  EXPECT_LT(n_wrong, 0.2 * 20 * 220);

  // Of their own seed, names and cells alone.
  EXPECT_EQ(*call(prepared, cells).labels.trials, *found.labels.trials);
  EXPECT_NE(*call(prepared, cells, "q").labels.trials, *found.labels.trials);
  EXPECT_NE(*call(pooled_deg_control(control, kGenes, "c", 1, pool), cells).labels.trials, *found.labels.trials);
  EXPECT_NE(*call(pooled_deg_control(control, kGenes, "d", 0, pool), cells).labels.trials, *found.labels.trials);
}

TEST(PooledLabels, NeedEnoughCells) {
  const CellRows control = random_cells(1, {90}, kGenes, 0.4);
  ThreadPool pool(1);
  const DegControl enough = pooled_deg_control(control, kGenes, "c", 0, pool);
  EXPECT_EQ(call(enough, shifted_cells(2, {30})).outcome, DegOutcome::too_few_cells);
  EXPECT_EQ(call(enough, shifted_cells(2, {31})).outcome, DegOutcome::labelled);
  const DegControl one = pooled_deg_control(random_cells(1, {1}, kGenes, 0.4), kGenes, "c", 0, pool);
  EXPECT_EQ(call(one, shifted_cells(2, {31})).outcome, DegOutcome::too_few_control_cells);
}

TEST(PooledLabels, TellGenesThatNeverVary) {
  CellRows control = random_cells(1, {90}, kGenes, 0.4), cells = shifted_cells(2, {40});
  for (CellRows* rows : {&control, &cells}) {
    // Gene 100 holds 0.1 in every cell, gene 101 nothing.
    CellRows changed;
    changed.batch = rows->batch;
    changed.begin.push_back(0);
    for (std::size_t c = 0; c < rows->n_cells(); ++c) {
      bool is_in = false;
      for (std::uint64_t e = rows->begin[c]; e < rows->begin[c + 1]; ++e) {
        if (rows->gene[e] == 100 || rows->gene[e] == 101) continue;
        if (rows->gene[e] > 100 && !is_in) {
          changed.gene.push_back(100);
          changed.value.push_back(0.1);
          is_in = true;
        }
        changed.gene.push_back(rows->gene[e]);
        changed.value.push_back(rows->value[e]);
      }
      changed.begin.push_back(changed.gene.size());
    }
    *rows = std::move(changed);
  }
  ThreadPool pool(1);
  const DegControl prepared = pooled_deg_control(control, kGenes, "c", 0, pool);
  DegLabels labels;
  labels.labels = LabelMatrix::Constant(1, kGenes, 5);
  DegWorkspace workspace(prepared);
  ASSERT_EQ(call_deg_labels(prepared, cells, "p", {&labels, nullptr, 0}, workspace), DegOutcome::labelled);
  EXPECT_EQ(labels.labels(0, 100), 0);
  EXPECT_EQ(labels.labels(0, 101), 0);
  for (std::uint32_t g = 0; g < kGenes; ++g) {
    EXPECT_EQ(workspace.constant_genes()[g], g == 100 || g == 101) << g;
  }
}

TEST(PlateLabels, AreTheMajorityOfThePlates) {
  // Plate 1 has too few cells of the perturbation, plate 4 too few of the control.
  const CellRows control = random_cells(3, {300, 400, 350, 500, 1, 60}, kGenes, 0.4);
  const CellRows cells = shifted_cells(4, {25, 20, 21, 0, 40, 30});
  const ContextControl kept = context_control(control, Design::matched);
  const Called found = call(plate_deg_control(kept, "c", 0), cells);
  ASSERT_EQ(found.outcome, DegOutcome::labelled);
  const Matrix all = dense_of(cells, kGenes), all_control = dense_of(control, kGenes);
  const auto rows_of = [](const CellRows& rows, const Matrix& dense, std::uint32_t batch) {
    RowIndex index;
    for (std::size_t c = 0; c < rows.n_cells(); ++c) {
      if (rows.batch[c] == batch) index.push_back(static_cast<std::int32_t>(c));
    }
    return gather_rows(dense, index);
  };
  std::vector<Naive> votes;
  for (const std::uint32_t plate : {0u, 2u, 5u}) {
    votes.push_back(naive(rows_of(cells, all, plate), rows_of(control, all_control, plate)));
  }
  int n_split = 0;
  for (std::uint32_t g = 0; g < kGenes; ++g) {
    std::uint32_t n[3] = {0, 0, 0};
    double t = 0, q = 0;
    for (const Naive& vote : votes) {
      ++n[vote.labels[g] + 1];
      t += vote.t[g] / 3;
      q += vote.q[g] / 3;
    }
    n_split += n[0] != 3 && n[1] != 3 && n[2] != 3;
    EXPECT_EQ(found.labels.labels(0, g), majority(n[0], n[1], n[2])) << g;
    EXPECT_NEAR(found.statistics.t(0, g), t, 1e-9);
    EXPECT_NEAR(found.statistics.q(0, g), q, 1e-9);
  }
  EXPECT_GT(n_split, 10);

  ASSERT_EQ(found.labels.trials->n_trials(), 9);
  int n_equal = 0, n_responding = 0;
  for (int t = 0; t < 9; ++t) {
    const LabelMatrix trial = found.labels.trials->labels(t);
    EXPECT_NE(trial, found.labels.labels);
    for (std::uint32_t g = 0; g < kGenes; ++g) {
      if (found.labels.labels(0, g) == 0) continue;
      ++n_responding;
      n_equal += trial(0, g) == found.labels.labels(0, g);
    }
  }
  EXPECT_GT(n_equal, 0.6 * n_responding);
}

TEST(PlateLabels, NeedEnoughCellsOnAPlate) {
  const ContextControl kept = context_control(random_cells(3, {50, 1}, kGenes, 0.4), Design::matched);
  const DegControl prepared = plate_deg_control(kept, "c", 0);
  EXPECT_EQ(call(prepared, shifted_cells(4, {20, 20})).outcome, DegOutcome::too_few_cells);
  EXPECT_EQ(call(prepared, shifted_cells(4, {20, 40})).outcome, DegOutcome::too_few_control_cells);
  EXPECT_EQ(call(prepared, shifted_cells(4, {21, 0})).outcome, DegOutcome::labelled);
}

// Halves tell less than the whole, each something else, and hardly ever the contrary.
void expect_halves(const DegLabels& labels) {
  const LabelMatrix a = labels.halves->labels(0), b = labels.halves->labels(1);
  EXPECT_NE(a, b);
  const auto n_called = [](const LabelMatrix& of) { return (of.array() != 0).count(); };
  for (const LabelMatrix* half : {&a, &b}) {
    EXPECT_GT(n_called(*half), 10);
    EXPECT_LT(n_called(*half), n_called(labels.labels));
    EXPECT_LT(((half->array() != 0) && (labels.labels.array() == 0)).count(), 6);
    EXPECT_EQ(((half->array() * labels.labels.array()) < 0).count(), 0);
  }
}

TEST(PooledLabels, OfHalvesTellLess) {
  const CellRows control = random_cells(1, {700, 600}, kGenes, 0.4), cells = shifted_cells(2, {30, 35});
  ThreadPool pool(2);
  const DegControl prepared = pooled_deg_control(control, kGenes, "c", 0, pool);
  const Called found = call(prepared, cells), again = call(prepared, cells);
  expect_halves(found.labels);
  EXPECT_EQ(*found.labels.halves, *again.labels.halves);
  EXPECT_NE(*found.labels.halves, *call(prepared, cells, "another").labels.halves);
}

// Two cells of the control are enough for labels, and not for halves.
TEST(PooledLabels, OfHalvesNeedTwoControlCellsEach) {
  ThreadPool pool(1);
  const DegControl prepared = pooled_deg_control(random_cells(1, {3}, kGenes, 0.4), kGenes, "c", 0, pool);
  const Called found = call(prepared, shifted_cells(2, {40}));
  EXPECT_EQ(found.outcome, DegOutcome::labelled);
  EXPECT_EQ(found.labels.halves->labels(0), LabelMatrix::Zero(1, kGenes));
}

TEST(PlateLabels, OfHalvesTellLess) {
  const ContextControl kept = context_control(random_cells(3, {300, 400, 350}, kGenes, 0.4), Design::matched);
  const Called found = call(plate_deg_control(kept, "c", 0), shifted_cells(4, {60, 60, 60}));
  ASSERT_EQ(found.outcome, DegOutcome::labelled);
  expect_halves(found.labels);
}

// What labels of other cells are called against: two-pass moments of dense columns.
void expect_moments(const DegControlCells& found, Eigen::Index row, const Matrix& cells) {
  const double n = static_cast<double>(cells.rows());
  EXPECT_EQ(found.n_cells[static_cast<std::size_t>(row)], n);
  for (Eigen::Index g = 0; g < cells.cols(); ++g) {
    const double mean = cells.col(g).mean();
    EXPECT_NEAR(found.mean(row, g), mean, 1e-12);
    EXPECT_NEAR(found.squared_error(row, g), (cells.col(g).array() - mean).square().sum() / ((n - 1) * n), 1e-12);
  }
}

TEST(ControlCells, OfPooledPlatesAreOneRow) {
  const CellRows control = random_cells(1, {30, 41}, kGenes, 0.4);
  ThreadPool pool(2);
  const DegControlCells found = control_cells(pooled_deg_control(control, kGenes, "c", 0, pool), {"a", "b"});
  ASSERT_TRUE(found.is_pooled());
  expect_moments(found, 0, dense_of(control, kGenes));
  EXPECT_TRUE(
      control_cells(pooled_deg_control(random_cells(1, {1}, kGenes, 0.4), kGenes, "c", 0, pool), {"a"}).plates.empty());
}

TEST(ControlCells, OfPlatesAreThoseThatHaveEnough) {
  const CellRows control = random_cells(3, {1, 40, 35}, kGenes, 0.4);
  const ContextControl kept = context_control(control, Design::matched);
  const DegControlCells found = control_cells(plate_deg_control(kept, "c", 0), {"a", "b", "c"});
  ASSERT_EQ(found.plates, (std::vector<std::string>{"b", "c"}));
  const Matrix dense = dense_of(control, kGenes);
  expect_moments(found, 0, dense.middleRows(1, 40));
  expect_moments(found, 1, dense.middleRows(41, 35));
}

}  // namespace deg_calls_test
}  // namespace headroom
