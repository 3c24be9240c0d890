#include "plan/split_families.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <utility>

#include "io/row_choice.hpp"
#include "numerics/numpy_random.hpp"
#include "plan/bound_names.hpp"
#include "plan/split_file.hpp"
#include "protocol/kfold.hpp"
#include "review/control_names.hpp"
#include "review/label_spelling.hpp"

namespace headroom {
namespace {

using Ids = std::vector<std::string>;

TaskRow row_at(std::size_t context, std::size_t row) {
  return {static_cast<std::uint32_t>(context), static_cast<std::int32_t>(row)};
}

// What is dealt to folds as one: a perturbation, or its group.
const std::string& unit_of(const TaskContext& context, std::size_t row) {
  const bool is_grouped = !context.fold_group.empty() && !context.fold_group[row].empty();
  return is_grouped ? context.fold_group[row] : context.pert_ids[row];
}

// Of all contexts, sorted, each once.
Ids all_units(const Task& task) {
  std::set<std::string> units;
  for (const TaskContext& context : task.contexts) {
    for (std::size_t row = 0; row < context.pert_ids.size(); ++row) units.insert(unit_of(context, row));
  }
  return {units.begin(), units.end()};
}

// Of n things, `count` that a seed draws: one mark a thing.
std::vector<bool> drawn(std::size_t n, std::size_t count, std::uint32_t seed) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  NumpyRandomState(seed).shuffle(std::span<std::size_t>(order));
  std::vector<bool> is_drawn(n, false);
  for (std::size_t i = 0; i < count; ++i) is_drawn[order[i]] = true;
  return is_drawn;
}

std::size_t share(std::size_t n, double percent) {
  return static_cast<std::size_t>(std::llround(static_cast<double>(n) * percent / 100));
}

// Which of `ids` (sorted) each fold holds out.
std::vector<std::set<std::string>> folds_of(const Ids& ids, int n_folds, std::uint32_t seed) {
  std::vector<std::set<std::string>> folds;
  for (const RowIndex& rows : kfold_test_rows(ids.size(), n_folds, seed)) {
    auto& fold = folds.emplace_back();
    for (const std::int32_t row : rows) fold.insert(ids[static_cast<std::size_t>(row)]);
  }
  return folds;
}

Result<void> need_contexts(const Task& task, const std::string& family) {
  if (task.contexts.size() > 1) return {};
  return bad_input(
      fmt::format("the task has one context, '{}', and splits of the family '{}' tell one context by others",
                  task.contexts.front().name, family),
      task.path,
      "give a task of several contexts, leave --context out (the others are trained on), or choose another --split");
}

// Every row of a context that is measured in some other context as well.
std::vector<bool> measured_elsewhere(const Task& task, std::size_t context) {
  std::vector<bool> is_elsewhere;
  for (const std::string& id : task.contexts[context].pert_ids) {
    bool found = false;
    for (std::size_t other = 0; other < task.contexts.size() && !found; ++other) {
      const Ids& ids = task.contexts[other].pert_ids;
      found = other != context && std::binary_search(ids.begin(), ids.end(), id);
    }
    is_elsewhere.push_back(found);
  }
  return is_elsewhere;
}

void add_rows_elsewhere(const Task& task, std::size_t context, Split& split,
                        const std::function<bool(const TaskContext&, std::size_t row)>& is_kept) {
  for (std::size_t other = 0; other < task.contexts.size(); ++other) {
    if (other == context) continue;
    const Ids& ids = task.contexts[other].pert_ids;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (is_kept(task.contexts[other], row)) split.training.push_back(row_at(other, row));
    }
  }
}

Split named(std::string name, const char* family, std::size_t context) {
  Split split;
  split.name = std::move(name);
  split.family = family;
  split.context = context;
  return split;
}

// Tested rows of a context; `n_own` of its own perturbations, drawn by the seed, are trained on instead.
Split transfer_to(const Task& task, std::size_t context, const char* family, std::size_t n_own, std::uint32_t seed) {
  Split split = named(family, family, context);
  const std::vector<bool> is_elsewhere = measured_elsewhere(task, context);
  const std::vector<bool> is_own = drawn(is_elsewhere.size(), n_own, seed);
  for (std::size_t row = 0; row < is_elsewhere.size(); ++row) {
    if (is_own[row]) {
      split.training.push_back(row_at(context, row));
    } else if (is_elsewhere[row]) {
      split.test.push_back(row_at(context, row));
    }
  }
  add_rows_elsewhere(task, context, split, [](const TaskContext&, std::size_t) { return true; });
  std::sort(split.training.begin(), split.training.end());
  return split;
}

