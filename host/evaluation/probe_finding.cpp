#include "evaluation/probe_finding.hpp"

#include <fmt/format.h>

#include <utility>

namespace headroom {

ProbeFinding probe_passed(std::string detail) { return {"pass", std::move(detail)}; }
ProbeFinding probe_warns(std::string detail) { return {"warn", std::move(detail)}; }
ProbeFinding probe_failed(std::string detail) { return {"fail", std::move(detail)}; }
ProbeFinding probe_skipped(std::string detail) { return {"skipped", std::move(detail)}; }

ProbeFinding broke_down(const WorkerFault& fault) {
  const std::string text = fmt::format("{}: {}", verdict_name(fault.verdict), fault.message);
  switch (fault.verdict) {
    case HOST_FAULT:  // which only the host can find
      return probe_skipped(text);
    case CPU_LIMIT:
    case WALL_LIMIT:
    case TOTAL_LIMIT:
      // A busy machine can do that to an honest plugin; one that would not be probed can do it as well.
      return probe_warns("it took its time in this probe and not in the run: " + text);
    default:
      return probe_failed("it worked in the run and not in this probe: " + text);
  }
}

AuditResult audit_result(const std::string& name, const std::string& context, const char* probe, ProbeFinding finding) {
  AuditResult result;
  result.set_name(name);
  result.set_context(context);
  result.set_probe(probe);
  result.set_outcome(std::move(finding.outcome));
  result.set_detail(std::move(finding.detail));
  return result;
}

}  // namespace headroom
