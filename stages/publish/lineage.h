// Which day a live table holds, and from which table a run for a date must start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/table_update.h"

namespace pipeline::publish {

/// What a live table holds, by the records of the publishes and by its content.
struct HeldVersion {
  enum class Known {
    never_published,   // nothing is written about it
    by_records,        // the last publish or restore made it
    put_back_by_hand,  // somebody gave a backup its name: the content is that backup's
    doubtful,          // somebody touched it, and its content is nothing that was written down
  } known = Known::never_published;
  std::optional<BusinessDate> date;  // doubtful: that the records say
  std::uint64_t built_by = 0;        // the publish that built its rows; 0: unknown
  std::string backup_name = {};      // put_back_by_hand: the backup that is gone
  std::string doubt = {};            // doubtful: "<table> holds ...", for people
};

/// Why nobody may go on from a doubtful table, and the command that says which day it holds.
std::string doubt_refused(const TableName& live, const HeldVersion& held);

/// Reads the table only if one of its backups is gone without our doing since the last publish.
HeldVersion held_version(Connection& connection, const TableName& live);

/// Incremental tables of this layer that hold an earlier day than the records say, since somebody
/// put a backup back by hand, or of which nobody knows the day: before any other day comes the
/// layer is to be built again, although its marker shows this one. `schema` is the layer's main
/// schema.
std::vector<TableName> put_back_by_hand(Connection& connection, const std::string& schema);

/// A date for which a table was built, and the run before which it held an earlier date: the first
/// of those that last built it for this date one after the other.
struct BuiltDate {
  BusinessDate date;
  std::string run_id;
};

/// The dates after `held` and before `until` for which runs built `live`, oldest first: what a
/// table that holds `held` lacks when it is built for `until`.
std::vector<BuiltDate> dates_missing(Connection& connection, const TableName& live,
                                     std::optional<BusinessDate> held, BusinessDate until);

/// From what an incremental model starts when it is built for `date`.
struct IncrementalBase {
  enum class Start {
    nothing,  // there never was a table, or this very date began it anew: first or by full refresh
    live,     // the live table is of an earlier date
    backup,   // the date was applied already: the version before it
    lost,     // history is missing that once was there: the caller must not go on by itself
  } start = Start::nothing;
  TableName table;   // to copy from: live and backup
  std::string lost;  // for people: what is missing and what to do
  /// What people changed of the table behind that day's run, in order: the base lacks it.
  std::vector<TableUpdate> updates = {};
};

/// A run for a date that was applied already goes back behind the changes that people made since
/// (safe_update); `updates` tells them, so that they can be made again.
///
/// Never guesses: a table that was published and is gone or a view now, tables without their
/// marker, a date applied twice without the version before it, and a table that was put back to an
/// earlier date than the one before `date` are `lost`.
IncrementalBase incremental_base(Connection& connection, const TableName& live, BusinessDate date);

}  // namespace pipeline::publish
