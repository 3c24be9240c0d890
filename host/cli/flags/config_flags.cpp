#include "cli/flags/config_flags.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headroom::cli {
namespace {

// A flag of the command by its name in a config file; nullptr: there is none.
const CLI::Option* flag_of(const CLI::App& command, const std::string& key) {
  const CLI::Option* flag = command.get_option_no_throw("--" + key);
  if (flag == nullptr && !key.starts_with("-")) flag = command.get_option_no_throw(key);  // a positional argument
  return flag != nullptr && flag->get_configurable() ? flag : nullptr;
}

std::string flags_of(const CLI::App& command) {
  std::string names;
  for (const CLI::Option* flag : command.get_options()) {
    if (flag->get_configurable()) names += (names.empty() ? "" : ", ") + flag->get_single_name();
  }
  return names;
}

}  // namespace

Result<void> check_config(const std::vector<ConfigEntry>& entries, const CLI::App& app, const std::string& path) {
  for (const ConfigEntry& entry : entries) {
    const std::string where = fmt::format("{}, line {}", path, entry.line);
    const auto commands = app.get_subcommands(
        [&](const CLI::App* command) { return entry.section.empty() || command->get_name() == entry.section; });
    if (commands.empty()) {
      return bad_input(fmt::format("there is no command '{}' for the section [{}]", entry.section, entry.section),
                       where, "the commands are listed by headroom --help");
    }
    if (std::none_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return flag_of(*command, entry.key) != nullptr; })) {
      return bad_input(fmt::format("there is no flag '{}'", entry.key), where,
                       entry.section.empty()
                           ? "write it under the section of its command, as [run]"
                           : fmt::format("those of {} are {}", entry.section, flags_of(*commands.front())));
    }
  }
  return {};
}

std::vector<CLI::ConfigItem> ConfigFlags::from_config(std::istream&) const {
  std::vector<CLI::ConfigItem> given;
  if (app_.get_subcommands().empty()) return given;
  const CLI::App& command = *app_.get_subcommands().front();
  for (const bool of_command : {true, false}) {  // the first value of a flag holds
    for (const ConfigEntry& entry : entries_) {
      if (entry.section != (of_command ? command.get_name() : "") || flag_of(command, entry.key) == nullptr) continue;
      CLI::ConfigItem& item = given.emplace_back();
      item.parents = {command.get_name()};
      item.name = entry.key;
      item.inputs = entry.values;
    }
  }
  return given;
}

}  // namespace headroom::cli
