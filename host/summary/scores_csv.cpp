#include "summary/scores_csv.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "io/csv_writer.hpp"
#include "summary/primary_metric.hpp"
#include "summary/target_parts.hpp"

namespace headroom {
namespace {

// The published tables' order, then the rest in the order of the results.
std::vector<std::string> metric_columns(const RunSummary& summary) {
  std::vector<std::string> present, columns;
  for (const auto& result : summary.contexts()) {
    if (std::find(present.begin(), present.end(), result.metric()) == present.end()) present.push_back(result.metric());
  }
  for (const char* published : {"L2", "MSE", "MAE", "Spearman", "Pearson"}) {
    if (std::find(present.begin(), present.end(), published) != present.end()) columns.emplace_back(published);
  }
  for (const auto& metric : present) {
    if (std::find(columns.begin(), columns.end(), metric) == columns.end()) columns.push_back(metric);
  }
  return columns;
}

struct ScoreRow {
  std::string target, context, fold;
  const MethodResult* method = nullptr;
  std::map<std::string, double> values;
  std::optional<double> gap_closed;
};

}  // namespace

std::string scores_csv(const RunSummary& summary) {
  const auto metrics = metric_columns(summary);
  const std::vector<std::string> targets = targets_of(summary);
  const bool tells_target = targets != std::vector<std::string>{kFirstTarget};
  std::map<std::string, std::string> primary;  // of each target
  for (const std::string& target : targets) primary[target] = primary_metric(part_of_target(summary, target));
  std::vector<ScoreRow> rows;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::size_t>
      place;  // (target, context, method, fold) -> row
  for (const auto& result : summary.contexts()) {
    const std::string& target = target_of(result);
    for (const auto& method : result.methods()) {
      const auto row_of = [&](const std::string& fold) -> ScoreRow& {
        const auto [at, is_new] = place.try_emplace({target, result.context(), method.name(), fold}, rows.size());
        if (is_new) rows.push_back({target, result.context(), fold, &method, {}, {}});
        return rows[at->second];
      };
      if (method.folds().empty()) row_of("");
      for (const auto& fold : method.folds()) {
        ScoreRow& row = row_of(fold.fold());
        if (fold.has_value()) row.values.emplace(result.metric(), fold.value());
        const bool own_head =
            method.predictor().empty() || !method.blocks().empty() || method.predictor() == result.head();
        if (result.metric() == primary[target] && own_head && fold.has_gap_closed() && !row.gap_closed) {
          row.gap_closed = fold.gap_closed();
        }
      }
    }
  }
  CsvWriter csv;
  for (const char* column :
       {"dataset", "context", "fold", "name", "embedding", "predictor", "role", "status", "primary_metric"}) {
    csv.text(column);
  }
  for (const auto& metric : metrics) csv.text(metric);
  csv.text("gap_closed").text("audit");
  if (tells_target) csv.text("target");
  csv.end_row();
  for (const auto& row : rows) {
    for (const std::string* text : {&summary.task().name(), &row.context, &row.fold, &row.method->name(),
                                    &row.method->embedding(), &row.method->predictor(), &row.method->role(),
                                    &row.method->status(), &std::as_const(primary).at(row.target)}) {
      csv.text(*text);
    }
    for (const auto& metric : metrics) {
      const auto value = row.values.find(metric);
      value != row.values.end() ? csv.number(value->second) : csv.nothing();
    }
    row.gap_closed ? csv.number(*row.gap_closed) : csv.nothing();
    csv.text(row.method->audit());
    if (tells_target) csv.text(row.target);
    csv.end_row();
  }
  return csv.str();
}

}  // namespace headroom
