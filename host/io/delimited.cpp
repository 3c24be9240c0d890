#include "io/delimited.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <unordered_set>

#include "io/text_file.hpp"

namespace headroom {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  return text;
}

// How often each character stands outside quotes in the first record of `text`; its length goes to `length`.
std::array<std::size_t, 256> count_in_record(std::string_view text, std::size_t& length) {
  std::array<std::size_t, 256> n{};
  bool quoted = false;
  for (length = 0; length < text.size(); ++length) {
    const char c = text[length];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n') break;
    ++n[static_cast<unsigned char>(c)];
  }
  return n;
}

// A tab outside quotes in the first record decides; else a comma. A table without either whose records fall into one
// more cell at blanks than its header, or into as many, is what R's write.table writes by default.
char detect_separator(std::string_view text) {
  std::size_t length = 0;
  const auto first = count_in_record(text, length);
  if (first['\t'] > 0) return '\t';
  if (first[','] > 0 || first[' '] == 0 || length >= text.size()) return ',';
  text.remove_prefix(length + 1);
  const auto second = count_in_record(text, length);
  const bool fits = second[' '] == first[' '] || second[' '] == first[' '] + 1;
  return fits && second[','] == 0 && second['\t'] == 0 ? ' ' : ',';
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (stop != end || text.empty()) return std::nullopt;
  if (status == std::errc()) return value;
  if (status != std::errc::result_out_of_range) return std::nullopt;
  // Beyond double's range from_chars leaves the value alone; the wider type says whether it is 0 or infinity.
  long double wide = 0.0L;
  if (std::from_chars(text.data(), end, wide).ec != std::errc()) return std::nullopt;
  return static_cast<double>(wide);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc() || stop != end) return std::nullopt;
  return value;
}

Result<DelimitedReader> DelimitedReader::open(const std::filesystem::path& path, std::optional<char> separator) {
  auto text = read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  return from_text(std::move(*text), path.string(), separator);
}

Result<DelimitedReader> DelimitedReader::from_text(std::string text, std::string where, std::optional<char> separator) {
  DelimitedReader reader;
  reader.where_ = std::move(where);
  if (text.compare(0, 2, "\xff\xfe") == 0 || text.compare(0, 2, "\xfe\xff") == 0) {
    return bad_input("the text is UTF-16", reader.where_, "save it as UTF-8");
  }
  if (std::memchr(text.data(), '\0', text.size()) != nullptr) {
    return bad_input("the file is not text", reader.where_, "give a CSV or TSV file");
  }
  if (text.compare(0, 3, "\xef\xbb\xbf") == 0) reader.position_ = 3;
  reader.separator_ = separator.value_or(detect_separator(std::string_view(text).substr(reader.position_)));
  text.push_back('\n');  // every record ends at a newline; an empty last line is passed over
  reader.text_ = std::make_unique<std::string>(std::move(text));
  return reader;
}

// At an opening quote: the content, with doubled quotes joined in place, and position_ behind the closing quote.
Result<std::string_view> DelimitedReader::quoted_cell() {
  const std::size_t opening_line = line_;
  char* const begin = text_->data() + position_ + 1;
  char* const end = text_->data() + text_->size() - 1;
  char* out = begin;
  for (char* in = begin; in < end; ++in) {
    if (*in == '"') {
      if (in + 1 < end && in[1] == '"') {
        ++in;
      } else {
        position_ = static_cast<std::size_t>(in + 1 - text_->data());
        return std::string_view(begin, static_cast<std::size_t>(out - begin));
      }
    }
    if (*in == '\n') ++line_;
    *out++ = *in;
  }
  line_ = opening_line;
  return error("a quote is not closed", "close it, or double a quote that belongs to the text");
}

Result<bool> DelimitedReader::next() {
  // Pass over empty lines.
  while (position_ < text_->size() &&
         ((*text_)[position_] == '\n' || ((*text_)[position_] == '\r' && (*text_)[position_ + 1] == '\n'))) {
    position_ += (*text_)[position_] == '\r' ? 2 : 1;
    ++line_;
  }
  cells_.clear();
  if (position_ >= text_->size()) return false;
  record_line_ = line_;

  for (;;) {
    std::size_t stop = position_;
    if ((*text_)[position_] == '"') {
      auto cell = quoted_cell();
      if (!cell) return tl::unexpected(cell.error());
      cells_.push_back(*cell);
      stop = position_;
      if ((*text_)[stop] == '\r' && (*text_)[stop + 1] == '\n') ++stop;
      if ((*text_)[stop] != separator_ && (*text_)[stop] != '\n') {
        return error("text follows a closing quote", "double a quote that belongs to the text");
      }
    } else {
      const char* data = text_->data();
      while (data[stop] != separator_ && data[stop] != '\n') ++stop;
      std::size_t length = stop - position_;
      if (data[stop] == '\n' && length > 0 && data[stop - 1] == '\r') --length;
      cells_.emplace_back(data + position_, length);
    }
    position_ = stop + 1;
    if ((*text_)[stop] == '\n') break;
  }
  ++line_;
  if (n_cells_ == 0) n_cells_ = cells_.size();
  if (cells_.size() != n_cells_) {
    return error(fmt::format("{} cells instead of {}", cells_.size(), n_cells_), "give every record the same cells");
  }
  return true;
}

Result<void> DelimitedReader::read_header() {
  auto record = next();
  if (!record) return tl::unexpected(record.error());
  if (!*record) return bad_input("the file is empty", where_, "give a table with a header line");
  header_.clear();
  std::unordered_set<std::string> seen;
  for (const std::string_view cell : cells_) {
    header_.emplace_back(trimmed(cell));
    if (!header_.back().empty() && !seen.insert(header_.back()).second) {
      return error(fmt::format("column '{}' is there twice", header_.back()), "give each column its own name");
    }
  }
  // R's write.table gives the column of row names no name: the header is one short.
  std::size_t length = 0;
  const auto next_record = count_in_record(std::string_view(*text_).substr(position_), length);
  if (next_record[static_cast<unsigned char>(separator_)] == header_.size()) {
    header_.insert(header_.begin(), std::string());
    n_cells_ = header_.size();
  }
  return {};
}

std::optional<std::size_t> DelimitedReader::column(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

Result<std::size_t> DelimitedReader::require_column(std::string_view name) const {
  if (const auto found = column(name)) return *found;
  return bad_input(fmt::format("column '{}' is missing", name), where_,
                   fmt::format("the columns are: {}", fmt::join(header_, ", ")));
}

Result<double> DelimitedReader::number(std::size_t column) const {
  if (const auto value = parse_number(cells_[column])) return *value;
  const std::string name =
      column < header_.size() ? fmt::format("column '{}'", header_[column]) : fmt::format("column {}", column + 1);
  return error(fmt::format("'{}' is not a number ({})", cells_[column].substr(0, 40), name), "write a plain number");
}

tl::unexpected<Error> DelimitedReader::error(std::string what, std::string remedy) const {
  return bad_input(std::move(what), fmt::format("{}, line {}", where_, record_line_), std::move(remedy));
}

}  // namespace headroom
