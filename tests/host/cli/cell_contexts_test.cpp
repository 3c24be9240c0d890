// Predicted cells against a task that keeps what it needs of its own: cell-level metrics per perturbation and fold,
// beside those of the deltas, on a scale of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "host/suite/cell_file.hpp"
#include "host/suite/cell_pair.hpp"
#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A table by its header.
std::vector<std::map<std::string, std::string>> rows_of(const std::string& csv) {
  std::istringstream lines(csv);
  std::string line;
  std::vector<std::string> header;
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(lines, line)) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ',') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (header.empty()) {
      header = fields;
      continue;
    }
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < header.size() && i < fields.size(); ++i) row[header[i]] = fields[i];
  }
  return rows;
}

json method_of(const json& context, const std::string& name) {
  for (const json& method : context["methods"]) {
    if (method["name"] == name) return method;
  }
  ADD_FAILURE() << "there is no method " << name;
  return context["methods"][0];
}

class CellContexts : public ProgramTest {
 protected:
  static constexpr const char* kScore = " --predicted cells --values counts --quiet";

  void SetUp() override {
    ProgramTest::SetUp();
    CellFile::made(6, 30, 120, 1).write(folder_ / "real.h5ad");
    CellFile::made(6, 20, 4, 2).write(folder_ / "pred.h5ad");
  }
  // Without the cells, which the task must not need.
  void prepare(const std::string& flags = "") {
    const Ended ended = headroom("prepare real.h5ad --cell-metrics --folds 2 --quiet -o made" + flags);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    std::filesystem::create_directory(folder_ / "task");
    std::filesystem::copy(folder_ / "made/task.h5ad", folder_ / "task/task.h5ad");
    std::filesystem::copy(folder_ / "made/noise.csv", folder_ / "task/noise.csv");
  }
  json score(const std::string& flags = "", const std::string& out = "out") {
    const Ended ended = headroom("score task --predictions model=pred.h5ad -o " + out + kScore + " " + flags);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    printed_ = ended.out;
    return json::parse(content_of(folder_ / out / "summary.json"));
  }
  static json context_of(const json& summary, const std::string& metric) {
    for (const json& context : summary["contexts"]) {
      if (context["metric"] == metric) return context;
    }
    ADD_FAILURE() << "there is no metric " << metric;
    return {};
  }
  static std::vector<std::string> notes_of(const json& summary, const std::string& metric) {
    return context_of(summary, metric).value("notes", std::vector<std::string>());
  }
  std::string error_of(const std::string& arguments, int exit_code = 2) {
    const Ended ended = headroom(arguments);
    EXPECT_EQ(ended.exit_code, exit_code) << arguments << ended.err;
    return ended.err;
  }
  std::string printed_;
};

