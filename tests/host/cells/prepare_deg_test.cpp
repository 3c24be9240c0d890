// prepare --deg: labels of the simulated screen against the oracle's, of a screen of plates against NumPy's
// (tests/reference/deg), and what is told about the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cells/prepare.hpp"
#include "host/io/temporary_folder.hpp"
#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/h5ad.hpp"
#include "task/task.hpp"

namespace headroom {
namespace prepare_deg_test {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::TemporaryFolder;

const fs::path kGolden = fs::path(HEADROOM_SHARED_DIR) / "golden" / "small";
const fs::path kReference = fs::path(HEADROOM_SOURCE_DIR) / "tests" / "reference" / "deg";

Result<PrepareReport> prepare_into(const fs::path& cells, const fs::path& out, PrepareOptions options,
                                   int n_threads = 2) {
  ThreadPool pool(n_threads);
  NoProgress progress;
  return prepare(cells, out, options, pool, progress, {});
}

PrepareOptions golden_options() {
  PrepareOptions options;
  options.deg = true;
  options.fold_file = kGolden / "folds.csv";
  options.bootstrap.n_outer = options.bootstrap.n_inner = 1;  // deltas are others' matter
  return options;
}

// Macro F1 over the classes in the gene's truth, then the mean over genes (protocol section 8).
double macro_f1(const LabelMatrix& truth, const LabelMatrix& predicted) {
  double sum = 0;
  for (Eigen::Index g = 0; g < truth.cols(); ++g) {
    double of_gene = 0;
    int n_classes = 0;
    for (int label = -1; label <= 1; ++label) {
      const auto is_true = truth.col(g).array() == static_cast<std::int8_t>(label);
      const auto is_called = predicted.col(g).array() == static_cast<std::int8_t>(label);
      if (is_true.count() == 0) continue;
      ++n_classes;
      of_gene += 2.0 * static_cast<double>((is_true && is_called).count()) /
                 static_cast<double>(is_true.count() + is_called.count());
    }
    sum += of_gene / n_classes;
  }
  return sum / static_cast<double>(truth.cols());
}

class PrepareDegGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kGolden / "golden.json")) GTEST_SKIP() << "no oracle data at " << kGolden;
    std::ifstream stream(kGolden / "golden.json");
    golden_ = nlohmann::json::parse(stream)["deg"];
    PrepareOptions options = golden_options();
    options.deg_statistics = true;
    const auto report = prepare_into(kGolden / "cells.h5ad", folder_ / "task", options);
    ASSERT_TRUE(report) << report.error().line();
    report_ = *report;
    auto task = read_task(folder_ / "task", {});
    ASSERT_TRUE(task) << task.error().line();
    task_ = std::move(*task);
  }

  TemporaryFolder folder_;
  nlohmann::json golden_;
  PrepareReport report_;
  Task task_;
};

TEST_F(PrepareDegGolden, LabelsAreTheOracles) {
  const auto oracle = read_task(kGolden / "deg_labels.h5ad", {});
  ASSERT_TRUE(oracle) << oracle.error().line();
  const TaskContext& ours = task_.contexts.front();
  const TaskContext& theirs = oracle->contexts.front();
  std::size_t next = 0;
  for (std::size_t i = 0; i < ours.pert_ids.size(); ++i) {
    const bool is_there = next < theirs.pert_ids.size() && theirs.pert_ids[next] == ours.pert_ids[i];
    EXPECT_EQ(ours.deg->has_labels[i], is_there) << ours.pert_ids[i];
    if (!is_there) continue;
    EXPECT_EQ(ours.deg->labels.row(static_cast<Eigen::Index>(i)),
              theirs.deg->labels.row(static_cast<Eigen::Index>(next)))
        << ours.pert_ids[i];
    ++next;
  }
  EXPECT_EQ(next, 54u);
  EXPECT_EQ(report_.n_labelled, 54u);
  EXPECT_THAT(report_.notes,
              Contains("6 of 60 perturbations are without labels of responding genes: 30 cells or fewer"));
  EXPECT_TRUE(task_.has_deltas);
  EXPECT_EQ(ours.deltas.rows(), 60);
}

