// The tables of a store: how they are made, how those of an earlier version are brought up to date, and whether a file
// from elsewhere has them and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "outcome/outcome.hpp"
#include "store/sqlite_database.hpp"

namespace headroom {

// What a store has that was made by this or an earlier Headroom.
struct StoreSchema {
  std::int64_t version = 0;                              // 0: the database is empty
  std::map<std::string, std::set<std::string>> columns;  // of each table

  bool has(const std::string& table, const std::string& column) const {
    const auto found = columns.find(table);
    return found != columns.end() && found->second.contains(column);
  }
};

// Reads nothing but the list of tables. Errors (bad_input): another application's database, a later version, or
// anything beside our own tables as we make them: views, triggers, virtual tables, indexes, tables with other columns,
// generated ones or checks. What follows may rely on a table being a table.
Result<StoreSchema> read_store_schema(SqliteDatabase& database);

// SQL that makes an empty database a store, and one that brings a store of `version` up to date.
std::string new_store_sql();
std::string upgrade_store_sql(std::int64_t version);

// For a column of the table `score`, which has one a metric; also quotes any other identifier.
std::string quoted_identifier(const std::string& identifier);

}  // namespace headroom
