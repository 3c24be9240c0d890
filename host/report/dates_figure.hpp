// Progress over time: what each run of a leaderboard closes of the gap, by the day of its submission, and the best so
// far.
#pragma once

#include <string>
#include <vector>

#include "summary/leaderboard.hpp"

namespace headroom {

struct DatedRun {
  std::string run;   // as LeaderboardEntry::run
  std::string date;  // YYYY-MM-DD
};

// Whether a text is a day as it is meant.
bool is_date(const std::string& text);

// SVG: a point a ranked method, at its run's day; steps at the best so far; a line at 100 %. `runs` in any order.
std::string dates_figure(const Leaderboard& board, const std::vector<DatedRun>& runs);

// The same as CSV: run, date, method, gap_closed, ci_low, ci_high, best_so_far; by date, then as the board ranks.
std::string dates_csv(const Leaderboard& board, const std::vector<DatedRun>& runs);

}  // namespace headroom
