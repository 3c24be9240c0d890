#include "plan/fusion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "plan/method_names.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

constexpr const char* kFusionFlag = "--fusion";
constexpr const char* kPredictorFlag = "--fusion-predictor";

std::string flag_of(const FusionSpec& fusion) { return fmt::format("{} {}", kFusionFlag, display_text(fusion.name)); }

Result<void> validate_blocks(const FusionSpec& fusion, const RunOptions& options) {
  std::vector<std::string> known;
  for (const EmbeddingSpec& spec : options.embeddings) known.push_back(spec.name);
  const std::vector<std::string>& blocks = fusion.embeddings.empty() ? known : fusion.embeddings;
  std::set<std::string> seen;
  for (const std::string& block : blocks) {
    if (std::find(known.begin(), known.end(), block) == known.end()) {
      return bad_input(fmt::format("there is no embedding '{}'", display_text(block)), flag_of(fusion),
                       known.empty() ? "name embeddings with --embedding"
                                     : fmt::format("those of --embedding are {}", fmt::join(known, ", ")));
    }
    if (!seen.insert(block).second) {
      return bad_input(fmt::format("it names the embedding '{}' twice", display_text(block)), flag_of(fusion),
                       "name each block once");
    }
  }
  if (blocks.size() < 2) {
    return bad_input(fmt::format("it has {}", blocks.empty() ? "no block" : "one block only"), flag_of(fusion),
                     "name at least two embeddings, NAME=a,b, that are given with --embedding");
  }
  return {};
}

Result<void> validate_predictors(const RunOptions& options) {
  std::set<std::string> heads = reserved_names();
  heads.insert({"knn", "lasso", "ridge", "logistic"});
  for (const PredictorSpec& spec : options.predictors) heads.insert(spec.name);
  TakenNames taken(heads);
  for (const PredictorSpec& spec : options.fusion_predictors) {
    std::string fault = fault_of_name(spec.name);
    const bool is_own_head = spec.path.empty() && heads.contains(spec.name);
    if (fault.empty() && is_own_head) {
      return bad_input(fmt::format("the predictor '{}' does not take several blocks", display_text(spec.name)),
                       kPredictorFlag, "name one of kernels, stack, concat, concat:HEAD, attention, or PATH.so");
    }
    if (fault.empty()) fault = taken.take(spec.name);
    if (!fault.empty()) return bad_input(fault, kPredictorFlag, "give it another: NAME=PATH.so");
  }
  return {};
}

}  // namespace

std::vector<std::size_t> blocks_of(const FusionSpec& fusion, const RunOptions& options) {
  std::vector<std::size_t> blocks;
  const auto& known = options.embeddings;
  for (const std::string& name : fusion.embeddings) {
    const auto at = std::find_if(known.begin(), known.end(), [&](const auto& spec) { return spec.name == name; });
    blocks.push_back(static_cast<std::size_t>(at - known.begin()));
  }
  for (std::size_t e = 0; fusion.embeddings.empty() && e < known.size(); ++e) blocks.push_back(e);
  return blocks;
}

std::string name_without(const std::string& fusion, const std::string& block) { return fusion + "-" + block; }

Result<void> validate_fusions(const RunOptions& options) {
  constexpr const char* kRename = "give it another: NAME=a,b";
  if (options.fusions.empty()) {
    if (options.ablate) {
      return bad_input("there is no fusion to leave blocks out of", "--ablate", "name one with --fusion NAME=a,b");
    }
    if (options.fusion_predictors_are_named && !options.fusion_predictors.empty()) {
      return bad_input("there is no fusion for it", kPredictorFlag, "name one with --fusion NAME=a,b");
    }
    return {};
  }
  std::set<std::string> names = reserved_names();
  for (const EmbeddingSpec& spec : options.embeddings) names.insert(spec.name);
  for (const SubmissionSpec& spec : options.submissions) names.insert(spec.name);
  TakenNames taken(names);
  for (const FusionSpec& fusion : options.fusions) {
    std::string fault = fault_of_name(fusion.name);
    if (fault.empty()) fault = taken.take(fusion.name);
    if (!fault.empty()) return bad_input(fault, flag_of(fusion), kRename);
    if (auto valid = validate_blocks(fusion, options); !valid) return valid;
  }
  for (const FusionSpec& fusion : options.fusions) {
    for (const std::size_t block : options.ablate ? blocks_of(fusion, options) : std::vector<std::size_t>{}) {
      const std::string without = name_without(fusion.name, options.embeddings[block].name);
      if (std::string fault = taken.take(without); !fault.empty()) {
        return bad_input(fault + ", which --ablate gives", flag_of(fusion), kRename);
      }
    }
  }
  return validate_predictors(options);
}

}  // namespace headroom
