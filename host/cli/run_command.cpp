// headroom run and headroom bounds: evaluate, summarise, write, show. headroom score comes here as well.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <set>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/interruption.hpp"
#include "cli/notes.hpp"
#include "cli/review_output.hpp"
#include "cli/run_outputs.hpp"
#include "cli/run_setup.hpp"
#include "cli/run_store.hpp"
#include "cli/summary_output.hpp"
#include "cli/target_input.hpp"
#include "cli/task_input.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/evaluate.hpp"
#include "evaluation/feasible_grid.hpp"
#include "io/atomic_file.hpp"
#include "io/own_file.hpp"
#include "numerics/blas.hpp"
#include "report/audit_lines.hpp"
#include "report/bounds_card.hpp"
#include "report/finished_method.hpp"
#include "report/fusion_lines.hpp"
#include "store/store.hpp"
#include "summary/summary.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"
#include "terminal/display_text.hpp"
#include "terminal/terminal_progress.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

void print_coverage(const RunSummary& summary, const RunOptions& options) {
  const Target* target = target_by_name(targets_of(summary).front());
  const char* stand_in = target == nullptr || target->classes.empty() ? "the train mean" : "the most frequent class";
  for (const PluginRecord& plugin : summary.plugins()) {
    if (!plugin.has_n_ids()) continue;
    const bool is_finished = std::any_of(options.predictions.begin(), options.predictions.end(),
                                         [&](const PredictionsSpec& spec) { return spec.name == plugin.name(); });
    fmt::print(stderr, "headroom: {}: {} of {} test perturbations have a {}{}\n", display_text(plugin.name()),
               plugin.n_present(), plugin.n_ids(), is_finished ? "prediction" : "vector",
               plugin.n_present() < plugin.n_ids() ? fmt::format("; the others are predicted as {}", stand_in) : "");
  }
}

void print_failures(const RunSummary& summary) {
  std::vector<std::string> seen;
  const auto tell = [&](const std::string& context, const auto& method) {
    const std::string line = display_text(context + ": " + method.name() + " failed: " + method.reason());
    if (method.status() != "failed" || std::find(seen.begin(), seen.end(), line) != seen.end()) return;
    seen.push_back(line);
    fmt::print(stderr, "headroom: {}\n", line);
  };
  for (const ContextResult& context : summary.contexts()) {
    for (const MethodResult& method : context.methods()) tell(context.context(), method);
    for (const Ablation& ablation : context.ablations()) tell(context.context(), ablation);
  }
}

// One line a submission.
void print_submissions(const std::vector<SubmissionOutcome>& submissions) {
  if (submissions.empty()) return;
  Table table{{{"submission"}, {"kind"}, {"verdict"}, {"confinement"}, {"reason"}}, {}};
  for (const SubmissionOutcome& outcome : submissions) {
    table.rows.push_back({outcome.name, outcome.kind, outcome.verdict,
                          outcome.confinement.empty() ? Cell() : Cell(outcome.confinement), outcome.reason});
  }
  write_table(std::cerr, table, TableFormat::text, stderr_style());
}

// What an earlier run of the same vectors found doubtful about them, to be answered again.
std::vector<Doubt> doubts_about_vectors(const RunSummary& earlier) {
  std::vector<Doubt> doubts;
  for (const DoubtRecord& record : earlier.doubts()) {
    if (!record.code().starts_with("vectors.") || !is_doubt_code(record.code())) continue;
    doubts.push_back({record.code(),
                      record.where(),
                      record.what(),
                      record.n(),
                      {record.examples().begin(), record.examples().end()},
                      record.remedy()});
  }
  return doubts;
}

// Outputs that would replace what Headroom did not write, or an input.
void review_outputs(const RunArguments& arguments, Review& review) {
  std::vector<std::string> names = foreign_outputs(arguments.out);
  std::vector<fs::path> inputs{arguments.task.task, arguments.task.noise.value_or(fs::path()),
                               arguments.task.columns.fold_file.value_or(fs::path()), arguments.run.split.file};
  for (const EmbeddingSpec& spec : arguments.run.embeddings) inputs.push_back(spec.path);
  for (const PredictionsSpec& spec : arguments.run.predictions) inputs.push_back(spec.path);
  std::error_code ignored;
  for (const OwnMark& mark : kRunMarks) {
    const fs::path output = arguments.out / mark.name;
    const bool is_input = std::any_of(inputs.begin(), inputs.end(), [&](const fs::path& input) {
      return !input.empty() && fs::equivalent(input, output, ignored);
    });
    const bool is_told = std::find(names.begin(), names.end(), mark.name) != names.end();
    if (is_input && !is_told) names.emplace_back(mark.name);
  }
  if (names.empty()) return;
  review.raise({"output.not_ours", arguments.out.string(),
                fmt::format("{} file{} that Headroom did not write, or that {} read, would be replaced", names.size(),
                            names.size() == 1 ? "" : "s", names.size() == 1 ? "is" : "are"),
                static_cast<std::int64_t>(names.size()), examples_of(names), "give another folder with -o"});
}

