// Stores that a stranger made: each is one clear error, at once and without much memory, whether it is read or resumed;
// and reading one of ours changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "host/io/temporary_folder.hpp"
#include "report/report_model.hpp"
#include "store/store.hpp"

namespace headroom {
namespace foreign_store_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::vector<std::string> metrics = {"L2", "Pearson"};

EvaluationKey key(const std::string& method) { return {"K-562", "0", method, "f0"}; }

FoldEvaluation evaluation_of(Eigen::Index n_test) {
  FoldEvaluation evaluation;
  evaluation.status = Status::ok;
  evaluation.metric_values = {Vector::Constant(n_test, 0.5), Vector::Constant(n_test, 0.25)};
  evaluation.covered.assign(static_cast<std::size_t>(n_test), 1);
  return evaluation;
}

std::vector<std::string> ids(Eigen::Index n) {
  std::vector<std::string> ids;
  for (Eigen::Index i = 0; i < n; ++i) ids.push_back("ENSG" + std::to_string(100000 + i));
  return ids;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class ForeignStore : public ::testing::Test {
 protected:
  void SetUp() override { make(3); }

  void make(Eigen::Index n_test) {
    auto store = Store::open(folder_.path(), metrics);
    ASSERT_TRUE(store) << store.error().line();
    ASSERT_TRUE(store->begin_run({}, {}));
    for (const char* method : {"a", "b"}) {
      ASSERT_TRUE(store->put(key(method), ids(n_test), evaluation_of(n_test)));
    }
  }

  // As a stranger with all of SQLite's means.
  void change(const std::string& sql) {
    sqlite3* connection = nullptr;
    sqlite3_open(file().c_str(), &connection);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << sql << ": " << message;
    sqlite3_close(connection);
  }

  void expect_refused(const std::string& what, const std::string& by = "something else than the tables") {
    const std::string before = content_of(file());
    for (const bool to_read : {true, false}) {
      const auto store = to_read ? Store::open_to_read(folder_.path(), metrics) : Store::open(folder_.path(), metrics);
      ASSERT_FALSE(store) << what;
      EXPECT_EQ(store.error().kind, ErrorKind::bad_input) << what;
      EXPECT_THAT(store.error().line(), HasSubstr(by)) << what;
    }
    EXPECT_TRUE(content_of(file()) == before) << what << ": it was changed";
  }

  fs::path file() const { return folder_.path() / "results.sqlite"; }

  TemporaryFolder folder_;
};

TEST_F(ForeignStore, HasOurTablesAndNothingElse) {
  const std::string endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) ";
  const std::map<std::string, std::string> changes = {
      {"a view for a table",
       "DROP TABLE score; CREATE VIEW score AS " + endless +
           "SELECT 1 AS evaluation, i AS row, 'p' AS pert_id, 1 AS covered, 0.5 AS \"L2\", 0.5 AS \"Pearson\" FROM n"},
      {"one more view", "CREATE VIEW v AS SELECT 1"},
      {"a trigger", "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM score; END"},
      {"an index", "CREATE INDEX i ON score (pert_id)"},
      {"an index of an expression", "CREATE INDEX i ON score (abs(covered))"},
      {"a partial index", "CREATE INDEX i ON evaluation (method) WHERE status = 'ok'"},
      {"one more table", "CREATE TABLE more (x)"},
      {"statistics", "ANALYZE"},
      {"a table missing", "DROP TABLE perturbation"},
      {"a column missing", "ALTER TABLE run DROP COLUMN folder"},
      {"a column of another type", "ALTER TABLE score ADD COLUMN more TEXT"},
      {"a column that is no metric", "ALTER TABLE evaluation ADD COLUMN \"MSE\" REAL"},
      {"a column with a default", "ALTER TABLE score ADD COLUMN \"MSE\" REAL DEFAULT 7"},
      {"a generated column", "ALTER TABLE score ADD COLUMN \"MSE\" REAL AS (covered * 2)"},
      {"a check", "ALTER TABLE score ADD COLUMN \"MSE\" REAL CHECK (\"MSE\" > 0)"},
      {"a table with a rowid",
       "DROP TABLE score; CREATE TABLE score (evaluation INTEGER REFERENCES evaluation, row INTEGER, pert_id TEXT, "
       "covered INTEGER, PRIMARY KEY (evaluation, row))"},
      {"a table without its key",
       "DROP TABLE perturbation; CREATE TABLE perturbation (context TEXT, row INTEGER, pert_id TEXT, fold TEXT, "
       "effect_size REAL, n_cells REAL, noise REAL)"},
      {"a virtual table",
       "DROP TABLE score; PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('table', 'score', 'score', 0, "
       "'CREATE VIRTUAL TABLE score USING fts5(evaluation, row, pert_id, covered, L2, Pearson)')"},
      {"no version", "PRAGMA user_version = 0"},
      {"a negative version", "PRAGMA user_version = -1"},
  };
  const std::string whole = content_of(file());
  for (const auto& [what, sql] : changes) {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(file().string() + suffix);
    std::ofstream(file(), std::ios::binary) << whole;
    change(sql);
    expect_refused(what);
  }
}

TEST_F(ForeignStore, OfAnotherApplicationIsLeftAsItIs) {
  change("PRAGMA application_id = 1; PRAGMA journal_mode = DELETE");
  expect_refused("another application's", "is no store of results");
  change("PRAGMA application_id = " + std::to_string(0x4844524D) + "; PRAGMA user_version = 99");
  expect_refused("a later one", "version 99");
}

TEST_F(ForeignStore, ClaimsNoMoreScoresThanItHas) {
  for (const char* n : {"1000000000000", "-1", "4", "0", "9223372036854775807", "'x'", "NULL"}) {
    change(std::string("UPDATE evaluation SET n_test = ") + n + " WHERE method = 'a'");
    auto store = Store::open_to_read(folder_.path(), metrics);
    ASSERT_TRUE(store) << store.error().line();
    const auto found = store->find(key("a"));
    ASSERT_FALSE(found) << n;
    EXPECT_EQ(found.error().kind, ErrorKind::bad_input);
    EXPECT_TRUE(store->find(key("b"))->has_value());
  }
  change("UPDATE evaluation SET n_test = 3, status = 'splendid' WHERE method = 'a'");
  EXPECT_FALSE(Store::open_to_read(folder_.path(), metrics)->find(key("a")));
}

// Pages of an index that name each other in a chain, each as the child of every one of its cells, so that a file of
// some hundred kilobytes pretends to hold more rows than could be read in years.
TEST_F(ForeignStore, EndlessTablesEnd) {
  make(4000);
  change("PRAGMA journal_mode = DELETE; UPDATE evaluation SET n_test = 1 << 62");
  sqlite3* connection = nullptr;
  sqlite3_open(file().c_str(), &connection);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(connection, "SELECT rootpage FROM sqlite_master WHERE name = 'score'", -1, &statement, nullptr);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  const auto root = static_cast<std::size_t>(sqlite3_column_int(statement, 0));
  sqlite3_finalize(statement);
  sqlite3_close(connection);

  std::string bytes = content_of(file());
  const auto big_endian = [&](std::size_t at, int n) {
    std::size_t value = 0;
    for (int i = 0; i < n; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return value;
  };
  const auto put = [&](std::size_t at, std::size_t value) {
    for (int i = 0; i < 4; ++i)
      bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i) & 0xFF);
  };
  const std::size_t page_bytes = big_endian(16, 2), n_pages = bytes.size() / page_bytes;
  const auto page = [&](std::size_t number) { return (number - 1) * page_bytes; };
  ASSERT_EQ(bytes[page(root)], 2) << "an interior page of an index";
  constexpr std::size_t kLevels = 12;
  const std::string copy = bytes.substr(page(root), page_bytes);
  for (std::size_t level = 0; level < kLevels; ++level) bytes += copy;
  for (std::size_t level = 0; level < kLevels; ++level) {
    const std::size_t self = level == 0 ? root : n_pages + level, child = n_pages + level + 1;
    const std::size_t leaf = big_endian(page(root) + 8, 4);
    const std::size_t next = level + 1 < kLevels ? child : leaf;
    const std::size_t n_cells = big_endian(page(self) + 3, 2);
    ASSERT_GT(n_cells, 3u);
    for (std::size_t cell = 0; cell < n_cells; ++cell) {
      put(page(self) + big_endian(page(self) + 12 + 2 * cell, 2), next);
    }
    if (level > 0) put(page(self) + 8, next);
  }
  put(28, n_pages + kLevels);
  std::ofstream(file(), std::ios::binary) << bytes;

