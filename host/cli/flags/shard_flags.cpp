#include "cli/flags/shard_flags.hpp"

#include <set>

#include "cli/flags/flag_groups.hpp"

namespace headroom::cli {

void add_shard_flags(CLI::App& command, ShardFlagTexts& texts) {
  begin_group(command, "One part of a plan");
  CLI::Option* plan =
      command
          .add_option("--plan", texts.plan,
                      "Folder that headroom plan wrote: evaluate a part of it instead of a TASK. A part "
                      "goes on from what its folder holds")
          ->type_name("DIR")
          ->configurable(false);
  command.add_option("--shard", texts.shard, "Which part: the I-th of N parts of about equal cost")
      ->type_name("I/N")
      ->needs(plan)
      ->configurable(false);
}

void refuse_flags_of_plan(const CLI::App& command) {
  static const std::set<std::string> own = {"plan", "shard", "out", "threads", "quiet", "help", "config"};
  for (const CLI::Option* flag : command.get_options()) {
    if (flag->count() == 0 || own.contains(flag->get_single_name())) continue;
    throw CLI::ValidationError(flag->get_name(),
                               "the plan says that; beside --plan stand --shard, -o, --threads, --quiet");
  }
  if (command.get_option("--shard")->count() == 0) throw CLI::RequiredError("--shard");
}

void require_task(const RunArguments& arguments) {
  if (arguments.task.task.empty()) throw CLI::RequiredError("task");
}

Result<int> run_shard_of(const RunArguments& run, const ShardFlagTexts& texts) {
  auto name = parse_shard_name(texts.shard);
  if (!name) return tl::unexpected<Error>(name.error());
  return run_shard({run.common, texts.plan, *name, run.out});
}

}  // namespace headroom::cli
