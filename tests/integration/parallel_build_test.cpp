// A layer over several sessions: nodes at once, the same result whatever the timing, and every
// failure told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <future>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using namespace shop;
using testing::AllOf;
using testing::HasSubstr;

class ParallelBuild : public ShopTest {
 protected:
  /// A model that waits in the server until the test opens its gate; no other node reads it.
  void write_gated(const std::string& name) {
    warehouse_.write(fmt::format("models/silver/{}.sql", name),
                     fmt::format("{{{{ config(materialized='table') }}}}\nselect get_lock('{}', "
                                 "120) as got\n",
                                 name));
  }

  std::string statements_of_builders(const std::string& pattern) {
    return warehouse_.value(fmt::format(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'etl_build' AND INFO "
        "LIKE '%{}%'",
        pattern));
  }

  std::future<test::ProgramResult> start(std::vector<std::string> arguments) {
    return std::async(std::launch::async,
                      [program = warehouse_.program("silver_transformer", std::move(arguments))] {
                        return test::run_program(program);
                      });
  }
};

TEST_F(ParallelBuild, TwoNodesBuildAtOnceEachInASessionOfTheLedger) {
  warehouse_.stage("2026-02-01", "(1, 1)");
  write_gated("gate_a");
  write_gated("gate_b");
  Connection gates = warehouse_.server().open_root();
  gates.query("SELECT GET_LOCK('gate_a', 0), GET_LOCK('gate_b', 0)");
  auto ended = start({"--threads", "2"});
  EXPECT_TRUE(wait_for([&] { return statements_of_builders("get_lock(''gate_") == "2"; }));
  EXPECT_EQ(warehouse_.value(
                "SELECT COUNT(DISTINCT p.ID) FROM information_schema.PROCESSLIST p JOIN "
                "pipeline.session s ON s.connection_id = p.ID AND s.account = p.USER AND s.role = "
                "'build' AND s.closed_at IS NULL AND IS_USED_LOCK(s.token) = p.ID WHERE p.INFO "
                "LIKE '%get_lock(''gate_%' AND p.USER = 'etl_build'"),
            "2");
  gates.query("SELECT RELEASE_LOCK('gate_a'), RELEASE_LOCK('gate_b')");
  expect_green(warehouse_.finish(ended.get()));
  EXPECT_EQ(warehouse_.value("SELECT got FROM silver.gate_a"), "1");
}

TEST_F(ParallelBuild, OneThreadBuildsOneNodeAfterTheOther) {
  warehouse_.stage("2026-02-01", "(1, 1)");
  write_gated("gate_a");
  Connection gates = warehouse_.server().open_root();
  gates.query("SELECT GET_LOCK('gate_a', 0)");
  auto ended = start({"--threads", "1"});
  EXPECT_TRUE(wait_for([&] { return statements_of_builders("get_lock(''gate_a") == "1"; }));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.session WHERE role = 'build'"), "1");
  gates.query("SELECT RELEASE_LOCK('gate_a')");
  expect_green(warehouse_.finish(ended.get()));
}