std::vector<Split> transfer_splits(const Task& task, const SplitRequest& request) {
  std::vector<Split> splits;
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    if (request.family == kFamilyTransfer) {
      splits.push_back(transfer_to(task, c, kFamilyTransfer, 0, request.seed));
      continue;
    }
    const std::size_t n_own = std::max<std::size_t>(1, share(task.contexts[c].pert_ids.size(), request.few_percent));
    splits.push_back(transfer_to(task, c, kFamilyTransferFew, n_own, request.seed));
  }
  return splits;
}

std::vector<Split> both_splits(const Task& task, const SplitRequest& request) {
  const auto folds = folds_of(all_units(task), request.n_folds, request.seed);
  std::vector<Split> splits;
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    for (std::size_t f = 0; f < folds.size(); ++f) {
      Split split = named(fmt::format("both-{}", f), kFamilyBoth, c);
      const Ids& ids = task.contexts[c].pert_ids;
      for (std::size_t row = 0; row < ids.size(); ++row) {
        if (folds[f].contains(unit_of(task.contexts[c], row))) split.test.push_back(row_at(c, row));
      }
      add_rows_elsewhere(task, c, split, [&](const TaskContext& other, std::size_t row) {
        return !folds[f].contains(unit_of(other, row));
      });
      splits.push_back(std::move(split));
    }
  }
  return splits;
}

// ---- combinations ----

Ids parts_of_combination(std::string_view label, const std::set<std::string, std::less<>>& singles) {
  const std::string_view text = trimmed(label);
  const Ids whole{std::string(text)};
  if (looks_like_formula(text)) return whole;
  const auto split_at = [&](char separator) {
    Ids parts;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(separator, begin), text.size());
      const std::string_view part = trimmed(text.substr(begin, end - begin));
      if (!part.empty() && !names_control(part)) parts.emplace_back(part);
      begin = end + 1;
    }
    std::sort(parts.begin(), parts.end());
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    return parts.empty() ? whole : parts;
  };
  for (const char separator : {'+', ';', ',', '&', '|'}) {
    if (text.find(separator) != std::string_view::npos) return split_at(separator);
  }
  // An underscore may be part of a name: MAPK_1 is no combination, unless MAPK and 1 are perturbations themselves.
  if (text.find('_') == std::string_view::npos) return whole;
  const Ids parts = split_at('_');
  const bool all_known =
      std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return singles.contains(part); });
  return all_known ? parts : whole;
}

// Of one context: the splits of one fold, one for each number of unseen parts that is tested.
void add_combination_splits(std::size_t context, const std::vector<Ids>& parts, std::size_t fold,
                            const std::set<std::string>& held_out, const SplitRequest& request,
                            std::vector<Split>& splits) {
  const auto n_unseen = [&](const Ids& of_label) {
    return static_cast<std::size_t>(std::count_if(of_label.begin(), of_label.end(),
                                                  [&](const std::string& part) { return held_out.contains(part); }));
  };
  std::vector<std::size_t> untouched;  // combinations, by row
  for (std::size_t row = 0; row < parts.size(); ++row) {
    if (parts[row].size() > 1 && n_unseen(parts[row]) == 0) untouched.push_back(row);
  }
  const std::vector<bool> is_tested_untouched = drawn(untouched.size(), share(untouched.size(), request.test_doubles),
                                                      request.seed + static_cast<std::uint32_t>(fold));
  std::vector<TaskRow> training;
  std::map<std::size_t, std::vector<TaskRow>> tests;  // by unseen parts
  for (std::size_t row = 0, next = 0; row < parts.size(); ++row) {
    const std::size_t unseen = n_unseen(parts[row]);
    const bool is_combination = parts[row].size() > 1;
    const bool is_drawn = is_combination && unseen == 0 && is_tested_untouched[next++];
    if (is_combination && (unseen > 0 || is_drawn)) {
      tests[unseen].push_back(row_at(context, row));
    } else if (unseen == 0) {
      training.push_back(row_at(context, row));
    }
  }
  for (auto& [unseen, test] : tests) {
    Split split = named(fmt::format("combination-{}", fold), kFamilyCombination, context);
    split.unseen_parts = unseen;
    split.training = training;
    split.test = std::move(test);
    splits.push_back(std::move(split));
  }
}