TEST_F(CellContexts, StandBesideTheDeltasWithBoundsOfTheirOwn) {
  prepare();
  const json summary = score();
  std::vector<std::string> of_cells;
  for (const json& context : summary["contexts"]) {
    if (context.value("target", "lfc") == "cells") of_cells.push_back(context["metric"]);
  }
  EXPECT_THAT(of_cells, ElementsAre("pds_cosine", "expr_mse_ratio", "direction_fidelity", "direction_reach", "jaccard",
                                    "lfc_nmae"));
  EXPECT_EQ(context_of(summary, "L2").value("target", "lfc"), "lfc");
  const std::set<std::string> missed_by_more{"direction_fidelity", "jaccard", "lfc_nmae"};  // in the back-test
  const std::set<std::string> nulls{"mean_response", "mean_response_dispersed", "control_cells", "no_change"};
  for (const std::string& metric : of_cells) {
    const json context = context_of(summary, metric);
    EXPECT_TRUE(nulls.contains(context["wap"]["method"])) << metric;
    EXPECT_EQ(context["bap"]["method"], "depth_right_shared") << metric;
    EXPECT_EQ(context["bap"].value("is_about", false), missed_by_more.contains(metric)) << metric;
    for (const std::string& null : nulls) EXPECT_EQ(method_of(context, null)["role"], "null");
    EXPECT_EQ(method_of(context, "split_half")["role"], "reference");
    EXPECT_EQ(method_of(context, "split_half")["ceiling_depth"], "half");
    const json model = method_of(context, "model");
    ASSERT_EQ(model["status"], "ok") << model["reason"];
    EXPECT_EQ(model["folds"].size(), 2u);
    EXPECT_TRUE(model.contains("gap_closed")) << metric;
    EXPECT_TRUE(model.contains("ci_low")) << metric;
    EXPECT_THAT(printed_, HasSubstr(metric));
  }
  // By definition: no effect has no direction, and is nobody's neighbour.
  EXPECT_DOUBLE_EQ(method_of(context_of(summary, "pds_cosine"), "no_change")["value"].get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(method_of(context_of(summary, "lfc_nmae"), "no_change")["value"].get<double>(), 1);
  EXPECT_DOUBLE_EQ(method_of(context_of(summary, "expr_mse_ratio"), "depth_right_shared")["value"].get<double>(), 0);
  EXPECT_THAT(content_of(folder_ / "out/scores.csv"), HasSubstr(",pds_cosine,expr_mse_ratio,direction_fidelity,"));
  EXPECT_THAT(content_of(folder_ / "out/report.html"), HasSubstr("mean_response_dispersed"));
}

TEST_F(CellContexts, AreTheSuitesNumbersOfEachPerturbation) {
  prepare();
  const json summary = score("--metric jaccard,direction_fidelity,pds_cosine,roc_auc,overlap_at_50");
  ASSERT_EQ(headroom("score --real real.h5ad --predictions pred.h5ad --quiet -o suite").exit_code, 0);
  std::map<std::pair<std::string, std::string>, double> expected;
  for (auto& row : rows_of(content_of(folder_ / "suite/suite_perturbations.csv"))) {
    if (row["side"] != "submission") continue;
    for (const char* metric : {"jaccard", "direction_fidelity", "pds_cosine", "roc_auc", "overlap_at_50"}) {
      expected[{metric, row["pert_id"]}] = row[metric].empty() ? std::nan("") : std::stod(row[metric]);
    }
  }
  std::map<std::pair<std::string, std::string>, std::vector<double>> of_folds;
  std::size_t n = 0;
  for (auto& row : rows_of(content_of(folder_ / "out/perturbations.csv"))) {
    if (row["name"] != "model" || row["target"] != "cells") continue;
    for (const char* metric : {"jaccard", "direction_fidelity", "pds_cosine", "roc_auc", "overlap_at_50"}) {
      const double wanted = expected.at({metric, row["pert_id"]});
      EXPECT_NEAR(std::stod(row[metric]), wanted, 1e-9) << metric << " of " << row["pert_id"];
      of_folds[{metric, row["fold"]}].push_back(wanted);
      ++n;
    }
  }
  EXPECT_EQ(n, 6u * 5u);
  for (const char* metric : {"jaccard", "pds_cosine", "roc_auc"}) {
    const json context = context_of(summary, metric);
    const json model = method_of(context, "model");
    for (const json& fold : model["folds"]) {
      const auto& values = of_folds.at({metric, fold["fold"]});
      double mean = 0;
      for (const double value : values) mean += value / static_cast<double>(values.size());
      EXPECT_NEAR(fold["value"].get<double>(), mean, 1e-9) << metric;
    }
  }
}

TEST_F(CellContexts, DistancesOfCellsAreThoseOfTheReference) {
  const CellPair pair = CellPair::read();
  pair.real.write(folder_ / "real.h5ad");
  pair.predicted.write(folder_ / "pred.h5ad");
  prepare();
  const json summary = score("--target cells --metric energy_distance_top,mmd_median_top");
  std::size_t n = 0;
  for (auto& row : rows_of(content_of(folder_ / "out/perturbations.csv"))) {
    if (row["name"] != "model") continue;
    for (const char* metric : {"energy_distance_top", "mmd_median_top"}) {
      constexpr double kSinglePrecision = 1e-5;  // of the cells that a task keeps
      EXPECT_NEAR(std::stod(row[metric]), pair.expected[row["pert_id"]][metric].get<double>(), kSinglePrecision)
          << metric << " of " << row["pert_id"];
      ++n;
    }
  }
  EXPECT_EQ(n, 2u * 5u);
  for (const char* metric : {"energy_distance_top", "mmd_median_top"}) {
    EXPECT_EQ(method_of(context_of(summary, metric), "depth_right_shared").value("value", -1.0), 0);
  }
}

TEST_F(CellContexts, CeilingsOfCorrelationsAreHalvesSteppedUp) {
  prepare();
  const auto ceiling_of = [&](const json& summary) {
    const json context = context_of(summary, "delta_pearson");
    EXPECT_EQ(context["bap"]["method"], "depth_right_shared");
    return method_of(context, "depth_right_shared")["value"].get<double>();
  };
  const json summary = score("--metric delta_pearson");
  EXPECT_FALSE(context_of(summary, "delta_pearson")["bap"].contains("is_about"));
  // The same as the suite's: of folds of equal size the mean of means is the mean.
  ASSERT_EQ(headroom("score --real real.h5ad --predictions pred.h5ad --quiet -o suite").exit_code, 0);
  const json suite = json::parse(content_of(folder_ / "suite/summary.json"))["suites"][0]["contexts"][0];
  for (const json& metric : suite["metrics"]) {
    if (metric["name"] != "delta_pearson") continue;
    EXPECT_EQ(metric["ceiling_way"], "spearman_brown");
    EXPECT_NEAR(ceiling_of(summary), metric["ceiling"].get<double>(), 1e-12);
  }
  // The halves that are kept are of all genes.
  const json without = score("--metric delta_pearson --exclude-targets own", "own");
  EXPECT_TRUE(context_of(without, "delta_pearson")["bap"]["is_about"]);
  EXPECT_NE(ceiling_of(without), ceiling_of(summary));
}

TEST_F(CellContexts, TheMeanResponseIsOfTheTrainingPerturbations) {
  prepare();
  const json context = context_of(score("--metric expr_mse_ratio"), "expr_mse_ratio");
  // Of two folds each has its own; over the whole panel both would be alike.
  const json folds = method_of(context, "mean_response")["folds"];
  EXPECT_NE(folds[0]["value"], folds[1]["value"]);
  EXPECT_GT(folds[0]["value"].get<double>(), 0.5);
}

TEST_F(CellContexts, LeaveOutTargetsAsTheyAreAsked) {
  prepare();
  const auto left_out = [&](const json& summary, const std::string& metric) {
    const json context = context_of(summary, metric);
    const std::string excluded = context.value("excluded_targets", "");
    return (excluded.empty() ? "none" : excluded) + " " + std::to_string(context.value("n_excluded_targets", 0));
  };
  const json published = score();
  for (const char* metric : {"L2", "Pearson"}) EXPECT_EQ(left_out(published, metric), "none 0");
  EXPECT_EQ(left_out(published, "PDS_L1"), "own 6");
  EXPECT_EQ(left_out(published, "pds_cosine"), "panel 6");
  for (const char* metric : {"expr_mse_ratio", "direction_fidelity", "direction_reach", "jaccard", "lfc_nmae"})
    EXPECT_EQ(left_out(published, metric), "own 6");
  for (const char* excluded : {"own", "panel", "none"}) {
    const json summary = score(std::string("--exclude-targets ") + excluded, excluded);
    const std::string wanted = excluded == std::string("none") ? "none 0" : std::string(excluded) + " 6";
    for (const json& context : summary["contexts"]) {
      EXPECT_EQ(left_out(summary, context["metric"]), wanted) << context["metric"];
      if (context.value("target", "lfc") != "cells") continue;
      // What the halves score was kept as published.
      EXPECT_EQ(method_of(context, "split_half")["status"], "skipped") << method_of(context, "split_half")["reason"];
    }
    for (const char* metric : {"L2", "WMSE", "centroid_accuracy", "jaccard", "lfc_nmae", "expr_mse_ratio"}) {
      const double before = method_of(context_of(published, metric), "model")["value"];
      const double now = method_of(context_of(summary, metric), "model")["value"];
      const bool is_default =
          (excluded == std::string("own") && context_of(published, metric)["target"] == "cells") ||
          (excluded == std::string("none") && context_of(published, metric).value("target", "lfc") == "lfc");
      if (is_default) {
        EXPECT_NEAR(now, before, 1e-12) << metric << " without " << excluded;
      } else if (metric != std::string("centroid_accuracy")) {
        EXPECT_NE(now, before) << metric << " without " << excluded;
      }
    }
  }
}

TEST_F(CellContexts, TheSuiteLeavesOutTargetsAsItIsAsked) {
  std::map<std::string, json> suites;
  for (const char* excluded : {"published", "own", "panel", "none"}) {
    const Ended ended = headroom(
        std::string("score --real real.h5ad --predictions pred.h5ad --quiet -o suite --exclude-targets ") + excluded);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    suites[excluded] = json::parse(content_of(folder_ / "suite/summary.json"))["suites"][0]["contexts"][0];
    EXPECT_THAT(ended.out, HasSubstr(excluded == std::string("panel")  ? "left out: 6 genes of the panel"
                                     : excluded == std::string("none") ? "the own gene of 0 of 6"
                                                                       : "the own gene of 6 of 6"));
  }
  EXPECT_FALSE(suites["published"].contains("excluded_targets"));
  EXPECT_EQ(suites["panel"]["excluded_targets"], "panel");
  EXPECT_EQ(suites["panel"]["n_excluded_targets"], 6);
  const auto u = [&](const std::string& excluded, std::size_t member) {
    return suites[excluded]["members"][member]["u"].get<double>();
  };
  for (const std::size_t own_by_default : {1u, 2u, 3u, 4u, 5u}) {
    EXPECT_DOUBLE_EQ(u("own", own_by_default), u("published", own_by_default));
    if (own_by_default == 4 || own_by_default == 1) {
      EXPECT_NE(u("none", own_by_default), u("published", own_by_default));
    }
  }
  EXPECT_DOUBLE_EQ(u("panel", 0), u("published", 0));
  // Of a task the halves are known as published alone.
  prepare();
  EXPECT_THAT(error_of("score task --predictions pred.h5ad --suite vcc2026 --exclude-targets own -o x"),
              HasSubstr("give the real cells with --real"));
}

TEST_F(CellContexts, ResumeAndVerifyAsDeltasDo) {
  prepare();
  (void)score();
  const std::string before = content_of(folder_ / "out/summary.json");
  const Ended again = headroom(std::string("score task --predictions model=pred.h5ad --resume -o out") +
                               " --predicted cells --values counts");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(content_of(folder_ / "out/summary.json"), before);
  const Ended verified = headroom("verify out --all --target cells");
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("0 differ"));
}

