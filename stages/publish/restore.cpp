// A restore is a publish whose candidates are backups. It uses the same plan, the same journal and
// the same one RENAME with a new marker in it, so what holds for a publish under a crash holds here
// without another word: the marker shows the plan's generation and run, or nothing happened.
//
// The generation is new although the rows are old. A number means one content for ever, and what
// was built from the layer before (gold from silver) must see that the layer is not what it was.
// Where days are missing the marker says in addition that it was built from nothing
// (upstream_generation 0): then neither the loader nor the layer itself takes it for up to date,
// and the next run builds the day again before any other dump is read.
#include "stages/publish/restore.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/applied_batch.h"
#include "stages/publish/checksum.h"
#include "stages/publish/journal.h"
#include "stages/publish/names.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr int runs_named_max = 5;

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::guard_refused, std::move(message));
}

void require_in_layer(const PublishedLayer& layer, const TableName& live) {
  if (std::ranges::find(layer.schemas, live.schema) != layer.schemas.end()) return;
  throw Error(ErrorKind::config_invalid,
              fmt::format("{} is no table of this layer, which publishes into {}", live.text(),
                          join(layer.schemas, ", ")));
}

/// What the last publish noted; a table that nobody noted is never to be dropped.
Contents contents_of_live(Connection& connection, const TableName& live) {
  const auto word = connection.query_value(fmt::format(
      "SELECT contents FROM pipeline.published_table WHERE schema_name = {} AND table_name = {} "
      "ORDER BY publish_id DESC LIMIT 1",
      quote_text(live.schema), quote_text(live.table)));
  return word ? contents_of(*word) : Contents::accumulated;
}

std::vector<MadeLive> lives_of(Connection& connection, const TableName& live) {
  const auto found = connection.query(fmt::format(
      "SELECT p.publish_id, DATE_FORMAT(j.created_at, '%Y-%m-%dT%H:%i:%s.%f') FROM "
      "pipeline.published_table p JOIN pipeline.publish_journal j ON j.publish_id = p.publish_id "
      "WHERE p.schema_name = {} AND p.table_name = {} AND p.how <> {} ORDER BY p.publish_id",
      quote_text(live.schema), quote_text(live.table), quote_text(word_of(Origin::declared))));
  std::vector<MadeLive> lives;
  for (const auto& row : found.rows) {
    const auto since = parse_utc(row[1].value_or("").substr(0, 23) + "Z");
    if (!since) throw Error(ErrorKind::internal, "the journal holds an impossible time");
    lives.push_back({.publish_id = to_number(row[0]), .since = *since});
  }
  return lives;
}

/// A plan on the layer with a new marker for each of `schemas`.
class Planner {
 public:
  Planner(Connection& connection, const PublishedLayer& layer, const RestoreOrder& order,
          PlanKind kind)
      : connection_(connection), layer_(layer), order_(order) {
    PublishPlan& plan = result_.plan;
    plan.kind = kind;
    plan.reason = order.reason;
    plan.schema = layer.schema;
    plan.run_id = order.run_id;
    plan.business_date = layer.marker.business_date;
    plan.date_before = layer.marker.business_date;
    plan.generation = layer.marker.generation;
    suffix_ = backup_suffix(connection, layer.schemas, order.now);
  }

  const std::string& suffix() const { return suffix_; }
  Restoration& result() { return result_; }

  void put_back(const TableName& live, const Backup& backup) {
    TableToRestore table{.live = live, .backup = backup};
    const RelationKind kind = relation_kind(connection_, live);
    if (kind == RelationKind::view)
      refuse(live.text() + " is a view; the layer's next run makes it");
    const Contents contents = contents_of_live(connection_, live);
    table.accumulates = contents == Contents::accumulated;
    table.live_is_there = kind == RelationKind::table;
    if (table.live_is_there) keep(table);
    table.undone = updates_between(connection_, live, table.held.built_by, backup.built_by);
    table.date_after = date_of(backup);
    if (table.accumulates) {
      table.missing = dates_missing(connection_, live, table.date_after,
                                    result_.plan.business_date.plus_days(1));
    }
    result_.plan.renames.emplace_back(backup.name(), live);
    result_.plan.put_back.push_back(backup.name());
    result_.plan.published.push_back({.live = live,
                                      .had_predecessor = table.live_is_there,
                                      .contents = contents,
                                      .backup_name = table.kept_as,
                                      .origin = Origin::put_back,
                                      .business_date = table.date_after,
                                      .built_by = backup.built_by});
    result_.tables.push_back(std::move(table));
  }

