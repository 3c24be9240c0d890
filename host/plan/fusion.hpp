// Fusions as a run is asked for them: which embeddings are the blocks of each, and what its methods are called.
#pragma once

#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/run_options.hpp"

namespace headroom {

// Positions in RunOptions::embeddings of the fusion's blocks, in their order. The options are valid.
std::vector<std::size_t> blocks_of(const FusionSpec& fusion, const RunOptions& options);

// What a fusion is called without one of its blocks: "NAME-BLOCK".
std::string name_without(const std::string& fusion, const std::string& block);

// The first fusion or fusion predictor that cannot be told apart from another method, names an embedding that there is
// not, or has less than two blocks.
Result<void> validate_fusions(const RunOptions& options);

}  // namespace headroom