TEST_F(CellContexts, BoundsAreThereBeforeAnyModel) {
  prepare();
  const Ended bounds = headroom("bounds task --target cells --json --quiet");
  ASSERT_EQ(bounds.exit_code, 0) << bounds.err;
  const json summary = json::parse(bounds.out);
  EXPECT_EQ(summary["contexts"].size(), 6u);
  EXPECT_EQ(context_of(summary, "jaccard")["bap"]["method"], "depth_right_shared");
  EXPECT_THAT(error_of("bounds task --target cells --nulls random --quiet", 0), Not(HasSubstr("error")));
}

TEST_F(CellContexts, AMissingPerturbationIsTheMeanResponse) {
  prepare();
  CellFile some = CellFile::made(6, 20, 0, 2);
  some.labels.resize(100);  // five of six
  some.counts.resize(100);
  some.write(folder_ / "pred.h5ad");
  const json summary = score("--metric jaccard,expr_mse_ratio,lfc_nmae");
  const json model = method_of(context_of(summary, "jaccard"), "model");
  EXPECT_NEAR(model["coverage"].get<double>(), 5.0 / 6, 1e-12);
  EXPECT_EQ(model["status"], "ok");
  std::string of_model, of_null;
  for (auto& row : rows_of(content_of(folder_ / "out/perturbations.csv"))) {
    if (row["target"] != "cells" || row["pert_id"] != "G05") continue;
    if (row["name"] == "model") of_model = row["lfc_nmae"] + row["jaccard"];
    if (row["name"] == "mean_response") of_null = row["lfc_nmae"] + row["jaccard"];
  }
  EXPECT_EQ(of_model, of_null);
  EXPECT_FALSE(of_model.empty());
}

