// Why one RENAME, and why a journal round it.
//
// Readers must see all of a layer change at one moment or not at all. MariaDB's RENAME TABLE takes
// a list, is atomic for plain InnoDB tables even when the server is killed in the middle, and the
// marker table is part of the list. So there is one fact that decides everything: the generation
// and run that the live marker shows.
//
//   planned  -- RENAME -->  live marker shows the plan's generation and run  -- rest -->  done
//      \--------------- it does not: nothing happened ------------------->  abandoned
//
// The plan is committed before the RENAME and holds what must follow it: counting the backups,
// views that could not be made beforehand, dropping what was swapped out. Each of these steps can
// be repeated. If the answer to the RENAME is lost, this process does not know what happened and
// does not guess: the error goes up, and settle() of the next start reads the marker.
#include "stages/publish/publication.h"

#include <algorithm>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/plan.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr unsigned int lock_wait_timeout = 1205;
constexpr unsigned int deadlock = 1213;
constexpr unsigned int statement_timeout = 1969;  // MariaDB: max_statement_time
constexpr std::chrono::milliseconds pause_between_attempts{50};
constexpr std::size_t unsuffixed_name_max = 41;  // 64 - length of "_backup_YYYYMMDD_HHMMSS"
constexpr std::size_t name_max = 64;
constexpr int blockers_named_max = 3;

/// `name` + `suffix`, the name shortened by a hash where both do not fit 64 characters. Counts
/// bytes, which are never fewer than characters.
std::string with_suffix(std::string_view name, std::string_view suffix) {
  if (name.size() + suffix.size() <= name_max) return std::string(name).append(suffix);
  const std::string hash = "_" + sha256_hex(name).substr(0, 8);
  std::string start(name.substr(0, name_max - suffix.size() - hash.size()));
  // A cut in the middle of a character would not be UTF-8.
  while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0xC0U) == 0x80U)
    start.pop_back();
  if (!start.empty() && static_cast<unsigned char>(start.back()) >= 0xC0U) start.pop_back();
  return start.append(hash).append(suffix);
}

TableName in_shadow(const TableName& live) {
  return {shadow_schema(live.schema), live.table};
}

std::string create_view(const TableName& name, const std::string& select, bool replace) {
  return fmt::format("CREATE {}SQL SECURITY INVOKER VIEW {} AS {}", replace ? "OR REPLACE " : "",
                     name.quoted(), select);
}

/// Builds the plan of one publication against what is live now.
class Planner {
 public:
  Planner(Connection& session, const Publication& publication, std::string suffix)
      : session_(session), publication_(publication), suffix_(std::move(suffix)) {}

  PublishPlan plan() {
    const auto& [schema, marker] = publication_.markers.front();
    plan_.schema = schema;
    plan_.generation = marker.generation;
    plan_.run_id = marker.run_id;
    plan_.business_date = marker.business_date;
    for (const auto& table : publication_.tables) add_table(table);
    for (const auto& live : publication_.withdrawn) withdraw(live);
    for (const auto& view : publication_.views) add_view(view);
    for (const auto& [marker_schema, unused] : publication_.markers) add_marker(marker_schema);
    return std::move(plan_);
  }

 private:
  void add_table(const TablePublication& table) {
    const TableName candidate = in_shadow(table.live);
    const RelationKind live_kind = relation_kind(session_, table.live);
    PublishPlan::Published published{
        .live = table.live, .had_predecessor = live_kind == RelationKind::table, .backup_name = {}};
    switch (live_kind) {
      case RelationKind::absent:
        rename(candidate, table.live);
        break;
      case RelationKind::view:
        set_view_aside(table.live);
        rename(candidate, table.live);
        break;
      case RelationKind::table:
        replace_table(table, candidate, published);
        break;
    }
    plan_.published.push_back(std::move(published));
  }

  void replace_table(const TablePublication& table, const TableName& candidate,
                     PublishPlan::Published& published) {
    switch (table.swapped_out) {
      case SwappedOut::exchanged: {
        const TableName aside{candidate.schema, with_suffix(candidate.table, "__swap")};
        rename(table.live, aside);
        rename(candidate, table.live);
        rename(aside, candidate);
        return;
      }
      case SwappedOut::dropped: {
        const TableName aside{candidate.schema, with_suffix(candidate.table, "__old")};
        rename(table.live, aside);
        rename(candidate, table.live);
        plan_.drop_tables.push_back(aside);
        return;
      }
      case SwappedOut::backup: {
        const TableName backup{table.live.schema, backup_name(table.live.table, suffix_)};
        const auto held = read_marker(session_, table.live.schema);
        plan_.backups.push_back(
            {.live = table.live,
             .backup_name = backup.table,
             .rows_before = count_rows(session_, table.live),
             .generation = held ? held->generation : 0,
             .business_date = held ? std::optional(held->business_date) : std::nullopt});
        published.backup_name = backup.table;
        rename(table.live, backup);
        rename(candidate, table.live);
        return;
      }
    }
  }