  enum class UpToDate { no, as_before };

  /// The marker of `schema` in the plan's RENAME; the main one's number is the plan's.
  void move_marker(const std::string& schema, UpToDate up_to_date) {
    const auto live = read_marker(connection_, schema);
    if (!live) up_to_date = UpToDate::no;
    Marker marker = live ? *live : layer_.marker;
    marker.generation = next_generation(connection_, schema);
    marker.run_id = order_.run_id;
    marker.business_date = result_.plan.business_date;
    if (up_to_date == UpToDate::no) {
      marker.upstream_generation = 0;
      marker.project_hash.clear();
      marker.on_run_end = OnRunEnd::none;
    }
    marker.published_at = format_utc(order_.now);
    const TableName name{schema, std::string(marker_table)};
    const TableName aside{shadow_schema(schema), with_suffix(name.table, aside_suffix)};
    if (live) {
      result_.plan.renames.emplace_back(name, aside);
      result_.plan.drop_tables.push_back(aside);
    }
    result_.plan.renames.emplace_back(in_shadow(name), name);
    if (schema == layer_.schema) result_.plan.generation = marker.generation;
    result_.markers.emplace_back(schema, std::move(marker));
  }

  /// Those of the layer's other schemas that somebody dropped.
  void make_lost_markers() {
    for (const auto& schema : layer_.schemas) {
      if (schema == layer_.schema || read_marker(connection_, schema)) continue;
      move_marker(schema, UpToDate::no);
    }
  }

  /// Whatever was swapped by hand keeps its triggers and keys by name; they would follow the table.
  void require_plain() const {
    std::vector<TableName> names;
    for (const auto& table : result_.tables) {
      names.push_back(table.live);
      names.push_back(table.backup.name());
    }
    require_plain_tables(connection_, names);
  }

 private:
  void keep(TableToRestore& table) {
    table.kept_as = backup_name(table.live.table, suffix_);
    table.held = held_version(connection_, table.live);
    result_.plan.backups.push_back(
        backup_of(connection_, table.live, table.kept_as, BackupKind::replaced_by_restore));
    table.rows_live = result_.plan.backups.back().rows_before;
    result_.plan.renames.emplace_back(table.live, TableName{table.live.schema, table.kept_as});
  }

  /// A table from before the first publish holds what was there on the day before it.
  std::optional<BusinessDate> date_of(const Backup& backup) const {
    if (backup.business_date) return backup.business_date;
    const auto swapped_by = connection_.query_value(
        fmt::format("SELECT business_date FROM pipeline.publish_journal WHERE publish_id = {}",
                    backup.publish_id));
    const auto date = BusinessDate::parse(swapped_by.value_or(""));
    return date ? std::optional(date->plus_days(-1)) : std::nullopt;
  }

  Connection& connection_;
  const PublishedLayer& layer_;
  const RestoreOrder& order_;
  std::string suffix_;
  Restoration result_;
};

/// A backup is a table that anybody may have written to since.
void require_untouched(Connection& connection, const Backup& backup) {
  if (backup.checksum.empty() || content_checksum(connection, backup.name()) == backup.checksum) {
    return;
  }
  refuse(fmt::format("the backup {} was written to since it was made; --at {} takes it as it is",
                     backup.name().text(), backup.backup_name));
}

bool lacks_days(const Restoration& restoration) {
  return std::ranges::any_of(restoration.tables,
                             [](const auto& table) { return !table.missing.empty(); });
}

/// One publish of a run, from the journal.
struct Entry {
  std::uint64_t publish_id = 0;
  PublishPlan plan;
};

std::vector<Entry> entries_of(Connection& connection, const PublishedLayer& layer,
                              const std::string& run_id) {
  const auto found = connection.query(fmt::format(
      "SELECT publish_id, plan FROM pipeline.publish_journal WHERE schema_name = {} AND "
      "run_id = {} AND state IN ('done', 'unfinished') AND kind IN ({}, {}, {}, {}) ORDER "
      "BY publish_id",
      quote_text(layer.schema), quote_text(run_id), quote_text(word_of(PlanKind::publish)),
      quote_text(word_of(PlanKind::restore)), quote_text(word_of(PlanKind::rollback)),
      quote_text(word_of(PlanKind::update))));
  std::vector<Entry> entries;
  for (const auto& row : found.rows) {
    entries.push_back({.publish_id = to_number(row[0]),
                       .plan = PublishPlan::from_json(Json::parse(row[1].value_or("")))});
  }
  return entries;
}

