// headroom leaderboard: the methods of one or more runs, ranked.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "report/outcome_lines.hpp"
#include "summary/leaderboard.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"
#include "terminal/display_text.hpp"

namespace headroom::cli {
namespace {

// The target that was asked for, that of the metric, or all of the first run.
Result<std::vector<std::string>> ranked_targets(const RunSummary& first, const LeaderboardArguments& arguments) {
  std::vector<std::string> targets = targets_of(first);
  std::erase_if(targets, [&](const std::string& target) {
    if (!arguments.target.empty() && target != arguments.target) return true;
    const auto& contexts = first.contexts();
    return !arguments.metric.empty() && std::none_of(contexts.begin(), contexts.end(), [&](const ContextResult& c) {
      return c.metric() == arguments.metric && target_of(c) == target;
    });
  });
  if (targets.empty() && !arguments.target.empty()) {
    return bad_input(fmt::format("the run has nothing of the target '{}'", arguments.target),
                     arguments.runs.front().string(), "leave --target out, or run it with this --target");
  }
  if (targets.empty()) targets = {targets_of(first).front()};  // which says that it has no such metric
  return targets;
}

// `title`: of the table on a terminal; empty: none.
Result<void> rank(const std::vector<RankedRun>& runs, const LeaderboardArguments& arguments, const std::string& title) {
  const auto board = make_leaderboard(runs, arguments.metric);
  if (!board) return tl::unexpected<Error>(board.error());
  print_notes(board->notes, arguments.common.quiet);
  const bool is_text = arguments.common.format == TableFormat::text;
  if (is_text && !title.empty()) write_wrapped(std::cout, title, "", Ink::bold, stdout_style());
  if (!board->unranked.empty() && is_text) {
    write_wrapped(std::cout, display_text("nothing is ranked: " + board->unranked), "", Ink::plain, stdout_style());
  }
  write_table(std::cout, leaderboard_table(*board, !is_text), arguments.common.format, stdout_style());
  return {};
}

}  // namespace

Result<int> leaderboard(const LeaderboardArguments& arguments) {
  std::vector<RankedRun> runs;
  for (const auto& folder : arguments.runs) {
    auto summary = read_summary_json(folder / "summary.json");
    if (!summary) return tl::unexpected<Error>(summary.error());
    runs.push_back({folder.string(), std::move(*summary)});
  }
  const auto targets = ranked_targets(runs.front().summary, arguments);
  if (!targets) return tl::unexpected<Error>(targets.error());
  for (const std::string& target : *targets) {
    std::vector<RankedRun> parts;
    for (const RankedRun& run : runs) parts.push_back({run.name, part_of_target(run.summary, target)});
    if (auto ranked = rank(parts, arguments, targets->size() > 1 ? target : ""); !ranked) {
      return tl::unexpected<Error>(ranked.error());
    }
  }
  return 0;
}

}  // namespace headroom::cli
