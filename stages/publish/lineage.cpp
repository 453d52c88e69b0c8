// A table's marker tells the day of its layer; it is not enough to know the day of the table. A
// restore puts one table back and leaves the others, and a person may do the same by hand, with
// DROP and RENAME, and tell nobody. An incremental model that then went on from the live table
// would leave a day out, silently and for ever. So each version of a table is known by the publish
// that built its rows, and two records say how versions follow each other:
//
//   published_table   publish 7 made silver.t live: rows for 2026-02-02, built by publish 7
//   backup            publish 7 swapped out t_backup_X: rows for 2026-02-01, built by publish 5
//
// So publish 7 built the 2nd on the 1st. A version that moves through backups and restores keeps
// the number of the publish that built it. From what a run for a date starts is found by walking
// back from the live version to the first one of an earlier date.
//
// What was done by hand shows in two things: a backup is gone that nobody of ours took, and the
// live table's content is that backup's. If its content is nobody's, nobody here knows the day.
#include "stages/publish/lineage.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/publish/applied_batch.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/checksum.h"
#include "stages/publish/marker.h"
#include "stages/publish/plan.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

std::string of_table(const TableName& live, std::string_view prefix = "") {
  return fmt::format("{0}schema_name = {1} AND {0}table_name = {2}", prefix,
                     quote_text(live.schema), quote_text(live.table));
}

/// One row of published_table.
struct PublishedVersion {
  std::uint64_t publish_id = 0;
  std::optional<BusinessDate> date;
  bool had_predecessor = false;
  std::uint64_t built_by = 0;
  std::string checksum;
  Contents contents = Contents::accumulated;
  bool updated = false;  // by a person
  bool anew = false;     // without the rows of the version before
};

std::optional<PublishedVersion> published_version(Connection& connection, const TableName& live,
                                                  const std::string& condition) {
  const auto found = connection.query(
      fmt::format("SELECT publish_id, business_date, had_predecessor, IF(origin_publish_id = 0, "
                  "publish_id, origin_publish_id), COALESCE(checksum, ''), contents, how FROM "
                  "pipeline.published_table WHERE {} {} ORDER BY publish_id DESC LIMIT 1",
                  of_table(live), condition));
  if (found.rows.empty()) return {};
  const Row& row = found.rows.front();
  return PublishedVersion{.publish_id = to_number(row[0]),
                          .date = BusinessDate::parse(row[1].value_or("")),
                          .had_predecessor = row[2] == "1",
                          .built_by = to_number(row[3]),
                          .checksum = comparable_checksum(row[4].value_or("")),
                          .contents = contents_of(row[5].value_or("")),
                          .updated = row[6] == word_of(Origin::updated),
                          .anew = row[6] == word_of(Origin::built_anew)};
}

/// Backups that somebody took away since the last publish of their table.
std::vector<Backup> gone_backups(Connection& connection, const BackupFilter& filter) {
  std::vector<Backup> gone = list_all_backups(connection, filter);
  std::erase_if(gone, [](const Backup& backup) {
    return backup.state != Backup::State::gone || backup.missed_at;
  });
  return gone;
}

IncrementalBase lost(const TableName& live, std::string_view what) {
  return {.start = IncrementalBase::Start::lost,
          .table = live,
          .lost = fmt::format("{} {}", live.text(), what)};
}

IncrementalBase from_live(const TableName& live) {
  return {.start = IncrementalBase::Start::live, .table = live, .lost = {}};
}

std::string date_text(const std::optional<BusinessDate>& date) {
  return date ? date->iso() : "no day of the pipeline";
}

IncrementalBase lost_days(const TableName& live, std::optional<BusinessDate> held,
                          BusinessDate date, const std::vector<BuiltDate>& missing) {
  std::vector<std::string> named;
  for (const auto& day : missing) named.push_back(day.date.iso());
  const BuiltDate& first = missing.front();
  return lost(
      live, fmt::format(
                "holds {}, and {} {} not in it any more: building {} on it would lose {}. Roll "
                "this layer and those above back to before {} (rollback {}, in each transformer), "
                "then: staging_loader --business-date {} --rewind \"reason\", and orchestrator "
                "run. Or accept the loss: holds {} {} --reason \"why\"",
                date_text(held), join(named, ", "), named.size() == 1 ? "is" : "are", date.iso(),
                named.size() == 1 ? "that day" : "those days", first.date.iso(), first.run_id,
                first.date.iso(), live.text(), missing.back().date.iso()));
}

