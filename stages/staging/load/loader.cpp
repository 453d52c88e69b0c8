// The order of steps is the safety. Everything before the RENAME writes to the shadow schema and to
// the ledger alone; the RENAME swaps all tables and the marker at once; everything after it can be
// repeated and is found by the marker: the journal is settled, the ledger row stamped, the object
// moved to the archive. So there is no step at which a crash needs a person.
#include "stages/staging/load/loader.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/io/hashing_source.h"
#include "common/io/read_ahead.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/account_rights.h"
#include "stages/publish/lineage.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/publication.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/dump_archive.h"
#include "stages/staging/load/dump_manifest.h"
#include "stages/staging/load/dump_quarantine.h"
#include "stages/staging/load/early_keys.h"
#include "stages/staging/load/load_rights.h"

namespace pipeline {
namespace {

using Time = std::chrono::steady_clock;

// A wait is cut into pieces so that a signal is heard.
constexpr std::chrono::milliseconds wait_piece{500};

std::chrono::milliseconds since(Time::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Time::now() - begin);
}

std::vector<std::string> layer_schemas(const LoaderOptions& options) {
  std::vector<std::string> schemas;
  for (const auto& layer : options.layers) schemas.push_back(layer.schema);
  return schemas;
}

bool has_floor(const std::vector<publish::Floor>& floors, const std::string& table) {
  return std::ranges::any_of(floors, [&](const auto& floor) { return floor.table.table == table; });
}

/// That another dump would be taken where this one was not.
bool blames_dump(ErrorKind kind) {
  return kind == ErrorKind::dump_corrupt || kind == ErrorKind::dump_refused ||
         kind == ErrorKind::dump_freshness;
}

bool reads(const std::string& view_text, const TableName& table) {
  return view_text.find(table.quoted()) != std::string::npos;
}

}  // namespace

StagingLoader::StagingLoader(ObjectStore& store, Clock& clock, LoaderOptions options)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      shadow_(publish::shadow_schema(options_.schema)) {
  options_.load_account.local_infile = ConnectionOptions::LocalInfile::own_handler;
}

LoadReport StagingLoader::load(const DumpWish& wish, const std::string& run_id) {
  require_rights();
  for (;;) {
    std::optional<BusinessDate> live_date;
    std::optional<StoredDump> unfinished;
    {
      Connection session = open_locked(run_id);
      const Live live = read_live(session);
      live_date = live.dates.staging;
      std::optional<std::string> archived;
      if (live.marker) archived = archive(live.marker->source_object, live);
      const DumpChoice choice = choose(wish, live);
      switch (choice.kind) {
        case DumpChoice::Kind::load:
          if (!lacks_manifest(*choice.dump)) return load_dump(session, live, choice, run_id);
          unfinished = choice.dump;
          break;
        case DumpChoice::Kind::load_if_other:
          if (digest_of(store_, choice.dump->object.key).sha256 == live.marker->source_sha256) {
            return nothing_new(live, archive(choice.dump->object.key, live));
          }
          log::warn("the dump of {} was delivered again with other bytes", choice.dump->date.iso());
          if (!lacks_manifest(*choice.dump)) return load_dump(session, live, choice, run_id);
          unfinished = choice.dump;
          break;
        case DumpChoice::Kind::nothing_new:
          return nothing_new(live, archived);
        case DumpChoice::Kind::not_there:
          break;
      }
    }
    wait_or_give_up(wish, live_date, unfinished);
  }
}

/// A right that is missing must not show when the RENAME is done, and not after hours of waiting.
void StagingLoader::require_rights() {
  Connection publishing = Connection::open(options_.publish_account);
  require_rights_to_publish(publishing, options_.schema, layer_schemas(options_));
  Connection loading = Connection::open(options_.load_account);
  require_rights_to_load(loading, options_.schema);
}

LoadReport StagingLoader::nothing_new(const Live& live, std::optional<std::string> archived_as) {
  LoadReport report;
  report.live = *live.marker;
  report.archived_as = std::move(archived_as);
  log::info("nothing new: {} holds the dump of {} already (generation {})", options_.schema,
            live.marker->business_date.iso(), live.marker->generation);
  return report;
}