TEST_F(PrepareDegGolden, StatisticsAreTheOracles) {
  const auto file = H5adFile::open(folder_ / "task" / "task.h5ad");
  ASSERT_TRUE(file);
  const Matrix t = *file->matrix_of_layer("deg_t")->read(), q = *file->matrix_of_layer("deg_q")->read();
  const auto perts = *file->read_index(H5adAxis::obs);
  const auto first = std::find(perts.begin(), perts.end(), golden_["perts"][0]) - perts.begin();
  const auto excluded = std::find(perts.begin(), perts.end(), golden_["excluded"][0]) - perts.begin();
  for (int g = 0; g < 20; ++g) {
    // The oracle's numbers have 12 digits.
    const double expected_t = golden_["t_first_pert_first_20_genes"][static_cast<std::size_t>(g)];
    const double expected_q = golden_["padj_first_pert_first_20_genes"][static_cast<std::size_t>(g)];
    EXPECT_NEAR(t(first, g), expected_t, 1e-8 * std::abs(expected_t));
    EXPECT_NEAR(q(first, g), expected_q, 1e-7 * expected_q);
    EXPECT_TRUE(std::isnan(t(excluded, g)) && std::isnan(q(excluded, g)));
  }
}

// Trials as a prediction of the labels, against the oracle's trials of another generator.
TEST_F(PrepareDegGolden, TrialsLieWithinTheOraclesSpread) {
  const TaskContext& context = task_.contexts.front();
  ASSERT_TRUE(context.deg->trials);
  ASSERT_EQ(context.deg->trials->n_trials(), 20);
  for (const auto& [fold, expected] : golden_["folds"].items()) {
    RowIndex rows;
    for (const auto& pert : expected["test"]) {
      const auto at = std::find(context.pert_ids.begin(), context.pert_ids.end(), pert) - context.pert_ids.begin();
      rows.push_back(static_cast<std::int32_t>(at));
    }
    const LabelMatrix truth = context.deg->labels(rows, Eigen::all);
    double mean = 0;
    for (int trial = 0; trial < 20; ++trial) mean += macro_f1(truth, context.deg->trials->labels(trial, rows)) / 20;
    const auto& error = expected["exp_error"];
    // Two means of 20 trials each: their difference has sqrt(2 / 20) of a trial's spread.
    EXPECT_NEAR(mean, error["mean"].get<double>(), 4 * std::sqrt(0.1) * error["sd"].get<double>()) << fold;
  }
}

// What noise.csv tells readers of a fold, against the trials that the task keeps.
TEST_F(PrepareDegGolden, NoiseTellsTheMeansOfFolds) {
  const TaskContext& context = task_.contexts.front();
  std::map<std::string, std::vector<double>> f1_of_fold;
  for (const auto& [fold, expected] : golden_["folds"].items()) {
    RowIndex rows;
    for (const auto& pert : expected["test"]) {
      const auto at = std::find(context.pert_ids.begin(), context.pert_ids.end(), pert) - context.pert_ids.begin();
      rows.push_back(static_cast<std::int32_t>(at));
    }
    const LabelMatrix truth = context.deg->labels(rows, Eigen::all);
    std::vector<double>& trials = f1_of_fold[fold];
    for (int trial = 0; trial < 20; ++trial) {
      trials.push_back(macro_f1(truth, context.deg->trials->labels(trial, rows)));
    }
    std::sort(trials.begin(), trials.end());
  }
  auto reader = DelimitedReader::open(folder_ / "task" / "noise.csv");
  ASSERT_TRUE(reader && reader->read_header());
  const auto column = [&](const char* name) { return *reader->require_column(name); };
  std::size_t n_rows = 0;
  for (auto more = reader->next(); more && *more; more = reader->next()) {
    const auto& cells = reader->cells();
    if (!cells[column("pert_id")].empty()) {
      EXPECT_TRUE(cells[column("fold")].empty() && cells[column("F1")].empty());
      continue;
    }
    ++n_rows;
    EXPECT_EQ(cells[column("context")], context.name);
    EXPECT_TRUE(cells[column("L2")].empty());
    const auto& trials = f1_of_fold.at(std::string(cells[column("fold")]));
    // Of 20 trials, by the nearest: 0.1 · 19 is the third smallest.
    const auto at = static_cast<std::size_t>(std::nearbyint(19 * *reader->number(column("quantile"))));
    EXPECT_NEAR(*reader->number(column("F1")), trials[at], 1e-12);
    for (const char* metric : {"precision", "recall", "ROC_AUC", "AP"}) {
      const double value = *reader->number(column(metric));
      EXPECT_TRUE(value > 0 && value <= 1) << metric << " " << value;
    }
  }
  EXPECT_EQ(n_rows, 7 * f1_of_fold.size());
}

