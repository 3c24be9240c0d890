// What one leakage probe found: an outcome of AuditResult and a sentence.
#pragma once

#include <string>

#include "plugin_host/worker_fault.hpp"
#include "summary.pb.h"

namespace headroom {

struct ProbeFinding {
  std::string outcome;  // pass, warn, fail, skipped
  std::string detail;
};

ProbeFinding probe_passed(std::string detail);
ProbeFinding probe_warns(std::string detail);
ProbeFinding probe_failed(std::string detail);
ProbeFinding probe_skipped(std::string detail);
// Of a plugin that had answered in the run: its own failure fails the probe, a limit of time warns, the host's fault
// tells nothing.
ProbeFinding broke_down(const WorkerFault& fault);

// `name`: of a method, or of an embedding.
AuditResult audit_result(const std::string& name, const std::string& context, const char* probe, ProbeFinding finding);

}  // namespace headroom
