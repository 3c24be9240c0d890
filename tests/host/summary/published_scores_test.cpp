#include "summary/published_scores.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "host/io/temporary_folder.hpp"
#include "io/delimited.hpp"

namespace headroom {
namespace {

class PublishedScores : public ::testing::Test {
 protected:
  std::filesystem::path table(const std::string& text) {
    const auto path = folder_.path() / "scores.csv";
    std::ofstream(path) << text;
    return path;
  }
  static PublishedScoresOptions bounds() { return {{"mean"}, {"limit"}, {}, "", "", "", {}}; }
  static const MethodResult& method(const ContextResult& context, const std::string& name) {
    return *std::find_if(context.methods().begin(), context.methods().end(),
                         [&](const auto& m) { return m.name() == name; });
  }

 private:
  testing::TemporaryFolder folder_;
};

// Two nulls, one cheater, one entry; medians 10, 9 | 4 | 6.5: WAP 9, BAP 4, closed (9 − 6.5) / 5 = 50 %.
constexpr const char* small_table =
    "name,fold,L2,Pearson,primary_metric\n"
    "mean,K.562.0,10,0.1,L2\nmean,K.562.1,12,0.1,\nmean,K.562.2,8,0.1,L2\n"
    "zero,K.562.0,9,,L2\nzero,K.562.1,9,nan,L2\nzero,K.562.2,9,,L2\n"
    "limit,K.562.0,4,0.9,L2\nlimit,K.562.1,4,0.9,L2\nlimit,K.562.2,4,0.9,L2\n"
    "x,K.562.0,6,0.5,L2\nx,K.562.1,7,,L2\n";

// The same numbers with `model`, metrics in lower case and folds that became floats, wide and long.
TEST_F(PublishedScores, ReadsOtherSpellingsAndLongTables) {
  const std::vector<std::vector<const char*>> rows = {{"mean", "10", "0.1"}, {"limit", "4", "0.9"}, {"x", "7", "0.5"},
                                                      {"mean", "12", "0.3"}, {"limit", "2", ""},    {"x", "7", "0.7"}};
  std::string wide = "model,fold,cell_line,l2,pearson\n";
  std::string rest = "model,fold,cell_line,metric,value\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string key = std::string(rows[i][0]) + (i < 3 ? ",0.0,K562," : ",1.0,K562,");
    wide += key + rows[i][1] + "," + rows[i][2] + "\n";
    rest += key + "l2," + rows[i][1] + "\n" + key + "Pearson," + rows[i][2] + "\n" + key + "r2,0.5\n";
  }
  for (const std::string& text : {wide, rest}) {
    const auto summary = summarise_score_table(table(text), bounds());
    ASSERT_TRUE(summary) << summary.error().line();
    ASSERT_EQ(summary->contexts_size(), 2);
    const ContextResult& l2 = summary->contexts(0);
    EXPECT_EQ(l2.context(), "K562");
    EXPECT_EQ(l2.metric(), "L2");
    EXPECT_EQ(l2.wap().value(), 11);
    EXPECT_EQ(l2.bap().value(), 3);
    EXPECT_DOUBLE_EQ(method(l2, "x").gap_closed(), 50);
    EXPECT_EQ(method(l2, "x").folds(0).fold(), "0");
    EXPECT_EQ(method(l2, "x").folds(1).fold(), "1");
    EXPECT_EQ(summary->contexts(1).metric(), "Pearson");
    EXPECT_EQ(method(summary->contexts(1), "limit").value(), 0.9);
  }
  const auto summary = summarise_score_table(table(rest), bounds());
  EXPECT_EQ(summary->contexts(0).notes(0), "6 rows of the metric 'r2' are left out: its better direction is not known");
  auto options = bounds();
  options.metric = "pearson";
  for (const std::string& text : {wide, rest}) {
    const auto one = summarise_score_table(table(text), options);
    ASSERT_TRUE(one) << one.error().line();
    ASSERT_EQ(one->contexts_size(), 1);
    EXPECT_EQ(one->contexts(0).metric(), "Pearson");
  }
}

// Folds "0.0" name no context: they are not cut at the dot.
TEST_F(PublishedScores, FloatFoldsAreNoContexts) {
  const auto summary = summarise_score_table(table("name,fold,L2\nmean,0.0,3\nlimit,0.0,1\n"), bounds());
  ASSERT_FALSE(summary);
  EXPECT_NE(summary.error().line().find("names no context"), std::string::npos) << summary.error().line();
}

TEST_F(PublishedScores, FollowsTheFiguresRule) {
  auto options = bounds();
  options.wap = {"mean", "z*"};
  const auto summary = summarise_score_table(table(small_table), options);
  ASSERT_TRUE(summary) << summary.error().line();
  ASSERT_EQ(summary->contexts_size(), 2);
  const ContextResult& l2 = summary->contexts(0);
  EXPECT_EQ(l2.context(), "K.562") << "cut at the last dot";
  EXPECT_EQ(l2.metric(), "L2");
  EXPECT_EQ(l2.wap().method(), "zero");
  EXPECT_EQ(l2.wap().value(), 9);
  EXPECT_EQ(l2.bap().value(), 4);
  EXPECT_EQ(method(l2, "x").value(), 6.5);
  EXPECT_DOUBLE_EQ(method(l2, "x").gap_closed(), 50);
  EXPECT_EQ(method(l2, "x").verdict(), "progress");
  EXPECT_DOUBLE_EQ(method(l2, "limit").gap_closed(), 100);
  EXPECT_DOUBLE_EQ(method(l2, "x").folds(1).gap_closed(), 40) << "(9 - 7) / 5, by the fold's own bounds";
  ASSERT_EQ(l2.notes_size(), 1);
  EXPECT_EQ(l2.notes(0), "x: no row in fold 2; the median is over the others");
}

TEST_F(PublishedScores, TellsMethodsApart) {
  const std::string rows = "name,context,fold,L2\nmean,c,0,10\nlimit,c,0,4\nx,c,0,6\n";
  EXPECT_TRUE(summarise_score_table(table(rows), bounds()));
  for (const char* name : {"", "  ", "x ", "li mit", "x\u200b"}) {
    EXPECT_FALSE(summarise_score_table(table(rows + name + ",c,0,5\n"), bounds())) << "'" << name << "'";
  }
}

// What guards a name against spreadsheets in the scores.csv of a run is none of its name.
TEST_F(PublishedScores, ReadsTheNamesOfARunsScores) {
  auto options = bounds();
  options.wap = {"=mean"};
  const auto summary = summarise_score_table(
      table("name,context,fold,L2\n'=mean,'-line,'-1,10\nlimit,'-line,'-1,4\n'+x,'-line,'-1,6\n"), options);
  ASSERT_TRUE(summary) << summary.error().line();
  EXPECT_EQ(summary->contexts(0).context(), "-line");
  EXPECT_EQ(method(summary->contexts(0), "+x").folds(0).fold(), "-1");
}

TEST_F(PublishedScores, TurnsRoundForMetricsWhereHigherIsBetter) {
  auto options = bounds();
  options.wap = {"mean", "zero"};
  const auto summary = summarise_score_table(table(small_table), options);
  ASSERT_TRUE(summary);
  const ContextResult& pearson = summary->contexts(1);
  EXPECT_EQ(pearson.metric(), "Pearson");
  EXPECT_EQ(pearson.wap().method(), "mean") << "zero has no value and does not enter";
  EXPECT_EQ(method(pearson, "zero").status(), "skipped");
  EXPECT_FALSE(method(pearson, "zero").has_value());
  EXPECT_DOUBLE_EQ(pearson.gap().value(), 0.8);
  EXPECT_DOUBLE_EQ(method(pearson, "x").gap_closed(), 50);
  EXPECT_EQ(pearson.notes_size(), 2) << "fold 1 has no value, fold 2 no row";
}

// As published tables of the DEG task have them; the expected names are the protocol's.
TEST_F(PublishedScores, KnowsTheColumnsOfTheDegTask) {
  const auto summary = summarise_score_table(table("name,fold,f1_score,precision,recall,roc_auc,average_precision\n"
                                                   "mean,K562.0,0.3,0.2,0.1,0.5,0.4\n"
                                                   "limit,K562.0,0.7,0.8,0.9,0.9,0.8\n"
                                                   "x,K562.0,0.4,0.5,0.3,0.6,0.7\n"),
                                             bounds());
  ASSERT_TRUE(summary) << summary.error().line();
  const std::map<std::string, double> closed = {
      {"F1", 25}, {"precision", 50}, {"recall", 25}, {"ROC_AUC", 25}, {"AP", 75}};
  ASSERT_EQ(summary->contexts_size(), 5);
  for (const ContextResult& context : summary->contexts()) {
    ASSERT_TRUE(closed.contains(context.metric())) << context.metric();
    EXPECT_NEAR(method(context, "x").gap_closed(), closed.at(context.metric()), 1e-9) << context.metric();
  }
}

TEST_F(PublishedScores, GivesNoPercentageWhereTheBoundsAreInverted) {
  auto options = bounds();
  options.wap = {"limit"};
  options.bap = {"mean"};
  options.metric = "L2";
  const auto summary = summarise_score_table(table(small_table), options);
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->contexts_size(), 1);
  EXPECT_FALSE(summary->contexts(0).gap().defined());
  EXPECT_FALSE(method(summary->contexts(0), "x").has_gap_closed());
  EXPECT_EQ(method(summary->contexts(0), "x").verdict(), "undefined");
}

