#include "stages/transform/compile/config_json.h"

#include <string_view>

namespace pipeline::dbt {
namespace {

// https://docs.getdbt.com/reference/model-configs; the keys of manifest v11.
constexpr std::string_view of_built_nodes = R"json({"enabled": true, "alias": null,
  "schema": null, "database": null, "tags": [], "meta": {}, "group": null,
  "materialized": "view", "incremental_strategy": null, "persist_docs": {}, "quoting": {},
  "column_types": {}, "full_refresh": null, "unique_key": null, "on_schema_change": "ignore",
  "on_configuration_change": "apply", "grants": {}, "packages": [],
  "docs": {"show": true, "node_color": null},
  "contract": {"enforced": false, "alias_types": true}, "post-hook": [], "pre-hook": []})json";

constexpr std::string_view of_tests = R"json({"enabled": true, "alias": null,
  "schema": "dbt_test__audit", "database": null, "tags": [], "meta": {}, "group": null,
  "materialized": "test", "severity": "ERROR", "store_failures": null,
  "store_failures_as": null, "where": null, "limit": null, "fail_calc": "count(*)",
  "warn_if": "!= 0", "error_if": "!= 0"})json";

Json defaults_of(ResourceType type) {
  static const Json built_nodes = Json::parse(of_built_nodes);
  static const Json tests = Json::parse(of_tests);
  Json defaults = Json::object();
  switch (type) {
    case ResourceType::model:
      defaults = built_nodes;
      defaults.set("access", "protected");
      break;
    case ResourceType::seed:
      defaults = built_nodes;
      defaults.set("materialized", "seed");
      defaults.set("delimiter", ",");
      defaults.set("quote_columns", Json());
      break;
    case ResourceType::test:
      defaults = tests;
      break;
    case ResourceType::source:
      defaults.set("enabled", true);
      break;
    case ResourceType::operation:
      break;
  }
  return defaults;
}

Json hooks_json(const std::vector<Hook>& hooks) {
  Json list = Json::array();
  for (const auto& hook : hooks) {
    Json entry = Json::object();
    entry.set("sql", hook.sql);
    entry.set("transaction", hook.transaction == Hook::Transaction::inside);
    entry.set("index", Json());
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

Json config_json(const Node& node) {
  Json config = defaults_of(node.type);
  for (const auto& [key, value] : node.config.raw.as_object()) {
    if (!value.is_null()) config.set(key, value);
  }
  const bool has_hooks = node.type == ResourceType::model || node.type == ResourceType::seed;
  if (has_hooks) {
    config.set("pre-hook", hooks_json(node.config.pre_hooks));
    config.set("post-hook", hooks_json(node.config.post_hooks));
  }
  return config;
}

}  // namespace pipeline::dbt
