// Tables for stdout in the three formats of `--format`: aligned text for people, CSV and JSON for scripts.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outcome/outcome.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom {

enum class TableFormat { text, csv, json, markdown };

// "table", "csv", "json" or "markdown".
Result<TableFormat> table_format(std::string_view name);

// Nothing (an undefined number: an empty CSV field, JSON null), text, a whole number, a number.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

Cell cell_of(std::optional<double> value);

struct TableColumn {
  std::string name;
  int decimals = -1;  // of numbers in the text and Markdown forms; -1: four significant digits
};

struct Table {
  std::vector<TableColumn> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as columns
};

// Text: columns aligned (numbers right), one line a row; texts are cut until the table fits the style's width.
// CSV: RFC 4180 with a header line, numbers in full precision, texts guarded (csv_writer.hpp). JSON: an array with one
// object a row. Markdown: a pipe table.
void write_table(std::ostream& out, const Table& table, TableFormat format, const TerminalStyle& style);

}  // namespace headroom
