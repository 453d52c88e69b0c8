// The dump is loaded once more beside staging, by the same code, and each table compared with the
// live one by definition and checksum. What a load makes is what a client makes of the dump, which
// other tests show; this shows that staging still is that, whoever wrote to it since.
#include "stages/staging/load/staging_verification.h"

#include <algorithm>
#include <map>
#include <regex>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/checksum.h"
#include "stages/publish/sql.h"
#include "stages/staging/load/loader.h"

namespace pipeline {
namespace {

/// Without the next number, which deleted rows move too.
std::string definition_of(Connection& session, const TableName& table) {
  const auto shown = session.query("SHOW CREATE TABLE " + table.quoted());
  static const std::regex counter(R"( AUTO_INCREMENT=[0-9]+)");
  return std::regex_replace(shown.rows.at(0).at(1).value_or(""), counter, "");
}

/// Empty: they are equal.
std::string difference_of(Connection& session, const TableName& live, const TableName& again) {
  if (publish::relation_kind(session, live) != publish::RelationKind::table) {
    return "it is gone from staging";
  }
  const auto rows_live = publish::count_rows(session, live);
  const auto rows_again = publish::count_rows(session, again);
  if (rows_live != rows_again) {
    return fmt::format("{} rows in staging, {} in the dump", rows_live, rows_again);
  }
  if (definition_of(session, live) != definition_of(session, again)) {
    return "its definition is not the one of the dump";
  }
  if (publish::content_checksum(session, live) != publish::content_checksum(session, again)) {
    return fmt::format("as many rows ({}) with other values", rows_live);
  }
  return {};
}

}  // namespace

StagingVerification StagingLoader::verify(const std::string& run_id) {
  require_rights();
  Connection session = open_locked(run_id);
  const Live live = read_live(session);
  if (!live.marker || !live.entry || live.marker->source_object.empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} shows no dump that could be compared with it", options_.schema));
  }
  StagingVerification result{.live = *live.marker};
  const StoredDump dump = dump_of(*live.marker);
  result.object = dump.object.key;

  Connection loading = open_loading(session, run_id);
  const Loaded loaded =
      fill_shadow(session, loading, live, dump, run_id, RouteOptions::Load::whole);
  if (loaded.sha256 != live.marker->source_sha256) {
    throw Error(ErrorKind::dump_corrupt,
                fmt::format("{} does not hold the bytes that {} was loaded from", dump.object.key,
                            options_.schema));
  }
  result.rows = loaded.content.rows;
  std::map<std::string, std::uint64_t> in_dump;
  for (const auto& table : loaded.content.tables) in_dump[table.name] = table.rows;

  std::map<std::string, std::string> differences;
  for (const auto& owned : live.entry->owned) {
    options_.check_cancelled();
    const TableName table{options_.schema, owned.name};
    if (!in_dump.contains(owned.name)) {
      // It stays, empty, since something reads it.
      const bool there = publish::relation_kind(session, table) == publish::RelationKind::table;
      const std::uint64_t rows = there ? publish::count_rows(session, table) : 0;
      if (rows > 0) differences[owned.name] = fmt::format("{} rows, none in the dump", rows);
      if (!there) differences[owned.name] = "it is gone from staging";
      if (rows == 0 && there) ++result.tables_equal;
      continue;
    }
    const std::string what = difference_of(loading, table, {shadow_, owned.name});
    if (what.empty()) ++result.tables_equal;
    if (!what.empty()) differences[owned.name] = what;
    in_dump.erase(owned.name);
  }
  for (const auto& [table, rows] : in_dump) {
    const auto is_it = [&name = table](const IncomingTable& owned) { return owned.name == name; };
    if (rows == 0 || std::ranges::any_of(live.entry->owned, is_it)) continue;
    differences[table] = fmt::format("{} rows of the dump are not in staging", rows);
  }
  for (const auto& [table, what] : differences) result.differences.push_back({table, what});
  // The next load must not take for right what was just seen to be wrong.
  for (const auto& owned : live.entry->owned) {
    const auto slot = delta::slot_of(owned.slot);
    if (!slot || !differences.contains(owned.name)) continue;
    delta::TableState(loading, shadow_, owned.name, *slot).drop();
  }
  return result;
}

/// The dump is in the archive, or still where it came.
StoredDump StagingLoader::dump_of(const publish::Marker& marker) {
  for (const auto& key :
       {processed_key(marker.source_object, options_.places), marker.source_object}) {
    const auto object = store_.stat(key);
    if (!object) continue;
    return {.date = marker.business_date,
            .object = *object,
            .where = key == marker.source_object ? StoredDump::Where::incoming
                                                 : StoredDump::Where::processed};
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("the store has {} neither in the archive nor where it came",
                          marker.source_object));
}

}  // namespace pipeline
