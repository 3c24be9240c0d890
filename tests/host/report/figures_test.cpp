#include "report/figures.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "host/io/temporary_folder.hpp"
#include "host/summary/example_summary.hpp"

namespace headroom {
namespace figures_test {

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t n = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++n;
  return n;
}

RunSummary example_with_folds() {
  RunSummary summary = example_summary();
  for (auto& method : *summary.mutable_contexts(0)->mutable_methods()) {
    if (!method.has_value()) continue;
    for (int f = 0; f < 5; ++f) {
      auto& fold = *method.add_folds();
      fold.set_fold(std::to_string(f));
      fold.set_value(method.value() + 0.1 * f);
    }
  }
  return summary;
}

TEST(ProgressFigure, FillsTheBarToTheBestMethod) {
  const std::string svg = progress_figure(example_summary(), "L2", "knn");
  // The best, with 133.4 %, fills the whole bar from 196 to 784 and adds an arrow.
  EXPECT_NE(svg.find("<rect x=\"196\" y=\"50\" width=\"588\" height=\"22\" fill=\"#0069a8\""), std::string::npos)
      << svg;
  EXPECT_EQ(count(svg, "<polygon"), 1u);
  EXPECT_EQ(count(svg, "<circle"), 4u) << "one a method with a percentage";
  EXPECT_NE(svg.find("133.4 %"), std::string::npos);
}

TEST(ProgressFigure, SaysWhereNoPercentageIsMeaningful) {
  RunSummary summary = example_summary();
  summary.mutable_contexts(0)->mutable_gap()->set_defined(false);
  const std::string svg = progress_figure(summary, "L2", "knn");
  EXPECT_NE(svg.find("no percentage is meaningful here"), std::string::npos);
  EXPECT_EQ(svg.find("%</text>\n<text x=\"820"), std::string::npos);
}

TEST(FoldsFigure, DrawsEveryFoldOfEveryMethod) {
  const std::string svg = folds_figure(example_with_folds(), "L2", "knn");
  EXPECT_EQ(count(svg, "<circle"), 4u * 5) << "four methods";
  EXPECT_EQ(count(svg, "<polygon"), 2u * 5) << "a null and a cheater";
  EXPECT_EQ(count(svg, "stroke-width=\"3\""), 6u) << "medians";
  EXPECT_EQ(count(svg, ">WAP<") + count(svg, ">BAP<") + count(svg, ">best<"), 3u);
}

TEST(Figures, WriteHostileNamesAsText) {
  RunSummary summary = example_with_folds();
  auto& context = *summary.mutable_contexts(0);
  context.set_context("<b>&\"'\u202E\x01\xff");
  set_gap_closed(add_method(context, "</text><script>x</script>\n" + std::string(300, 'y'), "plugin"), 0.5, 140, 120,
                 160, "<i>");
  context.mutable_gap()->set_defined(true);
  for (const std::string& svg : {progress_figure(summary, "L2", "knn"), folds_figure(summary, "L2", "knn")}) {
    EXPECT_EQ(svg.find("<b>"), std::string::npos);
    EXPECT_EQ(svg.find("<i>"), std::string::npos);
    EXPECT_EQ(svg.find("<script"), std::string::npos);
    EXPECT_EQ(svg.find("\u202E"), std::string::npos);
    EXPECT_EQ(svg.find('\x01'), std::string::npos);
    EXPECT_EQ(svg.find('\xff'), std::string::npos);
    EXPECT_EQ(count(svg, "<text"), count(svg, "</text>"));
    EXPECT_EQ(svg.find(std::string(100, 'y')), std::string::npos) << "long names are cut";
    const std::regex stray("&(?!amp;|lt;|gt;|quot;|#39;)");
    EXPECT_FALSE(std::regex_search(svg, stray));
  }
}

TEST(Figures, AreWrittenForEveryHead) {
  testing::TemporaryFolder folder;
  RunSummary summary = example_with_folds();
  *summary.add_contexts() = summary.contexts(0);
  summary.mutable_contexts(1)->set_head("a/b\nc");
  *summary.add_contexts() = summary.contexts(0);
  summary.mutable_contexts(2)->set_head("a?b\nc");
  const auto written = write_figures(folder.path() / "figures", summary);
  ASSERT_TRUE(written) << written.error().line();
  for (const char* name : {"progress_knn.svg", "folds_knn.svg", "progress_a_b_c.svg", "progress_a_b_c_.svg"}) {
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "figures" / name)) << name;
  }
}

TEST(Figures, SurviveEmptyAndConstantResults) {
  RunSummary summary;
  auto& context = *summary.add_contexts();
  context.set_metric("L2");
  EXPECT_NE(folds_figure(summary, "L2", "").find("no values"), std::string::npos);
  EXPECT_NE(progress_figure(summary, "L2", "").find("</svg>"), std::string::npos);
  add_method(context, "a", "plugin").set_value(2);
  const std::string constant = folds_figure(summary, "L2", "");
  EXPECT_EQ(constant.find("nan"), std::string::npos);
  EXPECT_EQ(constant.find("inf"), std::string::npos);
}

TEST(Figures, NameAFolderThatCannotBeMade) {
  testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  const auto written = write_figures(folder.path() / "file" / "figures", example_summary());
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().where.find("figures"), std::string::npos);
}

}  // namespace figures_test
}  // namespace headroom
