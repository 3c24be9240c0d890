#include "plugin_host/named_runtime.hpp"

#include <algorithm>

#include "plugin_host/plugin_place.hpp"

namespace headroom {

Result<std::shared_ptr<const DataFile>> take_named_runtime(const std::filesystem::path& library,
                                                           std::vector<std::pair<std::string, std::string>>& options,
                                                           const std::stop_token& stop) {
  if (library.filename() != kOnnxRunner) return nullptr;
  const auto option =
      std::find_if(options.begin(), options.end(), [](const auto& each) { return each.first == kRuntimeOption; });
  if (option == options.end()) return nullptr;
  const std::string path = std::move(option->second);
  options.erase(option);
  if (path.empty()) return nullptr;
  auto file = open_data_file(path, kMaxPluginFileBytes, stop);
  if (!file) return tl::unexpected<Error>(file.error());
  return std::make_shared<const DataFile>(std::move(*file));
}

}  // namespace headroom
