// headroom verify: stored evaluations made again from the same inputs and compared to the bit.
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/flags/run_settings.hpp"
#include "cli/interruption.hpp"
#include "cli/run_setup.hpp"
#include "cli/shared_columns.hpp"
#include "cli/target_input.hpp"
#include "cli/task_input.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/evaluate.hpp"
#include "evaluation/submission_budget.hpp"
#include "numerics/blas.hpp"
#include "plugin_host/named_runtime.hpp"
#include "plugin_host/worker_limits.hpp"
#include "store/store.hpp"
#include "store/verification.hpp"
#include "terminal/display_text.hpp"
#include "terminal/terminal_progress.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

const char* name_of(SandboxMode mode) {
  return mode == SandboxMode::OFF ? "off" : mode == SandboxMode::RELAXED ? "relaxed" : "strict";
}

// What the folder's own limits are above the caller's, as flags; empty if nowhere.
std::string raised_limits(const WorkerLimits& recorded, const WorkerLimits& kept, std::size_t n_contexts) {
  std::vector<std::string> raised;
  const WorkerLimits asked = effective_worker_limits(recorded, 1);
  const double total_s = total_time_s(recorded, n_contexts);
  if (asked.wall_time_s() > kept.wall_time_s()) raised.push_back(fmt::format("--limit-time {}", asked.wall_time_s()));
  if (total_s > kept.total_time_s()) raised.push_back(fmt::format("--limit-total {}", total_s));
  if (asked.address_space_bytes() > kept.address_space_bytes()) {
    raised.push_back(fmt::format("--limit-memory {}MiB", asked.address_space_bytes() >> 20));
  }
  return fmt::format("{}", fmt::join(raised, " "));
}

bool is_weaker(SandboxMode a, SandboxMode b) {
  const auto strength = [](SandboxMode mode) {
    return mode == SandboxMode::OFF ? 0 : mode == SandboxMode::RELAXED ? 1 : 2;
  };
  return strength(a) < strength(b);
}

// What the folder says that plugins may read of this machine is for the caller to allow: an environment of Python, a
// library of ONNX Runtime.
void take_callers_paths(const VerifyArguments& verify, RunOptions& run) {
  std::vector<std::string> left_out;
  if (!run.python_path.empty() && verify.python_path.empty()) {
    left_out.push_back("--python-path " + run.python_path.string());
  }
  run.python_path = verify.python_path;
  const std::string ending = std::string(".") + kRuntimeOption;
  std::erase_if(run.plugin_options, [&](const auto& option) {
    const bool is_runtime = option.first.ends_with(ending) && !option.second.empty();
    if (is_runtime && !verify.runtimes.contains(option.first)) {
      left_out.push_back("--set " + option.first + "=" + option.second);
    }
    return is_runtime;
  });
  for (const auto& [key, path] : verify.runtimes) run.plugin_options[key] = path;
  if (left_out.empty()) return;
  fmt::print(messages(), "headroom: the run was made with {}; its plugins have none now, unless you ask for that\n",
             display_text(fmt::format("{}", fmt::join(left_out, " "))));
}

// Makes the sample's evaluations again as their run was asked to. Paths that were given relative to the folder where
// the run was started are looked for there, or `here`, if that folder is gone.
Result<std::vector<VerifiedEvaluation>> verify_run(const fs::path& here, const fs::path& out, const RunRecord& run,
                                                   const std::vector<EvaluationKey>& sample,
                                                   const VerifyArguments& verify, ThreadPool& pool) {
  auto arguments = run_arguments_of(run.settings_requested, (out / "results.sqlite").string());
  if (!arguments) return tl::unexpected<Error>(arguments.error());
  arguments->common.quiet = true;
  if (is_weaker(arguments->run.sandbox, verify.sandbox)) {
    fmt::print(
        messages(),
        "headroom: the run was made with --sandbox {}; its plugins run with --sandbox {} now, unless you ask for "
        "the other\n",
        name_of(arguments->run.sandbox), name_of(verify.sandbox));
  }
  arguments->run.sandbox = verify.sandbox;
  take_callers_paths(verify, arguments->run);
  std::error_code failed;
  fs::current_path(run.folder.empty() ? here : fs::path(run.folder), failed);
  if (failed) fs::current_path(here, failed);
  if (auto shared = share_columns(*arguments); !shared) return tl::unexpected<Error>(shared.error());
  auto options = complete_run_options(*arguments);
  if (!options) return tl::unexpected<Error>(options.error());
  Review review(arguments->review);
  auto input = read_task_input(arguments->task, review, true);
  if (!input) return tl::unexpected<Error>(input.error());
  const std::size_t n_contexts = input->task.contexts.size();
  const WorkerLimits kept = capped_limits(options->limits, verify.limits, n_contexts);
  if (const std::string raised = raised_limits(options->limits, kept, n_contexts); !raised.empty()) {
    fmt::print(messages(), "headroom: the run was made with {}; its plugins have less now, unless you ask for that\n",
               raised);
  }
  options->limits = kept;
  options->compare_embeddings = false;

  // Every run of the store is of one target.
  auto inputs = split_by_target(std::move(input->task), *options, arguments->targets, true);
  if (!inputs) return tl::unexpected<Error>(inputs.error());
  const auto of_target = std::find_if(inputs->begin(), inputs->end(), [&](const TargetInput& one) {
    return one.target->name == sample.front().target;
  });
  if (of_target == inputs->end()) {
    return bad_input(fmt::format("the task no longer holds the target {}", sample.front().target),
                     arguments->task.task.string(), "verify it with the task that it was made from");
  }

  std::vector<std::string> metrics;
  for (const Metric metric : evaluated_metrics(*of_target->target, of_target->options, of_target->task)) {
    metrics.emplace_back(metric_name(metric));
  }
  auto store = Store::open_to_read(out, metrics);
  if (!store) return tl::unexpected<Error>(store.error());
  Verification verification(*store, sample);
  TerminalProgress progress = terminal_progress(verify.common.quiet);
  const RunOutcome outcome = evaluate(of_target->task, input->noise ? &*input->noise : nullptr, of_target->options,
                                      pool, progress, Interruption::token(), &verification);
  if (outcome.error) return tl::unexpected<Error>(*outcome.error);
  return verification.outcomes();
}

