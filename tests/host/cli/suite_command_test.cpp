// Predicted cells from outside: the official card, its files, the validator, and a task that keeps what it needs of its
// cells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "host/suite/cell_file.hpp"
#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class SuiteCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    CellFile::made(6, 30, 120, 1).write(folder_ / "real.h5ad");
    CellFile::made(6, 30, 0, 2).write(folder_ / "pred.h5ad");
  }
  json summary(const std::string& folder) const { return json::parse(content_of(folder_ / folder / "summary.json")); }
};

TEST_F(SuiteCommand, PrintsTheCardAndWritesItsNumbers) {
  const Ended ended = headroom("score --real real.h5ad --predictions pred.h5ad --suite vcc2026 -o out");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  for (const char* text : {"pds_cosine", "expr_mse_ratio", "direction_fidelity", "direction_reach", "jaccard",
                           "lfc_nmae", "score of the context", "2968811710", "ascending order of their labels"}) {
    EXPECT_THAT(ended.out, HasSubstr(text));
  }
  const json suite = summary("out")["suites"][0];
  EXPECT_EQ(suite["name"], "vcc2026");
  ASSERT_EQ(suite["contexts"][0]["members"].size(), 6u);
  double sum = 0;
  for (const json& member : suite["contexts"][0]["members"]) {
    for (const char* key : {"name", "u", "b", "r", "s", "n", "r_sd", "ceiling", "ceiling_depth", "ceiling_way"}) {
      EXPECT_TRUE(member.contains(key)) << key;
    }
    const double u = member["u"], b = member["b"], r = member["r"], s = member["s"];
    if (member["name"] == "jaccard") {
      EXPECT_NEAR(s, (u - b) / (r - b), 1e-12);
    }
    sum += s;
  }
  EXPECT_NEAR(suite["score"].get<double>(), sum / 6, 1e-12);
  EXPECT_THAT(content_of(folder_ / "out/suite_perturbations.csv"), HasSubstr("submission,G00,30,30,"));
  EXPECT_THAT(content_of(folder_ / "out/report.html"), HasSubstr("direction_reach"));
  // The same bytes on one thread, into the same folder.
  const std::string before = content_of(folder_ / "out/summary.json");
  ASSERT_EQ(headroom("score --real real.h5ad --predictions pred.h5ad --threads 1 --quiet -o out").exit_code, 0);
  EXPECT_EQ(content_of(folder_ / "out/summary.json"), before);
  // Other forms, and without ceilings.
  const Ended csv =
      headroom("score --real real.h5ad --predictions pred.h5ad --suite cell-eval --ceiling none --format csv -o out");
  EXPECT_THAT(csv.out, HasSubstr("all,roc_auc,"));
  EXPECT_FALSE(summary("out")["suites"][0]["contexts"][0]["members"][0].contains("ceiling"));
  // One way for all metrics that it can be used for.
  const Ended halves =
      headroom("score --real real.h5ad --predictions pred.h5ad --suite all --ceiling spearman_brown -o out");
  EXPECT_EQ(halves.exit_code, 0) << halves.err;
  const json context = summary("out")["suites"][0]["contexts"][0];
  EXPECT_FALSE(context["members"][0].contains("ceiling")) << "discrimination is no correlation";
  for (const json& metric : context["metrics"]) {
    const bool is_correlation =
        metric["name"] == "delta_pearson" || metric["name"].get<std::string>().find("spearman") != std::string::npos;
    EXPECT_EQ(metric.contains("ceiling"), is_correlation) << metric["name"];
    if (is_correlation) {
      EXPECT_EQ(metric["ceiling_way"], "spearman_brown");
    }
  }
  const Ended unknown = headroom("score --real real.h5ad --predictions pred.h5ad --ceiling best -o out");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("spearman_brown, closed_form, replicate"));
}

