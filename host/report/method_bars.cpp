#include "report/method_bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "plan/bound_names.hpp"
#include "report/outcome_lines.hpp"
#include "summary/context_title.hpp"
#include "summary/metric_trust.hpp"
#include "summary/one_scale.hpp"
#include "summary/undefined_gap.hpp"
#include "terminal/display_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

template <class Message>
std::optional<double> low_of(const Message& message) {
  return message.has_ci_low() ? std::optional(message.ci_low()) : std::nullopt;
}

template <class Message>
std::optional<double> high_of(const Message& message) {
  return message.has_ci_high() ? std::optional(message.ci_high()) : std::nullopt;
}

std::optional<double> gap_closed_of(const MethodResult& method) {
  return method.has_gap_closed() ? std::optional(method.gap_closed()) : std::nullopt;
}

Ink ink_of_verdict(const std::string& verdict) {
  if (verdict.starts_with("progress") || verdict.starts_with("at the limit")) return Ink::green;
  if (verdict == "below null") return Ink::red;
  if (verdict == "within noise of null") return Ink::yellow;
  return Ink::faint;
}

// "at the limit" of "at the limit: check for leakage"; the rest stands on a line of its own.
std::string short_verdict(const MethodResult& method) {
  return display_text(method.verdict().substr(0, method.verdict().find(": ")));
}

// Joins pieces with a dot into lines of the style's width; a piece that is longer by itself goes on in further lines.
void write_pieces(std::ostream& out, const std::vector<std::string>& pieces, const std::string& indent,
                  const TerminalStyle& style) {
  const std::string separator = style.unicode ? " · " : " - ";
  const int width = style.width - display_width(indent);
  std::string line;
  const auto flush = [&] {
    write_wrapped(out, line, indent, Ink::plain, style);
    line.clear();
  };
  for (const auto& piece : pieces) {
    if (!line.empty() && display_width(line + separator + piece) > width) flush();
    line += line.empty() ? piece : separator + piece;
  }
  flush();
}

std::string bound_text(const char* name, const BoundResult& bound, const TerminalStyle& style) {
  if (!bound.has_value()) return fmt::format("{}: none", name);
  return fmt::format("{} {}{} ({})", name, bound.is_about() ? "about " : "", value_text(bound.value(), style.unicode),
                     display_text(bound.method()));
}

std::string gap_text(const ContextResult& context, const TerminalStyle& style) {
  const GapResult& gap = context.gap();
  if (!gap.has_value()) return "no gap: a bound is missing";
  std::string text = "gap " + value_text(gap.value(), style.unicode);
  const std::string interval = interval_text(low_of(gap), high_of(gap), false);
  if (!interval.empty()) text += " " + interval;
  const std::string calibration = calibration_text(context);
  if (!calibration.empty()) return text + ", " + calibration;
  if (gap.has_dynamic_range()) text += fmt::format(", {:.0f} % of WAP", 100 * gap.dynamic_range());
  return text;
}

struct Widths {
  int name, bar, percent, interval, verdict;
};

// What the fields of a row take. In a narrow terminal the interval and then the verdict give way to the name.
Widths widths_of(const ContextResult& context, int width) {
  constexpr int name_wanted = 20, name_at_least = 6;
  int name = name_at_least, interval = 0, verdict = 0;
  for (const auto& method : context.methods()) {
    if (method.role() != "plugin" || method.status() != "ok") continue;
    name = std::max(name, display_width(display_text(method.name())));
    interval = std::max(interval, display_width(interval_text(low_of(method), high_of(method), true)));
    verdict = std::max(verdict, display_width(short_verdict(method)));
  }
  Widths widths{name, width >= 90 ? 26 : width >= 70 ? 18 : 10, 9, interval, std::min(verdict, 20)};
  const auto left_for_name = [&] {
    return width - 2 - 1 - (widths.bar + 2) - widths.percent - (widths.interval ? widths.interval + 1 : 0) -
           (widths.verdict ? widths.verdict + 2 : 0);
  };
  if (left_for_name() < std::min(name, name_wanted)) widths.interval = 0;
  if (left_for_name() < std::min(name, name_wanted)) widths.verdict = 0;
  widths.name = std::clamp(name, name_at_least, std::max(name_at_least, left_for_name()));
  return widths;
}

