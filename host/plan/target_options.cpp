#include "plan/target_options.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace headroom {
namespace {

using Names = std::vector<std::string>;

// Nulls and ceilings of the target beside those that every one has.
std::set<std::string> known_nulls(const Target& target) {
  std::set<std::string> names{kNullRandom, kNullGenePca};
  names.insert(kRelationNulls.begin(), kRelationNulls.end());
  for (const ConstantNull& null : target.constant_nulls) names.insert(null.name);
  return names;
}

std::set<std::string> known_ceilings(const Target& target) {
  std::set<std::string> names{kCeilingIdealized};
  for (const NoiseMethod& method : target.noise_methods) names.insert(method.name);
  for (const TrialMethod& method : target.trial_methods) names.insert(method.name);
  for (const DepthRightMethod& method : target.depth_right_methods) names.insert(method.name);
  return names;
}

Names default_nulls(const Target& target) {
  Names names;
  for (const ConstantNull& null : target.constant_nulls) names.push_back(null.name);
  names.insert(names.end(), {kNullRandom, kNullGenePca});
  return names;
}

Names default_ceilings(const Target& target) {
  Names names{kCeilingIdealized};
  for (const NoiseMethod& method : target.noise_methods) {
    if (method.is_published_ceiling) names.push_back(method.name);
  }
  for (const TrialMethod& method : target.trial_methods) {
    if (method.is_published_ceiling) names.push_back(method.name);
  }
  return names;
}

Names own_names(const Names& asked, const std::set<std::string>& known) {
  static const std::map<std::string, std::string> counterparts = {{kNullTrainMean, kNullPrior},
                                                                  {kCeilingSamplingError, kCeilingLabelError}};
  Names own;
  for (std::string name : asked) {
    const auto counterpart = counterparts.find(name);
    if (!known.contains(name) && counterpart != counterparts.end()) name = counterpart->second;
    if (known.contains(name) && std::find(own.begin(), own.end(), name) == own.end()) own.push_back(name);
  }
  return own;
}

}  // namespace

RunOptions options_of_target(RunOptions options, const Target& target) {
  const bool asks_for_default_nulls =
      std::equal(options.nulls.begin(), options.nulls.end(), kDeltaNulls.begin(), kDeltaNulls.end());
  options.nulls = asks_for_default_nulls ? default_nulls(target) : own_names(options.nulls, known_nulls(target));
  if (options.nulls.empty()) options.nulls = default_nulls(target);
  options.ceiling = own_names(options.ceiling, known_ceilings(target));
  if (options.ceiling.empty()) options.ceiling = default_ceilings(target);
  std::erase_if(options.metrics, [&](Metric metric) {
    return std::find(target.known_metrics.begin(), target.known_metrics.end(), metric) == target.known_metrics.end();
  });
  if (!options.predictors_are_named) {
    options.predictors.clear();
    for (const std::string& head : target.protocol_heads) options.predictors.push_back({head, {}});
  }
  return options;
}

bool asks_for(const RunOptions& options, const Target& target) {
  return options.metrics.empty() || std::any_of(options.metrics.begin(), options.metrics.end(), [&](Metric metric) {
           return std::find(target.known_metrics.begin(), target.known_metrics.end(), metric) !=
                  target.known_metrics.end();
         });
}

}  // namespace headroom
