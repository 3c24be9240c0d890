// How a worker failed: the one error type of everything that is asked of a plugin.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "confinement.pb.h"

namespace headroom {

struct WorkerFault {
  WorkerVerdict verdict = WorkerVerdict::HOST_FAULT;
  std::string message;  // one line; names the limit, the signal, the system call, or repeats the plugin's own words
};

template <class T>
using Answer = tl::expected<T, WorkerFault>;

// The verdict as results write it: "cpu_limit".
std::string verdict_name(WorkerVerdict verdict);

}  // namespace headroom
