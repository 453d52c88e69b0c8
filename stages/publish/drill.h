// Proves that a backup can be restored: by restoring it, beside everything, and comparing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/guard.h"
#include "stages/publish/restore.h"

namespace pipeline::publish {

/// Where drills restore to; nobody reads it.
inline constexpr std::string_view scratch_schema = "scratch__next";

/// Throws what require_rights() throws if the accounts may not do what drills do, and
/// wrong_database if the records of drills are missing.
void require_rights_to_drill(Connection& publisher, Connection& builder);

/// What a drill found out about one backup.
struct Drill {
  TableName live;
  enum class Source { backup, vault } source = Source::backup;
  std::string from;                           // the backup's name, "batch 17"; empty: there is none
  std::optional<BusinessDate> business_date;  // that it holds
  std::uint64_t rows = 0;                     // that were restored
  /// Why it does not prove; empty: it does.
  std::string finding;
  std::chrono::milliseconds took{};
  bool proven() const { return finding.empty(); }
};

/// "backup", "vault"
std::string_view word_of(Drill::Source source);

/// The table that the drill of `live` restores into.
TableName drill_table(const TableName& live, Drill::Source source);

/// Drops what drills of `schemas` that died left in the scratch schema; returns the names.
std::vector<TableName> sweep_drills(Connection& builder, const std::vector<std::string>& schemas);

/// Of each table that has backups the one that a restore without --at would take: its newest
/// verified one; a table none of whose backups is verified gets a failed Drill in `failed`.
std::vector<Backup> backups_to_prove(Connection& publisher, const std::string& layer_schema,
                                     std::vector<Drill>& failed);

/// The sessions of a drill. `builder` writes into the scratch schema; `asker` is one of the same
/// account in which a rule's closed_when is asked, with its clock at the business date.
struct DrillSessions {
  Connection& publisher;
  Connection& builder;
  Connection& asker;
};

/// Restores `backup` into the scratch schema, over `builder`, and compares: its rows and checksum
/// with what was recorded when it was made; with the live table where both hold the same version;
/// by `rule`, if there is one, where live was built on it. Live and backup are only read. The
/// scratch table is gone afterwards. What does not agree is the finding; errors of the session come
/// through.
Drill prove_backup(const DrillSessions& sessions, const Backup& backup, const HistoryRule* rule,
                   const CopyTable& copy);

/// Notes the drill as the last proven, or the last failed, of its table and source.
void write_drill(Connection& publisher, const Drill& drill, const std::string& run_id);

/// A drill as it was noted.
struct DrillRecord {
  Drill drill;
  std::string run_id;
  std::chrono::system_clock::time_point at;
};

/// `table`, `source`, `from`, `business_date`, `rows`, `outcome` (proven, failed), `finding`, `at`,
/// `run_id`.
Json to_json(const DrillRecord& record);

/// The last proven and the last failed drill of each table of these schemas and each source. None
/// where the records were made before drills were.
std::vector<DrillRecord> read_drills(Connection& connection,
                                     const std::vector<std::string>& schemas);

}  // namespace pipeline::publish
