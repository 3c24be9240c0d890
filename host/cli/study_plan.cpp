#include "cli/study_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/config_file.hpp"
#include "cli/flags/run_settings.hpp"
#include "cli/review_output.hpp"
#include "cli/shared_columns.hpp"
#include "io/sha256.hpp"
#include "plan/plan_record.hpp"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVectorsOf = "vectors of ";
constexpr const char* kSubmission = "submission ";

class InputList {
 public:
  explicit InputList(RunPlan& plan) : plan_(plan) {}

  void add(const std::string& what, const std::string& path, const std::string& sha256) {
    added_ = nullptr;
    if (!known_.insert(what).second) return;
    added_ = plan_.add_inputs();
    added_->set_what(what);
    added_->set_path(path);
    added_->set_sha256(sha256);
  }

  Result<void> add_file(const std::string& what, const fs::path& path) {
    if (path.empty()) return {};
    auto sha256 = sha256_of_file(path);
    if (!sha256) return tl::unexpected<Error>(sha256.error());
    add(what, path.string(), *sha256);
    return {};
  }

  void add_plugin(const RosterEntry& entry, const std::string& kind) {
    if (entry.data) {
      add(kVectorsOf + entry.name, entry.data->path, entry.data->sha256);
      if (entry.is_read && !entry.fault && added_) {
        added_->set_reviewed(true);
        for (const Doubt& doubt : entry.doubts) *added_->add_doubts() = record_of(doubt);
      }
    } else {
      add(kind + " " + entry.name, entry.file->path, entry.file->sha256);
    }
    if (!entry.data_folder_sha256.empty()) {
      add("data folder of " + entry.name, (entry.own_folder ? entry.given_path : entry.settings.data_folder.string()),
          entry.data_folder_sha256);
    }
  }

 private:
  RunPlan& plan_;
  std::set<std::string> known_;
  PlannedInput* added_ = nullptr;  // by the last add(); null: it was known
};

}  // namespace

Result<RunPlan> run_plan_of(PlannedStudy& study, const std::string& folder) {
  const RunArguments& arguments = study.arguments();
  RunPlan plan;
  plan.set_headroom_build(study.options().build);
  plan.set_folder(folder);
  plan.set_run_toml(arguments.settings_requested);
  InputList inputs(plan);
  const Task& task = study.targets().front().input->task;
  inputs.add("task", task.path, task.sha256);
  if (study.noise() != nullptr) inputs.add("noise table", study.noise()->path, study.noise()->sha256);
  if (auto added = inputs.add_file("fold file", arguments.task.columns.fold_file.value_or(fs::path())); !added) {
    return tl::unexpected<Error>(added.error());
  }
  if (auto added = inputs.add_file("split file", study.options().split.file); !added) {
    return tl::unexpected<Error>(added.error());
  }
  for (const Roster& roster : study.rosters()) {
    for (const RosterEntry& entry : roster.embeddings) inputs.add_plugin(entry, "embedding");
    for (const RosterEntry& entry : roster.predictions) inputs.add_plugin(entry, "predictions");
    for (const RosterEntry& entry : roster.heads) inputs.add_plugin(entry, "head");
  }
  // What could not even be opened has a name alone.
  for (const SubmissionSpec& spec : study.options().submissions) inputs.add(kSubmission + spec.name, spec.path, "");
  for (std::size_t t = 0; t < study.targets().size(); ++t) {
    const TargetRun& target = study.targets()[t];
    *plan.add_targets() = plan_record(target.planned->plan(), target.input->task, study.noise(), target.input->options,
                                      study.rosters()[t], target.planned->results().settings);
  }
  return plan;
}

Result<RunArguments> arguments_of_plan(const StoredPlan& plan, const std::string& where, const fs::path& out,
                                       const CommonArguments& common) {
  auto arguments = run_arguments_of(plan.plan.run_toml(), where);
  if (!arguments) return arguments;
  arguments->out = out;
  arguments->common = common;
  arguments->resume = false;
  arguments->settings_requested = plan.plan.run_toml();
  std::string& toml = arguments->settings_requested;
  if (const std::size_t line = toml.find("\nout = "); line != std::string::npos) {
    toml.replace(line + 1, toml.find('\n', line + 1) - line, config_line("out", {out.string()}));
  }
  std::error_code failed;
  fs::current_path(plan.plan.folder(), failed);
  if (failed) {
    return bad_input("the folder where the plan was made cannot be entered", plan.plan.folder(), failed.message());
  }
  if (auto shared = share_columns(*arguments); !shared) return tl::unexpected<Error>(shared.error());
  return arguments;
}

std::set<std::string> submissions_of_plan(const RunPlan& plan) {
  std::set<std::string> names;
  const std::string_view prefix = kSubmission;
  for (const PlannedInput& input : plan.inputs()) {
    if (input.what().starts_with(prefix)) names.insert(input.what().substr(prefix.size()));
  }
  return names;
}

ReviewedVectors reviewed_vectors_of(const RunPlan& plan) {
  ReviewedVectors reviewed;
  const std::string_view prefix = kVectorsOf;
  for (const PlannedInput& input : plan.inputs()) {
    if (!input.reviewed() || !input.what().starts_with(prefix)) continue;
    std::vector<Doubt>& doubts = reviewed[input.what().substr(prefix.size())];
    for (const DoubtRecord& record : input.doubts()) {
      if (auto doubt = doubt_of(record)) doubts.push_back(std::move(*doubt));
    }
  }
  return reviewed;
}

std::set<std::string> vectors_not_asked(const RunPlan& plan, const std::vector<std::vector<std::size_t>>& items) {
  std::set<std::string> asked;
  for (std::size_t t = 0; t < items.size(); ++t) {
    for (const std::size_t i : items[t]) {
      const auto& plugins = plan.targets(static_cast<int>(t)).items(static_cast<int>(i)).plugins();
      for (const std::string& name : plugins) asked.insert(kVectorsOf + name);
    }
  }
  std::set<std::string> left, needed;
  for (const PlannedInput& input : plan.inputs()) {
    if (!input.what().starts_with(kVectorsOf)) continue;
    (asked.contains(input.what()) ? needed : left).insert(input.sha256());
  }
  for (const std::string& sha256 : needed) left.erase(sha256);  // one file may stand behind two names
  return left;
}

Result<void> require_same_plan(const RunPlan& plan, PlannedStudy& study, const std::string& where) {
  const auto now = run_plan_of(study, plan.folder());
  if (!now) return tl::unexpected<Error>(now.error());
  const std::string changed = difference_of_plans(plan, *now);
  if (changed.empty()) return {};
  return bad_input("something is not as the plan was made: " + changed, where,
                   "put it back, or plan again and make all shards anew");
}

}  // namespace headroom::cli
