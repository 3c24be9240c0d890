#include "store/resumption.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "plan/run_options.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

constexpr std::size_t kMethodsNamed = 3;

std::string reason_for(const EvaluationKey& now, const StoredOrigin& stored) {
  if (stored.inputs.empty()) return "kept by an older Headroom, which did not tell what they were made from";
  const auto changes = differences(stored.inputs, now.inputs);
  if (!changes.empty()) return fmt::format("{}", fmt::join(changes, "; "));
  if (stored.status == Status::failed) return "failed before: " + stored.reason;
  return "kept without all metrics of this run";
}

bool is_method_of_the_bounds(const std::string& name) {
  static const std::set<std::string> own = reserved_names();
  return own.contains(name.substr(0, name.find('+')));
}

std::string evaluations(int n) { return fmt::format("{} evaluation{}", n, n == 1 ? "" : "s"); }

}  // namespace

void Resumption::makes_again(const EvaluationKey& now, const std::optional<StoredOrigin>& stored) {
  if (!stored) {
    ++n_missing_;
    return;
  }
  const bool only_failed = stored->status == Status::failed && stored->fingerprint == now.fingerprint;
  ++(only_failed ? n_failed_ : n_changed_);
  Group& group = groups_[reason_for(now, *stored)];
  ++group.n;
  if (std::find(group.methods.begin(), group.methods.end(), now.method) == group.methods.end()) {
    group.methods.push_back(now.method);
  }
}

std::vector<std::string> Resumption::lines(std::size_t max_reasons) const {
  std::vector<std::string> lines = {
      fmt::format("resumed: {} taken over; made again: {} from other inputs, {} that failed, {} missing",
                  evaluations(n_taken_over_), n_changed_, n_failed_, n_missing_)};
  std::vector<const std::pair<const std::string, Group>*> by_size;
  for (const auto& group : groups_) by_size.push_back(&group);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const auto* a, const auto* b) { return a->second.n > b->second.n; });
  int n_left = 0;
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    const auto& [reason, group] = *by_size[i];
    if (i >= max_reasons) {
      n_left += group.n;
      continue;
    }
    // Those that users brought come first: the nulls and cheaters follow from them.
    std::vector<std::string> named = group.methods;
    std::stable_partition(named.begin(), named.end(),
                          [](const std::string& name) { return !is_method_of_the_bounds(name); });
    named.resize(std::min(kMethodsNamed, named.size()));
    std::string methods = fmt::format("{}", fmt::join(named, ", "));
    if (group.methods.size() > named.size()) {
      methods += fmt::format(" and {} more methods", group.methods.size() - named.size());
    }
    lines.push_back(display_text(fmt::format("made again: {} of {}: {}", evaluations(group.n), methods, reason)));
  }
  if (n_left > 0) {
    lines.push_back(
        fmt::format("made again: {} for {} further reasons", evaluations(n_left), by_size.size() - max_reasons));
  }
  return lines;
}

}  // namespace headroom
