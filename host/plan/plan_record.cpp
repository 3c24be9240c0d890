#include "plan/plan_record.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <numeric>

namespace headroom {
namespace {

// Positions of items that must stay together, and what they cost.
struct Group {
  std::vector<std::size_t> items;
  double cost = 0;
};

std::vector<Group> groups_of(const PlanRecord& plan) {
  const auto n = static_cast<std::size_t>(plan.items_size());
  std::vector<std::size_t> first(n);  // the first item of each item's group
  std::iota(first.begin(), first.end(), std::size_t{0});
  for (std::size_t i = 0; i < n; ++i) {
    for (const std::uint32_t needed : plan.items(static_cast<int>(i)).needs()) {
      const std::size_t joined = std::min(first[i], first[needed]), left = std::max(first[i], first[needed]);
      std::replace(first.begin(), first.end(), left, joined);
    }
  }
  std::vector<Group> groups(n);
  for (std::size_t i = 0; i < n; ++i) {
    groups[first[i]].items.push_back(i);
    groups[first[i]].cost += plan.items(static_cast<int>(i)).cost();
  }
  std::erase_if(groups, [](const Group& group) { return group.items.empty(); });
  return groups;
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
      written.add_methods(plan.methods[m].name);
      written.add_fingerprints(key_of(plan, item, plan.methods[m], options, roster, noise).fingerprint);
    }
    written.set_part(static_cast<std::uint32_t>(item.part));
    written.set_n_parts(static_cast<std::uint32_t>(item.n_parts));
    for (const std::size_t needed : item.needs) written.add_needs(static_cast<std::uint32_t>(needed));
    written.set_cost(item.cost);
  }
  return record;
}

std::string plan_json(const PlanRecord& plan) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // A message that this program made has no text that is not UTF-8 and no unknown field: it cannot fail.
  (void)google::protobuf::util::MessageToJsonString(plan, &json, options);
  return json + "\n";
}

Result<PlanRecord> parse_plan_json(const std::string& json, const std::string& where) {
  PlanRecord plan;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(json, &plan, options).ok()) {
    return bad_input("this is no plan of a run", where, "give a file that Headroom wrote as a plan");
  }
  for (int i = 0; i < plan.items_size(); ++i) {
    const PlanItemRecord& item = plan.items(i);
    if (item.methods_size() != item.fingerprints_size() || item.part() >= item.n_parts()) {
      return bad_input(fmt::format("item {} of the plan does not fit together", i), where, "write the plan again");
    }
    for (const std::uint32_t needed : item.needs()) {
      if (needed < static_cast<std::uint32_t>(plan.items_size())) continue;
      return bad_input(fmt::format("item {} of the plan needs item {}, which there is not", i, needed), where,
                       "write the plan again");
    }
  }
  return plan;
}

std::vector<std::vector<std::size_t>> shards_of(const PlanRecord& plan, std::size_t n_shards) {
  std::vector<std::vector<std::size_t>> shards(n_shards);
  std::vector<Group> groups = groups_of(plan);
  // The dearest first, each to the shard that has least so far.
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.cost > b.cost; });
  std::vector<double> cost(n_shards, 0.0);
  for (const Group& group : groups) {
    const auto least = static_cast<std::size_t>(std::min_element(cost.begin(), cost.end()) - cost.begin());
    cost[least] += group.cost;
    shards[least].insert(shards[least].end(), group.items.begin(), group.items.end());
  }
  for (auto& shard : shards) std::sort(shard.begin(), shard.end());
  return shards;
}

}  // namespace headroom
