// Passwords that are wrong, rights that are missing one at a time, records that
// are not there: each is named before anything is changed.
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/rights.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

class BadRights : public BadWarehouseTest {
 protected:
  void sql(const std::string& statement) { warehouse_.root().execute(statement); }
};

struct Login {
  const char* account;
  std::vector<std::string> programs;  // that use it on the second day
};

TEST_F(BadRights, AWrongPasswordNamesUserServerAndPlaceAndChangesNothing) {
  const std::vector<Login> logins{
      {"load", {"staging_loader"}},
      {"build", {"silver_transformer", "gold_transformer"}},
      {"publish", {"staging_loader", "silver_transformer", "gold_transformer"}},
      {"janitor", {"gold_transformer"}},
  };
  for (const auto& [account, programs] : logins) {
    const std::string file = fmt::format("secrets/{}", account);
    house_.write(file, "quite-wrong-secret\n");
    for (const auto& program : programs) {
      for (const auto& start : {second_day(program), start_of(program, {"check"})}) {
        expect_refused(start, {.error = "Pipeline.AccessDenied",
                               .says = {fmt::format("access denied for user etl_{} at {}", account,
                                                    warehouse_.server().socket()),
                                        "the password came from file " + house_.file(file)}});
        EXPECT_EQ(house_.run(start).program.err.find("quite-wrong"), std::string::npos);
      }
    }
    house_.write(file, fmt::format("pw_etl_{}\n", account));
  }
  expect_second_day_goes_on();
}

TEST_F(BadRights, ARerunWithoutADateNamesTheLoginThatIsRefused) {
  house_.write("secrets/load", "quite-wrong-secret\n");
  expect_refused({.program = "orchestrator", .arguments = {"rerun", "--only", "silver"}},
                 {.error = "Pipeline.AccessDenied",
                  .says = {"access denied for user etl_load at ",
                           "the password came from file " + house_.file("secrets/load")}});
}

TEST_F(BadRights, AWrongPasswordNamesTheVariableOrTheCredentialItCameFrom) {
  struct Case {
    const char* place;
    std::map<std::string, std::string> env;
    const char* says;
  };
  house_.write("credentials/lpw", "quite-wrong-secret\n");
  const std::vector<Case> cases{
      {"{environment: LOADERS_PASSWORD}",
       {{"LOADERS_PASSWORD", "quite-wrong-secret"}},
       "the password came from environment variable LOADERS_PASSWORD"},
      {"{credential: lpw}",
       {{"CREDENTIALS_DIRECTORY", house_.file("credentials")}},
       "the password came from systemd credential lpw"},
  };
  const std::string config = house_.text_of("pipeline.yaml");
  for (const auto& [place, env, says] : cases) {
    house_.change("pipeline.yaml", "{file: secrets/load}", place);
    Start start = second_day("staging_loader");
    start.env = env;
    expect_refused(start, {.error = "Pipeline.AccessDenied",
                           .says = {"access denied for user etl_load at ", says}});
    EXPECT_EQ(house_.run(start).program.err.find("quite-wrong"), std::string::npos);
    house_.write("pipeline.yaml", config);
  }
}

/// Rights of grants.sql on one object, and who refuses to run without any one
/// of them.
struct Needed {
  std::string account;
  std::string object;  // as GRANT names it
  std::string named;   // as the error does
  std::vector<std::string> rights;
  std::vector<std::string> programs;
};

const std::string loader = "staging_loader";
const std::string silver = "silver_transformer";
const std::string gold = "gold_transformer";

