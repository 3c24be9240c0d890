#include "cli/target_input.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <set>
#include <utility>

#include "cli/terminal_streams.hpp"
#include "plan/split_families.hpp"
#include "plan/target_options.hpp"

namespace headroom::cli {
namespace {

Result<std::vector<const Target*>> named_targets(const std::vector<std::string>& names) {
  std::vector<const Target*> named;
  for (const std::string& name : names) {
    const Target* target = name.empty() ? nullptr : target_by_name(name);
    if (target == nullptr)
      return bad_input(fmt::format("there is no target '{}'", name), "--target", "it is lfc, deg or cells");
    named.push_back(target);
  }
  return named;
}

void tell_left_out(const Target& target, const Error& why, bool quiet) {
  if (!quiet) fmt::print(messages(), "headroom: the target {} is left out: {}\n", target.name, why.line());
}

bool holds_profiles(const RunOptions& options) {
  return std::any_of(options.predictions.begin(), options.predictions.end(),
                     [](const PredictionsSpec& spec) { return spec.form == PredictedForm::profiles; });
}

// What the task was prepared for, with what this run says besides.
SplitRequest split_of_task(const RunOptions& options, const Task& task) {
  const SplitRequest unsaid, &said = options.split;
  SplitRequest split = *task.split;
  split.per_context = said.per_context;
  if (said.few_percent != unsaid.few_percent) split.few_percent = said.few_percent;
  if (said.test_doubles != unsaid.test_doubles) split.test_doubles = said.test_doubles;
  if (said.n_folds != unsaid.n_folds) split.n_folds = said.n_folds;
  if (said.seed != unsaid.seed) split.seed = said.seed;
  return split;
}

// Of finished predictions, which hold deltas or labels, the first that the task holds; and cells tell more.
void leave_one_of_predictions(std::vector<const Target*>& targets) {
  for (std::size_t i = targets.size(); i-- > 1;) {
    if (!targets[i]->is_of_cells()) targets.erase(targets.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

bool contains(const std::vector<const Target*>& targets, const Target* target) {
  return std::find(targets.begin(), targets.end(), target) != targets.end();
}

}  // namespace

Result<std::vector<TargetInput>> split_by_target(Task task, const RunOptions& options,
                                                 const std::vector<std::string>& names, bool quiet) {
  const auto named = named_targets(names);
  if (!named) return tl::unexpected<Error>(named.error());
  std::vector<const Target*> meant;
  for (const Target* target : all_targets()) {
    const bool is_meant = named->empty() ? holds(task, *target) : contains(*named, target);
    if (!is_meant || (named->empty() && !asks_for(options, *target))) continue;
    const auto can_be = require_predicted(options, *target);
    if (!can_be && !named->empty()) return tl::unexpected<Error>(can_be.error());
    if (!can_be) {
      tell_left_out(*target, can_be.error(), quiet);
    } else if (asks_for(options, *target)) {
      meant.push_back(target);
    }
  }
  if (named->empty() && !options.predictions.empty()) leave_one_of_predictions(meant);
  for (const Target* target : meant) {
    if (!target->classes.empty() && holds_profiles(options)) {
      return bad_input("predicted profiles tell deltas, not labels", "--target " + target->name,
                       "give predicted labels, probabilities or cells, or score the deltas with --target lfc");
    }
  }
  const std::string where = task.path;
  std::vector<TargetInput> targets;
  // The first one last: it takes over the deltas where the others copy.
  for (std::size_t left = meant.size(); left-- > 0;) {
    const Target* target = meant[left];
    auto seen = left == 0 ? task_of_target(std::move(task), *target) : task_of_target(std::as_const(task), *target);
    if (!seen && !named->empty()) return tl::unexpected<Error>(seen.error());
    if (!seen) {
      tell_left_out(*target, seen.error(), quiet);
      continue;
    }
    RunOptions of_target = options_of_target(options, *target);
    if (!options.split_is_named && seen->split && options.predictions.empty() && !target->is_of_cells())
      of_target.split = split_of_task(options, *seen);
    // Labels are of fewer perturbations, and may not serve splits that deltas do.
    if (named->empty() && meant.size() > 1 && target != meant.front()) {
      const auto splits = make_splits(*seen, of_target.split, of_target.folds);
      if (!splits) {
        tell_left_out(*target, splits.error(), quiet);
        continue;
      }
    }
    targets.insert(targets.begin(), TargetInput{target, std::move(*seen), std::move(of_target)});
  }
  if (targets.empty()) {
    return bad_input("nothing that the task holds is asked for", where,
                     "leave --metric out, or name metrics of the target");
  }
  for (TargetInput& input : targets) {
    input.options.is_one_of_several = targets.size() > 1;
    // Embeddings are the same for every target: they are compared once.
    if (&input != &targets.front()) input.options.compare_embeddings = false;
  }
  return targets;
}

Result<void> read_values(Task& whole, std::vector<TargetInput>& targets, const TaskOptions& options) {
  if (auto read = read_deltas(&whole, options); !read) return read;
  for (TargetInput& input : targets) {
    auto seen = task_of_target(whole, *input.target);
    if (!seen) return tl::unexpected<Error>(seen.error());
    input.task = std::move(*seen);
  }
  return {};
}

Result<void> check_keys_are_used(const std::vector<const Roster*>& rosters) {
  const auto unused_by_all = [&](std::set<std::string> Roster::*keys) {
    std::set<std::string> unused = rosters.front()->*keys;
    for (const Roster* roster : rosters) {
      std::erase_if(unused, [&](const std::string& key) { return !(roster->*keys).contains(key); });
    }
    return unused;
  };
  if (const auto grid = unused_by_all(&Roster::unused_grid); !grid.empty()) {
    return bad_input(fmt::format("there is no hyperparameter '{}'", *grid.begin()), "--grid",
                     "the predictors of this run have none of that name");
  }
  if (const auto options = unused_by_all(&Roster::unused_options); !options.empty()) {
    return bad_input(fmt::format("there is no option '{}'", *options.begin()), "--set",
                     "the plugins of this run declare none of that name");
  }
  return {};
}

}  // namespace headroom::cli