TEST_F(PublishedScores, TakesContextsFromTheirColumn) {
  const auto summary = summarise_score_table(
      table("name,split,cell_line,L2\nmean,0,A,2\nlimit,0,A,1\nx,0,A,1.5\nmean,0,B,3\nlimit,0,B,1\nx,0,B,3\n"),
      bounds());
  ASSERT_TRUE(summary) << summary.error().line();
  ASSERT_EQ(summary->contexts_size(), 2);
  EXPECT_DOUBLE_EQ(method(summary->contexts(0), "x").gap_closed(), 50);
  EXPECT_DOUBLE_EQ(method(summary->contexts(1), "x").gap_closed(), 0);
  EXPECT_EQ(method(summary->contexts(1), "x").verdict(), "below null");
}

TEST_F(PublishedScores, NamesWhatIsWrong) {
  const auto line = [&](const std::string& text, const PublishedScoresOptions& options) {
    const auto summary = summarise_score_table(table(text), options);
    return summary ? std::string("no error") : summary.error().line();
  };
  auto options = bounds();
  options.wap = {"meen"};
  EXPECT_NE(line(small_table, options).find("--wap 'meen' matches no method"), std::string::npos);
  EXPECT_NE(line(small_table, options).find("there are: mean, zero, limit, x"), std::string::npos);
  options = bounds();
  options.bap = {};
  EXPECT_NE(line(small_table, options).find("give --wap NAME and --bap NAME"), std::string::npos);
  options = bounds();
  options.metric = "R2";
  EXPECT_NE(line(small_table, options).find("R2"), std::string::npos);
  options = bounds();
  options.contexts = {"A549"};
  EXPECT_NE(line(small_table, options).find("no context 'A549'"), std::string::npos);
  options = bounds();
  options.bap = {"m*"};
  EXPECT_NE(line(small_table, options).find("named by --wap and by --bap"), std::string::npos);
  EXPECT_NE(line("name,fold,L2\nmean,K.0,1\nmean,K.0,2\n", bounds()).find("twice"), std::string::npos);
  EXPECT_NE(line("name,fold,L2\nmean,0,1\n", bounds()).find("names no context"), std::string::npos);
  EXPECT_NE(line("name,fold,L2\nmean,K.0,abc\n", bounds()).find("scores.csv"), std::string::npos);
  EXPECT_NE(line("name,L2\nmean,1\n", bounds()).find("no column 'test_split', 'fold' or 'split'"), std::string::npos);
  EXPECT_NE(line("name,fold\nmean,K.0\n", bounds()).find("no column is a metric"), std::string::npos);
}

