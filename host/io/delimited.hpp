// CSV and TSV (RFC 4180 quotes, \n or \r\n, a UTF-8 byte order mark, gzip): one record after another, every error with
// its line. The text is kept in memory and records are views into it, so that 50 MB of numbers parse in a fraction of
// a second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

// A decimal number with nothing but spaces around it; "nan" and "inf" in any case are numbers too. nullopt otherwise.
std::optional<double> parse_number(std::string_view text);
// The same for an integer in range.
std::optional<std::int64_t> parse_integer(std::string_view text);

class DelimitedReader {
 public:
  // Separator: given, or a tab where the first record has one outside quotes, else a comma, or blanks where the records
  // fall into cells at them as R's write.table writes them.
  // Errors (bad_input): not readable, damaged gzip, UTF-16 or binary content.
  static Result<DelimitedReader> open(const std::filesystem::path& path, std::optional<char> separator = {});
  // The same for text that is already in memory; `where` names it in errors.
  static Result<DelimitedReader> from_text(std::string text, std::string where, std::optional<char> separator = {});

  // Moves to the next record; false at the end. Empty lines are passed over. The first record sets the number of
  // cells. Errors: another number of cells, a quote that is not closed or is followed by text.
  Result<bool> next();

  // Reads one record as names. Where it is one short of the next record, the first column has an empty name (R's row
  // names). Errors: no record, a name twice (empty names may repeat).
  Result<void> read_header();
  const std::vector<std::string>& header() const { return header_; }
  std::optional<std::size_t> column(std::string_view name) const;
  // Errors: no such column; the remedy lists those that exist.
  Result<std::size_t> require_column(std::string_view name) const;

  // Cells of the current record, unquoted; valid until the reader is destroyed or moved.
  const std::vector<std::string_view>& cells() const { return cells_; }
  // Line on which the current record begins, from 1.
  std::size_t line() const { return record_line_; }
  // The current record's number in a column. Errors: not a number, with line and column.
  Result<double> number(std::size_t column) const;
  // Bytes of the text, to estimate how many records follow.
  std::size_t text_bytes() const { return text_->size(); }
  // bad_input that names file and line of the current record.
  tl::unexpected<Error> error(std::string what, std::string remedy = {}) const;

 private:
  Result<std::string_view> quoted_cell();

  std::unique_ptr<std::string> text_;  // its bytes stay where they are when the reader moves, so the views survive
  std::string where_;
  char separator_ = ',';
  std::size_t position_ = 0;
  std::size_t line_ = 1;         // at position_
  std::size_t record_line_ = 0;  // 0: before the first record
  std::size_t n_cells_ = 0;      // 0: not yet known
  std::vector<std::string_view> cells_;
  std::vector<std::string> header_;
};

// The first of the usual names that the header has.
template <std::size_t N>
std::optional<std::size_t> usual_column(const DelimitedReader& reader, const std::array<std::string_view, N>& names) {
  for (const std::string_view name : names) {
    if (const auto column = reader.column(name)) return column;
  }
  return std::nullopt;
}

}  // namespace headroom
