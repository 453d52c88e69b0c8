// A run begins by sweeping the shadows, so what stands there beside its record is always of the
// last run that built. Whether it still fits is decided by what that run had read: the same
// generations of everything below and of the layer itself, the same project, and the same versions
// to begin from. Then a run of today would build the same, and what is published is what the tests
// looked at.
#include "stages/transform/run/held_candidates.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/names.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {
namespace {

TableName table_of(const std::string& schema) {
  return publish::in_shadow({schema, std::string(held_table)});
}

Json texts_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  for (const auto& text : list.as_array()) texts.push_back(text.as_string());
  return texts;
}

}  // namespace

Json HeldCandidates::to_json() const {
  Json document = Json::object();
  document.set("run_id", run_id);
  document.set("project_hash", project_hash);
  document.set("full_refresh", full_refresh);
  document.set("nodes", texts_json(nodes));
  Json base_names = Json::object();
  for (const auto& [id, table] : bases) base_names.set(id, table);
  document.set("bases", std::move(base_names));
  Json generations = Json::object();
  for (const auto& [schema, generation] : seen) generations.set(schema, generation);
  document.set("seen", std::move(generations));
  document.set("failed_tests", texts_json(failed_tests));
  return document;
}

HeldCandidates HeldCandidates::from_json(const Json& document) {
  HeldCandidates held{.run_id = document.at("run_id").as_string(),
                      .project_hash = document.at("project_hash").as_string(),
                      .full_refresh = document.at("full_refresh").as_bool(),
                      .nodes = texts_of(document.at("nodes")),
                      .bases = {},
                      .seen = {},
                      .failed_tests = texts_of(document.at("failed_tests"))};
  for (const auto& [id, table] : document.at("bases").as_object()) {
    held.bases[id] = table.as_string();
  }
  for (const auto& [schema, generation] : document.at("seen").as_object()) {
    held.seen[schema] = static_cast<std::uint64_t>(generation.as_int());
  }
  return held;
}

void write_held(Connection& builder, const std::string& schema, const HeldCandidates& held) {
  const std::string table = table_of(schema).quoted();
  builder.execute("DROP TABLE IF EXISTS " + table);
  builder.execute("CREATE TABLE " + table +
                  " (document LONGTEXT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
  builder.execute(
      fmt::format("INSERT INTO {} VALUES ({})", table, quote_text(held.to_json().dump())));
}

std::optional<HeldCandidates> read_held(Connection& session, const std::string& schema) {
  const TableName table = table_of(schema);
  if (publish::relation_kind(session, table) != publish::RelationKind::table) return {};
  const auto document = session.query_value("SELECT document FROM " + table.quoted());
  if (!document) return {};
  return HeldCandidates::from_json(Json::parse(*document));
}

std::string difference_from_held(const HeldCandidates& held, const HeldCandidates& now) {
  for (const auto& [schema, generation] : held.seen) {
    const auto found = now.seen.find(schema);
    const std::uint64_t live = found == now.seen.end() ? 0 : found->second;
    if (live == generation) continue;
    return fmt::format("{} moved from generation {} to {} since", schema, generation, live);
  }
  if (held.project_hash != now.project_hash) {
    return "the project, its vars or its target are not those of that run any more";
  }
  if (held.full_refresh != now.full_refresh) {
    return held.full_refresh ? "that run was one with --full-refresh; give that too"
                             : "that run was one without --full-refresh";
  }
  if (held.nodes != now.nodes) {
    return fmt::format("that run built {}; give the --select and --exclude that it had",
                       join(held.nodes, ", "));
  }
  if (held.bases != now.bases) {
    return "the tables that the incremental models began from are not what they were";
  }
  return {};
}

}  // namespace pipeline::dbt
