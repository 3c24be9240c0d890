// Commands of runs that are evaluated in parts: plan, merge, submit, status.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/flags/declare_commands.hpp"
#include "cli/flags/flag_groups.hpp"
#include "cli/flags/flag_values.hpp"
#include "cli/flags/run_settings.hpp"
#include "cli/flags/shard_flags.hpp"

namespace headroom::cli {
namespace {

// Flags of score, so that whoever gives them is told what holds and not that they are unknown.
struct RefusedPredictions {
  std::vector<std::string> predictions, others;

  Result<void> refuse(const std::string& command) const {
    if (predictions.empty() && others.empty()) return {};
    return bad_input(
        "finished predictions are not evaluated in parts",
        fmt::format("headroom {} {}", command,
                    predictions.empty() ? "with flags of headroom score" : "--predictions " + predictions.front()),
        "score them at once, with headroom score: they are read, and nothing is fitted to them");
  }
};

void add_refused_predictions(CLI::App& app, RefusedPredictions& refused) {
  app.add_option("--predictions", refused.predictions)->group("")->configurable(false)->allow_extra_args(false);
  app.add_option("--predicted,--values", refused.others)->group("")->configurable(false)->allow_extra_args(false);
}

}  // namespace

void add_plan_command(CLI::App& app, Command& command, const std::string& command_line) {
  auto arguments = std::make_shared<RunArguments>();
  auto texts = std::make_shared<RunFlagTexts>();
  arguments->command_line = command_line;
  CLI::App& plan_app =
      *app.add_subcommand("plan", "Write down what a run would do, to do it in parts on many machines");
  plan_app.footer(
      "Examples:\n"
      "  headroom plan task --embedding esm=esm2.h5ad --embedding go=go.h5ad -o plan\n"
      "  headroom run --plan plan --shard 1/24 -o shards/1    and so on to 24/24, anywhere, in any order\n"
      "  headroom merge shards/* -o out                       what one run would have written\n"
      "\n"
      "Writes plan.json into DIR: every piece of work with its fingerprint, cost and memory, and every file\n"
      "that is read, by hash. A part is refused where one of them has changed.");
  add_study_flags(plan_app, *arguments, *texts);
  plan_app.add_option("-o,--out", arguments->out, "Folder for the plan")->type_name("DIR")->required();
  add_run_flags(plan_app, *arguments, *texts);
  add_review_flags(plan_app, arguments->review);
  add_common_flags(plan_app, arguments->common);
  auto refused = std::make_shared<RefusedPredictions>();
  add_refused_predictions(plan_app, *refused);
  plan_app.callback([&command, &plan_app, arguments, texts, refused] {
    if (const auto fits = refused->refuse("plan"); !fits) {
      command = [error = fits.error()]() -> Result<int> { return tl::unexpected<Error>(error); };
      return;
    }
    require_task(*arguments);
    settle_bounds(*texts);
    arguments->settings_requested = settings_text(plan_app, "run");
    command = [arguments, texts]() -> Result<int> {
      if (auto read = read_run_flags(*texts, *arguments); !read) return tl::unexpected<Error>(read.error());
      return plan(*arguments);
    };
  });
}

void add_merge_command(CLI::App& app, Command& command, const std::string& command_line) {
  auto arguments = std::make_shared<MergeArguments>();
  arguments->command_line = command_line;
  CLI::App& merge_app = *app.add_subcommand("merge", "Make one run of its parts: one store, one summary, one report");
  merge_app.footer(
      "Examples:\n"
      "  headroom merge shards/* -o out\n"
      "  headroom merge shards/* -o out --partial             without the parts that are missing\n"
      "\n"
      "Writes what headroom run writes; summary.json is that of one run to the byte, times and memory\n"
      "apart.\n"
      "\n"
      "Exit codes: as of run; 2 parts are missing or do not belong together, and nothing is written.");
  merge_app.add_option("shards", arguments->shards, "Folders of the parts")->type_name("SHARD")->required();
  begin_group(merge_app, "What is merged");
  merge_app.add_option("-o,--out", arguments->out, "Folder for the results")->type_name("DIR")->required();
  merge_app.add_flag("--partial", arguments->partial,
                     "Merge what is there, although parts are missing or failed, and say so");
  add_common_flags(merge_app, arguments->common);
  merge_app.callback([&command, arguments] { command = [arguments] { return merge(*arguments); }; });
}

namespace {

constexpr int kThreadsOfTask = 4;

}  // namespace

void add_submit_command(CLI::App& app, Command& command, const std::string& command_line) {
  auto arguments = std::make_shared<SubmitArguments>();
  auto texts = std::make_shared<RunFlagTexts>();
  struct Texts {
    std::string engine, memory;
  };
  auto own = std::make_shared<Texts>();
  RunArguments& run = arguments->run;
  run.command_line = command_line;
  CLI::App& submit_app =
      *app.add_subcommand("submit", "Hand a run to Slurm: an array job of its parts, then the merge");
  submit_app.footer(
      "Examples:\n"
      "  headroom submit --engine slurm task --embedding esm=esm2.h5ad -o out --shards 24 --time 2:00:00\n"
      "  headroom submit --engine slurm task --embedding esm=esm2.h5ad -o out\n"
      "                                                  again: only what is not done\n"
      "  headroom status out\n"
      "\n"
      "Writes plan/, shards.sbatch and merge.sbatch into DIR; parts go to shards/, what they say to logs/,\n"
      "and what run writes comes with the merge. --threads is the number of cores of a task (default: 4).");
  add_study_flags(submit_app, run, *texts);
  submit_app.add_option("-o,--out", run.out, "Folder for the plan, the parts and the results, seen by all nodes")
      ->type_name("DIR")
      ->required();
  begin_group(submit_app, "The engine");
  submit_app.add_option("--engine", own->engine, "Who runs the parts")
      ->check(CLI::IsMember({"slurm"}))
      ->type_name("slurm")
      ->required()
      ->configurable(false);
  const auto add = [&](const std::string& flag, auto& value, const std::string& help) {
    return submit_app.add_option(flag, value, help)->configurable(false);
  };
  add("--shards", arguments->n_shards, "Parts, tasks of the array (default: 24, or as many as there is work for)")
      ->check(CLI::Range(std::size_t{1}, kMostShards))
      ->type_name("N");
  add_optional(submit_app, "--array-limit", arguments->array_limit, "Tasks that run at a time (default: no limit)")
      ->type_name("K")
      ->check(CLI::PositiveNumber)
      ->configurable(false);
  add("--partition", arguments->partition, "Partition of the jobs (default: the site's)")->type_name("P");
  add("--account", arguments->account, "Account that is charged (default: the site's)")->type_name("A");
  add("--time", arguments->time, "Limit of a task, as sbatch takes it: minutes, H:MM:SS, D-HH (default: the site's)")
      ->type_name("T");
  add("--memory", own->memory, "Memory of a task (default: the site's; shards.sbatch says about what it takes)")
      ->type_name("SIZE");
  submit_app
      .add_flag("--dry-run", arguments->dry_run, "Write plan and scripts, and say which commands would submit them")
      ->configurable(false);
  add_run_flags(submit_app, run, *texts);
  add_review_flags(submit_app, run.review);
  add_common_flags(submit_app, run.common);
  auto refused = std::make_shared<RefusedPredictions>();
  add_refused_predictions(submit_app, *refused);
  submit_app.callback([&command, &submit_app, arguments, texts, own, refused] {
    if (const auto fits = refused->refuse("submit"); !fits) {
      command = [error = fits.error()]() -> Result<int> { return tl::unexpected<Error>(error); };
      return;
    }
    require_task(arguments->run);
    settle_bounds(*texts);
    // What this machine has is no measure of a task.
    if (submit_app.get_option("--threads")->count() == 0) arguments->run.common.n_threads = kThreadsOfTask;
    arguments->run.settings_requested = settings_text(submit_app, "run");
    command = [arguments, texts, own]() -> Result<int> {
      if (auto read = read_run_flags(*texts, arguments->run); !read) return tl::unexpected<Error>(read.error());
      if (!own->memory.empty()) {
        auto bytes = size_in_bytes(own->memory, "--memory");
        if (!bytes) return tl::unexpected<Error>(bytes.error());
        arguments->memory_bytes = *bytes;
      }
      return submit(*arguments);
    };
  });
}

void add_status_command(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<StatusArguments>();
  CLI::App& status_app = *app.add_subcommand("status", "What became of the parts of a run that was submitted");
  status_app.footer(
      "Examples:\n"
      "  headroom status out\n"
      "  headroom status out --format csv\n"
      "\n"
      "A part is done, failed, interrupted, running, waiting, killed or not begun: as its folder tells,\n"
      "and as squeue and sacct do where they are there.");
  status_app.add_option("out", arguments->out, "Folder of headroom submit, or any with a folder shards")
      ->type_name("OUT")
      ->required();
  add_common_flags(status_app, arguments->common);
  status_app.callback([&command, arguments] { command = [arguments] { return status(*arguments); }; });
}

}  // namespace headroom::cli
