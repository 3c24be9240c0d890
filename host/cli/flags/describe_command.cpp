#include "cli/flags/describe_command.hpp"

#include <cctype>
#include <string>
#include <vector>

namespace headroom::cli {
namespace {

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// "a|b", "TEXT:{a,b}" and "ENUM:value in {a->0,b->1} OR {0,1}", as CLI11 describes what a flag takes: the values alone.
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  const std::string name = type.substr(0, type.find(':'));
  if (name.find('|') != std::string::npos) return CLI::detail::split(name, '|');  // in an order of our own
  const auto open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (const std::string& choice : CLI::detail::split(type.substr(open + 1, close - open - 1), ',')) {
    choices.push_back(choice.substr(0, choice.find("->")));
  }
  return choices;
}

std::string value_name(const CLI::Option& flag, const std::vector<std::string>& choices) {
  if (flag.get_expected_max() == 0) return "";
  if (!choices.empty()) return CLI::detail::join(choices, "|");
  const std::string type = flag.get_type_name().substr(0, flag.get_type_name().find(':'));
  if (flag.get_positional()) return type == "TEXT" ? upper_case(flag.get_name(true)) : type;
  return type == "UINT" || type == "INT" ? "N" : type == "FLOAT" ? "NUMBER" : type;
}

FlagDescription describe(const CLI::Option& flag) {
  FlagDescription description;
  description.is_positional = flag.get_positional() && flag.get_lnames().empty() && flag.get_snames().empty();
  description.choices = choices_of(flag.get_type_name());
  description.value = value_name(flag, description.choices);
  if (description.is_positional) {
    description.names = {flag.get_name(true)};
  } else {
    for (const std::string& name : flag.get_snames()) description.names.push_back("-" + name);
    for (const std::string& name : flag.get_lnames()) description.names.push_back("--" + name);
  }
  description.help = flag.get_description();
  description.preset = flag.get_default_str();
  if (description.preset.starts_with('['))
    description.preset = description.preset.substr(1, description.preset.size() - 2);
  description.group = flag.get_group();
  description.is_required = flag.get_required();
  description.is_repeatable = flag.get_expected_max() > 1;
  return description;
}

}  // namespace

CommandDescription describe(const CLI::App& command) {
  CommandDescription description;
  description.name = command.get_name();
  description.about = command.get_description();
  description.footer = command.get_footer();
  for (const CLI::Option* flag : command.get_options()) {
    if (!flag->get_group().empty()) description.flags.push_back(describe(*flag));
  }
  for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_group().empty()) description.commands.push_back(describe(*each));
  }
  return description;
}

}  // namespace headroom::cli
