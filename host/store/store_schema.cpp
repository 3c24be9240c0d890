#include "store/store_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace headroom {
namespace {

constexpr std::int64_t schema_version = 7;
constexpr std::int64_t application_id = 0x4844524D;  // "HDRM"

constexpr const char* schema = R"(
CREATE TABLE run (
  id INTEGER PRIMARY KEY, started TEXT, headroom_version TEXT, build TEXT, command_line TEXT,
  task_name TEXT, task_sha256 TEXT, noise_sha256 TEXT, settings TEXT, host_cpu TEXT, host_kernel TEXT, libraries TEXT,
  folder TEXT, task_path TEXT, noise_path TEXT, settings_requested TEXT, n_threads INTEGER);
CREATE TABLE plugin (
  run INTEGER REFERENCES run, name TEXT, file TEXT, sha256 TEXT, data_sha256 TEXT, shipped INTEGER, kind TEXT,
  version TEXT, licence TEXT, training_datasets TEXT, path TEXT, data_folder_sha256 TEXT, limits TEXT,
  confinement TEXT, log TEXT, PRIMARY KEY (run, name, file)) WITHOUT ROWID;
CREATE TABLE perturbation (
  context TEXT, row INTEGER, pert_id TEXT, fold TEXT, effect_size REAL, n_cells REAL, noise REAL,
  PRIMARY KEY (context, row)) WITHOUT ROWID;
CREATE TABLE evaluation (
  id INTEGER PRIMARY KEY, run INTEGER REFERENCES run, context TEXT NOT NULL, fold TEXT NOT NULL, method TEXT NOT NULL,
  fingerprint TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, metrics TEXT, n_test INTEGER, n_covered INTEGER,
  best_params TEXT, inner_scores TEXT, effective_dim INTEGER, wall_s REAL, cpu_s REAL, peak_memory_bytes REAL,
  inputs TEXT, whole TEXT, fusion TEXT, failure TEXT, UNIQUE (context, fold, method));
CREATE TABLE score (
  evaluation INTEGER REFERENCES evaluation, row INTEGER, pert_id TEXT, covered INTEGER,
  PRIMARY KEY (evaluation, row)) WITHOUT ROWID;
CREATE TABLE output (id INTEGER PRIMARY KEY CHECK (id = 1), stamp TEXT, files TEXT, submissions TEXT);
CREATE TABLE compared (
  context TEXT NOT NULL, embedding TEXT NOT NULL, fingerprint TEXT NOT NULL, n_components INTEGER, present BLOB,
  scores BLOB, UNIQUE (context, embedding));
)";

// From version 1 to 2: what a number was made from.
constexpr const char* from_version_1 = R"(
ALTER TABLE run ADD COLUMN folder TEXT;
ALTER TABLE run ADD COLUMN task_path TEXT;
ALTER TABLE run ADD COLUMN noise_path TEXT;
ALTER TABLE run ADD COLUMN settings_requested TEXT;
ALTER TABLE run ADD COLUMN n_threads INTEGER;
ALTER TABLE plugin ADD COLUMN path TEXT;
ALTER TABLE plugin ADD COLUMN data_folder_sha256 TEXT;
ALTER TABLE plugin ADD COLUMN limits TEXT;
ALTER TABLE plugin ADD COLUMN confinement TEXT;
ALTER TABLE evaluation ADD COLUMN inputs TEXT;
)";

// From version 2 to 3: which files were written.
constexpr const char* from_version_2 = R"(
CREATE TABLE output (id INTEGER PRIMARY KEY CHECK (id = 1), stamp TEXT, files TEXT, submissions TEXT);
)";

// From version 3 to 4: values of folds that are no means.
constexpr const char* from_version_3 = R"(
ALTER TABLE evaluation ADD COLUMN whole TEXT;
)";

// From version 4 to 5: blocks of fusions.
constexpr const char* from_version_4 = R"(
ALTER TABLE evaluation ADD COLUMN fusion TEXT;
)";

// From version 5 to 6: whose fault a failure is, and what plugins said.
constexpr const char* from_version_5 = R"(
ALTER TABLE evaluation ADD COLUMN failure TEXT;
ALTER TABLE plugin ADD COLUMN log TEXT;
)";

