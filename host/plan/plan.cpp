#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plan/evaluation_inputs.hpp"
#include "plan/fusion.hpp"
#include "plan/left_out_genes.hpp"
#include "plan/split_families.hpp"

namespace headroom {
namespace {

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Planner {
 public:
  Planner(const Task& task, const RunOptions& options, const Roster& roster)
      : task_(task), options_(options), roster_(roster) {}

  Result<Plan> plan() {
    plan_.target = &target_of(task_);
    plan_.metrics = evaluated_metrics(*plan_.target, options_, task_);
    plan_.genes = gene_input(task_);
    for (std::size_t h = 0; h < roster_.n_tables; ++h) {
      const bool shipped = roster_.heads[h].file->shipped, borrows = options_.bounds_per_head && !shipped;
      plan_.heads.push_back({roster_.heads[h].name, shipped, borrows ? plan_.target->protocol_heads.front() : "",
                             options_.bounds_per_head});
    }
    // Where there are no heads, all methods stand in one table.
    if (plan_.target->protocol_heads.empty()) plan_.heads.emplace_back();
    auto splits = make_splits(task_, options_.split, options_.folds);
    if (!splits) return tl::unexpected<Error>(splits.error());
    if (auto fit = check_fusions(); !fit) return tl::unexpected<Error>(fit.error());
    if (auto left = check_genes_left(task_, options_.excluded_targets); !left) {
      return tl::unexpected<Error>(left.error());
    }
    add_contexts(std::move(*splits));
    add_methods();
    for (std::size_t c = 0; c < plan_.contexts.size(); ++c) {
      for (std::size_t s = 0; s < plan_.contexts[c].splits.size(); ++s) add_items(c, s);
    }
    return std::move(plan_);
  }

 private:
  // What a supervised embedding says of training rows was made of their labels, by which a fusion weighs its blocks: it
  // would be trusted for what it was told.
  Result<void> check_fusions() const {
    for (const FusionSpec& fusion : options_.fusions) {
      for (const std::size_t block : blocks_of(fusion, options_)) {
        const RosterEntry& embedding = roster_.embeddings[block];
        if (!embedding.description.wants_training()) continue;
        return bad_input(
            "the embedding '" + embedding.name + "' is made from training labels, by which a fusion weighs its blocks",
            "--fusion " + fusion.name, "leave it out: name the other embeddings");
      }
    }
    return {};
  }

  PlannedContext& add_context(std::size_t c) {
    PlannedContext& context = plan_.contexts.emplace_back();
    context.name = task_.contexts[c].name;
    context.task_context = c;
    context.family = options_.split.family;
    return context;
  }

  // A context that is tested is one of the plan; combinations are apart by how many of their parts are unseen.
  PlannedContext& context_of(const Split& split) {
    const bool by_parts = split.family == kFamilyCombination;
    for (PlannedContext& known : plan_.contexts) {
      const bool same_parts = !by_parts || known.unseen_parts == split.unseen_parts;
      if (known.task_context == split.context && same_parts) return known;
    }
    PlannedContext& context = add_context(split.context);
    if (!by_parts) return context;
    context.unseen_parts = split.unseen_parts;
    context.name += fmt::format(" ({} unseen part{})", split.unseen_parts, split.unseen_parts == 1 ? "" : "s");
    return context;
  }

  void add_contexts(std::vector<Split> splits) {
    if (options_.split.family == kFamilyWithin) {
      for (std::size_t c = 0; c < task_.contexts.size(); ++c) add_context(c);
    }
    for (Split& split : splits) {
      PlannedContext& context = context_of(split);
      EvaluationInputs& inputs = context.inputs.emplace_back(inputs_of_split(options_, task_, split));
      if (plan_.target->scores_whole_folds()) {  // resamples are drawn by it
        inputs.push_back({"position of the fold", std::to_string(context.splits.size())});
      }
      context.splits.push_back(std::move(split));
    }
    for (PlannedContext& context : plan_.contexts) {
      context.n_excluded_targets =
          n_excluded_targets(task_, context.splits, context.task_context, options_.excluded_targets);
      context.n_panel_targets = n_excluded_targets(task_, context.splits, context.task_context, ExcludedTargets::panel);
      for (const RosterEntry& predictions : roster_.predictions) {
        for (const std::string& note : predictions.notes) context.notes.push_back(predictions.name + ": " + note);
      }
      if (!options_.fusions.empty() && roster_.n_fusion_heads == 0) {
        context.notes.push_back("no fusion predictor of this run predicts " +
                                std::string(plan_.target->classes.empty() ? "deltas" : "classes"));
      }
    }
  }

  PlannedMethod& add_method(MethodKind kind, const std::string& embedding, std::optional<std::size_t> head, Role role,
                            bool in_bound) {
    PlannedMethod& method = plan_.methods.emplace_back();
    method.name = embedding;
    method.kind = kind;
    method.head = head;
    method.role = role;
    method.in_bound = in_bound;
    if (head) {
      method.embedding = embedding;
      method.predictor = roster_.heads[*head].name;
      method.name += "+" + method.predictor;
    }
    return method;
  }

  // Those that a family has of its own compete, too, unless --nulls names others.
  bool takes_relation_null(const std::string& name) const {
    const bool any_named = std::any_of(kRelationNulls.begin(), kRelationNulls.end(),
                                       [&](const char* null) { return holds(options_.nulls, null); });
    return any_named ? holds(options_.nulls, name) : !options_.nulls_are_named;
  }

  PlannedMethod& add_sampling_error(MethodKind kind, const std::string& name, bool is_published_ceiling) {
    const bool in_bound = holds(options_.ceiling, name);
    return add_method(kind, name, {}, in_bound || is_published_ceiling ? Role::cheater : Role::reference, in_bound);
  }

  // In the order in which they are reported.
  void add_methods() {
    const Target& target = *plan_.target;
    for (std::size_t n = 0; n < target.constant_nulls.size(); ++n) {
      const std::string& name = target.constant_nulls[n].name;
      add_method(MethodKind::constant_null, name, {}, Role::null_method, holds(options_.nulls, name)).index = n;
    }
    for (const std::string& name : nulls_of_family(options_.split.family, !target.classes.empty())) {
      add_method(MethodKind::relation_null, name, {}, Role::null_method, takes_relation_null(name));
    }
    const std::vector<std::size_t> heads = heads_of_bounds();
    for (const std::size_t h : heads) {
      for (const auto& [kind, name] :
           {std::pair{MethodKind::random, kNullRandom}, std::pair{MethodKind::gene_pca, kNullGenePca}}) {
        if (holds(options_.nulls, name)) add_method(kind, name, h, Role::null_method, true);
      }
    }
    for (const std::size_t h : heads) {
      if (!may_see_test_labels(h)) continue;
      add_method(MethodKind::idealized, kCeilingIdealized, h, Role::cheater,
                 holds(options_.ceiling, kCeilingIdealized));
    }
    for (std::size_t n = 0; n < target.noise_methods.size(); ++n) {
      add_sampling_error(MethodKind::noise, target.noise_methods[n].name, target.noise_methods[n].is_published_ceiling)
          .index = n;
    }
    for (std::size_t n = 0; n < target.trial_methods.size(); ++n) {
      add_sampling_error(MethodKind::trials, target.trial_methods[n].name, target.trial_methods[n].is_published_ceiling)
          .index = n;
    }
    for (std::size_t n = 0; n < target.depth_right_methods.size(); ++n) {
      const std::string& name = target.depth_right_methods[n].name;
      // Of a task without cells there is nothing to tell.
      if (!task_.has_sampling_errors && !holds(options_.ceiling, name)) continue;
      add_sampling_error(MethodKind::depth_right, name, false).index = n;
    }
    for (std::size_t n = 0; n < target.cell_methods.size(); ++n) {
      const CellMethod& method = target.cell_methods[n];
      if (method.is_null) {
        add_method(MethodKind::made_cells, method.name, {}, Role::null_method, holds(options_.nulls, method.name))
            .index = n;
      } else {
        add_sampling_error(MethodKind::made_cells, method.name, method.is_default_ceiling).index = n;
      }
    }
    for (std::size_t e = 0; e < roster_.embeddings.size(); ++e) {
      // A borrowed head serves the bounds alone.
      for (std::size_t h = 0; h < plan_.heads.size(); ++h) {
        PlannedMethod& method = add_method(MethodKind::embedding, roster_.embeddings[e].name, h, Role::plugin, false);
        method.embeddings = {e};
        if (roster_.embeddings[e].description.wants_training()) method.flags.push_back("supervised embedding");
        flag_combinations(method);
      }
    }
    for (const FusionSpec& fusion : options_.fusions) add_fusion(fusion);
    for (std::size_t p = 0; p < roster_.predictions.size(); ++p) {
      const MethodKind kind = target.is_of_cells() ? MethodKind::predicted_cells : MethodKind::predictions;
      PlannedMethod& method = add_method(kind, roster_.predictions[p].name, {}, Role::plugin, false);
      method.index = p;
      method.flags.push_back("finished predictions");
    }
  }

  // A fusion through each of its heads, then, if that is asked for, without each of its blocks. A head that takes no
  // fewer blocks than the fusion has is not asked with fewer.
  void flag_combinations(PlannedMethod& method) const {
    const Combine combine = effective_combine(options_);
    if (combine == Combine::none) return;
    method.flags.push_back(fmt::format("unknown combinations: {} of their parts", combine_name(combine)));
  }

  void add_fusion(const FusionSpec& fusion) {
    const std::vector<std::size_t> blocks = blocks_of(fusion, options_);
    for (std::size_t h = roster_.first_fusion_head(); h < roster_.heads.size(); ++h) {
      PlannedMethod& method = add_method(MethodKind::fusion, fusion.name, h, Role::plugin, false);
      method.embeddings = blocks;
      flag_combinations(method);
    }
    for (const std::size_t left_out : options_.ablate ? blocks : std::vector<std::size_t>{}) {
      const std::string& block = roster_.embeddings[left_out].name;
      for (std::size_t h = roster_.first_fusion_head(); h < roster_.heads.size(); ++h) {
        if (roster_.heads[h].description.min_blocks() >= static_cast<int>(blocks.size())) continue;
        PlannedMethod& method =
            add_method(MethodKind::fusion, name_without(fusion.name, block), h, Role::plugin, false);
        method.left_out = block;
        method.whole = fusion.name + "+" + method.predictor;
        method.embeddings = blocks;
        std::erase(method.embeddings, left_out);
      }
    }
  }

  // Through which the nulls and the idealized cheater go: those of the protocol, whoever is measured.
  std::vector<std::size_t> heads_of_bounds() const {
    std::vector<std::size_t> heads;
    for (std::size_t h = 0; h < roster_.first_fusion_head(); ++h) {
      const RosterEntry& head = roster_.heads[h];
      const bool is_of_protocol = head.file->shipped && holds(plan_.target->protocol_heads, head.name);
      if (options_.bounds_per_head || is_of_protocol) heads.push_back(h);
    }
    return heads;
  }

  // Only Headroom's own heads are known not to keep what they are shown.
  bool may_see_test_labels(std::size_t head) const { return roster_.heads[head].file->shipped; }

  void add_items(std::size_t context, std::size_t split) {
    for (const MethodSource& source : method_sources()) {
      for (std::vector<std::size_t>& methods : methods_by_embedding(source)) {
        const std::size_t n_parts = source.n_parts(options_);
        const std::size_t n_blocks = std::max<std::size_t>(1, plan_.methods[methods.front()].embeddings.size());
        for (std::size_t part = 0; part < n_parts; ++part) {
          plan_.items.push_back({context, split, source.kind, methods, part, n_parts,
                                 source.cost * static_cast<double>(methods.size() * n_blocks)});
        }
      }
    }
  }

  // The methods of a kind, those together that share an embedding.
  std::vector<std::vector<std::size_t>> methods_by_embedding(const MethodSource& source) const {
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t m = 0; m < plan_.methods.size(); ++m) {
      const PlannedMethod& method = plan_.methods[m];
      if (method.kind != source.kind) continue;
      const bool shares = source.through_head && !groups.empty() &&
                          plan_.methods[groups.back().front()].embeddings == method.embeddings;
      if (!shares) groups.emplace_back();
      groups.back().push_back(m);
    }
    return groups;
  }

