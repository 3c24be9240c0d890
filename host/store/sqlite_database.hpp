// A connection to an SQLite file and its statements: resources and errors, no knowledge of what is stored.
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

class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  // Parameters are numbered from 1. Bound text is copied. A NaN or an absent number is bound as NULL.
  void bind(int index, std::string_view text);
  void bind(int index, std::int64_t number);
  void bind(int index, double number);
  void bind(int index, std::optional<double> number);

  // One step: SQLITE_ROW, SQLITE_DONE or an error code.
  int step() { return sqlite3_step(statement_.get()); }
  void reset();

  // Columns are numbered from 0.
  std::string text(int column) const;
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  double number(int column) const;  // NaN for NULL
  bool is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  // Opens or creates the file. Another process that holds it is waited for, up to a minute.
  static Result<SqliteDatabase> open(const std::filesystem::path& path);

  Result<void> execute(const std::string& sql);
  Result<SqliteStatement> prepare(const std::string& sql);
  // Whether the last call failed because another process holds the file.
  bool is_busy() const { return (sqlite3_errcode(connection_.get()) & 0xFF) == SQLITE_BUSY; }
  std::int64_t last_row_id() const { return sqlite3_last_insert_rowid(connection_.get()); }

  // The error that `code` (an SQLite result) stands for, with its remedy: disk full, locked, read-only, damaged.
  Error error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> connection_;
  std::string path_;
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
