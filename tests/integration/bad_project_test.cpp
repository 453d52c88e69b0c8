// Seeds, properties and models that are broken: named with their place, before
// anything is changed.
#include <gtest/gtest.h>

#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

class BadProject : public BadWarehouseTest {
 protected:
  void expect_invalid(const std::string& program, const std::vector<std::string>& says,
                      Refusal::OtherLines others = Refusal::OtherLines::none) {
    expect_refused(second_day(program),
                   {.error = "Pipeline.ConfigInvalid", .says = says, .other_lines = others});
  }
};

struct Broken {
  const char* name;
  std::string text;
  std::vector<std::string> says;
};

TEST_F(BadProject, ABrokenSeedIsNamedWithItsLine) {
  const std::string file = "project/seeds/code_status.csv";
  const std::vector<Broken> seeds{
      {"unbalanced quote",
       "code,label\n1,a\n7,\"b\n9,c\n",
       {"seeds/code_status.csv:3: a quoted field is never closed"}},
      {"text behind a quote",
       "code,label\n1,\"a\"b\n",
       {"seeds/code_status.csv:2: text follows a closing quote"}},
      {"too many fields",
       "code,label\n1,a\n7,b,c\n",
       {"seeds/code_status.csv:3: the row has 3 fields, the header has 2"}},
      {"empty",
       "",
       {"seeds/code_status.csv:1: the file is empty; its first line must name "
        "the columns"}},
      {"blank lines", "\n\n", {"the file is empty"}},
      {"duplicate header",
       "code,label,Code\n1,a,2\n",
       {"seeds/code_status.csv:1: the column Code is named twice"}},
      {"column without a name", "code,\n1,a\n", {"seeds/code_status.csv:1: a column has no name"}},
      {"Latin 1",
       "code,label\n1,a\n7,caf\xE9\n",
       {"seeds/code_status.csv:3: not a text in UTF-8", "0xE9"}},
      {"Shift JIS",
       "code,label\n1,\x93\xFA\x96\x7B\n",
       {"seeds/code_status.csv:2: not a text in UTF-8"}},
      {"UTF-16",
       std::string("\xFF\xFE"
                   "c\0,\0l\0\n\0",
                   10),
       {"seeds/code_status.csv:1: not a text in UTF-8"}},
  };
  for (const auto& [name, text, says] : seeds) {
    SCOPED_TRACE(name);
    house_.write(file, text);
    expect_invalid("silver_transformer", says, Refusal::OtherLines::some);
  }
  // A byte order mark, as spreadsheets write it, is no mistake; a short row is
  // filled up, as dbt does.
  house_.write(file,
               "\xEF\xBB\xBF"
               "code,label\n1,asked\n7\n");
  expect_second_day_goes_on();
  EXPECT_EQ(warehouse_.root().query_value("SELECT GROUP_CONCAT(code, COALESCE(label, '-') ORDER BY "
                                          "code) FROM seeds.code_status"),
            "1asked,7-");
}

TEST_F(BadProject, BrokenPropertiesAreNamedWithTheirPlace) {
  const std::string file = "project/models/silver/silver.yml";
  const std::string text = house_.text_of(file);
  const auto with = [&](const std::string& from, const std::string& to) {
    house_.change(file, from, to);
    std::string changed = house_.text_of(file);
    house_.write(file, text);
    return changed;
  };
  const std::vector<Broken> properties{
      {"no YAML", text + "  bad: [\n", {"models/silver/silver.yml:12:3: not valid YAML"}},
      {"no text", "version: 2 # \xE9\n", {"models/silver/silver.yml:1: not a text in UTF-8"}},
      {"a list", "- a\n", {"models/silver/silver.yml:1:1: expected a mapping, found a list"}},
      {"unknown section",
       with("models:", "modls:"),
       {"models/silver/silver.yml:7: unknown section \"modls\"; did you mean "
        "\"models\"?"}},
      {"unknown test",
       with("not_null", "not_nul"),
       {"models/silver/silver.yml:11: there is no test \"not_nul\"; did you "
        "mean \"not_null\"?"}},
      {"one model twice",
       text + "  - name: counts\n",
       {"models/silver/silver.yml:12: the model \"counts\" is described "
        "already at "
        "models/silver/silver.yml:8"}},
  };
  for (const auto& [name, broken, says] : properties) {
    SCOPED_TRACE(name);
    house_.write(file, broken);
    expect_invalid("silver_transformer", says);
    expect_invalid("gold_transformer", says);
  }
  // The loader reads the sources, and only needs YAML.
  house_.write(file, text + "  bad: [\n");
  expect_invalid("staging_loader", {house_.file(file) + ":12:3: not valid YAML"});
  house_.write(file, text);
  house_.write("project/models/empty.yml", "");
  expect_second_day_goes_on();
}

