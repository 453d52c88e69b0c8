// Carries out the plan of a publish, journalled so that no crash is guessed about.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/marker.h"
#include "stages/publish/plan.h"
#include "stages/publish/rename.h"

namespace pipeline::publish {

struct PublishReport {
  std::uint64_t generation = 0;  // of the main schema
  std::vector<BackupRow> backups;
  int tables_renamed = 0;
  int attempts = 1;
  std::chrono::milliseconds rename_duration{};
  std::vector<std::string> views_after;  // made right after the RENAME, not in it
};

/// Does all of `plan` or nothing: journal it, make the views that can be made beside their live
/// ones, RENAME, verify and catalogue the backups, make every view again (its columns are those of
/// the new tables), drop what was swapped out, close the journal. The candidates of the plan stand
/// in the shadows, the run's lock is held by `session`. Errors: as publish().
PublishReport carry_out(Connection& session, PublishPlan plan, const PublisherOptions& options);

/// Finishes or closes every publish on `schema` that a crash left open, by the marker: if it shows
/// the planned generation and run the RENAME happened and the rest is done now; otherwise the plan
/// is closed as abandoned. Call at every start with the schema's lock held, before anything is
/// read. A view that still cannot be made is logged and tried again at the next start; it stops
/// nobody. Returns one line a journal entry that was settled.
std::vector<std::string> settle(Connection& session, std::string_view schema,
                                const PublisherOptions& options);

/// The tests in spite of which the live generation of `marker` was published, unless they are noted
/// as told: a run may die between its RENAME and its report.
std::vector<std::string> untold_failed_tests(Connection& session, std::string_view schema,
                                             const Marker& marker);
void note_failed_tests_told(Connection& session, std::string_view schema, const Marker& marker);

/// One more than any generation of `schema` that is live or was ever planned, so that a number
/// means one content for ever, also after a restore.
std::uint64_t next_generation(Connection& session, std::string_view schema);

}  // namespace pipeline::publish
