#include "stages/publish/retention.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

std::vector<Backup> expired_backups(const std::vector<Backup>& backups,
                                    std::chrono::system_clock::time_point now, int keep_days) {
  const auto keep_from = now - std::chrono::days(keep_days);
  const bool clock_went_back =
      std::any_of(backups.begin(), backups.end(),
                  [&](const Backup& backup) { return backup.created_at > now; });
  std::vector<Backup> expired;
  if (clock_went_back) return expired;
  for (const auto& backup : backups) {
    const bool newer_verified_exists =
        std::any_of(backups.begin(), backups.end(), [&](const Backup& other) {
          return other.live == backup.live && other.verified == Backup::Verified::yes &&
                 other.created_at > backup.created_at;
        });
    if (newer_verified_exists && backup.created_at < keep_from) expired.push_back(backup);
  }
  return expired;
}

std::vector<std::string> apply_retention(Connection& janitor,
                                         std::chrono::system_clock::time_point now, int keep_days) {
  std::vector<std::string> dropped;
  for (const auto& backup : expired_backups(list_backups(janitor), now, keep_days)) {
    const TableName table{backup.live.schema, backup.backup_name};
    failpoint("retention_before_drop");
    janitor.execute("DROP TABLE IF EXISTS " + table.quoted());
    failpoint("retention_after_drop");
    janitor.execute(fmt::format(
        "UPDATE pipeline.backup SET dropped_at = UTC_TIMESTAMP(6) WHERE schema_name = {} AND "
        "backup_name = {}",
        quote_text(table.schema), quote_text(table.table)));
    log::info("dropped the backup {} of {}: older than {} days and a newer one is verified",
              table.text(), format_jst(backup.created_at), keep_days);
    dropped.push_back(table.text());
  }
  return dropped;
}

}  // namespace pipeline::publish
