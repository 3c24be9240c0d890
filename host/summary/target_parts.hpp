// The summary of a run that predicts several targets, as one and as its parts: a part is what a run of that target
// alone would have, so that whoever ranks, draws or tabulates works on one target at a time.
#pragma once

#include <string>
#include <vector>

#include "summary.pb.h"

namespace headroom {

// What results of the first target, and all of earlier runs, leave out.
inline constexpr const char* kFirstTarget = "lfc";

const std::string& target_of(const ContextResult& context);  // "lfc" where it does not say

// In the order in which they appear; of a summary without tables the first.
std::vector<std::string> targets_of(const RunSummary& summary);

// Tables of the target alone, with its settings and task. Everything of a summary that has no other target.
RunSummary part_of_target(const RunSummary& summary, const std::string& target);

// Parts of one run, at least one: the first one's settings and task, the tables of all, each plugin once.
RunSummary joined(std::vector<RunSummary> parts);

}  // namespace headroom
