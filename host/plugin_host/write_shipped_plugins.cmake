# Writes the source file with the shipped plugins' hashes: cmake -D OUTPUT=FILE -D PLUGINS=a.so;b.so -P this file.
set(entries "")
foreach(plugin IN LISTS PLUGINS)
  file(SHA256 "${plugin}" hash)
  get_filename_component(name "${plugin}" NAME)
  string(APPEND entries "      \"${hash}\",  // ${name}\n")
endforeach()
set(text "// Written by the build from the plugins that it made.
#include \"plugin_host/shipped_plugins.hpp\"

namespace headroom {

std::vector<std::string_view> shipped_plugin_hashes() {
  return {
${entries}  };
}

}  // namespace headroom
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
# Untouched if nothing changed: otherwise everything behind it would be linked anew after each build of a plugin.
if(NOT old STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()
