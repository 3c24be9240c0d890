// Which embeddings of a run say the same of its perturbations: the mean canonical correlation of their leading
// components on the perturbations that both know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/embedding.hpp"
#include "evaluation/run_results.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

// What is left of an embedding to compare it by.
struct LeadingComponents {
  Matrix scores;                      // perturbations of the context × at most kComparedComponents; zero where absent
  std::vector<std::uint8_t> present;  // per perturbation
};

inline constexpr Eigen::Index kComparedComponents = 10;

// The vectors that are there, standardised and projected on their leading components. None where they cannot be: too
// few, or all equal.
std::optional<LeadingComponents> leading_components(const Embedding& embedding);

// Every pair, with the embeddings in the order of a dendrogram. `components`: parallel to names.
EmbeddingSimilarity compare_embeddings(const std::string& context, const std::vector<std::string>& names,
                                       const std::vector<LeadingComponents>& components);

}  // namespace headroom
