// headroom score from outside: finished predictions in the table of a run, pairs of real and predicted cells, and what
// is said of files that are wrong.
#include <nlohmann/json.hpp>
#include <optional>

#include "io/h5ad_writer.hpp"
#include "program.hpp"
#include "task/task.hpp"

namespace headroom {
namespace {

using nlohmann::json;

constexpr const char* kSettings = "--predictor knn --grid knn.k=1,2,3 --common-dim 4 --sandbox relaxed -o out ";

void expect_says(const Ended& ended, int exit_code, const std::string& part) {
  EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
  EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
}

void write_file(const std::filesystem::path& path, H5adContent content, const Matrix& x) {
  content.x = DenseX{{ConstMatrixMap(x.data(), x.rows(), x.cols(), Eigen::OuterStride<>(x.cols()))}};
  const auto written = write_h5ad(path, content);
  ASSERT_TRUE(written.has_value()) << written.error().line();
}

// What a file of predictions says of the tiny screen; tests change it before it is written.
struct PredictionsFileContent {
  std::vector<std::string> perts, contexts, folds, genes;
  std::optional<std::vector<std::string>> symbols;  // a column of var
  Matrix x;
  std::string pert_column = "pert_id";
  bool with_context = true;

  void write(const std::filesystem::path& path) const {
    H5adContent content;
    for (std::size_t i = 0; i < perts.size(); ++i) content.obs_index.push_back("row" + std::to_string(i));
    content.var_index = genes;
    content.obs_columns.push_back({pert_column, perts, {}, true});
    if (with_context) content.obs_columns.push_back({"context", contexts, {}, true});
    if (!folds.empty()) content.obs_columns.push_back({"test_split", folds, {}, true});
    if (symbols) content.var_columns.push_back({"symbol", *symbols, {}, false});
    write_file(path, content, x);
  }
};

class ScoreTiny : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Ended ended = headroom("simulate -o screen --preset tiny");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    auto task = read_task(folder_ / "screen" / "task", {});
    ASSERT_TRUE(task.has_value()) << task.error().line();
    task_ = std::move(*task);
  }

  const TaskContext& context() const { return task_.contexts.front(); }

  PredictionsFileContent truth() const {
    PredictionsFileContent content;
    content.perts = context().pert_ids;
    content.contexts.assign(content.perts.size(), context().name);
    content.genes = task_.gene_ids;
    content.x = context().deltas;
    return content;
  }

  Ended score(const std::string& arguments) const { return headroom("score screen/task " + (kSettings + arguments)); }
  json summary() const { return json::parse(content_of(folder_ / "out" / "summary.json")); }
  static json method_of(const json& summary, const std::string& name, std::size_t table = 0) {
    for (const json& method : summary["contexts"][table]["methods"]) {
      if (method["name"] == name) return method;
    }
    ADD_FAILURE() << "no method " << name;
    return json();
  }

  Task task_;
};

TEST_F(ScoreTiny, TheTruthClosesTheWholeGap) {
  truth().write(folder_ / "oracle.h5ad");
  const Ended ended = score("--predictions oracle.h5ad");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("oracle: 12 of 12 test perturbations have a prediction"), std::string::npos) << ended.err;
  const json oracle = method_of(summary(), "oracle");
  EXPECT_EQ(oracle["value"], 0);
  EXPECT_GE(oracle["gap_closed"], 100);
  EXPECT_EQ(oracle["role"], "plugin");
  EXPECT_EQ(oracle["coverage"], 1);
  EXPECT_FALSE(oracle.contains("predictor") && oracle["predictor"] != "");
  for (const char* name : {"summary.json", "scores.csv", "perturbations.csv", "report.html", "results.sqlite"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / name)) << name;
  }
  EXPECT_NE(content_of(folder_ / "out" / "scores.csv").find("lineA,0,oracle,,,plugin,ok,L2,0"), std::string::npos);
  EXPECT_NE(content_of(folder_ / "out" / "perturbations.csv").find("oracle"), std::string::npos);
  EXPECT_NE(content_of(folder_ / "out" / "report.html").find("oracle"), std::string::npos);
}

// The mean is summed by another order of additions here, so not bit for bit.
constexpr double kMeanTolerance = 1e-10;

