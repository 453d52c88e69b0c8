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

/// How the reason of a publish begins for which somebody overrode the guards.
inline constexpr std::string_view guards_overridden = "guards overridden: ";

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

/// A publish that the configuration wanted in spite of failed tests, and of which a run is to tell.
struct UntoldPublish {
  std::uint64_t publish_id = 0;
  std::uint64_t generation = 0;
  std::string run_id;
  BusinessDate business_date;
  std::vector<std::string> failed_tests;
};

/// What the run `run_id` has to tell of `schema`, oldest first: what it published itself, what no
/// run told, because one died between its RENAME and its report, and what this run noted as told.
/// So an orchestrator that tries a run again under its id hears the same again. It does not matter
/// which generation is live by now.
std::vector<UntoldPublish> untold_publishes(Connection& session, std::string_view schema,
                                            std::string_view run_id);
/// Other runs are not to tell of them any more.
void note_told(Connection& session, const std::vector<UntoldPublish>& told,
               std::string_view run_id);

/// Whether the generation that `live` shows was published for a reason with these words in it.
bool was_published_for(Connection& session, std::string_view schema, const Marker& live,
                       std::string_view words);

/// One more than any generation of `schema` that is live or was ever planned, so that a number
/// means one content for ever, also after a restore.
std::uint64_t next_generation(Connection& session, std::string_view schema);

}  // namespace pipeline::publish
