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
// The plan is committed before the first effect and holds what must follow the RENAME: counting the
// backups, making the views, dropping what was swapped out. Each of these steps can be repeated,
// and none of them can keep a later start from working. If the answer to the RENAME is lost, this
// process does not know what happened and does not guess: the error goes up, and settle() of the
// next start reads the marker.
//
// Views are special twice. A view cannot move between schemas, so it is made beside the live one
// and renamed there. And CREATE VIEW fixes its columns, "*" included, against the tables that are
// live at that moment, the old ones; so every view is made once more right after the RENAME. The
// first keeps readers from ever missing the view, the second gives it the columns that were tested.
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
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr unsigned int lock_wait_timeout = 1205;
constexpr unsigned int deadlock = 1213;
constexpr unsigned int statement_timeout = 1969;  // MariaDB: max_statement_time
constexpr unsigned int no_such_table = 1146;
constexpr unsigned int no_such_column = 1054;
constexpr unsigned int view_invalid = 1356;
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::chrono::milliseconds longest_pause{2000};
constexpr std::string_view beside_suffix = "__next";
constexpr std::string_view aside_suffix = "__old";
constexpr std::string_view swap_suffix = "__swap";
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

void refuse(std::string message) {
  throw Error(ErrorKind::guard_refused, std::move(message));
}

std::string_view word_of(Contents contents) {
  switch (contents) {
    case Contents::rebuilt:
      return "rebuilt";
    case Contents::accumulated:
      return "accumulated";
  }
  return "accumulated";
}

/// The session as it was when the views were built and tested, for the time that they are made;
/// without word about it the session stays as it is. Statements of our own are right in any mode
/// that model sessions have.
void read_views_as_tested(Connection& session, const PublishPlan& plan, const TableName& view) {
  session.execute("USE " + quote_name(plan.view_schema.empty() ? view.schema : plan.view_schema));
  if (plan.view_collation.empty()) return;
  session.execute("SET SESSION sql_mode = " + quote_text(plan.view_sql_mode));
  session.execute("SET NAMES utf8mb4 COLLATE " + quote_name(plan.view_collation));
}