TEST_F(ScoreTiny, TheTrainMeanOfEachFoldClosesWhatTheTrainMeanDoes) {
  PredictionsFileContent content = truth();
  for (std::size_t p = 0; p < content.perts.size(); ++p) {
    const std::int32_t fold = context().fold_of_row[p];
    content.folds.push_back(task_.fold_names[static_cast<std::size_t>(fold)]);
    RowVector mean = RowVector::Zero(content.x.cols());
    int n = 0;
    for (std::size_t q = 0; q < content.perts.size(); ++q) {
      if (context().fold_of_row[q] == fold) continue;
      mean += context().deltas.row(static_cast<Eigen::Index>(q));
      ++n;
    }
    content.x.row(static_cast<Eigen::Index>(p)) = mean / n;
  }
  content.write(folder_ / "mean.h5ad");
  const Ended ended = score("--predictions mine=mean.h5ad");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json mine = method_of(summary(), "mine"), mean = method_of(summary(), "train_mean");
  EXPECT_NEAR(mine["value"], mean["value"], kMeanTolerance);
  EXPECT_NEAR(mine["gap_closed"], mean["gap_closed"], kMeanTolerance * 100);
}

TEST_F(ScoreTiny, StandsInEveryHeadsTableAndResumes) {
  truth().write(folder_ / "oracle.h5ad");
  const std::string two = "--predictor ridge --predictions oracle.h5ad ";
  ASSERT_EQ(score(two).exit_code, 0);
  const json first = summary();
  for (std::size_t table : {0, 1}) EXPECT_EQ(method_of(first, "oracle", table)["value"], 0);
  EXPECT_NE(first["contexts"][0]["head"], first["contexts"][1]["head"]);
  const Ended again = score(two + "--resume");
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.err.find("made again: 0 from other inputs, 0 that failed, 0 missing"), std::string::npos)
      << again.err;
  const Ended verified = headroom("verify out --all");
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.out.find(", 0 differ, 0 not comparable"), std::string::npos) << verified.out;
  const Ended repeated = headroom("score --config out/run.toml");
  ASSERT_EQ(repeated.exit_code, 0) << repeated.err;
  EXPECT_EQ(method_of(summary(), "oracle")["value"], 0);
  // The file's bytes are part of what an evaluation was made from.
  PredictionsFileContent other = truth();
  other.x(0, 0) += 1;
  other.write(folder_ / "oracle.h5ad");
  expect_says(score(two + "--resume"), 0, "5 evaluations of oracle: data of oracle: sha256");
  EXPECT_NE(method_of(summary(), "oracle")["coverage"], 0);
}

TEST_F(ScoreTiny, MissingRowsAreTheTrainMeanAndCounted) {
  PredictionsFileContent content = truth();
  content.perts.resize(9);
  content.contexts.resize(9);
  content.x = Matrix(content.x.topRows(9));
  content.write(folder_ / "part.h5ad");
  const Ended ended = score("--predictions part.h5ad");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("9 of 12 test perturbations have a prediction; the others are predicted as the train mean"),
            std::string::npos)
      << ended.err;
  const json part = method_of(summary(), "part");
  EXPECT_EQ(part["coverage"], 0.75);
  int n_covered = 0;
  for (const json& fold : part["folds"]) {
    n_covered += fold["n_covered"].get<int>();
    if (fold.contains("value_covered")) {
      EXPECT_EQ(fold["value_covered"], 0);
    }
  }
  EXPECT_EQ(n_covered, 9);
}

TEST_F(ScoreTiny, GenesAreMatchedByIdInAnyOrderAndColumn) {
  PredictionsFileContent content = truth();
  const Eigen::Index n = content.x.cols();
  // Reversed, with one gene more, and named by a column of var.
  Matrix x(content.x.rows(), n + 1);
  x.leftCols(n) = content.x.rowwise().reverse();
  x.col(n).setConstant(7);
  content.x = x;
  std::vector<std::string> symbols(content.genes.rbegin(), content.genes.rend());
  symbols.push_back("unheard_of");
  content.symbols = symbols;
  content.genes.clear();
  for (Eigen::Index g = 0; g <= n; ++g) content.genes.push_back("ENSG" + std::to_string(g));
  content.write(folder_ / "other.h5ad");
  ASSERT_EQ(score("--predictions other.h5ad").exit_code, 0);
  EXPECT_EQ(method_of(summary(), "other")["value"], 0);
}