Connection StagingLoader::open_loading(Connection& locked, const std::string& run_id) {
  Connection session = Connection::open(options_.load_account);
  options_.session_opened(options_.load_account, session.id());
  publish::note_session(locked, session,
                        {.run_id = run_id, .target = options_.schema, .role = "load"});
  return session;
}

Connection StagingLoader::open_locked(const std::string& run_id) {
  Connection session = Connection::open(options_.publish_account);
  options_.session_opened(options_.publish_account, session.id());
  publish::take_run_locks(session, {options_.schema});
  publish::note_session(session, session,
                        {.run_id = run_id, .target = options_.schema, .role = "publish"});
  failpoint("loader_after_lock");
  publish::end_left_over_sessions(session, options_.publish_account, options_.schema);
  publish::end_left_over_sessions(session, options_.load_account, options_.schema);
  for (const auto& line : publish::settle(session, options_.schema, {.clock = clock_})) {
    log::warn("{}", line);
  }
  return session;
}

StagingLoader::Live StagingLoader::read_live(Connection& session) {
  Live live;
  live.marker = publish::read_marker(session, options_.schema);
  if (live.marker) {
    live.dates.staging = live.marker->business_date;
    mark_published(session, live.marker->generation, live.marker->run_id);
    live.entry = read_entry(session, live.marker->generation, live.marker->run_id);
  }
  live.dates.layers = layer_dates(session, live.marker);
  return live;
}

std::vector<LayerDate> StagingLoader::layer_dates(Connection& session,
                                                  std::optional<publish::Marker> below) {
  std::vector<LayerDate> dates;
  for (const auto& layer : options_.layers) {
    auto marker = publish::read_marker(session, layer.schema);
    LayerDate date{.layer = layer.layer, .date = {}};
    if (marker) date.date = marker->business_date;
    // A layer that is ahead, after a rewind, is not outdated: it never goes back by itself.
    if (marker && below && marker->business_date <= below->business_date &&
        marker->upstream_generation != below->generation) {
      date.built = LayerDate::Built::outdated;
    }
    if (!publish::put_back_by_hand(session, layer.schema).empty()) {
      date.built = LayerDate::Built::outdated;
    }
    dates.push_back(std::move(date));
    below = std::move(marker);
  }
  return dates;
}

/// Archives the object at `key` if it is incoming and holds the bytes that are live.
std::optional<std::string> StagingLoader::archive(const std::string& key, const Live& live) {
  if (key.empty() || !key.starts_with(options_.places.prefix) || !live.entry) return {};
  const ObjectDigest loaded{.sha256 = live.marker->source_sha256,
                            .bytes = live.entry->object_bytes};
  const std::string to = processed_key(key, options_.places);
  switch (archive_dump(store_, key, loaded, options_.places)) {
    case Archived::moved:
      log::info("{} is archived as {}", key, to);
      return to;
    case Archived::was_there:
      return {};
    case Archived::other_bytes:
      return {};
  }
  return {};
}

/// A day that is missing may have been there, and been refused.
DumpChoice StagingLoader::choose(const DumpWish& wish, const Live& live) {
  try {
    return choose_dump(wish, live.dates, list_dumps(store_, options_.places));
  } catch (Error& error) {
    if (error.kind() != ErrorKind::dump_continuity) throw;
    const std::string refused = refused_since(live.dates.staging);
    if (refused.empty()) throw;
    throw std::move(error).with("refused", refused);
  }
}

std::string StagingLoader::refused_since(std::optional<BusinessDate> live) {
  std::vector<std::string> keys;
  for (const auto& dump : list_quarantine(store_, options_.places)) {
    if (!live || dump.date > *live) keys.push_back(dump.object.key);
  }
  return join(keys, ", ");
}

