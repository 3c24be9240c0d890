// How the tables of a store tell the target of an evaluation: its contexts are called by their name alone where deltas
// are predicted, as in every store since the first version, and for other targets by the target's name, a unit
// separator (which no name of a target has) and their own. So one context, fold and method has one row a target.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace headroom {

inline constexpr std::string_view kUnmarkedTarget = "lfc";
inline constexpr char kTargetSeparator = '\x1f';

inline std::string stored_context(const std::string& target, const std::string& context) {
  if (target == kUnmarkedTarget) return context;
  return target + kTargetSeparator + context;
}

// (target, context)
inline std::pair<std::string, std::string> target_and_context(const std::string& stored) {
  const std::size_t at = stored.find(kTargetSeparator);
  if (at == std::string::npos) return {std::string(kUnmarkedTarget), stored};
  return {stored.substr(0, at), stored.substr(at + 1)};
}

}  // namespace headroom
