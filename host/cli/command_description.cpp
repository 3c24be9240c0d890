#include "cli/command_description.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headroom::cli {

bool FlagDescription::takes_path() const {
  constexpr const char* kPaths[] = {"FILE", "DIR", "PATH", "OUT", "TASK", "CSV", "CELLS", "PLUGIN.so"};
  return std::any_of(std::begin(kPaths), std::end(kPaths),
                     [&](const char* path) { return value.find(path) != std::string::npos; });
}

std::string synopsis(const CommandDescription& command, const std::string& program) {
  std::string text = command.name == program ? program : program + " " + command.name;
  if (!command.commands.empty()) return text + " COMMAND [OPTIONS]";
  for (const bool positional : {true, false}) {
    for (const FlagDescription& flag : command.flags) {
      if (flag.is_positional != positional || (!positional && !flag.is_required)) continue;
      std::string part = positional ? flag.value : flag.names.back() + " " + flag.value;
      if (flag.is_repeatable) part += "...";
      text += " " + (flag.is_required ? part : "[" + part + "]");
    }
  }
  return text + " [OPTIONS]";
}

std::vector<std::string> groups_of(const CommandDescription& command) {
  std::vector<std::string> groups;
  for (const FlagDescription& flag : command.flags) {
    if (!flag.is_positional && std::find(groups.begin(), groups.end(), flag.group) == groups.end()) {
      groups.push_back(flag.group);
    }
  }
  return groups;
}

std::string full_help(const FlagDescription& flag) {
  std::string text = flag.help;
  if (flag.is_repeatable && !flag.is_positional) text += "; may be repeated";
  if (!flag.preset.empty()) text += fmt::format(" (default: {})", flag.preset);
  return text;
}

}  // namespace headroom::cli