/// Walks back from the live version to one of a date before `date`.
class BaseFinder {
 public:
  BaseFinder(Connection& connection, const TableName& live, BusinessDate date)
      : connection_(connection),
        live_(live),
        date_(date),
        backups_(list_all_backups(connection, {.live = live})) {}

  IncrementalBase find(const HeldVersion& held) {
    if (is_earlier(held.date)) return checked(held.date, from_live(live_));
    std::uint64_t built_by = held.built_by;
    // A version follows one that an earlier publish built, so this ends.
    for (std::size_t step = 0; step <= backups_.size(); ++step) {
      const auto built =
          published_version(connection_, live_, fmt::format("AND publish_id = {}", built_by));
      if (!built) break;
      if (built->updated) updates_.insert(updates_.begin(), read_update(connection_, built_by));
      if (!built->had_predecessor || built->anew) return with_updates({});
      const Backup* before = swapped_out_by(built_by);
      if (before == nullptr) break;
      if (is_earlier(before->business_date)) return with_updates(from_version(*before));
      if (before->built_by == built_by) break;
      built_by = before->built_by;
    }
    return none_left();
  }

 private:
  bool is_earlier(const std::optional<BusinessDate>& date) const { return !date || *date < date_; }

  IncrementalBase with_updates(IncrementalBase base) {
    base.updates = std::move(updates_);
    return base;
  }

  const Backup* swapped_out_by(std::uint64_t publish_id) const {
    const auto found = std::ranges::find_if(backups_, [&](const Backup& backup) {
      return backup.publish_id == publish_id && backup.kind == BackupKind::swapped_out;
    });
    return found == backups_.end() ? nullptr : &*found;
  }

  /// Any table that holds the same version does: a restore may have moved it on to another name.
  IncrementalBase from_version(const Backup& version) const {
    const Backup* best = nullptr;
    for (const auto& backup : backups_) {
      const bool same = backup.backup_name == version.backup_name ||
                        (version.built_by != 0 && backup.built_by == version.built_by);
      if (!same || backup.state != Backup::State::kept) continue;
      const bool better = best == nullptr || (best->verified == Backup::Verified::no &&
                                              backup.verified == Backup::Verified::yes);
      if (better) best = &backup;
    }
    if (best == nullptr) return none_left();
    return checked(version.business_date,
                   {.start = IncrementalBase::Start::backup, .table = best->name(), .lost = {}});
  }

  IncrementalBase checked(std::optional<BusinessDate> held, IncrementalBase base) const {
    const auto missing = dates_missing(connection_, live_, held, date_);
    if (missing.empty()) return base;
    return lost_days(live_, held, date_, missing);
  }

  IncrementalBase none_left() const {
    return lost(live_,
                fmt::format("holds {} already, and the version before it is not among the backups "
                            "any more: applying the day twice could double its rows",
                            date_.iso()));
  }

  Connection& connection_;
  const TableName& live_;
  BusinessDate date_;
  std::vector<Backup> backups_;  // newest first
  std::vector<TableUpdate> updates_;
};

}  // namespace

HeldVersion held_version(Connection& connection, const TableName& live) {
  using Known = HeldVersion::Known;
  const auto recorded = published_version(connection, live, "");
  HeldVersion held;
  if (recorded) {
    held.known = Known::by_records;
    held.date = recorded->date;
    held.built_by = recorded->built_by;
  }
  HeldVersion by_records = held;
  // What was committed counts, although the layer it belongs to was not published.
  if (const auto batch = open_batch(connection, live)) {
    held = {.known = Known::by_records, .date = batch->date};
    if (is_remade_since_batch(connection, live)) {
      held = by_records;
      held.known = Known::doubtful;
      held.doubt = fmt::format(
          "{} got its increment of {} in place by run {}, which was ended before it published the "
          "layer, and since then somebody made, renamed or altered the table",
          live.text(), batch->date.iso(), batch->run_id);
    }
  }
  const auto gone = gone_backups(connection, {.live = live});
  if (gone.empty()) return held;
  const std::string now = content_checksum(connection, live);
  if (recorded && recorded->checksum == now) return by_records;
  for (const auto& backup : gone) {
    if (backup.checksum != now) continue;
    return {.known = Known::put_back_by_hand,
            .date = backup.business_date,
            .built_by = backup.built_by,
            .backup_name = backup.backup_name};
  }
  // A publish that died before its checksums were taken, whose own backup is gone: nobody knows.
  const bool unfinished = recorded && recorded->contents == Contents::accumulated &&
                          std::ranges::any_of(gone, [&](const Backup& backup) {
                            return backup.publish_id == recorded->publish_id;
                          });
  if (recorded && (unfinished || !recorded->checksum.empty())) {
    held.known = Known::doubtful;
    held.doubt = fmt::format(
        "{} holds neither what was published last nor its backup {}, which "
        "somebody took away",
        live.text(), gone.front().backup_name);
  }
  return held;
}

