#include "report/bounds_card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "report/outcome_lines.hpp"
#include "summary/one_scale.hpp"
#include "summary/target_parts.hpp"
#include "summary/undefined_gap.hpp"
#include "terminal/display_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

template <class Message>
Cell value_cell(const Message& message) {
  return message.has_value() ? Cell(message.value()) : Cell();
}

template <class Message>
Cell low_cell(const Message& message) {
  return message.has_ci_low() ? Cell(message.ci_low()) : Cell();
}

template <class Message>
Cell high_cell(const Message& message) {
  return message.has_ci_high() ? Cell(message.ci_high()) : Cell();
}

std::string percent_of_wap(const GapResult& gap) {
  return gap.has_dynamic_range() ? fmt::format("{:.0f} %", 100 * gap.dynamic_range()) : "";
}

// Whether the card tells DRF and BDS; where there are no cells, the gap beside the WAP is all there is.
bool is_calibrated(const std::vector<const ContextResult*>& card) {
  return std::any_of(card.begin(), card.end(),
                     [](const ContextResult* result) { return !result->calibration().empty(); });
}

std::vector<Cell> trust_cells(const ContextResult& result, bool calibrated) {
  if (!calibrated) return {percent_of_wap(result.gap())};
  if (result.calibration().empty()) return {Cell(), Cell()};
  const CalibrationResult& told = result.calibration(0);
  return {told.has_drf_median() ? Cell(fmt::format("{:.2f}", told.drf_median())) : Cell(),
          told.has_bds() ? Cell(fmt::format("{:.0f} %", 100 * told.bds())) : Cell()};
}

}  // namespace

std::string ranking_verdict(const GapResult& gap) {
  if (!gap.has_value()) return "no: a bound is missing";
  if (gap.value() <= 0) return "no: BAP is not better than WAP";
  if (gap.has_defined() && !gap.defined()) return "no: the gap may be 0";
  return "yes";
}

void draw_bounds_card(std::ostream& out, const RunSummary& summary, const TerminalStyle& style) {
  const std::string dot = style.unicode ? " · " : " - ";
  using Key = std::tuple<std::string, std::string, std::string>;  // context, head, target
  std::vector<Key> order;                                         // as they first appear
  std::map<Key, std::vector<const ContextResult*>> cards;
  const RunSummary shown = on_one_scale(summary);
  for (const auto& result : shown.contexts()) {
    auto& card = cards[{result.context(), result.head(), target_of(result)}];
    if (card.empty()) order.emplace_back(result.context(), result.head(), target_of(result));
    card.push_back(&result);
  }
  bool first = true;
  for (const auto& key : order) {
    if (!first) out << '\n';
    first = false;
    const auto& [context, head, target] = key;
    std::string title = display_text(context);
    if (target != kFirstTarget) title += dot + display_text(target);
    if (!head.empty()) title += dot + display_text(head) + " head";
    out << inked(shortened(title, style.width, style.unicode ? "…" : ".."), Ink::bold, style) << '\n';
    const bool calibrated = is_calibrated(cards[key]);
    Table table{{{"metric"}, {"WAP"}, {"set by"}, {"BAP"}, {"set by"}, {"gap"}, {"95 %"}}, {}};
    for (const char* column : {"DRF", "BDS"}) {
      if (calibrated) table.columns.push_back({column});
    }
    if (!calibrated) table.columns.push_back({"of WAP"});
    table.columns.push_back({"ranks"});
    std::set<std::string> remarks;
    for (const ContextResult* result : cards[key]) {
      const std::string arrow = style.unicode ? (result->higher_is_better() ? " ↑" : " ↓") : "";
      const std::string verdict = ranking_verdict(result->gap());
      std::vector<Cell> row = {result->metric() + arrow,
                               value_cell(result->wap()),
                               result->wap().method(),
                               value_cell(result->bap()),
                               result->bap().method(),
                               value_cell(result->gap()),
                               result->gap().has_ci_low() && result->gap().has_ci_high()
                                   ? interval_text(result->gap().ci_low(), result->gap().ci_high(), false)
                                   : std::string()};
      for (Cell& cell : trust_cells(*result, calibrated)) row.push_back(std::move(cell));
      row.push_back(verdict.substr(0, verdict.find(':')));
      table.rows.push_back(std::move(row));
      if (verdict != "yes") remarks.insert(display_text(result->metric()) + " cannot rank here" + verdict.substr(2));
      if (const std::string other = other_ceiling_text(*result); !other.empty()) {
        remarks.insert(display_text(result->metric() + ": " + other));
      }
      for (const auto& note : result->notes()) remarks.insert(display_text(note));
    }
    write_table(out, table, TableFormat::text, style);
    for (const Outcome& outcome : methods_without_numbers(cards[key])) remarks.insert(outcome.text);
    for (const auto& remark : remarks) write_wrapped(out, remark, "  ", Ink::plain, style);
  }
}

Table bounds_table(const RunSummary& summary) {
  Table table{{{"context"},       {"head"},        {"metric"},      {"higher_is_better"}, {"wap_method"},
               {"wap"},           {"wap_ci_low"},  {"wap_ci_high"}, {"bap_method"},       {"bap"},
               {"bap_ci_low"},    {"bap_ci_high"}, {"gap"},         {"gap_ci_low"},       {"gap_ci_high"},
               {"dynamic_range"}, {"drf_median"},  {"bds"},         {"resolution"},       {"can_rank"}},
              {}};
  const RunSummary shown = on_one_scale(summary);
  for (const auto& result : shown.contexts()) {
    const GapResult& gap = result.gap();
    const auto calibration = result.calibration().begin();
    const bool calibrated = calibration != result.calibration().end();
    table.rows.push_back({result.context(),
                          result.head(),
                          result.metric(),
                          std::string(result.higher_is_better() ? "yes" : "no"),
                          result.wap().method(),
                          value_cell(result.wap()),
                          low_cell(result.wap()),
                          high_cell(result.wap()),
                          result.bap().method(),
                          value_cell(result.bap()),
                          low_cell(result.bap()),
                          high_cell(result.bap()),
                          value_cell(gap),
                          low_cell(gap),
                          high_cell(gap),
                          gap.has_dynamic_range() ? Cell(gap.dynamic_range()) : Cell(),
                          calibrated && calibration->has_drf_median() ? Cell(calibration->drf_median()) : Cell(),
                          calibrated && calibration->has_bds() ? Cell(calibration->bds()) : Cell(),
                          result.resolution().has_value() ? Cell(result.resolution().value()) : Cell(),
                          ranking_verdict(gap)});
  }
  return table;
}

}  // namespace headroom
