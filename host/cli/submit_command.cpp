// headroom submit: a study handed to Slurm as an array job, one task a shard, and a merge that waits for it. Called
// again for the same study, it submits what is not done.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/study_plan.hpp"
#include "cli/terminal_streams.hpp"
#include "io/atomic_file.hpp"
#include "plan/plan_record.hpp"
#include "plugin_host/host_process.hpp"
#include "shards/plan_folder.hpp"
#include "shards/shard_folder.hpp"
#include "slurm/batch_script.hpp"
#include "slurm/program_output.hpp"
#include "slurm/submission_record.hpp"
#include "terminal/shell_word.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDefaultShards = 24;
constexpr const char* kArrayScript = "shards.sbatch";
constexpr const char* kMergeScript = "merge.sbatch";

// As many as were submitted before, or as there is work for.
Result<std::size_t> number_of_shards(const SubmitArguments& arguments, const RunPlan& plan,
                                     const std::optional<SubmissionRecord>& before) {
  if (before) {
    if (arguments.n_shards != 0 && arguments.n_shards != before->n_shards()) {
      return bad_input(fmt::format("the study was submitted in {} shards", before->n_shards()), "--shards",
                       "leave it out, or give another folder with -o");
    }
    return before->n_shards();
  }
  if (arguments.n_shards != 0) return arguments.n_shards;
  std::size_t n_items = 1;
  for (const PlanRecord& target : plan.targets()) {
    n_items = std::max(n_items, static_cast<std::size_t>(target.items_size()));
  }
  return std::min(kDefaultShards, n_items);
}

// Those that are not done.
std::vector<std::size_t> shards_to_make(const fs::path& out, std::size_t n_shards, const std::string& plan_sha256) {
  std::vector<std::size_t> left;
  for (std::size_t s = 1; s <= n_shards; ++s) {
    const auto shard = read_shard(out / "shards" / std::to_string(s));
    const bool is_done = shard && shard->record.state() == kShardDone && shard->record.plan_sha256() == plan_sha256;
    if (!is_done) left.push_back(s);
  }
  return left;
}

// The task itself, what a thread works on, and room for workers.
std::uint64_t estimated_bytes(const RunPlan& plan, int n_threads) {
  constexpr std::uint64_t workers = std::uint64_t{512} << 20;
  std::uint64_t most = 0;
  for (const PlanRecord& target : plan.targets()) {
    for (const PlanItemRecord& item : target.items()) most = std::max(most, item.memory_bytes());
  }
  return workers + most * static_cast<std::uint64_t>(n_threads + 1);
}

// What the run was asked for, but for the number of threads, which is a task's affair.
std::string without_threads(std::string run_toml) {
  const std::size_t line = run_toml.find("\nthreads = ");
  if (line != std::string::npos) run_toml.erase(line + 1, run_toml.find('\n', line + 1) - line);
  return run_toml;
}

// Keeps the plan of an earlier submission where it is the same.
Result<StoredPlan> settle_plan(const fs::path& folder, const RunPlan& plan, bool was_submitted) {
  if (was_submitted) {
    auto before = read_plan(folder);
    if (!before) return before;
    const std::string changed = difference_of_plans(before->plan, plan);
    const bool asks_the_same = without_threads(before->plan.run_toml()) == without_threads(plan.run_toml());
    if (changed.empty() && asks_the_same) return before;
    return bad_input(fmt::format("the folder holds another study{}", changed.empty() ? "" : ": " + changed),
                     folder.string(), "give another folder with -o");
  }
  if (auto written = write_plan(folder, plan); !written) return tl::unexpected<Error>(written.error());
  return read_plan(folder);
}

// The id of the job that sbatch made of a script.
Result<std::string> submit_script(const std::vector<std::string>& command) {
  const auto said = output_of(command);
  if (!said) {
    return bad_input(said.error().what, "sbatch",
                     "install Slurm's commands, or write the scripts with --dry-run and submit them yourself");
  }
  std::string id = said->out.substr(0, said->out.find_first_of(";\n"));  // "123;cluster"
  const bool is_id = !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
  if (said->exit_code != 0 || !is_id) {
    return bad_input("sbatch did not take the job: " + said->err.substr(0, said->err.find('\n')), command.back(),
                     "see the site's partitions, accounts and limits");
  }
  return id;
}

}  // namespace

