// What the leakage probes amount to in a summary: the probe that needs no plugin (more than the whole gap closed), and
// one word a method.
#pragma once

#include <string>
#include <string_view>

#include "summary.pb.h"

namespace headroom {

// The worst outcome of any probe of the method, its embedding or its predictor: fail, warn, pass, skipped (nothing
// could be probed); empty: not audited, or not evaluated itself. `context` empty: over all contexts.
std::string worst_audit(const RunSummary& summary, const MethodResult& method, std::string_view context = {});

// Adds the probe `over-ceiling` for every evaluated plugin method in the primary metric: `fail` where the verdict is to
// check for leakage (more than 120 % of the gap closed), `warn` where the whole interval lies above 100 %, `skipped`
// where there is no percentage. Then sets MethodResult::audit everywhere. Does nothing unless the run was audited.
void complete_audit(RunSummary& summary);

}  // namespace headroom
