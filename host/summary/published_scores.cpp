#include "summary/published_scores.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "evaluation/method_names.hpp"
#include "io/csv_writer.hpp"
#include "io/delimited.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

struct KnownMetric {
  const char* name;
  bool higher_is_better;
};
constexpr std::array<KnownMetric, 12> known_metrics = {{{"L2", false},
                                                        {"MSE", false},
                                                        {"MAE", false},
                                                        {"Pearson", true},
                                                        {"Spearman", true},
                                                        {"Pearson_pert", true},
                                                        {"centroid_accuracy", true},
                                                        {"PDS_L1", true},
                                                        {"WMSE", false},
                                                        {"RMSE", false},
                                                        {"F1", true},
                                                        {"macro_F1", true}}};

std::optional<bool> higher_is_better(const std::string& metric) {
  for (const auto& known : known_metrics) {
    if (metric == known.name) return known.higher_is_better;
  }
  return std::nullopt;
}

// One context: values by method, then metric, then fold. A method's folds are known even where a value is missing.
struct ScoreContext {
  std::set<std::string> folds;
  std::map<std::string, std::map<std::string, std::map<std::string, std::optional<double>>>> values;
};

struct ScoreTable {
  std::vector<std::string> metrics;  // columns that are read
  std::vector<std::string> methods;  // in order of appearance
  std::map<std::string, ScoreContext> contexts;
};

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t n_shown = 12;
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(std::min(n_shown, names.size())));
  std::string text = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > n_shown) text += fmt::format(" and {} more", names.size() - n_shown);
  return text;
}

std::optional<std::size_t> first_column(const DelimitedReader& reader, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto column = reader.column(name)) return column;
  }
  return std::nullopt;
}

