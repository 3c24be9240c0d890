#include "review/told_doubt.hpp"

#include <algorithm>

#include "review/doubt_record.hpp"

namespace headroom {
namespace {

constexpr std::string_view kMark = "doubt\t";
constexpr std::size_t kMostLineBytes = 4000;
constexpr std::size_t kMostTextBytes = 600, kMostExampleBytes = 60;

// Cut between characters of UTF-8.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most) + "…";
}

bool is_of_readers(std::string_view code) {
  return code.starts_with("labels.") || code.starts_with("rows.") || code.starts_with("vectors.") ||
         code.starts_with("predictions.");
}

}  // namespace

std::string doubt_line(const Doubt& doubt) {
  Doubt told = doubt;
  told.where = cut(std::move(told.where), kMostTextBytes);
  told.what = cut(std::move(told.what), kMostTextBytes);
  told.remedy = cut(std::move(told.remedy), kMostTextBytes);
  for (std::string& example : told.examples) example = cut(std::move(example), kMostExampleBytes);
  std::string line = std::string(kMark) + doubts_json({&told, 1});
  // Escapes may have made it long.
  while (line.size() > kMostLineBytes && !told.examples.empty()) {
    told.examples.pop_back();
    line = std::string(kMark) + doubts_json({&told, 1});
  }
  return line.size() > kMostLineBytes
             ? std::string(kMark) + doubts_json(std::vector{Doubt{told.code, {}, {}, told.n, {}, {}}})
             : line;
}

std::optional<Doubt> parse_doubt_line(std::string_view line) {
  if (!line.starts_with(kMark) || line.size() > 2 * kMostLineBytes) return std::nullopt;
  auto doubts = read_doubts(line.substr(kMark.size()), {});
  if (!doubts || doubts->size() != 1 || !is_of_readers(doubts->front().code)) return std::nullopt;
  Doubt doubt = std::move(doubts->front());
  doubt.accepted = false;
  doubt.n = std::max<std::int64_t>(doubt.n, 0);
  return doubt;
}

}  // namespace headroom
