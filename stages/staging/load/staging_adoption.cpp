// Which tables of staging are the loader's? A load replaces and withdraws only these, so a wrong
// answer loses somebody's table. Staging itself cannot tell: tables that dumps bring and tables
// that people and other programs put there look alike. A dump can: what it brings and what stands
// there is the loader's, everything else is not, now and later.
#include "stages/staging/load/staging_adoption.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/scope.h"
#include "common/io/hashing_source.h"
#include "stages/publish/adopt.h"
#include "stages/publish/journal.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/sql.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/early_keys.h"
#include "stages/staging/load/load_ledger.h"
#include "stages/staging/load/loader.h"

namespace pipeline {
namespace {

/// The dump of the date; otherwise the newest before it, the oldest after it.
std::optional<StoredDump> dump_to_read(const std::vector<StoredDump>& dumps, BusinessDate date) {
  std::optional<StoredDump> found;
  for (const auto& dump : dumps) {
    if (dump.date <= date) found = dump;
    if (dump.date > date && !found) return dump;
  }
  return found;
}

struct ReadDump {
  std::map<std::string, std::uint64_t> rows;  // by table
  std::string sha256;
  std::uint64_t bytes = 0;
};

ReadDump read_dump(ObjectStore& store, const StoredDump& dump, dump::Dialect dialect,
                   const std::function<void()>& check_cancelled) {
  const Scope scope("object", dump.object.key);
  const auto object = store.get(dump.object.key, 0);
  HashingSource hashing(*object);
  const auto inflating = inflate_dump(dump, hashing);
  ByteSource& text = inflating ? *inflating : static_cast<ByteSource&>(hashing);
  const dump::DumpReaderOptions reading{.dialect = dialect};
  dump::DumpReader reader(text, reading);
  know_keys_early(reader, store, dump, reading, check_cancelled);
  ReadDump read;
  constexpr std::uint64_t rows_between_looks = 10'000;
  for (bool ended = false; !ended;) {
    check_cancelled();
    const dump::Event event = reader.next();
    if (const auto* table = std::get_if<dump::TableBegins>(&event)) {
      read.rows.emplace(table->definition.name, 0);
    } else if (const auto* rows = std::get_if<dump::RowsBegin>(&event)) {
      std::uint64_t& count = read.rows[rows->table];
      while (reader.next_row()) {
        if (++count % rows_between_looks == 0) check_cancelled();
      }
    }
    ended = std::holds_alternative<dump::DumpEnds>(event);
  }
  read.bytes = hashing.bytes();
  read.sha256 = hashing.finish();
  return read;
}

std::string no_dump(const ObjectStore& store, const DumpPlaces& places) {
  return fmt::format(
      "{} holds no dump under {} and {} ({}): without one nobody can tell which "
      "tables of staging come from dumps; bring the last one",
      store.url(), places.prefix, places.processed_prefix, places.pattern);
}

}  // namespace

StagingAdoption StagingLoader::adopt(const StagingAdoptionWish& wish, const std::string& run_id) {
  require_rights();
  const bool dry_run = wish.dry_run == StagingAdoptionWish::DryRun::yes;
  Connection session = dry_run ? Connection::open(options_.publish_account) : open_locked(run_id);
  StagingAdoption adoption{.marker = {.business_date = wish.date}};
  if (const auto marker = publish::read_marker(session, options_.schema)) {
    adoption.outcome = StagingAdoption::Outcome::already;
    adoption.marker = *marker;
    adoption.adopted_as_of = publish::adopted_as_of(session, options_.schema);
    if (!dry_run) mark_published(session, marker->generation, marker->run_id);
    return adoption;
  }
  const auto dump = dump_to_read(list_dumps(store_, options_.places), wish.date);
  if (!dump) {
    adoption.refused.push_back(no_dump(store_, options_.places));
    return adoption;
  }
  adoption.told_by = dump;
  const bool of_the_day = dump->date == wish.date;
  const ReadDump read = read_dump(store_, *dump, dialect_of(session), options_.check_cancelled);

  std::vector<TableName> owned;
  LedgerEntry entry{.generation = 0,
                    .run_id = run_id,
                    .business_date = wish.date,
                    .object_key = of_the_day ? dump->object.key : "",
                    .object_sha256 = of_the_day ? read.sha256 : "",
                    .object_bytes = of_the_day ? read.bytes : 0,
                    .owned = {},
                    .override_reason = wish.reason.empty() ? "" : "adopt: " + wish.reason};
  for (const auto& standing : publish::relations_of(session, options_.schema)) {
    options_.check_cancelled();
    const bool is_table = standing.kind == publish::Standing::Kind::table;
    StagingRelation relation{.name = standing.name};
    if (is_table) relation.rows = publish::count_rows(session, {options_.schema, standing.name});
    const auto in_dump = read.rows.find(standing.name);
    const auto leftover = publish::leftover_of(standing.name);
    if (in_dump != read.rows.end() && !is_table) {
      adoption.refused.push_back(fmt::format(
          "{}.{} is a view, and dumps bring a table of that name", options_.schema, standing.name));
    } else if (in_dump != read.rows.end()) {
      relation.kind = StagingRelation::Kind::of_dumps;
      relation.is = "a table of the dump";
      owned.push_back({options_.schema, standing.name});
      entry.owned.push_back({.name = standing.name, .rows = *relation.rows});
      if (of_the_day) relation.rows_in_dump = in_dump->second;
      if (of_the_day && in_dump->second != *relation.rows) {
        adoption.warnings.push_back(fmt::format("{}.{} has {} rows, the dump of {} brings {}",
                                                options_.schema, standing.name, *relation.rows,
                                                wish.date.iso(), in_dump->second));
      }
    } else if (leftover) {
      relation.kind = StagingRelation::Kind::leftover;
      relation.is = publish::text_of(*leftover);
    } else {
      relation.is = is_table ? "no dump brings it" : "a view";
    }
    adoption.relations.push_back(std::move(relation));
  }
  for (auto& objection : publish::objections_to(session, owned)) {
    adoption.refused.push_back(std::move(objection));
  }
  adoption.statements = publish::statements_to_make_plain(session, owned);
  if (owned.empty()) {
    adoption.refused.push_back(
        fmt::format("no table of {} comes from dumps: there is nothing to "
                    "adopt, and a first load needs no adoption",
                    options_.schema));
  }
  if (!of_the_day) {
    adoption.warnings.push_back(
        fmt::format("the store has no dump of {}; the one of {} told which tables come from dumps",
                    wish.date.iso(), dump->date.iso()));
  }
  adoption.marker = {.generation = 0,
                     .run_id = run_id,
                     .business_date = wish.date,
                     .source_object = entry.object_key,
                     .source_sha256 = entry.object_sha256,
                     .published_at = format_utc(clock_.now())};
  if (!adoption.refused.empty()) return adoption;
  adoption.outcome = StagingAdoption::Outcome::would_be_adopted;
  if (dry_run) return adoption;

  {
    Connection loading = open_loading(session, run_id);
    write_planned(loading, entry);
  }
  failpoint("adopt_after_ledger");
  const auto plan = publish::plan_adoption(
      {.markers = {{options_.schema, adoption.marker}}, .accumulated = {}, .reason = wish.reason});
  publish::write_markers(session, plan);
  publish::carry_out(session, plan.plan,
                     {.clock = clock_, .check_cancelled = options_.check_cancelled});
  failpoint("adopt_after_marker");
  mark_published(session, 0, run_id);
  adoption.outcome = StagingAdoption::Outcome::adopted;
  return adoption;
}

}  // namespace pipeline
