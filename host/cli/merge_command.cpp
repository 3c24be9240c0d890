// headroom merge: what shards evaluated, as one run. Intervals, comparisons and reports are made here alone.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/planned_study.hpp"
#include "cli/run_conclusion.hpp"
#include "cli/study_plan.hpp"
#include "cli/terminal_streams.hpp"
#include "shards/gathered_shards.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> metric_names_of(const TargetInput& input) {
  std::vector<std::string> names;
  for (const Metric metric : evaluated_metrics(*input.target, input.options, input.task)) {
    names.emplace_back(metric_name(metric));
  }
  return names;
}

// Each with the command that makes it; a shard may be unfinished in several targets.
void print_unfinished(const std::vector<UnfinishedShard>& unfinished) {
  for (const UnfinishedShard& shard : unfinished) {
    fmt::print(messages(), "headroom: shard {}: {}: {}\n", shard.name.text(), shard.why, shard.command);
  }
}

}  // namespace

Result<int> merge(const MergeArguments& arguments) {
  std::error_code error;
  const fs::path out = fs::absolute(arguments.out, error);
  std::vector<fs::path> folders;
  for (const fs::path& folder : arguments.shards) folders.push_back(fs::absolute(folder, error));
  const auto shards = gather_shards(folders);
  if (!shards) return tl::unexpected<Error>(shards.error());
  const std::string where = (shards->folders.front().folder / "plan.json").string();
  auto run_arguments = arguments_of_plan(shards->plan, where, out, arguments.common);
  if (!run_arguments) return tl::unexpected<Error>(run_arguments.error());
  run_arguments->command_line = arguments.command_line;

  PlannedStudy::Options how;
  how.kernels = shards->kernels;
  how.submissions = submissions_of_plan(shards->plan.plan);
  how.reviewed_vectors = reviewed_vectors_of(shards->plan.plan);
  auto planned = PlannedStudy::plan(*run_arguments, how);
  if (!planned) return tl::unexpected<Error>(planned.error());
  PlannedStudy& study = **planned;
  if (auto same = require_same_plan(shards->plan.plan, study, where); !same) return tl::unexpected<Error>(same.error());

  std::vector<std::unique_ptr<ShardEvaluations>> evaluations;
  std::vector<UnfinishedShard> unfinished;
  for (std::size_t t = 0; t < study.targets().size(); ++t) {
    TargetRun& target = study.targets()[t];
    auto opened =
        ShardEvaluations::open(*shards, shards->plan.plan.targets(static_cast<int>(t)), metric_names_of(*target.input));
    if (!opened) return tl::unexpected<Error>(opened.error());
    evaluations.push_back(std::make_unique<ShardEvaluations>(std::move(*opened)));
    std::vector<std::vector<EvaluationKey>> parts;
    for (std::size_t i = 0; i < target.planned->plan().items.size(); ++i) {
      parts.push_back(target.planned->parts_of(i));
    }
    const auto missing = evaluations.back()->unfinished(parts);
    if (!missing) return tl::unexpected<Error>(missing.error());
    for (const UnfinishedShard& one : *missing) {
      const bool is_told = std::any_of(unfinished.begin(), unfinished.end(),
                                       [&](const UnfinishedShard& told) { return told.name == one.name; });
      if (!is_told) unfinished.push_back(one);
    }
    target.evaluations->recall_by(
        [source = evaluations.back().get()](const EvaluationKey& key) { return source->find(key); },
        [source = evaluations.back().get()](const EmbeddingKey& key) { return source->find_components(key); });
  }
  print_unfinished(unfinished);
  if (!unfinished.empty() && !arguments.partial) {
    return bad_input(fmt::format("{} of {} shards are missing or unfinished", unfinished.size(), shards->n_shards),
                     "headroom merge", "make them with the commands above, or merge what is there with --partial");
  }
  if (!unfinished.empty()) {
    fmt::print(messages(), "headroom: merged without what {} of {} shards lack: the results are partial\n",
               unfinished.size(), shards->n_shards);
  }

  if (auto opened = study.open_stores(); !opened) return tl::unexpected<Error>(opened.error());
  const auto plans = plans_of_outputs(study);
  if (!plans) return tl::unexpected<Error>(plans.error());
  return conclude_run(study, *plans, Evaluations::gathered);
}

}  // namespace headroom::cli
