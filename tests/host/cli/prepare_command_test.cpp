// headroom prepare as a user runs it: contexts, plates and folds of a lab's own columns, a 10x folder, and what bounds
// makes of noise tables that are there, published or absent.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "io/delimited.hpp"
#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kGenes = 12, kPerturbations = 6, kCellsOfGroup = 6;
// Small tasks: few neighbours, few components.
constexpr const char* kSmallBounds = "--predictor knn --grid knn.k=1,2 --common-dim 2 --sandbox relaxed --json ";

class Prepare : public ProgramTest {
 protected:
  // Cells of two lines on two plates with a fold column; `uncontrolled` says of which line and plate the control cells
  // are left out.
  void write_cells(const std::string& uncontrolled = "") const {
    std::mt19937 random(5);
    std::poisson_distribution<int> few(2), many(9);
    H5adContent content;
    std::vector<std::string> guide, plate, line;
    std::vector<std::int64_t> part;
    std::vector<double> counts;
    for (const std::string l : {"K562", "RPE1"}) {
      for (const std::string p : {"plate1", "plate2"}) {
        for (int g = 0; g <= kPerturbations; ++g) {  // 0: the control
          if (g == 0 && l + "/" + p == uncontrolled) continue;
          for (int c = 0; c < kCellsOfGroup; ++c) {
            content.obs_index.push_back(l + p + std::to_string(g) + "-" + std::to_string(c));
            guide.push_back(g == 0 ? "safe" : "sg" + std::to_string(g));
            plate.push_back(p);
            line.push_back(l);
            part.push_back(g % 2);
            for (int i = 0; i < kGenes; ++i) counts.push_back(i == g ? many(random) : few(random));
          }
        }
      }
    }
    for (int i = 0; i < kGenes; ++i) content.var_index.push_back("gene" + std::to_string(i));
    const auto n = static_cast<Eigen::Index>(guide.size());
    content.obs_columns = {
        {"guide", guide, {}, true}, {"plate", plate, {}, true}, {"line", line, {}, false}, {"part", part, {}, false}};
    DenseX x;
    x.row_blocks.emplace_back(counts.data(), n, kGenes, Eigen::OuterStride<>(kGenes));
    content.x = std::move(x);
    ASSERT_TRUE(write_h5ad(folder_ / "cells.h5ad", content));
  }

  // Deltas without cells: `ids` of every context, random numbers, two folds.
  void write_task(const std::map<std::string, std::vector<std::string>>& ids) const {
    H5adContent content;
    std::vector<std::string> pert_id, context;
    std::vector<std::int64_t> fold;
    for (const auto& [name, perts] : ids) {
      for (const std::string& id : perts) {
        content.obs_index.push_back(name + "|" + id);
        pert_id.push_back(id);
        context.push_back(name);
        fold.push_back(static_cast<std::int64_t>(fold.size() % 2));
      }
    }
    for (int i = 0; i < kGenes; ++i) content.var_index.push_back("gene" + std::to_string(i));
    std::mt19937 random(6);
    std::normal_distribution<double> normal;
    std::vector<double> deltas(pert_id.size() * kGenes);
    for (double& delta : deltas) delta = normal(random);
    const auto n = static_cast<Eigen::Index>(pert_id.size());
    content.obs_columns = {
        {"pert_id", pert_id, {}, false}, {"context", context, {}, true}, {"test_split", fold, {}, false}};
    DenseX x;
    x.row_blocks.emplace_back(deltas.data(), n, kGenes, Eigen::OuterStride<>(kGenes));
    content.x = std::move(x);
    ASSERT_TRUE(write_h5ad(folder_ / "task.h5ad", content));
  }

  // The L2 table of one context out of a summary.
  static json methods_of(const json& summary, const std::string& context) {
    for (const json& c : summary["contexts"]) {
      if (c["context"] == context && c["metric"] == "L2") return c["methods"];
    }
    ADD_FAILURE() << "no context " << context;
    return json::array();
  }
  static json method_of(const json& methods, const std::string& name) {
    for (const json& m : methods) {
      if (m["name"] == name) return m;
    }
    ADD_FAILURE() << "no method " << name;
    return json::object();
  }
};

const std::string kColumns =
    "prepare cells.h5ad -o task --pert-col guide --control safe --batch-col plate --context-col line --fold-col part ";

TEST_F(Prepare, ContextsPlatesAndFoldsOfALabsOwnColumns) {
  write_cells();
  for (const char* design : {"global", "matched"}) {
    const Ended ended = headroom(kColumns + "--design " + design + " --json");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const json table = json::parse(ended.out);
    ASSERT_EQ(table.size(), 2u) << ended.out;
    for (const json& row : table) {
      EXPECT_EQ(row["perturbations"], kPerturbations);
      EXPECT_EQ(row["batches"], 2);
      EXPECT_EQ(row["cells"], 2 * kPerturbations * kCellsOfGroup);
      EXPECT_EQ(row["control_cells"], 2 * kCellsOfGroup);
    }
    const auto task = H5adFile::open(folder_ / "task" / "task.h5ad");
    ASSERT_TRUE(task);
    const auto perts = *task->read_column(H5adAxis::obs, "pert_id"),
               folds = *task->read_column(H5adAxis::obs, "test_split");
    ASSERT_EQ(perts.size(), 2u * kPerturbations);
    const Matrix deltas = *task->matrix()->read();
    for (std::size_t r = 0; r < perts.size(); ++r) {
      const int g = perts.text(r).back() - '0';
      EXPECT_EQ(folds.text(r), std::to_string(g % 2));
      Eigen::Index raised = 0;
      deltas.row(static_cast<Eigen::Index>(r)).maxCoeff(&raised);
      EXPECT_EQ(raised, g) << perts.text(r);
    }
    const Ended bounds = headroom(std::string("bounds task ") + kSmallBounds);
    ASSERT_EQ(bounds.exit_code, 0) << bounds.err;
    const json summary = json::parse(bounds.out);
    for (const char* line : {"K562", "RPE1"}) {
      const json methods = methods_of(summary, line);
      for (const char* name :
           {"sampling_error_q90", "sampling_error_q50", "sampling_error_closed_form", "split_half"}) {
        EXPECT_EQ(method_of(methods, name)["status"], "ok") << name;
      }
    }
  }
}

