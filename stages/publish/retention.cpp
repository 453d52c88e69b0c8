#include "stages/publish/retention.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/names.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {

namespace {

// The server stamps a backup, the host compares: their clocks may differ a little.
constexpr std::chrono::hours clock_tolerance{1};
constexpr std::size_t suffix_length = std::string_view("_backup_YYYYMMDD_HHMMSS").size();

/// Whether `name` is one that a publish gives to a backup. The catalogue is a table that may be
/// written to; a name of another form is never dropped.
bool is_backup_name(const Backup& backup) {
  const std::string& name = backup.backup_name;
  if (name.size() <= suffix_length) return false;
  const std::string suffix = name.substr(name.size() - suffix_length);
  const auto digits = [&](std::size_t at, std::size_t count) {
    return suffix.find_first_not_of("0123456789", at) >= at + count;
  };
  return suffix.starts_with("_backup_") && digits(8, 8) && suffix[16] == '_' &&
         suffix.find_first_not_of("0123456789", 17) == std::string::npos &&
         name == backup_name(backup.live.table, suffix);
}

bool is_newer(const Backup& one, const Backup& other) {
  return std::tie(one.publish_id, one.created_at) > std::tie(other.publish_id, other.created_at);
}

/// The newest verified backup of each of a table's two newest dates: what a restore wants, and what
/// a rerun of the live date starts from. What a restore took away stands for no good one.
bool is_needed(const Backup& backup, const std::vector<Backup>& backups) {
  std::set<std::optional<BusinessDate>> newer_dates;
  for (const auto& other : backups) {
    const bool newer = other.live == backup.live && other.verified == Backup::Verified::yes &&
                       other.kind != BackupKind::replaced_by_restore && is_newer(other, backup);
    if (newer) newer_dates.insert(other.business_date);
  }
  if (newer_dates.empty()) return true;
  return newer_dates.size() == 1 && !newer_dates.contains(backup.business_date) &&
         backup.verified == Backup::Verified::yes;
}

/// When the backup was made, as well as one can tell at `now`: a later one proves that a stamp of
/// the future was wrong. nullopt if nothing proves it.
std::optional<std::chrono::system_clock::time_point> made_at(
    const Backup& backup, const std::vector<Backup>& backups,
    std::chrono::system_clock::time_point now) {
  const auto latest = now + clock_tolerance;
  if (backup.created_at <= latest) return backup.created_at;
  std::optional<std::chrono::system_clock::time_point> made;
  for (const auto& other : backups) {
    if (!is_newer(other, backup) || other.created_at > latest) continue;
    made = made ? std::min(*made, other.created_at) : other.created_at;
  }
  return made;
}

}  // namespace

std::vector<Backup> expired_backups(const std::vector<Backup>& backups,
                                    std::chrono::system_clock::time_point now, int keep_days) {
  // In days: a large keep_days would overflow the clock's nanoseconds.
  const auto today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  std::vector<Backup> expired;
  for (const auto& backup : backups) {
    const auto made = made_at(backup, backups, now);
    if (!made) {
      log::warn("retention drops nothing: the backup {} is newer than the clock of this host",
                backup.backup_name);
      return {};
    }
    const auto day = std::chrono::floor<std::chrono::days>(*made).time_since_epoch().count();
    if (today - day > keep_days && !is_needed(backup, backups)) expired.push_back(backup);
  }
  return expired;
}

namespace {

bool clocks_agree(Connection& janitor, std::chrono::system_clock::time_point now) {
  const auto seconds = janitor.query_value("SELECT FLOOR(UNIX_TIMESTAMP(SYSDATE(6)))");
  const auto server = std::chrono::system_clock::time_point(
      std::chrono::seconds(static_cast<std::int64_t>(to_number(seconds))));
  if (server - now <= clock_tolerance && now - server <= clock_tolerance) return true;
  log::warn("retention drops nothing: this host's clock shows {}, the server's {}", format_utc(now),
            format_utc(server));
  return false;
}

}  // namespace

std::vector<std::string> apply_retention(Connection& janitor,
                                         std::chrono::system_clock::time_point now, int keep_days) {
  std::vector<std::string> dropped;
  if (!clocks_agree(janitor, now)) return dropped;
  for (const auto& backup : expired_backups(list_backups(janitor), now, keep_days)) {
    const TableName table{backup.live.schema, backup.backup_name};
    if (!is_backup_name(backup)) {
      log::error("the catalogue names {} as a backup, which no publish made; it is left alone",
                 table.text());
      continue;
    }
    failpoint("retention_before_drop");
    try {
      janitor.execute("DROP TABLE IF EXISTS " + table.quoted());
    } catch (const Error& error) {
      if (!janitor.alive()) throw;
      log::warn("the backup {} stays until the next run: {}", table.text(), error.message());
      continue;
    }
    failpoint("retention_after_drop");
    janitor.execute(
        fmt::format("UPDATE pipeline.backup SET dropped_at = UTC_TIMESTAMP(6) WHERE schema_name = "
                    "{} AND backup_name = {}",
                    quote_text(table.schema), quote_text(table.table)));
    log::info("dropped the backup {} of {}: older than {} days and a newer one is verified",
              table.text(), format_jst(backup.created_at), keep_days);
    dropped.push_back(table.text());
  }
  return dropped;
}

}  // namespace pipeline::publish