void StagingLoader::wait_or_give_up(const DumpWish& wish, std::optional<BusinessDate> live,
                                    const std::optional<StoredDump>& unfinished) {
  const auto deadline = wish.date.instant_at(options_.wait_until);
  if (unfinished && clock_.now() >= deadline) {
    throw Error(ErrorKind::dump_not_yet,
                fmt::format("{} lies without {}, which source.manifest requires: its upload is not "
                            "finished; it was looked for until {}",
                            unfinished->object.key, manifest_key(unfinished->object.key),
                            format_jst(deadline)));
  }
  if (wish.date > BusinessDate::at(clock_.now())) {
    throw Error(ErrorKind::dump_not_yet,
                fmt::format("{} is a day to come; its dump is not waited for", wish.date.iso()));
  }
  if (clock_.now() >= deadline) {
    Error missing(ErrorKind::dump_not_yet,
                  fmt::format("{} holds no dump of {} under {} ({}); it was looked for until {}",
                              store_.url(), wish.date.iso(), options_.places.prefix,
                              options_.places.pattern, format_jst(deadline)));
    const std::string refused = refused_since(live);
    if (refused.empty()) throw missing;
    throw std::move(missing).with("refused", refused);
  }
  log::info("no {} yet; looking again until {}",
            unfinished ? manifest_key(unfinished->object.key) : "dump of " + wish.date.iso(),
            format_jst(deadline));
  const auto next_look = std::min(deadline, clock_.now() + options_.poll_interval);
  while (clock_.now() < next_look) {
    options_.check_cancelled();
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(next_look - clock_.now());
    clock_.sleep_for(std::clamp(rest, std::chrono::milliseconds(1), wait_piece));
  }
}

/// What a person gave for going past a rule, for the ledger.
std::string StagingLoader::reasons(const DumpChoice& choice) const {
  std::vector<std::string> given;
  if (!choice.override_reason.empty()) given.push_back(choice.override_reason);
  if (!options_.override_guards.empty()) {
    given.push_back("override-guards: " + options_.override_guards);
  }
  return join(given, "; ");
}

void StagingLoader::require_live_tables_plain(Connection& session, const Live& live) {
  std::vector<TableName> owned;
  if (live.entry) {
    for (const auto& table : live.entry->owned) owned.push_back({options_.schema, table.name});
  }
  publish::require_plain_tables(session, owned);
}

void StagingLoader::tell_verdicts(const TableVerdicts& verdicts, LoadReport& report) {
  report.kept_empty = verdicts.kept_empty;
  report.kept_empty.insert(report.kept_empty.end(), verdicts.copy_empty.begin(),
                           verdicts.copy_empty.end());
  report.dropped = verdicts.drop_candidates;
  for (const auto& table : verdicts.withdraw) {
    if (std::ranges::find(report.dropped, table) == report.dropped.end())
      report.dropped.push_back(table);
  }
}

LoadReport StagingLoader::load_dump(Connection& session, const Live& live, const DumpChoice& choice,
                                    const std::string& run_id) {
  const Scope scope("object", choice.dump->object.key);
  const auto begin = Time::now();
  require_live_tables_plain(session, live);
  Connection loading = open_loading(session, run_id);
  Loaded loaded;
  std::optional<DumpManifest> manifest;
  try {
    manifest = find_manifest(store_, choice.dump->object.key, options_.places);
    if (manifest) require_agrees(*manifest, *choice.dump);
    loaded = fill_shadow(session, loading, live, *choice.dump, run_id, options_.tables);
    failpoint("loader_after_load");
    if (manifest) require_manifest_agrees(*manifest, loaded, *choice.dump);
    require_known_end(loaded, live, *choice.dump, manifest);
    require_fresh(session, loaded, choice);
  } catch (const Error& error) {
    if (!blames_dump(error.kind())) throw;
    throw put_in_quarantine(error, *choice.dump, run_id);
  }
  const TableVerdicts verdicts = judge(session, live, loaded.content);
  prepare_candidates(loading, verdicts);

  const publish::Marker marker{.generation = publish::next_generation(session, options_.schema),
                               .run_id = run_id,
                               .business_date = choice.dump->date,
                               .source_object = choice.dump->object.key,
                               .source_sha256 = loaded.sha256};
  LedgerEntry entry{.generation = marker.generation,
                    .run_id = run_id,
                    .business_date = marker.business_date,
                    .object_key = marker.source_object,
                    .object_sha256 = loaded.sha256,
                    .object_bytes = loaded.bytes,
                    .owned = {},
                    .override_reason = reasons(choice)};
  const auto own = [&](const std::string& table) {
    const auto found = std::ranges::find(loaded.content.tables, table, &LoadedTable::name);
    IncomingTable owned{.name = table};
    if (found != loaded.content.tables.end()) {
      owned.rows = found->rows;
      owned.content = found->content;
      if (!found->content.empty()) owned.slot = delta::word_of(found->slot);
    }
    entry.owned.push_back(std::move(owned));
  };
  std::ranges::for_each(verdicts.publish, own);
  std::ranges::for_each(verdicts.copy_empty, own);
  write_planned(loading, entry);
  publish::write_candidate_marker(loading, options_.schema, marker);

  LoadReport report;
  report.outcome = LoadReport::Outcome::loaded;
  report.load_duration = since(begin);
  failpoint("loader_before_publish");
  options_.check_cancelled();
  const auto publish_begin = Time::now();
  publish_staging(session, live, marker, verdicts, loaded.content);
  report.publish_duration = since(publish_begin);
  failpoint("loader_after_publish");
  mark_published(session, marker.generation, run_id);

  report.live = marker;
  report.dump = *choice.dump;
  report.content = std::move(loaded.content);
  tell_verdicts(verdicts, report);
  if (manifest) report.manifest = manifest->key;
  report.gaps = choice.gaps;
  report.override_reason = reasons(choice);
  report.archived_as =
      archive(marker.source_object, {.marker = marker, .entry = entry, .dates = live.dates});
  return report;
}

