#include "io/csv_writer.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace headroom {
namespace {

// Blanks that spreadsheets pass over, and characters that show as nothing.
constexpr std::array<std::string_view, 13> kBlanks = {
    " ", "\t", "\r", "\n", "\v", "\f", "\u00a0", "\u200b", "\u200e", "\u200f", "\u2060", "\u3000", "\ufeff"};
constexpr std::array<std::string_view, 8> kSigns = {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"};

template <std::size_t N>
std::size_t begins_with_one_of(std::string_view text, const std::array<std::string_view, N>& ones) {
  for (const std::string_view one : ones) {
    if (text.starts_with(one)) return one.size();
  }
  return 0;
}

bool must_be_quoted(std::string_view text) { return text.find_first_of(",\"\r\n") != std::string_view::npos; }

}  // namespace

bool is_like_formula(std::string_view text) {
  while (text.starts_with('\'')) text.remove_prefix(1);
  if (text.starts_with('\t') || text.starts_with('\r') || text.starts_with('\n')) return true;
  while (const std::size_t blank = begins_with_one_of(text, kBlanks)) text.remove_prefix(blank);
  while (text.starts_with('\'')) text.remove_prefix(1);
  return begins_with_one_of(text, kSigns) > 0;
}

std::string_view unguarded(std::string_view field) {
  return field.starts_with('\'') && is_like_formula(field) ? field.substr(1) : field;
}

void CsvWriter::separate() {
  if (is_row_begun_) out_ += ',';
  is_row_begun_ = true;
}

CsvWriter& CsvWriter::text(std::string_view text) {
  separate();
  const bool guard = texts_ == CsvTexts::guarded && is_like_formula(text);
  if (!must_be_quoted(text)) {
    if (guard) out_ += '\'';
    out_ += text;
    return *this;
  }
  out_ += guard ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out_ += '"';
    out_ += c;
  }
  out_ += '"';
  return *this;
}

CsvWriter& CsvWriter::number(std::int64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
  return *this;
}

CsvWriter& CsvWriter::number(double value) {
  separate();
  if (std::isfinite(value)) fmt::format_to(std::back_inserter(out_), "{}", value);
  return *this;
}

CsvWriter& CsvWriter::nothing() {
  separate();
  return *this;
}

CsvWriter& CsvWriter::fields(std::string_view joined) {
  separate();
  out_ += joined;
  return *this;
}

void CsvWriter::end_row() {
  out_ += '\n';
  is_row_begun_ = false;
}

}  // namespace headroom