  auto store = Store::open_to_read(folder_.path(), metrics);
  ASSERT_TRUE(store) << store.error().line();
  const auto all = store->evaluations("L2");
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().kind, ErrorKind::bad_input) << all.error().line();
  EXPECT_FALSE(store->find(key("a")));
}

TEST_F(ForeignStore, OfTwoPartsThatDoNotBelongTogetherMakesNoReport) {
  std::string sql = "BEGIN;";
  for (const char* table : {"perturbation", "evaluation"}) {
    const bool is_evaluation = std::string(table) == "evaluation";
    sql += "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5010) INSERT INTO " +
           std::string(table) +
           (is_evaluation
                ? " (context, fold, method, fingerprint, status) SELECT 'K-562', '0', 'm' || i, 'f', 'ok' FROM n;"
                : " SELECT 'K-562', i, 'p' || i, '0', 1, 1, 1 FROM n;");
  }
  change(sql + "COMMIT");
  std::ofstream(folder_.path() / "summary.json") << R"({"contexts": [{"context": "K-562", "metric": "L2"}]})";
  const auto model =
      read_report_models(folder_.path());  // 5,000 methods of 5,000 perturbations from a file that holds no such scores
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().line(), HasSubstr("do not belong together"));
}

TEST_F(ForeignStore, IsReadWithoutATrace) {
  change("PRAGMA journal_mode = DELETE");
  for (const char* column :
       {"run DROP COLUMN folder", "run DROP COLUMN task_path", "run DROP COLUMN noise_path",
        "run DROP COLUMN settings_requested", "run DROP COLUMN n_threads", "plugin DROP COLUMN path",
        "plugin DROP COLUMN data_folder_sha256", "plugin DROP COLUMN limits", "plugin DROP COLUMN confinement",
        "evaluation DROP COLUMN inputs", "evaluation DROP COLUMN whole"}) {
    change(std::string("ALTER TABLE ") + column);
  }
  change("DROP TABLE output; DROP TABLE compared; PRAGMA user_version = 1");
  const std::string before = content_of(file());
  {
    auto store = Store::open_to_read(folder_.path(), {"L2", "MSE"});
    ASSERT_TRUE(store) << store.error().line();
    EXPECT_EQ(store->kept_runs()->front().evaluations.size(), 2u);
    EXPECT_EQ(store->evaluations("Pearson")->size(), 2u);
    EXPECT_TRUE((*store->origin_of(key("a")))->inputs.empty());
    EXPECT_FALSE(store->outputs()->has_value());
    EXPECT_TRUE(store->facts()->empty());
    EXPECT_FALSE(store->find(key("a"))->has_value()) << "it has no MSE";
    EXPECT_FALSE(store->evaluations("MSE"));
    EXPECT_FALSE(store->put(key("c"), ids(3), evaluation_of(3)));
  }
  EXPECT_TRUE(content_of(file()) == before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1) << "nothing beside it";
}

