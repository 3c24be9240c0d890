// The review of a command's inputs on stderr and in its summary.
#pragma once

#include "outcome/outcome.hpp"
#include "review/review.hpp"
#include "summary.pb.h"

namespace headroom::cli {

// Tells what was not told before: a line `headroom: doubt: …` for each doubt that the command goes on with or that is
// not the first to stop it, which is the error that is returned.
Result<void> settle_review(Review& review, bool quiet);

void keep_doubts(const Review& review, RunSummary* summary);

}  // namespace headroom::cli
