#include "orchestrator/history/schema.h"

#include <array>
#include <string>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

// "NPLH" in the file's header: tells a history from any other SQLite file.
constexpr std::int64_t application_id = 0x4E504C48;

// One entry a version; an entry never changes once it was released.
constexpr std::array migrations{R"sql(
CREATE TABLE definition (
  sha256 TEXT NOT NULL PRIMARY KEY,
  text   TEXT NOT NULL
);
CREATE TABLE run (
  id                  TEXT NOT NULL PRIMARY KEY,
  kind                TEXT NOT NULL CHECK (kind IN ('run', 'rerun')),
  business_date       TEXT NOT NULL,
  status              TEXT NOT NULL
                      CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED')),
  started_utc         TEXT NOT NULL,
  ended_utc           TEXT,
  failed_state        TEXT NOT NULL DEFAULT '',
  error               TEXT NOT NULL DEFAULT '',
  cause               TEXT NOT NULL DEFAULT '',
  output_json         TEXT,
  definition_sha256   TEXT NOT NULL REFERENCES definition (sha256),
  only_state          TEXT NOT NULL DEFAULT '',
  input_json          TEXT NOT NULL,
  requested_by        TEXT NOT NULL DEFAULT '',
  host                TEXT NOT NULL DEFAULT '',
  pid                 INTEGER NOT NULL DEFAULT 0,
  boot_id             TEXT NOT NULL DEFAULT '',
  process_start_ticks INTEGER NOT NULL DEFAULT 0,
  CHECK ((status = 'RUNNING') = (ended_utc IS NULL))
);
CREATE UNIQUE INDEX run_one_running ON run (status) WHERE status = 'RUNNING';
CREATE INDEX run_by_start ON run (started_utc);
CREATE INDEX run_by_date ON run (business_date);
CREATE TABLE state_event (
  run_id       TEXT NOT NULL REFERENCES run (id),
  number       INTEGER NOT NULL,
  at_utc       TEXT NOT NULL,
  type         TEXT NOT NULL,
  state        TEXT NOT NULL DEFAULT '',
  details_json TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
);
CREATE TABLE attempt (
  run_id        TEXT NOT NULL REFERENCES run (id),
  state         TEXT NOT NULL,
  number        INTEGER NOT NULL,
  resource      TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN
                ('SCHEDULED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED')),
  scheduled_utc TEXT NOT NULL,
  started_utc   TEXT,
  ended_utc     TEXT,
  error         TEXT NOT NULL DEFAULT '',
  cause         TEXT NOT NULL DEFAULT '',
  exit_code     INTEGER,
  signal        TEXT NOT NULL DEFAULT '',
  pid           INTEGER,
  log_path      TEXT NOT NULL DEFAULT '',
  result_json   TEXT,
  PRIMARY KEY (run_id, state, number)
);
)sql"};

}  // namespace

void migrate_history(SqliteDatabase& database) {
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (database.query_integer("PRAGMA user_version") == newest &&
      database.query_integer("PRAGMA application_id") == application_id) {
    return;
  }
  SqliteTransaction transaction(database);
  // Read again under the write lock: another process may have been faster.
  const std::int64_t version = database.query_integer("PRAGMA user_version");
  const bool is_ours = database.query_integer("PRAGMA application_id") == application_id;
  const bool is_empty = database.query_integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_ours && !is_empty) {
    throw Error(ErrorKind::config_invalid, "the file is an SQLite database, but no run history");
  }
  if (version > newest) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("the run history has schema version {}, this program knows {}: use the "
                            "program that wrote it, or a newer one",
                            version, newest));
  }
  for (auto next = static_cast<std::size_t>(version); next < migrations.size(); ++next) {
    database.execute(migrations[next]);
  }
  database.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id, newest));
  transaction.commit();
}

}  // namespace pipeline
