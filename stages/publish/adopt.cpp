// An adoption is a publish that renames nothing but markers. What the records must know of a table
// before a run may build on it is little: which day it holds, and that it must never be dropped for
// being made anew each day. So incremental tables are noted with the day that a person declares;
// everything else is not noted at all, and what no publish of ours made is kept as a backup when
// the first run puts its own table in its place.
//
// The generation is 0. The first run makes generation 1, and no number ever means two contents.
#include "stages/publish/adopt.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

struct Ending {
  std::string_view text;
  Leftover::Kind kind;
};
// As dbt names what it makes beside a table and what it puts aside.
constexpr std::array endings{Ending{"__dbt_backup", Leftover::Kind::dbt_backup},
                             Ending{"__dbt_tmp", Leftover::Kind::dbt_tmp}};

constexpr std::string_view backup_mark = "_backup_";
constexpr std::size_t date_digits = 8;

bool begins_with_date(std::string_view text) {
  return text.size() >= date_digits && BusinessDate::parse(text.substr(0, date_digits)).has_value();
}

}  // namespace

std::optional<Leftover> leftover_of(std::string_view name) {
  for (const auto& ending : endings) {
    if (!name.ends_with(ending.text) || name.size() == ending.text.size()) continue;
    return Leftover{.kind = ending.kind,
                    .of = std::string(name.substr(0, name.size() - ending.text.size()))};
  }
  const auto mark = name.rfind(backup_mark);
  if (mark == std::string_view::npos || mark == 0) return {};
  if (!begins_with_date(name.substr(mark + backup_mark.size()))) return {};
  return Leftover{.kind = Leftover::Kind::dated_backup, .of = std::string(name.substr(0, mark))};
}

std::string text_of(const Leftover& leftover) {
  switch (leftover.kind) {
    case Leftover::Kind::dbt_backup:
      return "dbt's backup of " + leftover.of;
    case Leftover::Kind::dbt_tmp:
      return "dbt's new " + leftover.of + ", not finished";
    case Leftover::Kind::dated_backup:
      return "a backup of " + leftover.of + ", not the pipeline's";
  }
  return leftover.of;
}

Restoration plan_adoption(const AdoptionOrder& order) {
  require(!order.markers.empty(), "an adoption has a marker");
  const auto& [main, marker] = order.markers.front();
  Restoration adoption;
  PublishPlan& plan = adoption.plan;
  plan.kind = PlanKind::adopt;
  plan.reason = order.reason;
  plan.schema = main;
  plan.generation = marker.generation;
  plan.run_id = marker.run_id;
  plan.business_date = marker.business_date;
  for (const auto& [schema, one] : order.markers) {
    const TableName live{schema, std::string(marker_table)};
    plan.renames.emplace_back(TableName{shadow_schema(schema), live.table}, live);
    adoption.markers.emplace_back(schema, one);
  }
  for (const auto& table : order.accumulated) {
    // "Had a predecessor": what lies before this version is not known, so no run may take it for
    // the first one and build its date from nothing.
    plan.published.push_back({.live = table,
                              .had_predecessor = true,
                              .contents = Contents::accumulated,
                              .backup_name = {},
                              .origin = Origin::declared});
  }
  return adoption;
}

std::optional<BusinessDate> adopted_as_of(Connection& connection, const std::string& schema) {
  const auto date = connection.query_value(
      fmt::format("SELECT business_date FROM pipeline.publish_journal WHERE schema_name = {} AND "
                  "kind = {} AND state IN ('done', 'unfinished') ORDER BY publish_id DESC LIMIT 1",
                  quote_text(schema), quote_text(word_of(PlanKind::adopt))));
  return BusinessDate::parse(date.value_or(""));
}

std::vector<Standing> relations_of(Connection& connection, const std::string& schema) {
  std::vector<Standing> found;
  const auto rows = connection.query(
      fmt::format("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA "
                  "= {} AND TABLE_NAME <> {} ORDER BY 1",
                  quote_text(schema), quote_text(marker_table)));
  for (const auto& row : rows.rows) {
    found.push_back({.name = row[0].value_or(""),
                     .kind = row[1] == "VIEW" ? Standing::Kind::view : Standing::Kind::table});
  }
  return found;
}

}  // namespace pipeline::publish
