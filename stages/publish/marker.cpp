#include "stages/publish/marker.h"

#include <array>
#include <chrono>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

// https://mariadb.com/kb/en/mariadb-error-code-reference/
constexpr unsigned int unknown_database = 1049;
constexpr unsigned int no_such_table = 1146;

constexpr std::array<std::pair<OnRunEnd, std::string_view>, 3> on_run_end_words{
    {{OnRunEnd::none, "none"}, {OnRunEnd::pending, "pending"}, {OnRunEnd::done, "done"}}};

std::string_view word_of(OnRunEnd state) {
  for (const auto& [value, word] : on_run_end_words) {
    if (value == state) return word;
  }
  return "none";
}

OnRunEnd on_run_end_of(std::string_view text) {
  for (const auto& [value, word] : on_run_end_words) {
    if (word == text) return value;
  }
  throw Error(ErrorKind::internal, fmt::format("a marker holds on_run_end = {}", text));
}

}  // namespace

std::string shadow_schema(std::string_view schema) {
  return std::string(schema) + "__next";
}

std::optional<Marker> read_marker(Connection& connection, std::string_view schema) {
  ResultTable found;
  try {
    found = connection.query(
        fmt::format("SELECT generation, upstream_generation, run_id, business_date, source_object, "
                    "source_sha256, project_hash, on_run_end, published_at FROM {}",
                    quote_name(schema, marker_table)));
  } catch (const Error& error) {
    const auto number = server_errno(error);
    if (number == unknown_database || number == no_such_table) return {};
    throw;
  }
  if (found.rows.size() != 1) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("the marker of {} has {} rows instead of one; somebody wrote to {}.{}",
                            schema, found.rows.size(), schema, marker_table));
  }
  const Row& row = found.rows.front();
  const auto text = [&](std::size_t column) { return row[column].value_or(""); };
  const auto date = BusinessDate::parse(text(3));
  if (!date) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("the marker of {} holds no business date", schema));
  }
  return Marker{.generation = to_number(row[0]),
                .upstream_generation = to_number(row[1]),
                .run_id = text(2),
                .business_date = *date,
                .source_object = text(4),
                .source_sha256 = text(5),
                .project_hash = text(6),
                .on_run_end = on_run_end_of(text(7)),
                .published_at = text(8)};
}

void write_candidate_marker(Connection& connection, std::string_view schema, const Marker& marker) {
  const std::string table = quote_name(shadow_schema(schema), marker_table);
  connection.execute("DROP TABLE IF EXISTS " + table);
  connection.execute("CREATE TABLE " + table +
                     " (generation BIGINT UNSIGNED NOT NULL PRIMARY KEY,"
                     " upstream_generation BIGINT UNSIGNED NOT NULL,"
                     " run_id VARCHAR(64) NOT NULL,"
                     " business_date DATE NOT NULL,"
                     " source_object VARCHAR(1024) NOT NULL,"
                     " source_sha256 VARCHAR(64) NOT NULL,"
                     " project_hash VARCHAR(64) NOT NULL,"
                     " on_run_end VARCHAR(16) NOT NULL,"
                     " published_at VARCHAR(32) NOT NULL COMMENT 'UTC')"
                     " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
  // The session's clock may stand at the business date, so the time comes from the process.
  const std::string published_at = marker.published_at.empty()
                                       ? format_utc(std::chrono::system_clock::now())
                                       : marker.published_at;
  connection.execute(fmt::format("INSERT INTO {} VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {})",
                                 table, marker.generation, marker.upstream_generation,
                                 quote_text(marker.run_id), date_literal(marker.business_date),
                                 quote_text(marker.source_object), quote_text(marker.source_sha256),
                                 quote_text(marker.project_hash),
                                 quote_text(word_of(marker.on_run_end)), quote_text(published_at)));
}

}  // namespace pipeline::publish
