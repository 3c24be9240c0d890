// headroom status: what became of the shards of a study, from their folders, and from Slurm where it is there.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal_streams.hpp"
#include "shards/shard_folder.hpp"
#include "slurm/job_states.hpp"
#include "slurm/submission_record.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

// In one word for people. `in_queue`: what Slurm says of it, if anything; `is_asked`: Slurm has answered.
std::string state_of(const ShardFolder* shard, const JobState* in_queue, bool is_asked) {
  const std::string told = shard == nullptr ? "" : shard->record.state();
  if (told == kShardDone || told == kShardFailed || told == kShardInterrupted) {
    const bool is_again = in_queue != nullptr && (in_queue->state == "PENDING" || in_queue->state == "RUNNING");
    if (told == kShardDone || !is_again) return told;
  }
  if (in_queue != nullptr && in_queue->state == "RUNNING") return "running";
  if (in_queue != nullptr && in_queue->state == "PENDING") return "waiting";
  if (told == kShardRunning) return is_asked ? "killed" : "running or killed";
  return "not begun";
}

}  // namespace

Result<int> status(const StatusArguments& arguments) {
  const auto submission = read_submission(arguments.out);
  if (!submission) return tl::unexpected<Error>(submission.error());
  std::map<std::size_t, ShardFolder> shards;
  std::size_t n_shards = *submission ? (*submission)->n_shards() : 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(arguments.out / "shards", error)) {
    auto shard = read_shard(entry.path());
    if (!shard) continue;
    n_shards = std::max(n_shards, shard->name().n_shards);
    shards.insert_or_assign(shard->name().shard, std::move(*shard));
  }
  if (n_shards == 0) {
    return bad_input("there are no shards", (arguments.out / "shards").string(),
                     "give the folder of headroom submit, or one with a folder shards");
  }
  std::map<std::size_t, JobState> in_queue;
  bool is_asked = false;
  if (*submission && (*submission)->jobs_size() > 0) {
    auto told = states_of_tasks((*submission)->jobs((*submission)->jobs_size() - 1).array_job());
    is_asked = told.has_value();
    if (told) in_queue = std::move(*told);
  }

  Table table{{{"shard"}, {"state"}, {"evaluations"}, {"slurm"}, {"where"}, {"cpu_s"}, {"reason"}}, {}};
  std::map<std::string, std::size_t> counts;
  for (std::size_t s = 1; s <= n_shards; ++s) {
    const auto found = shards.find(s);
    const ShardFolder* shard = found == shards.end() ? nullptr : &found->second;
    const auto queued = in_queue.find(s);
    const JobState* job = queued == in_queue.end() ? nullptr : &queued->second;
    const std::string state = state_of(shard, job, is_asked);
    ++counts[state];
    const bool has_ended = shard != nullptr && !shard->record.ended().empty();
    table.rows.push_back({ShardName{s, n_shards}.text(), state,
                          shard == nullptr ? Cell() : Cell(std::to_string(shard->record.n_evaluations())),
                          job == nullptr ? Cell() : Cell(job->state),
                          shard != nullptr ? Cell(shard->record.host())
                          : job == nullptr ? Cell()
                                           : Cell(job->detail),
                          has_ended ? Cell(fmt::format("{:.1f}", shard->record.cpu_s())) : Cell(),
                          shard == nullptr ? Cell() : Cell(shard->record.error())});
  }
  write_table(results(), table, arguments.common.format, stdout_style());
  if (!arguments.common.quiet) {
    std::string line;
    for (const auto& [state, n] : counts) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", n, state);
    const bool is_merged = fs::exists(arguments.out / "summary.json", error);
    fmt::print(messages(), "headroom: {} shards: {}; {}\n", n_shards, line, is_merged ? "merged" : "not merged yet");
  }
  return kExitEvaluated;
}

}  // namespace headroom::cli
