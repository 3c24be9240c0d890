// submission.json in the folder of a study that was handed to an engine: into how many shards it is cut, and as which
// jobs it was submitted, the latest last.
#pragma once

#include <filesystem>
#include <optional>

#include "outcome/outcome.hpp"
#include "plan.pb.h"

namespace headroom {

// nullopt: the study was never submitted. Error (bad_input): the file is none of ours.
Result<std::optional<SubmissionRecord>> read_submission(const std::filesystem::path& out);

Result<void> write_submission(const std::filesystem::path& out, const SubmissionRecord& record);

}  // namespace headroom