std::string last_runs(Connection& connection, const PublishedLayer& layer) {
  const auto found = connection.query(
      fmt::format("SELECT run_id, MAX(business_date) FROM pipeline.publish_journal WHERE "
                  "schema_name = {} AND state IN ('done', 'unfinished') AND kind <> {} GROUP BY "
                  "run_id ORDER BY MAX(publish_id) DESC LIMIT {}",
                  quote_text(layer.schema), quote_text(word_of(PlanKind::backup)), runs_named_max));
  std::vector<std::string> names;
  for (const auto& row : found.rows) {
    names.push_back(fmt::format("{} ({})", row[0].value_or(""), row[1].value_or("")));
  }
  return names.empty() ? "none" : join(names, ", ");
}

/// Sorts the tables of a run's publishes into those that go back and those that stay.
class RollbackSorter {
 public:
  RollbackSorter(Connection& connection, const PublishedLayer& layer, Planner& planner)
      : connection_(connection),
        planner_(planner),
        backups_(list_all_backups(connection, {.live = {}, .layer_schema = layer.schema})) {}

  void sort(const Entry& entry) {
    for (const auto& table : entry.plan.published) {
      if (seen_.insert(table.live).second) sort(entry.publish_id, table);
    }
    for (const auto& view : entry.plan.views) {
      if (seen_.insert(view.live).second) stay(view.live, "a view, and no backup of it is kept");
    }
  }

 private:
  void sort(std::uint64_t publish_id, const PublishPlan::Published& table) {
    if (!table.had_predecessor) return stay(table.live, "that run was the first to make it");
    const auto meant = std::ranges::find_if(backups_, [&](const Backup& backup) {
      return backup.live == table.live && backup.publish_id == publish_id &&
             backup.kind != BackupKind::copied;
    });
    if (meant == backups_.end() && table.way == PublishPlan::Published::Way::in_place) {
      return stay(table.live, "it was changed in place, and no backup of it is kept");
    }
    if (meant == backups_.end()) {
      return stay(table.live, "each run makes it whole, and no backup of it is kept");
    }
    if (meant->state == Backup::State::kept) return planner_.put_back(table.live, *meant);
    if (holds(table.live, *meant)) return stay(table.live, "it holds that day already");
    if (const Backup* same = same_version(*meant)) return planner_.put_back(table.live, *same);
    const std::string gone = fmt::format("its backup {} is gone", meant->backup_name);
    if (table.contents == Contents::rebuilt) return stay(table.live, gone);
    refuse(
        fmt::format("{} cannot go back: {}, and without it the layer would hold two days; "
                    "restore the other tables one by one",
                    table.live.text(), gone));
  }

  bool holds(const TableName& live, const Backup& meant) {
    if (meant.built_by == 0 || relation_kind(connection_, live) != RelationKind::table)
      return false;
    const HeldVersion held = held_version(connection_, live);
    return held.known != HeldVersion::Known::doubtful && held.built_by == meant.built_by;
  }

  const Backup* same_version(const Backup& meant) const {
    const auto found = std::ranges::find_if(backups_, [&](const Backup& backup) {
      return meant.built_by != 0 && backup.live == meant.live &&
             backup.built_by == meant.built_by && backup.state == Backup::State::kept;
    });
    return found == backups_.end() ? nullptr : &*found;
  }

  void stay(const TableName& name, std::string why) {
    planner_.result().stays.push_back({.name = name, .why = std::move(why)});
  }

  Connection& connection_;
  Planner& planner_;
  std::vector<Backup> backups_;
  std::set<TableName> seen_;
};