  void withdraw(const TableName& live) {
    if (relation_kind(session_, live) == RelationKind::table) rename(live, in_shadow(live));
  }

  /// The new view is made beside the live one where the server accepts its text against the live
  /// tables; otherwise (the first publish, a column that only the candidate has) right after.
  void add_view(const ViewPublication& view) {
    const TableName beside{view.live.schema, with_suffix(view.live.table, "__next")};
    const RelationKind live_kind = relation_kind(session_, view.live);
    session_.execute("DROP VIEW IF EXISTS " + beside.quoted());
    try {
      session_.execute(create_view(beside, view.select, false));
    } catch (const Error& error) {
      if (!session_.alive()) throw;
      log::info("the view {} is made right after the publish: {}", view.live.text(),
                error.message());
      if (live_kind == RelationKind::table) set_table_aside(view.live);
      plan_.views_after.push_back({.live = view.live, .select = view.select});
      return;
    }
    plan_.views_beside.push_back(beside);
    if (live_kind == RelationKind::view) set_view_aside(view.live);
    if (live_kind == RelationKind::table) set_table_aside(view.live);
    rename(beside, view.live);
  }

  void add_marker(const std::string& schema) {
    const TableName live{schema, std::string(marker_table)};
    const TablePublication table{
        .live = live,
        .swapped_out = plan_uses_exchange() ? SwappedOut::exchanged : SwappedOut::dropped};
    if (relation_kind(session_, live) == RelationKind::absent) {
      rename(in_shadow(live), live);
    } else {
      PublishPlan::Published unused;
      replace_table(table, in_shadow(live), unused);
    }
  }

  bool plan_uses_exchange() const {
    return std::any_of(
        publication_.tables.begin(), publication_.tables.end(),
        [](const auto& table) { return table.swapped_out == SwappedOut::exchanged; });
  }

  void set_view_aside(const TableName& live) {
    const TableName aside{live.schema, with_suffix(live.table, "__old")};
    session_.execute("DROP VIEW IF EXISTS " + aside.quoted());
    rename(live, aside);
    plan_.drop_views.push_back(aside);
  }

  void set_table_aside(const TableName& live) {
    const TableName aside{shadow_schema(live.schema), with_suffix(live.table, "__old")};
    rename(live, aside);
    plan_.drop_tables.push_back(aside);
  }

  void rename(const TableName& from, const TableName& to) { plan_.renames.emplace_back(from, to); }

  Connection& session_;
  const Publication& publication_;
  std::string suffix_;
  PublishPlan plan_;
};

bool is_contention(const Error& error) {
  const auto number = server_errno(error);
  return number == lock_wait_timeout || number == deadlock || number == statement_timeout;
}

/// The sessions that may stand in the way, as far as this account may see them.
std::string blockers(Connection& session) {
  std::string named;
  int count = 0;
  const auto rows = session.query(
      "SELECT ID, USER, TIME, COALESCE(LEFT(INFO, 80), COMMAND) FROM "
      "information_schema.PROCESSLIST "
      "WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Daemon' ORDER BY TIME DESC");
  for (const auto& row : rows.rows) {
    if (count++ == blockers_named_max) break;
    named += fmt::format("{}connection {} of {} for {} s: {}", named.empty() ? "" : "; ",
                         row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
                         row[3].value_or(""));
  }
  return named.empty() ? "this account may not see whose" : named;
}

/// Restores the waiting limits of the session however the RENAME ends.
class LockPatience {
 public:
  explicit LockPatience(Connection& session) : session_(session) {}
  LockPatience(const LockPatience&) = delete;
  LockPatience& operator=(const LockPatience&) = delete;
  ~LockPatience() {
    try {
      if (session_.alive()) set(session_.options().lock_wait_timeout.count(), 0);
    } catch (const std::exception& error) {
      log::warn("the publishing session keeps its short lock limits: {}", error.what());
    }
  }

  /// Gives up at once on a lock that is not free. MySQL has no 0, its least is a second.
  void none() { set(session_.family() == ServerFamily::mariadb ? 0 : 1, 2); }
  /// Waits a second a lock; the statement limit bounds their sum, since the first counts per lock.
  void a_second() { set(1, 2); }

