#include "report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include "io/atomic_file.hpp"
#include "report/svg_drawing.hpp"
#include "summary/context_title.hpp"
#include "summary/one_scale.hpp"
#include "summary/primary_metric.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

constexpr double drawing_width = 1000;
constexpr const char* text_colour = "#1c2128";
constexpr const char* muted_colour = "#59636e";
constexpr const char* rule_colour = "#d9dee4";
constexpr const char* track_colour = "#e8ebef";

// As on the page: colours told apart by the colour-blind, and a shape for each role.
struct RoleLook {
  const char* role;
  const char* colour;
};
constexpr std::array<RoleLook, 4> roles = {
    {{"null", "#6a737d"}, {"plugin", "#0069a8"}, {"cheater", "#b84700"}, {"reference", "#00735a"}}};

const char* colour_of(const std::string& role) {
  const auto look = std::find_if(roles.begin(), roles.end(), [&](const RoleLook& r) { return role == r.role; });
  return look == roles.end() ? text_colour : look->colour;
}

void draw_mark(SvgDrawing& drawing, const std::string& role, double x, double y) {
  constexpr double r = 4, opacity = 0.6;
  const char* colour = colour_of(role);
  if (role == "null")
    return drawing.polygon({{x - r, y - r}, {x + r, y - r}, {x + r, y + r}, {x - r, y + r}}, colour, opacity);
  if (role == "cheater") return drawing.polygon({{x, y - r}, {x + r, y + r}, {x - r, y + r}}, colour, opacity);
  if (role == "reference") return drawing.polygon({{x, y - r}, {x + r, y}, {x, y + r}, {x - r, y}}, colour, opacity);
  drawing.circle(x, y, r, colour, opacity);
}

std::vector<const ContextResult*> tables_of(const RunSummary& summary, const std::string& metric,
                                            const std::string& head) {
  std::vector<const ContextResult*> tables;
  for (const auto& context : summary.contexts()) {
    if (context.metric() == metric && context.head() == head) tables.push_back(&context);
  }
  return tables;
}

// Methods of one role with a value, best first.
std::vector<const MethodResult*> ranked(const ContextResult& context, const std::string& role) {
  std::vector<const MethodResult*> methods;
  for (const auto& method : context.methods()) {
    if (method.role() == role && method.has_value()) methods.push_back(&method);
  }
  std::stable_sort(methods.begin(), methods.end(), [&](const MethodResult* a, const MethodResult* b) {
    return context.higher_is_better() ? a->value() > b->value() : a->value() < b->value();
  });
  return methods;
}

