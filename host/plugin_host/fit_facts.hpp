// What a predictor says that it fitted ("headroom.fit-facts/1"), checked: for results to show, not to compute with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "worker.pb.h"

namespace headroom {

struct FittedBlock {
  std::string name;    // of the block that the question gave
  std::string kernel;  // by which part of the predictor it counts ("rbf", "knn"); may be empty
  double weight = 0;   // finite
};

struct FittedValue {
  std::string name;  // "lambda"
  double value = 0;  // finite
};

struct FittedFacts {
  std::vector<FittedBlock> blocks;  // in the order in which they were told; a block and kernel at most once
  std::vector<FittedValue> values;  // the same; a name at most once
};

// What is wrong with facts as they came out of a worker, about a question of so many blocks; an empty string: nothing.
std::string fault_of(const FitFacts& told, std::size_t n_blocks);

// Sound facts, with the names of the question's blocks in place of their numbers.
FittedFacts fitted_facts(const FitFacts& told, const std::vector<std::string>& block_names);

}  // namespace headroom
