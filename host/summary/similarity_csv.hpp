// similarity.csv: which embeddings of a run say the same, one row per context and pair, in the order of the dendrogram.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

// RFC 4180 with a header line. Empty where the run compared no embeddings. A correlation that is undefined is an empty
// field.
std::string similarity_csv(const RunSummary& summary);

}  // namespace headroom