TEST_F(ScoreTiny, AFileWithoutContextsServesEachAndSaysSo) {
  PredictionsFileContent content = truth();
  content.with_context = false;
  content.pert_column = "target";
  content.write(folder_ / "plain.h5ad");
  const Ended ended = score("--predictions plain.h5ad --pert-col target");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(method_of(summary(), "plain")["value"], 0);
  EXPECT_NE(ended.out.find("serve every context"), std::string::npos) << ended.out;
}

TEST_F(ScoreTiny, ControlRowsAreLeftOutAndCounted) {
  PredictionsFileContent content = truth();
  for (int i = 0; i < 2; ++i) {
    content.perts.push_back("ntc");
    content.contexts.push_back(context().name);
  }
  Matrix x(content.x.rows() + 2, content.x.cols());
  x.topRows(content.x.rows()) = content.x;
  x.bottomRows(2).setConstant(1e6);
  content.x = x;
  content.write(folder_ / "with.h5ad");
  const Ended ended = score("--predictions with.h5ad --control ntc");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("2 control rows are left out"), std::string::npos) << ended.out;
  EXPECT_EQ(method_of(summary(), "with")["value"], 0);
}

TEST_F(ScoreTiny, RowsOfOtherDosesAreFilteredOrToldApart) {
  PredictionsFileContent content = truth();
  const std::size_t n = content.perts.size();
  H5adContent file;
  std::vector<std::string> perts, doses;
  Matrix x(2 * content.x.rows(), content.x.cols());
  x << content.x, -content.x;  // what is predicted for another dose
  for (std::size_t i = 0; i < 2 * n; ++i) {
    file.obs_index.push_back("row" + std::to_string(i));
    perts.push_back(content.perts[i % n]);
    doses.push_back(i < n ? "10" : "1");
  }
  file.var_index = content.genes;
  file.obs_columns = {{"pert_id", perts, {}, true}, {"dose", doses, {}, true}};
  write_file(folder_ / "doses.h5ad", file, x);
  expect_says(score("--predictions doses.h5ad"), 2, "[rows.conditions_merged]");
  expect_says(score("--predictions doses.h5ad --accept rows.conditions_merged"), 2, "is there twice");
  for (const char* flags : {"--where dose=10", "--where dose=10.0"}) {
    std::filesystem::remove_all(folder_ / "out");
    const Ended ended = score(std::string("--predictions doses.h5ad ") + flags);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(method_of(summary(), "doses")["value"], 0) << "the task has no such column, the predictions do";
  }
  expect_says(score("--predictions doses.h5ad --where dose=7"), 2, "no row has '7' in column 'dose'");
  expect_says(score("--predictions doses.h5ad --where time=7"), 2, "time");

  // Cells of several doses would be averaged.
  expect_says(score("--predictions doses.h5ad --predicted cells --values log1p"), 2, "[rows.conditions_merged]");
}

