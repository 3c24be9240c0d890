// headroom run --plan PLAN --shard I/N: one part of a plan, in a folder and a store of its own. It goes on from what
// that store holds, so that a part that was killed or moved to another machine is started again as it was.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/planned_study.hpp"
#include "cli/study_plan.hpp"
#include "cli/terminal_streams.hpp"
#include "evaluation/stopwatch.hpp"
#include "plan/plan_record.hpp"
#include "shards/shard_folder.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

std::string now_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

// Of the array that this process is a task of, if it is one.
std::string slurm_job() {
  const char* const array = std::getenv("SLURM_ARRAY_JOB_ID");
  const char* const task = std::getenv("SLURM_ARRAY_TASK_ID");
  if (array != nullptr && task != nullptr) return fmt::format("{}_{}", array, task);
  const char* const job = std::getenv("SLURM_JOB_ID");
  return job == nullptr ? "" : job;
}

// Of this process and of the workers that have ended.
double cpu_s() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    if (getrusage(who, &usage) != 0) continue;
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    }
  }
  return sum;
}

// Evaluates the shard. Returns whether a plugin failed.
Result<bool> evaluate_shard(const ShardArguments& given, const StoredPlan& plan, const fs::path& out,
                            ShardRecord& record) {
  const std::string where = (given.plan / "plan.json").string();
  auto arguments = arguments_of_plan(plan, where, out, given.common);
  if (!arguments) return tl::unexpected<Error>(arguments.error());
  std::vector<std::vector<std::size_t>> items;
  for (const PlanRecord& target : plan.plan.targets()) {
    items.push_back(shards_of(target, given.shard.n_shards)[given.shard.shard - 1]);
  }
  PlannedStudy::Options how;
  how.reading = StudyReading::part;
  how.left_unread = vectors_not_asked(plan.plan, items);
  how.reviewed_vectors = reviewed_vectors_of(plan.plan);
  how.writes = false;
  how.resumes = true;
  how.submissions = submissions_of_plan(plan.plan);
  auto planned = PlannedStudy::plan(*arguments, how);
  if (!planned) return tl::unexpected<Error>(planned.error());
  PlannedStudy& study = **planned;
  if (auto same = require_same_plan(plan.plan, study, where); !same) return tl::unexpected<Error>(same.error());

  record.set_kernels(study.options().kernels);
  for (std::size_t t = 0; t < items.size(); ++t) {
    for (const std::size_t i : items[t]) {
      record.set_n_evaluations(record.n_evaluations() +
                               static_cast<std::uint32_t>(study.targets()[t].planned->parts_of(i).size()));
    }
  }
  if (auto begun = begin_shard(out, plan, record); !begun) return tl::unexpected<Error>(begun.error());
  if (auto opened = study.open_stores(); !opened) return tl::unexpected<Error>(opened.error());
  bool failed = false;
  for (std::size_t t = 0; t < items.size(); ++t) {
    TargetRun& target = study.targets()[t];
    if (auto done = target.planned->evaluate_items(items[t]); !done) return tl::unexpected<Error>(done.error());
    for (const std::size_t i : items[t]) {
      for (const EvaluationKey& key : target.planned->parts_of(i)) {
        const auto origin = target.store->origin_of(key);
        if (!origin) return tl::unexpected<Error>(origin.error());
        failed = failed || (*origin && (*origin)->status == Status::failed);
      }
    }
  }
  return failed;
}

}  // namespace

Result<int> run_shard(const ShardArguments& arguments) {
  std::error_code error;
  const fs::path out = fs::absolute(arguments.out, error), plan_folder = fs::absolute(arguments.plan, error);
  ShardArguments given = arguments;
  given.plan = plan_folder;
  const auto plan = read_plan(plan_folder);
  if (!plan) return tl::unexpected<Error>(plan.error());
  ShardRecord record;
  record.set_plan_path(plan_folder.string());
  record.set_plan_sha256(plan->sha256);
  record.set_shard(static_cast<std::uint32_t>(given.shard.shard));
  record.set_n_shards(static_cast<std::uint32_t>(given.shard.n_shards));
  record.set_state(kShardRunning);
  record.set_host(host_name());
  record.set_started(now_text());
  record.set_job(slurm_job());
  const Stopwatch watch;
  const auto evaluated = evaluate_shard(given, *plan, out, record);
  record.set_ended(now_text());
  record.set_cpu_s(cpu_s());
  record.set_wall_s(watch.wall_s());
  record.set_state(evaluated                                          ? kShardDone
                   : evaluated.error().kind == ErrorKind::interrupted ? kShardInterrupted
                                                                      : kShardFailed);
  if (!evaluated) record.set_error(evaluated.error().line());
  // One that was refused before it began has written nothing.
  const auto there = read_shard(out);
  const bool is_ours = there && there->name() == given.shard && there->record.plan_sha256() == plan->sha256;
  if (is_ours) {
    if (record.kernels().empty()) {  // refused at once: what was made before stays what it is
      record.set_kernels(there->record.kernels());
      record.set_n_evaluations(there->record.n_evaluations());
    }
    if (auto written = write_shard_record(out, record); !written) return tl::unexpected<Error>(written.error());
  }
  if (!evaluated) return tl::unexpected<Error>(evaluated.error());
  if (!given.common.quiet) {
    fmt::print(messages(), "headroom: shard {}: {} evaluations in {}\n", given.shard.text(), record.n_evaluations(),
               arguments.out.string());
  }
  return *evaluated ? kExitPluginFailed : kExitEvaluated;
}

}  // namespace headroom::cli
