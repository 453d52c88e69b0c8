// Publishes finished candidates and their markers by one RENAME, journalled so that no crash is
// guessed about.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"

namespace pipeline::publish {

/// What happens to the table that was live.
enum class SwappedOut {
  exchanged,  // takes the candidate's place in the shadow (double-buffered staging)
  dropped,    // moves to the shadow and is dropped there
  backup,     // stays in the live schema as <table>_backup_YYYYMMDD_HHMMSS, catalogued
};

/// Whether a table could be made again from today's input.
enum class Contents {
  rebuilt,      // made whole by every run
  accumulated,  // holds what earlier days gave (incremental models)
};

/// A candidate `shadow_schema(live.schema)`.`live.table` that becomes `live`. A live table is only
/// ever dropped if the publish that made it noted it as `rebuilt`: whatever else stands there, made
/// by hand or by a model that was incremental before, is kept as a backup even if `dropped` is
/// asked.
struct TablePublication {
  TableName live;
  SwappedOut swapped_out = SwappedOut::dropped;
  Contents contents = Contents::rebuilt;
};

/// How the texts of views are to be read: as in the session that built and tested them. A server
/// keeps sql_mode and collation with a view, and a name without a schema gets the default one.
struct ViewSession {
  std::string default_schema;  // empty: the view's own
  std::string sql_mode;
  std::string collation;  // of utf8mb4
  enum class Given { no, yes } given = Given::no;
};

/// A view of a live schema. `select` names live relations only. A table of that name is kept as a
/// backup.
struct ViewPublication {
  TableName live;
  std::string select;
};

struct Publication {
  std::string run_id;
  /// Schema and marker of every schema that takes part; the candidates of the markers must stand in
  /// the shadows (write_candidate_marker). The first is the layer's main schema.
  std::vector<std::pair<std::string, Marker>> markers;
  std::vector<TablePublication> tables;
  /// Live tables that leave without a successor; they move to the shadow under their name.
  std::vector<TableName> withdrawn;
  std::vector<ViewPublication> views;
  ViewSession view_session;
  /// Markers that must still be as they were read when the work began; otherwise guard_refused.
  std::vector<std::pair<std::string, std::uint64_t>> unchanged_generations;
};

struct BackupRow {
  TableName live;
  std::string backup_name;
  std::uint64_t rows_before = 0;  // of the live table, counted before the RENAME
  std::uint64_t rows_after = 0;   // of the backup, counted after it
  bool verified() const { return rows_before == rows_after; }
};

struct PublishReport {
  std::uint64_t generation = 0;  // of the main schema
  std::vector<BackupRow> backups;
  int tables_renamed = 0;
  int attempts = 1;
  std::chrono::milliseconds rename_duration{};
  std::vector<std::string> views_after;  // made right after the RENAME, not in it
};

/// `session` belongs to etl_publish, holds the run's locks and has no temporary tables.
/// `keep_trying_for` bounds the waiting for other people's metadata locks.
struct PublisherOptions {
  Clock& clock;
  std::chrono::seconds try_without_waiting{5};
  std::chrono::seconds keep_trying_for{60};
  /// Throws to give up before the next attempt.
  std::function<void()> check_cancelled = [] {};
};

/// Publishes all of `publication` or nothing.
///
/// Order: refuse what is not plain, stands in the way or is not this run's candidate
/// (guard_refused), count the rows of tables to back up, journal the plan, make the views that can
/// be made beside their live ones, RENAME, verify and catalogue the backups, make every view again
/// (its columns are those of the new tables), drop what was swapped out, close the journal.
///
/// Errors: lock_contention with the blocker named where the account may see it; unavailable when
/// the answer to the RENAME was lost: then nobody knows, and settle() at the next start finds out;
/// sql_rejected for a view that the server does not take: before the RENAME, with nothing
/// published, or after it, where the message says that the tables are.
PublishReport publish(Connection& session, const Publication& publication,
                      const PublisherOptions& options);

/// Finishes or closes every publish on `schema` that a crash left open, by the marker: if it shows
/// the planned generation and run the RENAME happened and the rest is done now; otherwise the plan
/// is closed as abandoned. Call at every start with the schema's lock held, before anything is
/// read. A view that still cannot be made is logged and tried again at the next start; it stops
/// nobody. Returns one line a journal entry that was settled.
std::vector<std::string> settle(Connection& session, std::string_view schema,
                                const PublisherOptions& options);

/// One more than any generation of `schema` that is live or was ever planned, so that a number
/// means one content for ever, also after a restore.
std::uint64_t next_generation(Connection& session, std::string_view schema);

/// "_backup_20260202_070501" of this instant in Tokyo, moved on by seconds until no table of
/// `schemas` ends with it.
std::string backup_suffix(Connection& session, const std::vector<std::string>& schemas,
                          std::chrono::system_clock::time_point now);

/// `table` + `suffix`, with tables over 41 characters shortened by a hash so that the name fits 64.
std::string backup_name(std::string_view table, std::string_view suffix);

}  // namespace pipeline::publish
