#include "stages/publish/publication.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/names.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/plan.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

void refuse(std::string message) {
  throw Error(ErrorKind::guard_refused, std::move(message));
}

/// Builds the plan of one publication against what is live now. Changes nothing.
class Planner {
 public:
  Planner(Connection& session, const Publication& publication, std::string suffix)
      : session_(session), publication_(publication), suffix_(std::move(suffix)) {}

  PublishPlan plan() {
    const auto& [schema, marker] = publication_.markers.front();
    plan_.kind = publication_.kind;
    plan_.update = publication_.update;
    plan_.schema = schema;
    plan_.generation = marker.generation;
    plan_.run_id = marker.run_id;
    plan_.business_date = marker.business_date;
    plan_.reason = publication_.reason;
    plan_.failed_tests = publication_.failed_tests;
    if (const auto shown = read_marker(session_, schema)) plan_.date_before = shown->business_date;
    for (const auto& table : publication_.tables) add_table(table);
    for (const auto& live : publication_.in_place) {
      plan_.published.push_back({.live = live,
                                 .had_predecessor = true,
                                 .contents = Contents::accumulated,
                                 .backup_name = {},
                                 .way = PublishPlan::Published::Way::in_place});
    }
    for (const auto& live : publication_.withdrawn) withdraw(live);
    for (const auto& view : publication_.views) add_view(view);
    if (publication_.view_session.given == ViewSession::Given::yes) {
      plan_.view_schema = publication_.view_session.default_schema;
      plan_.view_sql_mode = publication_.view_session.sql_mode;
      plan_.view_collation = publication_.view_session.collation;
    }
    for (const auto& [marker_schema, unused] : publication_.markers) add_marker(marker_schema);
    return std::move(plan_);
  }

 private:
  void add_table(const TablePublication& table) {
    const TableName candidate = in_shadow(table.live);
    const RelationKind live_kind = relation_kind(session_, table.live);
    PublishPlan::Published published{.live = table.live,
                                     .had_predecessor = live_kind == RelationKind::table,
                                     .contents = table.contents,
                                     .backup_name = {},
                                     .origin = table.origin,
                                     .business_date = table.holds};
    switch (live_kind) {
      case RelationKind::absent:
        break;
      case RelationKind::view:
        set_view_aside(table.live);
        break;
      case RelationKind::table:
        if (table.swapped_out == SwappedOut::exchanged) {
          exchange(table.live);
          plan_.published.push_back(std::move(published));
          return;
        }
        if (may_be_dropped(table.live) &&
            (table.swapped_out == SwappedOut::dropped || is_kept_already(table.live)) &&
            plan_.kind != PlanKind::update) {
          drop(table.live);
        } else {
          published.backup_name = keep(table.live);
        }
        break;
    }
    rename(candidate, table.live);
    plan_.published.push_back(std::move(published));
  }

  /// Only what a publish of ours made, and noted as made whole by each run, may go without a
  /// backup.
  bool may_be_dropped(const TableName& live) {
    const auto contents = session_.query_value(fmt::format(
        "SELECT contents FROM pipeline.published_table WHERE schema_name = {} AND table_name = {} "
        "ORDER BY publish_id DESC LIMIT 1",
        quote_text(live.schema), quote_text(live.table)));
    return contents == word_of(Contents::rebuilt);
  }

  void exchange(const TableName& live) {
    const TableName candidate = in_shadow(live);
    const TableName aside{candidate.schema, with_suffix(candidate.table, swap_suffix)};
    rename(live, aside);
    rename(candidate, live);
    rename(aside, candidate);
  }

  void drop(const TableName& live) {
    const TableName aside{shadow_schema(live.schema), with_suffix(live.table, aside_suffix)};
    rename(live, aside);
    plan_.drop_tables.push_back(aside);
  }

  /// The run published the table before for this date, and what it swapped out then is there: one
  /// backup a run. Whoever gives each night the same run id still gets one a date.
  bool is_kept_already(const TableName& live) {
    return std::ranges::any_of(list_backups(session_, {.live = live}), [&](const Backup& backup) {
      return backup.run_id == plan_.run_id && backup.kind == BackupKind::swapped_out &&
             backup.verified == Backup::Verified::yes && is_of_this_date(backup);
    });
  }

