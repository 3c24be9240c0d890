#include "report/bounds_card.hpp"

#include <fmt/format.h>

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
    Table table{{{"metric"}, {"WAP"}, {"set by"}, {"BAP"}, {"set by"}, {"gap"}, {"95 %"}, {"of WAP"}, {"ranks"}}, {}};
    std::set<std::string> remarks;
    for (const ContextResult* result : cards[key]) {
      const std::string arrow = style.unicode ? (result->higher_is_better() ? " ↑" : " ↓") : "";
      const std::string verdict = ranking_verdict(result->gap());
      table.rows.push_back({result->metric() + arrow, value_cell(result->wap()), result->wap().method(),
                            value_cell(result->bap()), result->bap().method(), value_cell(result->gap()),
                            result->gap().has_ci_low() && result->gap().has_ci_high()
                                ? interval_text(result->gap().ci_low(), result->gap().ci_high(), false)
                                : std::string(),
                            percent_of_wap(result->gap()), verdict.substr(0, verdict.find(':'))});
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
  Table table{{{"context"},
               {"head"},
               {"metric"},
               {"higher_is_better"},
               {"wap_method"},
               {"wap"},
               {"wap_ci_low"},
               {"wap_ci_high"},
               {"bap_method"},
               {"bap"},
               {"bap_ci_low"},
               {"bap_ci_high"},
               {"gap"},
               {"gap_ci_low"},
               {"gap_ci_high"},
               {"dynamic_range"},
               {"can_rank"}},
              {}};
  const RunSummary shown = on_one_scale(summary);
  for (const auto& result : shown.contexts()) {
    const GapResult& gap = result.gap();
    table.rows.push_back({result.context(), result.head(), result.metric(),
                          std::string(result.higher_is_better() ? "yes" : "no"), result.wap().method(),
                          value_cell(result.wap()), low_cell(result.wap()), high_cell(result.wap()),
                          result.bap().method(), value_cell(result.bap()), low_cell(result.bap()),
                          high_cell(result.bap()), value_cell(gap), low_cell(gap), high_cell(gap),
                          gap.has_dynamic_range() ? Cell(gap.dynamic_range()) : Cell(), ranking_verdict(gap)});
  }
  return table;
}

}  // namespace headroom
