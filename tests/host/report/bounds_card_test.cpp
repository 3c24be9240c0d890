#include "report/bounds_card.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "host/summary/example_summary.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace bounds_card_test {

RunSummary example() {
  RunSummary summary = example_summary();
  ContextResult& pearson = *summary.add_contexts();
  pearson = summary.contexts(0);
  pearson.set_metric("Pearson");
  pearson.set_higher_is_better(true);
  pearson.clear_notes();
  pearson.mutable_gap()->set_value(-0.1);
  pearson.mutable_gap()->clear_ci_low();
  pearson.mutable_gap()->clear_dynamic_range();
  pearson.mutable_gap()->set_defined(false);
  return summary;
}

TEST(BoundsCard, DrawsOneLineAMetric) {
  std::ostringstream out;
  draw_bounds_card(out, example(), {});
  EXPECT_EQ(out.str(),
            "K-562 · knn head\n"
            "metric       WAP  set by        BAP  set by                  gap  95 %            of WAP  ranks\n"
            "L2 ↓       4.128  random+knn  1.932  sampling_error_q90    2.196  [2.100, 2.310]  53 %    yes\n"
            "Pearson ↑  4.128  random+knn  1.932  sampling_error_q90  -0.1000                          no\n"
            "  Pearson cannot rank here: BAP is not better than WAP\n"
            "  failed bad\\x1b[31m+knn: crashed (SIGSEGV)\n"
            "  skipped gene_pca+knn: 3 % of the perturbations are measured genes\n"
            "  the noise table has no PDS_L1: bounded by the other cheaters\n");
}

TEST(BoundsCard, TellsReasonsOnceAndWhole) {
  RunSummary summary = example();
  std::string reason = "no reason";
  for (int i = 0; i < 30; ++i) reason += " whatsoever";
  for (auto& table : *summary.mutable_contexts()) {
    for (const char* name : {"a+knn", "b+knn"}) add_method(table, name, "null", "skipped").set_reason(reason);
  }
  std::ostringstream out;
  draw_bounds_card(out, summary, {});
  const std::string text = out.str();
  EXPECT_NE(text.find("  skipped a+knn, b+knn: no reason whatsoever"), std::string::npos) << text;
  std::size_t n = 0;
  for (auto at = text.find("whatsoever"); at != std::string::npos; at = text.find("whatsoever", at + 1)) ++n;
  EXPECT_EQ(n, 30u) << text;
}

TEST(BoundsCard, FitsAnyTerminal) {
  for (int width = 80; width <= 100; ++width) {
    TerminalStyle style;
    style.width = width;
    std::ostringstream out;
    draw_bounds_card(out, example(), style);
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), width) << line;
  }
}

TEST(BoundsCard, ListsTheSameAsATable) {
  const Table table = bounds_table(example());
  ASSERT_EQ(table.rows.size(), 2u);
  std::ostringstream out;
  write_table(out, table, TableFormat::csv, {});
  EXPECT_EQ(out.str(),
            "context,head,metric,higher_is_better,wap_method,wap,wap_ci_low,wap_ci_high,bap_method,bap,bap_ci_low,"
            "bap_ci_high,gap,gap_ci_low,gap_ci_high,dynamic_range,drf_median,bds,resolution,can_rank\n"
            "K-562,knn,L2,no,random+knn,4.1283,,,sampling_error_q90,1.932,,,2.1963,2.1,2.31,0.532,,,,yes\n"
            "K-562,knn,Pearson,yes,random+knn,4.1283,,,sampling_error_q90,1.932,,,-0.1,,2.31,,,,,no: BAP is not "
            "better than WAP\n");
}

TEST(RankingVerdict, SaysWhyAMetricCannotRank) {
  GapResult gap;
  EXPECT_EQ(ranking_verdict(gap), "no: a bound is missing");
  gap.set_value(1);
  EXPECT_EQ(ranking_verdict(gap), "yes");
  gap.set_defined(false);
  EXPECT_EQ(ranking_verdict(gap), "no: the gap may be 0");
  gap.set_value(0);
  EXPECT_EQ(ranking_verdict(gap), "no: BAP is not better than WAP");
}

}  // namespace bounds_card_test
}  // namespace headroom
