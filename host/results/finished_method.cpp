#include "results/finished_method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "results/gap_methods.hpp"
#include "results/method_bars.hpp"
#include "terminal/display_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

constexpr std::size_t kPrimaryMetric = 0;
constexpr int kBarWidth = 18, kNameWidth = 24;

}  // namespace

std::string finished_method_line(const RunResults& results, const ContextEvaluation& context,
                                 const MethodEvaluation& method, const TerminalStyle& style) {
  const std::string_view ellipsis = style.unicode ? "…" : "..";
  const std::string name = display_text(context.context + "  " + method.name);
  std::string line = fit_left(shortened(name, kNameWidth, ellipsis), kNameWidth) + " ";
  const auto failed = std::find_if(method.folds.begin(), method.folds.end(),
                                   [](const FoldEvaluation& fold) { return fold.status != Status::ok; });
  if (failed != method.folds.end()) {
    line += status_name(failed->status) + (": " + display_text(failed->reason));
    return shortened(line, style.width, ellipsis);
  }
  const auto head =
      std::find_if(results.heads.begin(), results.heads.end(), [&](const Head& h) { return stands_in(method, h); });
  std::vector<GapMethod> methods = {gap_method(method, kPrimaryMetric, context.folds.size())};
  for (const MethodEvaluation& bound : context.methods) {
    if (head == results.heads.end() || competes(bound) == Competes::for_nothing || !stands_in(bound, *head)) continue;
    methods.push_back(gap_method(bound, kPrimaryMetric, context.folds.size()));
  }
  std::vector<Eigen::Index> n_tests;
  for (const RowIndex& rows : context.test_rows) n_tests.push_back(static_cast<Eigen::Index>(rows.size()));
  constexpr int fewest_resamples = 1;  // no interval is shown
  const GapReport report = close_gap(methods, higher_is_better(results.metrics[kPrimaryMetric]),
                                     TestResamples(n_tests, results.settings.seed(), fewest_resamples));
  const MethodGap& own = report.methods.front();
  double wall_s = 0;
  for (const FoldEvaluation& fold : method.folds) wall_s += fold.wall_s;
  line += method_bar(own.gap_closed, std::nullopt, std::nullopt, kBarWidth, style.unicode);
  line += own.gap_closed ? fmt::format(" {:>7.1f} %", *own.gap_closed) : std::string(10, ' ');
  if (own.value) {
    line += fmt::format("  {} {}", metric_name(results.metrics[kPrimaryMetric]), value_text(*own.value, style.unicode));
  }
  line += "  " + duration_text(wall_s);
  return shortened(line, style.width, ellipsis);
}

}  // namespace headroom
