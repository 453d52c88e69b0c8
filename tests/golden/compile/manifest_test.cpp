// manifest.json of a small project against what dbt 1.7 writes for it, key by key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "common/base/json.h"
#include "common/base/text.h"
#include "stages/transform/compile/manifest.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

using testing::Contains;

void write_shop(const test::TempDir& dir) {
  dir.write(
      "dbt_project.yml",
      "name: shop\nprofile: shop\nseeds: {shop: {+schema: seeds}}\n"
      "models: {+tags: nightly, shop: {silver: {+materialized: table}}}\n"
      "on-run-start: \"set @rows = (select count(*) from {{ source('raw', 'tenants') }})\"\n");
  dir.write("profiles.yml",
            "shop:\n  target: dev\n  outputs:\n    dev: {type: mariadb, schema: main, password: "
            "not-to-be-shown}\n");
  dir.write("macros/cents.sql",
            "{% macro euros(column) %}{{ cents(column) }} / 100{% endmacro %}\n"
            "{% macro cents(column) %}coalesce({{ column }}, 0){% endmacro %}\n");
  dir.write("seeds/codes.csv", "code,label\n1,one\n\n");
  dir.write("models/shop.yml", R"(version: 2
sources:
  - name: raw
    description: The dump.
    schema: staging
    loader: mysqldump
    meta: {owner: dba}
    loaded_at_field: updated_at
    freshness:
      warn_after: {count: 36, period: hour}
      error_after: {count: 5, period: day}
    tables:
      - name: tenants
        identifier: Tenants
        tags: [small]
        freshness: {error_after: {count: 7}, filter: "id > 0"}
        columns:
          - {name: id, tests: [not_null]}
      - name: rooms
        freshness: null
models:
  - name: clean
    description: One row a tenant.
    config: {meta: {owner: sales}}
    columns:
      - name: id
        description: The tenant.
        data_type: int
        tags: [key]
        tests:
          - unique
          - relationships: {to: ref('codes'), field: code, config: {severity: warn, where: "id > 1"}}
  - name: old
    config: {enabled: false}
)");
  dir.write(
      "models/silver/clean.sql",
      "{{ config(materialized='incremental', unique_key='id', post_hook='analyze table {{ this "
      "}}') }}\nselect id, {{ euros('rent') }} as rent, {{ dbt.type_int() }} as t\n"
      "from {{ source('raw', 'tenants') }} join {{ ref('codes') }}\n");
  dir.write("models/silver/view.sql",
            "select * from {{ ref('shop', 'clean') }} union select * from {{ ref('clean') }}\n");
  dir.write("models/old.sql", "select 1 as one\n");
  dir.write("tests/clean/agrees.sql", "select 1 from {{ ref('view') }}\n");
}

Json manifest_of(const test::TempDir& dir, const CompiledNodes& compiled) {
  CompilerOptions options;
  options.project.project_dir = dir.path();
  const Compiler compiler(std::move(options));
  std::string text;
  write_manifest(compiler,
                 {.invocation_id = "20260201-070000-aaaa",
                  .generated_at = std::chrono::sys_days(std::chrono::year(2026) / 2 / 1),
                  .env = {{"RUN", "nightly"}}},
                 compiled, [&](std::string_view piece) { text += piece; });
  return Json::parse(replace_all(text, dir.path(), "/srv/shop"));
}

CompiledNodes clean_compiled() {
  return {{"model.shop.clean",
           {.compiled_path = "target/compiled/shop/models/silver/clean.sql",
            .build_path = "target/run/shop/models/silver/clean.sql",
            .code = "select 1"}}};
}

Json without_builtin_macros(Json manifest) {
  Json kept = Json::object();
  for (const auto& [id, macro] : manifest.at("macros").as_object()) {
    if (!id.starts_with("macro.dbt.")) kept.set(id, macro);
  }
  manifest.set("macros", std::move(kept));
  return manifest;
}

TEST(ManifestGolden, TellsAProjectAsDbtDoes) {
  const test::TempDir dir;
  write_shop(dir);
  const Json manifest = manifest_of(dir, clean_compiled());
  EXPECT_TRUE(
      test::equals_golden(without_builtin_macros(manifest).dump(Json::Style::indented) + "\n",
                          PIPELINE_SOURCE_DIR "/tests/golden/compile/manifest.expected"));
}

std::set<std::string> keys_of(const Json& json) {
  std::set<std::string> keys;
  for (const auto& [key, value] : json.as_object()) keys.insert(key);
  return keys;
}

