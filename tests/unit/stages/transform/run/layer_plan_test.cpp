// What a layer builds, reads and refuses, told from the project alone.
#include "stages/transform/run/layer_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A project of two layers, with files to add.
class LayerPlanTest : public testing::Test {
 protected:
  LayerPlanTest() {
    dir_.write("dbt_project.yml",
               "name: shop\nversion: '1'\nconfig-version: 2\nprofile: shop\nmodels:\n  shop:\n"
               "    silver:\n      +schema: silver\n    gold:\n      +schema: gold\n"
               "      +materialized: table\nseeds:\n  shop:\n    +schema: seeds\n");
    dir_.write("profiles.yml",
               "shop:\n  target: dev\n  outputs:\n    dev:\n      type: mariadb\n"
               "      server: localhost\n      schema: silver\n      username: x\n"
               "      password: x\n");
    dir_.write("macros/names.sql",
               "{% macro generate_schema_name(name, node) -%}{{ name or target.schema }}"
               "{%- endmacro %}");
    dir_.write("seeds/code.csv", "code\n1\n");
    dir_.write("models/silver/first.sql", "select * from {{ ref('code') }}");
    dir_.write("models/silver/days.sql",
               "{{ config(materialized='incremental') }}select * from {{ ref('first') }}");
    dir_.write("models/gold/last.sql", "select * from {{ ref('days') }}");
  }

  Compiler compiler() {
    return Compiler({.project = {.project_dir = dir_.path()},
                     .invocation_id = "test",
                     .run_started_at = {},
                     .environment = {}});
  }

  LayerPlanOptions layer(std::size_t index) {
    return {.layers = {{.name = "silver",
                        .schema = "silver",
                        .select = {"path:seeds", "path:models/silver"}},
                       {.name = "gold", .schema = "gold", .select = {"path:models/gold"}}},
            .layer = index,
            .staging_schema = "staging"};
  }

