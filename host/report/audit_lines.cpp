#include "report/audit_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "summary/audit_outcomes.hpp"
#include "summary/primary_metric.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

Ink ink_of_outcome(const std::string& outcome) {
  if (outcome == "fail") return Ink::red;
  if (outcome == "warn") return Ink::yellow;
  return outcome == "pass" ? Ink::green : Ink::faint;
}

bool concerns(const AuditResult& audit, const MethodResult& method) {
  return audit.name() == method.name() || audit.name() == method.embedding() || audit.name() == method.predictor();
}

// What follows the outcome: how many probes passed, or which ones did not, and where.
std::string words(const RunSummary& summary, const MethodResult& method, const std::string& worst) {
  int n_passed = 0, n_skipped = 0;
  std::vector<std::string> probes, contexts;
  const auto note = [](std::vector<std::string>& seen, const std::string& word) {
    if (std::find(seen.begin(), seen.end(), word) == seen.end()) seen.push_back(word);
  };
  for (const AuditResult& audit : summary.audit()) {
    if (!concerns(audit, method)) continue;
    n_passed += audit.outcome() == "pass";
    n_skipped += audit.outcome() == "skipped";
    if (audit.outcome() != worst) continue;
    note(probes, audit.probe());
    note(contexts, audit.context());
  }
  if (worst == "pass") {
    return fmt::format("{} probe{}{}", n_passed, n_passed == 1 ? "" : "s",
                       n_skipped > 0 ? fmt::format(", {} skipped", n_skipped) : "");
  }
  return fmt::format("{} in {}", fmt::join(probes, ", "), fmt::join(contexts, ", "));
}

}  // namespace

void draw_audit(std::ostream& out, const RunSummary& summary, const TerminalStyle& style) {
  const std::string metric = primary_metric(summary);
  std::vector<const MethodResult*> methods;
  int width = 0;
  for (const ContextResult& context : summary.contexts()) {
    if (context.metric() != metric) continue;
    for (const MethodResult& method : context.methods()) {
      const auto is_same = [&](const MethodResult* other) { return other->name() == method.name(); };
      if (method.role() != "plugin" || std::any_of(methods.begin(), methods.end(), is_same)) continue;
      if (worst_audit(summary, method).empty()) continue;
      methods.push_back(&method);
      width = std::max(width, display_width(display_text(method.name())));
    }
  }
  if (methods.empty()) return;
  width = std::min(width, style.width / 3);
  const std::string_view ellipsis = style.unicode ? "…" : "..";
  out << "\naudit: probes for leakage\n";
  for (const MethodResult* method : methods) {
    const std::string worst = worst_audit(summary, *method);
    const int used = 2 + width + 2 + 7 + 2;
    out << "  " << fit_left(display_text(method->name()), width, ellipsis) << "  "
        << inked(fmt::format("{:<7}", worst), ink_of_outcome(worst), style) << "  "
        << shortened(display_text(words(summary, *method, worst)), std::max(10, style.width - used), ellipsis) << '\n';
  }
}

}  // namespace headroom
