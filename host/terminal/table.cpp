#include "terminal/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/csv_writer.hpp"
#include "terminal/display_text.hpp"
#include "terminal/json_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

bool is_number(const Cell& cell) {
  return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<double>(cell);
}

std::string people_text(const Cell& cell, const TableColumn& column, bool unicode) {
  if (const auto* text = std::get_if<std::string>(&cell)) return display_text(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return count_text(*whole);
  if (const auto* number = std::get_if<double>(&cell)) {
    if (column.decimals >= 0 && std::isfinite(*number)) return fmt::format("{:.{}f}", *number, column.decimals);
    return value_text(*number, unicode);
  }
  return value_text(std::nullopt, unicode);
}

void write_text(std::ostream& out, const Table& table, const TerminalStyle& style) {
  const std::size_t n = table.columns.size();
  const std::string_view ellipsis = style.unicode ? "…" : "..";
  std::vector<int> widths(n);
  std::vector<bool> numeric(n, true), cuttable(n, false);
  std::vector<std::vector<std::string>> texts;
  for (std::size_t c = 0; c < n; ++c) widths[c] = display_width(display_text(table.columns[c].name));
  for (const auto& row : table.rows) {
    auto& line = texts.emplace_back();
    for (std::size_t c = 0; c < n; ++c) {
      line.push_back(people_text(row[c], table.columns[c], style.unicode));
      widths[c] = std::max(widths[c], display_width(line.back()));
      if (std::holds_alternative<std::string>(row[c])) {
        cuttable[c] = true;
        numeric[c] = false;
      }
    }
  }
  // The widest text column gives way first, down to 8 columns.
  constexpr int gap = 2, narrowest = 8;
  const auto total = [&] {
    int sum = gap * static_cast<int>(n > 0 ? n - 1 : 0);
    for (const int w : widths) sum += w;
    return sum;
  };
  while (total() > style.width) {
    std::size_t widest = n;
    for (std::size_t c = 0; c < n; ++c) {
      if (cuttable[c] && widths[c] > narrowest && (widest == n || widths[c] > widths[widest])) widest = c;
    }
    if (widest == n) break;
    --widths[widest];
  }
  const auto write_line = [&](const std::vector<std::string>& cells, Ink ink) {
    std::string line;
    for (std::size_t c = 0; c < n; ++c) {
      if (c > 0) line.append(gap, ' ');
      line += numeric[c] ? fit_right(cells[c], widths[c], ellipsis) : fit_left(cells[c], widths[c], ellipsis);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << inked(line, ink, style) << '\n';
  };
  std::vector<std::string> header;
  for (const auto& column : table.columns) header.push_back(display_text(column.name));
  write_line(header, Ink::bold);
  for (const auto& line : texts) write_line(line, Ink::plain);
}

void write_csv(std::ostream& out, const Table& table) {
  CsvWriter csv;
  for (const TableColumn& column : table.columns) csv.text(column.name);
  csv.end_row();
  for (const auto& row : table.rows) {
    for (const Cell& cell : row) {
      if (const auto* text = std::get_if<std::string>(&cell)) {
        csv.text(*text);
      } else if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
        csv.number(*whole);
      } else if (const auto* number = std::get_if<double>(&cell)) {
        csv.number(*number);
      } else {
        csv.nothing();
      }
    }
    csv.end_row();
  }
  out << csv.str();
}

void write_json(std::ostream& out, const Table& table) {
  auto array = nlohmann::ordered_json::array();
  for (const auto& row : table.rows) {
    auto& object = array.emplace_back(nlohmann::ordered_json::object());
    for (std::size_t c = 0; c < row.size(); ++c) {
      auto& value = object[table.columns[c].name];
      if (const auto* text = std::get_if<std::string>(&row[c])) value = *text;
      if (const auto* whole = std::get_if<std::int64_t>(&row[c])) value = *whole;
      if (const auto* number = std::get_if<double>(&row[c]); number && std::isfinite(*number)) value = *number;
    }
  }
  out << escaped_json(array.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) << '\n';
}

std::string markdown_text(std::string text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\|`*_<>[]&#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void write_markdown(std::ostream& out, const Table& table) {
  std::string rule = "|";
  out << '|';
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    out << ' ' << markdown_text(display_text(table.columns[c].name)) << " |";
    const bool numeric =
        std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return is_number(row[c]); });
    rule += numeric ? " ---: |" : " --- |";
  }
  out << '\n' << rule << '\n';
  for (const auto& row : table.rows) {
    out << '|';
    for (std::size_t c = 0; c < row.size(); ++c) {
      out << ' ' << markdown_text(people_text(row[c], table.columns[c], true)) << " |";
    }
    out << '\n';
  }
}

}  // namespace

Result<TableFormat> table_format(std::string_view name) {
  if (name == "table") return TableFormat::text;
  if (name == "csv") return TableFormat::csv;
  if (name == "json") return TableFormat::json;
  if (name == "markdown") return TableFormat::markdown;
  return bad_input(fmt::format("'{}' is no output format", display_text(name)), "--format",
                   "use table, csv, json or markdown");
}

Cell cell_of(std::optional<double> value) { return value ? Cell(*value) : Cell(); }

void write_table(std::ostream& out, const Table& table, TableFormat format, const TerminalStyle& style) {
  switch (format) {
    case TableFormat::text:
      return write_text(out, table, style);
    case TableFormat::csv:
      return write_csv(out, table);
    case TableFormat::json:
      return write_json(out, table);
    case TableFormat::markdown:
      return write_markdown(out, table);
  }
}

}  // namespace headroom