// A line on the terminal for every method that is through; nothing where stderr is no terminal.
class FinishedMethods final : public RunObserver {
 public:
  FinishedMethods(TerminalProgress& progress, const TerminalStyle& style) : progress_(progress), style_(style) {}
  void method_finished(const RunResults& results, const ContextEvaluation& context,
                       const MethodEvaluation& method) override {
    if (style_.live) progress_.print_line(finished_method_line(results, context, method, style_));
  }

 private:
  TerminalProgress& progress_;
  TerminalStyle style_;
};

Result<void> make_folder(const RunArguments& arguments) {
  std::error_code error;
  fs::create_directories(arguments.out, error);
  if (error) return bad_input("cannot make the folder for the results", arguments.out.string(), error.message());
  return {};
}

// The store, opened with the metrics of one target.
Result<Store> open_results(const RunArguments& arguments, const TargetInput& input) {
  std::vector<std::string> metric_names;
  for (const Metric metric : evaluated_metrics(*input.target, input.options)) {
    metric_names.emplace_back(metric_name(metric));
  }
  return Store::open(arguments.out, metric_names);
}

// One target of a run, from its plan to its results.
struct TargetRun {
  const TargetInput* input = nullptr;
  std::unique_ptr<RunStore> evaluations;
  std::optional<PlannedRun> planned;
  std::optional<Store> store;
  std::optional<RunResults> results;  // none: the run was interrupted before
};

template <class T, class From, class Get>
std::vector<T> each(From& all, Get&& get) {
  std::vector<T> list;
  for (auto& one : all) list.push_back(get(one));
  return list;
}

Result<void> write_run_toml(const RunArguments& arguments) {
  return write_file_atomically(arguments.out / "run.toml", arguments.settings_requested);
}

// The run's answer on stdout, and on stderr what became of each plugin.
Result<void> show(const RunSummary& summary, const std::vector<SubmissionOutcome>& submissions,
                  const RunOptions& options, const RunArguments& arguments) {
  auto printed = print_summary(summary, arguments.out.string(), arguments.common);
  if (!printed) return printed;
  if (arguments.common.format == TableFormat::text) {
    draw_fusions(std::cout, summary, stdout_style());
    draw_audit(std::cout, summary, stdout_style());
  }
  if (arguments.common.quiet) return {};
  print_coverage(summary, options);
  print_failures(summary);
  print_submissions(submissions);
  fmt::print(stderr, "headroom: results in {}, to be read in {}\n", arguments.out.string(),
             (arguments.out / "report.html").string());
  return {};
}

// A run whose every evaluation and output file is there already: it is recorded and shown as if it had been made.
Result<int> show_again(const KeptOutputs& kept, std::vector<TargetRun>& targets, TerminalProgress& progress,
                       const RunOptions& options, const RunArguments& arguments) {
  const auto summary = read_summary_json(arguments.out / "summary.json");
  if (!summary) return tl::unexpected<Error>(summary.error());
  if (auto written = write_run_toml(arguments); !written) return tl::unexpected<Error>(written.error());
  const TerminalStyle style = progress_style(arguments.common.quiet);
  for (TargetRun& target : targets) {
    const PlannedRun& planned = *target.planned;
    if (auto begun = target.evaluations->begin(planned.results().settings, planned.plugins()); !begun) {
      return tl::unexpected<Error>(begun.error());
    }
    target.evaluations->recall_without_numbers(planned.evaluations().size());
    progress.begin("evaluations", planned.n_steps(), "evaluations");
    progress.advance(planned.n_steps());
    if (style.live) {
      const RunSummary part = part_of_target(*summary, target.input->target->name);
      for (const std::string& line : finished_method_lines(part, style)) progress.print_line(line);
    }
    progress.end();
  }
  if (auto shown = show(*summary, kept.submissions, options, arguments); !shown) {
    return tl::unexpected<Error>(shown.error());
  }
  // No evaluation failed, or it would be tried again; a submission can still have come to nothing.
  const bool all_ok = std::all_of(kept.submissions.begin(), kept.submissions.end(),
                                  [](const SubmissionOutcome& outcome) { return outcome.verdict == "ok"; });
  return all_ok ? kExitEvaluated : kExitPluginFailed;
}