std::vector<Needed> needed_rights() {
  const std::vector<std::string> swap{"SELECT", "ALTER", "DROP", "CREATE", "INSERT"};
  const std::vector<std::string> change{"ALTER", "DROP", "CREATE", "INSERT"};
  const std::vector<std::string> build{"SELECT", "INSERT", "UPDATE", "DELETE",
                                       "CREATE", "DROP",   "ALTER",  "INDEX"};
  const std::vector<std::string> changes{"INSERT", "UPDATE"};
  const std::vector<std::string> note{"UPDATE (published_at)"};
  const std::vector<std::string> all{loader, silver, gold};
  const auto next = [](const std::string& schema) { return "`" + schema + "\\_\\_next`.*"; };
  std::vector<Needed> needed{
      {"publish", "staging.*", "staging.*", {"SELECT"}, all},
      {"publish", "staging.*", "staging.*", change, {loader}},
      {"publish", "seeds.*", "seeds.*", {"SELECT"}, {silver, gold}},
      {"publish", "seeds.*", "seeds.*", change, {silver}},
      {"publish", "silver.*", "silver.*", {"SELECT"}, all},
      {"publish", "silver.*", "silver.*", change, {silver}},
      {"publish", "gold.*", "gold.*", {"SELECT"}, {loader, gold}},
      {"publish", "gold.*", "gold.*", change, {gold}},
      {"publish", "gold.*", "gold.*", {"CREATE VIEW"}, {gold}},
      {"publish", "pipeline.*", "pipeline.session", {"SELECT"}, all},
      {"publish", "pipeline.session", "pipeline.session", changes, all},
      {"publish", "pipeline.publish_journal", "pipeline.publish_journal", changes, all},
      {"publish", "pipeline.published_table", "pipeline.published_table", changes, all},
      {"publish", "pipeline.backup", "pipeline.backup", changes, all},
      {"publish", "pipeline.loaded_dump", "pipeline.loaded_dump", note, {loader}},
      {"load", "staging.*", "staging.*", {"SELECT"}, {loader}},
      {"load", next("staging"), "staging__next.*", build, {loader}},
      {"load", "pipeline.*", "pipeline.loaded_dump", {"SELECT"}, {loader}},
      {"load", "pipeline.loaded_dump", "pipeline.loaded_dump", {"INSERT", "UPDATE"}, {loader}},
      {"build", "staging.*", "staging.*", {"SELECT"}, {silver, gold}},
      {"build", "seeds.*", "seeds.*", {"SELECT"}, {silver, gold}},
      {"build", "silver.*", "silver.*", {"SELECT"}, {silver, gold}},
      {"build", "gold.*", "gold.*", {"SELECT"}, {gold}},
      {"build", next("seeds"), "seeds__next.*", build, {silver}},
      {"build", next("silver"), "silver__next.*", build, {silver}},
      {"build", next("gold"), "gold__next.*", build, {gold}},
      {"build", next("gold"), "gold__next.*", {"CREATE VIEW"}, {gold}},
      {"janitor", "silver.*", "silver.*", {"SELECT", "DROP"}, {gold}},
      {"janitor", "gold.*", "gold.*", {"SELECT", "DROP"}, {gold}},
      {"janitor", "pipeline.*", "pipeline.backup", {"SELECT"}, {gold}},
      {"janitor", "pipeline.backup", "pipeline.backup", {"UPDATE (dropped_at)"}, {gold}},
  };
  for (const auto& [schema, program] :
       {std::pair{"staging", loader}, {"seeds", silver}, {"silver", silver}, {"gold", gold}}) {
    needed.push_back({"publish", next(schema), std::string(schema) + "__next.*", swap, {program}});
  }
  return needed;
}

TEST_F(BadRights, EachMissingRightIsNamedWithAccountAndObjectBeforeAnythingIsChanged) {
  for (const auto& [account, object, named, rights, programs] : needed_rights()) {
    const std::string whom = " ON " + object + " ";
    const std::string user = "etl_" + account;
    for (const auto& right : rights) {
      SCOPED_TRACE(user + " without " + right + whom);
      const std::string name = right.substr(0, right.find(" ("));
      sql("REVOKE " + right + whom + "FROM " + user + "@localhost");
      for (const auto& program : programs) {
        expect_refused(second_day(program),
                       {.error = "Pipeline.AccessDenied",
                        .says = {fmt::format("the account {} lacks {} on {}; deploy/sql/grants.sql "
                                             "gives it",
                                             user, name, named)}});
      }
      sql("GRANT " + right + whom + "TO " + user + "@localhost");
    }
  }
  expect_second_day_goes_on();
}

TEST_F(BadRights, AViewWhoseTextIsHiddenStopsTheLoader) {
  // Which empty tables stay is decided by the texts of views.
  sql("CREATE VIEW staging.newest AS SELECT MAX(id) AS id FROM "
      "staging.tenants");
  sql("REVOKE SHOW VIEW ON staging.* FROM etl_publish@localhost");
  expect_refused(second_day(loader),
                 {.error = "Pipeline.AccessDenied",
                  .says = {"the account etl_publish lacks SHOW VIEW on staging.*; "
                           "deploy/sql/grants.sql gives it"}});
  sql("GRANT SHOW VIEW ON staging.* TO etl_publish@localhost");
  expect_second_day_goes_on();
}

TEST_F(BadRights, CheckNamesWhatIsMissingToo) {
  sql("REVOKE DROP ON gold.* FROM etl_janitor@localhost");
  expect_refused(
      start_of(gold, {"check"}),
      {.error = "Pipeline.AccessDenied", .says = {"the account etl_janitor lacks DROP on gold.*"}});
  sql("GRANT DROP ON gold.* TO etl_janitor@localhost");
  sql("REVOKE INSERT ON staging.* FROM etl_publish@localhost");
  expect_refused(start_of(loader, {"check"}),
                 {.error = "Pipeline.AccessDenied",
                  .says = {"the account etl_publish lacks INSERT on staging.*"}});
  sql("GRANT INSERT ON staging.* TO etl_publish@localhost");
  for (const auto& program : {loader, silver, gold}) expect_green(start_of(program, {"check"}));
}