TEST_F(CellContexts, SpellingsOfOnePerturbationAreJoinedWhereItIsAsked) {
  prepare();
  const json plain = score("--target cells");
  CellFile spelled = CellFile::made(6, 20, 4, 2);
  for (std::size_t c = 0; c < 5; ++c) spelled.labels[c] = "g00";                                   // some of G00
  for (std::size_t c = 20; c < 40; ++c) spelled.labels[c] = "non-targeting+" + spelled.labels[c];  // all of G01
  spelled.write(folder_ / "pred.h5ad");
  const json joined = score("--target cells --merge-labels", "joined");
  for (const json& context : plain["contexts"]) {
    const json again = method_of(context_of(joined, context["metric"]), "model");
    EXPECT_EQ(again["coverage"], 1.0);
    EXPECT_DOUBLE_EQ(again["value"].get<double>(), method_of(context, "model")["value"].get<double>())
        << context["metric"];
  }
}

TEST_F(CellContexts, OddCellsAreToldWithCounts) {
  CellFile real = CellFile::made(6, 30, 120, 1);
  real.counts[35].assign(40, 0.0);   // one of G01
  real.counts[200].assign(40, 0.0);  // a control
  real.labels.resize(270);
  real.labels.insert(real.labels.end(), {"drug"});
  real.counts.resize(271);
  real.write(folder_ / "real.h5ad");
  CellFile odd = CellFile::made(6, 20, 0, 2);
  for (std::size_t c = 0; c < 20; ++c) odd.counts[c].assign(40, 0.0);  // all of G00
  odd.counts[25].assign(40, 0.0);                                      // one of G01
  odd.labels.resize(81);                                               // one of G04, none of G05
  odd.counts.resize(81);
  odd.write(folder_ / "pred.h5ad");
  const std::vector<std::string> wanted{
      "1 real perturbations have one cell and no part in the replicate: drug",
      "1 real cells of 1 perturbations hold no counts and count as zeros: G01",
      "the own gene of 1 of 7 perturbations is not measured, and they keep all genes: drug",
      "1 control cells hold no counts and count as zeros",
      "model: 1 predicted perturbations have one cell, whose noise cannot be known and counts as none: G04",
      "model: 1 predicted perturbations hold no counts at all: G00",
      "model: 1 predicted cells of 1 perturbations hold no counts and count as zeros: G01",
      "model: 2 of 7 perturbations have no predicted cells and count as the mean response: G05, drug"};
  prepare(" --accept values.odd_counts");
  const auto expect_told = [&](const json& summary) {
    const auto notes = notes_of(summary, "jaccard");
    for (const std::string& text : wanted) EXPECT_THAT(notes, Contains(text));
    const auto of_deltas = notes_of(summary, "L2");
    for (const std::string& text : wanted) EXPECT_THAT(of_deltas, Not(Contains(text)));
  };
  expect_told(score("--accept predictions.other_scale"));
  for (const std::string& text : wanted) EXPECT_THAT(printed_, HasSubstr(text.substr(0, 40)));
  const std::string before = content_of(folder_ / "out/summary.json");
  expect_told(score("--accept predictions.other_scale --resume"));
  EXPECT_EQ(content_of(folder_ / "out/summary.json"), before);
}

