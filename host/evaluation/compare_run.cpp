#include "evaluation/compare_run.hpp"

#include <fmt/format.h>

#include <new>
#include <set>
#include <string>

#include "evaluation/embedding.hpp"
#include "evaluation/embedding_similarity.hpp"
#include "io/sha256.hpp"
#include "plan/evaluation_inputs.hpp"

namespace headroom {
namespace {

bool has_pairs(std::size_t n_embeddings) { return n_embeddings > 1 && n_embeddings <= kMostComparedEmbeddings; }

bool is_compared(const RosterEntry& plugin) { return !plugin.fault && !plugin.description.wants_training(); }

std::vector<std::size_t> contexts_asked(const ComparedEmbedding& at, const Task& task, const Plan& plan) {
  return contexts_of(task, plan.contexts[at.context].splits.front());
}

}  // namespace

std::vector<ComparedEmbedding> compared_of_items(const RunOptions& options, const Roster& roster, const Plan& plan,
                                                 const std::vector<std::size_t>& items) {
  std::set<ComparedEmbedding> compared;
  if (!options.compare_embeddings || !has_pairs(roster.embeddings.size())) return {};
  for (const std::size_t i : items) {
    const PlanItem& item = plan.items[i];
    for (const std::size_t m : item.methods) {
      for (const std::size_t e : plan.methods[m].embeddings) {
        if (is_compared(roster.embeddings[e])) compared.insert({item.context, e});
      }
    }
  }
  return {compared.begin(), compared.end()};
}

EmbeddingKey key_of_compared(const ComparedEmbedding& at, const Task& task, const RunOptions& options,
                             const Roster& roster, const Plan& plan) {
  const RosterEntry& plugin = roster.embeddings[at.embedding];
  std::string asked;  // ids may hold any character, so each is preceded by its length
  const auto ask_for = [&](const std::string& text) { asked += fmt::format("{} {}\n", text.size(), text); };
  for (const std::size_t c : contexts_asked(at, task, plan)) {
    ask_for(task.contexts[c].name);
    for (const std::string& id : task.contexts[c].pert_ids) ask_for(id);
  }
  EvaluationInputs inputs = {{"Headroom", options.build},
                             {"task", task.sha256},
                             {"perturbations", sha256_of_bytes(asked).value_or(asked)},
                             {"seed", std::to_string(options.seed)},
                             {"unknown combinations", combine_name(effective_combine(options))},
                             {kKernelsInput, options.kernels}};
  add_embedding_inputs(inputs, plugin, plan.genes);
  return {plan.contexts[at.context].name, plugin.name, fingerprint_of(inputs), plan.target->name};
}

bool fits(const LeadingComponents& kept, const ComparedEmbedding& at, const Task& task, const Plan& plan) {
  std::size_t n = 0;
  for (const std::size_t c : contexts_asked(at, task, plan)) n += task.contexts[c].pert_ids.size();
  return kept.present.size() == n;
}

std::shared_ptr<const std::optional<LeadingComponents>> components_of(
    const ComparedEmbedding& at, const Task& task, const RunOptions& options, const Roster& roster, const Plan& plan,
    const std::vector<std::unique_ptr<ContextWork>>& works) {
  return works[at.context]->components[at.embedding].get([&]() -> std::optional<LeadingComponents> {
    try {
      const auto answer = ask_for_embedding(roster.embeddings[at.embedding], task, contexts_asked(at, task, plan),
                                            nullptr, options.seed, effective_combine(options));
      return answer ? leading_components(*answer) : std::nullopt;
    } catch (const std::bad_alloc&) {
      return std::nullopt;
    }
  });
}

std::vector<EmbeddingSimilarity> compare_embeddings_of_run(const Task& task, const RunOptions& options,
                                                           const Roster& roster, const Plan& plan,
                                                           const std::vector<std::unique_ptr<ContextWork>>& works,
                                                           ThreadPool& pool, const std::stop_token& stop) {
  std::vector<EmbeddingSimilarity> similarities;
  const std::size_t n = roster.embeddings.size();
  for (std::size_t c = 0; c < works.size() && has_pairs(n); ++c) {
    if (plan.contexts[c].splits.empty()) continue;
    std::vector<std::shared_ptr<const std::optional<LeadingComponents>>> made(n);
    pool.for_each(n, [&](std::size_t e) {
      if (!is_compared(roster.embeddings[e]) || stop.stop_requested()) return;
      made[e] = components_of({c, e}, task, options, roster, plan, works);
    });
    std::vector<std::string> names;
    std::vector<LeadingComponents> components;
    for (std::size_t e = 0; e < n; ++e) {
      if (!made[e] || !*made[e]) continue;
      names.push_back(roster.embeddings[e].name);
      components.push_back(**made[e]);
    }
    if (names.size() < 2) continue;
    similarities.push_back(compare_embeddings(plan.contexts[c].name, names, components, pool));
  }
  return similarities;
}

}  // namespace headroom
