#include "stages/staging/load/table_verdict.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"

namespace pipeline {
namespace {

bool holds(const std::vector<LiveTable>& live, const std::string& name) {
  return std::ranges::find(live, name, &LiveTable::name) != live.end();
}

void refuse_foreign(const VerdictInput& input) {
  std::vector<std::string> foreign;
  for (const auto& table : input.incoming) {
    if (holds(input.live, table.name) && !input.owned.contains(table.name))
      foreign.push_back(table.name);
  }
  if (foreign.empty()) return;
  throw Error(
      ErrorKind::guard_refused,
      fmt::format("the dump brings {}, which stands in staging but was not loaded by this loader; "
                  "it is not overwritten: rename it, or take it out of the dump",
                  join(foreign, ", ")));
}

void refuse_shrunk(const VerdictInput& input, const std::set<std::string>& with_rows) {
  std::vector<std::string> shrunk;
  for (const auto& table : input.live) {
    if (input.owned.contains(table.name) && !with_rows.contains(table.name) &&
        table.rows > input.shrink_guard_rows) {
      shrunk.push_back(fmt::format("{} ({} rows)", table.name, table.rows));
    }
  }
  if (shrunk.empty()) return;
  throw Error(
      ErrorKind::guard_refused,
      fmt::format("the dump has no rows for {}; that is more than staging.shrink_guard_rows ({}) "
                  "lets go. Nothing is published: if the source is right, raise the guard once",
                  join(shrunk, ", "), input.shrink_guard_rows));
}

/// The floor's table by name; it is a table of staging.
std::vector<publish::Violation> below_floor(const VerdictInput& input) {
  std::vector<publish::Violation> violations;
  for (const auto& floor : input.floors) {
    const std::string& name = floor.table.table;
    const auto incoming = std::ranges::find(input.incoming, name, &IncomingTable::name);
    const auto live = std::ranges::find(input.live, name, &LiveTable::name);
    if (incoming == input.incoming.end() && live == input.live.end()) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("protect.tables names {}, which is neither in the dump nor live",
                              floor.table.text()));
    }
    const std::uint64_t rows = incoming == input.incoming.end() ? 0 : incoming->rows;
    const auto live_rows =
        live == input.live.end() ? std::optional<std::uint64_t>() : std::optional(live->rows);
    for (auto& violation : publish::judge_floor(floor, live_rows, rows)) {
      violations.push_back(std::move(violation));
    }
  }
  return violations;
}

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string_view KeepReasons::reason(const std::string& table) const {
  if (preserved.contains(table)) return "it is in staging.preserve";
  if (sources.contains(table)) return "a dbt source names it";
  if (views.contains(table)) return "a view reads it";
  return "";
}

TableVerdicts judge_tables(const VerdictInput& input) {
  refuse_foreign(input);
  std::set<std::string> in_dump;
  std::set<std::string> with_rows;
  for (const auto& table : input.incoming) {
    in_dump.insert(table.name);
    if (table.rows > 0) with_rows.insert(table.name);
  }
  refuse_shrunk(input, with_rows);

  TableVerdicts verdicts;
  verdicts.below_floor = below_floor(input);
  if (!verdicts.below_floor.empty() && input.floors_are == VerdictInput::Floors::hold) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{}; nothing is published. If the source is right, load it once with "
                            "--override-guards \"reason\"",
                            join(verdicts.below_floor, "; ")));
  }
  for (const auto& table : input.incoming) {
    const bool kept = table.rows > 0 || !input.keep.reason(table.name).empty();
    if (kept) {
      verdicts.publish.push_back(table.name);
      if (table.rows == 0) verdicts.kept_empty.push_back(table.name);
      continue;
    }
    verdicts.drop_candidates.push_back(table.name);
    if (holds(input.live, table.name)) verdicts.withdraw.push_back(table.name);
  }
  for (const auto& table : input.live) {
    if (!input.owned.contains(table.name) || in_dump.contains(table.name)) continue;
    const bool kept = !input.keep.reason(table.name).empty();
    (kept ? verdicts.copy_empty : verdicts.withdraw).push_back(table.name);
  }
  return verdicts;
}

bool is_reserved_table_name(std::string_view name) {
  if (name == publish::marker_table) return true;
  for (const std::string_view suffix :
       {"__next", "__old", "__swap", "__hashes", "__hashes_a", "__hashes_b"}) {
    if (name.ends_with(suffix)) return true;
  }
  // <table>_backup_YYYYMMDD_HHMMSS
  constexpr std::size_t stamp_bytes = 15;
  constexpr std::string_view mark = "_backup_";
  if (name.size() < stamp_bytes + mark.size()) return false;
  const std::string_view stamp = name.substr(name.size() - stamp_bytes);
  return name.substr(0, name.size() - stamp_bytes).ends_with(mark) &&
         all_digits(stamp.substr(0, 8)) && stamp[8] == '_' && all_digits(stamp.substr(9));
}

}  // namespace pipeline