  std::string refusal(std::size_t index) {
    try {
      const Compiler project = compiler();
      plan_layer(project, layer(index));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return "nothing was refused";
  }

  test::TempDir dir_;
};

std::vector<std::string> ids(const std::vector<const Node*>& nodes) {
  std::vector<std::string> found;
  for (const Node* node : nodes) found.push_back(node->unique_id);
  return found;
}

TEST_F(LayerPlanTest, GivesTheFirstLayerItsSeeds) {
  const Compiler project = compiler();
  const LayerPlan plan = plan_layer(project, layer(0));
  EXPECT_THAT(ids(plan.nodes),
              ElementsAre("seed.shop.code", "model.shop.first", "model.shop.days"));
  EXPECT_THAT(plan.schemas, ElementsAre("silver", "seeds"));
  EXPECT_THAT(plan.reads, ElementsAre("staging"));
}

TEST_F(LayerPlanTest, LetsTheLastLayerReadWhatTheOthersBuilt) {
  const Compiler project = compiler();
  const LayerPlan plan = plan_layer(project, layer(1));
  EXPECT_THAT(ids(plan.nodes), ElementsAre("model.shop.last"));
  EXPECT_THAT(plan.schemas, ElementsAre("gold"));
  EXPECT_THAT(plan.reads, ElementsAre("staging", "silver", "seeds"));
}

TEST_F(LayerPlanTest, ItsHashFollowsFilesAndSelection) {
  const std::string before = plan_layer(compiler(), layer(0)).hash;
  EXPECT_EQ(plan_layer(compiler(), layer(0)).hash, before);
  EXPECT_NE(plan_layer(compiler(), layer(1)).hash, before);
  LayerPlanOptions other = layer(0);
  other.layers[0].select.pop_back();
  EXPECT_NE(plan_layer(compiler(), other).hash, before);
  dir_.write("models/silver/first.sql", "select 1 as code from {{ ref('code') }}");
  EXPECT_NE(plan_layer(compiler(), layer(0)).hash, before);
}

/// Two tests a layer and one over both.
void write_tests(const test::TempDir& dir) {
  dir.write("tests/of_first.sql", "select * from {{ ref('first') }}");
  dir.write("tests/of_first_and_days.sql",
            "select * from {{ ref('first') }} join {{ ref('days') }}");
  dir.write("tests/of_code.sql", "select * from {{ ref('code') }}");
  dir.write("tests/of_both.sql", "select * from {{ ref('first') }} join {{ ref('last') }}");
}

TEST_F(LayerPlanTest, APartHasTheTestsThatLookAtItsNodes) {
  write_tests(dir_);
  const Compiler project = compiler();
  LayerPlanOptions options = layer(0);
  options.only.select = {"first"};
  const LayerPlan plan = plan_layer(project, options);
  EXPECT_EQ(plan.extent, LayerPlan::Extent::part);
  EXPECT_THAT(ids(plan.nodes), ElementsAre("model.shop.first"));
  EXPECT_THAT(ids(plan.tests), ElementsAre("test.shop.of_first", "test.shop.of_first_and_days"))
      << "a node below that is not built is looked at as it is; another layer's test runs there";
  EXPECT_THAT(plan.schemas, ElementsAre("silver", "seeds")) << "the layer stays whole";
  EXPECT_EQ(plan.hash, plan_layer(project, layer(0)).hash);
  std::vector<std::string> unbuilt;
  for (const auto& [reader, parent] : plan.unbuilt) {
    unbuilt.push_back(reader->name + " reads " + parent->name);
  }
  EXPECT_THAT(unbuilt, ElementsAre("first reads code", "of_first_and_days reads days"));
}

TEST_F(LayerPlanTest, AnExclusionLeavesTheTestsOfTheOthers) {
  write_tests(dir_);
  const Compiler project = compiler();
  LayerPlanOptions options = layer(0);
  options.only.exclude = {"days", "of_first"};
  const LayerPlan plan = plan_layer(project, options);
  EXPECT_THAT(ids(plan.nodes), ElementsAre("seed.shop.code", "model.shop.first"));
  EXPECT_THAT(ids(plan.tests), ElementsAre("test.shop.of_code", "test.shop.of_first_and_days"));
}

TEST_F(LayerPlanTest, ASelectionOfEverythingIsTheWholeLayer) {
  const Compiler project = compiler();
  LayerPlanOptions options = layer(0);
  options.only.select = {"+last"};
  const LayerPlan plan = plan_layer(project, options);
  EXPECT_EQ(plan.extent, LayerPlan::Extent::whole);
  EXPECT_EQ(plan.nodes.size(), 3U);
}

TEST_F(LayerPlanTest, ASelectionWithoutANodeOfTheLayerSaysWhoseItIs) {
  const Compiler project = compiler();
  LayerPlanOptions options = layer(0);
  options.only.select = {"last"};
  try {
    plan_layer(project, options);
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    EXPECT_EQ(error.message(),
              "the selection leaves no seed or model of the layer silver; what it "
              "names belongs to: model.shop.last (gold)");
  }
}

TEST_F(LayerPlanTest, RefusesAllThatIsWrongAtOnce) {
  dir_.write("models/silver/a.sql", "{{ config(schema='gold') }}select 1 as x");
  dir_.write("models/silver/b.sql", "{{ config(schema='staging') }}select 1 as x");
  dir_.write("models/silver/c.sql", "{{ config(schema='Vault') }}select 1 as x");
  dir_.write("models/silver/d.sql", "{{ config(schema='silver__next') }}select 1 as x");
  dir_.write("models/silver/e.sql", "select * from {{ ref('last') }}");
  dir_.write("models/silver/f.sql", "{{ config(alias='DAYS') }}select 1 as x");
  dir_.write("models/silver/g.sql", "{{ config(alias='pipeline_marker') }}select 1 as x");
  const std::string said = refusal(0);
  for (const char* words :
       {"a.sql: it would be built in gold, the schema of the layer gold",
        "b.sql: it would be built in staging, which the loader owns",
        "c.sql: it would be built in Vault, which is no schema for models",
        "d.sql: it would be built in silver__next, which is no schema for models",
        "e.sql: it reads model.shop.last, which no layer up to this one builds",
        "another node of the layer is silver.days too",
        "g.sql: the name pipeline_marker belongs to the pipeline"}) {
    EXPECT_THAT(said, HasSubstr(words));
  }
}

TEST_F(LayerPlanTest, RefusesASchemaInWhichAnEarlierLayerBuilds) {
  dir_.write("models/gold/last.sql", "{{ config(schema='seeds') }}select * from {{ ref('days') }}");
  EXPECT_THAT(refusal(1), HasSubstr("models/gold/last.sql: it would be built in seeds, in which an "
                                    "earlier layer builds"));
}

TEST_F(LayerPlanTest, RefusesChangesOfColumnsThatItCannotMake) {
  dir_.write("models/silver/days.sql",
             "{{ config(materialized='incremental', on_schema_change='append_new_columns') }}"
             "select * from {{ ref('first') }}");
  EXPECT_THAT(refusal(0), AllOf(HasSubstr("models/silver/days.sql"),
                                HasSubstr("append_new_columns is not supported yet")));
}

TEST_F(LayerPlanTest, KeepsHistoryAlwaysAndWhatTheListNamesOrTheLastLayer) {
  const Compiler project = compiler();
  const auto kept = [&](const std::string& id, const BackupRule& rule, LayerPlace place) {
    return keeps_backup(project.graph().at(id), rule, place);
  };
  const BackupRule usual;
  EXPECT_TRUE(kept("model.shop.days", usual, LayerPlace::earlier)) << "incremental";
  EXPECT_TRUE(kept("model.shop.last", usual, LayerPlace::last)) << "a table of the last layer";
  EXPECT_FALSE(kept("model.shop.last", usual, LayerPlace::earlier));
  EXPECT_FALSE(kept("model.shop.first", usual, LayerPlace::last)) << "a view";
  EXPECT_FALSE(kept("seed.shop.code", usual, LayerPlace::last)) << "a seed is a file";
  const BackupRule listed{.tables_given = true, .tables = {"gold.last"}};
  EXPECT_TRUE(kept("model.shop.last", listed, LayerPlace::earlier));
  EXPECT_TRUE(kept("model.shop.days", listed, LayerPlace::earlier))
      << "a rerun of the same date starts from it";
}

}  // namespace
}  // namespace pipeline::dbt