std::string doubt_refused(const TableName& live, const HeldVersion& held) {
  return fmt::format(
      "{}, so nobody knows which day it holds; say it: holds {} DATE --reason \"why\"", held.doubt,
      live.text());
}

std::vector<TableName> put_back_by_hand(Connection& connection, const std::string& schema) {
  std::set<TableName> tables;
  for (const auto& backup : gone_backups(connection, {.layer_schema = schema})) {
    tables.insert(backup.live);
  }
  std::vector<TableName> found;
  for (const auto& live : tables) {
    const auto recorded = published_version(connection, live, "");
    if (!recorded || recorded->contents != Contents::accumulated) continue;
    if (relation_kind(connection, live) != RelationKind::table) continue;
    const HeldVersion held = held_version(connection, live);
    const bool earlier =
        held.known == HeldVersion::Known::put_back_by_hand && held.date < recorded->date;
    if (earlier || held.known == HeldVersion::Known::doubtful) found.push_back(live);
  }
  return found;
}

std::vector<BuiltDate> dates_missing(Connection& connection, const TableName& live,
                                     std::optional<BusinessDate> held, BusinessDate until) {
  const auto found = connection.query(
      fmt::format("SELECT p.business_date, p.how, j.run_id FROM pipeline.published_table p JOIN "
                  "pipeline.publish_journal j ON j.publish_id = p.publish_id WHERE {} ORDER BY "
                  "p.publish_id",
                  of_table(live, "p.")));
  std::map<BusinessDate, std::string> first_of_last_series;
  std::optional<BusinessDate> previous;
  for (const auto& row : found.rows) {
    const auto date = BusinessDate::parse(row[0].value_or(""));
    const bool begins = date != previous;
    previous = date;
    const bool by_a_run = row[1] == word_of(Origin::built) || row[1] == word_of(Origin::built_anew);
    if (!date || !by_a_run) continue;
    if (begins || !first_of_last_series.contains(*date)) {
      first_of_last_series[*date] = row[2].value_or("");
    }
  }
  std::vector<BuiltDate> dates;
  for (const auto& [date, run_id] : first_of_last_series) {
    if (date < until && (!held || date > *held)) dates.push_back({.date = date, .run_id = run_id});
  }
  return dates;
}

IncrementalBase incremental_base(Connection& connection, const TableName& live, BusinessDate date) {
  using Known = HeldVersion::Known;
  const RelationKind kind = relation_kind(connection, live);
  if (kind == RelationKind::view) {
    if (!published_version(connection, live, "AND contents = 'accumulated'")) return {};
    return lost(
        live,
        "is a view now, but was a table with the rows of earlier days; drop the view and put "
        "a backup back under its name (backups lists them, restore does it), or build it "
        "from nothing with --full-refresh");
  }
  if (kind == RelationKind::absent) {
    if (!published_version(connection, live, "")) return {};
    return lost(live,
                "was published before and is not there any more; put a backup back under its name "
                "(backups lists them, restore does it, from the vault too), or build it from "
                "nothing with --full-refresh");
  }
  const HeldVersion held = held_version(connection, live);
  if (held.known == Known::never_published) return from_live(live);
  if (!read_marker(connection, live.schema)) {
    return lost(live,
                "was published before, but its schema has no marker, so nobody knows which "
                "day it holds; `holds TABLE DATE --reason WHY` says so and makes the marker again, "
                "and a restore of a table of the layer makes it too");
  }
  if (held.known == Known::doubtful) {
    return {
        .start = IncrementalBase::Start::lost, .table = live, .lost = doubt_refused(live, held)};
  }
  return BaseFinder(connection, live, date).find(held);
}

}  // namespace pipeline::publish