/// Every table that the layer's publishes keep as a backup, and is there.
std::vector<TableName> kept_tables(Connection& connection, const PublishedLayer& layer) {
  const auto found = connection.query(fmt::format(
      "SELECT DISTINCT p.schema_name, p.table_name FROM pipeline.published_table p JOIN "
      "pipeline.publish_journal j ON j.publish_id = p.publish_id WHERE j.schema_name = {} AND "
      "(p.contents = {} OR p.backup_name IS NOT NULL) ORDER BY 1, 2",
      quote_text(layer.schema), quote_text(word_of(Contents::accumulated))));
  std::vector<TableName> tables;
  for (const auto& row : found.rows) {
    const TableName name{row[0].value_or(""), row[1].value_or("")};
    if (relation_kind(connection, name) == RelationKind::table) tables.push_back(name);
  }
  return tables;
}

}  // namespace

namespace {

/// What the journal knows of the last publish: enough to go on from, and not enough for "nothing
/// new".
std::optional<Marker> marker_of_journal(Connection& connection, const std::string& schema) {
  const auto found = connection.query(
      fmt::format("SELECT generation, run_id, business_date FROM pipeline.publish_journal WHERE "
                  "schema_name = {} AND state = 'done' ORDER BY publish_id DESC LIMIT 1",
                  quote_text(schema)));
  if (found.rows.empty()) return {};
  const Row& row = found.rows.front();
  const auto date = BusinessDate::parse(row[2].value_or(""));
  if (!date) throw Error(ErrorKind::internal, "the journal holds an impossible date");
  return Marker{
      .generation = to_number(row[0]), .run_id = row[1].value_or(""), .business_date = *date};
}

}  // namespace

void make_dropped_schemas(Connection& connection, const PublishedLayer& layer) {
  for (const auto& schema : layer.schemas) {
    for (const auto& name : {schema, shadow_schema(schema)}) {
      connection.execute("CREATE DATABASE IF NOT EXISTS " + quote_name(name) +
                         " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
    }
  }
}

PublishedLayer read_published_layer(Connection& connection, const std::string& schema) {
  using MarkerIs = PublishedLayer::MarkerIs;
  auto marker = read_marker(connection, schema);
  const auto is = marker ? MarkerIs::live : MarkerIs::lost;
  if (!marker) marker = marker_of_journal(connection, schema);
  if (!marker) refuse(schema + " was never published, so there is nothing to keep or to put back");
  if (is == MarkerIs::lost) {
    log::warn("{} has no marker any more; by the journal it showed {} as generation {} (run {})",
              schema, marker->business_date.iso(), marker->generation, marker->run_id);
  }
  PublishedLayer layer{.schema = schema, .schemas = {schema}, .marker = *marker, .marker_is = is};
  const auto found = connection.query(fmt::format(
      "SELECT DISTINCT p.schema_name FROM pipeline.published_table p JOIN pipeline.publish_journal "
      "j ON j.publish_id = p.publish_id WHERE j.schema_name = {} AND p.schema_name <> {} ORDER BY "
      "1",
      quote_text(schema), quote_text(schema)));
  for (const auto& row : found.rows) {
    layer.schemas.push_back(row[0].value_or(""));
    if (!read_marker(connection, layer.schemas.back())) layer.marker_is = MarkerIs::lost;
  }
  return layer;
}

Restoration plan_restore(Connection& connection, const PublishedLayer& layer, const TableName& live,
                         const std::optional<std::string>& at, const RestoreOrder& order) {
  require_in_layer(layer, live);
  const auto backups = list_all_backups(connection, {.live = live});
  const bool there = relation_kind(connection, live) == RelationKind::table;
  const std::uint64_t built_by = there ? held_version(connection, live).built_by : 0;
  const RestorePoint point = parse_restore_point(at, backups);
  if (backups.empty() && contents_of_live(connection, live) == Contents::rebuilt) {
    refuse(
        fmt::format("there is no verified backup of {0}, since each run makes it whole; the "
                    "layer's transformer with --select {1} makes it again",
                    live.text(), live.table));
  }
  const BackupChoice choice = choose_backup(point, backups, lives_of(connection, live), built_by);
  Planner planner(connection, layer, order, PlanKind::restore);
  if (!choice.table) {
    planner.result().needed = Restoration::Needed::no;
    return planner.result();
  }
  if (!std::holds_alternative<ByName>(point)) require_untouched(connection, *choice.table);
  planner.put_back(live, *choice.table);
  planner.move_marker(layer.schema, lacks_days(planner.result()) ? Planner::UpToDate::no
                                                                 : Planner::UpToDate::as_before);
  planner.make_lost_markers();
  planner.require_plain();
  return planner.result();
}

Restoration plan_rollback(Connection& connection, const PublishedLayer& layer,
                          const std::string& run_id, const RestoreOrder& order) {
  const auto entries = entries_of(connection, layer, run_id);
  if (entries.empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("run {} published nothing into {}; the last runs that did: {}", run_id,
                            layer.schema, last_runs(connection, layer)));
  }
  const auto& before = entries.front().plan.date_before;
  if (!before) {
    refuse(fmt::format("run {} was the first that published {}; there is nothing before it", run_id,
                       layer.schema));
  }
  Planner planner(connection, layer, order, PlanKind::rollback);
  planner.result().plan.business_date = *before;
  RollbackSorter sorter(connection, layer, planner);
  for (const auto& entry : entries) sorter.sort(entry);
  if (planner.result().tables.empty() && *before == layer.marker.business_date) {
    refuse(fmt::format("no backup of what run {} replaced in {} is left", run_id, layer.schema));
  }
  for (const auto& schema : layer.schemas) planner.move_marker(schema, Planner::UpToDate::no);
  planner.require_plain();
  return planner.result();
}

