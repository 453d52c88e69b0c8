#include "orchestrator/history/sqlite.h"

#include <sqlite3.h>

#include <string>
#include <system_error>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr int busy_milliseconds = 10'000;

ErrorKind kind_of(int code) {
  switch (code & 0xFF) {  // the primary code; the rest says which operation failed
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return ErrorKind::resource_exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::lock_contention;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorKind::access_denied;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ErrorKind::config_invalid;
    case SQLITE_CONSTRAINT:
      return ErrorKind::already_running;
    default:
      return ErrorKind::internal;
  }
}

/// SQLite keeps the number of the last failed system call, whatever failed since.
bool is_of_the_disk(int code) {
  const int primary = code & 0xFF;
  return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL;
}

std::string_view advice_for(ErrorKind kind) {
  if (kind == ErrorKind::resource_exhausted) return "; free space on its disk, or look at the disk";
  if (kind == ErrorKind::lock_contention) return "; another program keeps it locked";
  if (kind == ErrorKind::access_denied) return "; check that its folder exists and who owns it";
  return "";
}

[[noreturn]] void fail(sqlite3* database, int code) {
  const char* path = database != nullptr ? sqlite3_db_filename(database, "main") : nullptr;
  const char* message = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  const ErrorKind kind = kind_of(code);
  const int system = database != nullptr ? sqlite3_system_errno(database) : 0;
  const std::string reason =
      is_of_the_disk(code) && system != 0
          ? fmt::format("{} ({})", message, std::generic_category().message(system))
          : message;
  throw Error(kind, fmt::format("the run history {}: {}{}", path != nullptr ? path : "", reason,
                                advice_for(kind)))
      .with("sqlite_code", fmt::format("{}", code));
}

void check_code(sqlite3* database, int code) {
  if (code != SQLITE_OK) fail(database, code);
}

}  // namespace

SqliteStatement::SqliteStatement(sqlite3* database, std::string_view sql) : database_(database) {
  check(sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement_,
                           nullptr));
}

SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(statement_);
}

void SqliteStatement::check(int code) const {
  check_code(database_, code);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  // A view without data would bind NULL.
  check(sqlite3_bind_text64(statement_, parameter, text.data() != nullptr ? text.data() : "",
                            text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t number) {
  check(sqlite3_bind_int64(statement_, parameter, number));
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int parameter) {
  check(sqlite3_bind_null(statement_, parameter));
  return *this;
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) fail(database_, code);
  return code == SQLITE_ROW;
}

void SqliteStatement::run() {
  while (step()) {
  }
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

SqliteDatabase::SqliteDatabase(const std::string& path) {
  const int code = sqlite3_open_v2(path.c_str(), &database_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  try {
    check_code(database_, code);
    check_code(database_, sqlite3_extended_result_codes(database_, 1));
    check_code(database_, sqlite3_busy_timeout(database_, busy_milliseconds));
    auto mode = prepare("PRAGMA journal_mode = WAL");
    if (!mode.step() || mode.text(0) != "wal") {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("the run history {} cannot use a write-ahead log: put it on a local "
                              "disk",
                              path));
    }
    execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  } catch (...) {
    sqlite3_close_v2(database_);
    throw;
  }
}

SqliteDatabase::~SqliteDatabase() {
  sqlite3_close_v2(database_);
}

void SqliteDatabase::execute(const std::string& sql) {
  check_code(database_, sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t SqliteDatabase::query_integer(std::string_view sql) const {
  auto statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const Error&) {
    // SQLite has rolled back by itself (full disk, I/O error); there is nothing left to undo.
  }
}

void SqliteTransaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace pipeline
