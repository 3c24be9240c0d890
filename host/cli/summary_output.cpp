#include "cli/summary_output.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "plan/target.hpp"
#include "report/method_bars.hpp"
#include "summary/leaderboard.hpp"
#include "summary/primary_metric.hpp"
#include "summary/scores_csv.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"

namespace headroom::cli {
namespace {

// The primary metric; of cells all, of which none is the published one.
std::vector<std::string> printed_metrics(const RunSummary& part, const std::string& target_name) {
  const Target* const target = target_by_name(target_name);
  if (target == nullptr || !target->is_of_cells()) return {primary_metric(part)};
  std::vector<std::string> metrics;
  for (const ContextResult& context : part.contexts()) {
    if (std::find(metrics.begin(), metrics.end(), context.metric()) == metrics.end())
      metrics.push_back(context.metric());
  }
  return metrics;
}

}  // namespace

Result<void> print_summary(const RunSummary& summary, const std::string& run, const CommonArguments& common) {
  switch (common.format) {
    case TableFormat::text:
      for (const std::string& target : targets_of(summary)) {
        const RunSummary part = part_of_target(summary, target);
        for (const std::string& metric : printed_metrics(part, target)) {
          draw_method_bars(results(), part, metric, stdout_style());
        }
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