Result<std::vector<Split>> combination_splits(const Task& task, const SplitRequest& request) {
  std::vector<Split> splits;
  bool any_combination = false;
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    const std::vector<Ids> parts = parts_of_perturbations(task.contexts[c].pert_ids);
    std::set<std::string> all_parts;
    for (const Ids& of_label : parts) {
      all_parts.insert(of_label.begin(), of_label.end());
      any_combination = any_combination || of_label.size() > 1;
    }
    const auto folds = folds_of({all_parts.begin(), all_parts.end()}, request.n_folds, request.seed);
    for (std::size_t f = 0; f < folds.size(); ++f) add_combination_splits(c, parts, f, folds[f], request, splits);
  }
  if (!any_combination) {
    return bad_input("no perturbation of the task is a combination of several (A+B)", task.path,
                     "give a task with combinations, or another --split");
  }
  // Tested apart by unseen parts, and in the order of folds.
  std::stable_sort(splits.begin(), splits.end(), [](const Split& a, const Split& b) {
    return std::pair(a.context, a.unseen_parts) < std::pair(b.context, b.unseen_parts);
  });
  return splits;
}

// ---- folds within a context, trained over all ----

// The first perturbation that is in different folds in two contexts.
Result<void> check_shared_folds(const Task& task) {
  std::map<std::string, std::pair<std::int32_t, std::string>> fold_of;  // and where it was seen
  for (const TaskContext& context : task.contexts) {
    for (std::size_t row = 0; row < context.pert_ids.size(); ++row) {
      const std::int32_t fold = context.fold_of_row[row];
      const auto [at, is_new] = fold_of.try_emplace(context.pert_ids[row], fold, context.name);
      if (is_new || at->second.first == fold) continue;
      return bad_input(fmt::format("perturbation '{}' is in different folds in '{}' and '{}': what one context tests, "
                                   "another would train on",
                                   context.pert_ids[row], at->second.second, context.name),
                       task.path, "make shared folds with --folds 5 --folds-shared, or leave --joint out");
    }
  }
  return {};
}

Result<std::vector<Split>> joint_splits(const Task& task, const std::vector<std::string>& names) {
  if (auto fit = need_contexts(task, "--joint"); !fit) return tl::unexpected<Error>(fit.error());
  if (auto same = check_shared_folds(task); !same) return tl::unexpected<Error>(same.error());
  auto splits = splits_within(task, names);
  if (!splits) return splits;
  for (Split& split : *splits) {
    const std::int32_t fold =
        task.contexts[split.context].fold_of_row[static_cast<std::size_t>(split.test.front().row)];
    split.training.clear();
    for (std::size_t c = 0; c < task.contexts.size(); ++c) {
      const auto& folds = task.contexts[c].fold_of_row;
      for (std::size_t row = 0; row < folds.size(); ++row) {
        if (folds[row] != fold) split.training.push_back(row_at(c, row));
      }
    }
  }
  return splits;
}

// ---- any family ----

Result<std::vector<Split>> splits_of_family(const Task& task, const SplitRequest& request) {
  if (request.family == kFamilyTransfer || request.family == kFamilyTransferFew) {
    if (auto fit = need_contexts(task, request.family); !fit) return tl::unexpected<Error>(fit.error());
    return transfer_splits(task, request);
  }
  if (request.family == kFamilyBoth) {
    if (auto fit = need_contexts(task, request.family); !fit) return tl::unexpected<Error>(fit.error());
    return both_splits(task, request);
  }
  if (request.family == kFamilyCombination) return combination_splits(task, request);
  if (request.family == kFamilyFile) return read_split_file(request.file, task);
  return bad_input(fmt::format("there is no family of splits '{}'", request.family), "--split",
                   "it is within, transfer, transfer-few, both or combination; --split-file reads others");
}

// Splits that cannot be tested or trained for are none, unless a context has no other.
Result<void> drop_empty(const Task& task, const SplitRequest& request, std::vector<Split>& splits) {
  const std::string& family = request.family;
  for (const Split& split : splits) {
    if (family != kFamilyFile || !split.training.empty()) continue;
    return bad_input(fmt::format("split '{}' trains on nothing", split.name), request.file.string(),
                     "give it lines with part train");
  }
  std::vector<std::size_t> n_before(task.contexts.size(), 0), n_after = n_before;
  for (const Split& split : splits) ++n_before[split.context];
  std::erase_if(splits, [](const Split& split) { return split.test.empty() || split.training.empty(); });
  for (const Split& split : splits) ++n_after[split.context];
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    if (n_before[c] == 0 || n_after[c] > 0) continue;
    return bad_input(fmt::format("no perturbation of context '{}' can be tested by splits of the family '{}': {}",
                                 task.contexts[c].name, family,
                                 family == kFamilyCombination ? "it has no combination that is held out"
                                                              : "none of them is measured in another context, or "
                                                                "nothing is left to train on"),
                     task.path, "leave the context out with --context, or choose another --split");
  }
  return {};
}

