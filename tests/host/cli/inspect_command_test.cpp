// headroom inspect from outside: every kind of file, as text within 100 columns and as JSON, and files that are wrong.
#include <nlohmann/json.hpp>

#include "io/h5ad_writer.hpp"
#include "program.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

using nlohmann::json;

class Inspect : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Ended ended = headroom("simulate -o screen --preset tiny");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
  }

  json facts(const std::string& arguments, int exit_code = 0) const {
    const Ended ended = headroom("inspect " + arguments + " --sandbox relaxed --json");
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    return json::parse(ended.out, nullptr, false);
  }

  // The text form fits and holds no character that acts instead of showing.
  std::string text(const std::string& arguments, int exit_code = 0) const {
    const Ended ended = headroom("inspect " + arguments + " --sandbox relaxed");
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), 100) << line;
      EXPECT_EQ(line, display_text(line));
    }
    return ended.out;
  }

  void expect_error(const std::string& arguments, const std::string& part) const {
    const Ended ended = headroom("inspect " + arguments + " --sandbox relaxed");
    EXPECT_EQ(ended.exit_code, 2) << ended.out;
    EXPECT_NE(ended.err.find("headroom: error: "), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
  }
};

TEST_F(Inspect, ATaskFolderAsRunReadsIt) {
  const json task = facts("screen/task");
  EXPECT_EQ(task["kind"], "task");
  EXPECT_EQ(task["n_perturbations"], 12);
  EXPECT_EQ(task["n_genes"], 100);
  EXPECT_EQ(task["pert_column"], "pert_id");
  EXPECT_EQ(task["context_column"], "context");
  EXPECT_EQ(task["fold_source"], "column 'test_split'");
  EXPECT_EQ(task["contexts"], json::array({"lineA: 12 perturbations, 5 folds, keeps its control profile"}));
  EXPECT_EQ(task["folds"].size(), 5u);
  EXPECT_EQ(task["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(task["noise_metrics"], json::array({"L2", "MSE", "MAE", "Spearman", "Pearson"}));
  EXPECT_LT(task["least_value"], 0);
  EXPECT_GT(task["greatest_value"], 0);
  EXPECT_NE(text("screen/task").find("contexts"), std::string::npos);
  EXPECT_EQ(facts("screen/task/task.h5ad --as task")["fold_source"], "column 'test_split'");
}

TEST_F(Inspect, TheLabelsOfATask) {
  EXPECT_FALSE(facts("screen/task").contains("deg_source"));
  const Ended ended = headroom("prepare screen/cells.h5ad --deg -o labelled");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json task = facts("labelled");
  EXPECT_EQ(task["deg_source"], "layer 'deg'");
  EXPECT_EQ(task["deg_trials"], 20);
  EXPECT_GT(task["deg_labelled_rows"], 0);
  EXPECT_LE(task["deg_labelled_rows"], 12);
  const double down = task["deg_share_down"], none = task["deg_share_none"], up = task["deg_share_up"];
  EXPECT_NEAR(down + none + up, 1, 1e-12);
  EXPECT_GT(none, 0.3);
  EXPECT_GT(down + up, 0);
  EXPECT_LT(task["least_value"], 0);

  const json deltas_part = facts("labelled --target lfc"), labels_part = facts("labelled --target deg");
  EXPECT_FALSE(deltas_part.contains("deg_source"));
  EXPECT_TRUE(deltas_part.contains("least_value") && deltas_part.contains("noise_metrics"));
  EXPECT_EQ(labels_part["deg_source"], "layer 'deg'");
  EXPECT_FALSE(labels_part.contains("least_value") || labels_part.contains("noise_metrics"));
  expect_error("screen/task --target deg", "the task does not hold the target 'deg'");
  expect_error("screen/task/noise.csv --target lfc", "a noise table has no targets");

  // Labels alone.
  H5adContent content;
  const LabelMatrix labels{{0, 1}, {-1, 1}, {0, 0}, {1, 0}};
  content.obs_index = {"a", "b", "c", "d"};
  content.var_index = {"g", "h"};
  content.obs_columns = {{"test_split", std::vector<std::int64_t>{0, 0, 1, 1}, {}, false}};
  content.x = DenseLabels{{ConstLabelMap(labels.data(), labels.rows(), labels.cols())}};
  ASSERT_TRUE(write_h5ad(folder_ / "labels.h5ad", content));
  const json alone = facts("labels.h5ad --as task");
  EXPECT_EQ(alone["deg_source"], "X");
  EXPECT_EQ(alone["deg_share_down"], 0.125);
  EXPECT_EQ(alone["deg_share_up"], 0.375);
  EXPECT_EQ(alone["deg_trials"], 0);
  EXPECT_FALSE(alone.contains("least_value"));
}

TEST_F(Inspect, AnH5adOfAnyKindInTheSandbox) {
  const json task = facts("screen/task/task.h5ad");
  EXPECT_EQ(task["kind"], "data file");
  EXPECT_EQ(task["looks_like"], "a task or finished predictions: one row for each perturbation and context");
  EXPECT_EQ(task["n_rows"], 12);
  EXPECT_EQ(task["n_columns"], 100);
  EXPECT_EQ(task["storage"], "dense float64");
  EXPECT_EQ(task["whole_numbers"], false);
  EXPECT_EQ(task["pert_column"], "pert_id");
  EXPECT_EQ(task["n_perturbations"], 12);
  EXPECT_EQ(task["contexts"], json::array({"lineA: 12 rows"}));
  EXPECT_EQ(task["folds"].size(), 5u);
  EXPECT_EQ(task["obs_columns"][0], "pert_id (text)");
  EXPECT_FALSE(task["confinement"].get<std::string>().empty());

  const json cells = facts("screen/cells.h5ad");
  EXPECT_EQ(cells["looks_like"], "cells: perturbations have several rows");
  EXPECT_EQ(cells["whole_numbers"], true);
  EXPECT_EQ(cells["least_value"], 0);
  EXPECT_EQ(cells["batch_column"], "gem_group");
  EXPECT_GT(cells["n_control_rows"], 0);
  json in_place = facts("screen/cells.h5ad --as cells");
  EXPECT_EQ(in_place["kind"], "cells");
  for (const char* name : {"n_rows", "n_stored", "greatest_value", "perturbations"}) {
    EXPECT_EQ(in_place[name], cells[name]) << name;
  }

  const json vectors = facts("screen/embeddings/good.h5ad");
  EXPECT_NE(vectors["looks_like"].get<std::string>().find("vectors"), std::string::npos);
  EXPECT_EQ(vectors["n_rows"], 15);  // three of them name no perturbation of the screen
  text("screen/cells.h5ad");
}

TEST_F(Inspect, IsTheReviewPrintedAlone) {
  const auto says = [](const json& list, const std::string& part) {
    return std::any_of(list.begin(), list.end(),
                       [&](const json& line) { return line.get<std::string>().find(part) != std::string::npos; });
  };
  const json cells = facts("screen/cells.h5ad");
  EXPECT_EQ(cells["reviewed_as"], "cells");
  EXPECT_TRUE(says(cells["understood"], "perturbations: column")) << cells["understood"];
  EXPECT_TRUE(says(cells["understood"], "control: column 'is_control'")) << cells["understood"];
  EXPECT_FALSE(cells.contains("doubts")) << cells["doubts"];
  EXPECT_FALSE(cells.contains("prepare_refuses")) << cells["prepare_refuses"];
  EXPECT_EQ(cells["understood"], facts("screen/cells.h5ad --as cells")["understood"]) << "the same review";
  const json as_log1p = facts("screen/cells.h5ad --values log1p");
  EXPECT_TRUE(says(as_log1p["doubts"], "refused: [values.not_log1p]")) << as_log1p.dump();

  // Deltas with a control among them.
  H5adContent content;
  std::vector<std::string> perts;
  for (int i = 0; i < 12; ++i) perts.push_back("gene" + std::to_string(i));
  perts.emplace_back("NTC_1");
  content.obs_index = perts;
  content.var_index = {"A", "B"};
  content.obs_columns = {{"pert_id", perts, {}, false}, {"dose", std::vector<std::int64_t>(13, 7), {}, false}};
  const Matrix x = Matrix::Random(13, 2);
  content.x = DenseX{{ConstMatrixMap(x.data(), 13, 2, Eigen::OuterStride<>(2))}};
  ASSERT_TRUE(write_h5ad(folder_ / "deltas.h5ad", content).has_value());
  for (const std::string& as : {std::string(), std::string(" --as task")}) {
    const json doubtful = facts("deltas.h5ad" + as);
    EXPECT_TRUE(says(doubtful["doubts"], "refused: [labels.like_control]")) << doubtful.dump();
    EXPECT_TRUE(says(doubtful["doubts"], "deltas.h5ad, column 'pert_id'")) << "by its own name: " << doubtful.dump();
    EXPECT_TRUE(says(facts("deltas.h5ad --accept labels.like_control" + as)["doubts"], "refused, accepted: "));
    const json answered = facts("deltas.h5ad --control NTC_1 --where dose=7 --folds 3" + as);
    EXPECT_FALSE(answered.contains("doubts")) << answered["doubts"];
    EXPECT_TRUE(!as.empty() || says(answered["understood"], "rows where dose = 7")) << answered.dump();
    text("deltas.h5ad" + as);
  }
  EXPECT_EQ(facts("deltas.h5ad")["reviewed_as"], "deltas");
  EXPECT_NE(facts("deltas.h5ad --where dose=8")["run_refuses"].get<std::string>().find("no row has '8'"),
            std::string::npos);

  std::ofstream(folder_ / "flat.csv") << "id,a,b\nTP53,1,2\nMYC,1,2\n";
  const json flat = facts("flat.csv");
  EXPECT_EQ(flat["reviewed_as"], "vectors");
  EXPECT_TRUE(says(flat["doubts"], "noted: [vectors.flat]")) << flat.dump();
}

TEST_F(Inspect, VectorsAsText) {
  std::ofstream(folder_ / "fm.csv") << "id,a,b\nTP53,1,-2.5\nMYC,3,4\n";
  const json vectors = facts("fm.csv");
  EXPECT_EQ(vectors["looks_like"], "vectors keyed by id");
  EXPECT_EQ(vectors["row_names"], json::array({"TP53", "MYC"}));
  EXPECT_EQ(vectors["n_columns"], 2);
  EXPECT_EQ(vectors["least_value"], -2.5);
  EXPECT_EQ(vectors["greatest_value"], 4);
  EXPECT_NE(text("fm.csv").find("TP53, MYC"), std::string::npos);
}

TEST_F(Inspect, APluginInAConfinedWorker) {
  const std::string library = HEADROOM_BUILD_DIR "/lib/headroom/knn.so";
  const json knn = facts(library);
  EXPECT_EQ(knn["kind"], "plugin");
  EXPECT_EQ(knn["name"], "knn");
  EXPECT_EQ(knn["plugin_kind"], "predictor");
  EXPECT_EQ(knn["shipped"], true);
  EXPECT_EQ(knn["task_kinds"], json::array({"regression (one plane)"}));
  EXPECT_EQ(knn["blocks"], "1");
  EXPECT_EQ(knn["uses_contexts"], false);
  EXPECT_EQ(knn["gives_errors"], true);
  EXPECT_NE(knn["hyperparameters"][0].get<std::string>().find("k: 20, 40, 60, 80, 100"), std::string::npos);
  text(library);

  // It is described without being opened: this one could not be, for want of a file.
  const json table = facts(HEADROOM_BUILD_DIR "/lib/headroom/table.so");
  EXPECT_EQ(table["plugin_kind"], "embedding");
  EXPECT_NE(table["options"][0].get<std::string>().find("file"), std::string::npos);

  EXPECT_FALSE(table.contains("own_limits"));
  const json talkative = facts(HEADROOM_TEST_PLUGINS "/talkative.so");
  EXPECT_EQ(talkative["own_limits"], json::array({"90 s for a request", "2048 MiB of memory"}));

  std::ofstream(folder_ / "broken.so") << "this is no library";
  const json broken = facts("broken.so", 3);
  EXPECT_EQ(broken["kind"], "plugin");
  EXPECT_NE(broken["fault"].get<std::string>().find("load_failed"), std::string::npos);
  EXPECT_EQ(broken["shipped"], false);
  EXPECT_NE(text("broken.so", 3).find("failed: load_failed"), std::string::npos);
}

TEST_F(Inspect, ANoiseTable) {
  const json noise = facts("screen/task/noise.csv");
  EXPECT_EQ(noise["kind"], "noise table");
  EXPECT_EQ(noise["n_perturbations"], 12);
  EXPECT_EQ(noise["n_rows"], 12 * 7);
  EXPECT_EQ(noise["quantiles"].size(), 7u);
  EXPECT_EQ(noise["contexts"], json::array({"lineA"}));
  EXPECT_GT(noise["least_L2"], 0);
}

TEST_F(Inspect, ResultsInEveryForm) {
  ASSERT_EQ(headroom("run screen/task --embedding good=screen/embeddings/good.h5ad --predictor knn --grid knn.k=1,2 "
                     "--common-dim 4 --sandbox relaxed -o out")
                .exit_code,
            0);
  const json folder = facts("out");
  EXPECT_EQ(folder["kind"], "results");
  EXPECT_EQ(folder["contexts"], json::array({"lineA"}));
  EXPECT_EQ(folder["heads"], json::array({"knn"}));
  EXPECT_EQ(folder["n_runs"], 1);
  const auto names = [](const json& lines, const std::string& part) {
    for (const json& line : lines) {
      if (line.get<std::string>().find(part) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(names(folder["methods"], "lineA · knn · L2: good+knn, ok")) << folder["methods"];
  EXPECT_TRUE(names(folder["stored_methods"], "lineA: good+knn, 5 of 5 folds ok")) << folder["stored_methods"];
  EXPECT_TRUE(names(folder["bounds"], "WAP")) << folder["bounds"];
  EXPECT_EQ(facts("out/summary.json")["methods"], folder["methods"]);
  EXPECT_EQ(facts("out/results.sqlite")["runs"], folder["runs"]);
  text("out");
}

TEST_F(Inspect, A10xFolder) {
  const json cells = facts("'" HEADROOM_SOURCE_DIR "/tests/reference/cells/matrix_market'");
  EXPECT_EQ(cells["kind"], "cells");
  EXPECT_EQ(cells["n_columns"], 14);
  EXPECT_EQ(cells["column_names"][0], "ENSG00");
}

TEST_F(Inspect, WrongFilesAreOneLine) {
  expect_error("missing", "there is no such file or folder (missing)");
  expect_error("screen", "the folder is of no known kind");
  std::ofstream(folder_ / "bad.json") << "{";
  expect_error("bad.json", "bad.json");
  std::ofstream(folder_ / "empty.csv");
  expect_error("empty.csv", "the file is empty");
  std::ofstream(folder_ / "noise.csv") << "quantile,L2,pert_id\nhalf,1,a\n";
  expect_error("noise.csv", "the quantile 'half' is no number");
  // What a confined worker cannot read is that file's failure.
  std::ofstream(folder_ / "half.h5ad") << content_of(folder_ / "screen/task/task.h5ad").substr(0, 3000);
  EXPECT_NE(facts("half.h5ad", 3)["fault"].get<std::string>().find("half.h5ad"), std::string::npos);
}

TEST_F(Inspect, HostileNamesAreShownAsText) {
  H5adContent content;
  content.obs_index = {"\033[31mred", "\u202Eltr\n\tx"};
  content.var_index = {std::string(5000, 'x')};
  content.obs_columns = {{"pert_id", std::vector<std::string>{"\033[2Ja", "fact\tn_rows\tone\ti99"}, {}, false}};
  const Matrix x = Matrix::Constant(2, 1, 1.5);
  content.x = DenseX{{ConstMatrixMap(x.data(), 2, 1, Eigen::OuterStride<>(1))}};
  ASSERT_TRUE(write_h5ad(folder_ / "hostile.h5ad", content).has_value());
  text("hostile.h5ad");
  const json hostile = facts("hostile.h5ad");
  EXPECT_EQ(hostile["n_rows"], 2);
  EXPECT_EQ(hostile["perturbations"].size(), 2u);
}

}  // namespace
}  // namespace headroom
