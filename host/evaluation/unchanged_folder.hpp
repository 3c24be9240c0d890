// A plugin's folder is read where it lies, by every worker anew, while its results name one hash of it. So whatever was
// answered from it counts only if the folder is still what was hashed.
#pragma once

#include "plan/roster.hpp"
#include "plugin_host/worker_fault.hpp"

namespace headroom {

// Before the folder is hashed: what it is compared with from then on. Nothing for a copy that is the run's own.
void note_folder(RosterEntry& entry, std::uint64_t most_files);

// After an answer. The fault: the folder was changed, or is gone.
Answer<void> require_unchanged_folder(const RosterEntry& entry);

}  // namespace headroom
