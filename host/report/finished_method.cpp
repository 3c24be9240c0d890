#include "report/finished_method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "report/method_bars.hpp"
#include "summary/gap_methods.hpp"
#include "summary/primary_metric.hpp"
#include "terminal/display_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

constexpr std::size_t kPrimaryMetric = 0;
constexpr int kBarWidth = 18, kNameWidth = 24;

// What a line tells; `fault` instead of numbers where the method did not come through.
struct Told {
  std::string context, name, fault, metric;
  std::optional<double> gap_closed, value;
  double wall_s = 0;
};

std::string line_of(const Told& told, const TerminalStyle& style) {
  const std::string_view ellipsis = style.unicode ? "…" : "..";
  const std::string name = display_text(told.context + "  " + told.name);
  std::string line = fit_left(shortened(name, kNameWidth, ellipsis), kNameWidth) + " ";
  if (!told.fault.empty()) return shortened(line + display_text(told.fault), style.width, ellipsis);
  line += method_bar(told.gap_closed, std::nullopt, std::nullopt, kBarWidth, style.unicode);
  line += told.gap_closed ? fmt::format(" {:>7.1f} %", *told.gap_closed) : std::string(10, ' ');
  if (told.value) line += fmt::format("  {} {}", told.metric, value_text(*told.value, style.unicode));
  line += "  " + duration_text(told.wall_s);
  return shortened(line, style.width, ellipsis);
}

}  // namespace

std::string finished_method_line(const RunResults& results, const ContextEvaluation& context,
                                 const MethodEvaluation& method, const TerminalStyle& style) {
  Told told{context.context, method.name, {}, std::string(metric_name(results.metrics[kPrimaryMetric])), {}, {}, 0};
  const auto failed = std::find_if(method.folds.begin(), method.folds.end(),
                                   [](const FoldEvaluation& fold) { return fold.status != Status::ok; });
  if (failed != method.folds.end()) {
    told.fault = std::string(status_name(failed->status)) + ": " + failed->reason;
    return line_of(told, style);
  }
  const auto head =
      std::find_if(results.heads.begin(), results.heads.end(), [&](const Head& h) { return stands_in(method, h); });
  std::vector<const MethodEvaluation*> in_table = {&method};
  for (const MethodEvaluation& bound : context.methods) {
    if (head == results.heads.end() || bound.role == Role::plugin || !stands_in(bound, *head)) continue;
    in_table.push_back(&bound);
  }
  const std::vector<GapMethod> methods = gap_methods_of(in_table, kPrimaryMetric, context.splits.size());
  constexpr int fewest_resamples = 1;  // no interval is shown
  const GapReport report =
      close_gap(methods, higher_is_better(results.metrics[kPrimaryMetric]),
                TestResamples(n_tests_of(context.splits), results.settings.seed(), fewest_resamples));
  told.gap_closed = report.methods.front().gap_closed;
  told.value = report.methods.front().value;
  for (const FoldEvaluation& fold : method.folds) told.wall_s += fold.wall_s;
  return line_of(told, style);
}

std::vector<std::string> finished_method_lines(const RunSummary& summary, const TerminalStyle& style) {
  const std::string primary = primary_metric(summary);
  // Each embedding through all heads, then the next, as a run goes; the table of each head lists them in one order.
  std::vector<std::string> contexts;
  std::map<std::string, std::vector<std::vector<const MethodResult*>>> tables;  // of each context: the plugins' methods
  for (const ContextResult& context : summary.contexts()) {
    if (context.metric() != primary) continue;
    auto& table = tables[context.context()].emplace_back();
    if (tables[context.context()].size() == 1) contexts.push_back(context.context());
    for (const MethodResult& method : context.methods()) {
      if (method.role() == "plugin") table.push_back(&method);
    }
  }
  std::vector<std::string> lines;
  for (const std::string& context : contexts) {
    std::set<std::string> seen;  // finished predictions stand in the table of every head
    bool any_left = true;
    for (std::size_t i = 0; std::exchange(any_left, false); ++i) {
      for (const auto& table : tables[context]) {
        if (i >= table.size()) continue;
        any_left = true;
        const MethodResult& method = *table[i];
        if (!seen.insert(method.name()).second) continue;
        Told told{context, method.name(), {}, primary, {}, {}, 0};
        if (method.status() != "ok") told.fault = method.status() + ": " + method.reason();
        if (method.has_gap_closed()) told.gap_closed = method.gap_closed();
        if (method.has_value()) told.value = method.value();
        for (const FoldResult& fold : method.folds()) told.wall_s += fold.wall_s();
        lines.push_back(line_of(told, style));
      }
    }
  }
  return lines;
}

}  // namespace headroom
