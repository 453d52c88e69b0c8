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
#include "stages/publish/journal.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/publish/names.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr unsigned int no_such_table = 1146;
constexpr unsigned int no_such_column = 1054;
constexpr unsigned int view_invalid = 1356;

constexpr std::size_t reason_bytes_max = 1000;

std::string create_view(const TableName& name, const std::string& select, bool replace) {
  return fmt::format("CREATE {}SQL SECURITY INVOKER VIEW {} AS {}", replace ? "OR REPLACE " : "",
                     name.quoted(), select);
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

/// The one fact: the live marker shows the plan's generation and run. A copy for a backup moves no
/// marker; its tables stand under names that nobody else makes.
bool has_happened(Connection& session, const PublishPlan& plan) {
  if (!plan.moves_marker()) {
    return std::ranges::all_of(plan.renames, [&](const auto& pair) {
      return relation_kind(session, pair.first) == RelationKind::absent &&
             relation_kind(session, pair.second) == RelationKind::table;
    });
  }
  const auto marker = read_marker(session, plan.schema);
  return marker && marker->generation == plan.generation && marker->run_id == plan.run_id;
}

std::uint64_t journal(Connection& session, const PublishPlan& plan) {
  session.execute(
      fmt::format("INSERT INTO pipeline.publish_journal (schema_name, generation, run_id, "
                  "business_date, state, plan, created_at, kind, reason) VALUES ({}, {}, {}, {}, "
                  "'planned', {}, UTC_TIMESTAMP(6), {}, {})",
                  quote_text(plan.schema), plan.generation, quote_text(plan.run_id),
                  date_literal(plan.business_date), quote_text(plan.to_json().dump()),
                  quote_text(word_of(plan.kind)),
                  plan.reason.empty() ? "NULL" : quote_text(head(plan.reason, reason_bytes_max))));
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
Finished finish(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                RenamedWhen when) {
  Finished finished;
  finished.backups = catalogue_backups(session, plan, publish_id);
  note_published(session, plan, publish_id, when);
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
  catalogue_checksums(session, plan, publish_id, finished.backups);
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

/// Renames, or closes the journal where the marker shows that nothing was renamed. A lost session
/// says nothing: settle() will know.
void rename_or_abandon(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                       const PublisherOptions& options, PublishReport& report) {
  try {
    const RenameReport renamed =
        rename_tables(session, plan.rename_statement(), plan.schema, options);
    report.attempts = renamed.attempts;
    report.rename_duration = renamed.duration;
  } catch (const Error& error) {
    if (!session.alive() || error.kind() == ErrorKind::internal) throw;
    if (has_happened(session, plan)) return;
    abandon(session, plan, publish_id, error.message());
    throw;
  }
}

}  // namespace

PublishReport carry_out(Connection& session, PublishPlan plan, const PublisherOptions& options) {
  PublishReport report;
  report.generation = plan.generation;
  report.tables_renamed = static_cast<int>(plan.published.size());
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
  Finished finished = finish(session, plan, publish_id, RenamedWhen::just_now);
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
      finish(session, plan, publish_id, RenamedWhen::earlier);
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

std::vector<UntoldPublish> untold_publishes(Connection& session, std::string_view schema,
                                            std::string_view run_id) {
  // Few publishes have a reason, and of the others no plan is read. Within a text of the plan the
  // quotes of these words would stand behind backslashes, so they are members.
  const auto entries = session.query(fmt::format(
      "SELECT publish_id, plan FROM pipeline.publish_journal WHERE schema_name = {0} AND state IN "
      "('done', 'unfinished') AND reason IS NOT NULL AND LOCATE('\"failed_tests\":', plan) > 0 AND "
      "(run_id = {1} OR LOCATE('\"failed_tests_told_by\":', plan) = 0 OR LOCATE({2}, plan) > 0) "
      "ORDER BY publish_id",
      quote_text(schema), quote_text(run_id),
      quote_text("\"failed_tests_told_by\":" + Json(std::string(run_id)).dump())));
  std::vector<UntoldPublish> untold;
  for (const auto& row : entries.rows) {
    auto plan = PublishPlan::from_json(Json::parse(row[1].value_or("")));
    untold.push_back({.publish_id = to_number(row[0]),
                      .generation = plan.generation,
                      .run_id = std::move(plan.run_id),
                      .business_date = plan.business_date,
                      .failed_tests = std::move(plan.failed_tests)});
  }
  return untold;
}

void note_told(Connection& session, const std::vector<UntoldPublish>& told,
               std::string_view run_id) {
  for (const auto& publish : told) {
    const auto text = session.query_value(fmt::format(
        "SELECT plan FROM pipeline.publish_journal WHERE publish_id = {}", publish.publish_id));
    auto plan = PublishPlan::from_json(Json::parse(text.value_or("")));
    if (!plan.failed_tests_told_by.empty()) continue;
    plan.failed_tests_told_by = run_id;
    rewrite_plan(session, publish.publish_id, plan);
  }
}

bool was_published_for(Connection& session, std::string_view schema, const Marker& live,
                       std::string_view words) {
  const auto entries = session.query_value(
      fmt::format("SELECT COUNT(*) FROM pipeline.publish_journal WHERE schema_name = {} AND "
                  "generation = {} AND "
                  "run_id = {} AND state IN ('done', 'unfinished') AND LOCATE({}, reason) > 0",
                  quote_text(schema), live.generation, quote_text(live.run_id),
                  quote_text(head(words, reason_bytes_max))));
  return to_number(entries) != 0;
}

std::uint64_t next_generation(Connection& session, std::string_view schema) {
  const auto marker = read_marker(session, schema);
  const auto planned = session.query_value(
      fmt::format("SELECT MAX(generation) FROM pipeline.publish_journal WHERE schema_name = {}",
                  quote_text(schema)));
  return std::max(marker ? marker->generation : 0, to_number(planned)) + 1;
}

}  // namespace pipeline::publish