Result<int> submit(const SubmitArguments& arguments) {
  std::error_code error;
  const fs::path out = fs::absolute(arguments.run.out, error);
  BatchOptions batch;
  const auto program = program_file();
  if (!program) return tl::unexpected<Error>(program.error());
  batch.program = *program;
  batch.plan = out / "plan";
  batch.out = out;
  batch.array_limit = arguments.array_limit;
  batch.partition = arguments.partition;
  batch.account = arguments.account;
  batch.time = arguments.time;
  batch.memory_bytes = arguments.memory_bytes;
  batch.n_threads = arguments.run.common.n_threads;
  if (auto valid = validate(batch); !valid) return tl::unexpected<Error>(valid.error());
  const auto before = read_submission(out);
  if (!before) return tl::unexpected<Error>(before.error());
  const auto plan = make_run_plan(arguments.run);
  if (!plan) return tl::unexpected<Error>(plan.error());
  const auto n_shards = number_of_shards(arguments, *plan, *before);
  if (!n_shards) return tl::unexpected<Error>(n_shards.error());
  const auto stored = settle_plan(batch.plan, *plan, before->has_value());
  if (!stored) return tl::unexpected<Error>(stored.error());

  batch.n_shards = *n_shards;
  batch.estimated_bytes = estimated_bytes(*plan, batch.n_threads);
  batch.shards = shards_to_make(out, *n_shards, stored->sha256);
  if (batch.shards.empty()) {
    results() << fmt::format("all {} shards are done: headroom merge {}/* -o {}\n", *n_shards,
                             shell_word((arguments.run.out / "shards").string()),
                             shell_word(arguments.run.out.string()));
    return kExitEvaluated;
  }
  fs::create_directories(out / "logs", error);
  if (error) return bad_input("cannot make the folder for the logs", (out / "logs").string(), error.message());
  fs::create_directories(out / "shards", error);
  for (const auto& [name, text] : {std::pair{kArrayScript, array_script(batch)}, {kMergeScript, merge_script(batch)}}) {
    if (auto written = write_file_atomically(out / name, text); !written) return tl::unexpected<Error>(written.error());
  }
  SubmissionRecord record = before->value_or(SubmissionRecord());
  record.set_engine("slurm");
  record.set_n_shards(static_cast<std::uint32_t>(*n_shards));
  const std::string array_path = (out / kArrayScript).string(), merge_path = (out / kMergeScript).string();
  if (arguments.dry_run) {
    if (auto kept = write_submission(out, record); !kept) return tl::unexpected<Error>(kept.error());
    results() << fmt::format("sbatch {}\nsbatch --dependency=afterany:JOB {}\n", shell_word(array_path),
                             shell_word(merge_path));
    return kExitEvaluated;
  }
  const auto array_job = submit_script({"sbatch", "--parsable", array_path});
  if (!array_job) return tl::unexpected<Error>(array_job.error());
  SubmittedJobs& jobs = *record.add_jobs();
  jobs.set_array_job(*array_job);
  jobs.set_shards(array_text(batch.shards));
  jobs.set_submitted(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))));
  if (auto kept = write_submission(out, record); !kept) return tl::unexpected<Error>(kept.error());
  // After any end: what a task that failed did not do, the merge names.
  const auto merge_job = submit_script({"sbatch", "--parsable", "--dependency=afterany:" + *array_job, merge_path});
  if (!merge_job) return tl::unexpected<Error>(merge_job.error());
  jobs.set_merge_job(*merge_job);
  if (auto kept = write_submission(out, record); !kept) return tl::unexpected<Error>(kept.error());
  results() << fmt::format("array job {} (shards {} of {}), merge job {}; headroom status {}\n", *array_job,
                           jobs.shards(), *n_shards, *merge_job, shell_word(arguments.run.out.string()));
  return kExitEvaluated;
}

}  // namespace headroom::cli
