// A layer with protected tables, run by the real transformers: what a model's mistake would destroy
// is refused, and the vault gives every day back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* protect_history = R"(protect:
  history:
    - table: silver.history
      key: [tenant_id, valid_from]
      closed_when: valid_to IS NOT NULL
)";

const std::string vault_sql = PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql";

/// shop::history with one more hook behind that which closes periods.
std::string history_with(std::string_view hook) {
  return replace_all(replace_all(shop::history, "post_hook=\"", "post_hook=[\""),
                     "{% endif %}\") }}", fmt::format("{{% endif %}}\", \"{}\"]) }}}}", hook));
}

class ProtectedLayer : public ShopTest {
 protected:
  ProtectedLayer() { warehouse_.write_config(protect_history); }

  void first_day_of_silver() {
    warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
    expect_green(warehouse_.run("silver_transformer"));
  }

  /// Tenant 1 gets a closed period on the second day.
  void two_days() {
    first_day_of_silver();
    second_day();
    expect_green(warehouse_.run("silver_transformer"));
    ASSERT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.history WHERE valid_to IS NOT NULL"),
              "1");
  }

  void third_day() { warehouse_.stage("2026-02-03", "(1, 9), (2, 7), (4, 1)"); }

  std::string history() {
    return warehouse_.rows("SELECT * FROM silver.history ORDER BY tenant_id, valid_from");
  }
};

struct ModelBug {
  const char* what;
  const char* hook;       // run at the end of the model
  const char* violation;  // named in the refusal
};

constexpr ModelBug model_bugs[] = {
    {"deletes closed rows", "delete from {{ this }} where valid_to is not null",
     "2 rows would have been lost (tenant_id=1, valid_from=2026-02-01; tenant_id=1, "
     "valid_from=2026-02-02)"},
    {"deletes everybody but one", "delete from {{ this }} where tenant_id <> 2",
     "rows would have been lost"},
    {"moves a row to another key",
     "update {{ this }} set valid_from = '2020-01-01' where tenant_id = 2",
     "1 row would have been lost (tenant_id=2, valid_from=2026-02-01)"},
    {"rewrites closed rows", "update {{ this }} set status = 9 where valid_to is not null",
     "1 closed row would have changed (tenant_id=1, valid_from=2026-02-01: status)"},
    {"opens closed rows again",
     "update {{ this }} set valid_to = null where valid_to = '2026-02-02'",
     "1 closed row would have changed"},
    {"empties the table", "truncate table {{ this }}", "rows would have been lost"},
};

TEST_F(ProtectedLayer, RefusesWhateverAModelDestroys) {
  two_days();
  for (const auto& bug : model_bugs) {
    SCOPED_TRACE(bug.what);
    third_day();
    warehouse_.write("models/silver/history.sql", history_with(bug.hook));
    const auto outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
    EXPECT_THAT(outcome.cause(),
                AllOf(HasSubstr("silver.history is protected"), HasSubstr(bug.violation),
                      HasSubstr("nothing was published")));
  }
  warehouse_.write("models/silver/history.sql", shop::history);
  expect_green(warehouse_.run("silver_transformer"));
}

TEST_F(ProtectedLayer, RefusesAModelThatLostItsIncrementalBranch) {
  two_days();
  third_day();
  // Without the branch it gives all tenants anew; by this key it deletes what they had.
  warehouse_.write("models/silver/history.sql",
                   "{{ config(materialized='incremental', unique_key='tenant_id') }}\n"
                   "select t.tenant_id, t.status, curdate() as valid_from, cast(null as date) as "
                   "valid_to, 1 as is_current from {{ ref('stg_tenants') }} t\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("rows would have been lost"));
  warehouse_.write(
      "models/silver/history.sql",
      replace_all(shop::history, "materialized='incremental'", "materialized='table'"));
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("its model is not incremental (any more)"));
}