// From version 6 to 7: what embeddings are compared by.
constexpr const char* from_version_6 = R"(
CREATE TABLE compared (
  context TEXT NOT NULL, embedding TEXT NOT NULL, fingerprint TEXT NOT NULL, n_components INTEGER, present BLOB,
  scores BLOB, UNIQUE (context, embedding));
)";

constexpr const char* kScoreTable = "score";
constexpr std::size_t kMostMetrics = 200;  // the protocol has a tenth of that

// A table as its CREATE statement has it: columns and constraints as they are written, blanks joined.
struct TableText {
  std::string name;
  std::vector<std::string> parts;
  std::string behind;  // " WITHOUT ROWID"
};

std::string with_single_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!is_blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

// nullopt: no CREATE TABLE that we would write.
std::optional<TableText> parse_table(std::string_view sql) {
  constexpr std::string_view kCreate = "CREATE TABLE ";
  const std::string text = with_single_blanks(sql);
  const std::size_t open = text.find('(');
  if (!text.starts_with(kCreate) || open == std::string::npos) return std::nullopt;
  TableText table;
  table.name = with_single_blanks(std::string_view(text).substr(kCreate.size(), open - kCreate.size()));
  int depth = 1;
  bool is_quoted = false;
  std::size_t begin = open + 1, at = begin;
  for (; at < text.size() && depth > 0; ++at) {
    const char c = text[at];
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (depth == 0 || (depth == 1 && c == ',')) {
      table.parts.push_back(with_single_blanks(std::string_view(text).substr(begin, at - begin)));
      begin = at + 1;
    }
  }
  if (depth > 0 || is_quoted) return std::nullopt;
  table.behind = text.substr(at);
  return table;
}

// The name in `"NAME" REAL`, as add_metric_columns() of a store writes it; nullopt: it is none.
std::optional<std::string> metric_of(const std::string& part) {
  constexpr std::string_view kType = "\" REAL";
  if (part.size() <= kType.size() + 1 || !part.starts_with('"') || !part.ends_with(kType)) return std::nullopt;
  std::string name;
  for (std::size_t i = 1; i < part.size() - kType.size(); ++i) {
    name += part[i];
    if (part[i] == '"' && part[++i] != '"') return std::nullopt;
  }
  return quoted_identifier(name) + " REAL" == part ? std::optional(name) : std::nullopt;
}

// What the tables of a version are made of.
struct OwnTables {
  std::map<std::string, TableText> tables;                            // of the current version
  std::map<std::pair<std::string, std::string>, std::int64_t> since;  // table and part to the version that brought it

  OwnTables() {
    for (std::string_view rest = schema; rest.find(';') != std::string_view::npos;) {
      const std::size_t end = rest.find(';');
      if (auto table = parse_table(rest.substr(rest.find("CREATE"), end - rest.find("CREATE")))) {
        tables[table->name] = *table;
      }
      rest.remove_prefix(end + 1);
    }
    constexpr std::string_view kAlter = "ALTER TABLE ", kAdd = " ADD COLUMN ";
    for (const auto& [text, version] :
         {std::pair{from_version_1, 2}, {from_version_3, 4}, {from_version_4, 5}, {from_version_5, 6}}) {
      for (std::string_view rest = text; rest.find(';') != std::string_view::npos;) {
        const std::string statement =
            with_single_blanks(rest.substr(rest.find(kAlter), rest.find(';') - rest.find(kAlter)));
        const std::size_t add = statement.find(kAdd);
        since[{statement.substr(kAlter.size(), add - kAlter.size()), statement.substr(add + kAdd.size())}] = version;
        rest.remove_prefix(rest.find(';') + 1);
      }
    }
    for (const auto& [table, version] : {std::pair{"output", 3}, {"compared", 7}}) {
      for (const std::string& part : tables.at(table).parts) since[{table, part}] = version;
    }
  }

  std::int64_t version_of(const std::string& table, const std::string& part) const {
    const auto found = since.find({table, part});
    return found == since.end() ? 1 : found->second;
  }
};

const OwnTables& own_tables() {
  static const OwnTables own;
  return own;
}