// Of the targets together: each submission by the first in which it came to nothing, or as it is.
std::vector<SubmissionOutcome> submissions_of(const std::vector<TargetRun>& targets) {
  std::vector<SubmissionOutcome> outcomes;
  for (const TargetRun& target : targets) {
    if (!target.results) continue;
    const auto& of_target = target.results->submissions;
    if (outcomes.empty()) outcomes = of_target;
    for (std::size_t i = 0; i < std::min(outcomes.size(), of_target.size()); ++i) {
      if (!of_target[i].concerns_target) continue;
      if (outcomes[i].verdict == "ok" || !outcomes[i].concerns_target) outcomes[i] = of_target[i];
    }
  }
  return outcomes;
}

}  // namespace

Result<int> run(const RunArguments& arguments) {
  auto options = complete_run_options(arguments);
  if (!options) return tl::unexpected<Error>(options.error());
  if (options->embeddings.empty() && options->predictions.empty() && options->submissions.empty()) {
    return bad_input("there is nothing to evaluate", "headroom run",
                     "name an embedding with --embedding or a folder with --submissions, or see the bounds alone with "
                     "headroom bounds");
  }
  // Where nothing may be left to do, what is large and needs more than a hash waits: deltas and vectors.
  std::error_code error;
  const bool may_be_done = arguments.resume && fs::exists(arguments.out / "summary.json", error) &&
                           fs::exists(arguments.out / "results.sqlite", error);
  Review review(arguments.review);
  auto input = read_task_input(arguments.task, review, arguments.common.quiet,
                               may_be_done ? TaskParts::all_but_deltas : TaskParts::all);
  if (!input) return tl::unexpected<Error>(input.error());
  const NoiseTable* noise = input->noise ? &*input->noise : nullptr;
  Task unread = may_be_done ? input->task : Task();
  if (auto valid = validate(*options); !valid) return tl::unexpected<Error>(valid.error());
  auto inputs = split_by_target(std::move(input->task), *options, arguments.targets, arguments.common.quiet);
  if (!inputs) return tl::unexpected<Error>(inputs.error());

  // Every file is known, and what is doubtful about it, before anything is written.
  ThreadPool pool(arguments.common.n_threads);
  for (const TargetInput& of_target : *inputs) {
    if (auto valid = validate(of_target.options); !valid) return tl::unexpected<Error>(valid.error());
  }
  std::set<std::string> reviewed;
  std::vector<Doubt> told_earlier;
  if (may_be_done) {
    if (const auto earlier = read_summary_json(arguments.out / "summary.json")) {
      for (const PluginRecord& plugin : earlier->plugins()) reviewed.insert(plugin.data_sha256());
      told_earlier = doubts_about_vectors(*earlier);
    }
  }
  std::vector<Roster> rosters;
  Review told_before(arguments.review);  // of the first target's files, which are those of the others
  for (const TargetInput& of_target : *inputs) {
    const FileReview files{&of_target.task, true, !arguments.task.columns.contexts.empty(), reviewed};
    auto roster = load_roster(*of_target.target, of_target.options, pool,
                              may_be_done ? VectorFiles::leave : VectorFiles::read, files, Interruption::token());
    if (!roster) return tl::unexpected<Error>(roster.error());
    raise_doubts(*roster, rosters.empty() ? review : told_before);
    rosters.push_back(std::move(*roster));
  }
  if (auto used = check_keys_are_used(each<const Roster*>(rosters, [](Roster& roster) { return &roster; })); !used) {
    return tl::unexpected<Error>(used.error());
  }
  for (Doubt& doubt : told_earlier) review.raise(std::move(doubt));
  review_outputs(arguments, review);
  if (auto settled = settle_review(review, arguments.common.quiet); !settled) {
    return tl::unexpected<Error>(settled.error());
  }

  for (const Roster& roster : rosters) {
    if (auto readable = require_readable_predictions(roster); !readable) return tl::unexpected<Error>(readable.error());
  }

  const auto blas = require_threadsafe_blas();
  if (!blas) return tl::unexpected<Error>(blas.error());
  TerminalProgress progress(std::cerr, progress_style(arguments.common.quiet));
  FinishedMethods finished(progress, progress_style(arguments.common.quiet));
  std::vector<TargetRun> targets;
  for (std::size_t i = 0; i < inputs->size(); ++i) {
    const TargetInput& of_target = (*inputs)[i];
    print_notes(grid_proposals(rosters[i], of_target.task, of_target.options), arguments.common.quiet);
    TargetRun& target = targets.emplace_back();
    target.input = &of_target;
    target.evaluations = std::make_unique<RunStore>(make_run_record(arguments, of_target.task, noise, *blas),
                                                    arguments.resume, arguments.common.quiet);
    auto planned = PlannedRun::plan(of_target.task, noise, of_target.options, pool, progress, Interruption::token(),
                                    target.evaluations.get(), &finished,
                                    may_be_done ? VectorFiles::leave : VectorFiles::read, std::move(rosters[i]));
    if (!planned) return tl::unexpected<Error>(planned.error());
    target.planned.emplace(std::move(*planned));
  }

  // What can be refused was refused by now: nothing is written before.
  if (auto made = make_folder(arguments); !made) return tl::unexpected<Error>(made.error());
  std::vector<OutputsPlan> plans;
  for (TargetRun& target : targets) {
    auto store = open_results(arguments, *target.input);
    if (!store) return tl::unexpected<Error>(store.error());
    target.store.emplace(std::move(*store));
    target.evaluations->keep_in(*target.store);
    auto plan = plan_outputs(arguments, target.input->task, noise, *target.planned, review);
    if (!plan) return tl::unexpected<Error>(plan.error());
    plans.push_back(std::move(*plan));
  }
  const auto stores = each<Store*>(targets, [](TargetRun& target) { return &*target.store; });
  if (may_be_done) {
    const auto kept = standing_outputs(plans, stores, arguments.out, pool);
    if (!kept) return tl::unexpected<Error>(kept.error());
    if (*kept && !Interruption::token().stop_requested()) {
      return show_again(**kept, targets, progress, *options, arguments);
    }
    if (auto read = read_values(unread, *inputs, arguments.task.columns); !read)
      return tl::unexpected<Error>(read.error());
  }
  if (auto written = write_run_toml(arguments); !written) return tl::unexpected<Error>(written.error());

  std::optional<Error> interrupted;
  std::vector<RunSummary> parts;
  std::vector<TargetOutputs> outputs;
  for (TargetRun& target : targets) {
    if (interrupted) break;
    RunOutcome outcome = target.planned->evaluate();
    if (outcome.error && outcome.error->kind != ErrorKind::interrupted) return tl::unexpected<Error>(*outcome.error);
    interrupted = outcome.error;
    target.results.emplace(std::move(outcome.results));
    RunSummary& part = parts.emplace_back(
        summarise(*target.results, target.input->task, HEADROOM_VERSION, pool, {arguments.keep_inner_scores}));
    if (noise != nullptr) part.mutable_task()->set_noise_sha256(noise->sha256);
    outputs.push_back({&*target.results, &target.input->task, &*target.store});
  }
  RunSummary summary = joined(std::move(parts));
  keep_doubts(review, &summary);
  const std::vector<SubmissionOutcome> submissions = submissions_of(targets);
  auto written = write_outputs(arguments.out, outputs, summary, noise, pool);
  if (!written) return tl::unexpected<Error>(written.error());
  if (!interrupted) {
    auto kept = keep_outputs(plans, stores, std::move(*written), submissions);
    if (!kept) return tl::unexpected<Error>(kept.error());
  }
  if (auto shown = show(summary, submissions, *options, arguments); !shown) {
    return tl::unexpected<Error>(shown.error());
  }
  if (interrupted) return tl::unexpected<Error>(*interrupted);
  const bool failed = std::any_of(targets.begin(), targets.end(), [](const TargetRun& target) {
    return target.results && any_failed(*target.results);
  });
  return failed ? kExitPluginFailed : kExitEvaluated;
}