BaselineWish StagingLoader::baseline_wish(Connection& session, const Live& live) {
  BaselineWish wish{.schema = options_.schema,
                    .shadow = shadow_,
                    .owned = {},
                    .copies = copies_in(session, shadow_, live.marker)};
  if (live.entry) wish.owned = live.entry->owned;
  if (wish.copies == Copies::unknown && live.marker && live.marker->generation > 0) {
    log::warn(
        "{} and {} do not belong together: one of them was put back or emptied since the last "
        "load; "
        "every table is loaded whole",
        options_.schema, shadow_);
  }
  return wish;
}

StagingLoader::Loaded StagingLoader::fill_shadow(Connection& locked, Connection& loading,
                                                 const Live& live, const StoredDump& dump,
                                                 const std::string& run_id,
                                                 RouteOptions::Load tables) {
  ShadowLoadOptions options{.schema = options_.schema,
                            .shadow = shadow_,
                            .baselines = find_baselines(loading, baseline_wish(locked, live)),
                            .load = tables,
                            .rebuild = options_.rebuild,
                            .check_cancelled = options_.check_cancelled};
  options.rows_by = rows_by(loading);
  if (options.rows_by == RowsBy::load_data) {
    try {
      return pour(locked, loading, dump, run_id, options);
    } catch (const Error& error) {
      if (!refuses_local_infile(error)) throw;
    }
    // Its setting was changed meanwhile, or what stands before the server refuses such statements.
    loading = open_loading(locked, run_id);
    options.baselines = find_baselines(loading, baseline_wish(locked, live));
    options.rows_by = RowsBy::inserts;
  }
  log::info("rows go as INSERTs, since the server refuses LOCAL INFILE");
  return pour(locked, loading, dump, run_id, options);
}

StagingLoader::Loaded StagingLoader::pour(Connection& locked, Connection& loading,
                                          const StoredDump& dump, const std::string& run_id,
                                          ShadowLoadOptions options) {
  std::vector<Connection> others;
  for (int more = 1; more < options_.sessions; ++more) {
    others.push_back(open_loading(locked, run_id));
  }
  std::vector<Connection*> sessions{&loading};
  for (auto& other : others) sessions.push_back(&other);
  Connection hashes = open_loading(locked, run_id);
  options.hashes = &hashes;
  Loaded loaded = read_whole(sessions, dump, options);
  read_again(sessions, dump, std::move(options), loaded);
  return loaded;
}

/// The tables of which the first reading told only at their end that they must be loaded whole.
void StagingLoader::read_again(std::span<Connection* const> sessions, const StoredDump& dump,
                               ShadowLoadOptions options, Loaded& loaded) {
  for (const auto& table : loaded.content.tables) {
    if (table.way == LoadedTable::Way::again) options.only.insert(table.name);
  }
  if (options.only.empty()) return;
  log::info("the dump is read once more for {}",
            join(std::vector(options.only.begin(), options.only.end()), ", "));
  options.load = RouteOptions::Load::whole;
  const Loaded again = read_whole(sessions, dump, options);
  if (again.sha256 != loaded.sha256) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{} was replaced while it was loaded; run it again", dump.object.key));
  }
  for (auto& table : loaded.content.tables) {
    const auto found = std::ranges::find(again.content.tables, table.name, &LoadedTable::name);
    if (found != again.content.tables.end()) table = *found;
  }
  loaded.content.rows = 0;
  for (const auto& table : loaded.content.tables) loaded.content.rows += table.rows;
}

