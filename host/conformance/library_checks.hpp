// Checks of the library and of what it says of itself, whatever kind of plugin it is.
#pragma once

#include "conformance/specimen.hpp"

namespace headroom {

Answer<Finding> library_loads(Specimen& specimen);
Answer<Finding> exports_only_entry(Specimen& specimen);
Answer<Finding> descriptor_is_sane(Specimen& specimen);
Answer<Finding> version_is_said(Specimen& specimen);
Answer<Finding> plugin_opens(Specimen& specimen);

}  // namespace headroom