TEST_F(BadRights, AMissingTableOfTheRecordsIsNamedBeforeAnythingIsChanged) {
  struct Case {
    std::string table;
    std::vector<std::string> programs;
  };
  std::vector<Case> cases{{"loaded_dump", {loader}}};
  for (const auto& record : publish::records_of_a_publish()) {
    cases.push_back({record.table, {loader, silver, gold}});
  }
  for (const auto& [table, programs] : cases) {
    const std::string before = warehouse_.picture();
    sql(fmt::format("RENAME TABLE pipeline.{0} TO pipeline.{0}_elsewhere", table));
    for (const auto& program : programs) {
      const Start start = second_day(program);
      expect_refusal(
          start, house_.run(start),
          {.error = "Pipeline.WrongDatabase",
           .says = {fmt::format("{} has no table pipeline.{}; apply deploy/sql/pipeline.sql",
                                warehouse_.server().socket(), table)}});
    }
    sql(fmt::format("RENAME TABLE pipeline.{0}_elsewhere TO pipeline.{0}", table));
    EXPECT_EQ(warehouse_.picture(), before);
  }
  expect_second_day_goes_on();
}

TEST_F(BadRights, EachColumnOfTheRecordsIsLookedFor) {
  auto records = publish::records_of_a_publish();
  records.push_back({.table = "loaded_dump", .rights = {publish::Right::select}});
  for (const auto& record : records) {
    const auto columns = warehouse_.root().query("SHOW COLUMNS FROM pipeline." + record.table);
    for (const auto& row : columns.rows) {
      const std::string& column = *row[0];
      SCOPED_TRACE(record.table + "." + column +
                   " must stand in record_columns of stages/publish/rights.cpp");
      sql(fmt::format("ALTER TABLE pipeline.{} RENAME COLUMN {} TO elsewhere", record.table,
                      column));
      try {
        publish::require_rights(warehouse_.root(), {},
                                {{.table = record.table, .rights = {publish::Right::select}}});
        ADD_FAILURE() << "nobody would miss it";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::wrong_database);
        EXPECT_NE(error.message().find("was made by an earlier version"), std::string::npos)
            << error.what();
      }
      sql(fmt::format("ALTER TABLE pipeline.{} RENAME COLUMN elsewhere TO {}", record.table,
                      column));
    }
  }
}

TEST_F(BadRights, AMissingSchemaIsNamedBeforeAnythingIsChanged) {
  sql("DROP DATABASE staging__next");
  expect_refused(second_day(loader),
                 {.error = "Pipeline.WrongDatabase",
                  .says = {"has no schema staging__next", "deploy/sql/grants.sql makes it"}});
  sql("CREATE DATABASE staging__next");
  expect_green(second_day(loader));

  sql("DROP DATABASE staging");
  for (const auto& start : {second_day(loader), start_of(loader, {"check"})}) {
    expect_refused(start, {.error = "Pipeline.WrongDatabase",
                           .says = {"has no schema staging that the account etl_publish may see",
                                    "deploy/sql/grants.sql makes it"}});
  }
  expect_refused(second_day(silver), {.error = "Pipeline.GuardRefused",
                                      .says = {"staging was never published", "run the loader"}});
  sql("CREATE DATABASE staging");

  sql("DROP DATABASE pipeline");
  for (const auto& program : {loader, silver, gold}) {
    for (const auto& start : {second_day(program), start_of(program, {"check"})}) {
      expect_refusal(start, house_.run(start),
                     {.error = "Pipeline.WrongDatabase",
                      .says = {"has no table pipeline.",
                               "apply deploy/sql/pipeline.sql, then "
                               "deploy/sql/grants.sql"}});
    }
  }
  warehouse_.server().run_sql_file(PIPELINE_SOURCE_DIR "/deploy/sql/pipeline.sql", {});
}

TEST_F(BadRights, AServerThatTakesNoWritesIsAWrongDatabase) {
  sql("SET GLOBAL read_only = 1");
  for (const auto& program : {loader, silver, gold}) {
    expect_refused(second_day(program), {.error = "Pipeline.WrongDatabase", .says = {"read-only"}});
  }
  sql("SET GLOBAL read_only = 0");
  expect_second_day_goes_on();
}

}  // namespace
}  // namespace pipeline
