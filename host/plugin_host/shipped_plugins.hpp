// The hashes of the plugins that were built together with this host. The source file is written by the build, after the
// plugins (write_shipped_plugins.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace headroom {

// SHA-256 as 64 hexadecimal digits, one per shipped plugin.
std::vector<std::string_view> shipped_plugin_hashes();

}  // namespace headroom
