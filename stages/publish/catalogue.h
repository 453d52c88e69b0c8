// The list of backups: which table, of which generation and date, and whether it still exists.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/lineage.h"
#include "stages/publish/plan.h"

namespace pipeline::publish {

struct Backup {
  TableName live;
  std::string backup_name;
  BackupKind kind = BackupKind::swapped_out;
  std::string run_id;                         // the run that made it
  std::uint64_t publish_id = 0;               // its entry in the journal; grows with time
  std::uint64_t generation = 0;               // in which its rows were live
  std::optional<BusinessDate> business_date;  // that it holds
  std::uint64_t built_by = 0;                 // the publish that built its rows; 0: unknown
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // data and indexes, as the server estimated them
  std::string checksum;     // content_checksum() when it was made; empty: not taken
  /// Rows, and the checksum where one was taken, were the same before the RENAME and after it.
  enum class Verified { no, yes } verified = Verified::no;
  std::chrono::system_clock::time_point created_at;
  enum class State {
    kept,
    gone,      // somebody dropped or renamed it
    dropped,   // by retention
    put_back,  // a restore made it the live table
  } state = State::kept;
  /// When a publish of the table noticed that it is gone.
  std::optional<std::chrono::system_clock::time_point> missed_at;

  TableName name() const { return {live.schema, backup_name}; }
};

/// Which backups; all when nothing is given.
struct BackupFilter {
  std::optional<TableName> live;  // of this table
  std::string layer_schema;       // made by publishes of the layer whose main schema this is
};

/// The backups that exist, newest first.
std::vector<Backup> list_backups(Connection& connection, const BackupFilter& filter = {});

/// The same with those that exist no more; at most the newest 10,000.
std::vector<Backup> list_all_backups(Connection& connection, const BackupFilter& filter = {});

/// What is to be known of `live` before it becomes, or is copied to, the backup `backup_name`:
/// rows, the date and the publish that they come from, and a checksum where that takes no second.
PublishPlan::Backup backup_of(Connection& session, const TableName& live, std::string backup_name,
                              BackupKind kind);

/// Rows of a backup before the RENAME and after it.
struct BackupRow {
  TableName live;
  std::string backup_name;
  std::uint64_t rows_before = 0;  // of the live table
  std::uint64_t rows_after = 0;   // of the backup
  bool verified() const { return rows_before == rows_after && !checksum_differs; }
  bool checksum_differs = false;
};

/// Counts the backups of `plan` and writes them down; what somebody took away meanwhile is written
/// down by what it was and not returned. May run twice: what was written first stays.
std::vector<BackupRow> catalogue_backups(Connection& session, const PublishPlan& plan,
                                         std::uint64_t publish_id);

/// Reads the checksums of the plan's backups and of its accumulated tables and writes them down:
/// slower than counting, so it comes after all that readers wait for. A table in whose place a
/// backup may have been put by hand gets none. May run twice: what was written first stays.
void catalogue_checksums(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                         std::vector<BackupRow>& rows);

/// Whether a plan's RENAME was done by this process a moment ago or by one that is dead: between a
/// death and the next start a person may have put a backup back by hand.
enum class RenamedWhen { just_now, earlier };

/// Writes down what each table of `plan` holds now, which backups became live, and, behind a RENAME
/// of just now, which ones of its tables somebody had taken away before. May run twice.
void note_published(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                    RenamedWhen when);

}  // namespace pipeline::publish
