// What a worker may use: the defaults, what takes effect of what was asked for, and the least that works.
#pragma once

#include <cstdint>

#include "confinement.pb.h"
#include "outcome/outcome.hpp"
#include "plugin.pb.h"

namespace headroom {

// Wall 600 s per request: 100 times what the shipped heads need at the published size. CPU: the wall time on every
// thread. Address space 8 GiB: libtorch with a large model; shared segments count towards it. Log 64 KiB. No total.
WorkerLimits default_worker_limits(int n_threads);

// Zero fields of `asked` take the default. This is what a worker gets and what a record says that it got.
WorkerLimits effective_worker_limits(const WorkerLimits& asked, int n_threads);

// The same with the default limits that a plugin declares for itself (headroom.needs/1) where `asked` has none.
WorkerLimits with_own_limits(const WorkerLimits& asked, const PluginDescription& description);

// Below this OpenBLAS spins for ever instead of failing, so smaller limits are refused.
inline constexpr std::uint64_t kMinAddressSpaceBytes = std::uint64_t{512} << 20;

// bad_input where a worker could not work under these limits.
Result<void> validate(const WorkerLimits& effective);

// The most that one answer may take: what it costs a plugin costs the host several times over, so it is a sixteenth of
// the plugin's own address space (by default 512 MiB: 10,000 perturbations of 6,700 columns).
std::uint64_t most_answer_bytes(const WorkerLimits& effective);

}  // namespace headroom
