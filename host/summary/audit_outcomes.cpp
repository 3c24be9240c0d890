#include "summary/audit_outcomes.hpp"

#include <fmt/format.h>

#include "bounds/gap.hpp"
#include "summary/primary_metric.hpp"

namespace headroom {
namespace {

int severity(std::string_view outcome) {
  if (outcome == "fail") return 4;
  if (outcome == "warn") return 3;
  if (outcome == "pass") return 2;
  return outcome == "skipped" ? 1 : 0;
}

AuditResult over_ceiling(const ContextResult& context, const MethodResult& method) {
  AuditResult result;
  result.set_name(method.name());
  result.set_context(context.context());
  result.set_probe("over-ceiling");
  if (!method.has_gap_closed() || !context.gap().defined()) {
    result.set_outcome("skipped");
    result.set_detail("the gap is undefined");
    return result;
  }
  std::string detail = fmt::format("{:.1f} % of the gap closed", method.gap_closed());
  if (method.has_ci_low()) detail += fmt::format(" [{:.1f}, {:.1f}]", method.ci_low(), method.ci_high());
  const bool is_whole_above = method.has_ci_low() && method.ci_low() > 100;
  if (method.verdict() == verdict_text(Verdict::beyond_the_limit)) {
    result.set_outcome("fail");
    detail += ": check for leakage";
  } else {
    result.set_outcome(is_whole_above ? "warn" : "pass");
  }
  result.set_detail(detail);
  return result;
}

}  // namespace

std::string worst_audit(const RunSummary& summary, const MethodResult& method, std::string_view context) {
  std::string worst;
  if (method.status() == "failed" || method.status() == "skipped") return worst;
  for (const auto& audit : summary.audit()) {
    const bool concerns =
        audit.name() == method.name() || audit.name() == method.embedding() || audit.name() == method.predictor();
    if (!concerns || (!context.empty() && audit.context() != context)) continue;
    if (severity(audit.outcome()) > severity(worst)) worst = audit.outcome();
  }
  return worst;
}

void complete_audit(RunSummary& summary) {
  if (!summary.settings().audit()) return;
  const std::string primary = primary_metric(summary);
  for (const ContextResult& context : summary.contexts()) {
    if (context.metric() != primary) continue;
    for (const MethodResult& method : context.methods()) {
      if (method.role() == "plugin" && method.status() == "ok") *summary.add_audit() = over_ceiling(context, method);
    }
  }
  for (ContextResult& context : *summary.mutable_contexts()) {
    for (MethodResult& method : *context.mutable_methods()) {
      if (method.role() == "plugin") method.set_audit(worst_audit(summary, method, context.context()));
    }
  }
}

}  // namespace headroom
