// Which backups may go: a pure rule, and the account that carries it out.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "stages/publish/catalogue.h"

namespace pipeline::publish {

/// The backups made more than `keep_days` days ago that nobody needs. Needed are the newest
/// verified one of each table and the newest verified one of the date before that, from which a
/// rerun starts; the last one always. Which one is newer is told by the journal's numbers, not by a
/// clock. Nothing when `now` lies an hour or more before the newest backup (a clock that jumped
/// back proves nothing); a backup stamped in the future by a clock that was ahead for a while
/// counts as made when the next one was.
std::vector<Backup> expired_backups(const std::vector<Backup>& backups,
                                    std::chrono::system_clock::time_point now, int keep_days);

/// Drops the expired backups as etl_janitor and closes their catalogue rows; a table that is not in
/// the catalogue is never touched, and nothing is dropped if `now`, the host's time, and the
/// server's are more than an hour apart. Returns the names dropped, as schema.table.
std::vector<std::string> apply_retention(Connection& janitor,
                                         std::chrono::system_clock::time_point now, int keep_days);

}  // namespace pipeline::publish
