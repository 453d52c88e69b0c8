#include "stages/staging/load/load_ledger.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/sql.h"

namespace pipeline {
namespace {

constexpr int loads_read_max = 10'000;
constexpr std::chrono::system_clock::time_point never{};

std::string tables_json(const std::vector<IncomingTable>& tables) {
  Json list = Json::array();
  for (const auto& table : tables) {
    Json one = Json::object();
    one.set("table", table.name);
    one.set("rows", table.rows);
    if (!table.content.empty()) one.set("content", table.content);
    if (!table.slot.empty()) one.set("slot", table.slot);
    list.push_back(std::move(one));
  }
  return list.dump();
}

std::string text_or_empty(const Json& object, std::string_view key) {
  const Json* const found = object.find(key);
  return found == nullptr ? std::string() : found->as_string();
}

std::vector<IncomingTable> tables_of(const std::string& text) {
  std::vector<IncomingTable> tables;
  const Json document = Json::parse(text);
  for (const auto& one : document.as_array()) {
    tables.push_back({.name = one.at("table").as_string(),
                      .rows = static_cast<std::uint64_t>(one.at("rows").as_int()),
                      .content = text_or_empty(one, "content"),
                      .slot = text_or_empty(one, "slot")});
  }
  return tables;
}

BusinessDate date_of(const std::optional<std::string>& text) {
  const auto date = BusinessDate::parse(text.value_or(""));
  if (!date)
    throw Error(ErrorKind::guard_refused, "pipeline.loaded_dump holds a row without a date");
  return *date;
}

}  // namespace

void write_planned(Connection& session, const LedgerEntry& entry) {
  session.execute(fmt::format(
      "INSERT INTO pipeline.loaded_dump (generation, run_id, business_date, object_key, "
      "object_sha256, "
      "object_bytes, owned_tables, override_reason, loaded_at) VALUES ({}, {}, {}, {}, {}, {}, {}, "
      "{}, "
      "UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE business_date = VALUES(business_date), object_key "
      "= "
      "VALUES(object_key), object_sha256 = VALUES(object_sha256), object_bytes = "
      "VALUES(object_bytes), "
      "owned_tables = VALUES(owned_tables), override_reason = VALUES(override_reason), loaded_at = "
      "VALUES(loaded_at), published_at = NULL",
      entry.generation, quote_text(entry.run_id), publish::date_literal(entry.business_date),
      quote_text(entry.object_key), quote_text(entry.object_sha256), entry.object_bytes,
      quote_text(tables_json(entry.owned)),
      entry.override_reason.empty() ? "NULL" : quote_text(head(entry.override_reason, 1000))));
}

void mark_published(Connection& session, std::uint64_t generation, const std::string& run_id) {
  session.execute(
      fmt::format("UPDATE pipeline.loaded_dump SET published_at = UTC_TIMESTAMP(6) WHERE "
                  "generation = {} AND run_id = "
                  "{} AND published_at IS NULL",
                  generation, quote_text(run_id)));
}

std::optional<LedgerEntry> read_entry(Connection& session, std::uint64_t generation,
                                      const std::string& run_id) {
  const auto found = session.query(fmt::format(
      "SELECT business_date, object_key, object_sha256, object_bytes, owned_tables, "
      "COALESCE(override_reason, '') FROM pipeline.loaded_dump WHERE generation = {} AND "
      "run_id = {}",
      generation, quote_text(run_id)));
  if (found.rows.empty()) return {};
  const Row& row = found.rows.front();
  return LedgerEntry{.generation = generation,
                     .run_id = run_id,
                     .business_date = date_of(row[0]),
                     .object_key = row[1].value_or(""),
                     .object_sha256 = row[2].value_or(""),
                     .object_bytes = publish::to_number(row[3]),
                     .owned = tables_of(row[4].value_or("[]")),
                     .override_reason = row[5].value_or("")};
}

Copies copies_in(Connection& session, const std::string& shadow,
                 const std::optional<publish::Marker>& live) {
  const auto newest = session.query_value(
      "SELECT MAX(generation) FROM pipeline.loaded_dump WHERE published_at IS NOT NULL");
  if (!live) return newest ? Copies::unknown : Copies::of_a_first_load;
  if (!newest || publish::to_number(newest) != live->generation) return Copies::unknown;
  const auto before = session.query_value(
      fmt::format("SELECT MAX(generation) FROM pipeline.loaded_dump WHERE published_at IS NOT NULL "
                  "AND generation < {}",
                  live->generation));
  const auto beside = publish::read_marker(session, shadow);
  // The first publish leaves nothing in the shadow.
  if (!beside) return before ? Copies::unknown : Copies::paired;
  const auto is_known = [&](const std::string& condition) {
    return session
        .query_value(
            fmt::format("SELECT 1 FROM pipeline.loaded_dump WHERE generation = {} AND run_id "
                        "= {} AND {}",
                        beside->generation, quote_text(beside->run_id), condition))
        .has_value();
  };
  if (beside->generation > live->generation) {
    return is_known("published_at IS NULL") ? Copies::paired : Copies::unknown;
  }
  const bool is_the_last = before && publish::to_number(before) == beside->generation;
  return is_the_last && is_known("published_at IS NOT NULL") ? Copies::paired : Copies::unknown;
}

std::optional<BusinessDate> published_under_other_date(Connection& session,
                                                       const std::string& sha256,
                                                       BusinessDate date) {
  const auto other = session.query_value(
      fmt::format("SELECT business_date FROM pipeline.loaded_dump WHERE object_sha256 = {} AND "
                  "business_date <> {} "
                  "AND published_at IS NOT NULL ORDER BY published_at DESC LIMIT 1",
                  quote_text(sha256), publish::date_literal(date)));
  if (!other) return {};
  return date_of(other);
}

std::vector<PublishedLoad> published_since(Connection& session, BusinessDate first) {
  const auto found = session.query(fmt::format(
      "SELECT business_date, generation, run_id, DATE_FORMAT(published_at, "
      "'%Y-%m-%dT%H:%i:%s.000Z') FROM pipeline.loaded_dump WHERE published_at IS NOT NULL AND "
      "business_date >= {} ORDER BY generation DESC LIMIT {}",
      publish::date_literal(first), loads_read_max));
  std::vector<PublishedLoad> loads;
  for (const auto& row : found.rows) {
    loads.push_back({.business_date = date_of(row[0]),
                     .generation = publish::to_number(row[1]),
                     .run_id = row[2].value_or(""),
                     .published_at = parse_utc(row[3].value_or("")).value_or(never)});
  }
  std::ranges::reverse(loads);
  return loads;
}

std::optional<BusinessDate> first_published(Connection& session) {
  const auto first = session.query_value(
      "SELECT MIN(business_date) FROM pipeline.loaded_dump WHERE published_at IS NOT NULL");
  if (!first) return {};
  return date_of(first);
}

}  // namespace pipeline
