// A plugin's description as it came out of a worker: by then the plugin may have forged it.
#pragma once

#include <string>

#include "plugin.pb.h"

namespace headroom {

// What is wrong with it, or an empty string: names of other characters than the headers allow, text with control
// characters, a grid with values that are not finite or out of range, no kind, no number of blocks.
std::string fault_of(const PluginDescription& description);

}  // namespace headroom
