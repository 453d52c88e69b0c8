// check of each program names an account that may do more than it needs; the server is asked.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "stages/publish/account_rights.h"
#include "tests/integration/restore_house.h"

namespace pipeline {
namespace {

using publish::KnownSchemas;
using publish::StageAccount;
using test::RestoreHouse;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

struct Named {
  StageAccount role;
  const char* account;
};
constexpr Named accounts[] = {{StageAccount::load, "etl_load"},
                              {StageAccount::build, "etl_build"},
                              {StageAccount::publish, "etl_publish"},
                              {StageAccount::vault, "etl_vault"},
                              {StageAccount::janitor, "etl_janitor"}};

class AccountRights : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new test::MariadbServer();
    server_->apply_grants();
    server_->run_sql(
        "CREATE DATABASE crm; CREATE DATABASE dev_silver; CREATE DATABASE dev_silver__next; "
        "CREATE ROLE helper; CREATE TABLE gold.t (id INT);");
    server_->run_sql_file(PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql", {});
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  static std::vector<std::string> excess(const Named& one) {
    Connection session = Connection::open(server_->account_options(one.account));
    return excess_rights(session, one.role, known_);
  }
  static Named named(const std::string& account) {
    for (const auto& one : accounts) {
      if (account == one.account) return one;
    }
    throw std::logic_error(account);
  }
  static void root(const std::string& statement) { server_->open_root().execute(statement); }

  static inline test::MariadbServer* server_ = nullptr;
  static inline const KnownSchemas known_{
      .staging = "staging", .layers = {"silver", "gold"}, .vault = "vault"};
};

TEST_F(AccountRights, AreNoMoreThanNeededAsTheGrantsFileLeavesThem) {
  for (const auto& one : accounts) EXPECT_THAT(excess(one), IsEmpty()) << one.account;
}

TEST_F(AccountRights, OfADevelopmentTargetAreNotTooMany) {
  for (const char* right :
       {"SELECT ON `dev\\_silver`.* TO etl_build@localhost",
        "ALL PRIVILEGES ON `dev\\_silver\\_\\_next`.* TO etl_build@localhost",
        "SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\\_silver`.* "
        "TO etl_publish@localhost",
        "SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON "
        "`dev\\_silver\\_\\_next`.* TO etl_publish@localhost",
        "SELECT, DROP ON `dev\\_silver`.* TO etl_janitor@localhost",
        "SELECT ON `dev\\_silver\\_\\_next`.* TO etl_janitor@localhost",
        "SELECT ON crm.* TO etl_build@localhost", "PROCESS ON *.* TO etl_publish@localhost"}) {
    root(std::string("GRANT ") + right);
  }
  for (const auto& one : accounts) EXPECT_THAT(excess(one), IsEmpty()) << one.account;
}

struct TooMuch {
  const char* account;
  const char* granted;    // behind GRANT
  const char* objection;  // how it is named
};

TEST_F(AccountRights, ThatAreTooManyAreNamed) {
  const TooMuch cases[] = {
      {"etl_build", "INSERT ON silver.*", "etl_build@localhost has INSERT on silver.*"},
      {"etl_build", "UPDATE ON gold.t", "etl_build@localhost has UPDATE on gold.t"},
      {"etl_build", "DELETE ON `dev\\_silver`.*", "has DELETE on dev\\_silver.*"},
      {"etl_build", "ALL PRIVILEGES ON `s%`.*", "has ALL PRIVILEGES on s%.*"},
      {"etl_build", "SELECT ON vault.*", "has SELECT on vault.*"},
      {"etl_build", "SELECT ON mysql.*", "has SELECT on mysql.*"},
      {"etl_build", "INSERT ON pipeline.publish_journal", "has INSERT on pipeline.publish_journal"},
      {"etl_build", "CREATE ROUTINE ON silver.*", "has CREATE ROUTINE on silver.*"},
      {"etl_build", "FILE ON *.*", "has FILE on *.*"},
      {"etl_load", "SELECT ON silver.*", "has SELECT on silver.*"},
      {"etl_load", "DROP ON staging.*", "has DROP on staging.*"},
      {"etl_load", "UPDATE ON pipeline.*", "has UPDATE on pipeline.*"},
      {"etl_publish", "DELETE ON silver.*", "has DELETE on silver.*"},
      {"etl_publish", "INSERT ON vault.*", "has INSERT on vault.*"},
      {"etl_publish", "SUPER ON *.*", "has SUPER on *.*"},
      {"etl_publish", "DROP ON crm.*", "has DROP on crm.*"},
      {"etl_publish", "DELETE ON pipeline.*", "has DELETE on pipeline.*"},
      {"etl_publish", "INSERT ON pipeline.*", "has INSERT on pipeline.*"},
      {"etl_publish", "UPDATE ON pipeline.applied_batch", "has UPDATE on pipeline.applied_batch"},
      {"etl_publish", "INSERT ON pipeline.loaded_dump", "has INSERT on pipeline.loaded_dump"},
      {"etl_vault", "DELETE ON vault.*", "has DELETE on vault.*"},
      {"etl_vault", "UPDATE ON vault.batch", "has UPDATE on vault.batch"},
      {"etl_vault", "INSERT ON silver.*", "has INSERT on silver.*"},
      {"etl_janitor", "INSERT ON gold.*", "has INSERT on gold.*"},
      {"etl_janitor", "DROP ON vault.*", "has DROP on vault.*"},
      {"etl_janitor", "DROP ON `%`.*", "has DROP on %.*"},
      {"etl_janitor", "DROP ON staging.*", "has DROP on staging.*"},
      {"etl_janitor", "DROP ON `gold\\_\\_next`.*", "has DROP on gold\\_\\_next.*"},
      {"etl_janitor", "DROP ON `scratch\\_\\_next`.*", "has DROP on scratch\\_\\_next.*"},
      {"etl_janitor", "UPDATE ON pipeline.publish_journal",
       "has UPDATE on pipeline.publish_journal"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.granted);
    const Named who = named(one.account);
    root(fmt::format("GRANT {} TO {}@localhost", one.granted, one.account));
    EXPECT_THAT(excess(who), Contains(HasSubstr(one.objection)));
    // What the file gives is given again, where the revoke took part of it.
    root(fmt::format("REVOKE {} FROM {}@localhost", one.granted, one.account));
    EXPECT_THAT(excess(who), IsEmpty());
  }
}

TEST_F(AccountRights, RolesAndTheRightToPassThemOnAreNamed) {
  for (const auto& one : accounts) {
    SCOPED_TRACE(one.account);
    root(fmt::format("GRANT helper TO {}@localhost", one.account));
    EXPECT_THAT(excess(one), Contains(HasSubstr("may become helper")));
    root(fmt::format("REVOKE helper FROM {}@localhost", one.account));
    root(fmt::format("GRANT GRANT OPTION ON pipeline.* TO {}@localhost", one.account));
    EXPECT_THAT(excess(one), Contains(HasSubstr("may pass on its rights on pipeline.*")));
    root(fmt::format("REVOKE GRANT OPTION ON pipeline.* FROM {}@localhost", one.account));
    EXPECT_THAT(excess(one), IsEmpty());
  }
}

TEST_F(AccountRights, OfAnotherHostOfTheAccountAreFoundByTrying) {
  // SHOW GRANTS of etl_load@localhost does not show it, but the server goes by it.
  root("GRANT DELETE ON vault.* TO 'etl_load'@'%'");
  EXPECT_THAT(excess(named("etl_load")),
              Contains(AllOf(HasSubstr("has DELETE on vault.*"), HasSubstr("other hosts"))));
  root("REVOKE DELETE ON vault.* FROM 'etl_load'@'%'");
  EXPECT_THAT(excess(named("etl_load")), IsEmpty());
}

TEST_F(AccountRights, ToRunWhatRunsWithTheRightsOfAnotherAreNamed) {
  root("CREATE PROCEDURE gold.tidy() SQL SECURITY DEFINER DELETE FROM gold.t");
  root("CREATE FUNCTION gold.one() RETURNS INT SQL SECURITY INVOKER RETURN 1");
  for (const auto& one : accounts) {
    SCOPED_TRACE(one.account);
    const std::string whom = fmt::format("{}@localhost", one.account);
    root("GRANT EXECUTE ON FUNCTION gold.one TO " + whom);
    EXPECT_THAT(excess(one), IsEmpty()) << "it runs with the account's own rights";
    root("GRANT EXECUTE ON PROCEDURE gold.tidy TO " + whom);
    EXPECT_THAT(excess(one), Contains(AllOf(HasSubstr("may run gold.tidy with the rights of root@"),
                                            HasSubstr("SQL SECURITY INVOKER"))));
    root("REVOKE EXECUTE ON PROCEDURE gold.tidy FROM " + whom);
    root("GRANT ALTER ROUTINE ON FUNCTION gold.one TO " + whom);
    EXPECT_THAT(excess(one), Contains(HasSubstr("has ALTER ROUTINE on gold.one")));
    root("REVOKE ALL PRIVILEGES ON FUNCTION gold.one FROM " + whom);
    EXPECT_THAT(excess(one), IsEmpty());
  }
  // A right on the whole schema lets etl_build run what lies in its shadow.
  root("CREATE PROCEDURE silver__next.tidy() SQL SECURITY DEFINER DELETE FROM gold.t");
  EXPECT_THAT(excess(named("etl_build")), Contains(HasSubstr("may run silver__next.tidy")));
  EXPECT_THAT(excess(named("etl_load")), IsEmpty());
  root("DROP PROCEDURE silver__next.tidy");
  root("DROP PROCEDURE gold.tidy");
  root("DROP FUNCTION gold.one");
}

TEST(CheckOfEachProgram, NamesAnAccountThatMayDoMoreThanItNeeds) {
  RestoreHouse house;
  const auto expect = [&](const std::string& program, const std::string& words) {
    const auto outcome = house.run(program, {"check", "--json"});
    if (words.empty()) {
      EXPECT_TRUE(outcome.program.ok()) << outcome.program.text();
      return;
    }
    EXPECT_EQ(outcome.program.exit_code, 21) << outcome.program.text();
    EXPECT_EQ(outcome.error(), "Pipeline.GuardRefused");
    EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("may do more than it needs"), HasSubstr(words)));
  };
  for (const char* program : {"staging_loader", "silver_transformer", "gold_transformer"}) {
    SCOPED_TRACE(program);
    expect(program, "");
  }
  const auto granted = [&](const std::string& right, const std::string& account,
                           const std::string& program, const std::string& words) {
    SCOPED_TRACE(right + " to " + account);
    house.root().execute("GRANT " + right + " TO " + account + "@localhost");
    expect(program, words);
    house.root().execute("REVOKE " + right + " FROM " + account + "@localhost");
    expect(program, "");
  };
  granted("INSERT ON silver.*", "etl_build", "silver_transformer", "has INSERT on silver.*");
  granted("DELETE ON gold.*", "etl_publish", "gold_transformer", "has DELETE on gold.*");
  granted("INSERT ON gold.*", "etl_janitor", "gold_transformer", "has INSERT on gold.*");
  granted("DROP ON staging.*", "etl_load", "staging_loader", "has DROP on staging.*");
  granted("FILE ON *.*", "etl_publish", "staging_loader", "has FILE on *.*");
}