TEST_F(CellContexts, UndefinedValuesAreCounted) {
  // Too few cells for ten genes of most perturbations to be called.
  CellFile::made(6, 3, 120, 1).write(folder_ / "real.h5ad");
  prepare();
  const auto notes = notes_of(score(), "lfc_nmae");
  EXPECT_THAT(notes, Contains("model: lfc_nmae is undefined for 5 of 6 test perturbations, which are left "
                              "out"));
}

TEST_F(CellContexts, FractionalTilesAreTakenWhereItIsSaid) {
  prepare();
  CellFile tiles = CellFile::made(6, 20, 0, 2);
  for (auto& cell : tiles.counts) {
    for (double& count : cell) count += 0.25;
  }
  tiles.write(folder_ / "pred.h5ad");
  const std::string task = "score task --target cells --predictions model=pred.h5ad --predicted cells --quiet -o out ";
  EXPECT_EQ(headroom(task + "--values counts").exit_code, 3);
  const json refused = json::parse(content_of(folder_ / "out/summary.json"));
  EXPECT_THAT(method_of(refused["contexts"][0], "model")["reason"].get<std::string>(),
              HasSubstr("4800 values are fractional"));
  EXPECT_EQ(headroom(task + "--values fractional").exit_code, 0);
  const json taken = json::parse(content_of(folder_ / "out/summary.json"));
  EXPECT_EQ(method_of(context_of(taken, "jaccard"), "model")["status"], "ok");
  EXPECT_EQ(headroom("score task --predictions model=pred.h5ad --predicted cells --quiet -o both --values fractional")
                .exit_code,
            0)
      << "as deltas, too";
}