TEST_F(Prepare, APlateWithoutControlsIsNamedAndNothingIsWritten) {
  write_cells("RPE1/plate2");
  const Ended matched = headroom(kColumns + "--design matched");
  EXPECT_EQ(matched.exit_code, 2);
  EXPECT_NE(matched.err.find("batch 'plate2' in context 'RPE1' has cells of 'sg1' but no control cells"),
            std::string::npos)
      << matched.err;
  EXPECT_FALSE(fs::exists(folder_ / "task"));
  EXPECT_EQ(headroom(kColumns + "--design global").exit_code, 0);
}

// The folder is read with its table as the h5ad is; both come to folds that no run would take, of three perturbations.
TEST_F(Prepare, ATenXFolderWithATableOfCells) {
  const std::string folder = std::string(HEADROOM_SOURCE_DIR) + "/tests/reference/cells/";
  const std::string rest = " --fold-col split -o ";
  const Ended without = headroom("prepare '" + folder + "matrix_market'" + rest + "none");
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_NE(without.err.find("--cells TABLE.tsv"), std::string::npos) << without.err;
  for (const std::string& cells : {"'" + folder + "matrix_market' --cells '" + folder + "matrix_market/cells.tsv'",
                                   "'" + folder + "csr_float32_gzip.h5ad'"}) {
    const Ended ended = headroom("prepare " + cells + rest + "refused");
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    EXPECT_NE(ended.err.find("has one test perturbation, and 2 are needed"), std::string::npos) << ended.err;
    EXPECT_FALSE(fs::exists(folder_ / "refused"));
  }
}

TEST_F(Prepare, ATaskWithoutCellsSaysWhyItHasNoSamplingError) {
  write_task({{"bulk", {"a", "b", "c", "d", "e", "f", "g", "h"}}});
  const Ended ended = headroom(std::string("bounds task.h5ad ") + kSmallBounds);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json skipped = method_of(methods_of(json::parse(ended.out), "bulk"), "sampling_error_q90");
  EXPECT_EQ(skipped["status"], "skipped");
  EXPECT_NE(skipped["reason"].get<std::string>().find("bulk data"), std::string::npos) << skipped;
  EXPECT_NE(ended.err.find("no noise table"), std::string::npos) << ended.err;
}

// The published tables bound a task of their perturbations as they are.
TEST_F(Prepare, PublishedNoiseTablesAreTakenAsTheyAre) {
  const fs::path published = fs::path(HEADROOM_SHARED_DIR) / "published";
  if (!fs::exists(published)) GTEST_SKIP() << "no published tables at " << published;
  for (const bool chemical : {false, true}) {
    const fs::path path = published / (chemical ? "sciplex_lfc_noise.csv" : "norman_lfc_noise.csv");
    // Perturbation → L2 at quantile 0.9, per context.
    std::map<std::string, std::map<std::string, double>> expected;
    auto table = DelimitedReader::open(path);
    ASSERT_TRUE(table && table->read_header());
    while (*table->next()) {
      if (*table->number(*table->column("quantile")) != 0.9) continue;
      const std::string context =
          chemical ? std::string(table->cells()[*table->column("cell_line")]).substr(8) : "K562";  // sciplex_LINE
      expected[context][std::string(table->cells()[*table->column("pert_id")])] =
          *table->number(*table->column(chemical ? "value" : "L2"));
    }
    std::map<std::string, std::vector<std::string>> ids;
    for (const auto& [context, values] : expected) {
      for (const auto& [id, value] : values) ids[context].push_back(id);
    }
    write_task(ids);
    const Ended ended = headroom("bounds task.h5ad --metric L2 --noise '" + path.string() + "' " + kSmallBounds);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const json summary = json::parse(ended.out);
    std::size_t row = 0;
    for (const auto& [context, values] : expected) {
      double sum[2] = {0, 0};
      int n[2] = {0, 0};
      for (const auto& [id, value] : values) {
        sum[row % 2] += value;
        ++n[row++ % 2];
      }
      const json bound = method_of(methods_of(summary, context), "sampling_error_q90");
      ASSERT_EQ(bound["status"], "ok") << context;
      ASSERT_EQ(bound["folds"].size(), 2u);
      for (int f = 0; f < 2; ++f) {
        EXPECT_NEAR(bound["folds"][f]["value"].get<double>(), sum[f] / n[f], 1e-9) << path << " " << context;
      }
    }
  }
}

}  // namespace
}  // namespace headroom
