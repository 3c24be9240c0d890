#include "plan/plan_record.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "plan/evaluation_inputs.hpp"

namespace headroom {
namespace {

// How far from an equal share a shard may end for the sake of one that begins with an embedding.
constexpr double kTolerance = 0.05;

double n_rows_of(const Split& split) { return static_cast<double>(split.training.size() + split.test.size()); }

// The fold's rows and their copy for the worker, predictions of the test rows, and the products of rows that the
// context shares.
double memory_bytes_of(const Split& split, const Task& task) {
  const double n_rows = n_rows_of(split), n_genes = static_cast<double>(task.gene_ids.size());
  const double n_tests = static_cast<double>(split.test.size());
  return sizeof(double) * (2 * n_rows * n_genes + 4 * n_tests * n_genes + 3 * n_rows * n_rows);
}

// Items in the order in which shards take them: by context, then what shares an embedding.
std::vector<std::size_t> order_of_items(const PlanRecord& plan) {
  std::vector<std::size_t> order(static_cast<std::size_t>(plan.items_size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::map<std::string, std::size_t> contexts, methods;  // by first appearance
  std::vector<std::tuple<std::size_t, std::size_t>> places;
  for (const PlanItemRecord& item : plan.items()) {
    const std::size_t context = contexts.emplace(item.context(), contexts.size()).first->second;
    const std::string first = item.methods_size() > 0 ? item.methods(0) : "";
    places.emplace_back(context, methods.emplace(first, methods.size()).first->second);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  return order;
}

bool begins_embedding(const PlanRecord& plan, const std::vector<std::size_t>& order, std::size_t at) {
  if (at == 0 || at == order.size()) return true;
  const PlanItemRecord &before = plan.items(static_cast<int>(order[at - 1])),
                       &item = plan.items(static_cast<int>(order[at]));
  return before.context() != item.context() || before.methods(0) != item.methods(0);
}

// Among ends at which a shard may stop, that nearest to `target` in cost (costs[i]: of what lies before i); one where
// an embedding begins is taken if it is not much further.
std::size_t end_near(double target, double share, const std::vector<double>& costs,
                     const std::vector<std::uint8_t>& begins, std::size_t from) {
  std::size_t nearest = from, nearest_begin = from;
  bool has_begin = false;
  for (std::size_t i = from; i < costs.size(); ++i) {
    const double off = std::abs(costs[i] - target);
    if (off < std::abs(costs[nearest] - target)) nearest = i;
    if (begins[i] && (!has_begin || off < std::abs(costs[nearest_begin] - target))) {
      nearest_begin = i;
      has_begin = true;
    }
  }
  const bool is_close = has_begin && std::abs(costs[nearest_begin] - target) <= kTolerance * share;
  return is_close ? nearest_begin : nearest;
}

std::string short_hash(const std::string& sha256) { return sha256.empty() ? "none" : sha256.substr(0, 8) + "…"; }

std::string name_of(const PlannedInput& input) {
  return input.path().empty() ? input.what() : fmt::format("{} ({})", input.what(), input.path());
}

std::string difference_of_inputs(const RunPlan& planned, const RunPlan& now) {
  std::map<std::string, const PlannedInput*> left;
  for (const PlannedInput& input : now.inputs()) left[input.what()] = &input;
  for (const PlannedInput& input : planned.inputs()) {
    const auto found = left.find(input.what());
    if (found == left.end()) return fmt::format("{} is no longer there", name_of(input));
    if (found->second->sha256() != input.sha256()) {
      return fmt::format("{} has changed: sha256 {}, now {}", name_of(input), short_hash(input.sha256()),
                         short_hash(found->second->sha256()));
    }
    left.erase(found);
  }
  return left.empty() ? "" : fmt::format("{} was not there", name_of(*left.begin()->second));
}

}  // namespace

PlanRecord plan_record(const Plan& plan, const Task& task, const NoiseTable* noise, const RunOptions& options,
                       const Roster& roster, const RunSettings& settings) {
  PlanRecord record;
  record.set_target(plan.target->name);
  record.set_task_sha256(task.sha256);
  if (noise != nullptr) record.set_noise_sha256(noise->sha256);
  *record.mutable_settings() = settings;
  for (const PlanItem& item : plan.items) {
    PlanItemRecord& written = *record.add_items();
    const Split& split = plan.contexts[item.context].splits[item.split];
    written.set_context(plan.contexts[item.context].name);
    written.set_split(split.name);
    written.set_split_family(split.family);
    written.set_kind(source_of(item.kind).name);
    for (const std::size_t m : item.methods) {
      EvaluationKey key = part_key_of(plan, item, plan.methods[m], options, roster, noise);
      std::erase_if(key.inputs, [](const EvaluationInput& input) { return input.name == kKernelsInput; });
      written.add_methods(key.method);
      written.add_fingerprints(fingerprint_of(key.inputs));
    }
    written.set_part(static_cast<std::uint32_t>(item.part));
    written.set_n_parts(static_cast<std::uint32_t>(item.n_parts));
    constexpr double kRowsOfUnit = 1000;
    written.set_cost(item.cost * n_rows_of(split) / kRowsOfUnit);
    written.set_memory_bytes(static_cast<std::uint64_t>(memory_bytes_of(split, task)));
    for (const std::size_t e : plan.methods[item.methods.front()].embeddings) {
      written.add_plugins(roster.embeddings[e].name);
    }
  }
  return record;
}

std::string plan_json(const RunPlan& plan) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // A message that this program made has no text that is not UTF-8 and no unknown field: it cannot fail.
  (void)google::protobuf::util::MessageToJsonString(plan, &json, options);
  return json + "\n";
}

Result<RunPlan> parse_plan_json(const std::string& json, const std::string& where) {
  RunPlan plan;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const bool is_read = google::protobuf::util::JsonStringToMessage(json, &plan, options).ok();
  if (!is_read || plan.targets_size() == 0) {
    return bad_input("this is no plan of a run", where, "give a folder that headroom plan wrote");
  }
  for (const PlanRecord& target : plan.targets()) {
    for (int i = 0; i < target.items_size(); ++i) {
      const PlanItemRecord& item = target.items(i);
      if (item.methods_size() > 0 && item.methods_size() == item.fingerprints_size() && item.part() < item.n_parts()) {
        continue;
      }
      return bad_input(fmt::format("item {} of the plan does not fit together", i), where, "write the plan again");
    }
  }
  return plan;
}

std::string difference_of_plans(const RunPlan& planned, const RunPlan& now) {
  if (planned.headroom_build() != now.headroom_build()) {
    return fmt::format("it was made by Headroom {}, this is {}", planned.headroom_build(), now.headroom_build());
  }
  if (std::string changed = difference_of_inputs(planned, now); !changed.empty()) return changed;
  if (planned.targets_size() != now.targets_size()) return "the task holds other targets now";
  for (int t = 0; t < planned.targets_size(); ++t) {
    const PlanRecord &before = planned.targets(t), &after = now.targets(t);
    if (before.target() != after.target()) return "the task holds other targets now";
    if (before.items_size() != after.items_size()) {
      return fmt::format("it has {} pieces of work, now {}", before.items_size(), after.items_size());
    }
    for (int i = 0; i < before.items_size(); ++i) {
      const PlanItemRecord &a = before.items(i), &b = after.items(i);
      if (google::protobuf::util::MessageDifferencer::Equals(a, b)) continue;
      return fmt::format("{} {} {} is made from other inputs now (the confinement of a plugin is one of them)",
                         a.context(), a.split(), a.methods(0));
    }
  }
  return {};
}

std::vector<std::vector<std::size_t>> shards_of(const PlanRecord& plan, std::size_t n_shards) {
  const std::vector<std::size_t> order = order_of_items(plan);
  std::vector<double> costs = {0.0};
  std::vector<std::uint8_t> begins;
  for (std::size_t i = 0; i <= order.size(); ++i) begins.push_back(begins_embedding(plan, order, i));
  for (const std::size_t item : order) costs.push_back(costs.back() + plan.items(static_cast<int>(item)).cost());
  const double share = costs.back() / static_cast<double>(n_shards);
  std::vector<std::vector<std::size_t>> shards(n_shards);
  std::size_t from = 0;
  for (std::size_t s = 0; s < n_shards; ++s) {
    const bool is_last = s + 1 == n_shards;
    const std::size_t to =
        is_last ? order.size() : end_near(share * static_cast<double>(s + 1), share, costs, begins, from);
    shards[s].assign(order.begin() + static_cast<std::ptrdiff_t>(from),
                     order.begin() + static_cast<std::ptrdiff_t>(to));
    std::sort(shards[s].begin(), shards[s].end());
    from = to;
  }
  return shards;
}

}  // namespace headroom
