#include "report/outcome_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "terminal/display_text.hpp"

namespace headroom {
namespace {

constexpr std::string_view kFurther = "    ";  // before what a line goes on with

}  // namespace

std::vector<Outcome> methods_without_numbers(const std::vector<const ContextResult*>& tables) {
  struct Group {
    std::string status, reason;
    std::vector<std::string> methods;
  };
  std::vector<Group> groups;
  for (const char* status : {"failed", "skipped"}) {
    for (const ContextResult* table : tables) {
      for (const MethodResult& method : table->methods()) {
        if (method.status() != status) continue;
        auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& other) {
          return other.status == status && other.reason == method.reason();
        });
        if (group == groups.end()) group = groups.insert(groups.end(), {status, method.reason(), {}});
        const std::string name = display_text(method.name());
        if (std::find(group->methods.begin(), group->methods.end(), name) == group->methods.end()) {
          group->methods.push_back(name);
        }
      }
    }
  }
  std::vector<Outcome> outcomes;
  for (const Group& group : groups) {
    outcomes.push_back({group.status, fmt::format("{} {}: {}", group.status, fmt::join(group.methods, ", "),
                                                  display_text(group.reason))});
  }
  return outcomes;
}

void write_wrapped(std::ostream& out, std::string_view text, std::string_view indent, Ink ink,
                   const TerminalStyle& style) {
  for (const std::string& line : wrapped(text, style.width - display_width(indent), kFurther)) {
    out << inked(std::string(indent) + line, ink, style) << '\n';
  }
}

}  // namespace headroom
