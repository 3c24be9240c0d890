// Which switch would grant a layer of the sandbox that a worker reports as missing: of the kernel, and of what programs
// are commonly run in.
#pragma once

#include <string>
#include <vector>

#include "confinement.pb.h"

namespace headroom {

// Who decides on a layer.
struct SandboxSwitch {
  std::string where;   // "kernel", "Docker", "Podman", "Apptainer", "systemd"
  std::string change;  // one sentence or flag
};

// A layer as it was reported, with what would grant it.
struct LayerAdvice {
  ConfinementLayer layer;
  ConfinementLevel needed_for = ConfinementLevel::NONE;  // the least level that asks for it; NONE: no level does
  std::vector<SandboxSwitch> switches;                   // empty where the layer is enforced
};

// One of each layer of the report, in its order.
std::vector<LayerAdvice> sandbox_advice(const ConfinementReport& report);

// "full", "strong", "degraded", "none".
std::string level_word(ConfinementLevel level);

}  // namespace headroom
