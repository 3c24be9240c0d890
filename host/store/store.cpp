#include "store/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <tuple>

#include "io/sha256.hpp"
#include "store/fusion_text.hpp"
#include "store/sqlite_database.hpp"
#include "store/store_schema.hpp"
#include "store/stored_context.hpp"
#include "summary/summary_json.hpp"

namespace headroom {
namespace {

using Json = nlohmann::json;

std::optional<Status> status_of(const std::string& name) {
  for (const Status status : {Status::not_run, Status::ok, Status::failed, Status::skipped}) {
    if (name == status_name(status)) return status;
  }
  return std::nullopt;
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string inputs_text(const EvaluationInputs& inputs) {
  Json json = Json::array();
  for (const auto& input : inputs) json.push_back({input.name, input.value});
  return text_of(json);
}

// Empty where there is no such text: a store of version 1 kept none.
EvaluationInputs inputs_of(const std::string& text) {
  EvaluationInputs inputs;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return inputs;
  for (const auto& input : json) {
    if (!input.is_array() || input.size() != 2 || !input[0].is_string() || !input[1].is_string()) return {};
    inputs.push_back({input[0].get<std::string>(), input[1].get<std::string>()});
  }
  return inputs;
}

std::string inner_scores_text(const std::vector<GridPointScore>& points) {
  Json json = Json::array();
  for (const auto& point : points) {
    json.push_back({{"params", point.params}, {"scores", point.split_scores}, {"feasible", point.feasible}});
  }
  return text_of(json);
}

std::vector<GridPointScore> inner_scores_of(const std::string& text) {
  std::vector<GridPointScore> points;
  for (const auto& json : Json::parse(text)) {
    points.push_back({json.at("params").get<std::map<std::string, double>>(),
                      json.at("scores").get<std::vector<double>>(), json.at("feasible").get<bool>()});
  }
  return points;
}

// Numbers of one metric, to the bit; null: undefined.
Json numbers_json(const Eigen::Ref<const RowVector>& numbers) {
  Json json = Json::array();
  for (const double number : numbers) json.push_back(std::isfinite(number) ? Json(number) : Json());
  return json;
}

// One list a metric: the value, that of the covered rows, those in every resample.
std::string whole_text(const WholeFoldScores& whole) {
  Json json = Json::array();
  for (Eigen::Index m = 0; m < whole.values.size(); ++m) {
    RowVector numbers(2 + whole.resampled.cols());
    numbers << whole.values[m], whole.covered_values[m], whole.resampled.row(m);
    json.push_back(numbers_json(numbers));
  }
  return text_of(json);
}

// Those of `metrics`, where `stored` lists whose the numbers are. nullopt, or a JSON exception: the text is none of
// ours.
std::optional<WholeFoldScores> whole_of(const std::string& text, const std::string& stored,
                                        const std::vector<std::string>& metrics) {
  const Json json = Json::parse(text);
  const auto names = Json::parse(stored).get<std::vector<std::string>>();
  const std::size_t n_numbers = json.at(0).size();
  if (n_numbers < 2) return std::nullopt;
  const auto n_metrics = static_cast<Eigen::Index>(metrics.size());
  WholeFoldScores whole{Vector(n_metrics), Vector(n_metrics),
                        Matrix(n_metrics, static_cast<Eigen::Index>(n_numbers) - 2)};
  for (Eigen::Index m = 0; m < n_metrics; ++m) {
    const auto found = std::find(names.begin(), names.end(), metrics[static_cast<std::size_t>(m)]);
    const Json& numbers = json.at(static_cast<std::size_t>(found - names.begin()));
    if (numbers.size() != n_numbers) return std::nullopt;
    for (std::size_t i = 0; i < n_numbers; ++i) {
      const double number = numbers[i].is_null() ? std::numeric_limits<double>::quiet_NaN() : numbers[i].get<double>();
      double& to = i == 0   ? whole.values[m]
                   : i == 1 ? whole.covered_values[m]
                            : whole.resampled(m, static_cast<Eigen::Index>(i) - 2);
      to = number;
    }
  }
  return whole;
}

std::string failure_text(const PluginFailure& failure) {
  return text_of(Json{{"plugin", failure.plugin}, {"verdict", failure.verdict}, {"message", failure.message}});
}

// A JSON exception: the text is none of ours.
PluginFailure failure_of(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at("plugin").get<std::string>(), json.at("verdict").get<std::string>(),
          json.at("message").get<std::string>()};
}

}  // namespace

struct Store::State {
  SqliteDatabase database;
  std::vector<std::string> metrics;
  StoreSchema schema;
  std::int64_t run = 0;  // 0: before begin_run
  std::mutex mutex;

