// What an embedding is compared with others by, and what a run may keep of it in the place of its vectors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

inline constexpr Eigen::Index kComparedComponents = 10;

struct LeadingComponents {
  Matrix scores;                      // perturbations of the context × at most kComparedComponents; zero where absent
  std::vector<std::uint8_t> present;  // per perturbation
};

// Whose they are, and what they were made of.
struct EmbeddingKey {
  std::string context, embedding;
  std::string fingerprint;  // fingerprint_of() its inputs
  std::string target = "lfc";
};

}  // namespace headroom
