// A run begins by sweeping the shadows, so what stands there beside its record is always of the
// last run that built. Whether it still fits is decided by what that run had read: the same
// generations of everything below and of the layer itself, the same project, and the same versions
// to begin from. Then a run of today would build the same.
//
// That nobody wrote to the candidates since is not left to the rights of accounts: each table is
// read once more and must have the checksum and the definition that it had behind its tests. A full
// read is dear, but it is paid only where tests failed, and then where a person publishes; the
// cheaper signs, rows and the times of files, do not see an UPDATE.
//
// A publish of them notes its run first. So a later start tells its own attempt that died from what
// somebody else left in the shadow, and knows by the live marker whether it came to the RENAME.
#include "stages/transform/run/held_candidates.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/checksum.h"
#include "stages/publish/marker.h"
#include "stages/publish/names.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/node_builder.h"

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

Json texts_json(const std::map<std::string, std::string>& texts) {
  Json document = Json::object();
  for (const auto& [id, text] : texts) document.set(id, text);
  return document;
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
  document.set("bases", texts_json(bases));
  Json generations = Json::object();
  for (const auto& [schema, generation] : seen) generations.set(schema, generation);
  document.set("seen", std::move(generations));
  document.set("failed_tests", texts_json(failed_tests));
  document.set("looks", texts_json(looks));
  document.set("published_by", published_by);
  return document;
}

HeldCandidates HeldCandidates::from_json(const Json& document) {
  HeldCandidates held{.run_id = document.at("run_id").as_string(),
                      .project_hash = document.at("project_hash").as_string(),
                      .full_refresh = document.at("full_refresh").as_bool(),
                      .nodes = texts_of(document.at("nodes")),
                      .bases = {},
                      .seen = {},
                      .failed_tests = texts_of(document.at("failed_tests")),
                      .looks = {},
                      .published_by = document.at("published_by").as_string()};
  for (const auto& [id, look] : document.at("looks").as_object()) {
    held.looks[id] = look.as_string();
  }
  for (const auto& [id, table] : document.at("bases").as_object()) {
    held.bases[id] = table.as_string();
  }
  for (const auto& [schema, generation] : document.at("seen").as_object()) {
    held.seen[schema] = static_cast<std::uint64_t>(generation.as_int());
  }
  return held;
}

std::map<std::string, std::string> candidate_looks(
    Connection& builder, const LayerPlan& plan, const std::function<void()>& throw_if_cancelled) {
  std::map<std::string, std::string> looks;
  for (const Node* node : plan.nodes) {
    // A view is published by its text in the project.
    if (node->config.materialized == Materialization::view) continue;
    throw_if_cancelled();
    const TableName candidate = candidate_name(*node);
    const auto made = builder.query("SHOW CREATE TABLE " + candidate.quoted());
    looks[node->unique_id] = publish::content_checksum(builder, candidate) + " " +
                             sha256_hex(made.rows.at(0).at(1).value_or(""));
  }
  return looks;
}

void write_held(Connection& builder, const std::string& schema, const HeldCandidates& held) {
  const std::string table = table_of(schema).quoted();
  builder.execute("DROP TABLE IF EXISTS " + table);
  builder.execute("CREATE TABLE " + table +
                  " (document LONGTEXT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
  builder.execute(
      fmt::format("INSERT INTO {} VALUES ({})", table, quote_text(held.to_json().dump())));
}

std::string difference_in_shadow(Connection& builder, const LayerPlan& plan,
                                 const HeldCandidates& held,
                                 const std::function<void()>& throw_if_cancelled) {
  for (const Node* node : plan.nodes) {
    const bool view = node->config.materialized == Materialization::view;
    const auto wanted = view ? publish::RelationKind::view : publish::RelationKind::table;
    const TableName candidate = candidate_name(*node);
    if (publish::relation_kind(builder, candidate) == wanted) continue;
    return fmt::format("{} is not there any more", candidate.text());
  }
  const auto looks = candidate_looks(builder, plan, throw_if_cancelled);
  for (const Node* node : plan.nodes) {
    const auto look = looks.find(node->unique_id);
    if (look == looks.end() || look->second == held.looks.at(node->unique_id)) continue;
    return fmt::format("{} is not what the tests looked at: somebody wrote to it since",
                       candidate_name(*node).text());
  }
  for (const auto& schema : plan.schemas) {
    const std::string shadow = publish::shadow_schema(schema);
    const auto marker = publish::read_marker(builder, shadow);
    if (!marker || marker->run_id == held.published_by) continue;
    return fmt::format("the marker of the run {} stands in {}: it began to publish there since",
                       marker->run_id, shadow);
  }
  return {};
}

void claim_held(Connection& builder, const std::vector<std::string>& schemas, HeldCandidates held,
                const std::string& run_id) {
  // What an earlier attempt left is gone before the note names another one.
  for (const auto& schema : schemas) {
    builder.execute("DROP TABLE IF EXISTS " +
                    quote_name(publish::shadow_schema(schema), publish::marker_table));
  }
  held.published_by = run_id;
  builder.execute(fmt::format("UPDATE {} SET document = {}", table_of(schemas.front()).quoted(),
                              quote_text(held.to_json().dump())));
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
