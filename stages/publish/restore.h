// Restore, rollback, copies and declarations as plans: what is chosen, and what would be renamed.
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
#include "stages/publish/backup_choice.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/lineage.h"
#include "stages/publish/marker.h"
#include "stages/publish/plan.h"

namespace pipeline::publish {

/// A layer as the records know it; its project may be broken when somebody restores.
struct PublishedLayer {
  std::string schema;                // the main one
  std::vector<std::string> schemas;  // all that it ever published into, the main one first
  Marker marker;                     // of the main one
  /// lost: somebody dropped it or that of another schema, perhaps with the schema. The main one is
  /// then what the journal knows of the last publish, built from nothing that is live. Every plan
  /// but a backup's makes lost ones anew.
  enum class MarkerIs { live, lost } marker_is = MarkerIs::live;
};

/// Throws guard_refused if the layer was never published.
PublishedLayer read_published_layer(Connection& connection, const std::string& schema);

/// Makes those schemas of the layer, and their shadows, that somebody dropped; empty.
void make_dropped_schemas(Connection& connection, const PublishedLayer& layer);

/// Who asks, and why.
struct RestoreOrder {
  std::string run_id;
  std::string reason;  // may be empty
  std::chrono::system_clock::time_point now;
};

/// One table that is put back.
struct TableToRestore {
  TableName live;
  Backup backup;
  HeldVersion held;            // by the live table now
  bool live_is_there = false;  // otherwise somebody dropped it
  std::string kept_as;         // name of the backup that the live table becomes
  std::uint64_t rows_live = 0;
  std::optional<BusinessDate> date_after;  // that the live table then holds
  bool accumulates = false;                // incremental: each day is applied once
  /// Days that runs applied to the table and that it lacks then; none for a table that each run
  /// makes whole.
  std::vector<BuiltDate> missing;
  /// Changes that people made (safe_update) and that the table lacks then.
  std::vector<TableUpdate> undone = {};
};

/// A table that a rollback leaves as it is.
struct TableThatStays {
  TableName name;
  std::string why;
};

/// What a command would do: `plan` goes to carry_out() after write_markers().
struct Restoration {
  PublishPlan plan;
  std::vector<TableToRestore> tables;
  std::vector<TableThatStays> stays;
  std::vector<std::pair<std::string, Marker>> markers;  // by schema, to be written as candidates
  /// restore: the live table holds the wanted version already, and there is nothing to do.
  enum class Needed { yes, no } needed = Needed::yes;
};

/// One table back from a backup. `at` as parse_restore_point() reads it. Days that are missing then
/// make the marker show that the layer was built from nothing that is live, so that the next run
/// builds it.
///
/// Errors: config_invalid for a table of another layer and as choose_backup(); guard_refused as
/// choose_backup(), for a view, for a backup that was written to since it was made unless it is
/// asked for by its name, and for what is no plain table.
Restoration plan_restore(Connection& connection, const PublishedLayer& layer, const TableName& live,
                         const std::optional<std::string>& at, const RestoreOrder& order);

/// Every table of the layer back to what it was before `run_id` first published, as far as the
/// layer keeps backups of it. The marker shows the date that it showed before.
///
/// Errors: config_invalid for a run that published nothing here, naming the last ones;
/// guard_refused for the first run of the layer, if no backup is left, or if the one of an
/// incremental table is gone: the layer would hold two days.
Restoration plan_rollback(Connection& connection, const PublishedLayer& layer,
                          const std::string& run_id, const RestoreOrder& order);

/// Copies one table; as copy_candidate() of the transformers does.
using CopyTable = std::function<void(Connection&, const TableName& from, const TableName& to)>;

/// Copies `tables` into the shadow, from where the plan's RENAME takes them to their names as
/// backups. Empty: every table that a publish keeps as a backup. A failure leaves nothing behind
/// that the next run does not sweep. Errors: config_invalid for a table of another layer or one
/// that is not there; guard_refused for what is no plain table; those of `copy`.
Restoration plan_backup(Connection& connection, const PublishedLayer& layer,
                        const std::vector<TableName>& tables, const CopyTable& copy,
                        const RestoreOrder& order);

/// A note in the records, for after a repair by hand: `live` counts as holding `date`. Days after
/// it that were applied once count as missing, those before it do not. Errors: config_invalid for a
/// table of another layer or a date after the layer's; guard_refused if there is no such table.
Restoration plan_holds(Connection& connection, const PublishedLayer& layer, const TableName& live,
                       BusinessDate date, const RestoreOrder& order);

/// Puts the plan's markers into the shadows as candidates.
void write_markers(Connection& session, const Restoration& restoration);

}  // namespace pipeline::publish
