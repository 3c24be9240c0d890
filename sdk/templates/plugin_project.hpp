// The files of a new plugin project, as `headroom new` writes them; their texts are embedded from this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

enum class PluginProjectKind { embedding, predictor, class_predictor };  // the last: of classes in place of deltas
enum class PluginProjectLanguage { cpp, c, python };

struct PluginProjectFile {
  std::string name;  // within the project's folder: "CMakeLists.txt"
  std::string text;
};

// CMakeLists.txt (in Python: none), README.md and the source of a plugin that builds and passes `headroom check` as it is.
// Errors (bad_input): a name that is empty, longer than 64 characters, does not begin with a letter, or has other
// characters than letters, digits, '_', '-' and '.'.
Result<std::vector<PluginProjectFile>> plugin_project(std::string_view name, PluginProjectKind kind,
                                                      PluginProjectLanguage language);

}  // namespace headroom
