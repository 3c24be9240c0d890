// A connection to an SQLite file and its statements: resources and errors, no knowledge of what is stored.
//
// The file may be a stranger's, also where it is opened to be written (--resume). So the schema is trusted with nothing
// (no views, no triggers, no functions), lengths are limited, and each query may return and work no more than the bytes
// of the file account for: pages that refer to each other can pretend to hold endless rows.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"

namespace headroom {

// What one query of a connection may still do. Set anew when a statement begins.
struct QueryBounds {
  std::string path;                // of the file, whose size is the measure
  std::int64_t n_rounds_left = 0;  // of the virtual machine, in the units of the progress handler
  std::uint64_t n_bytes_left = 0;  // of rows and texts that a statement may hand out

  void begin_query();
  // Of a statement that changes rows of ours, which returns none: it need not be measured against the file each time.
  void begin_change();
};

class SqliteStatement {
 public:
  SqliteStatement(sqlite3_stmt* statement, std::shared_ptr<QueryBounds> bounds)
      : statement_(statement), bounds_(std::move(bounds)) {}

  // Parameters are numbered from 1. Bound text is copied. A NaN or an absent number is bound as NULL.
  void bind(int index, std::string_view text);
  void bind(int index, std::int64_t number);
  void bind(int index, double number);
  void bind(int index, std::optional<double> number);
  void bind_bytes(int index, std::string_view bytes);  // copied

  // One step: SQLITE_ROW, SQLITE_DONE or an error code; SQLITE_CORRUPT where the file cannot hold what it returned.
  int step();
  void reset();

  // Columns are numbered from 0.
  std::string text(int column) const;  // or bytes
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  double number(int column) const;  // NaN for NULL
  bool is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::shared_ptr<QueryBounds> bounds_;
  bool is_begun_ = false;
  std::uint64_t n_most_bytes_ = 0;
  mutable std::uint64_t n_bytes_ = 0;  // of rows and texts since it began
};

enum class SqliteAccess {
  read,   // nothing is changed, neither the file nor what lies beside it, and no journal is played back
  write,  // the file is made where it is not there
};

class SqliteDatabase {
 public:
  // Another process that holds the file is waited for, up to a minute. Errors (bad_input): not there (read), not a
  // regular file, files beside it that SQLite would follow out of the folder, and (read) a change that was left
  // unfinished.
  static Result<SqliteDatabase> open(const std::filesystem::path& path, SqliteAccess access);
  const std::string& path() const { return path_; }

  Result<void> execute(const std::string& sql);
  Result<SqliteStatement> prepare(const std::string& sql);
  // Whether the last error was that another process holds the file.
  bool is_busy() const { return (last_error_ & 0xFF) == SQLITE_BUSY; }
  bool is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }
  std::int64_t last_row_id() const { return sqlite3_last_insert_rowid(connection_.get()); }

  // The error that `code` (an SQLite result) stands for, with its remedy: disk full, locked, read-only, damaged.
  Error error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::shared_ptr<QueryBounds> bounds_;  // outlives the connection, whose progress handler asks it
  std::unique_ptr<sqlite3, Close> connection_;
  std::string path_;
  SqliteAccess access_ = SqliteAccess::read;
  mutable int last_error_ = SQLITE_OK;  // that an Error was made of
};

// Several reads that see one state of the database, whatever another process writes in between; nothing of its own
// where a transaction is open already.
class SqliteReading {
 public:
  explicit SqliteReading(SqliteDatabase& database);
  ~SqliteReading();
  SqliteReading(const SqliteReading&) = delete;
  SqliteReading& operator=(const SqliteReading&) = delete;

 private:
  SqliteDatabase& database_;
  bool open_ = false;
};

// A transaction that is rolled back unless commit() is reached.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(database) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  Result<void> begin();  // takes the write lock at once, so that it cannot fail halfway for want of it
  Result<void> commit();

 private:
  SqliteDatabase& database_;
  bool open_ = false;
};

}  // namespace headroom