TEST_F(ForeignStore, OfARunThatWasKilledIsReadWithItsLog) {
  sqlite3* writer = nullptr;  // keeps the log, as a kill does
  sqlite3_open(file().c_str(), &writer);
  sqlite3_exec(writer, "UPDATE evaluation SET reason = 'in the log'", nullptr, nullptr, nullptr);
  ASSERT_GT(fs::file_size(file().string() + "-wal"), 0u);
  auto store = Store::open_to_read(folder_.path(), metrics);
  ASSERT_TRUE(store) << store.error().line();
  EXPECT_EQ((*store->origin_of(key("a")))->reason, "in the log");
  sqlite3_close(writer);
}

TEST_F(ForeignStore, HasNothingBesideItThatLeadsElsewhere) {
  change("PRAGMA journal_mode = DELETE");
  for (const char* suffix : {"-journal", "-wal", "-shm"}) {
    const std::string beside = file().string() + suffix;
    fs::create_symlink("/etc/passwd", beside);
    expect_refused(suffix, "not a regular one");
    fs::remove(beside);
    ASSERT_EQ(mkfifo(beside.c_str(), 0600), 0);
    expect_refused(suffix, "not a regular one");
    fs::remove(beside);
  }
  // A journal of several databases: SQLite would remove the file that it names.
  std::ofstream(folder_.path() / "precious") << "keep me";
  std::ofstream(file().string() + "-journal", std::ios::binary)
      << std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8) << std::string(504, '\0')
      << (folder_.path() / "precious").string() << std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  expect_refused("a journal", "names other files");
  EXPECT_TRUE(fs::exists(folder_.path() / "precious"));

  fs::remove(file().string() + "-journal");
  fs::remove(file());
  ASSERT_EQ(mkfifo(file().c_str(), 0600), 0);
  EXPECT_FALSE(Store::open_to_read(folder_.path(), metrics));
  EXPECT_FALSE(Store::open(folder_.path(), metrics));
}

}  // namespace foreign_store_test
}  // namespace headroom
