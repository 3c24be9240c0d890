#include "summary/one_scale.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "plan/bound_names.hpp"

namespace headroom {
namespace {

void merge_methods(const StratumResult& from, StratumResult& into) {
  for (const StratumValue& value : from.methods()) {
    const bool is_there = std::any_of(into.methods().begin(), into.methods().end(),
                                      [&](const StratumValue& other) { return other.method() == value.method(); });
    if (!is_there) *into.add_methods() = value;
  }
}

}  // namespace

RunSummary on_one_scale(const RunSummary& summary) {
  RunSummary shown = summary;
  shown.clear_contexts();
  std::map<std::pair<std::string, std::string>, int> place;  // (context, metric) -> position in `shown`
  std::map<int, std::set<std::string>> names;                // of the methods in it
  for (const ContextResult& table : summary.contexts()) {
    if (table.bounds_scope() != kBoundsOfTask) {
      *shown.add_contexts() = table;
      continue;
    }
    const auto [at, is_new] = place.try_emplace({table.context(), table.metric()}, shown.contexts_size());
    if (is_new) {
      ContextResult& first = *shown.add_contexts();
      first = table;
      first.clear_head();
      for (const MethodResult& method : table.methods()) names[at->second].insert(method.name());
      continue;
    }
    ContextResult& merged = *shown.mutable_contexts(at->second);
    for (const MethodResult& method : table.methods()) {
      if (names[at->second].insert(method.name()).second) *merged.add_methods() = method;
    }
    for (int i = 0; i < std::min(merged.strata_size(), table.strata_size()); ++i) {  // the same in the same order
      merge_methods(table.strata(i), *merged.mutable_strata(i));
    }
    // Of two heads the coarser.
    if (table.resolution().value() > merged.resolution().value()) *merged.mutable_resolution() = table.resolution();
    for (const Comparison& comparison : table.comparisons()) {
      const bool is_there =
          std::any_of(merged.comparisons().begin(), merged.comparisons().end(), [&](const Comparison& other) {
            return other.first() == comparison.first() && other.second() == comparison.second();
          });
      if (!is_there) *merged.add_comparisons() = comparison;
    }
    for (const std::string& note : table.notes()) {
      if (std::find(merged.notes().begin(), merged.notes().end(), note) == merged.notes().end()) {
        merged.add_notes(note);
      }
    }
  }
  return shown;
}

}  // namespace headroom