TEST_F(ProtectedLayer, PublishesOnceInSpiteOfItAllWithAReason) {
  two_days();
  third_day();
  warehouse_.write("models/silver/history.sql",
                   "{{ config(materialized='incremental', unique_key=['tenant_id', 'valid_from'], "
                   "post_hook='delete from {{ this }} where valid_to is not null') }}\n"
                   "select t.tenant_id, t.status, curdate() as valid_from, cast(null as date) as "
                   "valid_to, 1 as is_current from {{ ref('stg_tenants') }} t where false\n");
  warehouse_.write("tests/one_current.sql", "select 1 from {{ ref('history') }} where false");
  expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_EQ(warehouse_.run("silver_transformer", {"--override-guards", " "}).program.exit_code, 10)
      << "a reason is more than a blank";
  const auto outcome =
      warehouse_.run("silver_transformer", {"--override-guards", "tenant 1 asked to be forgotten"});
  expect_green(outcome);
  EXPECT_EQ(outcome.output().at("guards_overridden").as_string(), "tenant 1 asked to be forgotten");
  EXPECT_EQ(outcome.output().at("guards").as_array().at(0).at("violations").as_array().size(), 1U);
  EXPECT_EQ(warehouse_.value("SELECT reason FROM pipeline.publish_journal ORDER BY publish_id DESC "
                             "LIMIT 1"),
            "guards overridden: tenant 1 asked to be forgotten");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.history WHERE valid_to IS NOT NULL"),
            "0");
}

TEST_F(ProtectedLayer, RebuildsInFullOnlyWithAReason) {
  two_days();
  third_day();
  EXPECT_THAT(
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--full-refresh"}).cause(),
      AllOf(HasSubstr("silver.history"), HasSubstr("--override-guards")));
  const auto outcome = warehouse_.run(
      "silver_transformer", {"--full-refresh", "--override-guards", "begin anew in February"});
  expect_green(outcome);
  const Json& finding = outcome.output().at("guards").as_array().at(0);
  EXPECT_EQ(finding.at("base").as_string(), "silver.history") << "measured against what was live";
  EXPECT_GT(finding.at("since_base").at("lost").as_int(), 0);
}

TEST_F(ProtectedLayer, ReportsWhatOnlyTheLiveTableHasWhenADayIsRunAgain) {
  two_days();
  warehouse_.root().execute(
      "INSERT INTO silver.history (tenant_id, status, valid_from, is_current) "
      "VALUES (77, 1, '2026-02-02', 1)");
  const auto outcome = warehouse_.run("silver_transformer", {"--force"});
  expect_green(outcome);
  const Json& finding = outcome.output().at("guards").as_array().at(0);
  EXPECT_THAT(finding.at("base").as_string(), HasSubstr("silver.history_backup_"));
  EXPECT_EQ(finding.at("since_live").at("lost").as_int(), 1);
  EXPECT_THAT(outcome.program.err, HasSubstr("1 rows of the live silver.history"));
}

TEST_F(ProtectedLayer, ProtectsModelsThatSaySoThemselves) {
  warehouse_.write_config();
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', meta={'protect': true, 'protect_key': "
                   "'day', 'protect_closed_when': 'day < curdate()'}) }}\n"
                   "select curdate() as day, count(*) as tenants from {{ ref('stg_tenants') }}\n");
  first_day_of_silver();
  second_day();
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', meta={'protect': true, 'protect_key': "
                   "'day', 'protect_closed_when': 'day < curdate()'}, post_hook='update {{ this }} "
                   "set tenants = 0') }}\n"
                   "select curdate() as day, count(*) as tenants from {{ ref('stg_tenants') }}\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("1 closed row would have changed (day=2026-02-01: tenants)"))
      << "the row of the day itself may change";
}

TEST_F(ProtectedLayer, NamesAModelThatNothingTellsTheRowsOfApart) {
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', meta={'protect': true}) }}\n"
                   "select curdate() as day from {{ ref('stg_tenants') }}\n");
  warehouse_.stage("2026-02-01", "(1, 1)");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
              HasSubstr("model.shop.days is protected by its meta"));
}

TEST_F(ProtectedLayer, NamesARuleThatTheTableDoesNotTakeBeforeAnythingIsBuilt) {
  two_days();
  third_day();
  warehouse_.write_config(replace_all(protect_history, "valid_to IS NOT", "valid_too IS NOT"));
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
              AllOf(HasSubstr("closed_when of silver.history"), HasSubstr("valid_too")));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                             "'silver__next'"),
            "0");
  warehouse_.write_config(replace_all(protect_history, "silver.history", "silver.histry"));
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
              HasSubstr("did you mean silver.history?"));
}