Result<int> bounds(const RunArguments& arguments) {
  auto options = complete_run_options(arguments);
  if (!options) return tl::unexpected<Error>(options.error());
  Review review(arguments.review);
  auto input = read_task_input(arguments.task, review, arguments.common.quiet);
  if (!input) return tl::unexpected<Error>(input.error());
  const NoiseTable* noise = input->noise ? &*input->noise : nullptr;
  if (auto valid = validate(*options); !valid) return tl::unexpected<Error>(valid.error());
  auto inputs = split_by_target(std::move(input->task), *options, arguments.targets, arguments.common.quiet);
  if (!inputs) return tl::unexpected<Error>(inputs.error());

  if (const auto blas = require_threadsafe_blas(); !blas) return tl::unexpected<Error>(blas.error());
  ThreadPool pool(arguments.common.n_threads);
  TerminalProgress progress(std::cerr, progress_style(arguments.common.quiet));
  std::vector<RunSummary> parts;
  bool failed = false;
  for (const TargetInput& of_target : *inputs) {
    const RunOutcome outcome =
        evaluate(of_target.task, noise, of_target.options, pool, progress, Interruption::token());
    if (outcome.error) return tl::unexpected<Error>(*outcome.error);
    parts.push_back(summarise(outcome.results, of_target.task, HEADROOM_VERSION, pool));
    failed = failed || any_failed(outcome.results);
  }
  RunSummary summary = joined(std::move(parts));
  keep_doubts(review, &summary);
  switch (arguments.common.format) {
    case TableFormat::json:
      std::cout << summary_json(summary);
      break;
    case TableFormat::text:
      draw_bounds_card(std::cout, summary, stdout_style());
      break;
    default:
      write_table(std::cout, bounds_table(summary), arguments.common.format, stdout_style());
  }
  return failed ? kExitPluginFailed : kExitEvaluated;
}

}  // namespace headroom::cli
