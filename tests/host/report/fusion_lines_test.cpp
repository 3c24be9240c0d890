#include "report/fusion_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace headroom {
namespace fusion_lines_test {

using ::testing::HasSubstr;
using ::testing::Not;

void add_block(MethodResult& method, const std::string& name, double coverage, double weight) {
  BlockOfMethod& block = *method.add_blocks();
  block.set_name(name);
  block.set_coverage(coverage);
  block.set_weight(weight);
}

RunSummary example() {
  RunSummary summary;
  summary.mutable_settings()->add_metrics("L2");
  for (const char* head : {"knn", "lasso"}) {
    ContextResult& context = *summary.add_contexts();
    context.set_context("K-562");
    context.set_metric("L2");
    context.set_head(head);
    context.mutable_gap()->set_defined(true);
    context.add_methods()->set_name("a+knn");
    MethodResult& fused = *context.add_methods();
    fused.set_name("all+kernels");
    add_block(fused, "a", 0.75, 0.25);
    add_block(fused, "b", 1, 0.5);
    Ablation& without = *context.add_ablations();
    without.set_method("all+kernels");
    without.set_block("a");
    without.set_status("ok");
    without.set_drop(0.125);
    without.set_ci_low(-0.5);
    without.set_ci_high(0.75);
    without.set_gap_drop(8.5);
    Ablation& failed = *context.add_ablations();
    failed.set_method("all+kernels");
    failed.set_block("b");
    failed.set_status("failed");
    failed.set_reason("crashed");
  }
  return summary;
}

std::string drawn(const RunSummary& summary) {
  std::ostringstream out;
  TerminalStyle style;
  style.width = 120;
  draw_fusions(out, summary, style);
  return out.str();
}

TEST(FusionLines, TellsEveryBlockOnce) {
  const std::string text = drawn(example());
  const std::size_t at = text.find("all+kernels");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << "blank, title, head, two blocks:\n" << text;
  EXPECT_THAT(text, HasSubstr("75.0 %"));
  EXPECT_THAT(text, HasSubstr("0.250"));
  EXPECT_THAT(text, HasSubstr("[-0.5000, 0.7500]"));
  EXPECT_THAT(text, HasSubstr("8.5 %"));
  EXPECT_THAT(text, HasSubstr("failed: crashed"));
}

TEST(FusionLines, TellsNoPercentageWhereThereIsNone) {
  RunSummary summary = example();
  for (auto& context : *summary.mutable_contexts()) context.mutable_gap()->set_defined(false);
  EXPECT_THAT(drawn(summary), Not(HasSubstr("8.5 %")));
}

TEST(FusionLines, SaysNothingOfRunsWithoutFusionsOrAblations) {
  RunSummary summary = example();
  for (auto& context : *summary.mutable_contexts()) context.clear_ablations();
  EXPECT_THAT(drawn(summary), HasSubstr("all+kernels"));
  EXPECT_THAT(drawn(summary), Not(HasSubstr("lost without")));
  for (auto& context : *summary.mutable_contexts()) context.mutable_methods()->RemoveLast();
  EXPECT_EQ(drawn(summary), "");
}

}  // namespace fusion_lines_test
}  // namespace headroom
