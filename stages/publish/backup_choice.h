// Which backup a restore takes: a pure rule over the catalogue and the times of the publishes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "stages/publish/catalogue.h"

namespace pipeline::publish {

/// What a person asks for with --at.
/// Nothing: the newest verified backup, other than those that a restore or rollback replaced.
struct Newest {};
struct AtInstant {
  std::chrono::system_clock::time_point instant;
};
struct BeforeRun {
  std::string run_id;
};
struct ByName {
  std::string backup_name;
};
using RestorePoint = std::variant<Newest, AtInstant, BeforeRun, ByName>;

/// "2026-02-03 07:05", "2026-02-03T07:05:30", each with an optional "Z" or "+09:00", otherwise in
/// Tokyo; nullopt if it is something else.
std::optional<std::chrono::system_clock::time_point> parse_moment(std::string_view text);

/// A moment, the name of one of `backups` (with or without its schema), or else a run. Throws
/// config_invalid for a date without a time: it may mean the state of its morning or that of its
/// evening.
RestorePoint parse_restore_point(const std::optional<std::string>& at,
                                 const std::vector<Backup>& backups);

/// A publish or restore that made the table live.
struct MadeLive {
  std::uint64_t publish_id = 0;
  std::chrono::system_clock::time_point since;
};

struct BackupChoice {
  /// The version that was meant; it may be gone.
  Backup meant;
  /// A table that holds this version: the backup itself, or another one to which a restore or a
  /// copy has taken the same rows. nullopt: the live table holds them.
  std::optional<Backup> table;
};

/// `backups` of one table, newest first, gone ones too; `lives` in the order of time;
/// `live_built_by` is the version that is live now.
///
/// Errors, all with the backups that are there: config_invalid for a run or a name that is not
/// known; guard_refused where nothing can be taken: none is there, the one that is meant is gone,
/// the live table itself is meant, or it is not verified and was not asked for by its name.
BackupChoice choose_backup(const RestorePoint& point, const std::vector<Backup>& backups,
                           const std::vector<MadeLive>& lives, std::uint64_t live_built_by);

}  // namespace pipeline::publish
