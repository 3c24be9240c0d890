// Checks of the library and of what it says of itself, whatever kind of plugin it is.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> library_loads(const Specimen& specimen);
Answer<Finding> exports_only_entry(const Specimen& specimen);
Answer<Finding> descriptor_is_sane(const Specimen& specimen);
Answer<Finding> version_is_said(const Specimen& specimen);
Answer<Finding> plugin_opens(const Specimen& specimen);

}  // namespace headroom
