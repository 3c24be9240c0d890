// What a model sees that is given as a file: a copy of itself and its companions, and nothing else of the folder that
// it lies in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "outcome/outcome.hpp"
#include "plugin_host/plugin_place.hpp"
#include "plugin_host/private_folder.hpp"

namespace headroom {

// `place`: with is_file and a model. `options`: of the plugin, as its user set them; one names the vocabulary.
// Errors: as PrivateFolder::copy_of_files().
Result<std::shared_ptr<const PrivateFolder>> own_files_of(
    const PluginPlace& place, const std::vector<std::pair<std::string, std::string>>& options,
    const CopyBounds& bounds = {});

}  // namespace headroom
