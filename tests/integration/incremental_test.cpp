// What a project's models ask for and get: incremental strategies, keys with NULL, indexes, and
// hooks in all their forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using namespace shop;
using testing::AllOf;
using testing::HasSubstr;

class Models : public ShopTest {
 protected:
  /// Runs silver for one day of staging.
  void build(const std::string& date, const std::string& rows) {
    warehouse_.stage(date, rows);
    expect_green(warehouse_.run("silver_transformer"));
  }

  /// SHOW INDEX, short: name, whether unique, kind, columns with their lengths.
  std::string indexes(const std::string& table) {
    std::string text;
    for (const auto& row : warehouse_.root().query("SHOW INDEX FROM " + table).rows) {
      const std::string length = row[7] ? "(" + *row[7] + ")" : "";
      text += fmt::format("{}{}{} {} {}", text.empty() ? "" : "; ", *row[2],
                          row[1] == "0" ? " unique" : "", *row[10], *row[4] + length);
    }
    return text;
  }
};

TEST_F(Models, AppendAddsEveryRowOfTheIncrementAlsoWithAKey) {
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', incremental_strategy='append', "
                   "unique_key='id') }}\nselect id, status, curdate() as day from {{ "
                   "source('staging', 'tenants') }}\n");
  build("2026-02-01", "(1, 1), (2, 7)");
  build("2026-02-02", "(1, 9)");
  EXPECT_EQ(warehouse_.rows("SELECT id, status, day FROM silver.days ORDER BY day, id"),
            "1|1|2026-02-01;2|7|2026-02-01;1|9|2026-02-02");
}

TEST_F(Models, DeleteInsertReplacesRowsByItsWholeKeyAndNullIsEqualToNull) {
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', incremental_strategy='delete+insert', "
                   "unique_key=['id', 'kind']) }}\n"
                   "select id, nullif(status, 7) as kind, curdate() as day from {{ "
                   "source('staging', 'tenants') }}\n");
  build("2026-02-01", "(1, 1), (2, 7), (3, 9), (4, 7)");
  // 1 keeps its key, 2 has a NULL in it, 3 gets another key, 4 is not in the increment.
  build("2026-02-02", "(1, 1), (2, 7), (3, 1)");
  EXPECT_EQ(warehouse_.rows("SELECT id, kind, day FROM silver.days ORDER BY id, day"),
            "1|1|2026-02-02;2|\\N|2026-02-02;3|9|2026-02-01;3|1|2026-02-02;4|\\N|2026-02-01");
}

TEST_F(Models, StrategiesOfOtherServersAreRefusedBeforeAnythingIsTouched) {
  first_day();
  second_day();
  for (const std::string strategy : {"merge", "insert_overwrite", "microbatch", "apend"}) {
    SCOPED_TRACE(strategy);
    warehouse_.write("models/silver/days.sql",
                     replace_all(days, "materialized='incremental'",
                                 "materialized='incremental', unique_key='day', "
                                 "incremental_strategy='" +
                                     strategy + "'"));
    const auto outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10);
    EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("models/silver/days.sql:1"), HasSubstr(strategy)));
    EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE "
                               "TABLE_SCHEMA LIKE '%\\_\\_next'"),
              "0");
  }
}

TEST_F(Models, DeclaredIndexesAreThereAndStay) {
  warehouse_.write(
      "models/silver/counts.sql",
      "{{ config(materialized='table', indexes=[{'columns': ['id'], 'unique': true, 'name': "
      "'by_id'}, {'columns': ['status', 'id'], 'type': 'btree'}, {'columns': ['note'], 'type': "
      "'fulltext', 'name': 'words'}, {'columns': ['note']}]) }}\n"
      "select id, status, cast(repeat('x', 300) as char(300)) as note, 1 as tenants, 'a' as label, "
      "curdate() as counted_on from {{ source('staging', 'tenants') }}\n");
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', unique_key='id', indexes=[{'columns': "
                   "['id'], 'unique': true}, {'columns': ['day']}]) }}\n"
                   "select id, curdate() as day from {{ source('staging', 'tenants') }}\n");
  const std::string of_table =
      "by_id unique BTREE id; status_id BTREE status; status_id BTREE id; note BTREE note(255); "
      "words FULLTEXT note";
  const std::string of_increment = "id unique BTREE id; day BTREE day";
  for (const std::string date : {"2026-02-01", "2026-02-02", "2026-02-03"}) {
    SCOPED_TRACE(date);
    build(date, "(1, 1), (2, 7)");
    EXPECT_EQ(indexes("silver.counts"), of_table);
    EXPECT_EQ(indexes("silver.days"), of_increment);
  }
}

TEST_F(Models, AnIndexThatTheRowsDoNotFitFailsTheModel) {
  first_day();
  second_day();
  warehouse_.write(
      "models/silver/counts.sql",
      "{{ config(materialized='table', indexes=[{'columns': ['one'], 'unique': true}]) "
      "}}\nselect 1 as one from {{ source('staging', 'tenants') }}\n");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("models/silver/counts.sql: Duplicate entry"));
}