// Round numbers that part [low, high] into about eight steps.
std::vector<double> axis_ticks(double low, double high) {
  if (!(high > low)) return {low};
  const double rough = (high - low) / 8, magnitude = std::pow(10, std::floor(std::log10(rough)));
  const double ratio = rough / magnitude;
  const double step = magnitude * (ratio > 7.5 ? 10 : ratio > 3.5 ? 5 : ratio > 1.5 ? 2 : 1);
  std::vector<double> ticks;
  const auto first = static_cast<std::int64_t>(std::ceil(low / step - 1e-9));
  const auto last = static_cast<std::int64_t>(std::floor(high / step + 1e-9));
  for (std::int64_t i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

void draw_progress_row(SvgDrawing& drawing, const ContextResult& context, double top, double left, double right) {
  constexpr double bar_height = 22;
  const double width = right - left, middle = top + bar_height / 2;
  const auto at = [&](double percent) { return left + width * percent / 100; };
  const auto inside = [&](double percent) { return std::clamp(at(percent), left - 22, right + 22); };
  drawing.text(0, middle + 5, context_title(context), {16, text_colour, Anchor::start, true}, left - 24);
  drawing.rectangle(left, top, width, bar_height, track_colour, 4);
  const auto bound = [&](const BoundResult& b, double x, Anchor anchor) {
    if (!b.has_value()) return;
    drawing.text(x, top + bar_height + 38, (b.is_about() ? "about " : "") + value_text(b.value()) + " " + b.method(), {11, muted_colour, anchor},
                 width / 2 - 8);
  };
  bound(context.wap(), left, Anchor::start);
  bound(context.bap(), right, Anchor::end);
  const auto plugins = ranked(context, "plugin");
  const double side = right + 36;
  if (!context.gap().defined()) {
    drawing.text((left + right) / 2, middle + 4, "no percentage is meaningful here",
                 {12, muted_colour, Anchor::middle});
    return;
  }
  if (plugins.empty()) return;
  const MethodResult& best = *plugins.front();
  const double percent = best.gap_closed();
  drawing.rectangle(left, top, std::clamp(at(percent), left, right) - left, bar_height, colour_of("plugin"), 4);
  if (percent < 0 || percent > 100) {
    const double x = percent < 0 ? left - 6 : right + 6, way = percent < 0 ? -9 : 9;
    drawing.polygon({{x, middle - 8}, {x + way, middle}, {x, middle + 8}}, colour_of("plugin"));
  }
  if (best.has_ci_low() && best.has_ci_high()) {
    const double low = inside(best.ci_low()), high = inside(best.ci_high());
    for (const auto& [colour, thick] : {std::pair{"#ffffff", 4.5}, std::pair{text_colour, 1.5}}) {
      drawing.line(low, middle, high, middle, colour, thick);
      drawing.line(low, middle - 5, low, middle + 5, colour, thick);
      drawing.line(high, middle - 5, high, middle + 5, colour, thick);
    }
  }
  for (const MethodResult* method : plugins) {
    if (method->has_gap_closed()) draw_mark(drawing, "plugin", inside(method->gap_closed()), top + bar_height + 14);
  }
  const std::string percent_words = percent_text(percent);
  drawing.text(side, middle - 2, percent_words, {19, text_colour, Anchor::start, true});
  if (best.has_ci_low() && best.has_ci_high()) {
    drawing.text(side + 11.5 * static_cast<double>(percent_words.size()), middle - 2,
                 interval_text(best.ci_low(), best.ci_high(), true), {11, muted_colour});
  }
  drawing.text(side, middle + 15, best.verdict(), {13, text_colour}, drawing_width - side);
  drawing.text(side, middle + 31, best.name(), {12, muted_colour}, drawing_width - side);
}

// Draws one context's folds from `top` on and returns where it ends; without a drawing only measures.
double draw_folds(SvgDrawing* drawing, const ContextResult& context, double top) {
  constexpr double row_height = 21, group_gap = 12, left = 268, right = 922;
  std::vector<std::pair<std::string, std::vector<const MethodResult*>>> groups;
  double low = 0, high = 0;
  bool any = false;
  for (const auto& look : roles) {
    auto methods = ranked(context, look.role);
    if (methods.empty()) continue;
    for (const MethodResult* method : methods) {
      const auto extend = [&](double value) {
        low = any ? std::min(low, value) : value;
        high = any ? std::max(high, value) : value;
        any = true;
      };
      extend(method->value());
      for (const auto& fold : method->folds()) {
        if (fold.has_value()) extend(fold.value());
      }
    }
    groups.emplace_back(look.role, std::move(methods));
  }
  const double first_row = top + 62;
  double bottom = first_row;
  for (const auto& group : groups) bottom += row_height * static_cast<double>(group.second.size());
  if (groups.size() > 1) bottom += group_gap * static_cast<double>(groups.size() - 1);
  const double end = bottom + 62;
  if (!drawing) return end;

  drawing->text(0, top + 18, context_title(context), {16, text_colour, Anchor::start, true}, 600);
  if (!any) {
    drawing->text(0, top + 44, "no values", {12, muted_colour});
    return end;
  }
  const double margin = high > low ? 0.03 * (high - low) : 1;
  const auto x = [&](double value) {
    return left + (value - low + margin) / (high - low + 2 * margin) * (right - left);
  };
  for (const double tick : axis_ticks(low - margin, high + margin)) {
    drawing->line(x(tick), first_row - 4, x(tick), bottom + 6, rule_colour);
    drawing->text(x(tick), bottom + 20, fmt::format("{:g}", tick), {11, muted_colour, Anchor::middle});
  }
  drawing->text((left + right) / 2, bottom + 38,
                context.metric() + (context.higher_is_better() ? ", higher is better" : ", lower is better"),
                {12, muted_colour, Anchor::middle});
  const auto guide = [&](double value, const char* label, const char* colour, double label_y, bool dashed) {
    drawing->line(x(value), first_row - 4, x(value), bottom + 4, colour, 1.25, dashed);
    drawing->text(x(value), label_y, label, {11, colour, Anchor::middle, true});
  };
  if (context.wap().has_value()) guide(context.wap().value(), "WAP", colour_of("null"), first_row - 10, true);
  if (context.bap().has_value()) guide(context.bap().value(), "BAP", colour_of("cheater"), first_row - 10, true);
  const auto plugins = ranked(context, "plugin");
  if (!plugins.empty()) guide(plugins.front()->value(), "best", colour_of("plugin"), first_row - 22, false);

  double y = first_row + row_height / 2;
  for (const auto& [role, methods] : groups) {
    for (const MethodResult* method : methods) {
      drawing->text(left - 12, y + 4, method->name(), {12, text_colour, Anchor::end}, left - 16);
      drawing->text(drawing_width, y + 4, value_text(method->value()), {12, text_colour, Anchor::end});
      for (const auto& fold : method->folds()) {
        if (fold.has_value()) draw_mark(*drawing, role, x(fold.value()), y);
      }
      drawing->line(x(method->value()), y - 7, x(method->value()), y + 7, colour_of(role), 3);
      y += row_height;
    }
    y += group_gap;
  }
  return end;
}

// A head's name as part of a file name: letters, digits, '-' and '_' stay, everything else becomes '_'.
std::string file_part(const std::string& name) {
  std::string part;
  for (const char c : name.substr(0, 60)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    part += plain ? c : '_';
  }
  return part;
}

}  // namespace

std::string progress_figure(const RunSummary& summary, const std::string& metric, const std::string& head) {
  constexpr double left = 196, right = 784, top = 40, row_height = 92;
  const auto tables = tables_of(summary, metric, head);
  const double bottom = top + row_height * static_cast<double>(tables.size());
  SvgDrawing drawing(drawing_width, bottom, "Gap closed per context: " + metric + (head.empty() ? "" : ", " + head));
  for (int percent = 0; percent <= 100; percent += 25) {
    const double x = left + (right - left) * percent / 100;
    drawing.line(x, top - 8, x, bottom - 10, rule_colour);
    drawing.text(x, top - 14,
                 fmt::format("{} %{}", percent,
                             percent == 0     ? " (WAP)"
                             : percent == 100 ? " (BAP)"
                                              : ""),
                 {11, muted_colour, Anchor::middle});
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    draw_progress_row(drawing, *tables[i], top + 10 + row_height * static_cast<double>(i), left, right);
  }
  return drawing.svg();
}

std::string folds_figure(const RunSummary& summary, const std::string& metric, const std::string& head) {
  const auto tables = tables_of(summary, metric, head);
  double height = 0;
  for (const ContextResult* table : tables) height = draw_folds(nullptr, *table, height);
  SvgDrawing drawing(drawing_width, std::max(height, 1.0),
                     metric + " of every method, fold by fold" + (head.empty() ? "" : ", " + head));
  double top = 0;
  for (const ContextResult* table : tables) top = draw_folds(&drawing, *table, top);
  return drawing.svg();
}

Result<void> write_figures(const std::filesystem::path& folder, const RunSummary& run) {
  const RunSummary summary = on_one_scale(run);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return bad_input("the folder for figures cannot be made", folder.string(), failed.message());
  const std::string metric = primary_metric(summary);
  std::vector<std::string> heads;
  std::set<std::string> file_names;
  for (const auto& context : summary.contexts()) {
    if (context.metric() == metric && std::find(heads.begin(), heads.end(), context.head()) == heads.end()) {
      heads.push_back(context.head());
    }
  }
  for (const auto& head : heads) {
    std::string suffix = head.empty() ? std::string() : fmt::format("_{}", file_part(head));
    while (!file_names.insert(suffix).second) suffix += "_";
    auto written =
        write_file_atomically(folder / ("progress" + suffix + ".svg"), progress_figure(summary, metric, head));
    if (!written) return written;
    written = write_file_atomically(folder / ("folds" + suffix + ".svg"), folds_figure(summary, metric, head));
    if (!written) return written;
  }
  return {};
}

}  // namespace headroom