// What is known of a file before anything is evaluated is bad input, and nothing is written.
TEST_F(ScoreTiny, FilesThatDoNotFitTheTaskAreRefused) {
  const auto expect_refused = [&](const PredictionsFileContent& content, const std::string& part,
                                  const std::string& flags = "") {
    content.write(folder_ / "bad.h5ad");
    expect_says(score("--predictions bad.h5ad " + flags), 2, part);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  };
  PredictionsFileContent content = truth();
  content.genes[0] = "unheard_of";
  expect_refused(content, "it lacks 1 of the task's 100 genes, the first is '" + task_.gene_ids[0] + "'");
  content = truth();
  content.genes[0] = content.genes[1];
  expect_refused(content, "is there 2 times, in the task 1");

  content = truth();
  content.perts[1] = content.perts[0];
  expect_refused(content, "is there twice in context '" + context().name + "' (rows 1 and 2)");
  expect_refused(content, "if the rows are predicted cells, give --predicted cells and --values counts or log1p");

  content = truth();
  for (std::string& pert : content.perts) pert += "_other";
  expect_refused(content, "none of the 12 perturbations");
  content = truth();
  for (std::string& name : content.contexts) name = "mars";
  expect_refused(content, "it has no rows for context '" + context().name + "'");
  content = truth();
  content.folds.assign(content.perts.size(), "test");
  expect_refused(content, "it has no rows for fold '");
  content = truth();
  content.perts[4] = "";
  expect_refused(content, "row 5 has no value in column 'pert_id'");
  expect_refused(truth(), "column 'target' is missing", "--pert-col target");

  std::ofstream(folder_ / "text.h5ad") << "perturbation,gene\n";
  expect_says(score("--predictions text.h5ad"), 2, "text.h5ad");
  // One of two files is enough: the other's percentages would stand alone.
  truth().write(folder_ / "good.h5ad");
  expect_says(score("--predictions good.h5ad --predictions text.h5ad"), 2, "text.h5ad");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(ScoreTiny, WrongValuesFailWithOneReason) {
  const auto expect_failed = [&](const PredictionsFileContent& content, const std::string& part) {
    content.write(folder_ / "bad.h5ad");
    expect_says(score("--predictions bad.h5ad "), 3, part);
    const json bad = method_of(summary(), "bad");
    EXPECT_EQ(bad["status"], "failed");
    EXPECT_FALSE(bad.contains("value"));
    // The bounds stand all the same.
    EXPECT_EQ(method_of(summary(), "train_mean")["status"], "ok");
  };
  PredictionsFileContent content = truth();
  content.x(3, 2) = std::numeric_limits<double>::quiet_NaN();
  expect_failed(content, "is NaN for gene '" + task_.gene_ids[2] + "'");
  content.x(3, 2) = std::numeric_limits<double>::infinity();
  expect_failed(content, "is infinite for gene");
}

TEST_F(ScoreTiny, MistakesOfTheUserEndBeforeAnything) {
  truth().write(folder_ / "oracle.h5ad");
  expect_says(score("--predictions missing.h5ad"), 2, "the file does not exist (missing.h5ad)");
  expect_says(score("--predictions screen"), 2, "it is a directory");
  expect_says(score("--predictions train_mean=oracle.h5ad"), 2, "the name 'train_mean' is taken");
  expect_says(score("--predictions random+knn=oracle.h5ad"), 2, "the name 'random+knn' is taken");
  expect_says(score("--predictions a=oracle.h5ad --predictions a=oracle.h5ad"), 2, "the name 'a' is taken");
  expect_says(score(""), 2, "--predictions");
  expect_says(score("--predictions oracle.h5ad --predicted cells"), 2,
              "give --values counts, log1p or asis; fractional where counts need not be whole");
  expect_says(score("--predictions oracle.h5ad --values log1p"), 2, "deltas are taken as they are");
  expect_says(score("--predictions oracle.h5ad --set oracle.values=counts"), 2, "there is no option 'oracle.values'");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out" / "summary.json"));
}

TEST_F(ScoreTiny, AHostileNameIsShownAsText) {
  truth().write(folder_ / "oracle.h5ad");
  const Ended ended = score("--predictions \"$(printf '<b>\\033[31mred')=oracle.h5ad\"");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out.find('\033'), std::string::npos);
  EXPECT_EQ(ended.err.find('\033'), std::string::npos);
}

// Cells of a screen in which every perturbation has as many cells in each batch, so that the mean over its cells is its
// profile: what a file of predicted cells with the real cells in it must score.
class ScoreCells : public ProgramTest {
 protected:
  static constexpr int kPerts = 8, kCells = 6, kGenes = 12;

  void SetUp() override {
    ProgramTest::SetUp();
    write_cells(folder_ / "cells.h5ad", "target_gene", false);
  }

  static double count(int p, int cell, int g) {
    return (p * 31 + cell * 17 + g * 7 + p * g * 3 + (p == g ? 20 : 0)) % 23;
  }