  bool is_of_this_date(const Backup& backup) {
    const auto date = session_.query_value(
        fmt::format("SELECT business_date FROM pipeline.publish_journal WHERE publish_id = {}",
                    backup.publish_id));
    return date == plan_.business_date.iso();
  }

  std::string keep(const TableName& live) {
    const TableName backup{live.schema, backup_name(live.table, suffix_)};
    plan_.backups.push_back(backup_of(session_, live, backup.table, BackupKind::swapped_out));
    rename(live, backup);
    return backup.table;
  }

  void withdraw(const TableName& live) {
    if (relation_kind(session_, live) == RelationKind::table) rename(live, in_shadow(live));
  }

  void add_view(const ViewPublication& view) {
    plan_.views.push_back({.live = view.live, .select = view.select});
    const TableName beside{view.live.schema, with_suffix(view.live.table, beside_suffix)};
    require_free(beside, view.live);
    plan_.views_beside.push_back(beside);
    switch (relation_kind(session_, view.live)) {
      case RelationKind::absent:
        break;
      case RelationKind::view:
        set_view_aside(view.live);
        break;
      case RelationKind::table:
        keep(view.live);
        break;
    }
    rename(beside, view.live);
  }

  void add_marker(const std::string& schema) {
    const TableName live{schema, std::string(marker_table)};
    const bool absent = relation_kind(session_, live) == RelationKind::absent;
    if (!absent && publication_.swapped_out_markers == SwappedOut::exchanged) {
      return exchange(live);
    }
    if (!absent) drop(live);
    rename(in_shadow(live), live);
  }

  void set_view_aside(const TableName& live) {
    const TableName aside{live.schema, with_suffix(live.table, aside_suffix)};
    require_free(aside, live);
    rename(live, aside);
    plan_.drop_views.push_back(aside);
  }

  /// Nothing of ours stands there: settle() removed what a crash left before this run began.
  void require_free(const TableName& name, const TableName& live) {
    if (relation_kind(session_, name) == RelationKind::absent) return;
    refuse(
        fmt::format("{} stands in the way: publishing {} needs that name for a moment; rename it",
                    name.text(), live.text()));
  }

  void rename(const TableName& from, const TableName& to) { plan_.renames.emplace_back(from, to); }

  Connection& session_;
  const Publication& publication_;
  std::string suffix_;
  PublishPlan plan_;
};

void require_unchanged(Connection& session, const Publication& publication) {
  for (const auto& [schema, generation] : publication.unchanged_generations) {
    const auto now = read_marker(session, schema);
    const std::uint64_t live = now ? now->generation : 0;
    if (live == generation) continue;
    refuse(fmt::format("{} moved from generation {} to {} while {} was built; run it again", schema,
                       generation, live, publication.markers.front().first));
  }
}

/// Whoever else got into the shadow would have left another marker there.
void require_own_candidates(Connection& session, const Publication& publication) {
  for (const auto& [schema, marker] : publication.markers) {
    const auto candidate = read_marker(session, shadow_schema(schema));
    if (candidate && candidate->generation == marker.generation &&
        candidate->run_id == marker.run_id) {
      continue;
    }
    refuse(fmt::format(
        "the candidates in {} are not those of run {}: {}", shadow_schema(schema), marker.run_id,
        candidate ? "run " + candidate->run_id + " wrote there" : "no marker is there"));
  }
}

std::vector<TableName> all_tables(const Publication& publication) {
  std::vector<TableName> tables;
  for (const auto& table : publication.tables) {
    tables.push_back(table.live);
    tables.push_back(in_shadow(table.live));
  }
  for (const auto& live : publication.in_place) tables.push_back(live);
  for (const auto& live : publication.withdrawn) tables.push_back(live);
  return tables;
}

}  // namespace

PublishReport publish(Connection& session, const Publication& publication,
                      const PublisherOptions& options) {
  require(!publication.markers.empty(), "a publication has a marker");
  require_run_lock(session, publication.markers.front().first, session.id());
  require_plain_tables(session, all_tables(publication));
  require_unchanged(session, publication);
  require_own_candidates(session, publication);
  std::vector<std::string> schemas;
  for (const auto& [schema, unused] : publication.markers) schemas.push_back(schema);
  return carry_out(
      session,
      Planner(session, publication, backup_suffix(session, schemas, options.clock.now())).plan(),
      options);
}

}  // namespace pipeline::publish