 private:
  void set(std::int64_t lock_seconds, int statement_seconds) {
    session_.execute(fmt::format("SET SESSION lock_wait_timeout = {}", lock_seconds));
    if (session_.family() == ServerFamily::mariadb) {
      session_.execute(fmt::format("SET SESSION max_statement_time = {}", statement_seconds));
    }
  }

  Connection& session_;
};

void rename_all(Connection& session, const PublishPlan& plan, const PublisherOptions& options,
                PublishReport& report) {
  const std::string statement = plan.rename_statement();
  const auto begin = std::chrono::steady_clock::now();
  LockPatience patience(session);
  patience.none();
  bool waiting = false;
  for (report.attempts = 1;; ++report.attempts) {
    const auto attempt_begin = std::chrono::steady_clock::now();
    try {
      failpoint("publish_before_rename");
      session.execute(statement);
      failpoint("publish_after_rename");
      report.rename_duration = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - attempt_begin);
      return;
    } catch (const Error& error) {
      if (!is_contention(error)) throw;
      const auto tried_for = std::chrono::steady_clock::now() - begin;
      if (tried_for > options.keep_trying_for) {
        throw Error(
            ErrorKind::lock_contention,
            fmt::format("{} could not be published within {} s: its tables are in use ({}); "
                        "end that session or run again",
                        plan.schema, options.keep_trying_for.count(), blockers(session)))
            .caused_by(error);
      }
      if (!waiting && tried_for > options.try_without_waiting) {
        waiting = true;
        patience.a_second();
        log::warn("waiting to publish {}: {}", plan.schema, blockers(session));
      }
    }
    std::this_thread::sleep_for(pause_between_attempts);
  }
}

std::uint64_t journal(Connection& session, const PublishPlan& plan) {
  session.execute(
      fmt::format("INSERT INTO pipeline.publish_journal (schema_name, generation, run_id, "
                  "business_date, state, "
                  "plan, created_at) VALUES ({}, {}, {}, {}, 'planned', {}, UTC_TIMESTAMP(6))",
                  quote_text(plan.schema), plan.generation, quote_text(plan.run_id),
                  date_literal(plan.business_date), quote_text(plan.to_json().dump())));
  return to_number(session.query_value("SELECT LAST_INSERT_ID()"));
}

void close_journal(Connection& session, std::uint64_t publish_id, std::string_view state,
                   std::string_view note) {
  session.execute(
      fmt::format("UPDATE pipeline.publish_journal SET state = {}, closed_at = "
                  "UTC_TIMESTAMP(6), note = {} WHERE publish_id = {}",
                  quote_text(state), quote_text(head(note, 1000)), publish_id));
}

BackupRow catalogue_backup(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                           const PublishPlan::Backup& backup) {
  const TableName table{backup.live.schema, backup.backup_name};
  const BackupRow row{.live = backup.live,
                      .backup_name = backup.backup_name,
                      .rows_before = backup.rows_before,
                      .rows_after = count_rows(session, table)};
  session.execute(fmt::format(
      "INSERT INTO pipeline.backup (schema_name, backup_name, table_name, run_id, publish_id, "
      "generation, business_date, rows_before, rows_after, created_at) VALUES ({}, {}, {}, {}, {}, "
      "{}, {}, {}, {}, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE rows_after = VALUES(rows_after)",
      quote_text(table.schema), quote_text(table.table), quote_text(backup.live.table),
      quote_text(plan.run_id), publish_id, backup.generation, date_literal(backup.business_date),
      row.rows_before, row.rows_after));
  if (!row.verified()) {
    log::error("the backup {} has {} rows, the table had {} before the publish", table.text(),
               row.rows_after, row.rows_before);
  }
  return row;
}

/// What follows the RENAME. Every step may run twice.
std::vector<BackupRow> finish(Connection& session, const PublishPlan& plan,
                              std::uint64_t publish_id) {
  std::vector<BackupRow> backups;
  for (const auto& backup : plan.backups) {
    backups.push_back(catalogue_backup(session, plan, publish_id, backup));
  }
  for (const auto& table : plan.published) {
    session.execute(fmt::format(
        "INSERT INTO pipeline.published_table VALUES ({}, {}, {}, {}, {}, {}, {}) "
        "ON DUPLICATE KEY UPDATE generation = VALUES(generation)",
        publish_id, quote_text(table.live.schema), quote_text(table.live.table), plan.generation,
        date_literal(plan.business_date), table.had_predecessor ? 1 : 0,
        table.backup_name.empty() ? "NULL" : quote_text(table.backup_name)));
  }
  failpoint("publish_after_catalogue");
  for (const auto& view : plan.views_after) {
    session.execute(create_view(view.live, view.select, true));
  }
  failpoint("publish_after_views");
  for (const auto& view : plan.drop_views) session.execute("DROP VIEW IF EXISTS " + view.quoted());
  for (const auto& table : plan.drop_tables)
    session.execute("DROP TABLE IF EXISTS " + table.quoted());
  failpoint("publish_before_close");
  close_journal(session, publish_id, "done", "");
  return backups;
}

