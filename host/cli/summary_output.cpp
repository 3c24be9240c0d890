#include "cli/summary_output.hpp"

#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "report/method_bars.hpp"
#include "summary/leaderboard.hpp"
#include "summary/primary_metric.hpp"
#include "summary/scores_csv.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"

namespace headroom::cli {

Result<void> print_summary(const RunSummary& summary, const std::string& run, const CommonArguments& common) {
  switch (common.format) {
    case TableFormat::text:
      for (const std::string& target : targets_of(summary)) {
        const RunSummary part = part_of_target(summary, target);
        draw_method_bars(results(), part, primary_metric(part), stdout_style());
      }
      break;
    case TableFormat::csv:
      results() << scores_csv(summary);
      break;
    case TableFormat::json:
      results() << summary_json(summary);
      break;
    case TableFormat::markdown: {
      for (const std::string& target : targets_of(summary)) {
        const auto board = make_leaderboard({{run, part_of_target(summary, target)}});
        if (!board) return tl::unexpected<Error>(board.error());
        print_notes(board->notes, common.quiet);
        write_table(results(), leaderboard_table(*board, true), common.format, stdout_style());
      }
      break;
    }
  }
  return {};
}

}  // namespace headroom::cli