const std::set<std::string> of_every_node = {"database",
                                             "schema",
                                             "name",
                                             "resource_type",
                                             "package_name",
                                             "path",
                                             "original_file_path",
                                             "unique_id",
                                             "fqn",
                                             "alias",
                                             "checksum",
                                             "config",
                                             "tags",
                                             "description",
                                             "columns",
                                             "meta",
                                             "group",
                                             "docs",
                                             "patch_path",
                                             "build_path",
                                             "deferred",
                                             "unrendered_config",
                                             "created_at",
                                             "relation_name",
                                             "raw_code"};
const std::set<std::string> of_compiled_nodes = {
    "language", "refs", "sources", "metrics", "depends_on", "compiled_path", "contract"};
const std::set<std::string> once_compiled = {"compiled", "compiled_code", "extra_ctes_injected",
                                             "extra_ctes"};
const std::set<std::string> of_models = {"access", "constraints", "version", "latest_version",
                                         "deprecation_date"};
const std::set<std::string> of_generic_tests = {"test_metadata", "column_name", "file_key_name",
                                                "attached_node"};

std::set<std::string> united(std::initializer_list<std::set<std::string>> sets) {
  std::set<std::string> all;
  for (const auto& set : sets) all.insert(set.begin(), set.end());
  return all;
}

std::set<std::string> keys_of_schema(const std::string& id, const Json& node) {
  if (id.starts_with("seed.")) return united({of_every_node, {"root_path", "depends_on"}});
  const std::set<std::string> compiled =
      node.find("compiled") != nullptr ? once_compiled : std::set<std::string>{};
  const std::set<std::string> common = united({of_every_node, of_compiled_nodes, compiled});
  if (id.starts_with("model.")) return united({common, of_models});
  if (id.starts_with("operation.")) return united({common, {"index"}});
  return node.find("column_name") != nullptr ? united({common, of_generic_tests}) : common;
}

TEST(ManifestGolden, HasEveryKeyOfTheSchemaAndNoOther) {
  const test::TempDir dir;
  write_shop(dir);
  const Json manifest = manifest_of(dir, clean_compiled());
  EXPECT_EQ(keys_of(manifest),
            (std::set<std::string>{"metadata", "nodes", "sources", "macros", "docs", "exposures",
                                   "metrics", "groups", "selectors", "disabled", "parent_map",
                                   "child_map", "group_map", "saved_queries", "semantic_models"}));
  for (const auto& [id, node] : manifest.at("nodes").as_object()) {
    EXPECT_EQ(keys_of(node), keys_of_schema(id, node)) << id;
    EXPECT_EQ(node.at("unique_id").as_string(), id);
  }
  for (const auto& [id, macro] : manifest.at("macros").as_object()) {
    EXPECT_EQ(keys_of(macro),
              (std::set<std::string>{"name", "resource_type", "package_name", "path",
                                     "original_file_path", "unique_id", "macro_sql", "depends_on",
                                     "description", "meta", "docs", "patch_path", "arguments",
                                     "created_at", "supported_languages"}));
  }
  EXPECT_THAT(keys_of(manifest.at("macros")), Contains("macro.dbt.test_not_null"));
}

TEST(ManifestGolden, EveryNameInItMeansSomethingInIt) {
  const test::TempDir dir;
  write_shop(dir);
  const Json manifest = manifest_of(dir, {});
  std::set<std::string> nodes = keys_of(manifest.at("nodes"));
  for (const auto& id : keys_of(manifest.at("sources"))) nodes.insert(id);
  const std::set<std::string> macros = keys_of(manifest.at("macros"));
  for (const auto& [id, node] : manifest.at("nodes").as_object()) {
    for (const auto& macro : node.at("depends_on").at("macros").as_array()) {
      EXPECT_TRUE(macros.contains(macro.as_string())) << id << " " << macro.as_string();
    }
  }
  for (const char* map : {"parent_map", "child_map"}) {
    EXPECT_EQ(keys_of(manifest.at(map)), nodes);
    for (const auto& [id, others] : manifest.at(map).as_object()) {
      for (const auto& other : others.as_array()) {
        EXPECT_TRUE(nodes.contains(other.as_string())) << id;
      }
    }
  }
}

TEST(ManifestGolden, HoldsNoPassword) {
  const test::TempDir dir;
  write_shop(dir);
  EXPECT_EQ(manifest_of(dir, {}).dump().find("not-to-be-shown"), std::string::npos);
}

}  // namespace
}  // namespace pipeline::dbt