Restoration plan_backup(Connection& connection, const PublishedLayer& layer,
                        const std::vector<TableName>& tables, const CopyTable& copy,
                        const RestoreOrder& order) {
  Planner planner(connection, layer, order, PlanKind::backup);
  const auto wanted = tables.empty() ? kept_tables(connection, layer) : tables;
  for (const auto& live : wanted) {
    require_in_layer(layer, live);
    if (relation_kind(connection, live) == RelationKind::table) continue;
    throw Error(ErrorKind::config_invalid, live.text() + " is no table, so it cannot be copied");
  }
  require_plain_tables(connection, wanted);
  PublishPlan& plan = planner.result().plan;
  for (const auto& live : wanted) {
    const TableName kept{live.schema, backup_name(live.table, planner.suffix())};
    plan.backups.push_back(backup_of(connection, live, kept.table, BackupKind::copied));
    copy(connection, live, in_shadow(kept));
    failpoint("backup_after_copy");
    plan.renames.emplace_back(in_shadow(kept), kept);
  }
  if (wanted.empty()) planner.result().needed = Restoration::Needed::no;
  return planner.result();
}

Restoration plan_holds(Connection& connection, const PublishedLayer& layer, const TableName& live,
                       BusinessDate date, const RestoreOrder& order) {
  require_in_layer(layer, live);
  if (relation_kind(connection, live) != RelationKind::table) refuse(live.text() + " is no table");
  const auto batch = open_batch(connection, live);
  const bool by_batch = batch && date == batch->date;
  if (date > layer.marker.business_date && !by_batch) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} cannot hold {}: {} shows {}", live.text(), date.iso(), layer.schema,
                            layer.marker.business_date.iso()));
  }
  // "Built from generation 0" would be read as "up to date": staging shows that very generation.
  if (date != layer.marker.business_date && layer.marker.generation == 0) {
    refuse(
        fmt::format("{0} was adopted as of {1} and no run has built on it yet; to adopt it as of "
                    "another day let an administrator DROP TABLE {2}, then adopt it again",
                    layer.schema, layer.marker.business_date.iso(),
                    TableName{layer.schema, std::string(marker_table)}.quoted()));
  }
  Planner planner(connection, layer, order, PlanKind::holds);
  planner.result().plan.published.push_back({.live = live,
                                             .had_predecessor = true,
                                             .contents = contents_of_live(connection, live),
                                             .backup_name = {},
                                             .origin = Origin::declared,
                                             .business_date = date});
  planner.move_marker(layer.schema, date == layer.marker.business_date
                                        ? Planner::UpToDate::as_before
                                        : Planner::UpToDate::no);
  planner.make_lost_markers();
  return planner.result();
}

void write_markers(Connection& session, const Restoration& restoration) {
  for (const auto& [schema, marker] : restoration.markers) {
    // What an earlier publish could not drop would stand in the way of the RENAME.
    const TableName aside{shadow_schema(schema), with_suffix(marker_table, aside_suffix)};
    session.execute("DROP TABLE IF EXISTS " + aside.quoted());
    write_candidate_marker(session, schema, marker);
  }
  failpoint("restore_after_markers");
}

}  // namespace pipeline::publish
