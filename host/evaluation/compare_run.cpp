#include "evaluation/compare_run.hpp"

#include <new>
#include <optional>
#include <string>

#include "evaluation/embedding.hpp"
#include "evaluation/embedding_similarity.hpp"

namespace headroom {

std::vector<EmbeddingSimilarity> compare_embeddings_of_run(const Task& task, const RunOptions& options,
                                                           const Roster& roster, const Plan& plan,
                                                           const std::vector<std::unique_ptr<ContextWork>>& works,
                                                           ThreadPool& pool, const std::stop_token& stop) {
  std::vector<EmbeddingSimilarity> similarities;
  const std::size_t n = roster.embeddings.size();
  for (std::size_t c = 0; c < works.size() && n > 1; ++c) {
    if (plan.contexts[c].splits.empty()) continue;
    std::vector<std::shared_ptr<const std::optional<LeadingComponents>>> made(n);
    pool.for_each(n, [&](std::size_t e) {
      const RosterEntry& plugin = roster.embeddings[e];
      if (plugin.fault || plugin.description.wants_training() || stop.stop_requested()) return;
      made[e] = works[c]->components[e].get([&]() -> std::optional<LeadingComponents> {
        try {
          const auto answer = ask_for_embedding(plugin, task, contexts_of(task, plan.contexts[c].splits.front()),
                                                nullptr, options.seed, effective_combine(options));
          return answer ? leading_components(*answer) : std::nullopt;
        } catch (const std::bad_alloc&) {
          return std::nullopt;
        }
      });
    });
    std::vector<std::string> names;
    std::vector<LeadingComponents> components;
    for (std::size_t e = 0; e < n; ++e) {
      if (!made[e] || !*made[e]) continue;
      names.push_back(roster.embeddings[e].name);
      components.push_back(**made[e]);
    }
    if (names.size() < 2) continue;
    similarities.push_back(compare_embeddings(plan.contexts[c].name, names, components));
  }
  return similarities;
}

}  // namespace headroom
