#include "report/dates_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "io/csv_writer.hpp"
#include "io/delimited.hpp"
#include "report/svg_drawing.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

constexpr const char* kMuted = "#59636e";
constexpr const char* kRule = "#d9dee4";
constexpr const char* kPoint = "#0069a8";
constexpr const char* kCeiling = "#b84700";
constexpr const char* kBest = "#00735a";

struct DatedEntry {
  const LeaderboardEntry* entry;
  std::string date;
  long day = 0;
  double best_so_far = 0;  // of this day's end
};

std::optional<long> day_of(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_integer(text.substr(0, 4)), month = parse_integer(text.substr(5, 2)),
             day = parse_integer(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// Those with a percentage, by date.
std::vector<DatedEntry> dated(const Leaderboard& board, const std::vector<DatedRun>& runs) {
  std::vector<DatedEntry> entries;
  for (const LeaderboardEntry& entry : board.entries) {
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const DatedRun& one) { return one.run == entry.run; });
    if (!entry.gap_closed || run == runs.end()) continue;
    entries.push_back({&entry, run->date, day_of(run->date).value_or(0)});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.day < b.day; });
  for (std::size_t i = 0; i < entries.size(); ++i) {
    double best = *entries[i].entry->gap_closed;
    for (const DatedEntry& other : entries) {
      if (other.day <= entries[i].day) best = std::max(best, *other.entry->gap_closed);
    }
    entries[i].best_so_far = best;
  }
  return entries;
}

}  // namespace

bool is_date(const std::string& text) { return day_of(text).has_value(); }

std::string dates_figure(const Leaderboard& board, const std::vector<DatedRun>& runs) {
  constexpr double width = 1000, height = 420, left = 70, right = 30, top = 40, bottom = 60;
  SvgDrawing drawing(width, height, "Gap closed over time");
  const std::vector<DatedEntry> entries = dated(board, runs);
  drawing.text(0, 16, fmt::format("Gap closed over time ({})", board.metric), {14, "#1c2128", Anchor::start, true});
  if (entries.empty()) {
    drawing.text(width / 2, height / 2, "no run has a percentage", {13, kMuted, Anchor::middle});
    return drawing.svg();
  }
  double low = 0, high = 100;
  for (const DatedEntry& entry : entries) {
    low = std::min(low, std::floor(*entry.entry->gap_closed / 20) * 20);
    high = std::max(high, std::ceil(*entry.entry->gap_closed / 20) * 20);
  }
  const double first = static_cast<double>(entries.front().day), last = static_cast<double>(entries.back().day);
  const auto x = [&](double day) {
    return last > first ? left + 20 + (width - right - left - 40) * (day - first) / (last - first)
                        : (left + width - right) / 2;
  };
  const auto y = [&](double percent) {
    return height - bottom - (height - top - bottom) * (percent - low) / (high - low);
  };
  for (double tick = low; tick <= high + 1e-9; tick += (high - low) / 5) {
    drawing.line(left, y(tick), width - right, y(tick), kRule);
    drawing.text(left - 8, y(tick) + 4, fmt::format("{:.0f} %", tick), {11, kMuted, Anchor::end});
  }
  drawing.line(left, y(100), width - right, y(100), kCeiling, 1.5, true);
  drawing.text(width - right, y(100) - 5, "BAP", {11, kCeiling, Anchor::end, true});
  // A day's label where it has room.
  double free_from = -1e9;
  for (const DatedEntry& entry : entries) {
    const double at = x(static_cast<double>(entry.day));
    if (at < free_from) continue;
    drawing.line(at, height - bottom, at, height - bottom + 5, kMuted);
    drawing.text(at, height - bottom + 20, entry.date, {11, kMuted, Anchor::middle});
    free_from = at + 76;
  }
  const DatedEntry* before = nullptr;
  for (const DatedEntry& entry : entries) {
    const double at = x(static_cast<double>(entry.day));
    if (before != nullptr) {
      const double from = x(static_cast<double>(before->day));
      drawing.line(from, y(before->best_so_far), at, y(before->best_so_far), kBest, 2.5);
      drawing.line(at, y(before->best_so_far), at, y(entry.best_so_far), kBest, 2.5);
    }
    before = &entry;
  }
  const std::string* named_run = nullptr;
  for (const DatedEntry& entry : entries) {
    const double at = x(static_cast<double>(entry.day));
    drawing.circle(at, y(*entry.entry->gap_closed), 4.5, kPoint, 0.7);
    const bool sets_best = *entry.entry->gap_closed == entry.best_so_far && named_run != &entry.entry->run;
    if (!sets_best) continue;
    const bool at_end = at > width - right - 180;
    drawing.text(at_end ? at - 8 : at + 8, y(*entry.entry->gap_closed) - 8,
                 entry.entry->method + " " + percent_text(*entry.entry->gap_closed),
                 {11, "#1c2128", at_end ? Anchor::end : Anchor::start}, 220);
    named_run = &entry.entry->run;
  }
  drawing.text((left + width - right) / 2, height - 14,
               "one point a method, at the day of its run; green: the best so far", {11, kMuted, Anchor::middle});
  return drawing.svg();
}

std::string dates_csv(const Leaderboard& board, const std::vector<DatedRun>& runs) {
  CsvWriter csv;
  for (const char* column : {"run", "date", "method", "gap_closed", "ci_low", "ci_high", "best_so_far"}) {
    csv.text(column);
  }
  csv.end_row();
  const auto number = [&](const std::optional<double>& value) { value ? csv.number(*value) : csv.nothing(); };
  for (const DatedEntry& entry : dated(board, runs)) {
    csv.text(entry.entry->run).text(entry.date).text(entry.entry->method);
    number(entry.entry->gap_closed);
    number(entry.entry->ci_low);
    number(entry.entry->ci_high);
    csv.number(entry.best_so_far);
    csv.end_row();
  }
  return csv.str();
}

}  // namespace headroom
