#include "report/finished_method.hpp"

#include <gtest/gtest.h>

#include "host/summary/example_results.hpp"
#include "summary/summary.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace finished_method_test {

// Medians by hand: WAP 10, BAP 4, x 7 and y 13.
TEST(FinishedMethod, ShowsTheBarOfTheFinalTableWithoutItsInterval) {
  const RunResults results = example_results();
  const ContextEvaluation& context = results.contexts[0];
  EXPECT_EQ(finished_method_line(results, context, context.methods[3], {}),
            "K-562  x+knn             │█████████         │    50.0 %  L2 7.000  1.0 s");
  EXPECT_EQ(finished_method_line(results, context, context.methods[4], {}),
            "K-562  y+knn             ◀                  │   -50.0 %  L2 13.00  1.0 s");
}

TEST(FinishedMethod, IsTheSameOfASummary) {
  RunResults results = example_results();
  std::vector<MethodEvaluation>& methods = results.contexts[0].methods;
  methods[5].folds = methods[4].folds;
  methods[5].folds[1].status = Status::failed;
  methods[5].folds[1].reason = methods[5].reason;
  // A second head for all of them; finished predictions go through none and stand in the table of each.
  results.heads.push_back({"lasso", true, ""});
  for (const std::size_t i : {3, 5, 7}) {
    MethodEvaluation other = methods[i];
    other.predictor = "lasso";
    other.name = other.name.substr(0, other.name.find('+')) + "+lasso";
    methods.insert(methods.begin() + static_cast<std::ptrdiff_t>(i) + 1, other);
  }
  methods.push_back(example_method("mine", Role::plugin, {5, 5}, {0.5, 0.5}));
  ThreadPool pool(1);
  const auto lines = finished_method_lines(summarise(results, example_task(), "", pool), {});
  ASSERT_EQ(lines.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(lines[i], finished_method_line(results, results.contexts[0], methods[3 + i], {}));
  }
}

TEST(FinishedMethod, DoesNotLookAtOtherPlugins) {
  RunResults results = example_results();
  results.contexts[0].methods[4].folds.clear();  // as it is while another thread still works on it
  EXPECT_NE(finished_method_line(results, results.contexts[0], results.contexts[0].methods[3], {}).find("50.0 %"),
            std::string::npos);
}

TEST(FinishedMethod, SaysWhyItFailed) {
  RunResults results = example_results();
  MethodEvaluation& method = results.contexts[0].methods[3];
  method.folds[1].status = Status::failed;
  method.folds[1].reason = "crashed: \x1b[31m it died of SIGSEGV";
  const std::string line = finished_method_line(results, results.contexts[0], method, {});
  EXPECT_NE(line.find("failed: crashed: \\x1b[31m it died of SIGSEGV"), std::string::npos) << line;
  TerminalStyle narrow;
  narrow.width = 40;
  EXPECT_LE(display_width(finished_method_line(results, results.contexts[0], method, narrow)), 40);
}

TEST(FinishedMethod, LeavesTheBarEmptyWithoutABound) {
  RunResults results = example_results();
  results.contexts[0].methods.erase(results.contexts[0].methods.begin() + 2);  // the cheater
  EXPECT_EQ(finished_method_line(results, results.contexts[0], results.contexts[0].methods[2], {}),
            "K-562  x+knn             │                  │            L2 7.000  1.0 s");
}

}  // namespace finished_method_test
}  // namespace headroom
