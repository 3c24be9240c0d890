// Commands on results that are there: report, leaderboard, and progress of published tables.

#include <memory>

#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"

namespace headroom::cli {

void add_report_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App& report_app = *app.add_subcommand("report", "Write report.html, and figures, from a run's results");
  report_app.footer(
      "Examples:\n"
      "  headroom report out                              writes out/report.html again\n"
      "  headroom report out -o page.html --figures figures");
  report_app.add_option("out", arguments->out, "Folder of a run, or a summary.json")->type_name("OUT")->required();
  begin_group(report_app, "What is written");
  add_optional(report_app, "-o,--output", arguments->page, "Page to write (default: report.html in the run's folder)");
  add_optional(report_app, "--figures", arguments->figures, "Also write the first two figures as SVG into this folder")
      ->type_name("DIR");
  add_target_flag(report_app, arguments->target);
  add_common_flags(report_app, arguments->common);
  report_app.callback([&command, arguments] { command = [arguments] { return report(*arguments); }; });
}

void add_leaderboard_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<LeaderboardArguments>();
  CLI::App& leaderboard_app =
      *app.add_subcommand("leaderboard", "Rank the methods of one or more runs of the same task");
  leaderboard_app.footer(
      "Examples:\n"
      "  headroom leaderboard out\n"
      "  headroom leaderboard round1 round2 --metric Pearson --format markdown > leaderboard.md\n"
      "  headroom leaderboard june july --progress progress.svg --date june=2026-06-30");
  leaderboard_app.add_option("out", arguments->runs, "Folders of runs")->type_name("OUT")->required();
  begin_group(leaderboard_app, "How it ranks");
  leaderboard_app.add_option("--metric", arguments->metric, "Rank by this metric (default: the runs' first)")
      ->type_name("METRIC");
  add_target_flag(leaderboard_app, arguments->target);
  add_optional(leaderboard_app, "--progress", arguments->progress,
               "Also draw the progress over the runs' dates as SVG, with its data beside it as CSV")
      ->type_name("SVG");
  leaderboard_app
      .add_option("--date", arguments->dates,
                  "Day of a run's submission (default: the day on which its summary.json was written)")
      ->type_name("OUT=YYYY-MM-DD")
      ->allow_extra_args(false);
  add_common_flags(leaderboard_app, arguments->common);
  leaderboard_app.callback([&command, arguments] { command = [arguments] { return leaderboard(*arguments); }; });
}

void add_progress_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<ProgressArguments>();
  PublishedScoresOptions& options = arguments->options;
  CLI::App& progress_app =
      *app.add_subcommand("progress", "Gap closed from published score tables: one row per fold and method");
  progress_app.footer(
      "Examples:\n"
      "  headroom progress --scores scores.csv --wap train_mean 'random*' --bap 'idealized*' sampling_error\n"
      "  headroom progress --scores scores.csv --wap 'mean*' --bap 'oracle*' --metric L2 --format csv");
  begin_group(progress_app, "The table, and who is what in it");
  progress_app
      .add_option(
          "--scores", arguments->scores,
          "Published scores: one row per fold and method, with its name (name, model or method), its fold "
          "(CONTEXT.FOLD, or with a column for the context) and a column per metric, or columns metric and value")
      ->type_name("CSV")
      ->required();
  progress_app
      .add_option("--wap", options.wap, "Nulls, of which the best is the WAP: exact names, or globs such as 'random*'")
      ->type_name("NAME")
      ->required();
  progress_app.add_option("--bap", options.bap, "Cheaters, of which the best is the BAP: exact names or globs")
      ->type_name("NAME")
      ->required();
  progress_app.add_option("--entry", options.entries, "Methods to judge (default: all others)")->type_name("NAME");
  progress_app.add_option("--metric", options.metric, "Only this metric (default: all columns that are one)")
      ->type_name("METRIC");
  progress_app.add_option("--context", options.contexts, "Only these contexts (default: all)")->type_name("NAME");
  progress_app
      .add_option("--context-col", options.context_column,
                  "Column with the context (default: the part of the fold before its last dot)")
      ->type_name("COLUMN");
  progress_app.add_option("--fold-col", options.fold_column, "Column with the fold")->type_name("COLUMN");
  add_review_flags(progress_app, arguments->review);
  add_common_flags(progress_app, arguments->common);
  progress_app.callback([&command, arguments] { command = [arguments] { return progress(*arguments); }; });
}

}  // namespace headroom::cli
