// SQLite behind owners: a database, its prepared statements, a transaction that rolls back by
// itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace pipeline {

/// One prepared statement. Parameters count from 1, columns from 0.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, std::string_view sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& bind(int parameter, std::string_view text);
  SqliteStatement& bind(int parameter, std::int64_t number);
  SqliteStatement& bind_null(int parameter);

  /// True if there is a row, false at the end.
  bool step();
  /// step() for a statement that gives no row.
  void run();

  std::string text(int column) const;  // empty for NULL
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  void check(int code) const;
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

/// One connection. Errors come as Error: resource_exhausted for a full or failing disk or memory,
/// lock_contention behind another writer, access_denied where the file may not be opened or
/// written, config_invalid for a file that is no SQLite database or is damaged, internal otherwise.
class SqliteDatabase {
 public:
  /// Opens or makes the file with WAL, synchronous=FULL (a commit that returned survives a power
  /// cut), foreign keys on and ten seconds of patience with other writers.
  explicit SqliteDatabase(const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// Runs one or several statements without rows.
  void execute(const std::string& sql);
  SqliteStatement prepare(std::string_view sql) const { return {database_, sql}; }
  /// The first column of the first row as an integer, 0 if there is no row.
  std::int64_t query_integer(std::string_view sql) const;

 private:
  sqlite3* database_ = nullptr;
};

/// BEGIN IMMEDIATE for its lifetime: rolls back unless commit() was called.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  /// When it returns the transaction is on the disk.
  void commit();

 private:
  SqliteDatabase& database_;
  bool open_ = true;
};

}  // namespace pipeline
