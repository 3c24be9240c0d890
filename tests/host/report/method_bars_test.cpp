#include "report/method_bars.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "host/summary/example_summary.hpp"
#include "summary/primary_metric.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace method_bars_test {

std::string drawn(const RunSummary& summary, const TerminalStyle& style, const std::string& metric = "L2") {
  std::ostringstream out;
  draw_method_bars(out, summary, metric, style);
  return out.str();
}

TEST(MethodBars, DrawsEveryKindOfRow) {
  EXPECT_EQ(drawn(example_summary(), {}),
            "K-562 · knn head · L2 (lower is better)\n"
            "  WAP 4.128 (random+knn) · BAP 1.932 (sampling_error_q90) · gap 2.196 [2.100, 2.310], 53 % of WAP\n"
            "  ceiling: idealized, sampling_error_q90\n"
            "              WAP                    BAP\n"
            "  oracle+knn │██████████████████████████▶  133.4 % [128.0, 140.0]  at the limit\n"
            "      check for leakage · supervised embedding\n"
            "  good+knn   │█████████████▓▓░░         │   57.2 %   [50.1, 63.9]  progress\n"
            "  weak+knn   │█▓▓░░                     │   11.2 %    [3.0, 18.2]  progress\n"
            "  noise+knn  ◀                          │   -4.2 %    [-9.0, 1.2]  within noise of null\n"
            "  failed bad\\x1b[31m+knn: crashed (SIGSEGV)\n"
            "  skipped gene_pca+knn: 3 % of the perturbations are measured genes\n"
            "  the noise table has no PDS_L1: bounded by the other cheaters\n");
}

TEST(MethodBars, DrawsInAscii) {
  TerminalStyle style;
  style.unicode = false;
  const std::string text = drawn(example_summary(), style);
  for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80) << text;
  EXPECT_NE(text.find("good+knn   |#############==--         |   57.2 %"), std::string::npos) << text;
  EXPECT_NE(text.find("|##########################>"), std::string::npos) << text;
}

TEST(MethodBars, ColoursVerdictsAndNothingElse) {
  TerminalStyle style;
  style.colour = true;
  const std::string text = drawn(example_summary(), style);
  EXPECT_NE(text.find("\x1b[32mprogress"), std::string::npos);
  EXPECT_NE(text.find("\x1b[33mwithin noise of null"), std::string::npos);
  EXPECT_NE(text.find("bad\\x1b[31m+knn"), std::string::npos) << "a hostile name must not colour the line";
}

TEST(MethodBars, FitsEveryWidthWithHostileNames) {
  RunSummary summary = example_summary();
  ContextResult& context = *summary.mutable_contexts(0);
  std::string emoji;
  for (int i = 0; i < 300; ++i) emoji += "😀";
  for (const std::string& name : {emoji, std::string(300, 'x'), std::string("\u202Eevil\n\x1b[2J")}) {
    set_gap_closed(add_method(context, name, "plugin"), 3, 1e7, -1e9, 1e12, "at the limit");
    add_method(context, name, "plugin", "failed").set_reason(name);
    context.add_notes(name);
    context.mutable_wap()->set_method(name);
  }
  for (int width = 40; width <= 100; ++width) {
    TerminalStyle style;
    style.width = width;
    std::istringstream lines(drawn(summary, style));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), width) << line;
      EXPECT_EQ(line.find('\x1b'), std::string::npos);
      EXPECT_EQ(line.find("\u202E"), std::string::npos);
    }
  }
}

TEST(MethodBars, TellsReasonsOnceAndWhole) {
  RunSummary summary = example_summary();
  ContextResult& context = *summary.mutable_contexts(0);
  const std::string reason =
      "none of the 2,000 perturbations is among the 6,640 genes that the task measures, by which alone a perturbation "
      "has a place in their components";
  for (const char* name : {"gene_pca+lasso", "gene_pca+ridge"}) {
    add_method(context, name, "null", "skipped").set_reason(reason);
  }
  add_method(context, "worse", "plugin", "failed").set_reason("crashed (SIGSEGV)");
  TerminalStyle style;
  style.width = 60;
  const std::string text = drawn(summary, style);
  EXPECT_NE(text.find("\n  failed bad\\x1b[31m+knn, worse: crashed (SIGSEGV)\n"
                      "  skipped gene_pca+knn: 3 % of the perturbations are\n"
                      "      measured genes\n"
                      "  skipped gene_pca+lasso, gene_pca+ridge: none of the 2,000\n"
                      "      perturbations is among the 6,640 genes that the task\n"
                      "      measures, by which alone a perturbation has a place in\n"
                      "      their components\n"),
            std::string::npos)
      << text;
}

TEST(MethodBars, SaysWhereNoPercentageIsMeaningful) {
  RunSummary summary = example_summary();
  ContextResult& context = *summary.mutable_contexts(0);
  context.mutable_gap()->set_defined(false);
  EXPECT_NE(drawn(summary, {}).find("the gap's interval contains 0"), std::string::npos);
  context.mutable_gap()->set_value(-0.5);
  EXPECT_NE(drawn(summary, {}).find("BAP is not better than WAP"), std::string::npos);
  context.clear_bap();
  context.clear_gap();
  EXPECT_NE(drawn(summary, {}).find("BAP: none"), std::string::npos);
}

TEST(MethodBars, PutsMethodsWithoutPercentageLast) {
  RunSummary summary = example_summary();
  auto& method = add_method(*summary.mutable_contexts(0), "a+knn", "plugin");
  method.set_value(9);
  method.set_verdict("undefined");
  const std::string text = drawn(summary, {});
  EXPECT_NE(text.find("a+knn      │                          │        –"), std::string::npos) << text;
  EXPECT_LT(text.find("noise+knn"), text.find("a+knn      │"));
}

TEST(MethodBars, ShowsOneMetric) {
  EXPECT_EQ(drawn(example_summary(), {}, "Pearson"), "");
  EXPECT_EQ(primary_metric(example_summary()), "L2");
  EXPECT_EQ(primary_metric(RunSummary()), "");
}

TEST(MethodBar, IsAlwaysAsWideAsAsked) {
  for (const double percent : {-1e300, -0.1, 0.0, 0.4, 50.0, 99.9, 100.0, 100.1, 1e300}) {
    for (const bool unicode : {false, true}) {
      EXPECT_EQ(display_width(method_bar(percent, percent - 20, percent + 20, 26, unicode)), 28);
      EXPECT_EQ(display_width(method_bar(percent, std::nullopt, std::nullopt, 26, unicode)), 28);
    }
  }
  EXPECT_EQ(method_bar(50, std::nullopt, std::nullopt, 4, true), "│██  │");
  EXPECT_EQ(method_bar(100, 100, 100, 4, false), "|####|") << "the bound itself is not beyond it";
  EXPECT_EQ(method_bar(std::nullopt, 1, 2, 4, false), "|    |");
}

}  // namespace method_bars_test
}  // namespace headroom
