// What a worker says of its own confinement: found by doing what each layer forbids, or by comparing before and after,
// never by assuming that a call that returned success took effect.
#pragma once

#include <string>

#include "confinement.pb.h"
#include "sandbox/namespaces.hpp"
#include "sandbox/system_failure.hpp"

namespace headroom {

// Adds the layer `name` to the report: enforced, or missing for the reason given.
void add_layer(ConfinementReport& report, const std::string& name, const tl::expected<void, SystemFailure>& outcome);
void add_missing_layer(ConfinementReport& report, const std::string& name, const std::string& reason);

// Landlock in force: a file that is readable to everybody is not readable.
tl::expected<void, SystemFailure> probe_file_access();

// The mount that the descriptor was opened through forbids writing, which includes times of last access.
tl::expected<void, SystemFailure> probe_read_only_mount(int fd);

// Adds one layer for each namespace: enforced where it is another one than `outside`.
void probe_namespaces(ConfinementReport& report, const NamespaceIds& outside, const NamespaceIds& inside);

}  // namespace headroom
