#include "evaluation/embeddings_to_ask.hpp"

#include <set>
#include <utility>

namespace headroom {

std::vector<EmbeddingToAsk> embeddings_to_ask(const Plan& plan, const Roster& roster,
                                              const std::vector<std::size_t>& items,
                                              const std::function<bool(const PlanItem&)>& is_left) {
  std::vector<EmbeddingToAsk> questions;
  std::set<std::pair<std::size_t, std::size_t>> known;  // context and plugin
  for (const std::size_t i : items) {
    const PlanItem& item = plan.items[i];
    const std::vector<std::size_t>& plugins = plan.methods[item.methods.front()].embeddings;
    if (plugins.empty() || !is_left(item)) continue;
    for (const std::size_t plugin : plugins) {
      const RosterEntry& entry = roster.embeddings[plugin];
      if (entry.fault || entry.data || entry.description.wants_training()) continue;
      if (known.emplace(item.context, plugin).second) questions.push_back({i, plugin});
    }
  }
  return questions;
}

}  // namespace headroom