// Integers by value, everything else as text behind them.
bool fold_before(const std::string& a, const std::string& b) {
  const auto x = parse_integer(a), y = parse_integer(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

std::vector<std::string> in_fold_order(const std::set<std::string>& folds) {
  std::vector<std::string> ordered(folds.begin(), folds.end());
  std::sort(ordered.begin(), ordered.end(), fold_before);
  return ordered;
}

Result<ScoreTable> read_table(const std::filesystem::path& path, const PublishedScoresOptions& options) {
  auto opened = DelimitedReader::open(path);
  if (!opened) return tl::unexpected(opened.error());
  DelimitedReader& reader = *opened;
  if (auto header = reader.read_header(); !header) return tl::unexpected(header.error());
  const auto name_column = reader.require_column("name");
  if (!name_column) return tl::unexpected(name_column.error());

  std::optional<std::size_t> fold_column, context_column;
  if (!options.fold_column.empty()) {
    const auto column = reader.require_column(options.fold_column);
    if (!column) return tl::unexpected(column.error());
    fold_column = *column;
  } else {
    fold_column = first_column(reader, {"test_split", "fold", "split"});
    if (!fold_column) {
      return bad_input("no column 'test_split', 'fold' or 'split'", path.string(),
                       "name the column with --fold-col; there are: " + listed(reader.header()));
    }
  }
  if (!options.context_column.empty()) {
    const auto column = reader.require_column(options.context_column);
    if (!column) return tl::unexpected(column.error());
    context_column = *column;
  } else {
    context_column = first_column(reader, {"context", "cell_line", "cell_type"});
  }

  ScoreTable table;
  std::vector<std::size_t> metric_columns;
  if (!options.metric.empty()) {
    const auto column = reader.require_column(options.metric);
    if (!column) return tl::unexpected(column.error());
    if (!higher_is_better(options.metric)) {
      std::vector<std::string> names;
      for (const auto& known : known_metrics) names.emplace_back(known.name);
      return bad_input(fmt::format("'{}' is no metric whose better direction is known", options.metric), path.string(),
                       "use one of " + listed(names));
    }
    metric_columns = {*column};
    table.metrics = {options.metric};
  } else {
    for (const auto& known : known_metrics) {
      if (const auto column = reader.column(known.name)) {
        metric_columns.push_back(*column);
        table.metrics.emplace_back(known.name);
      }
    }
    if (table.metrics.empty()) {
      return bad_input("no column is a metric", path.string(), "there are: " + listed(reader.header()));
    }
  }
  const auto primary_column = reader.column("primary_metric");
  std::optional<std::string> primary;

  std::set<std::string> seen_methods, known_contexts;
  TakenNames names;
  for (;;) {
    const auto more = reader.next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const auto& cells = reader.cells();
    // Guarded as in the scores.csv of a run, or not.
    const std::string name(unguarded(cells[*name_column]));
    std::string fold(unguarded(cells[*fold_column]));
    std::string context(context_column ? unguarded(cells[*context_column]) : std::string_view());
    if (const auto dot = fold.rfind('.'); dot != std::string::npos) {
      if (context.empty()) context = fold.substr(0, dot);
      fold = fold.substr(dot + 1);
    }
    if (seen_name(name).empty()) return reader.error("a method without a name");
    if (context.empty()) {
      return reader.error(fmt::format("the fold '{}' names no context", fold),
                          "write CONTEXT.FOLD, or name the column of contexts with --context-col");
    }
    known_contexts.insert(context);
    if (primary_column && !primary && !cells[*primary_column].empty()) primary = std::string(cells[*primary_column]);
    if (!options.contexts.empty() &&
        std::find(options.contexts.begin(), options.contexts.end(), context) == options.contexts.end()) {
      continue;
    }
    if (seen_methods.insert(name).second) {
      if (auto fault = names.take(name); !fault.empty()) {
        return reader.error(std::move(fault), "give methods names that can be told apart");
      }
      table.methods.push_back(name);
    }
    ScoreContext& scores = table.contexts[context];
    scores.folds.insert(fold);
    for (std::size_t m = 0; m < metric_columns.size(); ++m) {
      const std::string_view cell = cells[metric_columns[m]];
      std::optional<double> value;
      if (!cell.empty()) {
        const auto number = reader.number(metric_columns[m]);
        if (!number) return tl::unexpected(number.error());
        if (std::isfinite(*number)) value = *number;
      }
      if (!scores.values[name][table.metrics[m]].emplace(fold, value).second) {
        return reader.error(fmt::format("fold {} of '{}' in {} stands in the table twice", fold, name, context),
                            "leave one row for each fold and method");
      }
    }
  }
  for (const auto& wanted : options.contexts) {
    if (!known_contexts.count(wanted)) {
      return bad_input(fmt::format("no context '{}'", wanted), path.string(),
                       "there are: " + listed({known_contexts.begin(), known_contexts.end()}));
    }
  }
  if (table.contexts.empty()) return bad_input("the table has no rows", path.string());
  if (primary) {
    const auto it = std::find(table.metrics.begin(), table.metrics.end(), *primary);
    if (it != table.metrics.end()) std::rotate(table.metrics.begin(), it, it + 1);
  }
  return table;
}

Result<std::set<std::string>> matching(const std::vector<std::string>& patterns,
                                       const std::vector<std::string>& methods, const std::string& flag,
                                       const std::string& where) {
  std::set<std::string> chosen;
  for (const auto& pattern : patterns) {
    const std::size_t before = chosen.size();
    // An exact name first: published names hold brackets, which a glob would read as a set.
    if (std::find(methods.begin(), methods.end(), pattern) != methods.end()) {
      chosen.insert(pattern);
      continue;
    }
    bool any = false;
    for (const auto& method : methods) {
      if (fnmatch(pattern.c_str(), method.c_str(), 0) == 0) {
        chosen.insert(method);
        any = true;
      }
    }
    if (!any && chosen.size() == before) {
      return bad_input(fmt::format("{} '{}' matches no method", flag, pattern), where, "there are: " + listed(methods));
    }
  }
  return chosen;
}

// One (context, metric) with its bounds and every method's share of the gap.
class ScoreSummary {
 public:
  ScoreSummary(const ScoreContext& scores, const std::string& metric, bool higher)
      : scores_(scores), metric_(metric), higher_(higher), folds_(in_fold_order(scores.folds)) {}

  ContextResult result(const std::string& context,
                       const std::vector<std::pair<std::string, std::string>>& method_roles) {
    result_.set_context(context);
    result_.set_metric(metric_);
    result_.set_higher_is_better(higher_);
    for (const auto& [name, role] : method_roles) add_method(name, role);
    const MethodResult* wap = binding("null", true);
    const MethodResult* bap = binding("cheater", false);
    set_bound(wap, result_.mutable_wap());
    set_bound(bap, result_.mutable_bap());
    GapResult& gap = *result_.mutable_gap();
    gap.set_defined(false);
    if (wap && bap) {
      gap.set_value(higher_ ? bap->value() - wap->value() : wap->value() - bap->value());
      gap.set_defined(gap.value() > 0);
      if (wap->value() != 0) gap.set_dynamic_range(gap.value() / std::abs(wap->value()));
    }
    for (auto& method : *result_.mutable_methods()) {
      if (method.role() == "plugin" && method.has_value()) method.set_verdict("undefined");
      if (!method.has_value() || !gap.defined()) continue;
      method.set_gap_closed(100 * (wap->value() - method.value()) / (wap->value() - bap->value()));
      if (method.role() == "plugin") method.set_verdict(verdict(method.gap_closed()));
    }
    set_fold_gaps();
    return std::move(result_);
  }

 private:
  // Without perturbations there is no interval: the verdict follows the value alone.
  static std::string verdict(double gap_closed) {
    if (gap_closed <= 0) return "below null";
    return gap_closed >= 100 ? "at the limit" : "progress";
  }

  void add_method(const std::string& name, const std::string& role) {
    const auto by_method = scores_.values.find(name);
    MethodResult& method = *result_.add_methods();
    method.set_name(name);
    method.set_role(role);
    std::vector<double> values;
    std::vector<std::string> missing, undefined;
    for (const auto& fold : folds_) {
      if (by_method == scores_.values.end() || !by_method->second.at(metric_).count(fold)) {
        missing.push_back(fold);
        continue;
      }
      const auto value = by_method->second.at(metric_).at(fold);
      FoldResult& result = *method.add_folds();
      result.set_fold(fold);
      if (!value) {
        undefined.push_back(fold);
        continue;
      }
      result.set_value(*value);
      values.push_back(*value);
    }
    if (!values.empty()) {
      method.set_status("ok");
      method.set_value(median(values));
    } else {
      method.set_status("skipped");
      method.set_reason(fmt::format("no value of {}", metric_));
    }
    method.set_in_bound(role != "plugin" && method.has_value());
    const auto note = [&](const std::vector<std::string>& folds, const char* what) {
      if (folds.empty() || values.empty()) return;
      result_.add_notes(
          fmt::format("{}: {} in fold {}; the median is over the others", name, what, fmt::join(folds, ", ")));
    };
    note(missing, "no row");
    note(undefined, "no finite value");
  }

  bool better(double a, double b) const { return higher_ ? a > b : a < b; }

  // The best null, or the worst cheater; the first of equals.
  const MethodResult* binding(const std::string& role, bool best) const {
    const MethodResult* chosen = nullptr;
    for (const auto& method : result_.methods()) {
      if (method.role() != role || !method.has_value()) continue;
      if (!chosen || (best ? better(method.value(), chosen->value()) : better(chosen->value(), method.value()))) {
        chosen = &method;
      }
    }
    return chosen;
  }

  static void set_bound(const MethodResult* method, BoundResult* bound) {
    if (!method) return;
    bound->set_method(method->name());
    bound->set_value(method->value());
  }

  // Each fold by its own bounds.
  void set_fold_gaps() {
    for (const auto& fold : folds_) {
      std::optional<double> wap, bap;
      std::vector<FoldResult*> rows;
      for (auto& method : *result_.mutable_methods()) {
        for (auto& row : *method.mutable_folds()) {
          if (row.fold() != fold || !row.has_value()) continue;
          rows.push_back(&row);
          if (method.role() == "null" && (!wap || better(row.value(), *wap))) wap = row.value();
          if (method.role() == "cheater" && (!bap || better(*bap, row.value()))) bap = row.value();
        }
      }
      if (!wap || !bap || !better(*bap, *wap)) continue;
      for (FoldResult* row : rows) row->set_gap_closed(100 * (*wap - row->value()) / (*wap - *bap));
    }
  }

  const ScoreContext& scores_;
  std::string metric_;
  bool higher_;
  std::vector<std::string> folds_;
  ContextResult result_;
};

}  // namespace

Result<RunSummary> summarise_score_table(const std::filesystem::path& path, const PublishedScoresOptions& options) {
  if (options.wap.empty() || options.bap.empty()) {
    return bad_input("a score table does not say which methods bound it", path.string(),
                     "give --wap NAME and --bap NAME");
  }
  const auto table = read_table(path, options);
  if (!table) return tl::unexpected(table.error());
  const auto nulls = matching(options.wap, table->methods, "--wap", path.string());
  if (!nulls) return tl::unexpected(nulls.error());
  const auto cheaters = matching(options.bap, table->methods, "--bap", path.string());
  if (!cheaters) return tl::unexpected(cheaters.error());
  const auto entries = matching(options.entries, table->methods, "--entry", path.string());
  if (!entries) return tl::unexpected(entries.error());

  std::vector<std::pair<std::string, std::string>> roles;
  for (const auto& method : table->methods) {
    const bool is_null = nulls->count(method) > 0, is_cheater = cheaters->count(method) > 0;
    if (is_null && is_cheater) {
      return bad_input(fmt::format("'{}' is named by --wap and by --bap", method), path.string(),
                       "it can only be one of them");
    }
    if (is_null) roles.emplace_back(method, "null");
    if (is_cheater) roles.emplace_back(method, "cheater");
    // A bound that is also named as an entry stays a bound: its own percentage is 0 or 100 by construction.
    if (!is_null && !is_cheater && (options.entries.empty() || entries->count(method)))
      roles.emplace_back(method, "plugin");
  }
  RunSummary summary;
  summary.mutable_task()->set_name(path.filename().string());
  for (const auto& metric : table->metrics) summary.mutable_settings()->add_metrics(metric);
  for (const auto& pattern : options.bap) summary.mutable_settings()->add_ceiling(pattern);
  for (const auto& [context, scores] : table->contexts) {
    auto& description = *summary.mutable_task()->add_contexts();
    description.set_context(context);
    for (const auto& fold : in_fold_order(scores.folds)) description.add_folds(fold);
    for (const auto& metric : table->metrics) {
      *summary.add_contexts() = ScoreSummary(scores, metric, *higher_is_better(metric)).result(context, roles);
    }
  }
  return summary;
}

}  // namespace headroom