  // `shifted_control`: control rows that would change every delta if they were used. `target_sum`: log1p of counts that
  // were scaled to it; 0: counts.
  void write_cells(const std::filesystem::path& path, const std::string& column, bool shifted_control,
                   const std::string& control = "control", double target_sum = 0, int n_genes = kGenes) const {
    H5adContent content;
    std::vector<std::string> perts, batches;
    Matrix x((kPerts + 1) * kCells, kGenes);
    for (int p = 0; p <= kPerts; ++p) {
      for (int cell = 0; cell < kCells; ++cell) {
        const Eigen::Index row = p * kCells + cell;
        content.obs_index.push_back("cell" + std::to_string(row));
        perts.push_back(p == kPerts ? control : "G" + std::to_string(p));
        batches.push_back("b" + std::to_string(cell % 2));
        for (int g = 0; g < kGenes; ++g) {
          x(row, g) = p == kPerts && shifted_control ? 50 : count(p, cell, g);
        }
      }
    }
    for (Eigen::Index row = 0; row < x.rows() && target_sum > 0; ++row) {
      x.row(row) = (x.row(row) * (target_sum / x.row(row).sum())).array().log1p();
    }
    x = Matrix(x.leftCols(n_genes));
    for (int g = 0; g < n_genes; ++g) content.var_index.push_back("G" + std::to_string(g));
    content.obs_columns = {{column, perts, {}, true}, {"batch", batches, {}, true}};
    write_file(path, content, x);
  }

  Ended prepare(const std::string& flags = "") const {
    return headroom("prepare cells.h5ad --control control --folds 2 -o task " + flags);
  }
  Ended score(const std::string& arguments) const { return headroom("score task " + (kSettings + arguments)); }
  double error_of(const std::string& name) const {
    const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
    for (const json& method : summary["contexts"][0]["methods"]) {
      if (method["name"] == name) return method["value"];
    }
    return -1;
  }
};

// Profiles of a few units in double, subtracted in another order.
constexpr double kProfileTolerance = 1e-12;

TEST_F(ScoreCells, TheRealCellsScoreAsTheTruthWithTheTasksOwnControl) {
  ASSERT_EQ(prepare().exit_code, 0);
  write_cells(folder_ / "pred.h5ad", "condition_name", true);
  const Ended ended = score(
      "--predictions pred.h5ad --predicted cells --values counts --pert-col condition_name --control control "
      "--accept predictions.other_scale");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("6 control rows are left out: the task's own control is subtracted"), std::string::npos)
      << ended.out;
  const double error = error_of("pred");
  EXPECT_GE(error, 0);
  EXPECT_LT(error, kProfileTolerance);
  // Raw counts that are taken as logarithms are far off: the flag matters, and what is wrong is said.
  const std::string as_logarithms =
      "--predictions pred.h5ad --predicted cells --values log1p --pert-col condition_name --control control ";
  expect_says(score(as_logarithms), 2, "predictions.other_scale");
  // The task knows what its control is called.
  EXPECT_EQ(score("--predictions pred.h5ad --predicted cells --values counts --pert-col condition_name").exit_code, 0);
  EXPECT_LT(error_of("pred"), kProfileTolerance);
  ASSERT_EQ(score(as_logarithms + "--accept predictions.other_scale").exit_code, 0);
  EXPECT_GT(error_of("pred"), 1);
}

TEST_F(ScoreCells, TheTasksControlIsTheirs) {
  ASSERT_EQ(prepare().exit_code, 0);
  const std::string as_cells = "--predictions cells.h5ad --predicted cells --values counts ";
  const Ended ended = score(as_cells);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("6 control rows are left out"), std::string::npos) << ended.out;
  EXPECT_LT(error_of("cells"), kProfileTolerance);

  // Labels that name controls otherwise are none of the task's: that is asked.
  std::filesystem::remove_all(folder_ / "task");
  write_cells(folder_ / "other.h5ad", "target_gene", false, "ctrl");
  ASSERT_EQ(headroom("prepare cells.h5ad --folds 2 -o task").exit_code, 0);
  expect_says(score("--predictions other.h5ad --predicted cells --values counts"), 2, "labels.like_control");
}

