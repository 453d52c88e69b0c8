// What a load would do, without doing it. Everything that decides a load before the server takes
// rows is decided here by the same code: which dump, whether it can be read to its end, whether its
// bytes are new, what becomes of each table. Every session is told to write nothing, so that it is
// the server who keeps the promise.
#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "stages/publish/marker.h"
#include "stages/staging/load/dump_archive.h"
#include "stages/staging/load/load_rights.h"
#include "stages/staging/load/loader.h"

namespace pipeline {

Connection StagingLoader::open_reading(ConnectionOptions account) {
  Connection session = Connection::open(account);
  options_.session_opened(account, session.id());
  session.execute("SET SESSION TRANSACTION READ ONLY");
  return session;
}

/// read_live() stamps what a dead run published; this leaves it.
StagingLoader::Live StagingLoader::peek_live(Connection& session) {
  Live live;
  live.marker = publish::read_marker(session, options_.schema);
  if (live.marker) {
    live.dates.staging = live.marker->business_date;
    live.entry = read_entry(session, live.marker->generation, live.marker->run_id);
  }
  live.dates.layers = layer_dates(session, live.marker);
  return live;
}

LoadReport StagingLoader::rehearse(const DumpWish& wish) {
  require_rights();
  Connection session = open_reading(options_.publish_account);
  const Live live = peek_live(session);
  const DumpChoice choice = choose(wish, live);
  if (choice.kind == DumpChoice::Kind::not_there) {
    const auto deadline = wish.date.instant_at(options_.wait_until);
    if (wish.date <= BusinessDate::at(clock_.now()) && clock_.now() < deadline) {
      throw Error(ErrorKind::dump_not_yet,
                  fmt::format("{} holds no dump of {} yet; a load would look for it until {}",
                              store_.url(), wish.date.iso(), format_jst(deadline)));
    }
    wait_or_give_up(wish, live.dates.staging, {});
  }
  const bool same_bytes =
      choice.kind == DumpChoice::Kind::load_if_other &&
      digest_of(store_, choice.dump->object.key).sha256 == live.marker->source_sha256;
  if (choice.kind == DumpChoice::Kind::nothing_new || same_bytes) return nothing_new(live, {});

  const Scope scope("object", choice.dump->object.key);
  if (lacks_manifest(*choice.dump)) {
    throw Error(ErrorKind::dump_not_yet,
                fmt::format("{} lies without {}, which source.manifest requires; a load would look "
                            "for it until {}",
                            choice.dump->object.key, manifest_key(choice.dump->object.key),
                            format_jst(wish.date.instant_at(options_.wait_until))));
  }
  const auto manifest = find_manifest(store_, choice.dump->object.key, options_.places);
  if (manifest) require_agrees(*manifest, *choice.dump);
  require_live_tables_plain(session, live);
  Connection loading = open_reading(options_.load_account);
  Connection* const reading[] = {&loading};
  Loaded loaded = read_whole(reading, *choice.dump,
                             {.shadow = shadow_,
                              .write = ShadowLoadOptions::Write::nothing,
                              .rows_by = rows_by(loading),
                              .check_cancelled = options_.check_cancelled});
  if (manifest) require_manifest_agrees(*manifest, loaded, *choice.dump);
  require_known_end(loaded, live, *choice.dump, manifest);
  require_fresh(session, loaded, choice);

  LoadReport report;
  report.outcome = LoadReport::Outcome::would_load;
  tell_verdicts(judge(session, live, loaded.content), report);
  report.live = {.business_date = choice.dump->date,
                 .source_object = choice.dump->object.key,
                 .source_sha256 = loaded.sha256};
  report.dump = *choice.dump;
  report.content = std::move(loaded.content);
  if (manifest) report.manifest = manifest->key;
  report.gaps = choice.gaps;
  report.override_reason = reasons(choice);
  return report;
}

}  // namespace pipeline
