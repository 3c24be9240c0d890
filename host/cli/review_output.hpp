// The review of a command's inputs on stderr and in its summary.
#pragma once

#include <optional>

#include "outcome/outcome.hpp"
#include "review/review.hpp"
#include "summary.pb.h"

namespace headroom::cli {

// Tells what was not told before: a line `headroom: doubt: …` for each doubt that the command goes on with or that is
// not the first to stop it, which is the error that is returned.
Result<void> settle_review(Review& review, bool quiet);

// A doubt as messages keep it, and back without whether it was accepted; nullopt: of a code that this version does not
// know.
DoubtRecord record_of(const Doubt& doubt);
std::optional<Doubt> doubt_of(const DoubtRecord& record);

void keep_doubts(const Review& review, RunSummary* summary);

}  // namespace headroom::cli
