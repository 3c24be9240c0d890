// What a confined worker says: of a plugin, and of a data file that the table plugin describes.
#pragma once

#include <string>
#include <vector>

#include "inspection/inspection.hpp"
#include "plugin_host/plugin_place.hpp"

namespace headroom {

// Fills facts, and `fault` where the worker could not describe the file. Errors: no file, no sandbox.
Result<void> add_plugin_facts(const PluginPlace& place, const InspectOptions& options, Inspection& inspection);
Result<void> add_data_file_facts(const std::filesystem::path& path, const InspectOptions& options,
                                 Inspection& inspection);

}  // namespace headroom
