// Layouts of deltas, folds, vectors and predictions that labs really have, made by the shared scripts: each is read
// right, or refused with the flag that answers. Right values are what the scripts print.
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPython = "/usr/bin/python3";

class TaskCase : public ProgramTest {
 protected:
  // What the script prints; its files lie in the test's folder. Skips where there is no script or no anndata.
  std::string make(const std::string& name) {
    const fs::path script = fs::path(HEADROOM_SHARED_DIR) / "cases" / (name + ".py");
    if (!fs::exists(script)) return {};
    const std::string command = std::string(kPython) + " -W ignore '" + script.string() + "' '" + folder_.string() +
                                "' > '" + (folder_ / "case.txt").string() + "' 2> '" + (folder_ / "case.err").string() +
                                "'";
    return std::system(command.c_str()) == 0 ? content_of(folder_ / "case.txt") + " " : std::string();
  }
  static double number_after(const std::string& text, const std::string& words) {
    const auto at = text.find(words);
    EXPECT_NE(at, std::string::npos) << words;
    return at == std::string::npos ? NAN : std::stod(text.substr(text.find_first_not_of(": ", at + words.size())));
  }
  json bounds(const std::string& arguments) const {
    const Ended ended = headroom("bounds " + arguments + " --metric L2 --predictor knn --grid knn.k=2,4 --json");
    EXPECT_EQ(ended.exit_code, 0) << arguments << "\n" << ended.err;
    return ended.exit_code == 0 ? json::parse(ended.out) : json();
  }
  json summary() const { return json::parse(content_of(folder_ / "out" / "summary.json")); }
  static double value(const json& summary, const std::string& method, const char* field = "value",
                      std::size_t context = 0) {
    for (const json& m : summary["contexts"][context]["methods"]) {
      if (m["name"] == method && m.contains(field)) return m[field].get<double>();
    }
    ADD_FAILURE() << method << " has no " << field;
    return NAN;
  }
  void expect_refused(const std::string& arguments, const std::string& code, const std::string& remedy) const {
    const Ended ended = headroom(arguments);
    EXPECT_EQ(ended.exit_code, 2) << arguments << "\n" << ended.err;
    EXPECT_NE(ended.err.find(code), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find(remedy), std::string::npos) << ended.err;
    EXPECT_FALSE(fs::exists(folder_ / "out")) << "something was left behind";
  }
  static constexpr double kRounding = 1e-5;  // deltas are stored in float32
};

#define MAKE_CASE(name)                   \
  const std::string printed = make(name); \
  if (printed.empty()) GTEST_SKIP() << "no case " << name << ", or no anndata to make it"

TEST_F(TaskCase, WordsOfASplitAreTestedOneAtATime) {
  MAKE_CASE("splits");
  for (const char* file : {"gears_split.h5ad", "fold_bool.h5ad"}) {
    expect_refused(std::string("run ") + file + " --embedding emb.csv -o out", "folds.words", "--test-value");
  }
  const double right = number_after(printed, "expected train_mean L2 on the test split (train+val as training)");
  EXPECT_NEAR(value(bounds("gears_split.h5ad --test-value test"), "train_mean"), right, kRounding);
  EXPECT_NEAR(value(bounds("fold_columns.h5ad --fold-file split.csv --test-value test"), "train_mean"), right,
              kRounding);
  EXPECT_NEAR(value(bounds("fold_bool.h5ad --test-value True"), "train_mean"), right, kRounding);
  EXPECT_NEAR(value(bounds("fold_nan.h5ad --test-value 0"), "train_mean"), right, kRounding);
  const json columns = bounds("fold_columns.h5ad");
  EXPECT_EQ(columns["task"]["contexts"][0]["folds"].size(), 5u);
  EXPECT_FALSE(columns.contains("doubts"));
}

TEST_F(TaskCase, FoldColumnsAndArraysOfVectorsAsPublished) {
  MAKE_CASE("genbio_layout");
  const double right = number_after(printed, "train mean, CVCL_0023, published folds");
  // Rows are only numbered, and neither column has a usual name.
  const Ended unnamed = headroom("bounds tahoe_deltas.h5ad");
  EXPECT_EQ(unnamed.exit_code, 2);
  EXPECT_NE(unnamed.err.find("name the column of perturbations, pubchem_cid or drug, with --pert-col"),
            std::string::npos)
      << unnamed.err;
  EXPECT_EQ(bounds("tahoe_deltas.h5ad --pert-col index")["contexts"].size(), 3u) << "that is answered";
  EXPECT_NEAR(value(bounds("tahoe_deltas.h5ad --pert-col drug"), "train_mean"), right, kRounding);
  const std::string task = "tahoe_deltas.h5ad --pert-col pubchem_cid";
  EXPECT_NEAR(value(bounds(task), "train_mean"), right, kRounding);
  EXPECT_NEAR(value(bounds(task + " --fold-file folds_by_hand.csv"), "train_mean"), right, kRounding);
  const std::string run = "run " + task + " --metric L2 --predictor knn --grid knn.k=2,4 -o out --embedding ";
  expect_refused(run + "drug_embeddings.h5ad", "vectors.elsewhere", "#obsm/MolFormer");
  const Ended chosen = headroom(run + "drug_embeddings.h5ad#obsm/MolFormer --embedding csv=molformer.csv");
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_EQ(value(summary(), "MolFormer+knn"), value(summary(), "csv+knn"));
}

