#include "cli/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace headroom::cli {
namespace {

// Text that roff shows as it is: backslashes and dashes escaped, no line that begins as a request does.
std::string shown(const std::string& text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

std::string bold(const std::string& text) { return fmt::format("\\fB{}\\fR", shown(text)); }
std::string italic(const std::string& text) { return fmt::format("\\fI{}\\fR", shown(text)); }

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string entry(const FlagDescription& flag) {
  std::string names;
  if (flag.is_positional) {
    names = italic(flag.value + (flag.is_repeatable ? "..." : ""));
  } else {
    for (const std::string& name : flag.names) names += (names.empty() ? "" : ", ") + bold(name);
    if (!flag.value.empty()) names.append(" ").append(italic(flag.value));
  }
  return fmt::format(".TP\n{}\n{}\n", names, shown(full_help(flag) + (flag.is_required ? " (required)." : ".")));
}

// Lines as they are.
std::string as_written(const std::string& text) { return fmt::format(".nf\n{}\n.fi\n", shown(text)); }

// A footer's paragraphs, each under the heading that man pages have for it.
struct Footer {
  std::string examples, exit_codes;  // as they are written, in lines
  std::string notes;                 // as roff, which fills its lines
};

Footer parts_of(const std::string& footer) {
  Footer parts;
  for (std::size_t begin = 0; begin < footer.size();) {
    const std::size_t end = std::min(footer.find("\n\n", begin), footer.size());
    std::string paragraph = footer.substr(begin, end - begin);
    constexpr std::string_view kExamples = "Examples:\n", kCodes = "Exit codes: ";
    if (paragraph.starts_with(kExamples)) {
      parts.examples = paragraph.substr(kExamples.size());
    } else if (paragraph.starts_with(kCodes)) {
      parts.exit_codes = paragraph.substr(kCodes.size());
    } else {
      parts.notes.append(parts.notes.empty() ? "" : "\n.PP\n").append(shown(paragraph));
    }
    begin = end + 2;
  }
  return parts;
}

}  // namespace

std::string man_page(const CommandDescription& program, const CommandDescription& page, const std::string& version) {
  const bool is_program = page.name == program.name;
  const std::string name = is_program ? program.name : program.name + "-" + page.name;
  std::istringstream about(page.about);
  std::string first;
  std::getline(about, first);
  std::string out =
      fmt::format(".TH \"{}\" 1 \"\" \"{} {}\" \"Headroom\"\n.nh\n", upper(shown(name)), program.name, version);
  out += fmt::format(".SH NAME\n{} \\- {}\n", shown(name), shown(first));
  out += fmt::format(".SH SYNOPSIS\n{}\n", bold(synopsis(page, program.name)));
  std::string rest, line;
  while (std::getline(about, line)) rest += (rest.empty() ? "" : "\n") + line;
  if (!rest.empty()) out += fmt::format(".SH DESCRIPTION\n{}\n", shown(rest));
  if (!page.commands.empty()) {
    out += ".SH COMMANDS\n";
    for (const CommandDescription& command : page.commands) {
      out += fmt::format(".TP\n{}(1)\n{}\n", bold(program.name + "-" + command.name), shown(command.about));
    }
  }
  std::string arguments;
  for (const FlagDescription& flag : page.flags) {
    if (flag.is_positional) arguments += entry(flag);
  }
  if (!arguments.empty()) out += ".SH ARGUMENTS\n" + arguments;
  out += ".SH OPTIONS\n";
  for (const std::string& group : groups_of(page)) {
    out += fmt::format(".SS \"{}\"\n", shown(group));
    for (const FlagDescription& flag : page.flags) {
      if (!flag.is_positional && flag.group == group) out += entry(flag);
    }
  }
  const Footer footer = parts_of(page.footer);
  const std::string& codes = footer.exit_codes.empty() ? parts_of(program.footer).exit_codes : footer.exit_codes;
  if (!footer.notes.empty()) out += fmt::format(".SH NOTES\n{}\n", footer.notes);
  if (!footer.examples.empty()) out += ".SH EXAMPLES\n" + as_written(footer.examples);
  if (!codes.empty()) out += ".SH \"EXIT STATUS\"\n" + as_written(codes);
  std::string others = is_program ? "" : bold(program.name) + "(1)";
  for (const CommandDescription& command : program.commands) {
    if (command.name == page.name) continue;
    others += (others.empty() ? "" : ",\n") + bold(program.name + "-" + command.name) + "(1)";
  }
  return out + ".SH \"SEE ALSO\"\n" + others + "\n";
}

}  // namespace headroom::cli