StagingLoader::Loaded StagingLoader::read_whole(std::span<Connection* const> sessions,
                                                const StoredDump& dump,
                                                const ShadowLoadOptions& options) {
  const auto object = store_.get(dump.object.key, 0);
  LoadCounters counters;
  CountedSource counted(*object, counters.object_bytes);
  HashingSource hashing(counted);
  ShadowLoadOptions counting = options;
  counting.counters = &counters;
  Loaded loaded;
  try {
    const ProgressTeller telling(counters, dump.object.size_bytes, ProgressTeller::on_stderr());
    // One thread fetches and hashes, one inflates, this one reads, and each session has its own.
    ReadAhead fetching(hashing);
    const auto inflating = inflate_dump(dump, fetching);
    ReadAhead text(inflating ? *inflating : static_cast<ByteSource&>(fetching));
    const dump::DumpReaderOptions reading{.dialect = dialect_of(*sessions.front()),
                                          .trailer = options_.trailer};
    dump::DumpReader reader(text, reading);
    know_keys_early(reader, store_, dump, reading, options_.check_cancelled);
    loaded.content = load_into_shadow(sessions, reader, counting);
  } catch (const Error& error) {
    if (!blames_dump(error.kind())) throw;
    const std::uint64_t bytes = hashing.bytes();
    require_same_bytes(store_, dump.object.key, {.sha256 = hashing.finish(), .bytes = bytes});
    throw;
  }
  loaded.bytes = hashing.bytes();
  loaded.sha256 = hashing.finish();
  if (loaded.bytes != dump.object.size_bytes) {
    throw Error(ErrorKind::dump_corrupt,
                fmt::format("the store says that {} has {} bytes, {} were read", dump.object.key,
                            dump.object.size_bytes, loaded.bytes));
  }
  // Each small table could become empty by the rules below; all of them at once is no day's work.
  if (loaded.content.rows == 0 && options.only.empty()) {
    throw Error(ErrorKind::dump_corrupt,
                fmt::format("{} is a whole dump without a single row; nothing is published",
                            dump.object.key));
  }
  return loaded;
}

/// A dump that its writer left in the middle may end behind a whole statement. Then the table that
/// was being written lacks rows, and those behind it are not there at all.
void StagingLoader::require_known_end(const Loaded& loaded, const Live& live,
                                      const StoredDump& dump,
                                      const std::optional<DumpManifest>& manifest) {
  if (loaded.content.trailer == dump::DumpEnds::Trailer::there) return;
  if (manifest && manifest->rows) return;
  std::set<std::string> without_floor;
  for (const auto& table : loaded.content.tables) without_floor.insert(table.name);
  if (live.entry) {
    for (const auto& table : live.entry->owned) without_floor.insert(table.name);
  }
  // A floor that a person goes past says nothing.
  if (options_.override_guards.empty()) {
    for (const auto& floor : options_.floors) {
      const bool of_staging = floor.table.schema == options_.schema;
      if (of_staging && floor.min_rows.value_or(0) > 0) without_floor.erase(floor.table.table);
    }
  }
  if (without_floor.empty()) return;
  constexpr std::size_t tables_named_max = 20;
  std::vector<std::string> named(without_floor.begin(), without_floor.end());
  const std::size_t count = named.size();
  named.resize(std::min(count, tables_named_max));
  throw Error(
      ErrorKind::dump_corrupt,
      fmt::format("{} ends without the comment \"-- Dump completed\": it may be cut off, and "
                  "neither a manifest names the rows of all tables, nor do these {} have a "
                  "min_rows in protect.tables: {}{}",
                  dump.object.key, count, join(named, ", "), count > named.size() ? " ..." : ""));
}

/// An archived dump was loaded once: its manifest may be older than the wish for one.
bool StagingLoader::lacks_manifest(const StoredDump& dump) {
  return options_.places.manifests == DumpPlaces::Manifests::required &&
         dump.where == StoredDump::Where::incoming && !store_.stat(manifest_key(dump.object.key));
}

