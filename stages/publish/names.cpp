#include "stages/publish/names.h"

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr std::size_t unsuffixed_name_max = 41;  // 64 - length of "_backup_YYYYMMDD_HHMMSS"
constexpr std::size_t name_max = 64;

}  // namespace

// Counts bytes, which are never fewer than characters.
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

std::string backup_suffix(Connection& session, const std::vector<std::string>& schemas,
                          std::chrono::system_clock::time_point now) {
  std::vector<std::string> quoted;
  for (const auto& schema : schemas) quoted.push_back(quote_text(schema));
  for (;; now += std::chrono::seconds(1)) {
    // "2026-02-02T07:05:01+09:00" -> "_backup_20260202_070501"
    const std::string jst = format_jst(now);
    std::string suffix = "_backup_" + replace_all(jst.substr(0, 10), "-", "") + "_" +
                         replace_all(jst.substr(11, 8), ":", "");
    const auto taken = session.query_value(
        fmt::format("SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN "
                    "({0}) AND RIGHT(TABLE_NAME, {1}) = {2}) + (SELECT COUNT(*) FROM "
                    "pipeline.backup WHERE schema_name IN ({0}) AND RIGHT(backup_name, {1}) = {2})",
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
