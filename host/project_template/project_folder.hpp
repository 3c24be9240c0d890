// Writes the files of a new plugin project (sdk/templates) into a folder: what `headroom new` does.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"
#include "plugin_project.hpp"

namespace headroom {

// "embedding" or "predictor", of the target "lfc" or "deg" (which is the same for an embedding); "c++" or "c". Anything
// else is a bad_input that names what there is.
Result<PluginProjectKind> plugin_project_kind(std::string_view text, std::string_view target = "lfc");
Result<PluginProjectLanguage> plugin_project_language(std::string_view text);

// Makes `folder` (its parent must exist, it itself must not, or be empty) and writes the project into it; nothing that
// is there is overwritten. Errors (bad_input): the name is no plugin's name, the folder is not empty or not a folder;
// (harness_fault): a file cannot be written, and what was written until then is taken back.
Result<void> write_plugin_project(const std::filesystem::path& folder, std::string_view name, PluginProjectKind kind,
                                  PluginProjectLanguage language);

// Where headroom-sdkConfig.cmake lies that belongs to this program (an absolute path), in the build tree or installed.
// Empty if there is none, and if CMake finds it without being told (/usr, /usr/local).
std::filesystem::path sdk_package_of(const std::filesystem::path& program);

// What to type next, as text for the terminal: the three commands of the project's README, from the folder in which
// `headroom new` was called. `sdk_folder`: of sdk_package_of().
std::string plugin_project_next_steps(const std::filesystem::path& folder, std::string_view name,
                                      PluginProjectLanguage language, const std::filesystem::path& sdk_folder);

}  // namespace headroom