void abandon(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
             std::string_view why) {
  for (const auto& view : plan.views_beside) {
    session.execute("DROP VIEW IF EXISTS " + view.quoted());
  }
  close_journal(session, publish_id, "abandoned", why);
}

void require_unchanged(Connection& session, const Publication& publication) {
  for (const auto& [schema, generation] : publication.unchanged_generations) {
    const auto now = read_marker(session, schema);
    const std::uint64_t live = now ? now->generation : 0;
    if (live == generation) continue;
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} moved from generation {} to {} while {} was built; run it again",
                            schema, generation, live, publication.markers.front().first));
  }
}

std::vector<TableName> all_tables(const Publication& publication) {
  std::vector<TableName> tables;
  for (const auto& table : publication.tables) {
    tables.push_back(table.live);
    tables.push_back(in_shadow(table.live));
  }
  for (const auto& live : publication.withdrawn) tables.push_back(live);
  return tables;
}

}  // namespace

PublishReport publish(Connection& session, const Publication& publication,
                      const PublisherOptions& options) {
  require(!publication.markers.empty(), "a publication has a marker");
  require_plain_tables(session, all_tables(publication));
  require_unchanged(session, publication);
  std::vector<std::string> schemas;
  for (const auto& [schema, unused] : publication.markers) schemas.push_back(schema);
  const PublishPlan plan =
      Planner(session, publication, backup_suffix(session, schemas, options.clock.now())).plan();

  PublishReport report;
  report.generation = plan.generation;
  report.tables_renamed = static_cast<int>(publication.tables.size());
  const std::uint64_t publish_id = journal(session, plan);
  failpoint("publish_after_journal");
  try {
    rename_all(session, plan, options, report);
  } catch (const Error& error) {
    // The server said no, so nothing was renamed. A lost session says nothing: settle() will know.
    if (session.alive() && server_errno(error) != 0)
      abandon(session, plan, publish_id, error.message());
    throw;
  }
  report.backups = finish(session, plan, publish_id);
  for (const auto& view : plan.views_after) report.views_after.push_back(view.live.text());
  return report;
}

std::vector<std::string> settle(Connection& session, std::string_view schema,
                                const PublisherOptions& /*options*/) {
  std::vector<std::string> settled;
  const auto open = session.query(fmt::format(
      "SELECT publish_id, plan FROM pipeline.publish_journal WHERE schema_name = {} AND "
      "state = 'planned' ORDER BY publish_id",
      quote_text(schema)));
  for (const auto& row : open.rows) {
    const std::uint64_t publish_id = to_number(row[0]);
    const PublishPlan plan = PublishPlan::from_json(Json::parse(row[1].value_or("")));
    const auto marker = read_marker(session, schema);
    const bool happened =
        marker && marker->generation == plan.generation && marker->run_id == plan.run_id;
    if (happened) {
      finish(session, plan, publish_id);
    } else {
      abandon(session, plan, publish_id, "the marker shows that the RENAME did not happen");
    }
    settled.push_back(fmt::format(
        "publish {} of {} generation {} (run {}) was left open: {}", publish_id, schema,
        plan.generation, plan.run_id,
        happened ? "it had happened and is finished now" : "it had not happened and is closed"));
    log::warn("{}", settled.back());
  }
  return settled;
}

std::string backup_suffix(Connection& session, const std::vector<std::string>& schemas,
                          std::chrono::system_clock::time_point now) {
  std::vector<std::string> quoted;
  for (const auto& schema : schemas) quoted.push_back(quote_text(schema));
  for (;; now += std::chrono::seconds(1)) {
    // "2026-02-02T07:05:01+09:00" -> "_backup_20260202_070501"
    const std::string jst = format_jst(now);
    const std::string suffix = "_backup_" + replace_all(jst.substr(0, 10), "-", "") + "_" +
                               replace_all(jst.substr(11, 8), ":", "");
    const auto taken = session.query_value(
        fmt::format("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ({}) AND "
                    "RIGHT(TABLE_NAME, {}) = {}",
                    join(quoted, ", "), suffix.size(), quote_text(suffix)));
    if (to_number(taken) == 0) return suffix;
  }
}

std::string backup_name(std::string_view table, std::string_view suffix) {
  static_assert(unsuffixed_name_max + std::string_view("_backup_YYYYMMDD_HHMMSS").size() ==
                name_max);
  return with_suffix(table, suffix);
}

}  // namespace pipeline::publish
