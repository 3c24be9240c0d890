#include "report/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "io/atomic_file.hpp"
#include "report/embedded_page.hpp"
#include "summary/one_scale.hpp"
#include "summary/summary_json.hpp"
#include "terminal/json_text.hpp"

namespace headroom {
namespace {

using Json = nlohmann::ordered_json;

std::string base64(const std::vector<std::uint8_t>& bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b) group = (group << 8) | (b < n ? bytes[i + b] : 0u);
    for (std::size_t d = 0; d < 4; ++d) out += d <= n ? digits[(group >> (18 - 6 * d)) & 63] : '=';
  }
  return out;
}

// {"low", "high", "steps"}: the value of step s is low + (high - low) · s / 65534; 65535 is "not known".
Json packed(const std::vector<double>& values) {
  constexpr std::uint16_t unknown_step = 65535;
  constexpr double n_steps = 65534;
  double low = 0, high = 0;
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(2 * values.size());
  for (const double value : values) {
    std::uint16_t step = unknown_step;
    if (std::isfinite(value)) {
      step = high > low ? static_cast<std::uint16_t>(std::lround((value - low) / (high - low) * n_steps)) : 0;
    }
    bytes.push_back(static_cast<std::uint8_t>(step & 0xFF));
    bytes.push_back(static_cast<std::uint8_t>(step >> 8));
  }
  return {{"low", low}, {"high", high}, {"steps", base64(bytes)}};
}

Json perturbations_json(const PerturbationScores& scores) {
  std::vector<std::string> fold_names;
  std::map<std::string, std::size_t> fold_number;
  Json folds = Json::array();
  for (const auto& fold : scores.facts.folds) {
    const auto [at, is_new] = fold_number.try_emplace(fold, fold_names.size());
    if (is_new) fold_names.push_back(fold);
    folds.push_back(at->second);
  }
  Json methods = Json::array();
  for (std::size_t m = 0; m < scores.methods.size(); ++m) {
    const auto row = scores.values.row(static_cast<Eigen::Index>(m));
    methods.push_back({{"name", scores.methods[m]}, {"values", packed({row.begin(), row.end()})}});
  }
  return {{"context", scores.facts.context},
          {"pert_ids", scores.facts.pert_ids},
          {"fold_names", fold_names},
          {"folds", std::move(folds)},
          {"effect_sizes", packed(scores.facts.effect_sizes)},
          {"n_cells", packed(scores.facts.n_cells)},
          {"noise", packed(scores.facts.noise)},
          {"methods", std::move(methods)}};
}

// The summary on one scale, without what no part of the page shows: inner scores, comparisons, and per fold of a metric
// other than the primary one everything but its values.
RunSummary shown_part(const ReportModel& model) {
  RunSummary summary = on_one_scale(model.summary);
  for (auto& context : *summary.mutable_contexts()) {
    context.clear_comparisons();
    for (auto& method : *context.mutable_methods()) {
      for (auto& fold : *method.mutable_folds()) {
        fold.clear_inner_scores();
        if (context.metric() == model.metric) continue;
        FoldResult values;
        values.set_fold(fold.fold());
        if (fold.has_value()) values.set_value(fold.value());
        if (fold.has_gap_closed()) values.set_gap_closed(fold.gap_closed());
        fold = values;
      }
    }
  }
  return summary;
}

// Replaces each @@name@@ of the template once, in one pass: what is put in is never searched again.
std::string filled(std::string_view page, const std::map<std::string_view, std::string_view>& parts) {
  std::string out;
  while (!page.empty()) {
    const auto open = page.find("@@");
    const auto close = open == std::string_view::npos ? open : page.find("@@", open + 2);
    if (close == std::string_view::npos) break;
    out += page.substr(0, open);
    const auto part = parts.find(page.substr(open + 2, close - open - 2));
    if (part != parts.end()) out += part->second;
    page.remove_prefix(close + 2);
  }
  return out += page;
}

}  // namespace

std::string script_safe_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else if (json.substr(i, 3) == "\u2028" || json.substr(i, 3) == "\u2029") {
      out += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

namespace {

// What the page shows of one target.
std::string chapter_json(const ReportModel& model) {
  Json data;
  data["metric"] = model.metric;
  if (!model.perturbation_metric.empty() && model.perturbation_metric != model.metric) {
    data["perturbation_metric"] = model.perturbation_metric;
  }
  data["perturbations"] = Json::array();
  for (const auto& context : model.contexts) data["perturbations"].push_back(perturbations_json(context));
  std::string json = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  json.back() = ',';  // the summary is already text: it is put in as the last member
  return json + "\"summary\":" + compact_summary_json(shown_part(model)) + "}";
}

}  // namespace

std::string report_page(const ReportModel& model) { return report_page(std::vector<ReportModel>{model}); }

std::string report_page(const std::vector<ReportModel>& chapters) {
  std::string json = chapter_json(chapters.front());
  if (chapters.size() > 1) {
    json = "{\"chapters\":[" + json;
    for (std::size_t i = 1; i < chapters.size(); ++i) json += "," + chapter_json(chapters[i]);
    json += "]}";
  }
  const std::string safe = escaped_json(script_safe_json(json));
  const EmbeddedPage parts = embedded_page();
  return filled(parts.page, {{"style", parts.style},
                             {"script", parts.script},
                             {"d3", parts.d3},
                             {"d3_licence", parts.d3_licence},
                             {"data", safe}});
}

Result<void> write_report(const std::filesystem::path& path, const std::vector<ReportModel>& chapters) {
  return write_file_atomically(path, report_page(chapters));
}

}  // namespace headroom