TEST_F(ParallelBuild, GivesTheSameWithOneAndWithEightThreads) {
  for (int number = 0; number < 12; ++number) {
    warehouse_.write(
        fmt::format("models/silver/part_{}.sql", number),
        fmt::format("{{{{ config(materialized='table', indexes=[{{'columns': "
                    "['n']}}]) }}}}\nselect {0} as n, count(*) as tenants from {{{{ "
                    "ref('{1}') }}}}\n",
                    number, number % 3 == 0 ? "stg_tenants" : fmt::format("part_{}", number - 1)));
  }
  std::vector<std::string> contents;
  std::vector<std::string> orders;
  for (const std::string threads : {"1", "8"}) {
    for (const std::string date : {"2026-02-01", "2026-02-02"}) {
      warehouse_.stage(date, date.ends_with("1") ? "(1, 1), (2, 7)" : "(1, 7), (3, 9)");
      const auto outcome = warehouse_.run("silver_transformer", {"--threads", threads});
      expect_green(outcome);
      std::string order;
      for (const char* list : {"nodes", "tests"}) {
        for (const auto& entry : outcome.output().at(list).as_array()) {
          order += fmt::format("{} {}\n", entry.at("unique_id").as_string(),
                               entry.at("status").as_string());
        }
      }
      orders.push_back(order);
    }
    contents.push_back(warehouse_.content());
    for (const char* schema : {"silver", "seeds", "staging"}) {
      for (const auto& table :
           split(warehouse_.rows(fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES "
                                             "WHERE TABLE_SCHEMA = '{}' AND TABLE_TYPE = 'BASE "
                                             "TABLE'",
                                             schema)),
                 ';')) {
        if (table != "tenants") warehouse_.root().execute("DROP TABLE " + (schema + ("." + table)));
      }
    }
    for (const char* table : {"published_table", "backup", "publish_journal"}) {
      warehouse_.root().execute(fmt::format("TRUNCATE pipeline.{}", table));
    }
  }
  EXPECT_EQ(contents[0], contents[1]);
  EXPECT_EQ(orders[0], orders[2]);
  EXPECT_EQ(orders[1], orders[3]);
}

TEST_F(ParallelBuild, TellsEveryFailureAndBuildsAndTestsTheRest) {
  first_day();
  second_day();
  warehouse_.write("models/silver/counts.sql",
                   "{{ config(materialized='table') }}\nselect nobody "
                   "from {{ ref('stg_tenants') }}\n");
  warehouse_.write("models/silver/below.sql", "select * from {{ ref('counts') }}\n");
  warehouse_.write("models/silver/far_below.sql", "select * from {{ ref('below') }}\n");
  warehouse_.write("models/silver/days.sql",
                   replace_all(days, "materialized='incremental'",
                               "materialized='incremental', post_hook='update {{ this }} set "
                               "nobody = 1'"));
  warehouse_.write("tests/nothing_below.sql", "select * from {{ ref('far_below') }} limit 0\n");
  warehouse_.write("tests/zz_fails.sql", "select tenant_id from {{ ref('history') }}\n");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.PartialFailure", 1);
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("models/silver/counts.sql:2: Unknown column 'nobody'"),
                    HasSubstr("model.shop.days (Pipeline.HookFailed)"),
                    HasSubstr("test.shop.zz_fails"), HasSubstr("nothing was published")));
  EXPECT_EQ(outcome.status("model.shop.counts"), "error");
  EXPECT_EQ(outcome.status("model.shop.days"), "error");
  EXPECT_EQ(outcome.status("model.shop.below"), "skipped");
  EXPECT_EQ(outcome.status("model.shop.far_below"), "skipped");
  EXPECT_EQ(outcome.status("model.shop.history"), "success");
  EXPECT_EQ(outcome.status("test.shop.nothing_below"), "skipped");
  EXPECT_EQ(outcome.status("test.shop.one_current"), "pass");
  EXPECT_EQ(outcome.status("test.shop.zz_fails"), "fail");
  for (const auto& node : outcome.output().at("nodes").as_array()) {
    if (node.at("unique_id").as_string() != "model.shop.far_below") continue;
    EXPECT_EQ(node.at("message").as_string(), "model.shop.below was not built");
  }
}

TEST_F(ParallelBuild, SeveralFailuresOfOneKindKeepTheirKind) {
  first_day();
  second_day();
  for (const char* name : {"bad_a", "bad_b"}) {
    warehouse_.write(fmt::format("models/silver/{}.sql", name), "select nobody\n");
  }
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("models/silver/bad_a.sql:1: "), HasSubstr("1 more failed"),
                    HasSubstr("model.shop.bad_b (Pipeline.SqlRejected)")));
  EXPECT_EQ(outcome.result.error->context.at("node").as_string(), "model.shop.bad_a");
}