TEST_F(ScoreCells, CountsAreScaledToTheTasksTotal) {
  ASSERT_EQ(prepare("--target-sum 500").exit_code, 0);
  const std::string as_cells = "--predictions cells.h5ad --predicted cells --values counts ";
  ASSERT_EQ(score(as_cells).exit_code, 0);
  EXPECT_LT(error_of("cells"), kProfileTolerance);
  EXPECT_EQ(score(as_cells + "--target-sum 500").exit_code, 0);
  expect_says(score(as_cells + "--target-sum 1000"), 2, "the task's cells were scaled to 500 (--target-sum 1000)");
  expect_says(score("--predictions cells.h5ad --target-sum 500"), 2, "deltas are not scaled");
  expect_says(score(as_cells + "--target-sum 0"), 2, "--target-sum");

  // Cells that were taken as they were do not say what they were scaled to: the user does.
  std::filesystem::remove_all(folder_ / "task");
  write_cells(folder_ / "log.h5ad", "target_gene", false, "control", 500);
  ASSERT_EQ(headroom("prepare log.h5ad --values asis --folds 2 -o task").exit_code, 0);
  EXPECT_EQ(score("--predictions log.h5ad --predicted cells --values log1p").exit_code, 0) << "it is the task's scale";
  EXPECT_LT(error_of("log"), kProfileTolerance);
  const Ended scaled = score(as_cells + "--target-sum 500");
  ASSERT_EQ(scaled.exit_code, 0) << scaled.err;
  EXPECT_LT(error_of("cells"), kProfileTolerance);
  const Ended rescaled = score(as_cells + "--target-sum 500 --resume");
  EXPECT_NE(rescaled.err.find("made again: 0 from other inputs"), std::string::npos) << rescaled.err;
  EXPECT_NE(score(as_cells + "--target-sum 501 --resume").err.find("evaluations of cells"), std::string::npos);
}

