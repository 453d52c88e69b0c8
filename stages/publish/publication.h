// Publishes finished candidates and their markers by one RENAME, journalled so that no crash is
// guessed about.
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
#include "stages/publish/journal.h"
#include "stages/publish/marker.h"
#include "stages/publish/names.h"
#include "stages/publish/plan.h"

namespace pipeline::publish {

/// What happens to the table that was live.
enum class SwappedOut {
  exchanged,  // takes the candidate's place in the shadow (double-buffered staging)
  dropped,    // moves to the shadow and is dropped there
  backup,     // stays in the live schema as <table>_backup_YYYYMMDD_HHMMSS, catalogued
};

/// A candidate `shadow_schema(live.schema)`.`live.table` that becomes `live`. A live table is only
/// ever dropped if the publish that made it noted it as `rebuilt`: whatever else stands there, made
/// by hand or by a model that was incremental before, is kept as a backup even if `dropped` is
/// asked.
struct TablePublication {
  TableName live;
  SwappedOut swapped_out = SwappedOut::dropped;
  Contents contents = Contents::rebuilt;
  Origin origin = Origin::built;
  std::optional<BusinessDate> holds = {};  // nullopt: the date of the marker
};

/// How the texts of views are to be read: as in the session that built and tested them. A server
/// keeps sql_mode and collation with a view, and a name without a schema gets the default one.
struct ViewSession {
  std::string default_schema;  // empty: the view's own
  std::string sql_mode;
  std::string collation;  // of utf8mb4
  enum class Given { no, yes } given = Given::no;
};

/// A view of a live schema. `select` names live relations only. A table of that name is kept as a
/// backup.
struct ViewPublication {
  TableName live;
  std::string select;
};

struct Publication {
  std::string run_id;
  PlanKind kind = PlanKind::publish;
  std::optional<PublishPlan::Update> update = {};  // of PlanKind::update
  /// Schema and marker of every schema that takes part; the candidates of the markers must stand in
  /// the shadows (write_candidate_marker). The first is the layer's main schema.
  std::vector<std::pair<std::string, Marker>> markers;
  std::vector<TablePublication> tables;
  /// Live tables that hold the new rows already and are only written down.
  std::vector<TableName> in_place = {};
  /// Live tables that leave without a successor; they move to the shadow under their name.
  std::vector<TableName> withdrawn;
  /// exchanged: the shadow shows then to which generation the tables in it belonged.
  SwappedOut swapped_out_markers = SwappedOut::dropped;
  std::vector<ViewPublication> views;
  ViewSession view_session;
  std::string reason;                          // that a person gave, for the journal; may be empty
  std::vector<std::string> failed_tests = {};  // see PublishPlan
  /// Markers that must still be as they were read when the work began; otherwise guard_refused.
  std::vector<std::pair<std::string, std::uint64_t>> unchanged_generations;
};

/// Publishes all of `publication` or nothing.
///
/// Order: refuse what is not plain, stands in the way or is not this run's candidate
/// (guard_refused), count the rows of tables to back up, journal the plan, make the views that can
/// be made beside their live ones, RENAME, verify and catalogue the backups, make every view again
/// (its columns are those of the new tables), drop what was swapped out, close the journal.
///
/// Errors: lock_contention with the blocker named where the account may see it; unavailable when
/// the answer to the RENAME was lost: then nobody knows, and settle() at the next start finds out;
/// sql_rejected for a view that the server does not take: before the RENAME, with nothing
/// published, or after it, where the message says that the tables are.
PublishReport publish(Connection& session, const Publication& publication,
                      const PublisherOptions& options);

}  // namespace pipeline::publish
