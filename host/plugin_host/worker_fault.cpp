#include "plugin_host/worker_fault.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace headroom {

std::string verdict_name(WorkerVerdict verdict) {
  std::string name = WorkerVerdict_Name(verdict);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

WorkerFault host_fault(Error error) {
  std::string line = error.line();
  return {WorkerVerdict::HOST_FAULT, std::move(line), std::move(error)};
}

WorkerFault host_fault(std::string broken_rule) {
  return host_fault(Error{ErrorKind::harness_fault, std::move(broken_rule), {}, {}});
}

bool is_interruption(const WorkerFault& fault) { return fault.error && fault.error->kind == ErrorKind::interrupted; }

Error error_of(const WorkerFault& fault) {
  return fault.error ? *fault.error : Error{ErrorKind::harness_fault, fault.message, {}, {}};
}

}  // namespace headroom