TEST_F(CellContexts, WhatHasNoTestsOrNoHalvesMakesNoTask) {
  const auto error_of_screen = [&](const CellFile& screen, const std::string& flags = "") {
    screen.write(folder_ / "bad.h5ad");
    return error_of("prepare bad.h5ad --cell-metrics --folds 2 --quiet -o bad" + flags);
  };
  CellFile silent_control = CellFile::made(5, 10, 40, 1);
  for (std::size_t c = 50; c < 90; ++c) silent_control.counts[c].assign(40, 0.0);
  EXPECT_THAT(error_of_screen(silent_control, " --accept values.odd_counts"), HasSubstr("no gene has a mean above 5"));
  EXPECT_THAT(error_of_screen(CellFile::made(5, 10, 1, 1)), HasSubstr("1 control cell is too few"));
  EXPECT_THAT(error_of_screen(CellFile::made(5, 1, 40, 1)), HasSubstr("5 perturbations has one cell"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "bad"));
}

TEST_F(CellContexts, GenesMayBeInAnotherOrder) {
  prepare();
  const json before = score("--target cells");
  CellFile disordered = CellFile::made(6, 20, 4, 2);
  std::swap(disordered.genes[1], disordered.genes[30]);
  for (auto& cell : disordered.counts) std::swap(cell[1], cell[30]);
  disordered.write(folder_ / "pred.h5ad");
  const json after = score("--target cells", "again");
  for (const json& context : before["contexts"]) {
    EXPECT_NEAR(method_of(context, "model")["value"].get<double>(),
                method_of(context_of(after, context["metric"]), "model")["value"].get<double>(), 1e-12);
  }
}