TEST_F(ParallelBuild, FailFastEndsTheStatementsOfTheOthers) {
  first_day();
  second_day();
  warehouse_.write("models/silver/a_slow.sql",
                   "{{ config(materialized='table') }}\nselect sleep(300) as slept from {{ "
                   "ref('stg_tenants') }}\n");
  warehouse_.write("models/silver/b_bad.sql",
                   "{{ config(materialized='table', pre_hook=\"select get_lock('gate_bad', 120)\") "
                   "}}\nselect nobody from {{ ref('stg_tenants') }}\n");
  Connection gates = warehouse_.server().open_root();
  gates.query("SELECT GET_LOCK('gate_bad', 0)");
  const std::string before = warehouse_.published();
  auto ended = start({"--threads", "2", "--fail-fast"});
  EXPECT_TRUE(wait_for([&] { return statements_of_builders("sleep(300)") == "1"; }));
  gates.query("SELECT RELEASE_LOCK('gate_bad')");
  const auto outcome = warehouse_.finish(ended.get());
  EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.SqlRejected");
  EXPECT_EQ(outcome.status("model.shop.b_bad"), "error");
  EXPECT_EQ(outcome.status("model.shop.a_slow"), "skipped");
  EXPECT_EQ(outcome.status("test.shop.one_current"), "skipped");
  EXPECT_TRUE(wait_for([&] { return statements_of_builders("sleep(300)") == "0"; }));
  EXPECT_EQ(warehouse_.published(), before);
}

TEST_F(ParallelBuild, FailFastEndsWithTheFirstFailedTest) {
  first_day();
  second_day();
  warehouse_.write("tests/a_fails.sql", "select tenant_id from {{ ref('history') }}\n");
  const auto all = expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
  EXPECT_EQ(all.status("test.shop.one_current"), "pass");
  const auto fast = expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1,
                                   {"--fail-fast", "--threads", "1"});
  EXPECT_EQ(fast.status("test.shop.a_fails"), "fail");
  EXPECT_EQ(fast.status("test.shop.one_current"), "skipped");
}

TEST_F(ParallelBuild, ANodeThatLostADeadlockIsBuiltAgain) {
  // A sequence forgets nothing when a statement is rolled back.
  warehouse_.root().execute("CREATE OR REPLACE SEQUENCE scratch__next.tries");
  warehouse_.root().execute(
      "CREATE OR REPLACE FUNCTION scratch__next.third_time_lucky() RETURNS INT NOT DETERMINISTIC "
      "BEGIN IF NEXT VALUE FOR scratch__next.tries < 3 THEN SIGNAL SQLSTATE '40001' SET "
      "MYSQL_ERRNO "
      "= 1213; END IF; RETURN 1; END");
  warehouse_.write("models/silver/contended.sql",
                   "{{ config(materialized='table') }}\nselect scratch__next.third_time_lucky() as "
                   "n\n");
  warehouse_.stage("2026-02-01", "(1, 1)");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT NEXT VALUE FOR scratch__next.tries"), "4");
  warehouse_.write("models/silver/days.sql",
                   replace_all(days, "materialized='incremental'",
                               "materialized='incremental', pre_hook=\"signal sqlstate '40001' set "
                               "mysql_errno = 1213\""));
  const auto outcome = expect_refused("silver_transformer", "Pipeline.LockContention", 17);
  EXPECT_EQ(outcome.status("model.shop.days"), "error");
}