  const Task& task_;
  const RunOptions& options_;
  const Roster& roster_;
  Plan plan_;
};

}  // namespace

std::vector<Metric> evaluated_metrics(const Target& target, const RunOptions& options, const Task& task) {
  std::vector<Metric> metrics;
  if (options.metrics.empty()) {
    std::copy_if(target.metrics.begin(), target.metrics.end(), std::back_inserter(metrics),
                 [&](Metric metric) { return metric != Metric::WMSE || !task.columns.weights_source.empty(); });
    return metrics;
  }
  for (const Metric metric : target.known_metrics) {
    if (std::find(options.metrics.begin(), options.metrics.end(), metric) != options.metrics.end()) {
      metrics.push_back(metric);
    }
  }
  return metrics;
}

Result<Plan> make_plan(const Task& task, const RunOptions& options, const Roster& roster) {
  return Planner(task, options, roster).plan();
}

EvaluationKey key_of(const Plan& plan, const PlanItem& item, const PlannedMethod& method, const RunOptions& options,
                     const Roster& roster, const NoiseTable* noise) {
  const PlannedContext& context = plan.contexts[item.context];
  EvaluationInputs inputs = context.inputs[item.split];
  if (method.head) add_head_inputs(inputs, options, roster.heads[*method.head]);
  source_of(method.kind).add_inputs(inputs, {options, roster, noise, plan.genes}, method);
  std::string fingerprint = fingerprint_of(inputs);
  return {context.name,     context.splits[item.split].name, method.name, std::move(fingerprint), std::move(inputs),
          plan.target->name};
}

EvaluationKey part_key_of(const Plan& plan, const PlanItem& item, const PlannedMethod& method,
                          const RunOptions& options, const Roster& roster, const NoiseTable* noise) {
  EvaluationKey key = key_of(plan, item, method, options, roster, noise);
  if (item.n_parts == 1) return key;
  const std::string part = fmt::format("part {} of {}", item.part + 1, item.n_parts);
  key.method += fmt::format(" ({})", part);
  key.inputs.push_back({"of a mean", part});
  key.fingerprint = fingerprint_of(key.inputs);
  return key;
}

}  // namespace headroom