TEST_F(SuiteCommand, TellsTheMetricsThatAreNamed) {
  const std::string files = "score --real real.h5ad --predictions pred.h5ad --format csv --quiet ";
  const Ended named = headroom(files + "--metric jaccard,energy_distance_top,mmd_median_top -o out");
  ASSERT_EQ(named.exit_code, 0) << named.err;
  for (const char* text : {"all,jaccard,", "all,energy_distance_top,", "all,mmd_median_top,"})
    EXPECT_THAT(named.out, HasSubstr(text));
  EXPECT_EQ(std::count(named.out.begin(), named.out.end(), '\n'), 4) << named.out;
  const json context = summary("out")["suites"][0]["contexts"][0];
  EXPECT_EQ(context["members"].size(), 6u);
  ASSERT_EQ(context["metrics"].size(), 2u);
  for (const json& metric : context["metrics"]) {
    EXPECT_EQ(metric["ceiling_way"], "simulation");
    EXPECT_LT(metric["u"], metric["b"]) << metric["name"];
    EXPECT_FALSE(metric.contains("r"));
  }
  EXPECT_THAT(content_of(folder_ / "out/suite_perturbations.csv"), HasSubstr(",energy_distance_top,mmd_median_top\n"));
  const Ended all = headroom(files + "--suite all -o all");
  EXPECT_THAT(all.out, HasSubstr("all,energy_distance_top,"));
  EXPECT_THAT(all.out, HasSubstr("all,discrimination_score_l1,"));
  EXPECT_THAT(all.out, Not(HasSubstr("pearson_edistance"))) << "every pair of cells is taken by name alone";
  const Ended pairs = headroom(files + "--metric pearson_edistance -o pairs");
  EXPECT_THAT(pairs.out, HasSubstr("all,pearson_edistance,"));
  const Ended unknown = headroom(files + "--metric L2 -o none");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("a suite has no metric 'L2'"));
  // A task keeps cells in single precision.
  ASSERT_EQ(headroom("prepare real.h5ad --cell-metrics --folds 2 --quiet -o task").exit_code, 0);
  ASSERT_EQ(headroom("score task --predictions pred.h5ad --quiet --suite cell-eval -o kept").exit_code, 0);
  const Ended classic = headroom("score task --predictions pred.h5ad --metric mae --suite all -o kept");
  EXPECT_EQ(classic.exit_code, 2);
  EXPECT_THAT(classic.err, HasSubstr("need the real cells"));
  std::map<std::string, double> kept;
  const json of_task = summary("kept")["suites"][0]["contexts"][0];
  for (const json& metric : of_task["metrics"]) kept[metric["name"]] = metric.value("u", 0.0);
  for (const json& metric : context["metrics"]) {
    EXPECT_NEAR(kept.at(metric["name"]), metric["u"].get<double>(), 1e-5) << metric["name"];
  }
}

TEST_F(SuiteCommand, SpellingsOfOnePerturbationAreJoinedWhereItIsAsked) {
  CellFile spelled = CellFile::made(6, 30, 0, 2);
  for (std::size_t c = 0; c < 10; ++c) spelled.labels[c] = "g00";                                  // a third of G00
  for (std::size_t c = 30; c < 60; ++c) spelled.labels[c] = "non-targeting+" + spelled.labels[c];  // all of G01
  spelled.write(folder_ / "spelled.h5ad");
  ASSERT_EQ(headroom("score --real real.h5ad --predictions pred.h5ad --quiet -o plain").exit_code, 0);
  const std::string files = "score --real real.h5ad --predictions spelled.h5ad --quiet -o joined";
  const Ended doubted = headroom(files);
  EXPECT_EQ(doubted.exit_code, 2);
  EXPECT_THAT(doubted.err, HasSubstr("[labels.same_perturbation] 1 perturbation stands under more than one name"));
  const Ended apart = headroom(files + " --accept labels.same_perturbation");
  EXPECT_EQ(apart.exit_code, 2);
  EXPECT_THAT(apart.err, HasSubstr("only the prediction has 2: g00, non-targeting+G01"));
  EXPECT_THAT(apart.err, HasSubstr("--merge-labels"));
  const Ended joined = headroom(files + " --merge-labels");
  ASSERT_EQ(joined.exit_code, 0) << joined.err;
  EXPECT_EQ(json::diff(summary("plain"), summary("joined")), json::array());
}

TEST_F(SuiteCommand, ATaskKeepsWhatItNeedsOfItsCells) {
  const Ended prepared = headroom("prepare real.h5ad --cell-metrics --folds 2 -o task");
  ASSERT_EQ(prepared.exit_code, 0) << prepared.err;
  ASSERT_EQ(headroom("score --real real.h5ad --predictions pred.h5ad -o direct").exit_code, 0);
  const Ended scored = headroom("score task --predictions pred.h5ad --suite vcc2026 -o kept");
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  const json direct = summary("direct"), kept = summary("kept");
  EXPECT_EQ(json::diff(direct, kept), json::array());
  std::map<std::string, std::string> ways;
  for (const json& metric : kept["suites"][0]["contexts"][0]["metrics"]) {
    ways[metric["name"]] = metric.value("ceiling_way", "");
  }
  EXPECT_EQ(ways["delta_pearson"], "spearman_brown");
  EXPECT_EQ(ways["nsig_spearman"], "spearman_brown");
  EXPECT_EQ(ways["lfc_spearman"], "simulation");
  // Without it nothing of an earlier task may stand there.
  ASSERT_EQ(headroom("prepare real.h5ad --folds 2 -o task").exit_code, 0);
  const Ended without = headroom("score task --predictions pred.h5ad --suite vcc2026 -o kept");
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.err, HasSubstr("prepare --cell-metrics"));
}