std::string text_of(const std::string& path) {
  return test::run_program({.argv = {"cat", path}}).out;
}

TEST(Init, GivesASchemaThatTheGrantsFileDoesNotKnow) {
  RestoreHouse house;
  // Nothing is missing of the schemas that the file names.
  const auto whole = house.run("silver_transformer", {"init"});
  EXPECT_TRUE(whole.program.ok()) << whole.program.text();
  EXPECT_THAT(whole.program.out,
              AllOf(HasSubstr("rights are as a run needs them; NOW() in models is 2"),
                    HasSubstr(" 07:00:00"),
                    HasSubstr("silver.days is incremental and not in protect.history"),
                    HasSubstr("silver.history is incremental and not in protect.history")));
  EXPECT_TRUE(house.run("staging_loader", {"init"}).program.ok());

  house.write_model("dbt_project.yml", replace_all(text_of(house.file("project/dbt_project.yml")),
                                                   "+schema: seeds", "+schema: code_tables"));
  EXPECT_FALSE(house.run("silver_transformer").program.ok());
  const auto printed = house.run("silver_transformer", {"init"});
  EXPECT_TRUE(printed.program.ok()) << printed.program.text();
  EXPECT_THAT(printed.program.out,
              AllOf(HasSubstr("CREATE DATABASE IF NOT EXISTS `code_tables__next`"),
                    HasSubstr("GRANT SELECT ON `code\\_tables`.* TO 'etl_build'@'localhost', "
                              "'etl_build'@'%';"),
                    HasSubstr("GRANT ALL PRIVILEGES ON `code\\_tables\\_\\_next`.* TO 'etl_build'"),
                    testing::Not(HasSubstr("silver"))));
  EXPECT_EQ(house.value("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE "
                        "'code%'"),
            "0");
  const auto applied = house.run("silver_transformer", {"init", "--apply"});
  EXPECT_TRUE(applied.program.ok()) << applied.program.text();
  EXPECT_THAT(applied.program.out, HasSubstr("-- done: GRANT SELECT"));
  const auto built = house.run("silver_transformer");
  EXPECT_TRUE(built.program.ok()) << built.program.text();
  EXPECT_EQ(house.value("SELECT COUNT(*) FROM code_tables.code_status"), "3");
  const auto check = house.run("silver_transformer", {"check"});
  EXPECT_TRUE(check.program.ok()) << check.program.text();
  EXPECT_THAT(house.run("silver_transformer", {"init"}).program.out,
              HasSubstr("rights are as a run needs them"));
}

TEST(Init, NamesTheRecordsThatAreMissing) {
  RestoreHouse house;
  house.root().execute("DROP TABLE pipeline.published_table");
  const auto outcome = house.run("silver_transformer", {"init"});
  EXPECT_EQ(outcome.error(), "Pipeline.WrongDatabase") << outcome.program.text();
  EXPECT_THAT(outcome.cause(), HasSubstr("apply deploy/sql/pipeline.sql"));
}

}  // namespace
}  // namespace pipeline
