#include "summary/published_scores.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "io/csv_writer.hpp"
#include "io/delimited.hpp"
#include "numerics/quantile.hpp"
#include "plan/method_names.hpp"

namespace headroom {
namespace {

struct KnownMetric {
  const char* name;
  bool higher_is_better;
};
constexpr std::array<KnownMetric, 16> known_metrics = {{{"L2", false},
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
                                                        {"macro_F1", true},
                                                        {"precision", true},
                                                        {"recall", true},
                                                        {"ROC_AUC", true},
                                                        {"AP", true}}};

// What published tables of the DEG task call them (protocol section 8); they write precision, recall and roc_auc as we
// do, but for their case.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> aliases = {
    {{"f1_score", "F1"}, {"average_precision", "AP"}}};

// The protocol's name of a metric that a table may write in any case; nullptr: none.
const KnownMetric* known_metric(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  for (const auto& [alias, own] : aliases) {
    if (std::equal(alias.begin(), alias.end(), name.begin(), name.end(), same)) name = own;
  }
  for (const auto& known : known_metrics) {
    const std::string_view own = known.name;
    if (std::equal(own.begin(), own.end(), name.begin(), name.end(), same)) return &known;
  }
  return nullptr;
}

bool higher_is_better(const std::string& metric) { return known_metric(metric)->higher_is_better; }

// One context: values by method, then metric, then fold. A method's folds are known even where a value is missing.
struct ScoreContext {
  std::set<std::string> folds;
  std::map<std::string, std::map<std::string, std::map<std::string, std::optional<double>>>> values;
};

struct ScoreTable {
  std::vector<std::string> metrics;  // columns that are read
  std::vector<std::string> methods;  // in order of appearance
  std::map<std::string, ScoreContext> contexts;
  std::vector<std::string> notes;
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

// A fold as a whole number, however it is written: tables that held a missing value once have 0.0 for 0.
std::optional<std::string> whole_number(std::string_view text) {
  const auto value = parse_number(text);
  constexpr double kExact = 9e15;
  if (!value || *value != std::floor(*value) || std::abs(*value) > kExact) return std::nullopt;
  return fmt::format("{:.0f}", *value);
}

// Whether the folds are plain numbers, so that the dot in "0.0" is none behind a context.
Result<bool> folds_are_whole_numbers(const std::filesystem::path& path, std::size_t fold_column) {
  auto reader = DelimitedReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (auto header = reader->read_header(); !header) return tl::unexpected(header.error());
  for (;;) {
    const auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return true;
    if (!whole_number(reader->cells()[fold_column])) return false;
  }
}

// Where the numbers of a row are: a column a metric, or (long tables) one that names the metric beside one of values.
struct MetricColumns {
  std::vector<std::pair<std::size_t, std::string>> wide;  // column, metric
  std::optional<std::size_t> name, value;
};

Result<MetricColumns> find_metrics(const DelimitedReader& reader, const std::string& wanted, const std::string& where) {
  const KnownMetric* only = wanted.empty() ? nullptr : known_metric(wanted);
  if (!wanted.empty() && only == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : known_metrics) names.emplace_back(known.name);
    return bad_input(fmt::format("'{}' is no metric whose better direction is known", wanted), where,
                     "use one of " + listed(names));
  }
  MetricColumns found;
  for (const auto& known : known_metrics) {
    if (only != nullptr && only != &known) continue;
    auto column = reader.column(known.name);
    for (std::size_t c = 0; !column && c < reader.header().size(); ++c) {
      if (known_metric(reader.header()[c]) == &known) column = c;
    }
    if (column) found.wide.emplace_back(*column, known.name);
  }
  if (!found.wide.empty()) return found;
  found.name = first_column(reader, {"metric", "metric_name", "Metric"});
  found.value = first_column(reader, {"value", "score", "Value", "Score"});
  if (found.name && found.value) return found;
  if (only != nullptr) return tl::unexpected(reader.require_column(wanted).error());
  return bad_input("no column is a metric", where,
                   "give a column a metric, or columns 'metric' and 'value'; there are: " + listed(reader.header()));
}

Result<ScoreTable> read_table(const std::filesystem::path& path, const PublishedScoresOptions& options) {
  auto opened = DelimitedReader::open(path);
  if (!opened) return tl::unexpected(opened.error());
  DelimitedReader& reader = *opened;
  if (auto header = reader.read_header(); !header) return tl::unexpected(header.error());
  const auto name_column = first_column(reader, {"name", "model", "method", "Name", "Model", "Method"});
  if (!name_column) {
    return bad_input("no column 'name', 'model' or 'method'", path.string(),
                     "call the column of methods so; there are: " + listed(reader.header()));
  }

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

  const auto metrics = find_metrics(reader, options.metric, path.string());
  if (!metrics) return tl::unexpected(metrics.error());
  const auto plain_folds = folds_are_whole_numbers(path, *fold_column);
  if (!plain_folds) return tl::unexpected(plain_folds.error());
  ScoreTable table;
  for (const auto& [column, metric] : metrics->wide) table.metrics.push_back(metric);
  const KnownMetric* only = options.metric.empty() ? nullptr : known_metric(options.metric);
  std::map<std::string, std::size_t> unknown_metrics;
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
    if (*plain_folds) {
      fold = *whole_number(fold);
    } else if (const auto dot = fold.rfind('.'); dot != std::string::npos) {
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
    std::vector<std::pair<std::size_t, std::string>> columns = metrics->wide;
    if (columns.empty()) {
      const std::string_view metric = cells[*metrics->name];
      const KnownMetric* known = known_metric(metric);
      if (known == nullptr) ++unknown_metrics[std::string(metric)];
      if (known == nullptr || (only != nullptr && only != known)) continue;
      if (std::find(table.metrics.begin(), table.metrics.end(), known->name) == table.metrics.end()) {
        table.metrics.emplace_back(known->name);
      }
      columns.emplace_back(*metrics->value, known->name);
    }
    for (const auto& [column, metric] : columns) {
      const std::string_view cell = cells[column];
      std::optional<double> value;
      if (!cell.empty()) {
        const auto number = reader.number(column);
        if (!number) return tl::unexpected(number.error());
        if (std::isfinite(*number)) value = *number;
      }
      if (!scores.values[name][metric].emplace(fold, value).second) {
        return reader.error(fmt::format("fold {} of '{}' in {} stands in the table twice", fold, name, context),
                            "leave one row for each fold and method");
      }
    }
  }
  for (const auto& [metric, n] : unknown_metrics) {
    table.notes.push_back(fmt::format("{} row{} of the metric '{}' {} left out: its better direction is not known", n,
                                      n == 1 ? "" : "s", metric, n == 1 ? "is" : "are"));
  }
  for (const auto& wanted : options.contexts) {
    if (!known_contexts.count(wanted)) {
      return bad_input(fmt::format("no context '{}'", wanted), path.string(),
                       "there are: " + listed({known_contexts.begin(), known_contexts.end()}));
    }
  }
  if (table.contexts.empty()) return bad_input("the table has no rows", path.string());
  if (table.metrics.empty()) {
    return bad_input(only != nullptr ? fmt::format("no row is of the metric '{}'", options.metric)
                                     : std::string("no row is of a known metric"),
                     path.string(), "the column of metrics names L2, MSE, MAE, Pearson, Spearman, …");
  }
  if (primary) {
    const KnownMetric* known = known_metric(*primary);
    const auto it = std::find(table.metrics.begin(), table.metrics.end(), known == nullptr ? *primary : known->name);
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
    using Values = std::map<std::string, std::optional<double>>;
    const Values* by_fold = nullptr;
    if (by_method != scores_.values.end()) {
      const auto of_metric = by_method->second.find(metric_);
      if (of_metric != by_method->second.end()) by_fold = &of_metric->second;
    }
    for (const auto& fold : folds_) {
      if (by_fold == nullptr || by_fold->count(fold) == 0) {
        missing.push_back(fold);
        continue;
      }
      const auto value = by_fold->at(fold);
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
      ContextResult& result = *summary.add_contexts();
      result = ScoreSummary(scores, metric, higher_is_better(metric)).result(context, roles);
      if (summary.contexts_size() > 1) continue;
      for (const std::string& note : table->notes) result.add_notes(note);  // of the table: once
    }
  }
  return summary;
}

}  // namespace headroom