constexpr const char* hook_macros = R"jinja({% macro note(what) %}
insert into scratch__next.notes (what) values ('{{ what }}')
{% endmacro %}
{% macro note_quietly(what) %}
  {% if execute %}
    {% do run_query("insert into scratch__next.notes (what) values ('" ~ what ~ "')") %}
  {% endif %}
{% endmacro %}
{% macro note_results(results) %}
  {% set words = [] %}
  {% for result in results %}
    {% do words.append(result.node.name ~ '=' ~ result.status) %}
  {% endfor %}
  insert into scratch__next.notes (what) values ('{{ words | sort | join(', ') }}')
{% endmacro %}
)jinja";

class Hooks : public Models {
 protected:
  Hooks() {
    warehouse_.root().execute(
        "CREATE OR REPLACE TABLE scratch__next.notes (id INT AUTO_INCREMENT PRIMARY KEY, what "
        "VARCHAR(2000))");
    warehouse_.write("macros/notes.sql", hook_macros);
  }
  std::string notes() {
    std::string found = warehouse_.rows("SELECT what FROM scratch__next.notes ORDER BY id");
    warehouse_.root().execute("TRUNCATE scratch__next.notes");
    return found;
  }
  void write_run_hooks(const std::string& yaml) {
    warehouse_.write("dbt_project.yml", std::string(dbt_project) + yaml);
  }
};

TEST_F(Hooks, RunHooksMayBeATextAListOrACallOfAMacro) {
  struct Form {
    std::string start;
    std::string expected;
  };
  int day = 1;
  for (const auto& [start, expected] : std::vector<Form>{
           {"\"{{ note('text') }}\"", "text"},
           {"[\"{{ note('a') }}\", \"insert into scratch__next.notes (what) values ('b');\"]",
            "a;b"},
           {"[\"{{ note_quietly('c') }}\", \"{% if false %}nonsense{% endif %}\"]", "c"},
           {"[{sql: \"{{ note('d') }}\", transaction: false}, \"{{ note('e') }}\"]", "d;e"},
           {"\"{{ note(target.name ~ ' ' ~ flags.WHICH ~ ' ' ~ invocation_id | length) }}\"",
            "dev build 4"}}) {
    SCOPED_TRACE(start);
    write_run_hooks("on-run-start: " + start + "\non-run-end: " + start + "\n");
    warehouse_.stage(fmt::format("2026-02-0{}", day++), "(1, 1)");
    expect_green(warehouse_.run("silver_transformer", {"--run-id", "hook"}));
    EXPECT_EQ(notes(), expected + ";" + expected);
    EXPECT_EQ(warehouse_.value("SELECT on_run_end FROM silver.pipeline_marker"), "done");
  }
}

TEST_F(Hooks, RunEndHooksSeeResultsSchemasAndLiveTables) {
  write_run_hooks(
      "on-run-end:\n"
      "  - \"{{ note_results(results) }}\"\n"
      "  - \"{{ note(schemas | join(',') ~ ' ' ~ database_schemas | length) }}\"\n"
      "  - \"insert into scratch__next.notes (what) select count(*) from {{ ref('counts') "
      "}}\"\n"
      "  - \"{% for r in results if r.unique_id == 'model.shop.counts' %}{{ note(r.thread_id ~ "
      "' ' ~ "
      "r.adapter_response.rows_affected ~ ' ' ~ r.failures) }}{% endfor %}\"\n");
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  expect_green(warehouse_.run("silver_transformer", {"--threads", "1"}));
  EXPECT_EQ(notes(),
            "code_status=success, counts=success, days=success, history=success, "
            "not_null_stg_tenants_label=pass, not_null_stg_tenants_tenant_id=pass, "
            "one_current=pass, relationships_history_status__code__ref_code_status_=pass, "
            "stg_tenants=success, unique_stg_tenants_tenant_id=pass;"
            "seeds,silver 2;2;Thread-1 2 None");
}

TEST_F(Hooks, ModelHooksRunInDbtsOrder) {
  warehouse_.write("dbt_project.yml",
                   replace_all(dbt_project, "      +materialized: view\n",
                               "      +materialized: view\n"
                               "      counts:\n        +post-hook: \"{{ note('project') }}\"\n"));
  warehouse_.write(
      "models/silver/counts.sql",
      replace_all(counts, "materialized='table',",
                  "materialized='table', pre_hook=[\"{{ note('inside') }}\", before_begin(\"{{ "
                  "note('before begin') }}\")], post_hook=[after_commit(\"{{ note('after commit') "
                  "}}\"), {'sql': \"{{ note(this.schema) }}\", 'transaction': true}],"));
  build("2026-02-01", "(1, 1)");
  EXPECT_EQ(notes(), "before begin;inside;project;silver__next;after commit");
}

TEST_F(Hooks, ARunStartHookThatLeavesALockHoldsNothingUp) {
  write_run_hooks(
      "on-run-start: [\"set autocommit = 0\", \"insert into scratch__next.notes (what) values "
      "('kept')\", \"create temporary table silver__next.days as select 1 as wrong\"]\n");
  build("2026-02-01", "(1, 1)");
  EXPECT_EQ(notes(), "kept");
  EXPECT_EQ(warehouse_.rows("SELECT day, tenants FROM silver.days"), "2026-02-01|1");
}

}  // namespace
}  // namespace pipeline
