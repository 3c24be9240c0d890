// headroom leaderboard: the methods of one or more runs, ranked.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "cli/command_line.hpp"
#include "cli/notes.hpp"
#include "cli/terminal_streams.hpp"
#include "io/atomic_file.hpp"
#include "report/dates_figure.hpp"
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

// The day on which a file was written, by the clock of the world.
std::string day_written(const std::filesystem::path& path) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path, error);
  if (error) return {};
  const auto day = std::chrono::floor<std::chrono::days>(std::chrono::file_clock::to_sys(written));
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Result<std::vector<DatedRun>> dates_of(const LeaderboardArguments& arguments) {
  std::vector<DatedRun> runs;
  for (const auto& folder : arguments.runs) runs.push_back({folder.string(), day_written(folder / "summary.json")});
  for (const std::string& text : arguments.dates) {
    const std::size_t equals = text.rfind('=');
    const std::string name = text.substr(0, equals), date = equals == std::string::npos ? "" : text.substr(equals + 1);
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const DatedRun& one) { return one.run == name; });
    if (run == runs.end() || !is_date(date)) {
      return bad_input(fmt::format("'{}' is no day of one of the runs", text), "--date",
                       "write it as OUT=YYYY-MM-DD, with OUT as it is given as a run");
    }
    run->date = date;
  }
  return runs;
}

// Beside the table: what changed over time. Of several targets the name tells whose it is.
Result<void> draw_progress(const Leaderboard& board, const LeaderboardArguments& arguments, const std::string& title) {
  const auto runs = dates_of(arguments);
  if (!runs) return tl::unexpected<Error>(runs.error());
  std::filesystem::path svg = *arguments.progress;
  if (!title.empty()) svg.replace_filename(svg.stem().string() + "_" + title + svg.extension().string());
  std::filesystem::path csv = svg;
  csv.replace_extension(".csv");
  if (csv == svg) return bad_input("the figure is called like its data", svg.string(), "give a name that ends in .svg");
  if (auto written = write_file_atomically(svg, dates_figure(board, *runs)); !written) return written;
  return write_file_atomically(csv, dates_csv(board, *runs));
}

// `title`: of the table on a terminal; empty: none.
Result<void> rank(const std::vector<RankedRun>& runs, const LeaderboardArguments& arguments, const std::string& title) {
  const auto board = make_leaderboard(runs, arguments.metric);
  if (!board) return tl::unexpected<Error>(board.error());
  print_notes(board->notes, arguments.common.quiet);
  const bool is_text = arguments.common.format == TableFormat::text;
  if (is_text && !title.empty()) write_wrapped(results(), title, "", Ink::bold, stdout_style());
  if (!board->unranked.empty() && is_text) {
    write_wrapped(results(), display_text("nothing is ranked: " + board->unranked), "", Ink::plain, stdout_style());
  }
  write_table(results(), leaderboard_table(*board, !is_text), arguments.common.format, stdout_style());
  if (arguments.progress) {
    if (auto drawn = draw_progress(*board, arguments, title); !drawn) return drawn;
  }
  if (is_text && board->resolution) {
    write_wrapped(results(),
                  fmt::format("resolution {:.1f} % of the gap: smaller differences between two methods are not told "
                              "apart at 95 %",
                              *board->resolution),
                  "", Ink::plain, stdout_style());
  }
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
