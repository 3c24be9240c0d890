// How a worker failed: the one error type of everything that is asked of a plugin.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "confinement.pb.h"
#include "outcome/outcome.hpp"

namespace headroom {

struct WorkerFault {
  WorkerVerdict verdict = WorkerVerdict::HOST_FAULT;
  std::string message;  // one line; names the limit, the signal, the system call, or repeats the plugin's own words
  // Of a HOST_FAULT, which only the host can find: what kind it is, and its remedy. Nothing of a worker's words.
  std::optional<Error> error = {};
};

template <class T>
using Answer = tl::expected<T, WorkerFault>;

// Not the plugin's fault.
WorkerFault host_fault(Error error);
// A broken rule between parts of the host.
WorkerFault host_fault(std::string broken_rule);
bool is_interruption(const WorkerFault& fault);
// The error that a HOST_FAULT stands for.
Error error_of(const WorkerFault& fault);

// The verdict as results write it: "cpu_limit".
std::string verdict_name(WorkerVerdict verdict);

}  // namespace headroom