// Parts of estimates hold no cells, and say so before they are made; parts of cells give what one process gives.
TEST_F(SuiteCommand, CellMetricsOfAScreenInPartsComeFromPartsOfCells) {
  CellFile::made(6, 30, 120, 3).write(folder_ / "also.h5ad");
  const std::string how = " --folds 2 --outer 2 --inner 2 --quiet";
  const std::string refused = "without --screen, which keeps the cells (headroom prepare --part FILE -o DIR)";
  const Ended part = headroom("prepare --part real.h5ad --screen real.h5ad also.h5ad --cell-metrics -o parts" + how);
  EXPECT_EQ(part.exit_code, 2);
  EXPECT_THAT(part.err, HasSubstr(refused));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "parts"));
  for (const std::string file : {"real.h5ad", "also.h5ad"}) {
    ASSERT_EQ(headroom("prepare --part " + file + " --screen real.h5ad also.h5ad -o parts" + how).exit_code, 0);
    ASSERT_EQ(headroom("prepare --part " + file + " -o cells" + how).exit_code, 0);
  }
  const Ended joined = headroom("prepare --join parts --cell-metrics -o out" + how);
  EXPECT_EQ(joined.exit_code, 2);
  EXPECT_THAT(joined.err, HasSubstr(refused));
  ASSERT_EQ(headroom("prepare real.h5ad also.h5ad --cell-metrics -o whole" + how).exit_code, 0);
  const Ended kept = headroom("prepare --join cells --cell-metrics -o out" + how);
  ASSERT_EQ(kept.exit_code, 0) << kept.err;
  EXPECT_TRUE(content_of(folder_ / "out/task.h5ad") == content_of(folder_ / "whole/task.h5ad"));
}

TEST_F(SuiteCommand, OneContextOfATaskCanBeScored) {
  CellFile both = CellFile::made(6, 30, 120, 1);
  const CellFile other = CellFile::made(6, 30, 120, 3);
  both.contexts.assign(both.labels.size(), "A");
  both.contexts.insert(both.contexts.end(), other.labels.size(), "B");
  both.labels.insert(both.labels.end(), other.labels.begin(), other.labels.end());
  both.counts.insert(both.counts.end(), other.counts.begin(), other.counts.end());
  both.write(folder_ / "both.h5ad");
  ASSERT_EQ(headroom("prepare both.h5ad --cell-metrics --folds 2 --quiet -o task").exit_code, 0);
  const std::string score = "score task --predictions pred.h5ad --suite vcc2026 --quiet -o out";
  EXPECT_THAT(headroom(score).err, HasSubstr("contexts differ: 2 real, 1 predicted"));
  const Ended one = headroom(score + " --context A");
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(summary("out")["suites"][0]["contexts"][0]["context"], "A");
  const Ended unknown = headroom(score + " --context C");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there is no context 'C'"));
  EXPECT_THAT(unknown.err, HasSubstr("give some of A, B"));
}

TEST_F(SuiteCommand, MistakesEndWithOneWord) {
  const auto error_of = [&](const std::string& arguments) {
    const Ended ended = headroom(arguments);
    EXPECT_EQ(ended.exit_code, 2) << arguments;
    return ended.err;
  };
  EXPECT_THAT(error_of("score --predictions pred.h5ad -o out"), HasSubstr("name a task, or real cells with --real"));
  EXPECT_THAT(error_of("score --real real.h5ad --predictions pred.h5ad --suite paper -o out"), HasSubstr("of deltas"));
  EXPECT_THAT(error_of("score --real real.h5ad --predictions pred.h5ad --values log1p -o out"),
              HasSubstr("raw counts"));
  EXPECT_THAT(error_of("score --real pred.h5ad --predictions pred.h5ad -o out"), HasSubstr("control"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(SuiteCommand, ChecksAPredictionAndPutsRightWhatItCan) {
  CellFile disordered = CellFile::made(6, 30, 4, 2);
  std::swap(disordered.genes[1], disordered.genes[20]);
  disordered.write(folder_ / "disordered.h5ad");
  const Ended right = headroom("check pred.h5ad --real real.h5ad");
  EXPECT_EQ(right.exit_code, 0) << right.out << right.err;
  EXPECT_THAT(right.out, HasSubstr("it may be handed in"));
  const Ended wrong = headroom("check disordered.h5ad --suite vcc2026 --real real.h5ad --write-fixed fixed.h5ad");
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_THAT(wrong.out, HasSubstr("genes-order"));
  EXPECT_THAT(wrong.out, HasSubstr("expected 'G01' at position 1; found 'G20'"));
  const Ended fixed = headroom("check fixed.h5ad --suite vcc2026 --real real.h5ad --json");
  EXPECT_EQ(fixed.exit_code, 0) << fixed.out;
  ASSERT_EQ(headroom("prepare real.h5ad --folds 2 -o task").exit_code, 0);
  EXPECT_EQ(headroom("check pred.h5ad --against task").exit_code, 0);
  EXPECT_EQ(headroom("check pred.h5ad --suite vcc2026").exit_code, 3) << "30 cells are not 400";
  EXPECT_EQ(headroom("check pred.h5ad --write-fixed x.h5ad").exit_code, 2);
}

}  // namespace
}  // namespace headroom
