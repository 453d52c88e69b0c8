// The plan of one publish as it stands in the journal: enough to finish or close it after a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// Whether a table could be made again from today's input.
enum class Contents {
  rebuilt,      // made whole by every run
  accumulated,  // holds what earlier days gave (incremental models)
};

/// How a backup came to be.
enum class BackupKind {
  swapped_out,          // the publish of a run put a new table in its place
  copied,               // somebody asked for a copy of the live table
  replaced_by_restore,  // a restore or a rollback put an older table in its place
};

/// What a live table's rows come from.
enum class Origin {
  built,       // a run built them for the date
  built_anew,  // the same, without the rows that were there: a first build, a full refresh
  put_back,    // a restore took them from a backup
  declared,    // a person said which date they hold
  updated,     // a person changed what was live, by safe_update
};

/// What a plan is for.
enum class PlanKind { publish, restore, rollback, backup, holds, adopt, update };

/// The word for a value in the journal, the catalogue and JSON, and back (internal if unknown).
std::string_view word_of(Contents contents);
std::string_view word_of(BackupKind kind);
std::string_view word_of(Origin origin);
std::string_view word_of(PlanKind kind);
BackupKind backup_kind_of(std::string_view word);
Contents contents_of(std::string_view word);

/// Format: docs/formats/publish-journal.md.
struct PublishPlan {
  struct Backup {
    TableName live;
    std::string backup_name;
    std::uint64_t rows_before = 0;
    std::uint64_t generation = 0;               // that the backup holds
    std::optional<BusinessDate> business_date;  // that the backup holds
    BackupKind kind = BackupKind::swapped_out;
    std::uint64_t built_by = 0;   // the publish that built its rows; 0: unknown
    std::string checksum_before;  // of the live table; empty: not taken
  };
  struct Published {
    TableName live;
    bool had_predecessor = false;
    Contents contents = Contents::accumulated;
    std::string backup_name;  // empty: none
    Origin origin = Origin::built;
    std::optional<BusinessDate> business_date;  // that the rows hold; nullopt: the plan's
    std::uint64_t built_by = 0;                 // the publish that built the rows; 0: this one
    /// in_place: the live table itself was changed before the RENAME, which leaves it alone.
    enum class Way { swapped, in_place } way = Way::swapped;
  };
  /// What a person had done to the table.
  struct Update {
    std::string update_query;
    std::string validation_query;
  };
  struct View {
    TableName live;
    std::string select;
  };

  PlanKind kind = PlanKind::publish;
  std::string reason;  // that a person gave
  /// In spite of which the configuration had it published; told by the run, or by a later one.
  std::vector<std::string> failed_tests;
  std::string failed_tests_told_by;  // the id of the first run that did; empty: none yet
  std::string schema;                // the layer's main schema
  std::uint64_t generation = 0;
  std::string run_id;
  BusinessDate business_date;                            // that the layer's marker shows after it
  std::optional<BusinessDate> date_before;               // that it showed before
  std::vector<std::pair<TableName, TableName>> renames;  // in order
  std::vector<Backup> backups;
  std::vector<Published> published;
  std::optional<Update> update;     // of PlanKind::update
  std::vector<TableName> put_back;  // backups that become live tables
  std::vector<TableName>
      views_beside;         // <view>__next, to be made in the live schema before the RENAME
  std::string view_schema;  // default schema, sql_mode and collation in which views are made
  std::string view_sql_mode;
  std::string view_collation;
  std::vector<View> views;             // all, to be made with their new columns after it
  std::vector<TableName> drop_tables;  // swapped out and not kept
  std::vector<TableName> drop_views;

  Json to_json() const;
  /// Members that an older version did not write have their defaults.
  static PublishPlan from_json(const Json& document);
  /// "RENAME TABLE a TO b, ..."
  std::string rename_statement() const;
  /// Whether the layer's marker is swapped too. A copy for a backup changes nothing that is live.
  bool moves_marker() const;
};

}  // namespace pipeline::publish