void draw_context(std::ostream& out, const ContextResult& context, const RunSummary& summary,
                  const TerminalStyle& style) {
  const std::string dot = style.unicode ? " · " : " - ";
  const std::string_view ellipsis = style.unicode ? "…" : "..";
  const bool higher = context.higher_is_better();
  std::string title = display_text(context_title(context));
  if (!context.head().empty()) title += dot + display_text(context.head()) + " head";
  title += dot + display_text(context.metric()) + (higher ? " (higher is better)" : " (lower is better)");
  out << inked(shortened(title, style.width, ellipsis), Ink::bold, style) << '\n';
  write_pieces(
      out, {bound_text("WAP", context.wap(), style), bound_text("BAP", context.bap(), style), gap_text(context, style)},
      "  ", style);
  if (summary.settings().ceiling_size() > 0) {
    std::string ceiling = "ceiling: ";
    for (int i = 0; i < summary.settings().ceiling_size(); ++i) {
      ceiling += (i ? ", " : "") + display_text(summary.settings().ceiling(i));
    }
    write_pieces(out, {ceiling}, "  ", style);
  }
  // All of the protocol's go without saying.
  if (const auto& nulls = summary.settings().nulls();
      !nulls.empty() && nulls.size() < static_cast<int>(kDeltaNulls.size())) {
    std::string text = "nulls: ";
    for (int i = 0; i < nulls.size(); ++i) text += (i ? ", " : "") + display_text(nulls[i]);
    write_pieces(out, {text}, "  ", style);
  }
  if (context.gap().has_defined() && context.gap().has_value() && !context.gap().defined()) {
    write_pieces(out, {"no percentage is meaningful here: " + why_undefined(context.gap())}, "  ", style);
    if (const std::string other = other_ceiling_text(context); !other.empty()) {
      write_wrapped(out, display_text(other), "  ", Ink::plain, style);
    }
  }

  std::vector<const MethodResult*> shown;
  for (const auto& method : context.methods()) {
    if (method.role() == "plugin" && method.status() == "ok") shown.push_back(&method);
  }
  // Best first, by value: on one scale that is the order of percentages as well.
  std::stable_sort(shown.begin(), shown.end(), [&](const MethodResult* a, const MethodResult* b) {
    if (a->has_value() != b->has_value()) return a->has_value();
    return higher ? a->value() > b->value() : a->value() < b->value();
  });
  const Widths widths = widths_of(context, style.width);
  if (!shown.empty()) {
    const std::string scale = "WAP" + std::string(static_cast<std::size_t>(widths.bar - 6), ' ') + "BAP";
    out << "  " << std::string(static_cast<std::size_t>(widths.name + 2), ' ') << inked(scale, Ink::faint, style)
        << '\n';
  }
  for (const MethodResult* method : shown) {
    const auto percent = gap_closed_of(*method);
    const auto low = low_of(*method), high = high_of(*method);
    std::string line = "  " + fit_left(display_text(method->name()), widths.name, ellipsis) + " ";
    line += inked(method_bar(percent, low, high, widths.bar, style.unicode), ink_of_verdict(method->verdict()), style);
    line += fit_right(percent_text(percent, style.unicode), widths.percent, ellipsis);
    if (widths.interval) line += " " + fit_right(interval_text(low, high, true), widths.interval, ellipsis);
    if (widths.verdict) {
      const std::string verdict = fit_left(short_verdict(*method), widths.verdict, ellipsis);
      line += "  " + inked(verdict, ink_of_verdict(method->verdict()), style);
    }
    if (!style.colour) line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
    std::vector<std::string> flags;
    if (const auto colon = method->verdict().find(": "); colon != std::string::npos) {
      flags.push_back(display_text(method->verdict().substr(colon + 2)));
    }
    for (const auto& flag : method->flags()) flags.push_back(display_text(flag));
    write_pieces(out, flags, "      ", style);
  }
  if (const std::string resolution = resolution_text(context); !resolution.empty() && !shown.empty()) {
    write_pieces(out, {resolution}, "  ", style);
  }
  for (const Outcome& outcome : methods_without_numbers({&context})) {
    write_wrapped(out, outcome.text, "  ", outcome.status == "failed" ? Ink::red : Ink::faint, style);
  }
  for (const auto& note : context.notes()) write_pieces(out, {display_text(note)}, "  ", style);
}

}  // namespace

std::string method_bar(std::optional<double> percent, std::optional<double> low, std::optional<double> high, int width,
                       bool unicode) {
  const auto cell_of = [&](double p) { return static_cast<int>(std::lround(std::clamp(p, 0.0, 100.0) / 100 * width)); };
  const bool known = percent && std::isfinite(*percent);
  std::string left = unicode ? "│" : "|", right = left, inside;
  if (known && *percent < 0) left = unicode ? "◀" : "<";
  if (known && *percent > 100) right = unicode ? "▶" : ">";
  const int value = known ? cell_of(*percent) : 0;
  const int first = known ? std::min(cell_of(low.value_or(*percent)), value) : 0;
  const int last = known ? std::max(cell_of(high.value_or(*percent)), value) : 0;
  for (int i = 0; i < width; ++i) {
    if (i < first) {
      inside += unicode ? "█" : "#";
    } else if (i < value) {
      inside += unicode ? "▓" : "=";
    } else if (i < last) {
      inside += unicode ? "░" : "-";
    } else {
      inside += ' ';
    }
  }
  return left + inside + right;
}

void draw_method_bars(std::ostream& out, const RunSummary& summary, const std::string& metric,
                      const TerminalStyle& style) {
  bool first = true;
  const RunSummary shown = on_one_scale(summary);  // outlives the loop over its contexts
  for (const auto& context : shown.contexts()) {
    if (context.metric() != metric) continue;
    if (!first) out << '\n';
    first = false;
    draw_context(out, context, summary, style);
  }
}

}  // namespace headroom
