// headroom run and headroom bounds: evaluate, summarise, write, show. headroom score comes here as well.
#include <algorithm>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/interruption.hpp"
#include "cli/notes.hpp"
#include "cli/planned_study.hpp"
#include "cli/plugin_logs.hpp"
#include "cli/review_output.hpp"
#include "cli/run_conclusion.hpp"
#include "cli/run_outputs.hpp"
#include "cli/run_setup.hpp"
#include "cli/summary_options.hpp"
#include "cli/summary_output.hpp"
#include "cli/target_input.hpp"
#include "cli/task_input.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/evaluate.hpp"
#include "numerics/blas.hpp"
#include "report/bounds_card.hpp"
#include "report/finished_method.hpp"
#include "summary/summary.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"
#include "terminal/terminal_progress.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

// A run whose every evaluation and output file is there already: it is recorded and shown as if it had been made.
Result<int> show_again(const KeptOutputs& kept, PlannedStudy& study) {
  const RunArguments& arguments = study.arguments();
  TerminalProgress& progress = study.progress();
  const auto summary = read_summary_json(arguments.out / "summary.json");
  if (!summary) return tl::unexpected<Error>(summary.error());
  if (auto written = write_run_toml(arguments); !written) return tl::unexpected<Error>(written.error());
  const TerminalStyle style = progress_style(arguments.common.quiet);
  for (TargetRun& target : study.targets()) {
    const PlannedRun& planned = *target.planned;
    if (auto begun = target.evaluations->begin(planned.results().settings, planned.plugins()); !begun) {
      return tl::unexpected<Error>(begun.error());
    }
    RunResults told;  // nobody is asked: what was said before stays
    told.target = planned.results().target;
    for (const PluginOfRun& plugin : planned.plugins()) told.plugins.push_back(plugin.record);
    if (auto words = keep_logs(told, *target.store, true); !words) return tl::unexpected<Error>(words.error());
    print_notes(write_logs(arguments.logs, told), arguments.common.quiet);
    target.evaluations->recall_without_numbers(planned.evaluations().size());
    progress.begin("evaluations", planned.n_steps(), "evaluations");
    progress.advance(planned.n_steps());
    if (style.live) {
      const RunSummary part = part_of_target(*summary, target.input->target->name);
      for (const std::string& line : finished_method_lines(part, style)) progress.print_line(line);
    }
    progress.end();
  }
  if (auto shown = show_run(*summary, kept.submissions, study.options(), arguments); !shown) {
    return tl::unexpected<Error>(shown.error());
  }
  // No evaluation failed, or it would be tried again; a submission can still have come to nothing.
  const bool all_ok = std::all_of(kept.submissions.begin(), kept.submissions.end(),
                                  [](const SubmissionOutcome& outcome) { return outcome.verdict == "ok"; });
  return all_ok ? kExitEvaluated : kExitPluginFailed;
}

}  // namespace

Result<int> run(const RunArguments& arguments) {
  // Where nothing may be left to do, what is large and needs more than a hash waits: deltas and vectors.
  std::error_code error;
  const bool may_be_done = arguments.resume && fs::exists(arguments.out / "summary.json", error) &&
                           fs::exists(arguments.out / "results.sqlite", error);
  PlannedStudy::Options how;
  how.reading = may_be_done ? StudyReading::may_be_done : StudyReading::all;
  how.resumes = arguments.resume;
  auto planned = PlannedStudy::plan(arguments, how);
  if (!planned) return tl::unexpected<Error>(planned.error());
  PlannedStudy& study = **planned;

  // What can be refused was refused by now: nothing is written before.
  if (auto opened = study.open_stores(); !opened) return tl::unexpected<Error>(opened.error());
  const auto plans = plans_of_outputs(study);
  if (!plans) return tl::unexpected<Error>(plans.error());
  if (may_be_done) {
    const auto kept = standing_outputs(*plans, study.stores(), arguments.out, study.pool());
    if (!kept) return tl::unexpected<Error>(kept.error());
    if (*kept && !Interruption::token().stop_requested()) return show_again(**kept, study);
    if (auto read = study.read_rest(); !read) return tl::unexpected<Error>(read.error());
  }
  return conclude_run(study, *plans, Evaluations::made);
}

Result<int> bounds(const RunArguments& arguments) {
  auto options = complete_run_options(arguments);
  if (!options) return tl::unexpected<Error>(options.error());
  Review review(arguments.review);
  auto input = read_task_input(arguments.task, review, arguments.common.quiet);
  if (!input) return tl::unexpected<Error>(input.error());
  const NoiseTable* noise = input->noise ? &*input->noise : nullptr;
  const auto of_summary = summary_options(arguments, noise);
  if (!of_summary) return tl::unexpected<Error>(of_summary.error());
  if (auto valid = validate(*options); !valid) return tl::unexpected<Error>(valid.error());
  auto inputs = split_by_target(std::move(input->task), *options, arguments.targets, arguments.common.quiet);
  if (!inputs) return tl::unexpected<Error>(inputs.error());

  if (const auto blas = require_threadsafe_blas(); !blas) return tl::unexpected<Error>(blas.error());
  ThreadPool pool(arguments.common.n_threads);
  TerminalProgress progress = terminal_progress(arguments.common.quiet);
  std::vector<RunSummary> parts;
  bool failed = false;
  for (const TargetInput& of_target : *inputs) {
    const RunOutcome outcome =
        evaluate(of_target.task, noise, of_target.options, pool, progress, Interruption::token());
    if (outcome.error) return tl::unexpected<Error>(*outcome.error);
    parts.push_back(summarise(outcome.results, of_target.task, HEADROOM_VERSION, pool, *of_summary));
    failed = failed || any_failed(outcome.results);
  }
  RunSummary summary = joined(std::move(parts));
  keep_doubts(review, &summary);
  switch (arguments.common.format) {
    case TableFormat::json:
      results() << summary_json(summary);
      break;
    case TableFormat::text:
      draw_bounds_card(results(), summary, stdout_style());
      break;
    default:
      write_table(results(), bounds_table(summary), arguments.common.format, stdout_style());
  }
  return failed ? kExitPluginFailed : kExitEvaluated;
}

}  // namespace headroom::cli
