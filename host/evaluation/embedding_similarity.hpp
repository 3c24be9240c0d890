// Which embeddings of a run say the same of its perturbations: the mean canonical correlation of their leading
// components on the perturbations that both know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/embedding.hpp"
#include "evaluation/leading_components.hpp"
#include "evaluation/run_results.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// The vectors that are there, standardised and projected on their leading components. None where they cannot be: too
// few, or all equal.
std::optional<LeadingComponents> leading_components(const Embedding& embedding);

// Every pair, with the embeddings in the order of a dendrogram. `components`: parallel to names.
EmbeddingSimilarity compare_embeddings(const std::string& context, const std::vector<std::string>& names,
                                       const std::vector<LeadingComponents>& components, ThreadPool& pool);

}  // namespace headroom