std::size_t count(const std::vector<VerifiedEvaluation>& all, VerifiedOutcome outcome) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const VerifiedEvaluation& one) { return one.outcome == outcome; }));
}

void print_outcomes(const std::vector<VerifiedEvaluation>& all, std::size_t n_stored, TableFormat format) {
  if (format != TableFormat::text) {
    Table table{{{"context"}, {"fold"}, {"method"}, {"outcome"}, {"detail"}}, {}};
    for (const VerifiedEvaluation& one : all) {
      table.rows.push_back({one.context, one.fold, one.method, std::string(outcome_name(one.outcome)), one.detail});
    }
    write_table(results(), table, format, stdout_style());
    return;
  }
  for (const VerifiedEvaluation& one : all) {
    if (one.outcome == VerifiedOutcome::equal) continue;
    results() << display_text(fmt::format("{}: {}, fold {}, {}: {}", outcome_name(one.outcome), one.context, one.fold,
                                          one.method, one.detail))
              << "\n";
  }
  results() << fmt::format(
      "{} of {} stored evaluations made again: {} equal to the bit, {} differ, {} not comparable\n", all.size(),
      n_stored, count(all, VerifiedOutcome::equal), count(all, VerifiedOutcome::differs),
      count(all, VerifiedOutcome::inputs_changed));
}

}  // namespace

Result<int> verify(const VerifyArguments& arguments) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  const fs::path out = fs::absolute(arguments.out, error);
  if (!fs::exists(out / "results.sqlite", error)) {
    return bad_input("there is no store to verify", (arguments.out / "results.sqlite").string(),
                     "give the output folder of a run");
  }
  auto store = Store::open_to_read(out, {});
  if (!store) return tl::unexpected<Error>(store.error());
  const auto runs = store->kept_runs();
  if (!runs) return tl::unexpected<Error>(runs.error());
  std::vector<EvaluationKey> stored;
  for (const KeptRun& run : *runs) stored.insert(stored.end(), run.evaluations.begin(), run.evaluations.end());
  std::erase_if(stored,
                [&](const EvaluationKey& key) { return !arguments.target.empty() && key.target != arguments.target; });
  if (stored.empty() && !arguments.target.empty()) {
    return bad_input(fmt::format("the store holds no evaluation of the target '{}' that succeeded", arguments.target),
                     arguments.out.string(), "leave --target out");
  }
  if (stored.empty()) {
    return bad_input("the store holds no evaluation that succeeded", arguments.out.string(), "run headroom run first");
  }
  if (const auto blas = require_threadsafe_blas(); !blas) return tl::unexpected<Error>(blas.error());

  const std::size_t n = arguments.all ? stored.size() : static_cast<std::size_t>(arguments.n_sample);
  const auto sample = sample_of(stored, n, arguments.seed);
  ThreadPool pool(arguments.common.n_threads);
  std::vector<VerifiedEvaluation> all;
  std::set<std::tuple<std::string, std::string, std::string, std::string>> chosen;
  for (const EvaluationKey& key : sample) chosen.emplace(key.target, key.context, key.split, key.method);
  for (const KeptRun& run : *runs) {
    std::vector<EvaluationKey> of_run;
    for (const EvaluationKey& key : run.evaluations) {
      if (chosen.contains({key.target, key.context, key.split, key.method})) of_run.push_back(key);
    }
    if (of_run.empty()) continue;
    auto verified = verify_run(here, out, run.record, of_run, arguments, pool);
    if (!verified) return tl::unexpected<Error>(verified.error());
    all.insert(all.end(), verified->begin(), verified->end());
  }
  print_outcomes(all, stored.size(), arguments.common.format);
  if (count(all, VerifiedOutcome::differs) > 0) return kExitPluginFailed;
  return count(all, VerifiedOutcome::inputs_changed) > 0 ? kExitBadInput : kExitEvaluated;
}

}  // namespace headroom::cli