TEST_F(ProtectedLayer, KeepsEveryTableAboveItsFloor) {
  warehouse_.write_config(std::string(protect_history) +
                          "  tables:\n    - {table: silver.counts, max_shrink: 20%}\n"
                          "    - {table: staging.tenants, min_rows: 1}\n"
                          "    - {table: gold.summary, min_rows: 1}\n");
  first_day();
  second_day();
  warehouse_.write("models/silver/counts.sql",
                   replace_all(shop::counts, "group by", "where status <> 7 group by"));
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("silver.counts would shrink from 3 rows to 1, by more than its max_shrink "
                        "of 20 %"));
  expect_green(warehouse_.run("silver_transformer", {"--override-guards", "status 7 is over"}));
  warehouse_.write("models/gold/summary.sql",
                   std::string(shop::summary) + " where c.tenants > 1000\n");
  EXPECT_THAT(expect_refused("gold_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("gold.summary would have 0 rows, fewer than its min_rows of 1"));
}

TEST_F(ProtectedLayer, ShowsWhatWasRefusedRowByRow) {
  two_days();
  EXPECT_THAT(warehouse_.run("silver_transformer", {"diff", "history"}).cause(),
              HasSubstr("no candidate of silver.history stands in silver__next"));
  third_day();
  warehouse_.write("models/silver/history.sql",
                   "{{ config(materialized='incremental', unique_key=['tenant_id', 'valid_from'], "
                   "post_hook='update {{ this }} set status = 9 where tenant_id = 1') }}\n"
                   "select 5 as tenant_id, 1 as status, curdate() as valid_from, cast(null as "
                   "date) as valid_to, 1 as is_current\n");
  expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  const auto shown = warehouse_.run("silver_transformer", {"diff", "history"});
  expect_green(shown);
  EXPECT_THAT(
      shown.program.out,
      AllOf(HasSubstr("silver.history -> silver__next.history, by tenant_id, valid_from"),
            HasSubstr("0 removed, 2 changed, 1 added"),
            HasSubstr("changed  tenant_id=1, valid_from=2026-02-01  status      '1'     '9'"),
            HasSubstr("added    tenant_id=5, valid_from=2026-02-03")));
  const auto json =
      warehouse_.run("silver_transformer", {"diff", "silver.history", "--json", "--limit", "1"});
  const Json printed = Json::parse(json.program.out);
  EXPECT_EQ(printed.at("changed").as_int(), 2);
  EXPECT_EQ(printed.at("rows").as_array().size(), 2U) << "one of each kind";
  EXPECT_EQ(printed.at("rows").as_array().at(0).at("key").at("tenant_id").as_string(), "1");
}

TEST_F(ProtectedLayer, ShowsWhatChangedSinceABackup) {
  two_days();
  const std::string backup = warehouse_.value(
      "SELECT backup_name FROM pipeline.backup WHERE table_name = 'history' ORDER BY created_at "
      "DESC LIMIT 1");
  const auto shown = warehouse_.run("silver_transformer", {"diff", "history", "--against", backup});
  expect_green(shown);
  EXPECT_THAT(shown.program.out, AllOf(HasSubstr("silver." + backup + " -> silver.history"),
                                       HasSubstr("valid_to"), HasSubstr("'2026-02-02'")));
  const auto no_key = warehouse_.run("silver_transformer", {"diff", "days", "--against", "x"});
  EXPECT_EQ(no_key.program.exit_code, 10) << no_key.program.text();
}

/// With the vault switched on.
class VaultedLayer : public ProtectedLayer {
 protected:
  VaultedLayer() {
    warehouse_.root().execute("CREATE OR REPLACE DATABASE vault COLLATE utf8mb4_unicode_ci");
    warehouse_.server().run_sql_file(vault_sql, {});
    warehouse_.write_config(std::string("vault:\n  schema: vault\n") + protect_history);
  }

  void init_vault() {
    const auto outcome = warehouse_.run("silver_transformer", {"vault", "init"});
    expect_green(outcome);
  }

  /// The first day is published, the vault has it, the second day is staged.
  void begin() {
    first_day_of_silver();
    init_vault();
    second_day();
  }

  std::string published_generations() {
    return warehouse_.value(
        "SELECT GROUP_CONCAT(b.generation ORDER BY b.batch) FROM vault.batch b JOIN "
        "vault.published p USING (schema_name, table_name, batch)");
  }

  std::string live_generation() {
    return warehouse_.value("SELECT generation FROM silver.pipeline_marker");
  }

  /// That the vault counts the live generation and has as many rows as it.
  void expect_vault_counts_live() {
    EXPECT_THAT(published_generations(), testing::EndsWith(live_generation()));
    EXPECT_EQ(warehouse_.value("SELECT state_rows FROM vault.batch ORDER BY batch DESC LIMIT 1"),
              warehouse_.value("SELECT COUNT(*) FROM silver.history"));
  }
  /// The same, and that every row of every batch is as it was written.
  void expect_vault_knows_live() {
    expect_vault_counts_live();
    expect_green(warehouse_.run("silver_transformer", {"vault", "check"}));
  }
};

TEST_F(VaultedLayer, IsAskedForByNameOnceTheTableIsThere) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  const auto first = warehouse_.run("silver_transformer");
  expect_green(first);
  EXPECT_THAT(first.program.err,
              HasSubstr("is built for the first time and not kept in the vault"));
  second_day();
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              AllOf(HasSubstr("silver.history has no table vault.silver__history"),
                    HasSubstr("silver_transformer vault init")));
  init_vault();
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(published_generations(), "1,2");
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, SaysThatThereIsNone) {
  warehouse_.write_config(protect_history);
  warehouse_.stage("2026-02-01", "(1, 1)");
  EXPECT_THAT(warehouse_.run("silver_transformer").program.err,
              HasSubstr("no vault is configured"));
}

