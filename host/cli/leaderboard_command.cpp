// headroom leaderboard: the methods of one or more runs, ranked.
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "report/outcome_lines.hpp"
#include "summary/leaderboard.hpp"
#include "summary/summary_json.hpp"
#include "terminal/display_text.hpp"

namespace headroom::cli {

Result<int> leaderboard(const LeaderboardArguments& arguments) {
  std::vector<RankedRun> runs;
  for (const auto& folder : arguments.runs) {
    auto summary = read_summary_json(folder / "summary.json");
    if (!summary) return tl::unexpected<Error>(summary.error());
    runs.push_back({folder.string(), std::move(*summary)});
  }
  const auto board = make_leaderboard(runs, arguments.metric);
  if (!board) return tl::unexpected<Error>(board.error());
  print_notes(board->notes, arguments.common.quiet);
  if (!board->unranked.empty() && arguments.common.format == TableFormat::text) {
    write_wrapped(std::cout, display_text("nothing is ranked: " + board->unranked), "", Ink::plain, stdout_style());
  }
  const bool all_columns = arguments.common.format != TableFormat::text;
  write_table(std::cout, leaderboard_table(*board, all_columns), arguments.common.format, stdout_style());
  return 0;
}

}  // namespace headroom::cli
