#include "evaluation/submission_outcomes.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace headroom {
namespace {

void add_evaluated(const RosterEntry& entry, const std::vector<ContextEvaluation>& contexts,
                   SubmissionOutcome& outcome) {
  bool is_evaluated = false;
  for (const ContextEvaluation& context : contexts) {
    for (const MethodEvaluation& method : context.methods) {
      if (method.embedding != entry.name && method.predictor != entry.name) continue;
      for (const FoldEvaluation& fold : method.folds) {
        if (fold.failure && fold.failure->plugin == entry.name) {
          outcome.verdict = fold.failure->verdict;
          outcome.reason = fold.failure->message;
          return;
        }
        is_evaluated |= method.role == Role::plugin && fold.status == Status::ok;
      }
    }
  }
  if (is_evaluated) {
    outcome.verdict = "ok";
  } else if (outcome.kind == "predictor") {
    outcome.reason = "no embedding of this run could be evaluated through it";
  }
}

}  // namespace

std::vector<SubmissionOutcome> submission_outcomes(const Roster& roster,
                                                   const std::vector<ContextEvaluation>& contexts) {
  std::vector<SubmissionOutcome> outcomes;
  for (const SubmissionPlace& place : roster.submissions) {
    if (!place.of_another_target.empty()) {
      outcomes.push_back({place.of_another_target, place.kind, "not evaluated", "", "", false});
      continue;
    }
    const RosterEntry& entry = (place.is_head ? roster.heads : roster.embeddings)[place.index];
    SubmissionOutcome outcome{entry.name, place.kind, "not evaluated", "", ""};
    if (entry.fault) {
      outcome.verdict = verdict_name(entry.fault->verdict);
      outcome.reason = entry.fault->message;
    } else {
      outcome.confinement = ConfinementLevel_Name(entry.confinement.level());
      for (char& c : outcome.confinement) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      add_evaluated(entry, contexts, outcome);
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

std::vector<SubmissionOutcome> sorted_by_outcome(std::vector<SubmissionOutcome> outcomes) {
  const auto key = [](const SubmissionOutcome& one) { return std::pair(one.verdict != "ok", one.verdict); };
  std::stable_sort(outcomes.begin(), outcomes.end(),
                   [&](const SubmissionOutcome& a, const SubmissionOutcome& b) { return key(a) < key(b); });
  return outcomes;
}

}  // namespace headroom
