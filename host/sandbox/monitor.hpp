// The processes around a worker that outlive it by a moment: they wait for it, say how it ended, and kill it on demand.
// Neither reads anything that a plugin wrote. See sandbox.hpp.
#pragma once

#include <sys/types.h>

namespace headroom {

// Waits until `child` has ended or the host has closed the control pipe (then kills it first), writes a WorkerEnd into
// kEndFd, and exits. If `inner_end` is not negative, the child is an init whose own WorkerEnd is read from there.
[[noreturn]] void run_monitor(pid_t child, int inner_end);

// Process 1 of a pid namespace: waits for `worker` (kills it on SIGTERM, which only the monitor can send), writes its
// WorkerEnd into `inner_end`, and exits, which ends whatever is left in the namespace.
[[noreturn]] void run_init(pid_t worker, int inner_end);

}  // namespace headroom