// The published tables by an independent reading of the rule: medians by name, one ratio.
TEST_F(PublishedScores, ReadsThePublishedTables) {
  for (const std::string name : {"norman", "sciplex"}) {
    const std::filesystem::path path =
        std::filesystem::path(HEADROOM_SHARED_DIR) / "published" / (name + "_lfc_scores.csv");
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
    const auto summary = summarise_score_table(path, {{"context mean baseline", "no change baseline", "*_random"},
                                                      {"Experimental error (quantile 0.9)"},
                                                      {},
                                                      "L2",
                                                      "",
                                                      "",
                                                      {}});
    ASSERT_TRUE(summary) << summary.error().line();
    ASSERT_EQ(summary->contexts_size(), name == "norman" ? 1 : 3);

    auto reader = DelimitedReader::open(path);
    ASSERT_TRUE(reader && reader->read_header());
    std::map<std::pair<std::string, std::string>, std::vector<double>> values;
    while (*reader->next()) {
      const std::string fold(reader->cells()[*reader->column("fold")]);
      values[{fold.substr(0, fold.size() - 2), std::string(reader->cells()[*reader->column("name")])}].push_back(
          *reader->number(*reader->column("L2")));
    }
    const auto median = [&](const std::string& context, const std::string& method) {
      auto v = values.at({context, method});
      EXPECT_EQ(v.size(), 5u);
      std::nth_element(v.begin(), v.begin() + 2, v.end());
      return v[2];
    };
    int n_defined = 0;
    for (const auto& context : summary->contexts()) {
      double wap = 1e300;
      for (const char* null :
           {"context mean baseline", "no change baseline", "knn_baseline_random", "lasso_baseline_random"}) {
        wap = std::min(wap, median(context.context(), null));
      }
      const double bap = median(context.context(), "Experimental error (quantile 0.9)");
      EXPECT_EQ(context.wap().value(), wap);
      EXPECT_EQ(context.bap().value(), bap);
      EXPECT_GT(context.methods_size(), 25);
      // In two of the three sci-Plex lines the published error bound is worse than the best null.
      EXPECT_EQ(context.gap().defined(), bap < wap);
      n_defined += context.gap().defined();
      for (const auto& result : context.methods()) {
        EXPECT_EQ(result.has_gap_closed(), context.gap().defined());
        if (!result.has_gap_closed()) continue;
        const double expected = 100 * (wap - median(context.context(), result.name())) / (wap - bap);
        EXPECT_NEAR(result.gap_closed(), expected, 1e-9) << context.context() << " " << result.name();
      }
    }
    EXPECT_EQ(n_defined, 1);
  }
}

}  // namespace
}  // namespace headroom
