#include "inspection/inspection_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "terminal/display_text.hpp"
#include "terminal/json_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kWidestName = 24;
constexpr int kLongestSideBySide = 30;  // of a text in a list

std::string text_of(const FactValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return display_text(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return count_text(*whole);
  if (const auto* number = std::get_if<double>(&value)) return value_text(*number);
  return std::get<bool>(value) ? "yes" : "no";
}

Json json_of(const FactValue& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

std::string words_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// Pieces side by side with `between` as long as they fit, then the next line. A piece that is too long is cut.
std::vector<std::string> filled(const std::vector<std::string>& pieces, std::string_view between, int width) {
  std::vector<std::string> lines;
  for (const std::string& piece : pieces) {
    const std::string next = shortened(piece, width);
    if (!lines.empty() && display_width(lines.back() + std::string(between) + next) <= width) {
      lines.back() += std::string(between) + next;
    } else {
      if (!lines.empty() && between.front() == ',') lines.back() += ',';
      lines.push_back(next);
    }
  }
  return lines;
}

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// Short texts of a list stand side by side; long ones, and single texts, are broken between words.
std::vector<std::string> lines_of(const std::vector<std::string>& texts, int width) {
  const bool short_texts = std::all_of(
      texts.begin(), texts.end(), [](const std::string& text) { return display_width(text) <= kLongestSideBySide; });
  if (short_texts && texts.size() > 1) return filled(texts, ", ", width - 1);  // a line may end with a comma
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    for (std::string& line : filled(words_in(text), " ", width)) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

void write_inspection(std::ostream& out, const Inspection& inspection, const TerminalStyle& style) {
  out << shortened(display_text(inspection.file + ": " + inspection.kind), style.width) << '\n';
  int name_width = 0;
  for (const Fact& fact : inspection.facts) {
    name_width = std::max(name_width, std::min(kWidestName, display_width(words_of(fact.name))));
  }
  const int value_width = style.width - name_width - 4;
  for (const Fact& fact : inspection.facts) {
    std::vector<std::string> texts;
    for (const FactValue& value : fact.values) texts.push_back(text_of(value));
    std::vector<std::string> lines = lines_of(texts, value_width);
    if (lines.empty()) lines.push_back("none");
    for (std::size_t i = 0; i < lines.size(); ++i) {
      out << "  " << fit_left(i == 0 ? words_of(fact.name) : "", name_width) << "  " << lines[i] << '\n';
    }
  }
  if (!inspection.fault) return;
  for (const std::string& line : lines_of({"failed: " + display_text(*inspection.fault)}, style.width - 2)) {
    out << "  " << line << '\n';
  }
}

std::string inspection_json(const Inspection& inspection) {
  Json object = {{"file", inspection.file}, {"kind", inspection.kind}};
  if (inspection.fault) object["fault"] = *inspection.fault;
  for (const Fact& fact : inspection.facts) {
    if (!fact.is_list) {
      object[fact.name] = json_of(fact.values.front());
      continue;
    }
    Json array = Json::array();
    for (const FactValue& value : fact.values) array.push_back(json_of(value));
    object[fact.name] = std::move(array);
  }
  return escaped_json(object.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace headroom