TEST_F(ScoreCells, CountsOfFewerGenesHaveOtherTotals) {
  ASSERT_EQ(prepare().exit_code, 0);
  write_cells(folder_ / "fewer.h5ad", "target_gene", false, "control", 0, kGenes - 2);
  expect_says(score("--predictions fewer.h5ad --predicted cells --values counts"), 2, "[predictions.other_genes]");
  // Without totals there is nothing to be accepted: genes are missing.
  expect_says(score("--predictions fewer.h5ad --predicted cells --values counts --accept predictions.other_genes"), 2,
              "it lacks 2 of the task's 12 genes");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(ScoreCells, TheMatchedDesignHasOneControlWhereAllBatchesAreShared) {
  ASSERT_EQ(prepare("--design matched").exit_code, 0);
  const Ended ended = score("--predictions cells.h5ad --predicted cells --values counts --control control");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_LT(error_of("cells"), kProfileTolerance);
}

// Cells of which labels can be called: 35 a perturbation and 60 of the control on each of three plates, and some genes
// of every perturbation are shifted, by little: a label depends on the spread of its cells.
class ScoreLabelsOfCells : public ScoreCells {
 protected:
  static constexpr int kPerts = 8, kGenes = 12, kPlates = 3;

  void SetUp() override {
    ProgramTest::SetUp();
    write(folder_ / "cells.h5ad", 35, true);
  }

  // `n_of_first`: cells on each plate of the first perturbation.
  void write(const std::filesystem::path& path, int n_of_first, bool with_plates) const {
    H5adContent content;
    std::vector<std::string> perts, plates;
    std::vector<int> numbers;
    for (int p = 0; p <= kPerts; ++p) {
      const int n = p == kPerts ? 60 : p == 0 ? n_of_first : 35;
      for (int cell = 0; cell < kPlates * n; ++cell) {
        perts.push_back(p == kPerts ? "control" : "G" + std::to_string(p));
        plates.push_back("plate" + std::to_string(cell % kPlates));
        numbers.push_back(1000 * p + cell);
      }
    }
    Matrix x(static_cast<Eigen::Index>(perts.size()), kGenes);
    for (std::size_t i = 0; i < perts.size(); ++i) {
      content.obs_index.push_back("cell" + std::to_string(i));
      const int p = numbers[i] / 1000;
      for (int g = 0; g < kGenes; ++g) {
        const double scattered = std::abs(std::sin(12.9898 * numbers[i] + 78.233 * g + 1));
        const int shift = p == kPerts || (p + g) % 3 != 0 ? 0 : (p * g) % 2 == 0 ? 1 : -1;
        x(static_cast<Eigen::Index>(i), g) = std::floor(20 + 10 * scattered + shift * ((p + 2 * g) % 4));
      }
    }
    for (int g = 0; g < kGenes; ++g) content.var_index.push_back("G" + std::to_string(g));
    content.obs_columns = {{"target_gene", perts, {}, true}};
    if (with_plates) content.obs_columns.push_back({"plate", plates, {}, true});
    write_file(path, content, x);
  }

  Ended prepare(const std::string& design, const std::string& flags = "--deg") const {
    return headroom("prepare cells.h5ad --control control --folds 2 -o task --design " + design + " " + flags);
  }
  Ended score(const std::string& file) const {
    return headroom("score task --target deg --predictions " + file +
                    " --predicted cells --values counts --control control --sandbox relaxed -o out");
  }
  json method(const std::string& name) const {
    const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
    for (const json& method : summary["contexts"][0]["methods"]) {
      if (method["name"] == name) return method;
    }
    return json();
  }
};

TEST_F(ScoreLabelsOfCells, OfTheRealCellsAreTheLabels) {
  for (const char* design : {"global", "matched"}) {
    const Ended prepared = prepare(design);
    ASSERT_EQ(prepared.exit_code, 0) << prepared.err;
    const Ended ended = score("cells.h5ad");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(method("cells").value("value", -1.0), 1) << design;
    EXPECT_EQ(method("cells").value("coverage", -1.0), 1) << design;
    EXPECT_LT(method("most_frequent").value("value", -1.0), 0.9) << "labels without any that respond test nothing";
    const json halves = method("split_half");
    EXPECT_EQ(halves["role"], "reference");
    EXPECT_LT(halves.value("value", 2.0), 1) << "half the cells tell less";
    EXPECT_GT(halves.value("value", 0.0), method("most_frequent").value("value", 2.0));
  }
}

TEST_F(ScoreLabelsOfCells, APerturbationWithTooFewIsNotCovered) {
  ASSERT_EQ(prepare("global").exit_code, 0);
  write(folder_ / "few.h5ad", 10, true);
  ASSERT_EQ(score("few.h5ad").exit_code, 0);
  EXPECT_EQ(method("few").value("coverage", -1.0), (kPerts - 1.0) / kPerts);
  ASSERT_EQ(prepare("matched").exit_code, 0);
  write(folder_ / "few.h5ad", 20, true);
  ASSERT_EQ(score("few.h5ad").exit_code, 0);
  EXPECT_EQ(method("few").value("coverage", -1.0), (kPerts - 1.0) / kPerts);
}

TEST_F(ScoreLabelsOfCells, WhatIsLackingIsSaid) {
  ASSERT_EQ(prepare("matched").exit_code, 0);
  write(folder_ / "pooled.h5ad", 35, false);
  expect_says(score("pooled.h5ad"), 3, "there is no column 'plate'");
  const Ended profiles = headroom(
      "score task --target deg --predictions cells.h5ad --predicted profiles --values counts -o out --sandbox relaxed");
  expect_says(profiles, 2, "predicted profiles tell deltas, not labels");
}

TEST_F(ScoreCells, ATaskWithoutAControlProfileSaysSo) {
  const Ended simulated = headroom("simulate -o screen --preset tiny");
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  // The screen's deltas without anything else: var of truth.h5ad has no control.
  const Ended ended = headroom(
      "score screen/truth.h5ad --folds 5 --predictions screen/truth.h5ad --predicted profiles --values asis -o out "
      "--sandbox relaxed");
  expect_says(ended, 2, "the task keeps no control profile of context");
  EXPECT_NE(ended.err.find("headroom prepare"), std::string::npos) << ended.err;
}

TEST_F(ScoreCells, TwoProfilesOfAPerturbationAreCells) {
  ASSERT_EQ(prepare().exit_code, 0);
  expect_says(score("--predictions cells.h5ad --predicted profiles --values counts"), 2, "--predicted cells");
  expect_says(score("--predictions cells.h5ad"), 2, "give --predicted cells and --values counts or log1p");
  expect_says(score("--predictions negative.h5ad --predicted cells --values counts"), 2, "does not exist");
}

}  // namespace
}  // namespace headroom
