#include "store/sqlite_database.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <utility>

namespace headroom {
namespace {

constexpr int busy_timeout_ms = 60'000;  // another process commits within milliseconds; a minute means that it hangs

// Of one text: the longest of ours are lists of files and inner scores, a few megabytes.
constexpr int most_text_bytes = 64 << 20;
// A row is a header and its columns; the smallest that SQLite stores takes more.
constexpr std::uint64_t least_row_bytes = 4;
// Of what a small file may return and work, whatever its size: inserts, pragmas, a list of tables.
constexpr std::uint64_t free_bytes = 1 << 20;
// A query reads its rows in a few operations a byte; the progress handler is called once a round.
constexpr int operations_a_round = 10'000;
constexpr std::int64_t free_rounds = 1'000;
constexpr std::uint64_t operations_a_byte = 20;

namespace fs = std::filesystem;

std::uint64_t stored_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat status {};
    if (stat((path + suffix).c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return bytes;
}

// Called by SQLite once a round of any statement; another answer than 0 ends it with SQLITE_INTERRUPT.
int count_round(void* bounds) { return --static_cast<QueryBounds*>(bounds)->n_rounds_left < 0; }

// The state of a file beside the database: SQLite would read, change and remove it.
enum class SideFile { absent, empty, filled, odd };

SideFile side_file(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return SideFile::absent;
  if (!S_ISREG(status.st_mode)) return SideFile::odd;
  return status.st_size == 0 ? SideFile::empty : SideFile::filled;
}

// Whether a rollback journal is in force: SQLite overwrites the start of one that is not.
bool is_hot(const std::string& journal) {
  std::ifstream file(journal, std::ios::binary);
  return file.get() > 0;
}

// Whether a rollback journal names another file, which SQLite would look for and remove: the transaction of several
// databases ends with that name and this mark (file format, section 3).
bool names_another_file(const std::string& journal) {
  constexpr std::string_view mark("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  std::ifstream file(journal, std::ios::binary);
  std::string end(mark.size(), '\0');
  file.seekg(-static_cast<std::streamoff>(mark.size()), std::ios::end);
  return file.read(end.data(), static_cast<std::streamsize>(end.size())) && end == mark;
}

// A path as the file name in an SQLite URI.
std::string uri_path(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      out += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out;
}

// What the file system must say before SQLite is asked; how it is then to be opened.
Result<std::string> uri_of(const fs::path& path, SqliteAccess access) {
  std::error_code failed;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (access == SqliteAccess::read) return bad_input("there is no store", path.string(), "give the folder of a run");
    return "file:" + uri_path(fs::absolute(path, failed).string());
  }
  if (!S_ISREG(status.st_mode)) return bad_input("not a regular file", path.string(), "give the folder of a run");
  const std::string real = fs::canonical(path, failed).string();  // SQLite looks for the files beside it there
  if (failed) return bad_input("the path cannot be followed: " + failed.message(), path.string(), "check the path");
  for (const char* suffix : {"-journal", "-wal", "-shm"}) {
    if (side_file(real + suffix) == SideFile::odd) {
      return bad_input("the file beside the store is not a regular one", real + suffix, "do not use this store");
    }
  }
  const std::string journal = real + "-journal";
  const bool has_journal = side_file(journal) == SideFile::filled && is_hot(journal);
  if (has_journal && names_another_file(journal)) {
    return bad_input("the store's journal names other files", journal, "do not use this store");
  }
  if (access == SqliteAccess::write) return "file:" + uri_path(real);
  if (has_journal) {
    return bad_input("a change of the store was left unfinished", journal,
                     "if it is yours, headroom run --resume into that folder mends it");
  }
  // With nothing in the log, the file is all there is: no lock is taken and nothing is made beside it.
  const bool has_log = side_file(real + "-wal") == SideFile::filled;
  return "file:" + uri_path(real) + (has_log ? "?mode=ro" : "?immutable=1");
}

// Before the first statement.
void distrust(sqlite3* connection) {
  for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                      {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_DQS_DML, 0}}) {
    sqlite3_db_config(connection, option, value, nullptr);
  }
  for (const auto& [limit, value] : {std::pair{SQLITE_LIMIT_LENGTH, most_text_bytes},
                                     {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
                                     {SQLITE_LIMIT_COLUMN, 400},
                                     {SQLITE_LIMIT_EXPR_DEPTH, 100},
                                     {SQLITE_LIMIT_COMPOUND_SELECT, 4},
                                     {SQLITE_LIMIT_ATTACHED, 0},
                                     {SQLITE_LIMIT_TRIGGER_DEPTH, 1}}) {
    sqlite3_limit(connection, limit, value);
  }
}

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

void SqliteStatement::bind_bytes(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), index, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT);
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  is_begun_ = false;
}

