// The kernel's resource limits of a worker. Hard limits: they cannot be raised again.
#pragma once

#include <cstdint>

#include "confinement.pb.h"
#include "sandbox/system_failure.hpp"

namespace headroom {

// How the number of threads is counted: the kernel counts all of a user's, in one user namespace.
enum class ThreadCount {
  of_worker,  // the worker has a user id or a user namespace of its own
  of_user,    // shared with everything else that the user runs: the limit then leaves room for that
};

// Threads that a worker may have at once where they are its own: the budget twice over (BLAS and OpenMP each start
// their own), and what libraries start for themselves.
std::uint64_t most_threads(std::uint32_t n_threads);

// Zero in a field of `limits` means no such limit. Files cannot be written at all, memory cannot be locked, no core is
// left. Fails at the first limit that the kernel refuses.
tl::expected<void, SystemFailure> apply_limits(const WorkerLimits& limits, ThreadCount thread_count);

// Whether the limits hold: asks the kernel for them, and for more memory than they allow.
tl::expected<void, SystemFailure> probe_limits(const WorkerLimits& limits);

}  // namespace headroom