TEST_F(CellContexts, WhatHoldsNoCellsIsRefusedOrLeftOut) {
  prepare();
  const std::string task = "score task --predictions pred.h5ad -o out ";
  EXPECT_THAT(error_of(task + "--predicted deltas --target cells"), HasSubstr("hold no cells"));
  EXPECT_THAT(error_of(task + "--predicted cells --values log1p --target cells"), HasSubstr("need raw counts"));
  EXPECT_THAT(error_of(task + "--predicted cells --values counts --target cells --metric L2"),
              HasSubstr("nothing that the task holds is asked for"));
  EXPECT_THAT(error_of("run task --embedding e=pred.h5ad --target cells -o out"),
              HasSubstr("embeddings predict deltas"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  ASSERT_EQ(headroom("prepare real.h5ad --folds 2 --quiet -o plain").exit_code, 0);
  EXPECT_THAT(error_of("score plain --predictions pred.h5ad --predicted cells --values counts --target cells -o out"),
              HasSubstr("prepare --cell-metrics"));
  EXPECT_THAT(error_of("prepare real.h5ad --cell-metrics --values log1p --folds 2 -o x"), HasSubstr("need raw counts"));
  // Where nobody insists, the deltas are scored, and it is said.
  CellFile logged = CellFile::made(6, 20, 4, 2);
  for (auto& cell : logged.counts) {
    double total = 0;
    for (const double count : cell) total += count;
    for (double& count : cell) count = std::log1p(count / total * 1e4);
  }
  logged.write(folder_ / "logged.h5ad");
  const Ended ended = headroom("score task --predictions logged.h5ad --predicted cells --values log1p -o out");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("the target cells is left out: cell-level metrics need raw counts"));
}

TEST_F(CellContexts, FaultsOfPredictedCellsAreTheirOwnRow) {
  prepare();
  const auto failed = [&](const CellFile& file, const std::string& name, const std::string& flags = "") {
    file.write(folder_ / (name + ".h5ad"));
    const Ended ended =
        headroom("score task --target cells --predictions " + name + ".h5ad -o " + name + kScore + flags);
    EXPECT_EQ(ended.exit_code, 3) << name << ended.err;
    const json summary = json::parse(content_of(folder_ / name / "summary.json"));
    return method_of(summary["contexts"][0], name)["reason"].get<std::string>();
  };
  CellFile fewer = CellFile::made(6, 20, 4, 2);
  fewer.genes.resize(38);
  for (auto& cell : fewer.counts) cell.resize(38);
  fewer.write(folder_ / "fewer.h5ad");
  EXPECT_THAT(error_of(std::string("score task --predictions fewer.h5ad -o out") + kScore),
              HasSubstr("predictions.other_genes"));
  // Accepted or not, they are unfit as a whole.
  EXPECT_THAT(error_of(std::string("score task --target cells --predictions fewer.h5ad -o out") + kScore +
                       " --accept predictions.other_genes"),
              HasSubstr("it lacks 2 of the task's 40 genes, the first is 'G38'"));
  CellFile more = CellFile::made(6, 20, 4, 2);
  more.genes.push_back("X");
  for (auto& cell : more.counts) cell.push_back(1);
  EXPECT_THAT(failed(more, "more", " --accept predictions.other_genes"),
              HasSubstr("genes differ: 40 of the task, 41 predicted; only the prediction has 1: X"));
  // A fold's cells are those that its model made.
  CellFile twice = CellFile::made(6, 20, 4, 2);
  twice.contexts.assign(twice.labels.size(), "1");
  twice.contexts.front() = "0";
  twice.context_column = "test_split";
  EXPECT_THAT(failed(twice, "twice"), HasSubstr("cells of 'G00' were predicted for several folds"));
}

TEST_F(CellContexts, StrataOfAFileTellThemApart) {
  prepare();
  std::ofstream(folder_ / "groups.csv") << "pert_id,pathway\nG00,a\nG01,a\nG02,a\nG03,b\nG04,b\nG05,b\n";
  (void)score("--strata groups.csv --metric jaccard,L2");
  std::size_t n = 0;
  for (auto& row : rows_of(content_of(folder_ / "out/strata.csv")))
    n += row["metric"] == "jaccard" && row["by"] == "pathway";
  EXPECT_GE(n, 2u);
}

}  // namespace
}  // namespace headroom