std::string SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  const auto n_bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  n_bytes_ += n_bytes;
  return n_bytes_ > n_most_bytes_ ? std::string() : std::string(text, n_bytes);  // the next step tells
}

double SqliteStatement::number(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN() : sqlite3_column_double(statement_.get(), column);
}

void QueryBounds::begin_query() {
  const std::uint64_t bytes = stored_bytes(path) + free_bytes;
  n_rounds_left = free_rounds + static_cast<std::int64_t>(bytes * operations_a_byte / operations_a_round);
  n_bytes_left = bytes;
}

void QueryBounds::begin_change() {
  n_rounds_left = free_rounds;
  n_bytes_left = free_bytes;
}

int SqliteStatement::step() {
  if (!is_begun_) {
    if (sqlite3_stmt_readonly(statement_.get()) != 0) {
      bounds_->begin_query();
    } else {
      bounds_->begin_change();
    }
    n_most_bytes_ = bounds_->n_bytes_left;
    n_bytes_ = 0;
    is_begun_ = true;
  }
  if (n_bytes_ > n_most_bytes_) return SQLITE_CORRUPT;
  n_bytes_ += least_row_bytes;
  return sqlite3_step(statement_.get());
}

Result<SqliteDatabase> SqliteDatabase::open(const fs::path& path, SqliteAccess access) {
  const auto uri = uri_of(path, access);
  if (!uri) return tl::unexpected(uri.error());
  SqliteDatabase database;
  database.path_ = path.string();
  database.access_ = access;
  database.bounds_ = std::make_shared<QueryBounds>();
  std::error_code ignored;
  database.bounds_->path = fs::weakly_canonical(path, ignored).string();
  const int mode = access == SqliteAccess::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(uri->c_str(), &connection, mode | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return tl::unexpected(database.error(code));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  distrust(connection);
  sqlite3_progress_handler(connection, operations_a_round, count_round, database.bounds_.get());
  auto checked = database.execute("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;");
  if (!checked) return tl::unexpected(checked.error());
  return database;
}

Result<void> SqliteDatabase::execute(const std::string& sql) {
  bounds_->begin_query();
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(const std::string& sql) {
  bounds_->begin_query();  // the first reads the list of tables
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return SqliteStatement(statement, bounds_);
}

Error SqliteDatabase::error(int code) const {
  last_error_ = code;
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
      if (access_ == SqliteAccess::read) {
        return made(ErrorKind::bad_input, "the store cannot be read", "check its permissions and those of its folder");
      }
      return made(ErrorKind::bad_input, "the store cannot be opened for writing",
                  "give an output folder that exists and that you may write to");
    case SQLITE_NOTADB:
      return made(ErrorKind::bad_input, "this file is no store of results",
                  "move it away or give another output folder");
    case SQLITE_CORRUPT:
    case SQLITE_INTERRUPT:  // more rounds than the file's bytes account for
    case SQLITE_TOOBIG:
      return made(ErrorKind::bad_input, "the store is damaged",
                  "move it away and run again, or restore it from a copy");
    default:
      return made(
          ErrorKind::harness_fault,
          std::string("the store failed: ") + (connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code)),
          "");
  }
}

SqliteReading::SqliteReading(SqliteDatabase& database) : database_(database) {
  if (!database_.is_in_transaction()) open_ = database_.execute("BEGIN").has_value();
}

SqliteReading::~SqliteReading() {
  if (open_) (void)database_.execute("COMMIT");  // nothing was written
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
