// Which embeddings a run has to ask once a context, whatever uses their vectors.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "plan/plan.hpp"
#include "plan/roster.hpp"

namespace headroom {

struct EmbeddingToAsk {
  std::size_t item = 0;    // the first of the plan that needs it in its context
  std::size_t plugin = 0;  // in Roster::embeddings
};

// Plugins alone (a file of vectors is read in no time), and of these the ones that work and want no training part: the
// others are asked anew in every split. In the order of `items` (of the plan, ascending), of which those count that
// have something left to do.
std::vector<EmbeddingToAsk> embeddings_to_ask(const Plan& plan, const Roster& roster,
                                              const std::vector<std::size_t>& items,
                                              const std::function<bool(const PlanItem&)>& is_left);

}  // namespace headroom
