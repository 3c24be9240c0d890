// headroom plan: a run as a value, to be evaluated in shards.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/planned_study.hpp"
#include "cli/study_plan.hpp"
#include "cli/terminal_streams.hpp"
#include "shards/plan_folder.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

void print_plan(const RunPlan& plan, const fs::path& folder) {
  std::size_t n_evaluations = 0, n_items = 0;
  std::uint64_t most_bytes = 0;
  double cost = 0;
  for (const PlanRecord& target : plan.targets()) {
    n_items += static_cast<std::size_t>(target.items_size());
    for (const PlanItemRecord& item : target.items()) {
      n_evaluations += static_cast<std::size_t>(item.methods_size());
      cost += item.cost();
      most_bytes = std::max(most_bytes, item.memory_bytes());
    }
  }
  results() << fmt::format(
      "{} evaluations in {} pieces of work, {} inputs by hash; cost {:.1f} (1: a file of vectors through one head, "
      "1,000 "
      "perturbations); about {:.1f} MiB a piece\n"
      "{}: headroom run --plan {} --shard 1/N -o shards/1, … N/N; then headroom merge shards/* -o out\n",
      n_evaluations, n_items, plan.inputs_size(), cost, static_cast<double>(most_bytes) / (1 << 20),
      (folder / "plan.json").string(), folder.string());
}

}  // namespace

Result<RunPlan> make_run_plan(const RunArguments& arguments) {
  PlannedStudy::Options how;
  how.reading = StudyReading::all_but_deltas;
  how.writes = false;
  auto study = PlannedStudy::plan(arguments, how);
  if (!study) return tl::unexpected<Error>(study.error());
  std::error_code ignored;
  return run_plan_of(**study, fs::current_path(ignored).string());
}

Result<int> plan(const RunArguments& arguments) {
  const auto made = make_run_plan(arguments);
  if (!made) return tl::unexpected<Error>(made.error());
  if (auto written = write_plan(arguments.out, *made); !written) return tl::unexpected<Error>(written.error());
  print_plan(*made, arguments.out);
  return kExitEvaluated;
}

}  // namespace headroom::cli
