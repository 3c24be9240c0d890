#include "conformance/conformance_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "terminal/display_text.hpp"
#include "terminal/json_text.hpp"

namespace headroom {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kOutcomeWidth = 7;  // "skipped"

int name_width() {
  std::size_t width = 0;
  for (const CheckDescription& check : list_checks()) width = std::max(width, check.name.size());
  return static_cast<int>(width);
}

Ink ink_of_check(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::pass:
      return Ink::green;
    case CheckOutcome::warn:
      return Ink::yellow;
    case CheckOutcome::fail:
      return Ink::red;
    case CheckOutcome::skipped:
      return Ink::faint;
  }
  return Ink::plain;
}

std::string level_name(ConfinementLevel level) {
  std::string name = ConfinementLevel_Name(level);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

// JSON text must be UTF-8, and a plugin's words need not be.
std::string json_text(const Json& json) {
  return escaped_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace

std::string check_line(const CheckResult& result, const TerminalStyle& style) {
  const std::string outcome = fit_left(check_outcome_name(result.outcome), kOutcomeWidth);
  return inked(outcome, ink_of_check(result.outcome), style) + "  " + fit_left(result.name, name_width()) + "  " +
         display_text(result.detail);
}

std::string check_summary(const Conformance& conformance, const TerminalStyle& style) {
  const bool conforms = conformance.conforms();
  std::string who = conformance.path;
  if (conformance.description) who = conformance.description->name() + " " + conformance.description->version();
  const int n_warnings = conformance.count(CheckOutcome::warn);
  const bool is_tried = conforms || conformance.count(CheckOutcome::fail) > 0;
  const char* verdict = conforms   ? "conforms"
                        : is_tried ? "does not conform"
                                   : "was not checked: nothing applies to it";
  return fmt::format("{} {}: {} passed, {} warning{}, {} failed, {} skipped (sandbox: {})", display_text(who),
                     inked(verdict, conforms ? Ink::green : Ink::red, style), conformance.count(CheckOutcome::pass),
                     n_warnings, n_warnings == 1 ? "" : "s", conformance.count(CheckOutcome::fail),
                     conformance.count(CheckOutcome::skipped), level_name(conformance.confinement.level()));
}

void write_check_list(std::ostream& out, const TerminalStyle& style) {
  for (const CheckDescription& check : list_checks()) {
    out << inked(fit_left(check.name, name_width()), Ink::bold, style) << "  " << check.explanation << '\n';
  }
}

std::string check_list_json() {
  Json list = Json::array();
  for (const CheckDescription& check : list_checks())
    list.push_back({{"name", check.name}, {"explanation", check.explanation}});
  return json_text(list);
}

std::string conformance_json(const Conformance& conformance) {
  Json plugin = {{"path", conformance.path}, {"sha256", conformance.sha256}};
  if (conformance.description) {
    plugin["name"] = conformance.description->name();
    plugin["version"] = conformance.description->version();
    plugin["kind"] = conformance.description->kind() == PluginKind::EMBEDDING ? "embedding" : "predictor";
  }
  Json checks = Json::array();
  for (const CheckResult& result : conformance.checks) {
    checks.push_back(
        {{"name", result.name}, {"outcome", check_outcome_name(result.outcome)}, {"detail", result.detail}});
  }
  return json_text({{"plugin", plugin},
                    {"sandbox", level_name(conformance.confinement.level())},
                    {"conforms", conformance.conforms()},
                    {"checks", checks}});
}

}  // namespace headroom
