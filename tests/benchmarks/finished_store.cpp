// Fills the store of a run that was never made, as if it had ended: every evaluation that the run asks for, through the
// store that runs use, with made-up scores of the real number. So the time that --resume takes at the published size is
// known without the hours that the run itself takes.
//
//   finished_store RUN_TOML       as `headroom run` writes it, with paths as seen from here; then, by hand:
//   headroom run --config RUN_TOML --resume     writes all outputs
//   headroom run --config RUN_TOML --resume     has nothing to do
//
//   finished_store PLAN N FOLDER  the folders of all N shards of a plan (of deltas), FOLDER/1 to FOLDER/N, likewise:
//   headroom merge FOLDER/* -o out              makes everything that merge makes of shards of the published size
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "cli/flags/run_settings.hpp"
#include "cli/planned_study.hpp"
#include "cli/run_setup.hpp"
#include "cli/run_store.hpp"
#include "cli/study_plan.hpp"
#include "cli/task_input.hpp"
#include "evaluation/evaluate.hpp"
#include "numerics/blas.hpp"
#include "plan/plan_record.hpp"
#include "shards/shard_folder.hpp"

namespace {

using namespace headroom;

constexpr int kInnerSplits = 5, kGridPoints = 8;

// Any numbers: better and worse methods, perturbations that are hard for all of them.
FoldEvaluation made_up(const EvaluationKey& key, std::size_t n_tests, std::size_t n_metrics) {
  std::mt19937_64 random(std::hash<std::string>{}(key.context + "\n" + key.split + "\n" + key.method));
  std::normal_distribution<double> normal;
  const double quality = std::exp(0.2 * normal(random));
  FoldEvaluation evaluation;
  evaluation.status = Status::ok;
  for (std::size_t m = 0; m < n_metrics; ++m) {
    Vector values(static_cast<Eigen::Index>(n_tests));
    for (double& value : values) value = quality * std::exp(0.3 * normal(random));
    evaluation.metric_values.push_back(std::move(values));
  }
  evaluation.covered.assign(n_tests, 1);
  if (key.method.find('+') != std::string::npos) {
    for (int g = 0; g < kGridPoints; ++g) {
      std::vector<double> scores;
      for (int s = 0; s < kInnerSplits; ++s) scores.push_back(-quality * std::exp(0.1 * normal(random)));
      evaluation.inner_scores.push_back({{{"k", 1 << g}}, scores, true});
    }
    evaluation.best_params = evaluation.inner_scores.front().params;
    evaluation.effective_dim = 100;
  }
  evaluation.wall_s = evaluation.cpu_s = 3 * quality;
  evaluation.peak_memory_bytes = 5e8;
  return evaluation;
}

// The split of an evaluation.
const Split* split_of(const RunResults& planned, const EvaluationKey& key) {
  for (const ContextEvaluation& context : planned.contexts) {
    for (const Split& split : context.splits) {
      if (context.context == key.context && split.name == key.split) return &split;
    }
  }
  return nullptr;
}

Eigen::Index n_perturbations(const Task& task, const std::string& context) {
  for (const TaskContext& one : task.contexts) {
    if (one.name == context) return static_cast<Eigen::Index>(one.pert_ids.size());
  }
  return 0;
}

Result<void> fill(const std::string& run_toml) {
  std::ostringstream text;
  text << std::ifstream(run_toml).rdbuf();
  auto arguments = cli::run_arguments_of(text.str(), run_toml);
  if (!arguments) return tl::unexpected<Error>(arguments.error());
  arguments->common.quiet = true;
  const auto options = cli::complete_run_options(*arguments);
  if (!options) return tl::unexpected<Error>(options.error());
  const auto blas = require_threadsafe_blas();
  if (!blas) return tl::unexpected<Error>(blas.error());
  Review review;
  const auto input = cli::read_task_input(arguments->task, review, true, TaskParts::all_but_deltas);
  if (!input) return tl::unexpected<Error>(input.error());
  const NoiseTable* noise = input->noise ? &*input->noise : nullptr;
  ThreadPool pool(available_cores());
  NoProgress progress;
  const auto planned = PlannedRun::plan(input->task, noise, *options, pool, progress, {});
  if (!planned) return tl::unexpected<Error>(planned.error());

  std::vector<std::string> metrics;
  for (const Metric metric : evaluated_metrics(target_of(input->task), *options, input->task))
    metrics.emplace_back(metric_name(metric));
  std::filesystem::create_directories(arguments->out);
  auto store = Store::open(arguments->out, metrics);
  if (!store) return tl::unexpected<Error>(store.error());
  cli::RunStore memory(cli::make_run_record(*arguments, input->task, noise, *blas), false, true);
  memory.keep_in(*store);
  if (auto begun = memory.begin(planned->results().settings, planned->plugins()); !begun) return begun;
  const auto keys = planned->evaluations();
  std::size_t n_scores = 0;
  for (const EvaluationKey& key : keys) {
    const std::vector<std::string> ids = ids_of(input->task, split_of(planned->results(), key)->test);
    n_scores += ids.size();
    if (auto kept = memory.remember(key, ids, made_up(key, ids.size(), metrics.size())); !kept) return kept;
  }
  fmt::print("{} evaluations of {} perturbations, {} metrics each\n", keys.size(), n_scores, metrics.size());
  return {};
}

Result<void> fill_shard(const StoredPlan& plan, const ShardName& name, const std::filesystem::path& plan_folder,
                        const std::filesystem::path& out) {
  cli::CommonArguments common;
  common.quiet = true;
  auto arguments = cli::arguments_of_plan(plan, (plan_folder / "plan.json").string(), out, common);
  if (!arguments) return tl::unexpected<Error>(arguments.error());
  const std::vector<std::size_t> items = shards_of(plan.plan.targets(0), name.n_shards)[name.shard - 1];
  cli::PlannedStudy::Options how;
  how.reading = cli::StudyReading::part;
  how.left_unread = cli::vectors_not_asked(plan.plan, {items});
  how.reviewed_vectors = cli::reviewed_vectors_of(plan.plan);
  how.writes = false;
  auto study = cli::PlannedStudy::plan(*arguments, how);
  if (!study) return tl::unexpected<Error>(study.error());
  ShardRecord record;
  record.set_plan_path(plan_folder.string());
  record.set_plan_sha256(plan.sha256);
  record.set_shard(static_cast<std::uint32_t>(name.shard));
  record.set_n_shards(static_cast<std::uint32_t>(name.n_shards));
  record.set_state(kShardDone);
  record.set_kernels((*study)->options().kernels);
  if (auto begun = begin_shard(out, plan, record); !begun) return begun;
  if (auto opened = (*study)->open_stores(); !opened) return opened;
  cli::TargetRun& target = (*study)->targets().front();
  const PlannedRun& planned = *target.planned;
  if (auto begun = target.evaluations->begin(planned.results().settings, planned.plugins()); !begun) return begun;
  for (const std::size_t item : items) {
    for (const EvaluationKey& key : planned.parts_of(item)) {
      const Split* split = split_of(planned.results(), key);
      const std::vector<std::string> ids = ids_of(target.input->task, split->test);
      auto kept = target.evaluations->remember(key, ids, made_up(key, ids.size(), planned.results().metrics.size()));
      if (!kept) return kept;
    }
  }
  for (const EmbeddingKey& key : planned.compared_of(items)) {
    const Eigen::Index n = n_perturbations(target.input->task, key.context);
    LeadingComponents components{Matrix::Random(n, kComparedComponents),
                                 std::vector<std::uint8_t>(static_cast<std::size_t>(n), 1)};
    if (auto kept = target.evaluations->remember_components(key, components); !kept) return kept;
  }
  return {};
}

Result<void> fill_shards(const std::filesystem::path& plan_folder, std::size_t n_shards,
                         const std::filesystem::path& folder) {
  const auto plan = read_plan(plan_folder);
  if (!plan) return tl::unexpected<Error>(plan.error());
  for (std::size_t shard = 1; shard <= n_shards; ++shard) {
    const auto out = std::filesystem::absolute(folder / std::to_string(shard));
    if (auto filled = fill_shard(*plan, {shard, n_shards}, std::filesystem::absolute(plan_folder), out); !filled) {
      return filled;
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    fmt::print(stderr, "usage: finished_store RUN_TOML, or finished_store PLAN N FOLDER\n");
    return 2;
  }
  if (auto filled = argc == 2 ? fill(argv[1]) : fill_shards(argv[1], std::stoul(argv[2]), argv[3]); !filled) {
    fmt::print(stderr, "finished_store: {}\n", filled.error().line());
    return 1;
  }
  return 0;
}
