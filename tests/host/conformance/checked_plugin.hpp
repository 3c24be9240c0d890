// Checks a plugin of the tests and finds one result among all.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "conformance/conformance.hpp"

namespace headroom {

inline std::string test_plugin(const std::string& name) {
  return std::string(HEADROOM_TEST_PLUGINS "/") + name + ".so";
}
inline std::string shipped_plugin(const std::string& name) {
  return std::string(HEADROOM_SHIPPED_PLUGINS "/") + name + ".so";
}

// Small requests only; a hang costs seconds, not minutes.
inline CheckOptions options_for_tests() {
  CheckOptions options;
  options.worker_program = HEADROOM_WORKER_PROGRAM;
  options.published_size = false;
  options.limits.set_wall_time_s(20);
  options.limits.set_address_space_bytes(std::uint64_t{1} << 30);
  return options;
}

// What the checks `names` (empty: all) find in a wayward plugin that does `deed`.
inline Conformance check_wayward(const std::string& kind, const std::string& deed, std::vector<std::string> names = {},
                                 CheckOptions options = options_for_tests()) {
  options.names = std::move(names);
  options.plugin_options = {{"deed", deed}};
  auto conformance = check_plugin(test_plugin("wayward_" + kind), options);
  EXPECT_TRUE(conformance) << conformance.error().line();
  return conformance ? std::move(*conformance) : Conformance{};
}

inline CheckResult result_of(const Conformance& conformance, const std::string& name) {
  for (const CheckResult& result : conformance.checks) {
    if (result.name == name) return result;
  }
  ADD_FAILURE() << "no check " << name;
  return {};
}

// "name: outcome" of every check that is not as `expected`.
inline std::vector<std::string> others_than(const Conformance& conformance, CheckOutcome expected) {
  std::vector<std::string> others;
  for (const CheckResult& result : conformance.checks) {
    if (result.outcome == expected || result.outcome == CheckOutcome::skipped) continue;
    others.push_back(result.name + ": " + check_outcome_name(result.outcome) + ", " + result.detail);
  }
  return others;
}

// A deed, the check that must see it, and what that check must say.
struct Deed {
  const char* deed;
  const char* check;
  CheckOutcome outcome;
  const char* says;
};
inline void PrintTo(const Deed& deed, std::ostream* out) { *out << deed.deed << " in " << deed.check; }

}  // namespace headroom
