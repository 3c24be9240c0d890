#include "summary/target_parts.hpp"

#include <algorithm>
#include <utility>

namespace headroom {

const std::string& target_of(const ContextResult& context) {
  static const std::string first = kFirstTarget;
  return context.target().empty() ? first : context.target();
}

std::vector<std::string> targets_of(const RunSummary& summary) {
  std::vector<std::string> targets;
  for (const ContextResult& context : summary.contexts()) {
    const std::string& target = target_of(context);
    if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
  }
  if (targets.empty()) targets.emplace_back(kFirstTarget);
  return targets;
}

RunSummary part_of_target(const RunSummary& summary, const std::string& target) {
  const std::vector<std::string> targets = targets_of(summary);
  if (targets.size() == 1 && targets.front() == target) return summary;
  RunSummary part = summary;
  part.clear_contexts();
  part.clear_further_targets();
  for (const ContextResult& context : summary.contexts()) {
    if (target_of(context) == target) *part.add_contexts() = context;
  }
  for (const TargetPart& further : summary.further_targets()) {
    if (further.target() != target) continue;
    *part.mutable_task() = further.task();
    *part.mutable_settings() = further.settings();
  }
  return part;
}

RunSummary joined(std::vector<RunSummary> parts) {
  RunSummary whole = std::move(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    RunSummary& part = parts[i];
    TargetPart& further = *whole.add_further_targets();
    further.set_target(targets_of(part).front());
    *further.mutable_task() = part.task();
    *further.mutable_settings() = part.settings();
    for (ContextResult& context : *part.mutable_contexts()) *whole.add_contexts() = std::move(context);
    for (AuditResult& audit : *part.mutable_audit()) *whole.add_audit() = std::move(audit);
    for (PluginRecord& plugin : *part.mutable_plugins()) {
      const bool is_there = std::any_of(whole.plugins().begin(), whole.plugins().end(),
                                        [&](const PluginRecord& known) { return known.name() == plugin.name(); });
      if (!is_there) *whole.add_plugins() = std::move(plugin);
    }
  }
  return whole;
}

}  // namespace headroom
