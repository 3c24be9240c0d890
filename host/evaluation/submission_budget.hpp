// What one submission may cost a run: time for everything that it is asked, memory for what is kept of it, files and
// folders that are read for it. Each is bounded for itself alone, so that nobody's submission can use up what is
// another's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "confinement.pb.h"
#include "io/sha256.hpp"
#include "plugin_host/time_budget.hpp"

namespace headroom {

// Seconds for all that one plugin is asked in a run of so many contexts: as asked for, else five times the limit of a
// request for every context.
double total_time_s(const WorkerLimits& asked, std::size_t n_contexts);

// What was asked for, but in no field more than `cap` allows. What either leaves open is the default.
WorkerLimits capped_limits(const WorkerLimits& asked, const WorkerLimits& cap, std::size_t n_contexts);

// Vectors of embeddings are kept from fold to fold within a context while each stays within its share of 4 GiB; wider
// ones are asked for again in every fold.
std::uint64_t most_kept_bytes(std::size_t n_embeddings);

// A round of more is told of in less detail, and its progress from the first worker on.
inline constexpr std::size_t kFewSubmissions = 20;

// Files of submissions are held in memory for the whole run: each may have its share of 8 GiB, at least 16 MiB and at
// most 1 GiB.
std::uint64_t most_file_bytes(std::size_t n_submissions);

// For hashing a submission's folder: 10,000 files and 16 GiB by the sizes that files claim, and no longer than what is
// left of its time.
FolderPatience folder_patience(const TimeBudget* budget, std::stop_token stop);

}  // namespace headroom