TEST_F(VaultedLayer, CountsNoBatchOfAPublishThatDidNotHappen) {
  begin();
  const std::string before = history();
  const auto failed = warehouse_.run("silver_transformer", {},
                                     {{"PIPELINE_FAILPOINT", "run_before_publish:error"}});
  EXPECT_FALSE(failed.program.ok());
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM vault.batch"), "2");
  EXPECT_EQ(published_generations(), "1");
  EXPECT_EQ(history(), before);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(published_generations(), "1,2");
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, EndsRightAfterADeathAtAnyPoint) {
  begin();
  const char* points[] = {"guard_before_compare:kill",  "guard_after_compare:kill",
                          "vault_after_rows:kill",      "vault_after_rows:kill@2",
                          "vault_before_commit:kill",   "vault_after_commit:kill",
                          "run_after_publish:kill",     "vault_before_published:kill",
                          "vault_after_published:kill", "vault_before_published:unavailable"};
  const int statuses[] = {1, 7, 9};
  int day = 2;
  for (const std::string point : points) {
    SCOPED_TRACE(point);
    warehouse_.stage(fmt::format("2026-02-{:02}", day),
                     fmt::format("(1, {}), (2, 7), (4, 1), ({}, 1)", statuses[day % 3], 10 + day));
    const auto died = warehouse_.run("silver_transformer", {}, {{"PIPELINE_FAILPOINT", point}});
    if (point.ends_with("unavailable")) {
      expect_green(died);
    } else {
      EXPECT_EQ(died.program.signal, 9) << died.program.text();
    }
    expect_green(warehouse_.run("silver_transformer"));
    EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"),
              fmt::format("2026-02-{:02}", day));
    EXPECT_EQ(warehouse_.value(fmt::format(
                  "SELECT COUNT(*) FROM silver.history WHERE tenant_id = {}", 10 + day)),
              "1");
    expect_vault_counts_live();
    ++day;
  }
  // The state of each day is written from what the vault itself gives, so the last one is right
  // only if all are.
  const std::string last = history();
  expect_green(warehouse_.run(
      "silver_transformer",
      {"restore", "history", "--from-vault", "--as-of", fmt::format("2026-02-{:02}", day - 1)}));
  EXPECT_EQ(history(), last);
}

TEST_F(VaultedLayer, RefusesToRunWithRightsThatAreTooMany) {
  begin();
  warehouse_.root().execute("GRANT DELETE ON vault.* TO etl_build@localhost");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_THAT(outcome.cause(), HasSubstr("etl_build@localhost has DELETE on vault.*"));
  const auto check = warehouse_.run("silver_transformer", {"check"});
  EXPECT_EQ(check.program.exit_code, 21) << check.program.text();
  EXPECT_THAT(check.cause(), HasSubstr("etl_build@localhost has DELETE on vault.*"));
  warehouse_.root().execute("REVOKE DELETE ON vault.* FROM etl_build@localhost");
  expect_green(warehouse_.run("silver_transformer", {"check"}));
  expect_green(warehouse_.run("silver_transformer"));
}

