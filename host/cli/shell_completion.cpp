#include "cli/shell_completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace headroom::cli {
namespace {

std::string words(const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, " ")); }

std::vector<std::string> names_of(const std::vector<CommandDescription>& commands) {
  std::vector<std::string> names;
  for (const CommandDescription& command : commands) names.push_back(command.name);
  return names;
}

std::vector<std::string> flag_names(const CommandDescription& command) {
  std::vector<std::string> names;
  for (const FlagDescription& flag : command.flags) {
    if (!flag.is_positional) names.insert(names.end(), flag.names.begin(), flag.names.end());
  }
  return names;
}

// One branch of a case over `command:flag`: what may follow the flag.
std::string bash_values(const CommandDescription& command) {
  std::string out;
  for (const FlagDescription& flag : command.flags) {
    if (flag.is_positional || flag.value.empty()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : flag.names) patterns.push_back(command.name + ":" + name);
    const std::string action = !flag.choices.empty()
                                   ? fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))", words(flag.choices))
                               : flag.takes_path() ? "_headroom_paths"
                                                   : "COMPREPLY=()";
    out += fmt::format("    {}) {}; return ;;\n", fmt::join(patterns, "|"), action);
  }
  return out;
}

// A command whose one argument is a choice: what may follow its name.
std::string bash_positional_values(const CommandDescription& command) {
  for (const FlagDescription& flag : command.flags) {
    if (!flag.is_positional || flag.choices.empty()) continue;
    return fmt::format("    {}:{}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return ;;\n", command.name,
                       command.name, words(flag.choices));
  }
  return "";
}

// In a string in single quotes of zsh, inside an _arguments specification.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string zsh_values(const FlagDescription& flag) {
  const std::string name = zsh_text(flag.value);
  if (!flag.choices.empty()) return fmt::format(":{}:({})", name, words(flag.choices));
  return fmt::format(":{}:{}", name, flag.takes_path() ? "_files" : " ");
}

std::string zsh_arguments(const CommandDescription& command) {
  std::string out;
  int n_positional = 0;
  for (const FlagDescription& flag : command.flags) {
    if (flag.is_positional) {
      out += fmt::format(" \\\n        '{}{}'", flag.is_repeatable ? "*" : std::to_string(++n_positional),
                         zsh_values(flag));
      continue;
    }
    for (const std::string& name : flag.names) {
      out += fmt::format(" \\\n        '{}{}[{}]{}'", flag.is_repeatable ? "*" : "", name, zsh_text(flag.help),
                         flag.value.empty() ? "" : zsh_values(flag));
    }
  }
  return out;
}

}  // namespace

std::string bash_completion(const CommandDescription& program) {
  std::string flags =
      fmt::format("    '') words='{} {}' ;;\n", words(names_of(program.commands)), words(flag_names(program)));
  std::string values;
  for (const CommandDescription& command : program.commands) {
    values += bash_positional_values(command);
    flags += fmt::format("    {}) words='{}' ;;\n", command.name, words(flag_names(command)));
    values += bash_values(command);
  }
  return fmt::format(R"(# Completion of {0} for bash.
_headroom_paths() {{
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$current"))
}}

_headroom() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command='' word words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
    {1}) command=$word; break ;;
    esac
  done
  # NAME=PATH: bash takes it apart at the =.
  if [[ $current == = ]]; then current=''; previous='='; fi
  if [[ $previous == = ]]; then _headroom_paths; return; fi
  case $command:$previous in
{2}  esac
  case $command in
{3}  esac
  if [[ $current == -* || -z $command ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    _headroom_paths
  fi
}}
complete -F _headroom {0}
)",
                     program.name, fmt::join(names_of(program.commands), "|"), values, flags);
}

std::string zsh_completion(const CommandDescription& program) {
  std::string commands, cases;
  for (const CommandDescription& command : program.commands) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.about));
    cases += fmt::format("    {})\n      _arguments -s{} ;;\n", command.name, zsh_arguments(command));
  }
  return fmt::format(R"(#compdef {0}
# Completion of {0} for zsh.
_headroom() {{
  local -a commands
  local state
  commands=(
{1}  )
  _arguments -C{2} \
    '1:command:->command' '*::argument:->argument'
  case $state in
  command) _describe command commands ;;
  argument)
    case $words[1] in
{3}    esac ;;
  esac
}}
_headroom "$@"
)",
                     program.name, commands, zsh_arguments(program), cases);
}

}  // namespace headroom::cli
