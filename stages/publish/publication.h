// Publishes finished candidates and their markers by one RENAME, journalled so that no crash is
// guessed about.
#pragma once

#include <chrono>
#include <cstdint>
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

/// A candidate `shadow_schema(live.schema)`.`live.table` that becomes `live`.
struct TablePublication {
  TableName live;
  SwappedOut swapped_out = SwappedOut::dropped;
};

/// A view of a live schema. `select` names live relations only.
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
};

/// Publishes all of `publication` or nothing.
///
/// Order: refuse what is not plain (guard_refused), count the rows of tables to back up, make the
/// views that can be made beside their live ones, journal the plan, RENAME, verify and catalogue
/// the backups, make the remaining views, drop what was swapped out, close the journal. Errors:
/// lock_contention with the blocker named where the account may see it; unavailable when the answer
/// to the RENAME was lost: then nobody knows, and settle() at the next start finds out.
PublishReport publish(Connection& session, const Publication& publication,
                      const PublisherOptions& options);

/// Finishes or closes every publish on `schema` that a crash left open, by the marker: if it shows
/// the planned generation and run the RENAME happened and the rest is done now; otherwise the plan
/// is closed as abandoned. Call at every start with the schema's lock held, before anything is
/// read. Returns one line a journal entry that was settled.
std::vector<std::string> settle(Connection& session, std::string_view schema,
                                const PublisherOptions& options);

/// "_backup_20260202_070501" of this instant in Tokyo, moved on by seconds until no table of
/// `schemas` ends with it.
std::string backup_suffix(Connection& session, const std::vector<std::string>& schemas,
                          std::chrono::system_clock::time_point now);

/// `table` + `suffix`, with tables over 41 characters shortened by a hash so that the name fits 64.
std::string backup_name(std::string_view table, std::string_view suffix);

}  // namespace pipeline::publish