TEST_F(VaultedLayer, NamesAColumnThatItCannotKeepYet) {
  begin();
  warehouse_.write("models/silver/history.sql",
                   history_with("alter table {{ this }} add column if not exists origin "
                                "varchar(9) default 'x'"));
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("vault.silver__history lacks the column origin"));
  EXPECT_THAT(warehouse_.run("silver_transformer", {"vault", "sql"}).program.out,
              HasSubstr("ADD COLUMN `origin`"));
  init_vault();
  expect_green(warehouse_.run("silver_transformer"));
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, BringsATableBackAfterItsWholeSchemaWasDropped) {
  begin();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string second = history();
  third_day();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string third = history();
  const std::string counts = warehouse_.rows("SELECT * FROM silver.counts ORDER BY 1");
  const std::string live = live_generation();
  warehouse_.root().execute("DROP DATABASE silver");
  warehouse_.root().execute("DROP DATABASE silver__next");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              AllOf(HasSubstr("was published before"), HasSubstr("from the vault")));
  const auto dry = warehouse_.run("silver_transformer", {"restore", "history", "--from-vault",
                                                         "--as-of", "2026-02-02", "--dry-run"});
  expect_green(dry);
  const auto back = warehouse_.run("silver_transformer",
                                   {"restore", "history", "--from-vault", "--as-of", "2026-02-02"});
  expect_green(back);
  EXPECT_THAT(back.program.err, HasSubstr("silver has no marker any more; by the journal it showed "
                                          "2026-02-03 as generation " +
                                          live));
  EXPECT_EQ(history(), second);
  // What the vault does not know is gone with the schema, and somebody has to say so.
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              AllOf(HasSubstr("silver.days was published before"), HasSubstr("--full-refresh")));
  warehouse_.write(
      "dbt_project.yml",
      replace_all(shop::dbt_project, "      +materialized: view\n",
                  "      +materialized: view\n      history: {+full_refresh: false}\n"));
  expect_green(warehouse_.run("silver_transformer", {"--full-refresh"}));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.days"), "1");
  EXPECT_EQ(history(), third);
  EXPECT_EQ(warehouse_.rows("SELECT * FROM silver.counts ORDER BY 1"), counts);
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, TellsEveryGenerationOfADayThatIsAskedForByItsDate) {
  begin();
  expect_green(warehouse_.run("silver_transformer"));
  expect_green(warehouse_.run("silver_transformer", {"--force"}));
  const auto restore = warehouse_.run("silver_transformer", {"restore", "history", "--from-vault",
                                                             "--as-of", "2026-02-02", "--dry-run"});
  EXPECT_THAT(restore.program.out,
              AllOf(HasSubstr("that day was published more than once: generation 2 ("),
                    HasSubstr("rows), generation 3 ("), HasSubstr("--as-of GENERATION")));
}

TEST_F(VaultedLayer, GoesOnWithoutItsMarkerOnceSomebodySaysWhatATableHolds) {
  begin();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string whole = warehouse_.content();
  const std::string live = live_generation();
  warehouse_.root().execute("DROP TABLE silver.pipeline_marker");
  warehouse_.root().execute("DROP TABLE seeds.pipeline_marker");
  third_day();
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              AllOf(HasSubstr("no marker"), HasSubstr("`holds TABLE DATE --reason WHY`")));
  EXPECT_EQ(warehouse_.content(), whole);
  const auto held = warehouse_.run("silver_transformer",
                                   {"holds", "history", "2026-02-02", "--reason", "marker lost"});
  expect_green(held);
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM seeds.pipeline_marker"), "1");
  EXPECT_THAT(live_generation(), testing::Ne(live)) << "a number means one content for ever";
  EXPECT_EQ(warehouse_.content(), whole);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), "2026-02-03");
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, GivesADayBackExactly) {
  begin();
  const std::string first = history();
  expect_green(warehouse_.run("silver_transformer", {"--run-id", "second"}));
  const std::string second = history();
  third_day();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string third = history();
  ASSERT_NE(second, third);

  const auto no_such = warehouse_.run(
      "silver_transformer", {"restore", "history", "--from-vault", "--as-of", "2026-01-31"});
  EXPECT_EQ(no_such.program.exit_code, 10);
  EXPECT_THAT(no_such.cause(), HasSubstr("it has those from 2026-02-01 (generation 1"));
  const auto dry = warehouse_.run("silver_transformer", {"restore", "history", "--from-vault",
                                                         "--as-of", "second", "--dry-run"});
  expect_green(dry);
  EXPECT_EQ(history(), third);

  for (const auto& [as_of, rows] : {std::pair("2026-02-01", &first), std::pair("second", &second),
                                    std::pair("2026-02-01", &first), std::pair("3", &third)}) {
    SCOPED_TRACE(as_of);
    expect_green(warehouse_.run("silver_transformer",
                                {"restore", "history", "--from-vault", "--as-of", as_of}));
    EXPECT_EQ(history(), *rows);
    expect_vault_counts_live();
  }
  EXPECT_EQ(published_generations(), "1,2,3,4,5,6,7") << "a restore is a generation too";
}