TEST(PrepareDeg, IsTheSameOnAnyNumberOfThreads) {
  if (!fs::exists(kGolden / "cells.h5ad")) GTEST_SKIP() << "no oracle data at " << kGolden;
  for (const Design design : {Design::global, Design::matched}) {
    const TemporaryFolder folder;
    PrepareOptions options = golden_options();
    options.design = design;
    for (const int n_threads : {1, 4}) {
      const auto report = prepare_into(kGolden / "cells.h5ad", folder / std::to_string(n_threads), options, n_threads);
      ASSERT_TRUE(report) << report.error().line();
    }
    EXPECT_EQ(read_bytes(folder / "1" / "task.h5ad"), read_bytes(folder / "4" / "task.h5ad"));
  }
}

// Deltas and their errors do not change, and without --deg nothing of it is written.
TEST(PrepareDeg, LeavesDeltasAndNoiseAsTheyAre) {
  if (!fs::exists(kGolden / "cells.h5ad")) GTEST_SKIP() << "no oracle data at " << kGolden;
  const TemporaryFolder folder;
  PrepareOptions options = golden_options();
  ASSERT_TRUE(prepare_into(kGolden / "cells.h5ad", folder / "with", options));
  options.deg = false;
  ASSERT_TRUE(prepare_into(kGolden / "cells.h5ad", folder / "without", options));
  const auto with = H5adFile::open(folder / "with" / "task.h5ad"),
             without = H5adFile::open(folder / "without" / "task.h5ad");
  ASSERT_TRUE(with && without);
  EXPECT_EQ(*with->matrix()->read(), *without->matrix()->read());
  EXPECT_THAT(without->keys("layers"), ::testing::Not(Contains("deg")));
  EXPECT_FALSE(without->has_column(H5adAxis::obs, kHasDegColumn));
  EXPECT_FALSE(without->has_key(std::string("uns/") + kDegTrialsKey));
  EXPECT_EQ(read_bytes(folder / "without" / "noise.csv").find("F1"), std::string::npos);
}

TEST(PrepareDeg, PlatesVoteAsInTheReference) {
  std::ifstream stream(kReference / "plates.json");
  const auto reference = nlohmann::json::parse(stream);
  const TemporaryFolder folder;
  PrepareOptions options;
  options.deg = options.deg_statistics = true;
  options.design = Design::matched;
  options.columns.pert_col = "drug";
  options.columns.labels.controls = {"DMSO"};
  options.n_folds = 3;
  const auto report = prepare_into(kReference / "plates.h5ad", folder / "task", options);
  ASSERT_TRUE(report) << report.error().line();
  const auto task = read_task(folder / "task", {});
  ASSERT_TRUE(task) << task.error().line();
  const auto file = H5adFile::open(folder / "task" / "task.h5ad");
  const Matrix t = *file->matrix_of_layer("deg_t")->read(), q = *file->matrix_of_layer("deg_q")->read();
  const TaskContext& context = task->contexts.front();
  ASSERT_EQ(context.pert_ids.size(), reference.size());
  for (std::size_t i = 0; i < context.pert_ids.size(); ++i) {
    const auto& expected = reference[context.pert_ids[i]];
    EXPECT_EQ(context.deg->has_labels[i], !expected.is_null()) << context.pert_ids[i];
    if (expected.is_null()) continue;
    const auto row = static_cast<Eigen::Index>(i);
    for (Eigen::Index g = 0; g < context.deg->labels.cols(); ++g) {
      const auto at = static_cast<std::size_t>(g);
      EXPECT_EQ(context.deg->labels(row, g), expected["label"][at].get<int>()) << context.pert_ids[i] << " " << g;
      EXPECT_NEAR(t(row, g), expected["t"][at].get<double>(), 1e-9);
      EXPECT_NEAR(q(row, g), expected["q"][at].get<double>(), 1e-9);
    }
  }
  EXPECT_EQ(context.deg->trials->n_trials(), 9);
  EXPECT_THAT(report->notes, Contains("1 of 6 perturbations are without labels of responding genes: 20 cells or fewer "
                                      "on every plate"));
  EXPECT_THAT(report->notes, Contains("1 of 6 perturbations are without labels of responding genes: fewer than 2 "
                                      "control cells on every plate"));
  EXPECT_THAT(report->notes, Contains(HasSubstr("1 of 60 genes have the same value in every cell")));
  EXPECT_EQ(report->n_labelled, 4u);
}

TEST(PrepareDeg, StatisticsNeedLabels) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.deg_statistics = true;
  const auto report = prepare_into(kReference / "plates.h5ad", folder / "task", options);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().line(), HasSubstr("--deg-statistics is given without --deg"));
}

}  // namespace prepare_deg_test
}  // namespace headroom