TEST_F(ParallelBuild, HooksThatBeganAreNotRunAgain) {
  warehouse_.root().execute("CREATE OR REPLACE SEQUENCE scratch__next.tries");
  warehouse_.write("models/silver/audit.sql",
                   "{{ config(materialized='table') }}\nselect 'built' as what\n");
  warehouse_.write(
      "models/silver/noted.sql",
      "{{ config(materialized='table', post_hook=[\"insert into {{ ref('audit') }} values "
      "('noted')\", \"begin not atomic if next value for scratch__next.tries < 2 then signal "
      "sqlstate "
      "'40001' set mysql_errno = 1213; end if; end\"]) }}\n-- depends_on: {{ ref('audit') "
      "}}\nselect 1 as a\n");
  warehouse_.stage("2026-02-01", "(1, 1)");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.LockContention", 17);
  EXPECT_EQ(outcome.status("model.shop.noted"), "error");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT GROUP_CONCAT(what ORDER BY 1) FROM silver.audit"),
            "built,noted")
      << "twice, had the node been built again with its hooks";
}

TEST_F(ParallelBuild, AStopEndsTheStatementsOfAllSessions) {
  first_day();
  second_day();
  for (const char* name : {"slow_a", "slow_b"}) {
    warehouse_.write(fmt::format("models/silver/{}.sql", name),
                     "{{ config(materialized='table') }}\nselect sleep(300) as slept from {{ "
                     "ref('stg_tenants') }}\n");
  }
  const std::string before = warehouse_.published();
  auto ended = start({"--threads", "2"});
  ASSERT_TRUE(wait_for([&] { return statements_of_builders("sleep(300)") == "2"; }));
  ::kill(warehouse_.pid_of_transformer(), SIGTERM);
  const auto outcome = warehouse_.finish(ended.get());
  EXPECT_EQ(outcome.program.exit_code, 130) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.Cancelled");
  EXPECT_TRUE(wait_for([&] { return statements_of_builders("sleep(300)") == "0"; }));
  EXPECT_EQ(warehouse_.published(), before);
}

TEST_F(ParallelBuild, ANewRunEndsAllSessionsOfAKilledOne) {
  first_day();
  second_day();
  for (const char* name : {"slow_a", "slow_b"}) {
    warehouse_.write(fmt::format("models/silver/{}.sql", name),
                     "{{ config(materialized='table') }}\nselect sleep(300) as slept from {{ "
                     "ref('stg_tenants') }}\n");
  }
  auto ended = start({"--threads", "2"});
  ASSERT_TRUE(wait_for([&] { return statements_of_builders("sleep(300)") == "2"; }));
  ::kill(warehouse_.pid_of_transformer(), SIGKILL);
  EXPECT_EQ(ended.get().signal, SIGKILL);
  EXPECT_EQ(statements_of_builders("sleep(300)"), "2") << "they outlive their client";
  for (const char* name : {"slow_a", "slow_b"}) {
    std::filesystem::remove(warehouse_.file(fmt::format("project/models/silver/{}.sql", name)));
  }
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(statements_of_builders("sleep(300)"), "0");
}

TEST_F(ParallelBuild, TheCommandLineIsStrongerThanPipelineYamlAndThatThanTheProfile) {
  warehouse_.write("models/silver/threads.sql", "select {{ target.threads }} as threads\n");
  warehouse_.stage("2026-02-01", "(1, 1)");
  const auto threads = [&](std::vector<std::string> arguments) {
    arguments.emplace_back("--force");
    expect_green(warehouse_.run("silver_transformer", std::move(arguments)));
    return warehouse_.value("SELECT threads FROM silver.threads");
  };
  EXPECT_EQ(threads({}), "1") << "the profile's";
  warehouse_.write("profiles.yml", replace_all(profiles, "      threads: 1\n", ""));
  EXPECT_EQ(threads({}), "2") << "nobody says a number";
  warehouse_.write_config("", "  threads: 3\n");
  EXPECT_EQ(threads({}), "3");
  EXPECT_EQ(threads({"--threads", "4"}), "4");
  const auto outcome = warehouse_.run("silver_transformer", {"--threads", "257"});
  EXPECT_EQ(outcome.program.exit_code, 10);
}

}  // namespace
}  // namespace pipeline