TEST_F(TaskCase, PathsAndSubmissionsAsTheyAre) {
  MAKE_CASE("paths");
  ASSERT_EQ(headroom("prepare cells.h5ad --control non-targeting --outer 4 --inner 4 -o task").exit_code, 0);
  const std::string flags = " --metric L2 --predictor knn --grid knn.k=2,4 ";
  const Ended paths = headroom("run task" + flags +
                               "-o out --embedding 'outputs/lr=0.001,seed=1/emb.csv' --embedding "
                               "'emb v1.0 (final).csv'");
  ASSERT_EQ(paths.exit_code, 0) << paths.err;
  EXPECT_GT(value(summary(), "emb+knn", "coverage"), 0.99);

  // Somebody's own files are not replaced.
  const Ended mine = headroom("run task" + flags + "-o mine --embedding emb=a+b.csv");
  EXPECT_EQ(mine.exit_code, 2);
  EXPECT_NE(mine.err.find("output.not_ours"), std::string::npos) << mine.err;
  for (const char* name : {"scores.csv", "summary.json", "report.html", "perturbations.csv", "run.toml"}) {
    EXPECT_EQ(content_of(folder_ / "mine" / name), "PRECIOUS\n") << name;
  }
  EXPECT_FALSE(fs::exists(folder_ / "mine" / "results.sqlite"));

  const Ended inbox = headroom("run task" + flags + "-o round --sandbox relaxed --submissions subs");
  EXPECT_EQ(inbox.exit_code, 3) << "an empty folder is a failed submission";
  EXPECT_NE(inbox.err.find("hidden or system files are passed over"), std::string::npos) << inbox.err;
  EXPECT_EQ(inbox.err.find("._good"), inbox.err.rfind("._good")) << "it is no submission";
}

TEST_F(TaskCase, TheRealCellsScoreNothingWhateverTheirBatches) {
  MAKE_CASE("batches_pred");
  ASSERT_EQ(headroom("prepare real.h5ad --control non-targeting --outer 4 --inner 4 -o task").exit_code, 0);
  const Ended scored = headroom(
      "score task --predictions real=real.h5ad --predicted cells --values counts --control non-targeting --metric L2 "
      "--predictor knn --grid knn.k=2,4 -o out");
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  EXPECT_NEAR(value(summary(), "real"), 0, 1e-9);
}

TEST_F(TaskCase, AnotherTargetSumIsRefused) {
  MAKE_CASE("control_drift");
  ASSERT_EQ(headroom("prepare real_counts.h5ad --control non-targeting --outer 4 --inner 4 -o task").exit_code, 0);
  const std::string score = "score task --predicted cells --metric L2 --predictor knn --grid knn.k=2,4 -o out ";
  for (const char* control : {" --control non-targeting", " --control non-targeting --quiet"}) {
    expect_refused(score + "--values log1p --predictions real_median_log1p.h5ad" + control, "predictions.other_scale",
                   "log1p of counts scaled to");
  }
  expect_refused(score + "--values counts --predictions real_median_log1p.h5ad --control non-targeting",
                 "predictions.other_scale", "log1p values");
  expect_refused(score + "--values log1p --predictions real_counts.h5ad --control non-targeting",
                 "predictions.other_scale", "without a logarithm");
  const Ended right = headroom(score + "--values counts --predictions real_counts.h5ad --control non-targeting");
  ASSERT_EQ(right.exit_code, 0) << right.err;
  EXPECT_FALSE(summary().contains("doubts"));
}

TEST_F(TaskCase, ControlsAmongPseudobulksAreSaid) {
  MAKE_CASE("ints_and_bulk");
  expect_refused("run K562_bulk.h5ad --embedding x=pseudobulk_no_control.h5ad -o out", "labels.like_control",
                 "--control");
  const json bulk = bounds("K562_bulk.h5ad --control '*non-targeting*' --folds 5");
  EXPECT_EQ(bulk["task"]["contexts"][0]["n_perturbations"], 24);
  EXPECT_FALSE(bulk.contains("doubts")) << bulk["doubts"];
  expect_refused("run pseudobulk_control_row.h5ad --embedding x=pseudobulk_no_control.h5ad -o out",
                 "labels.like_control", "--control 'control'");
  EXPECT_FALSE(bounds("pseudobulk_no_control.h5ad --folds 5").contains("doubts"));
}

}  // namespace
}  // namespace headroom