  // Prepared once; reset after every use. The latter four where the store was opened to be written.
  std::optional<SqliteStatement> find_evaluation, find_scores, count_scores;
  std::optional<SqliteStatement> remove_scores, remove_evaluation, add_evaluation, add_score;

  State(SqliteDatabase d, std::vector<std::string> m) : database(std::move(d)), metrics(std::move(m)) {}

  // SQLite does not wait for its turn when two processes turn a new file to WAL at once: one is told BUSY and must ask
  // again.
  template <class Try>
  Result<void> try_while_busy(Try&& attempt) {
    constexpr auto pause = std::chrono::milliseconds(5);
    constexpr int most_tries = 2000;
    Result<void> done;
    for (int i = 0; i < most_tries; ++i) {
      done = attempt();
      if (done || !database.is_busy()) return done;
      std::this_thread::sleep_for(pause);
    }
    return done;
  }

  Result<void> read_schema() {
    auto read = read_store_schema(database);
    if (!read) return tl::unexpected(read.error());
    schema = std::move(*read);
    return {};
  }

  // Makes the tables in a new file; refuses files that are something else before anything in them is changed.
  Result<void> set_up() {
    return try_while_busy([&] { return read_schema(); })
        .and_then([&] {
          return try_while_busy(
              [&] { return database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"); });
        })
        .and_then([&]() -> Result<void> {
          SqliteTransaction transaction(database);  // two processes may open a new store at once
          if (auto begun = transaction.begin(); !begun) return begun;
          if (auto read = read_schema(); !read) return read;
          const std::string sql = schema.version == 0 ? new_store_sql() : upgrade_store_sql(schema.version);
          if (auto made = database.execute(sql); !made) return made;
          if (auto read = read_schema(); !read) return read;
          if (auto added = add_metric_columns(); !added) return added;
          return transaction.commit();
        });
  }

  Result<void> add_metric_columns() {
    for (const auto& metric : metrics) {
      if (schema.has("score", metric)) continue;
      auto added = database.execute("ALTER TABLE score ADD COLUMN " + quoted_identifier(metric) + " REAL");
      if (!added) return added;
      schema.columns["score"].insert(metric);
    }
    return {};
  }

  // A column, or NULL in its place where a store of an earlier version is read, or one without a metric.
  std::string column(const std::string& table, const std::string& name) const {
    return schema.has(table, name) ? quoted_identifier(name) : "NULL";
  }

  Result<void> prepare(std::optional<SqliteStatement>& statement, const std::string& sql) {
    auto prepared = database.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    statement.emplace(std::move(*prepared));
    return {};
  }

  Result<void> prepare_reading() {
    std::string columns;
    for (const auto& metric : metrics) columns += ", " + column("score", metric);
    return prepare(find_evaluation,
                   "SELECT id, fingerprint, status, reason, metrics, best_params, inner_scores, effective_dim, wall_s, "
                   "cpu_s, peak_memory_bytes, n_test, " +
                       column("evaluation", "inputs") + ", run, " + column("evaluation", "whole") + ", " +
                       column("evaluation", "fusion") + ", " + column("evaluation", "failure") +
                       " FROM evaluation WHERE context = ? AND fold = ? AND method = ?")
        .and_then([&] {
          return prepare(find_scores, "SELECT covered" + columns + " FROM score WHERE evaluation = ? ORDER BY row");
        })
        .and_then([&] { return prepare(count_scores, "SELECT count(*) FROM score WHERE evaluation = ?"); });
  }

  Result<void> prepare_writing() {
    std::string columns, values;
    for (const auto& metric : metrics) {
      columns += ", " + quoted_identifier(metric);
      values += ", ?";
    }
    return prepare(remove_scores,
                   "DELETE FROM score WHERE evaluation IN "
                   "(SELECT id FROM evaluation WHERE context = ? AND fold = ? AND method = ?)")
        .and_then([&] {
          return prepare(remove_evaluation, "DELETE FROM evaluation WHERE context = ? AND fold = ? AND method = ?");
        })
        .and_then([&] {
          return prepare(
              add_evaluation,
              "INSERT INTO evaluation (run, context, fold, method, fingerprint, status, reason, metrics, n_test, "
              "n_covered, best_params, inner_scores, effective_dim, wall_s, cpu_s, peak_memory_bytes, inputs, whole, "
              "fusion, failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        })
        .and_then([&] {
          return prepare(add_score, "INSERT INTO score (evaluation, row, pert_id, covered" + columns +
                                        ") VALUES (?, ?, ?, ?" + values + ")");
        });
  }

  Error damaged() const { return database.error(SQLITE_CORRUPT); }

  // How many scores an evaluation has; an error where it says another number itself.
  Result<std::int64_t> count(std::int64_t id, std::int64_t n_test) {
    count_scores->bind(1, id);
    const int code = count_scores->step();
    const std::int64_t n = code == SQLITE_ROW ? count_scores->integer(0) : 0;
    count_scores->reset();
    if (code != SQLITE_ROW) return tl::unexpected(database.error(code));
    if (n != n_test) return tl::unexpected(damaged());
    return n;
  }

  // Steps a statement that returns no rows, then makes it ready for its next use.
  Result<void> run_once(SqliteStatement& statement) {
    const int code = statement.step();
    statement.reset();
    if (code != SQLITE_DONE) return tl::unexpected(database.error(code));
    return {};
  }

  static void bind_key(SqliteStatement& statement, const EvaluationKey& key) {
    statement.bind(1, stored_context(key.target, key.context));
    statement.bind(2, key.split);
    statement.bind(3, key.method);
  }

  // Whether a stored list of metrics holds all of this run's.
  bool has_all_metrics(const std::string& stored) const {
    const Json list = Json::parse(stored, nullptr, false);
    if (!list.is_array()) return false;
    return std::all_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
      return std::find(list.begin(), list.end(), metric) != list.end();
    });
  }

  Result<void> read_scores(std::int64_t id, std::int64_t n_claimed, FoldEvaluation& evaluation) {
    const auto counted = count(id, n_claimed);  // before memory is taken for them
    if (!counted) return tl::unexpected(counted.error());
    const std::int64_t n_test = *counted;
    evaluation.metric_values.assign(metrics.size(), Vector(n_test));
    evaluation.covered.reserve(static_cast<std::size_t>(n_test));
    find_scores->bind(1, id);
    Eigen::Index row = 0;
    int code = SQLITE_ROW;
    for (; (code = find_scores->step()) == SQLITE_ROW && row < n_test; ++row) {
      evaluation.covered.push_back(static_cast<std::uint8_t>(find_scores->integer(0)));
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        evaluation.metric_values[m][row] = find_scores->number(static_cast<int>(m) + 1);
      }
    }
    find_scores->reset();
    if (code != SQLITE_DONE || row != n_test)
      return tl::unexpected(database.error(code == SQLITE_DONE ? SQLITE_CORRUPT : code));
    return {};
  }
};

namespace {

std::string files_text(const std::vector<WrittenFile>& files) {
  Json json = Json::array();
  for (const auto& file : files) json.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  return text_of(json);
}

std::vector<WrittenFile> files_of(const std::string& text) {
  std::vector<WrittenFile> files;
  for (const auto& json : Json::parse(text)) {
    files.push_back({json.at("name").get<std::string>(), json.at("bytes").get<std::uint64_t>(),
                     json.at("sha256").get<std::string>()});
  }
  return files;
}

std::string submissions_text(const std::vector<SubmissionOutcome>& submissions) {
  Json json = Json::array();
  for (const auto& one : submissions) {
    json.push_back({{"name", one.name},
                    {"kind", one.kind},
                    {"verdict", one.verdict},
                    {"reason", one.reason},
                    {"confinement", one.confinement}});
  }
  return text_of(json);
}

std::vector<SubmissionOutcome> submissions_of(const std::string& text) {
  std::vector<SubmissionOutcome> submissions;
  for (const auto& json : Json::parse(text)) {
    submissions.push_back({json.at("name").get<std::string>(), json.at("kind").get<std::string>(),
                           json.at("verdict").get<std::string>(), json.at("reason").get<std::string>(),
                           json.at("confinement").get<std::string>()});
  }
  return submissions;
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::filesystem::path& out_dir, std::vector<std::string> metrics) {
  const std::filesystem::path path = out_dir / "results.sqlite";
  auto database = SqliteDatabase::open(path, SqliteAccess::write);
  if (!database) return tl::unexpected(database.error());
  auto state = std::make_unique<State>(std::move(*database), std::move(metrics));
  const auto ready = state->set_up().and_then([&] { return state->prepare_reading(); }).and_then([&] {
    return state->prepare_writing();
  });
  if (!ready) return tl::unexpected(ready.error());
  return Store(std::move(state));
}

Result<Store> Store::open_to_read(const std::filesystem::path& out_dir, std::vector<std::string> metrics) {
  auto database = SqliteDatabase::open(out_dir / "results.sqlite", SqliteAccess::read);
  if (!database) return tl::unexpected(database.error());
  auto state = std::make_unique<State>(std::move(*database), std::move(metrics));
  if (auto read = state->read_schema(); !read) return tl::unexpected(read.error());
  if (state->schema.version == 0) {
    return bad_input("the store is empty", state->database.path(), "run headroom run first");
  }
  if (auto ready = state->prepare_reading(); !ready) return tl::unexpected(ready.error());
  return Store(std::move(state));
}

Result<void> Store::begin_run(const RunRecord& run, const std::vector<PluginOfRun>& plugins) {
  std::lock_guard lock(state_->mutex);
  SqliteTransaction transaction(state_->database);
  if (auto begun = transaction.begin(); !begun) return begun;
  auto add_run = state_->database.prepare(
      "INSERT INTO run (started, headroom_version, build, command_line, task_name, task_sha256, noise_sha256, "
      "settings, host_cpu, host_kernel, libraries, folder, task_path, noise_path, settings_requested, n_threads) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!add_run) return tl::unexpected(add_run.error());
  int index = 0;
  for (const std::string* text :
       {&run.started, &run.headroom_version, &run.build, &run.command_line, &run.task_name, &run.task_sha256,
        &run.noise_sha256, &run.settings_json, &run.host_cpu, &run.host_kernel, &run.libraries, &run.folder,
        &run.task_path, &run.noise_path, &run.settings_requested}) {
    add_run->bind(++index, *text);
  }
  add_run->bind(++index, static_cast<std::int64_t>(run.n_threads));
  if (auto added = state_->run_once(*add_run); !added) return added;
  const std::int64_t id = state_->database.last_row_id();
  auto add_plugin = state_->database.prepare(
      "INSERT OR REPLACE INTO plugin (run, name, file, sha256, data_sha256, shipped, kind, version, licence, "
      "training_datasets, path, data_folder_sha256, limits, confinement) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!add_plugin) return tl::unexpected(add_plugin.error());
  for (const auto& of_run : plugins) {
    const PluginRecord& plugin = of_run.record;
    add_plugin->bind(1, id);
    add_plugin->bind(2, plugin.name());
    add_plugin->bind(3, plugin.file());
    add_plugin->bind(4, plugin.sha256());
    add_plugin->bind(5, plugin.data_sha256());
    add_plugin->bind(6, static_cast<std::int64_t>(plugin.shipped()));
    add_plugin->bind(7, PluginKind_Name(plugin.description().kind()));
    add_plugin->bind(8, plugin.description().version());
    add_plugin->bind(9, plugin.description().licence());
    const auto& datasets = plugin.description().training_datasets();
    add_plugin->bind(10, text_of(Json(std::vector<std::string>(datasets.begin(), datasets.end()))));
    add_plugin->bind(11, of_run.path);
    add_plugin->bind(12, of_run.data_folder_sha256);
    add_plugin->bind(13, message_json_line(of_run.limits));
    add_plugin->bind(14, of_run.confinement ? message_json_line(*of_run.confinement) : "");
    if (auto added = state_->run_once(*add_plugin); !added) return added;
  }
  if (auto committed = transaction.commit(); !committed) return committed;
  state_->run = id;
  return {};
}

const std::vector<std::string>& Store::metrics() const { return state_->metrics; }

Result<std::vector<KeptRun>> Store::kept_runs() {
  std::lock_guard lock(state_->mutex);
  // Each table is read once from end to end: what a query may return is bounded by the size of the file.
  std::string columns;
  for (const char* name : {"started", "headroom_version", "build", "command_line", "task_name", "task_sha256",
                           "noise_sha256", "settings", "host_cpu", "host_kernel", "libraries", "folder", "task_path",
                           "noise_path", "settings_requested", "n_threads"}) {
    columns += ", " + state_->column("run", name);
  }
  auto run = state_->database.prepare("SELECT id" + columns + " FROM run ORDER BY id");
  if (!run) return tl::unexpected(run.error());
  std::vector<KeptRun> runs;
  std::map<std::int64_t, std::size_t> place;
  int code = SQLITE_ROW;
  while ((code = run->step()) == SQLITE_ROW) {
    int column = 0;
    place[run->integer(column++)] = runs.size();
    RunRecord& record = runs.emplace_back().record;
    for (std::string* text :
         {&record.started, &record.headroom_version, &record.build, &record.command_line, &record.task_name,
          &record.task_sha256, &record.noise_sha256, &record.settings_json, &record.host_cpu, &record.host_kernel,
          &record.libraries, &record.folder, &record.task_path, &record.noise_path, &record.settings_requested}) {
      *text = run->text(column++);
    }
    record.n_threads = static_cast<int>(run->integer(column));
  }
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));

  auto made = state_->database.prepare("SELECT run, context, fold, method, fingerprint, status FROM evaluation");
  if (!made) return tl::unexpected(made.error());
  while ((code = made->step()) == SQLITE_ROW) {
    const auto of_run = place.find(made->integer(0));
    if (of_run == place.end() || made->text(5) != status_name(Status::ok)) continue;
    auto [target, context] = target_and_context(made->text(1));
    runs[of_run->second].evaluations.push_back(
        {std::move(context), made->text(2), made->text(3), made->text(4), {}, std::move(target)});
  }
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  for (KeptRun& kept : runs) {
    std::sort(kept.evaluations.begin(), kept.evaluations.end(), [](const EvaluationKey& a, const EvaluationKey& b) {
      return std::tie(a.context, a.method, a.split) < std::tie(b.context, b.method, b.split);
    });
  }
  return runs;
}

Result<std::optional<StoredOrigin>> Store::origin_of(const EvaluationKey& key) {
  std::lock_guard lock(state_->mutex);
  auto& found = *state_->find_evaluation;
  State::bind_key(found, key);
  const int code = found.step();
  std::optional<StoredOrigin> origin;
  if (code == SQLITE_ROW) {
    origin.emplace();
    origin->fingerprint = found.text(1);
    origin->status = status_of(found.text(2)).value_or(Status::not_run);
    origin->reason = found.text(3);
    origin->has_all_metrics = state_->has_all_metrics(found.text(4));
    origin->inputs = inputs_of(found.text(12));
  }
  found.reset();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  return origin;
}

Result<StoredState> Store::state_of(const EvaluationKey& key) {
  std::lock_guard lock(state_->mutex);
  auto& found = *state_->find_evaluation;
  State::bind_key(found, key);
  const int code = found.step();
  StoredState state = StoredState::absent;
  if (code == SQLITE_ROW) {
    state = found.text(1) == key.fingerprint && state_->has_all_metrics(found.text(4)) ? StoredState::valid
                                                                                       : StoredState::stale;
  }
  found.reset();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  return state;
}

Result<std::optional<FoldEvaluation>> Store::find(const EvaluationKey& key) {
  std::lock_guard lock(state_->mutex);
  // Both reads see one state of the database, whatever another process writes in between.
  if (auto begun = state_->database.execute("BEGIN"); !begun) return tl::unexpected(begun.error());
  auto& found = *state_->find_evaluation;
  State::bind_key(found, key);
  const int code = found.step();
  std::optional<FoldEvaluation> evaluation;
  Result<void> read;
  if (code == SQLITE_ROW && found.text(1) == key.fingerprint && state_->has_all_metrics(found.text(4))) {
    try {
      evaluation.emplace();
      const auto status = status_of(found.text(2));
      if (!status) read = tl::unexpected(state_->damaged());
      evaluation->status = status.value_or(Status::not_run);
      evaluation->reason = found.text(3);
      evaluation->best_params = Json::parse(found.text(5)).get<std::map<std::string, double>>();
      evaluation->inner_scores = inner_scores_of(found.text(6));
      if (!found.is_null(7)) evaluation->effective_dim = static_cast<int>(found.integer(7));
      evaluation->wall_s = found.number(8);
      evaluation->cpu_s = found.number(9);
      evaluation->peak_memory_bytes = found.number(10);
      if (evaluation->status == Status::ok)
        read = state_->read_scores(found.integer(0), found.integer(11), *evaluation);
      if (!found.is_null(14)) {
        auto whole = whole_of(found.text(14), found.text(4), state_->metrics);
        if (!whole && read) read = tl::unexpected(state_->damaged());
        evaluation->whole = std::move(whole).value_or(WholeFoldScores{});
      }
      if (!found.is_null(15)) evaluation->fusion = fusion_of(found.text(15));
      if (!found.is_null(16)) evaluation->failure = failure_of(found.text(16));
    } catch (const Json::exception&) {
      read = tl::unexpected(state_->database.error(SQLITE_CORRUPT));
    }
  }
  found.reset();
  (void)state_->database.execute("COMMIT");  // nothing was written
  if (code != SQLITE_ROW && code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  if (!read) return tl::unexpected(read.error());
  return evaluation;
}

Result<std::optional<std::string>> Store::provenance_of(const std::vector<EvaluationKey>& keys) {
  std::lock_guard lock(state_->mutex);
  if (auto begun = state_->database.execute("BEGIN"); !begun) return tl::unexpected(begun.error());
  auto& found = *state_->find_evaluation;
  auto& count = *state_->count_scores;
  Sha256 runs;
  int code = SQLITE_ROW;
  bool has_all = true;
  for (std::size_t i = 0; i < keys.size() && has_all; ++i) {
    State::bind_key(found, keys[i]);
    code = found.step();
    const auto status = code == SQLITE_ROW ? status_of(found.text(2)) : std::nullopt;
    has_all = status && *status != Status::failed && found.text(1) == keys[i].fingerprint &&
              state_->has_all_metrics(found.text(4));
    if (has_all && *status == Status::ok) {
      count.bind(1, found.integer(0));
      const int counted = count.step();
      has_all = counted == SQLITE_ROW && count.integer(0) == found.integer(11);
      if (counted != SQLITE_ROW) code = counted;
      count.reset();
    }
    if (has_all) runs.add(fmt::format("{} {}\n", keys[i].fingerprint, found.integer(13)));
    found.reset();
  }
  (void)state_->database.execute("COMMIT");  // nothing was written
  if (code != SQLITE_ROW && code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  if (!has_all) return std::nullopt;
  auto sha256 = runs.finish();
  if (!sha256) return tl::unexpected(sha256.error());
  return std::move(*sha256);
}

Result<std::optional<KeptOutputs>> Store::outputs() {
  std::lock_guard lock(state_->mutex);
  if (!state_->schema.columns.contains("output")) return std::nullopt;
  auto row = state_->database.prepare("SELECT stamp, files, submissions FROM output");
  if (!row) return tl::unexpected(row.error());
  const int code = row->step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return tl::unexpected(state_->database.error(code));
  try {
    return KeptOutputs{row->text(0), files_of(row->text(1)), submissions_of(row->text(2))};
  } catch (const Json::exception&) {
    return std::nullopt;  // nobody's words that we know: the files are made again
  }
}

Result<void> Store::put_outputs(const KeptOutputs& outputs) {
  std::lock_guard lock(state_->mutex);
  auto put = state_->database.prepare("INSERT OR REPLACE INTO output VALUES (1, ?, ?, ?)");
  if (!put) return tl::unexpected(put.error());
  put->bind(1, outputs.stamp);
  put->bind(2, files_text(outputs.files));
  put->bind(3, submissions_text(outputs.submissions));
  return state_->run_once(*put);
}

Result<void> Store::put_logs(const std::vector<PluginWords>& logs) {
  std::lock_guard lock(state_->mutex);
  auto put = state_->database.prepare("UPDATE plugin SET log = ? WHERE run = ? AND name = ?");
  if (!put) return tl::unexpected(put.error());
  for (const PluginWords& words : logs) {
    put->bind(1, words.text);
    put->bind(2, state_->run);
    put->bind(3, words.plugin);
    if (auto done = state_->run_once(*put); !done) return done;
  }
  return {};
}

Result<std::vector<PluginWords>> Store::earlier_logs() {
  std::lock_guard lock(state_->mutex);
  auto rows = state_->database.prepare(
      "SELECT old.name, old.log FROM plugin AS old JOIN plugin AS now ON now.name = old.name AND now.file = old.file "
      "AND now.sha256 IS old.sha256 AND now.data_folder_sha256 IS old.data_folder_sha256 AND now.run = ?1 "
      "WHERE old.run = (SELECT max(run) FROM plugin AS last WHERE last.name = old.name AND last.log IS NOT NULL "
      "AND last.run < ?1) ORDER BY old.name");
  if (!rows) return tl::unexpected(rows.error());
  rows->bind(1, state_->run);
  std::vector<PluginWords> logs;
  int code = SQLITE_ROW;
  while ((code = rows->step()) == SQLITE_ROW) logs.push_back({rows->text(0), rows->text(1)});
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  return logs;
}

Result<std::vector<PluginWords>> Store::logs() {
  std::lock_guard lock(state_->mutex);
  std::vector<PluginWords> logs;
  if (!state_->schema.columns.contains("plugin") || !state_->schema.columns.at("plugin").contains("log")) return logs;
  auto rows = state_->database.prepare(
      "SELECT name, log FROM plugin WHERE run = (SELECT max(id) FROM run) AND log IS NOT NULL ORDER BY name");
  if (!rows) return tl::unexpected(rows.error());
  int code = SQLITE_ROW;
  while ((code = rows->step()) == SQLITE_ROW) logs.push_back({rows->text(0), rows->text(1)});
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  return logs;
}

Result<void> Store::forget_outputs() {
  std::lock_guard lock(state_->mutex);
  return state_->database.execute("DELETE FROM output");
}

Result<void> Store::put(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                        const FoldEvaluation& evaluation) {
  const bool has_scores = evaluation.status == Status::ok;
  const std::size_t n_test = has_scores ? pert_ids.size() : 0;
  if (has_scores) {
    const bool fits = evaluation.metric_values.size() == state_->metrics.size() &&
                      evaluation.covered.size() == n_test &&
                      std::all_of(evaluation.metric_values.begin(), evaluation.metric_values.end(),
                                  [&](const Vector& v) { return static_cast<std::size_t>(v.size()) == n_test; });
    if (!fits)
      return harness_fault("an evaluation does not fit its test rows",
                           key.context + " " + key.split + " " + key.method);
  }
  std::lock_guard lock(state_->mutex);
  if (!state_->add_evaluation) return harness_fault("the store was opened to be read", state_->database.path());
  SqliteTransaction transaction(state_->database);
  if (auto begun = transaction.begin(); !begun) return begun;
  for (SqliteStatement* removal : {&*state_->remove_scores, &*state_->remove_evaluation}) {
    State::bind_key(*removal, key);
    if (auto removed = state_->run_once(*removal); !removed) return removed;
  }
  auto& add = *state_->add_evaluation;
  if (state_->run != 0) add.bind(1, state_->run);
  add.bind(2, stored_context(key.target, key.context));
  add.bind(3, key.split);
  add.bind(4, key.method);
  add.bind(5, key.fingerprint);
  add.bind(6, status_name(evaluation.status));
  add.bind(7, evaluation.reason);
  add.bind(8, text_of(Json(state_->metrics)));
  add.bind(9, static_cast<std::int64_t>(n_test));
  add.bind(10, static_cast<std::int64_t>(std::count(evaluation.covered.begin(), evaluation.covered.end(), 1)));
  add.bind(11, text_of(Json(evaluation.best_params)));
  add.bind(12, inner_scores_text(evaluation.inner_scores));
  if (evaluation.effective_dim) add.bind(13, static_cast<std::int64_t>(*evaluation.effective_dim));
  add.bind(14, evaluation.wall_s);
  add.bind(15, evaluation.cpu_s);
  add.bind(16, evaluation.peak_memory_bytes);
  add.bind(17, inputs_text(key.inputs));
  if (!evaluation.whole.empty()) add.bind(18, whole_text(evaluation.whole));
  if (!evaluation.fusion.blocks.empty()) add.bind(19, fusion_text(evaluation.fusion));
  if (evaluation.failure) add.bind(20, failure_text(*evaluation.failure));
  if (auto added = state_->run_once(add); !added) return added;
  const std::int64_t id = state_->database.last_row_id();
  for (std::size_t row = 0; row < n_test; ++row) {
    auto& score = *state_->add_score;
    score.bind(1, id);
    score.bind(2, static_cast<std::int64_t>(row));
    score.bind(3, pert_ids[row]);
    score.bind(4, static_cast<std::int64_t>(evaluation.covered[row]));
    for (std::size_t m = 0; m < state_->metrics.size(); ++m) {
      score.bind(static_cast<int>(m) + 5, evaluation.metric_values[m][static_cast<Eigen::Index>(row)]);
    }
    if (auto added = state_->run_once(score); !added) return added;
  }
  return transaction.commit();
}

Result<std::optional<LeadingComponents>> Store::find_components(const EmbeddingKey& key) {
  std::lock_guard lock(state_->mutex);
  if (!state_->schema.columns.contains("compared")) return std::nullopt;
  auto found = state_->database.prepare(
      "SELECT n_components, present, scores FROM compared WHERE context = ? AND embedding = ? AND fingerprint = ?");
  if (!found) return tl::unexpected(found.error());
  found->bind(1, stored_context(key.target, key.context));
  found->bind(2, key.embedding);
  found->bind(3, key.fingerprint);
  const int code = found->step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return tl::unexpected(state_->database.error(code));
  const std::int64_t n_components = found->integer(0);
  const std::string present = found->text(1), scores = found->text(2);
  const bool fits = n_components >= 1 && n_components <= kComparedComponents &&
                    scores.size() == present.size() * static_cast<std::size_t>(n_components) * sizeof(double);
  if (!fits) return tl::unexpected(state_->damaged());
  LeadingComponents components{Matrix(static_cast<Eigen::Index>(present.size()), n_components),
                               {present.begin(), present.end()}};
  std::memcpy(components.scores.data(), scores.data(), scores.size());
  if (!components.scores.allFinite()) return tl::unexpected(state_->damaged());
  return components;
}

Result<void> Store::put_components(const EmbeddingKey& key, const LeadingComponents& components) {
  std::lock_guard lock(state_->mutex);
  auto put = state_->database.prepare("INSERT OR REPLACE INTO compared VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return tl::unexpected(put.error());
  put->bind(1, stored_context(key.target, key.context));
  put->bind(2, key.embedding);
  put->bind(3, key.fingerprint);
  put->bind(4, static_cast<std::int64_t>(components.scores.cols()));
  put->bind_bytes(5, {reinterpret_cast<const char*>(components.present.data()), components.present.size()});
  put->bind_bytes(6, {reinterpret_cast<const char*>(components.scores.data()),
                      static_cast<std::size_t>(components.scores.size()) * sizeof(double)});
  return state_->run_once(*put);
}

Result<void> Store::put_facts(const std::vector<PerturbationFacts>& facts, const std::string& target) {
  std::lock_guard lock(state_->mutex);
  SqliteTransaction transaction(state_->database);
  if (auto begun = transaction.begin(); !begun) return begun;
  auto remove = state_->database.prepare("DELETE FROM perturbation WHERE context = ?");
  auto add = state_->database.prepare("INSERT INTO perturbation VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!remove || !add) return tl::unexpected(remove ? add.error() : remove.error());
  for (const auto& context : facts) {
    const std::string stored = stored_context(target, context.context);
    remove->bind(1, stored);
    if (auto removed = state_->run_once(*remove); !removed) return removed;
    for (std::size_t i = 0; i < context.pert_ids.size(); ++i) {
      add->bind(1, stored);
      add->bind(2, static_cast<std::int64_t>(i));
      add->bind(3, context.pert_ids[i]);
      add->bind(4, context.folds[i]);
      add->bind(5, context.effect_sizes[i]);
      add->bind(6, context.n_cells[i]);
      add->bind(7, context.noise[i]);
      if (auto added = state_->run_once(*add); !added) return added;
    }
  }
  return transaction.commit();
}

Result<std::vector<PerturbationFacts>> Store::facts(const std::string& target) {
  std::lock_guard lock(state_->mutex);
  auto rows = state_->database.prepare(
      "SELECT context, pert_id, fold, effect_size, n_cells, noise FROM perturbation ORDER BY context, row");
  if (!rows) return tl::unexpected(rows.error());
  std::vector<PerturbationFacts> facts;
  int code = SQLITE_ROW;
  while ((code = rows->step()) == SQLITE_ROW) {
    const auto [of_target, context] = target_and_context(rows->text(0));
    if (of_target != target) continue;
    if (facts.empty() || facts.back().context != context) facts.emplace_back().context = context;
    PerturbationFacts& last = facts.back();
    last.pert_ids.push_back(rows->text(1));
    last.folds.push_back(rows->text(2));
    last.effect_sizes.push_back(rows->number(3));
    last.n_cells.push_back(rows->number(4));
    last.noise.push_back(rows->number(5));
  }
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  return facts;
}

Result<std::vector<StoredEvaluation>> Store::evaluations(const std::string& metric, const std::string& target) {
  std::lock_guard lock(state_->mutex);
  if (!state_->schema.has("score", metric)) {
    return bad_input("the store has no metric '" + metric + "'", state_->database.path(), "give the folder of a run");
  }
  // Each table is read once from end to end: what a query may return is bounded by the size of the file.
  auto made = state_->database.prepare("SELECT id, context, fold, method, fingerprint, status, reason FROM evaluation");
  if (!made) return tl::unexpected(made.error());
  std::vector<StoredEvaluation> all;
  std::map<std::int64_t, std::size_t> place;
  int code = SQLITE_ROW;
  while ((code = made->step()) == SQLITE_ROW) {
    auto [of_target, context] = target_and_context(made->text(1));
    if (of_target != target) continue;
    if (!place.emplace(made->integer(0), all.size()).second) return tl::unexpected(state_->damaged());
    StoredEvaluation& next = all.emplace_back();
    next.key = {std::move(context), made->text(2), made->text(3), made->text(4), {}, std::move(of_target)};
    next.metrics = {metric};
    next.evaluation.status = status_of(made->text(5)).value_or(Status::not_run);
    next.evaluation.reason = made->text(6);
  }
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));

  auto scores = state_->database.prepare("SELECT evaluation, pert_id, covered, " + quoted_identifier(metric) +
                                         " FROM score ORDER BY evaluation, row");
  if (!scores) return tl::unexpected(scores.error());
  std::vector<std::vector<double>> values(all.size());
  while ((code = scores->step()) == SQLITE_ROW) {
    const auto of_evaluation = place.find(scores->integer(0));
    if (of_evaluation == place.end()) continue;
    StoredEvaluation& evaluation = all[of_evaluation->second];
    evaluation.pert_ids.push_back(scores->text(1));
    evaluation.evaluation.covered.push_back(static_cast<std::uint8_t>(scores->integer(2)));
    values[of_evaluation->second].push_back(scores->number(3));
  }
  if (code != SQLITE_DONE) return tl::unexpected(state_->database.error(code));
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].evaluation.metric_values = {
        Eigen::Map<const Vector>(values[i].data(), static_cast<Eigen::Index>(values[i].size()))};
  }
  std::sort(all.begin(), all.end(), [](const StoredEvaluation& a, const StoredEvaluation& b) {
    return std::tie(a.key.context, a.key.method, a.key.split) < std::tie(b.key.context, b.key.method, b.key.split);
  });
  return all;
}

}  // namespace headroom
