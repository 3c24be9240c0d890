#include "cli/help_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

namespace headroom::cli {
namespace {

constexpr std::size_t kHelpIndent = 28;  // where the explanations begin

// The words in lines that begin after `indent` columns; the first line is there already.
std::string wrapped(const std::string& text, std::size_t indent) {
  const std::string next_line = fmt::format("\n{:{}}", "", indent);
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!out.empty()) out += next_line;
    std::size_t column = indent;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (column > indent && column + 1 + word.size() > kHelpColumns) {
        out += next_line;
        column = indent;
      }
      if (column > indent) {
        out += ' ';
        ++column;
      }
      out += word;
      column += word.size();
    }
  }
  return out;
}

// Lines that fit stay as they are: examples stand in columns.
std::string wrapped_where_long(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out.append(out.empty() ? "" : "\n").append(line.size() > kHelpColumns ? wrapped(line, 0) : line);
  }
  return out;
}

// "  --flag VALUE    explanation", the explanation on a line of its own where the flag is long.
std::string entry(const std::string& flag, const std::string& help) {
  const std::string first = fmt::format("  {}", flag);
  const bool fits = first.size() + 2 <= kHelpIndent;
  return fmt::format("{:{}}{}{}\n", first, fits ? kHelpIndent : 0, fits ? "" : fmt::format("\n{:{}}", "", kHelpIndent),
                     wrapped(help, kHelpIndent));
}

std::string names_and_value(const FlagDescription& flag) {
  if (flag.is_positional) return flag.value + (flag.is_repeatable ? "..." : "");
  return fmt::format("{}{}{}", fmt::join(flag.names, ", "), flag.value.empty() ? "" : " ", flag.value);
}

}  // namespace

std::string help_text(const CommandDescription& command, const std::string& program) {
  std::string out = fmt::format("{}\n\nUsage: {}\n", wrapped(command.about, 0), wrapped(synopsis(command, program), 7));
  if (!command.commands.empty()) {
    out += "\nCommands:\n";
    for (const CommandDescription& each : command.commands) out += entry(each.name, each.about);
  }
  std::string arguments;
  for (const FlagDescription& flag : command.flags) {
    if (flag.is_positional) arguments += entry(names_and_value(flag), full_help(flag));
  }
  if (!arguments.empty()) out += fmt::format("\nArguments:\n{}", arguments);
  for (const std::string& group : groups_of(command)) {
    out += fmt::format("\n{}:\n", group);
    for (const FlagDescription& flag : command.flags) {
      if (flag.is_positional || flag.group != group) continue;
      out += entry(names_and_value(flag), full_help(flag) + (flag.is_required ? " (required)" : ""));
    }
  }
  if (!command.footer.empty()) out += fmt::format("\n{}\n", wrapped_where_long(command.footer));
  return out;
}

}  // namespace headroom::cli