/// Other bytes than the manifest's may have come of the way to here.
void StagingLoader::require_manifest_agrees(const DumpManifest& manifest, const Loaded& loaded,
                                            const StoredDump& dump) {
  const ObjectDigest read{.sha256 = loaded.sha256, .bytes = loaded.bytes};
  try {
    require_agrees(manifest, read, loaded.content.tables);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::dump_corrupt) {
      require_same_bytes(store_, dump.object.key, read);
    }
    throw;
  }
}

/// `refusal`, with where the dump lies now. It is what a person must hear of, so no fault of the
/// store takes its place.
Error StagingLoader::put_in_quarantine(Error refusal, const StoredDump& dump,
                                       const std::string& run_id) {
  Json reason = Json::object();
  reason.set("key", dump.object.key);
  reason.set("error", refusal.name());
  reason.set("cause", refusal.what());
  reason.set("run_id", run_id);
  reason.set("refused_at", format_jst(clock_.now()));
  try {
    const auto key = quarantine_dump(store_, dump, options_.places, clock_.now(), reason);
    if (!key) return refusal;
    log::warn(
        "{} was refused and lies under {} now, the reason beside it as .json; deliver a better one "
        "under its name",
        dump.object.key, *key);
    return std::move(refusal).with("quarantined_as", *key);
  } catch (const Error& error) {
    log::warn("{} was refused and stays where it is, since it cannot be moved: {}", dump.object.key,
              error.what());
    return refusal;
  }
}

void StagingLoader::require_fresh(Connection& session, const Loaded& loaded,
                                  const DumpChoice& choice) {
  const auto other = published_under_other_date(session, loaded.sha256, choice.dump->date);
  if (!other || choice.override_reason.starts_with("rewind")) return;
  throw Error(
      ErrorKind::dump_freshness,
      fmt::format(
          "{} holds the very bytes that were loaded as the dump of {}: the source delivered "
          "an old dump under a new name; nothing is published",
          choice.dump->object.key, other->iso()));
}

/// Views too: one of a dump table's name is somebody's, and must be refused like a table.
std::vector<std::string> StagingLoader::live_relations(Connection& session) {
  const auto found =
      session.query(fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE "
                                "TABLE_SCHEMA = {}",
                                quote_text(options_.schema)));
  std::vector<std::string> names;
  for (const auto& row : found.rows) {
    if (row[0] != publish::marker_table) names.push_back(row[0].value_or(""));
  }
  return names;
}

KeepReasons StagingLoader::keep_reasons(Connection& session,
                                        const std::vector<std::string>& without_rows) {
  KeepReasons keep{.preserved = {options_.preserve.begin(), options_.preserve.end()},
                   .sources = options_.sources,
                   .views = {}};
  if (without_rows.empty()) return keep;
  // Servers store a view's text with schema and table of each name in backticks.
  session.stream("SELECT VIEW_DEFINITION FROM information_schema.VIEWS",
                 [&](Connection::RowView row) {
                   const std::string text(row[0].value_or(""));
                   for (const auto& table : without_rows) {
                     if (reads(text, {options_.schema, table})) keep.views.insert(table);
                   }
                 });
  return keep;
}

TableVerdicts StagingLoader::judge(Connection& session, const Live& live,
                                   const LoadedDump& content) {
  VerdictInput input;
  input.shrink_guard_rows = options_.shrink_guard_rows;
  for (const auto& floor : options_.floors) {
    if (floor.table.schema == options_.schema) input.floors.push_back(floor);
  }
  if (!options_.override_guards.empty()) input.floors_are = VerdictInput::Floors::overridden;
  if (live.entry) {
    for (const auto& table : live.entry->owned) input.owned.insert(table.name);
  }
  std::set<std::string> with_rows;
  std::vector<std::string> without_rows;
  for (const auto& table : content.tables) {
    input.incoming.push_back({.name = table.name, .rows = table.rows});
    if (table.rows > 0) with_rows.insert(table.name);
    if (table.rows == 0) without_rows.push_back(table.name);
  }
  for (const auto& name : live_relations(session)) {
    const bool vanishes = input.owned.contains(name) && !with_rows.contains(name);
    const bool counted = vanishes || has_floor(input.floors, name);
    const std::uint64_t rows = counted ? publish::count_rows(session, {options_.schema, name}) : 0;
    input.live.push_back({.name = name, .rows = rows});
    if (vanishes) without_rows.push_back(name);
  }
  input.keep = keep_reasons(session, without_rows);
  TableVerdicts verdicts = judge_tables(input);
  for (const auto& violation : verdicts.below_floor) {
    log::warn("loaded in spite of the guards, because \"{}\": {}", options_.override_guards,
              violation);
  }
  return verdicts;
}

