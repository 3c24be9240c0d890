#include "inspection/results_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "confinement.pb.h"
#include "evaluation/run_results.hpp"
#include "io/sha256.hpp"
#include "store/sqlite_database.hpp"
#include "store/store_schema.hpp"
#include "store/stored_context.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

std::string table_name(const ContextResult& result) {
  return fmt::format("{} · {} · {}", result.context(), result.head(), result.metric());
}

std::string bounds_of(const ContextResult& result) {
  const auto bound = [](const BoundResult& at) {
    return at.has_value() ? fmt::format("{} ({})", value_text(at.value()), at.method()) : std::string("–");
  };
  return fmt::format("{}: WAP {}, BAP {}{}", table_name(result), bound(result.wap()), bound(result.bap()),
                     result.gap().defined() ? "" : ", gap undefined");
}

// Status of a method and what it closed, or why it did not.
std::string standing_of(const ContextResult& result, const MethodResult& method) {
  std::string text = fmt::format("{}: {}, {}", table_name(result), method.name(), method.status());
  if (method.has_value()) text += ", " + value_text(method.value());
  if (method.role() == "plugin" && method.has_gap_closed()) {
    text += fmt::format(", closes {}", percent_text(method.gap_closed()));
  }
  if (!method.verdict().empty()) text += ", " + method.verdict();
  if (!method.reason().empty()) text += ": " + method.reason();
  return text;
}

// Every row of a query whose columns are joined as `join` says.
template <class Join>
Result<std::vector<std::string>> rows_of(SqliteDatabase& database, const std::string& sql, Join&& join) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  std::vector<std::string> rows;
  int code = SQLITE_OK;
  while ((code = statement->step()) == SQLITE_ROW) rows.push_back(join(*statement));
  if (code != SQLITE_DONE) return tl::unexpected<Error>(database.error(code));
  return rows;
}

}  // namespace

Result<std::vector<Fact>> summary_facts(const fs::path& path, const std::string& target) {
  auto summary = read_summary_json(path);
  if (!summary) return tl::unexpected<Error>(summary.error());
  if (!target.empty()) {
    const std::vector<std::string> targets = targets_of(*summary);
    if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
      return bad_input(fmt::format("the run has nothing of the target '{}'", target), path.string(),
                       "leave --target out, or run it with this --target");
    }
    *summary = part_of_target(*summary, target);
  }
  auto hash = sha256_of_file(path);
  if (!hash) return tl::unexpected<Error>(hash.error());
  std::string confinement = ConfinementLevel_Name(summary->settings().confinement());
  for (char& c : confinement) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::vector<Fact> facts = {
      fact("summary_sha256", std::move(*hash)),
      fact("headroom_version", summary->headroom_version()),
      fact("task", summary->task().name()),
      fact("task_sha256", summary->task().sha256()),
      fact("noise_sha256", summary->task().noise_sha256().empty() ? "none" : summary->task().noise_sha256()),
      list_fact("ceiling", {summary->settings().ceiling().begin(), summary->settings().ceiling().end()}),
      list_fact("nulls", {summary->settings().nulls().begin(), summary->settings().nulls().end()}),
      fact("seed", static_cast<std::int64_t>(summary->settings().seed())),
      fact("confinement", confinement)};
  std::vector<std::string> contexts, metrics, heads, bounds, methods, plugins;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  std::map<std::string, std::string> primary;  // of each target: its first metric
  for (const ContextResult& result : summary->contexts()) {
    add(contexts, result.context());
    add(metrics, result.metric());
    add(heads, result.head());
    if (primary.try_emplace(target_of(result), result.metric()).first->second != result.metric()) continue;
    bounds.push_back(bounds_of(result));
    for (const MethodResult& method : result.methods()) methods.push_back(standing_of(result, method));
  }
  for (const PluginRecord& plugin : summary->plugins()) {
    const std::string& hash_of = plugin.data_sha256().empty() ? plugin.sha256() : plugin.data_sha256();
    plugins.push_back(fmt::format("{}: {}{}", plugin.name(), plugin.file(),
                                  hash_of.empty() ? "" : ", sha256 " + hash_of.substr(0, 8) + "…"));
  }
  facts.push_back(list_fact("contexts", contexts));
  facts.push_back(list_fact("metrics", metrics));
  facts.push_back(list_fact("heads", heads));
  facts.push_back(list_fact("plugins", plugins));
  facts.push_back(list_fact("bounds", bounds));
  facts.push_back(list_fact("methods", methods));
  return facts;
}

Result<std::vector<Fact>> store_facts(const fs::path& path, const std::string& target) {
  auto database = SqliteDatabase::open(path, SqliteAccess::read);
  if (!database) return tl::unexpected<Error>(database.error());
  const auto schema = read_store_schema(*database);
  if (!schema) return tl::unexpected<Error>(schema.error());
  if (schema->version == 0) {
    return bad_input("the database holds no results", path.string(), "give a results.sqlite of a run");
  }
  const auto runs =
      rows_of(*database, "SELECT started, headroom_version, task_name, command_line FROM run ORDER BY id",
              [](const SqliteStatement& row) {
                return fmt::format("{}, version {}, task {}: {}", row.text(0), row.text(1), row.text(2), row.text(3));
              });
  if (!runs) return tl::unexpected<Error>(runs.error());
  // Counted here: sorting in the database could take any amount of disk.
  struct Folds {
    std::int64_t n = 0, n_ok = 0;
  };
  std::map<std::string, std::int64_t> n_of_status;
  std::map<std::pair<std::string, std::string>, Folds> folds_of_method;
  auto rows = database->prepare("SELECT context, method, status FROM evaluation");
  if (!rows) return tl::unexpected<Error>(rows.error());
  int code = SQLITE_OK;
  while ((code = rows->step()) == SQLITE_ROW) {
    const auto [of_row, context] = target_and_context(rows->text(0));
    if (!target.empty() && of_row != target) continue;
    const std::string status = rows->text(2);
    ++n_of_status[status];
    const std::string of_target = of_row == kUnmarkedTarget ? context : context + " · " + of_row;
    Folds& folds = folds_of_method[{of_target, rows->text(1)}];
    ++folds.n;
    if (status == status_name(Status::ok)) ++folds.n_ok;
  }
  if (code != SQLITE_DONE) return tl::unexpected<Error>(database->error(code));
  std::vector<std::string> statuses, methods;
  for (const auto& [status, n] : n_of_status) statuses.push_back(fmt::format("{}: {}", status, n));
  for (const auto& [method, folds] : folds_of_method) {
    methods.push_back(fmt::format("{}: {}, {} of {} folds ok", method.first, method.second, folds.n_ok, folds.n));
  }
  return std::vector<Fact>{fact("n_runs", static_cast<std::int64_t>(runs->size())), list_fact("runs", *runs),
                           list_fact("evaluations", statuses), list_fact("stored_methods", methods)};
}

}  // namespace headroom
