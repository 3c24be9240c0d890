#include "evaluation/asked_alone.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/fresh_refit.hpp"
#include "evaluation/probe_finding.hpp"

namespace headroom {
namespace {

struct Probed {
  const RosterEntry* embedding;
  const RosterEntry* head;
  const MethodEvaluation* method;
  std::size_t n_same = 0;
  std::optional<ProbeFinding> finding;  // set: it is settled
};

std::vector<Probed> methods_to_probe(const Roster& roster, const ContextEvaluation& context) {
  std::vector<Probed> probed;
  for (const RosterEntry& embedding : roster.embeddings) {
    for (std::size_t h = 0; h < roster.n_tables; ++h) {
      const RosterEntry& head = roster.heads[h];
      if (embedding.fault || (!embedding.description.wants_training() && head.file->shipped)) continue;
      for (const MethodEvaluation& method : context.methods) {
        const bool is_it =
            method.role == Role::plugin && method.embedding == embedding.name && method.predictor == head.name;
        if (is_it) probed.push_back({&embedding, &head, &method, 0, std::nullopt});
      }
    }
  }
  return probed;
}

}  // namespace

std::vector<AuditResult> ask_alone(const Task& task, const RunOptions& options, const Roster& roster,
                                   const RunResults& results, const ContextEvaluation& context, ThreadPool& pool,
                                   const std::stop_token& stop) {
  std::vector<Probed> probed = methods_to_probe(roster, context);
  if (probed.empty()) return {};
  std::map<const RosterEntry*, Answer<Embedding>> for_all_folds;  // of embeddings that know no labels
  for (std::size_t f = context.splits.size(); f-- > 0 && !stop.stop_requested();) {
    const std::string& fold_name = context.splits[f].name;
    const auto fold = make_fold_data(task, context.splits[f], results.metrics, options.excluded_targets);
    std::map<const RosterEntry*, Answer<Embedding>> for_this_fold;
    for (Probed& one : probed) {
      const FoldEvaluation& in_company = one.method->folds[f];
      if (one.finding || in_company.status != Status::ok) continue;
      if (!fold) {
        one.finding = probe_skipped(fold.error().line());
        continue;
      }
      const bool supervised = one.embedding->description.wants_training();
      auto& known = supervised ? for_this_fold : for_all_folds;
      auto vectors = known.find(one.embedding);
      if (vectors == known.end()) {
        vectors = known
                      .emplace(one.embedding,
                               ask_for_embedding(*one.embedding, task, fold->contexts, supervised ? &*fold : nullptr,
                                                 options.seed, effective_combine(options)))
                      .first;
      }
      if (!vectors->second) {
        one.finding = broke_down(vectors->second.error());
        continue;
      }
      const auto features = make_head_features(*vectors->second, *fold, options, pool);
      if (!features) {
        one.finding = probe_failed(fmt::format("fold {}: its vectors could be evaluated in company", fold_name));
        continue;
      }
      const auto alone = refit_afresh(*one.head, in_company, *features, context.context, *fold);
      if (!alone) {
        one.finding = broke_down(alone.error());
      } else if (const auto metric = metric_that_differs(target_of(task), *alone, *vectors->second, *fold, in_company,
                                                         results.metrics)) {
        one.finding = probe_failed(
            fmt::format("fold {}: alone it has another {} than in company", fold_name, metric_name(*metric)));
      } else {
        ++one.n_same;
      }
    }
  }
  std::vector<AuditResult> found;
  for (Probed& one : probed) {
    if (!one.finding && one.n_same == 0) continue;  // a failed row says all there is to say
    if (!one.finding) {
      one.finding = probe_passed(fmt::format("in {} fold{}, last to first, it has the run's own scores, bit for bit",
                                             one.n_same, one.n_same == 1 ? "" : "s"));
    }
    found.push_back(audit_result(one.method->name, context.context, "asked-alone", std::move(*one.finding)));
  }
  return found;
}

}  // namespace headroom