TEST_F(BadProject, ABrokenProjectFileIsNamedWithItsPlace) {
  struct Case {
    const char* name;
    const char* file;
    const char* from;
    const char* to;
    std::vector<std::string> says;
  };
  const std::vector<Case> cases{
      {"no YAML",
       "dbt_project.yml",
       "name: shop",
       "name: [",
       {"dbt_project.yml:", "not valid YAML"}},
      {"unknown key",
       "dbt_project.yml",
       "config-version",
       "config-verzion",
       {"dbt_project.yml:3:1: unknown key \"config-verzion\"; did you mean "
        "\"config-version\"?"}},
      {"unknown profile",
       "dbt_project.yml",
       "profile: shop",
       "profile: shopp",
       {"profiles.yml:1: there is no profile \"shopp\"; there is: shop"}},
      {"unknown materialization",
       "dbt_project.yml",
       "+materialized: table",
       "+materialized: tabel",
       {"unknown materialized \"tabel\""}},
      {"unknown target",
       "profiles.yml",
       "target: dev",
       "target: prod",
       {"profiles.yml:", "there is no target \"prod\"; there is: dev"}},
  };
  for (const auto& [name, file, from, to, says] : cases) {
    SCOPED_TRACE(name);
    const std::string path = std::string("project/") + file;
    const std::string text = house_.text_of(path);
    house_.change(path, from, to);
    for (const auto* program : {"silver_transformer", "gold_transformer"}) {
      expect_invalid(program, says);
    }
    house_.write(path, text);
  }
  const std::string profiles = house_.text_of("project/profiles.yml");
  house_.write("project/profiles.yml", "");
  expect_invalid("silver_transformer", {"profiles.yml:1: there is no profile \"shop\""});
  house_.remove("project/profiles.yml");
  expect_invalid("silver_transformer", {"profiles.yml is missing"});
}

TEST_F(BadProject, ABrokenModelIsNamedWithItsPlace) {
  struct Case {
    const char* name;
    std::vector<std::pair<std::string, std::string>> files;  // below the project
    std::vector<std::string> says;
  };
  const std::string counts = house_.text_of("project/models/silver/counts.sql");
  const std::string path = "models/silver/counts.sql";
  const std::vector<Case> cases{
      {"a circle",
       {{"models/silver/a.sql", "select * from {{ ref('b') }}"},
        {"models/silver/b.sql", "select * from {{ ref('c') }}"},
        {"models/silver/c.sql", "select * from {{ ref('a') }}"}},
       {"the models form a circle: a (models/silver/a.sql) -> ", "b (models/silver/b.sql)",
        "c (models/silver/c.sql)"}},
      {"a circle of one",
       {{"models/silver/a.sql", "select * from {{ ref('a') }}"}},
       {"models/silver/a.sql:1: the model \"a\" refers to itself"}},
      {"a ref to nothing",
       {{path, "select 1 as a\nfrom {{ ref('code_statuz') }}"}},
       {"models/silver/counts.sql:2: there is no model or seed "
        "\"code_statuz\"; did you mean "
        "\"code_status\"?"}},
      {"a source to nothing",
       {{path, "select 1 as a from {{ source('staging', 'tenantz') }}"}},
       {"models/silver/counts.sql:1: there is no source table "
        "\"staging.tenantz\"; did you mean "
        "\"staging.tenants\"?"}},
      {"a block that is open", {{path, counts + "{% if x %}\n"}}, {"models/silver/counts.sql:5:"}},
      {"a filter that is none",
       {{path, "select {{ 1 | nofilter }}"}},
       {"unknown filter 'nofilter' at models/silver/counts.sql:1:15"}},
      {"a macro that is none",
       {{path, "select {{ nomacro() }}"}},
       {"'nomacro' is undefined at models/silver/counts.sql:1:11"}},
      {"a broken macro",
       {{"macros/m.sql", "{% macro x() %}\n{% if %}\n"}},
       {"expected an expression, found '%}' at macros/m.sql:2:7"}},
      {"two of one name",
       {{"models/silver/deeper/counts.sql", "select 1 as a"}},
       {"models/silver/deeper/counts.sql: the name \"counts\" is taken by "
        "models/silver/counts.sql"}},
      {"a test of nothing",
       {{"tests/t.sql", "select * from {{ ref('countz') }}"}},
       {"tests/t.sql:1: there is no model or seed \"countz\"; did you mean "
        "\"counts\"?"}},
  };
  for (const auto& [name, files, says] : cases) {
    SCOPED_TRACE(name);
    for (const auto& [file, text] : files) house_.write("project/" + file, text);
    for (const auto* program : {"silver_transformer", "gold_transformer"}) {
      expect_invalid(program, says);
    }
    for (const auto& [file, text] : files) house_.remove("project/" + file);
    house_.write("project/" + path, counts);
  }
  expect_second_day_goes_on();
}

TEST_F(BadProject, ABrokenModelIsFoundByTheOrchestratorsRunAndLeavesTheLayersAsTheyWere) {
  const std::string counts = house_.text_of("project/models/silver/counts.sql");
  house_.write("project/models/silver/counts.sql", "select 1 as a from {{ ref('nobody') }}");
  const Start start = second_day("orchestrator");
  expect_refusal(start, house_.run(start),
                 {.error = "Pipeline.ConfigInvalid",
                  .says = {"the run ended FAILED in Silver",
                           "models/silver/counts.sql:1: there is no "
                           "model or seed \"nobody\""},
                  .other_lines = Refusal::OtherLines::some});
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-01 2026-02-01");
  house_.write("project/models/silver/counts.sql", counts);
  expect_green(start);
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-02 2026-02-02");
}

}  // namespace
}  // namespace pipeline