void StagingLoader::prepare_candidates(Connection& loading, const TableVerdicts& verdicts) {
  // What leaves staging moves to the shadow under its name, and so does what is copied.
  forget_copies(loading, shadow_, verdicts.drop_candidates);
  forget_copies(loading, shadow_, verdicts.withdraw);
  forget_copies(loading, shadow_, verdicts.copy_empty);
  for (const auto& table : verdicts.copy_empty) {
    log::warn("{} is gone from the dump; it stays, empty, since something reads it", table);
    loading.execute(fmt::format("CREATE TABLE {} LIKE {}", quote_name(shadow_, table),
                                quote_name(options_.schema, table)));
  }
}

void StagingLoader::publish_staging(Connection& session, const Live& live,
                                    const publish::Marker& marker, const TableVerdicts& verdicts,
                                    const LoadedDump& content) {
  publish::Publication publication{
      .run_id = marker.run_id,
      .markers = {{options_.schema, marker}},
      .tables = {},
      .withdrawn = {},
      .swapped_out_markers = publish::SwappedOut::exchanged,
      .views = {},
      .unchanged_generations = {{options_.schema, live.marker ? live.marker->generation : 0}}};
  const auto add = [&](const std::string& table) {
    const auto found = std::ranges::find(content.tables, table, &LoadedTable::name);
    if (found != content.tables.end() && found->way == LoadedTable::Way::untouched) return;
    publication.tables.push_back(
        {.live = {options_.schema, table}, .swapped_out = publish::SwappedOut::exchanged});
  };
  std::ranges::for_each(verdicts.publish, add);
  std::ranges::for_each(verdicts.copy_empty, add);
  for (const auto& table : verdicts.withdraw)
    publication.withdrawn.push_back({options_.schema, table});
  publish::publish(session, publication,
                   {.clock = clock_, .check_cancelled = options_.check_cancelled});
}

StagingState StagingLoader::survey() {
  Connection session = Connection::open(options_.publish_account);
  StagingState state;
  state.live = publish::read_marker(session, options_.schema);
  if (state.live) state.dates.staging = state.live->business_date;
  state.dates.layers = layer_dates(session, state.live);
  state.dumps = list_dumps(store_, options_.places);
  state.refused = list_quarantine(store_, options_.places);
  std::optional<BusinessDate> before = state.dates.staging;
  for (const auto& dump : state.dumps) {
    if (state.dates.staging && dump.date <= *state.dates.staging) continue;
    if (before) {
      const auto gap = dates_between(*before, dump.date);
      state.missing.insert(state.missing.end(), gap.begin(), gap.end());
    }
    state.pending.push_back(dump.date);
    before = dump.date;
  }
  return state;
}

DumpCalendar StagingLoader::calendar(const CalendarWish& wish) {
  const StagingState state = survey();
  Connection session = Connection::open(options_.publish_account);
  DumpCalendar calendar = make_calendar({.live = state.dates.staging,
                                         .dumps = state.dumps,
                                         .refused = state.refused,
                                         .loads = published_since(session, first_date_shown(wish)),
                                         .first_load = first_published(session)},
                                        wish);
  read_refusal_notes(store_, calendar);
  return calendar;
}

std::vector<Error> StagingLoader::problems() {
  std::vector<Error> found;
  const auto attempt = [&](const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      found.push_back(error);
    }
  };
  const publish::KnownSchemas known{
      .staging = options_.schema, .layers = layer_schemas(options_), .vault = ""};
  attempt([&] {
    Connection session = Connection::open(options_.publish_account);
    require_rights_to_publish(session, options_.schema, layer_schemas(options_));
    publish::require_no_excess(session, publish::StageAccount::publish, known);
    publish::take_run_locks(session, {options_.schema}, std::chrono::seconds(0));
  });
  attempt([&] {
    Connection session = Connection::open(options_.load_account);
    require_rights_to_load(session, options_.schema);
    publish::require_no_excess(session, publish::StageAccount::load, known);
  });
  return found;
}

}  // namespace pipeline
