// What a plugin may use: threads while it is asked, none when it is not, time and memory at the published size.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "conformance/difference.hpp"
#include "conformance/finding.hpp"

namespace headroom {

// A worker that waits for its next request for this long uses next to no CPU time, unless threads of the plugin go on.
inline constexpr std::chrono::milliseconds kQuietPause{400};
// Of the pause and of one tiny request. Threads of OpenBLAS and libgomp spin for some 30 ms before they sleep; one that
// goes on uses all of the pause.
inline constexpr double kMostIdleCpu_s = 0.15;

Finding judge_quiet(double idle_cpu_s);

// Answers with one thread and with two.
Finding judge_thread_counts(const Difference& difference);

// A run asks a predictor 30 times in a context (5 folds, 5 inner splits and the refit each), so a call of a minute
// makes half an hour; two workers of 4 GB fit into a desktop computer.
inline constexpr double kSlowPublishedSize_s = 60;
inline constexpr std::uint64_t kLargePublishedSize_bytes = std::uint64_t{4} << 30;

struct PublishedSizeUse {
  std::string request;  // "2000 ids"
  double wall_s = 0;
  double cpu_s = 0;
  std::uint64_t peak_memory_bytes = 0;  // of the worker, segments shared with the host included
  int n_threads = 1;                    // that were allowed
};
Finding judge_published_size(const PublishedSizeUse& use);

}  // namespace headroom
