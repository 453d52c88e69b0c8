// Settings that are honoured, and those that are refused by name.
#include "stages/transform/compile/node_config.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "stages/transform/compile/compiler.h"

namespace pipeline::dbt {
namespace {

const Place place{.file = "models/a.sql", .line = 2};

NodeConfig model(std::string_view json) {
  return read_node_config(ResourceType::model, Json::parse(json), place);
}

std::string refusal(std::string_view json) {
  try {
    model(json);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was refused";
}

TEST(NodeConfig, ChoosesTheStrategyByTheKeyAsDbtMysqlDoes) {
  EXPECT_EQ(model(R"({"materialized": "incremental"})").strategy, IncrementalStrategy::append);
  const NodeConfig keyed = model(R"({"materialized": "incremental", "unique_key": "id"})");
  EXPECT_EQ(keyed.strategy, IncrementalStrategy::delete_insert);
  EXPECT_EQ(keyed.unique_key, std::vector<std::string>{"id"});
}

TEST(NodeConfig, RefusesByNameWhatItCannotDo) {
  EXPECT_EQ(refusal(R"({"materialized": "ephemeral"})"),
            "models/a.sql:2: not supported yet: materialized \"ephemeral\"");
  EXPECT_EQ(refusal(R"({"materialized": "incremental", "incremental_strategy": "merge"})"),
            "models/a.sql:2: not supported yet: incremental_strategy \"merge\"");
  EXPECT_EQ(refusal(R"({"materialized": "tabel"})"),
            "models/a.sql:2: unknown materialized \"tabel\"; known: view, table, incremental");
  EXPECT_EQ(refusal(R"({"on_schema_change": "explode"})"),
            "models/a.sql:2: unknown on_schema_change \"explode\"; known: ignore, "
            "append_new_columns, sync_all_columns, fail");
  EXPECT_EQ(refusal(R"({"contract": {"enforced": true}})"),
            "models/a.sql:2: not supported yet: contract (enforced: true)");
  EXPECT_EQ(refusal(R"({"indexes": [{"unique": true}]})"),
            "models/a.sql:2: an index must name its columns");
}

TEST(NodeConfig, KnowsEveryStrategyOfDbtByName) {
  for (const std::string name : {"merge", "insert_overwrite", "microbatch"}) {
    EXPECT_EQ(
        refusal(R"({"materialized": "incremental", "incremental_strategy": ")" + name + "\"}"),
        "models/a.sql:2: not supported yet: incremental_strategy \"" + name + "\"");
  }
  EXPECT_EQ(refusal(R"({"materialized": "incremental", "incremental_strategy": "apend"})"),
            "models/a.sql:2: unknown incremental_strategy \"apend\"; known: append, delete+insert");
  EXPECT_EQ(refusal(R"({"materialized": "incremental", "incremental_strategy": "delete+insert"})"),
            "models/a.sql:2: incremental_strategy \"delete+insert\" needs a unique_key");
  const NodeConfig added = model(
      R"({"materialized": "incremental", "unique_key": "id", "incremental_strategy": "append"})");
  EXPECT_EQ(added.strategy, IncrementalStrategy::append) << "a key alone deletes nothing";
}

TEST(NodeConfig, KeepsKeysItDoesNotKnow) {
  EXPECT_EQ(model(R"({"snowflake_warehouse": "xl"})").raw.at("snowflake_warehouse"), Json("xl"));
}

TEST(TestQuery, CountsFailuresAndComparesThem) {
  const NodeConfig config = read_node_config(
      ResourceType::test,
      Json::parse(
          R"json({"severity": "WARN", "limit": 5, "fail_calc": "max(n)", "error_if": ">3"})json"),
      place);
  EXPECT_EQ(config.severity, Severity::warn);
  EXPECT_EQ(test_query(config, "select 1 as n"),
            "select\n    max(n) as failures,\n    max(n) != 0 as should_warn,\n"
            "    max(n) >3 as should_error\nfrom (\nselect 1 as n\n    limit 5\n) "
            "dbt_internal_test");
}

}  // namespace
}  // namespace pipeline::dbt
