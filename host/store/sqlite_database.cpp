#include "store/sqlite_database.hpp"

#include <cmath>
#include <limits>

namespace headroom {
namespace {

constexpr int busy_timeout_ms = 60'000;  // another process commits within milliseconds; a minute means that it hangs

}  // namespace

void SqliteStatement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
}

void SqliteStatement::bind(int index, std::int64_t number) { sqlite3_bind_int64(statement_.get(), index, number); }

void SqliteStatement::bind(int index, double number) {
  if (std::isnan(number)) {
    sqlite3_bind_null(statement_.get(), index);
  } else {
    sqlite3_bind_double(statement_.get(), index, number);
  }
}

void SqliteStatement::bind(int index, std::optional<double> number) {
  bind(index, number.value_or(std::numeric_limits<double>::quiet_NaN()));
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
              : std::string();
}

double SqliteStatement::number(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN() : sqlite3_column_double(statement_.get(), column);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::filesystem::path& path) {
  SqliteDatabase database;
  database.path_ = path.string();
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return tl::unexpected(database.error(code));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  return database;
}

Result<void> SqliteDatabase::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return SqliteStatement(statement);
}

Error SqliteDatabase::error(int code) const {
  const auto made = [&](ErrorKind kind, std::string what, std::string remedy) {
    return Error{kind, std::move(what), path_, std::move(remedy)};
  };
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return made(ErrorKind::harness_fault, "the disk is full",
                  "free some space and go on with --resume: what was finished is kept");
    case SQLITE_IOERR:
      return made(ErrorKind::harness_fault, "the store could not be read or written",
                  "check the disk's space and health, then go on with --resume: what was finished is kept");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return made(ErrorKind::harness_fault, "another process has held the store for more than a minute",
                  "wait for the other run, or end it");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return made(ErrorKind::bad_input, "the store cannot be opened for writing",
                  "give an output folder that exists and that you may write to");
    case SQLITE_NOTADB:
      return made(ErrorKind::bad_input, "this file is no store of results",
                  "move it away or give another output folder");
    case SQLITE_CORRUPT:
      return made(ErrorKind::bad_input, "the store is damaged",
                  "move it away and run again, or restore it from a copy");
    default:
      return made(
          ErrorKind::harness_fault,
          std::string("the store failed: ") + (connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code)),
          "");
  }
}

SqliteTransaction::~SqliteTransaction() {
  // SQLite has rolled back by itself after a full disk; a second rollback then has nothing to do.
  if (open_) (void)database_.execute("ROLLBACK");
}

Result<void> SqliteTransaction::begin() {
  auto begun = database_.execute("BEGIN IMMEDIATE");
  open_ = begun.has_value();
  return begun;
}

Result<void> SqliteTransaction::commit() {
  auto committed = database_.execute("COMMIT");
  if (committed) open_ = false;
  return committed;
}

}  // namespace headroom
