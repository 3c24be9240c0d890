#include "plugin_host/fit_facts.hpp"

#include <cmath>
#include <cstdint>
#include <set>
#include <utility>

#include "headroom/fit_facts.h"
#include "plugin_host/description_check.hpp"

namespace headroom {

std::string fault_of(const FitFacts& told, std::size_t n_blocks) {
  if (told.weights_size() > HEADROOM_MOST_FITTED_WEIGHTS) {
    return "it tells more than " + std::to_string(HEADROOM_MOST_FITTED_WEIGHTS) + " weights of blocks";
  }
  if (told.values_size() > HEADROOM_MOST_FITTED_VALUES) {
    return "it tells more than " + std::to_string(HEADROOM_MOST_FITTED_VALUES) + " values of its fit";
  }
  std::set<std::pair<std::int64_t, std::string>> weighted;
  for (const FitFacts::Weight& weight : told.weights()) {
    if (weight.block() < 0 || static_cast<std::uint64_t>(weight.block()) >= n_blocks) {
      return "it tells the weight of block " + std::to_string(weight.block()) + " of " + std::to_string(n_blocks);
    }
    if (!weight.kernel().empty() && !is_declared_name(weight.kernel(), "_-.")) {
      return "a weight's kernel is not letters, digits, '_', '-' and '.', or is too long";
    }
    if (!std::isfinite(weight.weight())) return "it tells a weight that is not finite";
    if (!weighted.emplace(weight.block(), weight.kernel()).second) return "it tells a block's weight twice";
  }
  std::set<std::string> named;
  for (const FitFacts::Value& value : told.values()) {
    if (!is_declared_name(value.name(), "_")) return "a value's name is not letters, digits and '_', or is too long";
    if (!std::isfinite(value.value())) return "it tells a value '" + value.name() + "' that is not finite";
    if (!named.insert(value.name()).second) return "it tells the value '" + value.name() + "' twice";
  }
  return {};
}

FittedFacts fitted_facts(const FitFacts& told, const std::vector<std::string>& block_names) {
  FittedFacts facts;
  for (const FitFacts::Weight& weight : told.weights()) {
    facts.blocks.push_back({block_names[static_cast<std::size_t>(weight.block())], weight.kernel(), weight.weight()});
  }
  for (const FitFacts::Value& value : told.values()) facts.values.push_back({value.name(), value.value()});
  return facts;
}

}  // namespace headroom
