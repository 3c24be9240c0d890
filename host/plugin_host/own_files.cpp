#include "plugin_host/own_files.hpp"

#include <algorithm>
#include <string_view>

namespace headroom {

Result<std::shared_ptr<const PrivateFolder>> own_files_of(
    const PluginPlace& place, const std::vector<std::pair<std::string, std::string>>& options,
    const CopyBounds& bounds) {
  const auto named = std::find_if(options.begin(), options.end(),
                                  [](const auto& option) { return option.first == kVocabularyOption; });
  const auto files = files_of_model(place, named == options.end() ? kVocabulary : std::string_view(named->second));
  if (!files) return tl::unexpected<Error>(files.error());
  return PrivateFolder::copy_of_files(place.data_folder, *files, bounds);
}

}  // namespace headroom