// Those of these names; each must be one.
Result<std::vector<Split>> keep_named(const Task& task, const std::string& family, std::vector<Split> splits,
                                      const std::vector<std::string>& names) {
  std::set<std::string> known;
  for (const Split& split : splits) known.insert(split.name);
  const std::vector<std::string> chosen =
      names_chosen(names, [&](const std::string& name) { return known.contains(name); });
  for (const std::string& name : chosen) {
    if (known.contains(name)) continue;
    return bad_input(fmt::format("the family '{}' has no split '{}'", family, name), task.path,
                     fmt::format("its splits are {}", fmt::join(known, ", ")));
  }
  std::erase_if(
      splits, [&](const Split& split) { return std::find(chosen.begin(), chosen.end(), split.name) == chosen.end(); });
  return splits;
}

}  // namespace

std::vector<Ids> parts_of_perturbations(const Ids& labels) {
  const std::set<std::string, std::less<>> singles(labels.begin(), labels.end());
  std::vector<Ids> parts;
  for (const std::string& label : labels) parts.push_back(parts_of_combination(label, singles));
  return parts;
}

std::vector<std::string> nulls_of_family(const std::string& family, bool are_classes) {
  if (family == kFamilyTransfer) return {kNullMeanElsewhere};
  if (family == kFamilyTransferFew || family == kFamilyFile) return {kNullMeanElsewhere, kNullTargetMean};
  if (family == kFamilyCombination && !are_classes) return {kNullSumOfParts, kNullLargerPart};
  return {};
}

Result<void> check_split_request(const SplitRequest& request) {
  constexpr int kMostFolds = 1000;
  if (request.joint && request.family != kFamilyWithin) {
    return bad_input("splits of this family train over several contexts already", "--joint",
                     "leave it out: it is for the folds within a context");
  }
  // What another family alone knows would go unheard.
  const SplitRequest defaults;
  if (request.family != kFamilyTransferFew && request.few_percent != defaults.few_percent) {
    return bad_input(fmt::format("it has no part in the split {}", request.family), "--few-percent",
                     "leave it out, or ask for --split transfer-few");
  }
  if (request.family != kFamilyCombination && request.test_doubles != defaults.test_doubles) {
    return bad_input(fmt::format("it has no part in the split {}", request.family), "--test-doubles",
                     "leave it out, or ask for --split combination");
  }
  if (request.family == kFamilyTransferFew && !(request.few_percent > 0 && request.few_percent < 100)) {
    return bad_input(fmt::format("it is {:g}", request.few_percent), "--few-percent",
                     "give a number above 0, below 100");
  }
  if (request.family == kFamilyCombination && !(request.test_doubles >= 0 && request.test_doubles <= 100)) {
    return bad_input(fmt::format("it is {:g}", request.test_doubles), "--test-doubles", "give a number from 0 to 100");
  }
  const bool makes_folds = request.family == kFamilyBoth || request.family == kFamilyCombination;
  if (makes_folds && (request.n_folds < 2 || request.n_folds > kMostFolds)) {
    return bad_input(fmt::format("{} folds were asked for", request.n_folds), "--folds",
                     fmt::format("give 2 to {}", kMostFolds));
  }
  return {};
}

Result<std::vector<Split>> make_splits(const Task& task, const SplitRequest& request,
                                       const std::vector<std::string>& names) {
  if (auto valid = check_split_request(request); !valid) return tl::unexpected<Error>(valid.error());
  if (request.joint) return joint_splits(task, names);
  if (request.family == kFamilyWithin) return splits_within(task, names);
  auto splits = splits_of_family(task, request);
  if (!splits) return splits;
  if (auto dropped = drop_empty(task, request, *splits); !dropped) return tl::unexpected<Error>(dropped.error());
  return names.empty() ? splits : keep_named(task, request.family, std::move(*splits), names);
}

}  // namespace headroom
