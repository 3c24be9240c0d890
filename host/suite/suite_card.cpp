#include "suite/suite_card.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "terminal/number_text.hpp"

namespace headroom {
namespace {

std::optional<double> given(bool has, double value) { return has ? std::optional<double>(value) : std::nullopt; }

}  // namespace

void draw_suite_card(std::ostream& out, const SuiteResult& suite, const TerminalStyle& style) {
  const char* const dot = style.unicode ? "·" : "|";
  const auto text = [&](bool has, double value) { return value_text(given(has, value), style.unicode); };
  for (const SuiteContextResult& context : suite.contexts()) {
    out << inked(fmt::format("{} {} {} (rule {}) {} {} perturbations", context.context(), dot, suite.name(),
                             suite.rule_version(), dot, context.n_perturbations()),
                 Ink::bold, style)
        << '\n';
    out << fmt::format("  {:<20}{:>10}{:>10}{:>18}{:>9}{:>9}  {}\n", "member", "u", "b", "r", "s", "copy",
                       "of what can be reached");
    std::string depth;
    for (const SuiteMember& member : context.members()) {
      std::string r = text(member.has_r(), member.r());
      if (member.has_r_sd()) r += fmt::format(" ({})", text(true, member.r_sd()));
      std::string closed = percent_text(given(member.has_gap_closed(), member.gap_closed()), style.unicode);
      if (member.ceiling_is_about()) closed = "about " + closed;
      if (member.has_ci_low()) closed += " " + interval_text(member.ci_low(), member.ci_high(), true);
      out << fmt::format("  {:<20}{:>10}{:>10}{:>18}{:>9.3f}{:>9.3f}  {}\n", member.name(),
                         text(member.has_u(), member.u()), text(member.has_b(), member.b()), r, member.s(),
                         member.s_of_exact_copy(), closed);
      if (!member.ceiling_depth().empty()) depth = member.ceiling_depth();
    }
    out << inked(fmt::format("  {:<58}{:>9.3f}", "score of the context", context.score()), Ink::bold, style) << '\n';
    for (const SuiteMember& member : context.members()) {
      if (member.n() == context.n_perturbations()) continue;
      out << fmt::format("  {}: undefined for {} of the perturbations\n", member.name(),
                         context.n_perturbations() - member.n());
    }
    for (const SuiteCalibration& each : context.calibration()) {
      out << fmt::format("  {:<20} dynamic range {} (median {}), duplicate better for {} of {}\n", each.name(),
                         text(each.has_drf_mean(), each.drf_mean()), text(each.has_drf_median(), each.drf_median()),
                         percent_text(given(each.has_bds(), 100 * each.bds()), style.unicode), each.n());
    }
    out << "  left out: "
        << (context.excluded_targets() == "panel"
                ? fmt::format("{} genes of the panel", context.n_excluded_targets())
                : fmt::format("the own gene of {} of {} perturbations", context.n_excluded_targets(),
                              context.n_perturbations()))
        << '\n';
    if (!depth.empty()) out << "  can be reached: what a second screen of the same truth scores at " << depth << '\n';
  }
  out << inked(fmt::format("{:<60}{:>9.3f}",
                           fmt::format("{} {} mean of {} context{}", suite.name(), dot, suite.contexts_size(),
                                       suite.contexts_size() == 1 ? "" : "s"),
                           suite.score()),
               Ink::bold, style)
      << '\n';
  out << "  splits: seeds "
      << fmt::format("{}", fmt::join(suite.split_seeds().begin(), suite.split_seeds().end(), ", ")) << '\n';
  for (const std::string& rule : suite.rules()) out << "  " << rule << '\n';
}

Table suite_table(const SuiteResult& suite) {
  Table table;
  for (const char* name :
       {"context", "member", "u", "b", "r", "r_sd", "s", "s_of_exact_copy", "n", "ceiling", "ceiling_way",
        "ceiling_is_about", "gap_closed", "ci_low", "ci_high", "n_b", "n_r", "s_ci_low", "s_ci_high"}) {
    table.columns.push_back({name});
  }
  for (const SuiteContextResult& context : suite.contexts()) {
    for (const SuiteMember& m : context.members()) {
      table.rows.push_back(
          {context.context(), m.name(), cell_of(given(m.has_u(), m.u())), cell_of(given(m.has_b(), m.b())),
           cell_of(given(m.has_r(), m.r())), cell_of(given(m.has_r_sd(), m.r_sd())), cell_of(given(m.has_s(), m.s())),
           cell_of(m.s_of_exact_copy()), static_cast<std::int64_t>(m.n()), cell_of(given(m.has_ceiling(), m.ceiling())),
           m.ceiling_way(), std::string(m.ceiling_is_about() ? "true" : "false"),
           cell_of(given(m.has_gap_closed(), m.gap_closed())), cell_of(given(m.has_ci_low(), m.ci_low())),
           cell_of(given(m.has_ci_high(), m.ci_high())), static_cast<std::int64_t>(m.n_b()),
           static_cast<std::int64_t>(m.n_r()), cell_of(given(m.has_s_ci_low(), m.s_ci_low())),
           cell_of(given(m.has_s_ci_high(), m.s_ci_high()))});
    }
    std::vector<Cell> score(table.columns.size());
    score[0] = context.context();
    score[1] = std::string("score");
    score[6] = context.score();
    table.rows.push_back(std::move(score));
  }
  return table;
}

}  // namespace headroom