/// Builds the plan of one publication against what is live now. Changes nothing.
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
                                     .contents = std::string(word_of(table.contents)),
                                     .backup_name = {}};
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
        if (table.swapped_out == SwappedOut::dropped && may_be_dropped(table.live)) {
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

  std::string keep(const TableName& live) {
    const TableName backup{live.schema, backup_name(live.table, suffix_)};
    const auto held = read_marker(session_, live.schema);
    plan_.backups.push_back(
        {.live = live,
         .backup_name = backup.table,
         .rows_before = count_rows(session_, live),
         .generation = held ? held->generation : 0,
         .business_date = held ? std::optional(held->business_date) : std::nullopt});
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
    if (!absent && exchanges()) return exchange(live);
    if (!absent) drop(live);
    rename(in_shadow(live), live);
  }

  bool exchanges() const {
    return std::ranges::any_of(publication_.tables, [](const auto& table) {
      return table.swapped_out == SwappedOut::exchanged;
    });
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

/// Makes the views of the plan beside the live ones. A view that the old live tables cannot carry
/// (the first publish, a column that only the candidate has) leaves the RENAME; it is made right
/// after. Returns these.
std::vector<std::string> make_views_beside(Connection& session, PublishPlan& plan) {
  std::vector<std::string> deferred;
  std::vector<TableName> made;
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    const auto& view = plan.views[i];
    const TableName beside = plan.views_beside[i];
    try {
      read_views_as_tested(session, plan, view.live);
      session.execute(create_view(beside, view.select, false));
      made.push_back(beside);
    } catch (const Error& error) {
      const auto number = server_errno(error);
      if (number != no_such_table && number != no_such_column && number != view_invalid) {
        throw Error(error.kind(), fmt::format("the view {} cannot be made under its live names, so "
                                              "nothing is published",
                                              view.live.text()))
            .caused_by(error);
      }
      log::info("the view {} is made right after the publish: {}", view.live.text(),
                error.message());
      std::erase_if(plan.renames, [&](const auto& pair) { return pair.first == beside; });
      deferred.push_back(view.live.text());
    }
  }
  plan.views_beside = std::move(made);
  return deferred;
}

bool is_contention(const Error& error) {
  const auto number = server_errno(error);
  return number == lock_wait_timeout || number == deadlock || number == statement_timeout;
}

/// The sessions that may stand in the way, as far as this account may see them. Never their SQL: it
/// holds values of rows.
std::string blockers(Connection& session) {
  std::string named;
  int count = 0;
  const auto rows = session.query(
      "SELECT ID, USER, TIME, COMMAND, COALESCE(STATE, '') FROM information_schema.PROCESSLIST "
      "WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Daemon' AND USER <> SUBSTRING_INDEX(USER(), "
      "'@', "
      "1) ORDER BY TIME DESC");
  for (const auto& row : rows.rows) {
    if (count++ == blockers_named_max) break;
    named += fmt::format("{}connection {} of {} for {} s: {} {}", named.empty() ? "" : "; ",
                         row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
                         row[3].value_or(""), row[4].value_or(""));
  }
  return named.empty() ? "this account may not see by whom" : named;
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

/// The one fact: the live marker shows the plan's generation and run.
bool has_happened(Connection& session, const PublishPlan& plan) {
  const auto marker = read_marker(session, plan.schema);
  return marker && marker->generation == plan.generation && marker->run_id == plan.run_id;
}

void rename_all(Connection& session, const PublishPlan& plan, const PublisherOptions& options,
                PublishReport& report) {
  const std::string statement = plan.rename_statement();
  const auto begin = std::chrono::steady_clock::now();
  LockPatience patience(session);
  patience.none();
  bool waiting = false;
  auto pause = first_pause;
  for (report.attempts = 1;; ++report.attempts) {
    const auto attempt_begin = std::chrono::steady_clock::now();
    try {
      options.check_cancelled();
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
        log::warn("waiting to publish {}: its tables are in use ({})", plan.schema,
                  blockers(session));
      }
    }
    // While a RENAME waits, new readers queue behind it; the pauses are theirs.
    std::this_thread::sleep_for(pause);
    if (waiting) pause = std::min(pause * 2, longest_pause);
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

void rewrite_plan(Connection& session, std::uint64_t publish_id, const PublishPlan& plan) {
  session.execute(fmt::format("UPDATE pipeline.publish_journal SET plan = {} WHERE publish_id = {}",
                              quote_text(plan.to_json().dump()), publish_id));
}

void close_journal(Connection& session, std::uint64_t publish_id, std::string_view state,
                   std::string_view note) {
  session.execute(
      fmt::format("UPDATE pipeline.publish_journal SET state = {}, closed_at = "
                  "UTC_TIMESTAMP(6), note = {} WHERE publish_id = {}",
                  quote_text(state), quote_text(head(note, 1000)), publish_id));
}

/// Counts the backup and writes it down; nothing if somebody took it away meanwhile.
std::optional<BackupRow> catalogue_backup(Connection& session, const PublishPlan& plan,
                                          std::uint64_t publish_id,
                                          const PublishPlan::Backup& backup) {
  const TableName table{backup.live.schema, backup.backup_name};
  if (relation_kind(session, table) == RelationKind::absent) {
    log::warn("the backup {} is gone before it was counted; somebody dropped or renamed it",
              table.text());
    return {};
  }
  const BackupRow row{.live = backup.live,
                      .backup_name = backup.backup_name,
                      .rows_before = backup.rows_before,
                      .rows_after = count_rows(session, table)};
  session.execute(fmt::format(
      "INSERT INTO pipeline.backup (schema_name, backup_name, table_name, run_id, publish_id, "
      "generation, business_date, rows_before, rows_after, created_at) VALUES ({}, {}, {}, {}, {}, "
      "{}, {}, {}, {}, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE rows_after = VALUES(rows_after), "
      "dropped_at = NULL",
      quote_text(table.schema), quote_text(table.table), quote_text(backup.live.table),
      quote_text(plan.run_id), publish_id, backup.generation, date_literal(backup.business_date),
      row.rows_before, row.rows_after));
  if (!row.verified()) {
    log::error("the backup {} has {} rows, the table had {} before the publish", table.text(),
               row.rows_after, row.rows_before);
  }
  return row;
}

void note_published(Connection& session, const PublishPlan& plan, std::uint64_t publish_id) {
  for (const auto& table : plan.published) {
    session.execute(fmt::format(
        "INSERT INTO pipeline.published_table (publish_id, schema_name, table_name, generation, "
        "business_date, had_predecessor, contents, backup_name) VALUES ({}, {}, {}, {}, {}, {}, "
        "{}, "
        "{}) ON DUPLICATE KEY UPDATE generation = VALUES(generation)",
        publish_id, quote_text(table.live.schema), quote_text(table.live.table), plan.generation,
        date_literal(plan.business_date), table.had_predecessor ? 1 : 0, quote_text(table.contents),
        table.backup_name.empty() ? "NULL" : quote_text(table.backup_name)));
  }
}

/// Runs a step whose failure must not keep the others from running; false if it failed.
bool attempt(Connection& session, const std::string& sql, std::string_view what) {
  try {
    session.execute(sql);
    return true;
  } catch (const Error& error) {
    if (!session.alive()) throw;
    log::error("{}: {}", what, error.message());
    return false;
  }
}

struct Finished {
  std::vector<BackupRow> backups;
  std::vector<std::string> views_missing;
};

/// What follows the RENAME. Every step may run twice; only a lost session ends it early.
Finished finish(Connection& session, const PublishPlan& plan, std::uint64_t publish_id) {
  Finished finished;
  for (const auto& backup : plan.backups) {
    if (const auto row = catalogue_backup(session, plan, publish_id, backup)) {
      finished.backups.push_back(*row);
    }
  }
  note_published(session, plan, publish_id);
  failpoint("publish_after_catalogue");
  for (const auto& view : plan.views) {
    read_views_as_tested(session, plan, view.live);
    if (!attempt(session, create_view(view.live, view.select, true),
                 "the view " + view.live.text() + " could not be made after the publish")) {
      finished.views_missing.push_back(view.live.text());
    }
  }
  failpoint("publish_after_views");
  // The journal is a table that may be written to; a name that is not ours is never dropped.
  for (const auto& view : plan.drop_views) {
    if (!view.table.ends_with(aside_suffix)) continue;
    attempt(session, "DROP VIEW IF EXISTS " + view.quoted(), "a view that was swapped out stays");
  }
  for (const auto& table : plan.drop_tables) {
    if (!table.schema.ends_with(shadow_schema("")) || !table.table.ends_with(aside_suffix))
      continue;
    attempt(session, "DROP TABLE IF EXISTS " + table.quoted(),
            "a table that was swapped out stays");
  }
  failpoint("publish_before_close");
  const bool whole = finished.views_missing.empty();
  close_journal(session, publish_id, whole ? "done" : "unfinished",
                whole ? "" : "views that could not be made: " + join(finished.views_missing, ", "));
  return finished;
}

void abandon(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
             std::string_view why) {
  for (const auto& view : plan.views_beside) {
    if (!view.table.ends_with(beside_suffix)) continue;
    attempt(session, "DROP VIEW IF EXISTS " + view.quoted(), "a view that was made aside stays");
  }
  close_journal(session, publish_id, "abandoned", why);
}

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
  for (const auto& live : publication.withdrawn) tables.push_back(live);
  return tables;
}

/// Renames, or closes the journal where the marker shows that nothing was renamed. A lost session
/// says nothing: settle() will know.
void rename_or_abandon(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                       const PublisherOptions& options, PublishReport& report) {
  try {
    rename_all(session, plan, options, report);
  } catch (const Error& error) {
    if (!session.alive() || error.kind() == ErrorKind::internal) throw;
    if (has_happened(session, plan)) return;
    abandon(session, plan, publish_id, error.message());
    throw;
  }
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
  PublishPlan plan =
      Planner(session, publication, backup_suffix(session, schemas, options.clock.now())).plan();

  PublishReport report;
  report.generation = plan.generation;
  report.tables_renamed = static_cast<int>(publication.tables.size());
  const std::uint64_t publish_id = journal(session, plan);
  failpoint("publish_after_journal");
  try {
    report.views_after = make_views_beside(session, plan);
  } catch (const Error& error) {
    if (session.alive()) abandon(session, plan, publish_id, error.message());
    throw;
  }
  rewrite_plan(session, publish_id, plan);
  rename_or_abandon(session, plan, publish_id, options, report);
  Finished finished = finish(session, plan, publish_id);
  report.backups = std::move(finished.backups);
  if (!finished.views_missing.empty()) {
    throw Error(
        ErrorKind::sql_rejected,
        fmt::format("{} is published (generation {}), but these views could not be made: {}; "
                    "the log has the server's words, the next start tries again",
                    plan.schema, plan.generation, join(finished.views_missing, ", ")));
  }
  return report;
}

std::vector<std::string> settle(Connection& session, std::string_view schema,
                                const PublisherOptions& /*options*/) {
  std::vector<std::string> settled;
  const auto open = session.query(fmt::format(
      "SELECT publish_id, plan, state FROM pipeline.publish_journal WHERE schema_name = "
      "{} AND state IN ('planned', 'unfinished') ORDER BY publish_id",
      quote_text(schema)));
  for (const auto& row : open.rows) {
    const std::uint64_t publish_id = to_number(row[0]);
    const PublishPlan plan = PublishPlan::from_json(Json::parse(row[1].value_or("")));
    const bool live = has_happened(session, plan);
    std::string_view outcome = "it had not happened and is closed";
    if (live) {
      finish(session, plan, publish_id);
      outcome = "it had happened and is finished now";
    } else if (row[2] == "unfinished") {
      close_journal(session, publish_id, "done", "a newer generation took its place");
      outcome = "a newer generation took its place";
    } else {
      abandon(session, plan, publish_id, "the marker shows that the RENAME did not happen");
    }
    settled.push_back(fmt::format("publish {} of {} generation {} (run {}) was left open: {}",
                                  publish_id, schema, plan.generation, plan.run_id, outcome));
    log::warn("{}", settled.back());
  }
  return settled;
}

std::uint64_t next_generation(Connection& session, std::string_view schema) {
  const auto marker = read_marker(session, schema);
  const auto planned = session.query_value(
      fmt::format("SELECT MAX(generation) FROM pipeline.publish_journal WHERE schema_name = {}",
                  quote_text(schema)));
  return std::max(marker ? marker->generation : 0, to_number(planned)) + 1;
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
