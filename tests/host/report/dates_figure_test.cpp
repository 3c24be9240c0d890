#include "report/dates_figure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace dates_figure_test {

using ::testing::HasSubstr;
using ::testing::Not;

Leaderboard three_runs() {
  Leaderboard board;
  board.metric = "L2";
  for (const auto& [method, run, percent] :
       {std::tuple{"b+knn", "late", 60.0}, {"a+knn", "early", 40.0}, {"c+knn", "middle", 20.0}}) {
    LeaderboardEntry& entry = board.entries.emplace_back();
    entry.method = method;
    entry.run = run;
    entry.gap_closed = percent;
  }
  board.entries.emplace_back().run = "late";  // failed: no percentage
  return board;
}

const std::vector<DatedRun> kRuns = {{"late", "2026-03-01"}, {"early", "2026-01-01"}, {"middle", "2026-02-01"}};

TEST(DatesFigure, TellsTheBestSoFarByDate) {
  EXPECT_EQ(dates_csv(three_runs(), kRuns),
            "run,date,method,gap_closed,ci_low,ci_high,best_so_far\n"
            "early,2026-01-01,a+knn,40,,,40\n"
            "middle,2026-02-01,c+knn,20,,,40\n"
            "late,2026-03-01,b+knn,60,,,60\n");
  const std::string svg = dates_figure(three_runs(), kRuns);
  EXPECT_THAT(svg, HasSubstr("2026-01-01"));
  EXPECT_THAT(svg, HasSubstr("b+knn"));
  EXPECT_THAT(svg, Not(HasSubstr("c+knn"))) << "it was never the best";
  EXPECT_THAT(dates_figure(Leaderboard(), {}), HasSubstr("no run has a percentage"));
}

TEST(DatesFigure, KnowsADate) {
  EXPECT_TRUE(is_date("2026-02-28"));
  for (const char* text : {"2026-02-30", "26-02-01", "2026/02/01", "2026-2-1", "", "yesterday"}) {
    EXPECT_FALSE(is_date(text)) << text;
  }
}

}  // namespace dates_figure_test
}  // namespace headroom
