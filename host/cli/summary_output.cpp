#include "cli/summary_output.hpp"

#include <iostream>

#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "report/method_bars.hpp"
#include "summary/leaderboard.hpp"
#include "summary/primary_metric.hpp"
#include "summary/scores_csv.hpp"
#include "summary/summary_json.hpp"

namespace headroom::cli {

Result<void> print_summary(const RunSummary& summary, const std::string& run, const CommonArguments& common) {
  switch (common.format) {
    case TableFormat::text:
      draw_method_bars(std::cout, summary, primary_metric(summary), stdout_style());
      break;
    case TableFormat::csv:
      std::cout << scores_csv(summary);
      break;
    case TableFormat::json:
      std::cout << summary_json(summary);
      break;
    case TableFormat::markdown: {
      const auto board = make_leaderboard({{run, summary}});
      if (!board) return tl::unexpected<Error>(board.error());
      print_notes(board->notes, common.quiet);
      write_table(std::cout, leaderboard_table(*board, true), common.format, stdout_style());
      break;
    }
  }
  return {};
}

}  // namespace headroom::cli