TEST_F(VaultedLayer, KnowsWhatARestoreReplacedAlthoughTheSwapIsFirst) {
  begin();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string second = history();
  const std::vector<std::string> restore = {"restore", "history", "--from-vault", "--as-of",
                                            "2026-02-02"};
  const auto versions_by_hand = [&](int status) {
    return warehouse_.value(
        fmt::format("SELECT COUNT(*) FROM vault.silver__history WHERE status = {}", status));
  };
  warehouse_.root().execute("UPDATE silver.history SET status = 41 LIMIT 1");
  expect_green(warehouse_.run("silver_transformer", restore));
  EXPECT_EQ(history(), second);
  EXPECT_EQ(versions_by_hand(41), "1");
  expect_vault_knows_live();

  // A vault that cannot be told keeps nobody's rows away, and a death is made up for by the next.
  warehouse_.root().execute("UPDATE silver.history SET status = 42 LIMIT 1");
  const auto untold = warehouse_.run("silver_transformer", restore,
                                     {{"PIPELINE_FAILPOINT", "restore_before_vault:unavailable"}});
  expect_green(untold);
  EXPECT_EQ(history(), second);
  EXPECT_THAT(untold.program.err, HasSubstr("the vault does not know what is live now"));
  warehouse_.root().execute("UPDATE silver.history SET status = 43 LIMIT 1");
  EXPECT_EQ(
      warehouse_
          .run("silver_transformer", restore, {{"PIPELINE_FAILPOINT", "restore_before_vault:kill"}})
          .program.signal,
      9);
  EXPECT_EQ(history(), second);
  third_day();
  expect_green(warehouse_.run("silver_transformer"));
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, BringsATableBackThatSomebodyDropped) {
  begin();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string second = history();
  warehouse_.root().execute("DROP TABLE silver.history");
  for (const auto& point : {"vault_before_rebuild:kill", "vault_after_rebuild:kill"}) {
    EXPECT_EQ(warehouse_
                  .run("silver_transformer",
                       {"restore", "history", "--from-vault", "--as-of", "2026-02-02"},
                       {{"PIPELINE_FAILPOINT", point}})
                  .program.signal,
              9);
  }
  const auto restored = warehouse_.run(
      "silver_transformer", {"restore", "history", "--from-vault", "--as-of", "2026-02-02"});
  expect_green(restored);
  EXPECT_EQ(history(), second);
  third_day();
  expect_green(warehouse_.run("silver_transformer"));
  expect_vault_knows_live();
}

TEST_F(VaultedLayer, TellsWhereARowCameFrom) {
  begin();
  expect_green(warehouse_.run("silver_transformer", {"--run-id", "second"}));
  warehouse_.root().execute("UPDATE silver.history SET status = 7 WHERE tenant_id = 3");
  third_day();
  expect_green(warehouse_.run("silver_transformer"));
  const auto shown = warehouse_.run("silver_transformer", {"why", "history", "tenant_id=3"});
  expect_green(shown);
  EXPECT_THAT(shown.program.out,
              AllOf(HasSubstr("2026-02-01"), HasSubstr("dump"), HasSubstr("found in live"),
                    HasSubstr("changed"), HasSubstr("status='7'")));
  const auto json = warehouse_.run(
      "silver_transformer", {"why", "history", "tenant_id=1", "valid_from=2026-02-01", "--json"});
  const Json printed = Json::parse(json.program.out);
  const auto& versions = printed.at("versions").as_array();
  ASSERT_EQ(versions.size(), 2U) << json.program.out;
  EXPECT_EQ(versions[1].at("run_id").as_string(), "second");
  EXPECT_EQ(versions[1].at("row").at("valid_to").as_string(), "2026-02-02");
  EXPECT_EQ(warehouse_.run("silver_transformer", {"why", "history", "tenant_id"}).program.exit_code,
            10);
}

}  // namespace
}  // namespace pipeline
