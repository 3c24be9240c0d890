#include "suite/suite_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "terminal/markup_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

std::string number(bool has, double value) { return value_text(has ? std::optional<double>(value) : std::nullopt); }

// Scores have three decimals; a suite of which only metrics were asked may have none.
std::string score(bool has, double value) { return has ? fmt::format("{:.3f}", value) : "no score"; }

template <class Message>
std::string about(const Message& metric) {
  return metric.ceiling_is_about() ? "about " : "";
}

constexpr const char* kStyle =
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#1b1b1b}"
    "table{border-collapse:collapse;margin:1em 0}th,td{padding:.25em .8em;text-align:right;border-bottom:1px solid "
    "#ddd}"
    "th:first-child,td:first-child{text-align:left}.bar{background:#e8e8e8;width:12em;height:.8em;display:inline-block}"
    ".bar div{background:#2b6cb0;height:100%}li{margin:.2em 0}";

}  // namespace

std::string suite_page(const SuiteResult& suite, const std::vector<std::string>& notes) {
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"generator\" content=\"Headroom\">"
      "<title>{0} {1}</title><style>{2}</style></head><body>\n<h1>{0}: {1}</h1>\n",
      markup_text(suite.name()), score(suite.has_score(), suite.score()), kStyle);
  page += fmt::format(
      "<p>Mean of {} context(s), rule {}. s = (u − b)/(r − b): u the prediction, b the mean response, r "
      "half of the cells as a prediction of the other half.</p>\n",
      suite.contexts_size(), markup_text(suite.rule_version()));
  for (const SuiteContextResult& context : suite.contexts()) {
    page += fmt::format(
        "<h2>{}: {}</h2>\n<p>{} perturbations</p>\n<table><tr><th>member</th><th>u</th><th>b</th>"
        "<th>r (sd)</th><th>s</th><th>s of an exact copy</th><th>ceiling</th><th colspan=\"2\">of what can "
        "be reached</th></tr>\n",
        markup_text(context.context()), score(context.has_score(), context.score()), context.n_perturbations());
    std::string depth;
    for (const SuiteMember& m : context.members()) {
      const double width = m.has_gap_closed() ? std::min(100.0, std::max(0.0, m.gap_closed())) : 0;
      std::string interval;
      if (m.has_ci_low()) interval = interval_text(m.ci_low(), m.ci_high(), true);
      page += fmt::format(
          "<tr><td>{}</td><td>{}</td><td>{}</td><td>{} ({})</td><td>{}</td><td>{}</td><td>{}</td><td>{} {}</td>"
          "<td><span class=\"bar\"><div style=\"width:{:.1f}%\"></div></span></td></tr>\n",
          markup_text(m.name()), number(m.has_u(), m.u()), number(m.has_b(), m.b()), number(m.has_r(), m.r()),
          number(m.has_r_sd(), m.r_sd()), score(m.has_s(), m.s()), score(m.has_s_of_exact_copy(), m.s_of_exact_copy()),
          about(m) + number(m.has_ceiling(), m.ceiling()),
          percent_text(m.has_gap_closed() ? std::optional<double>(m.gap_closed()) : std::nullopt), interval, width);
      if (!m.ceiling_depth().empty()) depth = m.ceiling_depth();
    }
    page += "</table>\n";
    if (!depth.empty()) {
      page += fmt::format("<p>The ceiling is what a second screen of the same truth scores at {}.</p>\n",
                          markup_text(depth));
    }
    page +=
        "<table><tr><th>metric, not scored</th><th>u</th><th>b</th><th>r</th><th>ceiling</th><th>of "
        "what can be reached</th></tr>\n";
    for (const SuiteMetric& m : context.metrics()) {
      page += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} {}</td></tr>\n",
                          markup_text(m.name()), number(m.has_u(), m.u()), number(m.has_b(), m.b()),
                          number(m.has_r(), m.r()), about(m) + number(m.has_ceiling(), m.ceiling()),
                          percent_text(m.has_gap_closed() ? std::optional<double>(m.gap_closed()) : std::nullopt),
                          m.has_ci_low() ? interval_text(m.ci_low(), m.ci_high(), true) : "");
    }
    page += "</table>\n";
  }
  page += fmt::format("<h2>How</h2>\n<ul><li>seeds of the splits: {}</li>\n",
                      fmt::join(suite.split_seeds().begin(), suite.split_seeds().end(), ", "));
  for (const std::string& rule : suite.rules()) page += "<li>" + markup_text(rule) + "</li>\n";
  for (const std::string& note : notes) page += "<li>" + markup_text(note) + "</li>\n";
  return page + "</ul>\n</body></html>\n";
}

}  // namespace headroom
