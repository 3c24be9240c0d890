#include "evaluation/finish_results.hpp"

#include <algorithm>

#include "evaluation/load_roster.hpp"
#include "evaluation/submission_outcomes.hpp"

namespace headroom {
namespace {

void conclude(MethodEvaluation& method) {
  method.status = Status::ok;
  for (const FoldEvaluation& fold : method.folds) {
    if (fold.status == Status::ok) continue;
    method.status = fold.status;
    method.reason = fold.reason;
    return;
  }
}

// How many test perturbations of the evaluated splits a plugin was asked for, and how many it knows, by the first of
// its methods; absent where it gave no answer.
PluginRecord with_coverage(const RosterEntry& entry, const RunResults& results) {
  PluginRecord record = describe(entry);
  std::int64_t n_ids = 0, n_present = 0;
  for (const ContextEvaluation& context : results.contexts) {
    const auto method = std::find_if(context.methods.begin(), context.methods.end(), [&](const auto& one) {
      return one.role == Role::plugin && (one.embedding == entry.name || one.name == entry.name);
    });
    if (method == context.methods.end()) continue;
    for (const FoldEvaluation& fold : method->folds) {
      n_ids += static_cast<std::int64_t>(fold.covered.size());
      n_present += std::count(fold.covered.begin(), fold.covered.end(), 1);
    }
  }
  if (n_ids > 0) {
    record.set_n_ids(static_cast<std::int32_t>(n_ids));
    record.set_n_present(static_cast<std::int32_t>(n_present));
  }
  return record;
}

}  // namespace

void finish_results(const Roster& roster, RunResults& results) {
  for (ContextEvaluation& context : results.contexts) {
    for (MethodEvaluation& method : context.methods) conclude(method);
  }
  for (const RosterEntry& entry : roster.embeddings) results.plugins.push_back(with_coverage(entry, results));
  for (const RosterEntry& entry : roster.predictions) results.plugins.push_back(with_coverage(entry, results));
  for (const RosterEntry& entry : roster.heads) results.plugins.push_back(describe(entry));
  // A reader's words are notes and doubts, which are told as such.
  for (const auto* entries : {&roster.embeddings, &roster.heads}) {
    for (const RosterEntry& entry : *entries) {
      if (entry.data || !entry.settings.log) continue;
      std::string text = entry.settings.log->text();
      if (!text.empty()) results.logs.push_back({entry.name, std::move(text)});
    }
  }
  results.submissions = submission_outcomes(roster, results.contexts);
}

}  // namespace headroom