// Columns of a stored table that is ours; nullopt: it is not.
std::optional<std::set<std::string>> columns_of(const TableText& stored, std::int64_t version) {
  const OwnTables& own = own_tables();
  const auto found = own.tables.find(stored.name);
  if (found == own.tables.end() || stored.behind != found->second.behind) return std::nullopt;
  const std::vector<std::string>& parts = found->second.parts;
  std::set<std::string> columns, seen;
  std::size_t n_metrics = 0;
  for (const std::string& part : stored.parts) {
    if (!seen.insert(part).second) return std::nullopt;
    if (std::find(parts.begin(), parts.end(), part) != parts.end()) {
      columns.insert(part.substr(0, part.find(' ')));
      continue;
    }
    const auto metric = stored.name == kScoreTable ? metric_of(part) : std::nullopt;
    if (!metric || ++n_metrics > kMostMetrics) return std::nullopt;
    columns.insert(*metric);
  }
  for (const std::string& part : parts) {
    if (own.version_of(stored.name, part) <= version && !seen.contains(part)) return std::nullopt;
  }
  return columns;
}

Result<std::int64_t> pragma(SqliteDatabase& database, const std::string& name) {
  auto statement = database.prepare("PRAGMA " + name);
  if (!statement) return tl::unexpected(statement.error());
  const int code = statement->step();
  if (code != SQLITE_ROW) return tl::unexpected(database.error(code));
  return statement->integer(0);
}

}  // namespace

Result<StoreSchema> read_store_schema(SqliteDatabase& database) {
  const SqliteReading reading(database);  // two processes may open a new store at once
  const auto version = pragma(database, "user_version");
  if (!version) return tl::unexpected(version.error());
  const auto application = pragma(database, "application_id");
  if (!application) return tl::unexpected(application.error());
  const auto other = [&] {
    return bad_input("this database is no store of results", database.path(),
                     "move it away or give another output folder");
  };
  auto rows = database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master");
  if (!rows) return tl::unexpected(rows.error());
  StoreSchema found;
  int code = SQLITE_ROW;
  bool is_ours = true, is_empty = true;
  while (is_ours && (code = rows->step()) == SQLITE_ROW) {
    is_empty = false;
    if (*application != application_id) return other();
    if (*version > schema_version) {
      return bad_input(fmt::format("the store has version {}, this Headroom reads up to {}", *version, schema_version),
                       database.path(), "use the Headroom that made it, or give another output folder");
    }
    const std::string type = rows->text(0), name = rows->text(1), table = rows->text(2);
    if (type == "index") {  // those that UNIQUE and PRIMARY KEY bring have no text of their own
      is_ours = rows->is_null(3) && name.starts_with("sqlite_autoindex_") && own_tables().tables.contains(table);
      continue;
    }
    const auto stored = type == "table" && name == table ? parse_table(rows->text(3)) : std::nullopt;
    const auto columns = stored && stored->name == name ? columns_of(*stored, *version) : std::nullopt;
    is_ours = columns && found.columns.emplace(name, *columns).second;
  }
  if (is_ours && code != SQLITE_DONE) return tl::unexpected(database.error(code));
  if (is_empty) return StoreSchema{};
  for (const auto& [name, table] : own_tables().tables) {
    const bool is_due = own_tables().version_of(name, table.parts.front()) <= *version;
    is_ours = is_ours && (!is_due || found.columns.contains(name));
  }
  if (!is_ours || *version < 1) {
    return bad_input("this database holds something else than the tables of a store", database.path(),
                     "it was not written by Headroom alone: do not use it");
  }
  found.version = *version;
  return found;
}

std::string new_store_sql() {
  return fmt::format("{}PRAGMA application_id = {}; PRAGMA user_version = {};", schema, application_id, schema_version);
}

std::string upgrade_store_sql(std::int64_t version) {
  if (version >= schema_version) return {};
  return fmt::format("{}{}{}{}{}{}PRAGMA user_version = {};", version < 2 ? from_version_1 : "",
                     version < 3 ? from_version_2 : "", version < 4 ? from_version_3 : "",
                     version < 5 ? from_version_4 : "", version < 6 ? from_version_5 : "", from_version_6,
                     schema_version);
}

std::string quoted_identifier(const std::string& identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace headroom
