#include "cli/run_conclusion.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <future>
#include <optional>
#include <set>

#include "cli/exit_code.hpp"
#include "cli/notes.hpp"
#include "cli/plugin_logs.hpp"
#include "cli/review_output.hpp"
#include "cli/summary_output.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/submission_budget.hpp"
#include "evaluation/submission_outcomes.hpp"
#include "io/atomic_file.hpp"
#include "report/audit_lines.hpp"
#include "report/fusion_lines.hpp"
#include "summary/summary.hpp"
#include "summary/target_parts.hpp"
#include "terminal/display_text.hpp"
#include "version.hpp"

namespace headroom::cli {
namespace {

void print_coverage(const RunSummary& summary, const RunOptions& options) {
  const Target* target = target_by_name(targets_of(summary).front());
  const char* stand_in = target == nullptr || target->classes.empty() ? "the train mean" : "the most frequent class";
  // Of hundreds of submissions, those are told that lack something.
  const bool is_round = options.submissions.size() > kFewSubmissions;
  std::set<std::string> submitted;
  for (const SubmissionSpec& spec : options.submissions) submitted.insert(spec.name);
  std::size_t n_complete = 0;
  for (const PluginRecord& plugin : summary.plugins()) {
    if (!plugin.has_n_ids()) continue;
    if (is_round && plugin.n_present() == plugin.n_ids() && submitted.contains(plugin.name())) {
      ++n_complete;
      continue;
    }
    const bool is_finished = std::any_of(options.predictions.begin(), options.predictions.end(),
                                         [&](const PredictionsSpec& spec) { return spec.name == plugin.name(); });
    fmt::print(messages(), "headroom: {}: {} of {} test perturbations have a {}{}\n", display_text(plugin.name()),
               plugin.n_present(), plugin.n_ids(), is_finished ? "prediction" : "vector",
               plugin.n_present() < plugin.n_ids() ? fmt::format("; the others are predicted as {}", stand_in) : "");
  }
  if (n_complete == 0) return;
  fmt::print(messages(), "headroom: {} submissions have a vector for every test perturbation\n", n_complete);
}

void print_failures(const RunSummary& summary) {
  std::vector<std::string> seen;
  const auto tell = [&](const std::string& context, const auto& method) {
    const std::string line = display_text(context + ": " + method.name() + " failed: " + method.reason());
    if (method.status() != "failed" || std::find(seen.begin(), seen.end(), line) != seen.end()) return;
    seen.push_back(line);
    fmt::print(messages(), "headroom: {}\n", line);
  };
  for (const ContextResult& context : summary.contexts()) {
    for (const MethodResult& method : context.methods()) tell(context.context(), method);
    for (const Ablation& ablation : context.ablations()) tell(context.context(), ablation);
  }
}

// One line a submission, by outcome.
void print_submissions(const std::vector<SubmissionOutcome>& submissions) {
  if (submissions.empty()) return;
  Table table{{{"submission"}, {"kind"}, {"verdict"}, {"confinement"}, {"reason"}}, {}};
  for (const SubmissionOutcome& outcome : sorted_by_outcome(submissions)) {
    table.rows.push_back({outcome.name, outcome.kind, outcome.verdict,
                          outcome.confinement.empty() ? Cell() : Cell(outcome.confinement), outcome.reason});
  }
  write_table(messages(), table, TableFormat::text, stderr_style());
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

// Of a target's results. Evaluations that were made are kept already; those that were gathered are kept meanwhile.
Result<RunSummary> summary_of(PlannedStudy& study, TargetRun& target, Evaluations evaluations) {
  std::future<Result<void>> keeping;
  if (evaluations == Evaluations::gathered) {
    keeping = std::async(std::launch::async, [&target] { return target.planned->keep(*target.results); });
  }
  RunSummary summary =
      summarise(*target.results, target.input->task, HEADROOM_VERSION, study.pool(), study.summary_options());
  if (study.noise() != nullptr) summary.mutable_task()->set_noise_sha256(study.noise()->sha256);
  if (keeping.valid()) {
    if (auto kept = keeping.get(); !kept) return tl::unexpected<Error>(kept.error());
  }
  return summary;
}

}  // namespace

Result<void> write_run_toml(const RunArguments& arguments) {
  return write_file_atomically(arguments.out / "run.toml", arguments.settings_requested);
}

Result<void> show_run(const RunSummary& summary, const std::vector<SubmissionOutcome>& submissions,
                      const RunOptions& options, const RunArguments& arguments) {
  auto printed = print_summary(summary, arguments.out.string(), arguments.common);
  if (!printed) return printed;
  if (arguments.common.format == TableFormat::text) {
    draw_fusions(results(), summary, stdout_style());
    draw_audit(results(), summary, stdout_style());
  }
  if (arguments.common.quiet) return {};
  print_coverage(summary, options);
  print_failures(summary);
  print_submissions(submissions);
  fmt::print(messages(), "headroom: results in {}, to be read in {}\n", arguments.out.string(),
             (arguments.out / "report.html").string());
  return {};
}

Result<std::vector<OutputsPlan>> plans_of_outputs(PlannedStudy& study) {
  std::vector<OutputsPlan> plans;
  for (const TargetRun& target : study.targets()) {
    auto plan = plan_outputs(study.arguments(), target.input->task, study.noise(), *target.planned, study.review());
    if (!plan) return tl::unexpected<Error>(plan.error());
    plans.push_back(std::move(*plan));
  }
  return plans;
}

Result<int> conclude_run(PlannedStudy& study, const std::vector<OutputsPlan>& plans, Evaluations evaluations) {
  const RunArguments& arguments = study.arguments();
  if (auto written = write_run_toml(arguments); !written) return tl::unexpected<Error>(written.error());
  std::optional<Error> interrupted;
  std::vector<RunSummary> parts;
  std::vector<TargetOutputs> outputs;
  for (TargetRun& target : study.targets()) {
    if (interrupted) break;
    RunOutcome outcome = evaluations == Evaluations::gathered ? target.planned->gather() : target.planned->evaluate();
    if (outcome.error && outcome.error->kind != ErrorKind::interrupted) return tl::unexpected<Error>(*outcome.error);
    interrupted = outcome.error;
    target.results.emplace(std::move(outcome.results));
    auto part = summary_of(study, target, evaluations);
    if (!part) return tl::unexpected<Error>(part.error());
    parts.push_back(std::move(*part));
    outputs.push_back({&*target.results, &target.input->task, &*target.store});
    if (auto kept = keep_logs(*target.results, *target.store, arguments.resume); !kept) {
      return tl::unexpected<Error>(kept.error());
    }
  }
  RunSummary summary = joined(std::move(parts));
  keep_doubts(study.review(), &summary);
  const std::vector<SubmissionOutcome> submissions = submissions_of(study.targets());
  auto written = write_outputs(arguments.out, outputs, summary, study.noise(), study.pool());
  if (!written) return tl::unexpected<Error>(written.error());
  if (!interrupted) {
    auto kept = keep_outputs(plans, study.stores(), std::move(*written), submissions);
    if (!kept) return tl::unexpected<Error>(kept.error());
  }
  for (const TargetRun& target : study.targets()) {
    if (target.results) print_notes(write_logs(arguments.logs, *target.results), arguments.common.quiet);
  }
  if (auto shown = show_run(summary, submissions, study.options(), arguments); !shown) {
    return tl::unexpected<Error>(shown.error());
  }
  if (interrupted) return tl::unexpected<Error>(*interrupted);
  const bool failed = std::any_of(study.targets().begin(), study.targets().end(), [](const TargetRun& target) {
    return target.results && any_failed(*target.results);
  });
  return failed ? kExitPluginFailed : kExitEvaluated;
}

}  // namespace headroom::cli
