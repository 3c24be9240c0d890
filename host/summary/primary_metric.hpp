// Which of a run's metrics ranks its methods.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

// The first of the run's settings, else the first in the results; empty if there is none.
std::string primary_metric(const RunSummary& summary);

}  // namespace headroom
