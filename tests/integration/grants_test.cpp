// What the accounts of deploy/sql/grants.sql can and cannot do, asked of a real server.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/mariadb/connection.h"
#include "tests/support/mariadb_server.h"

namespace pipeline {
namespace {

const std::string grants_file = std::string(PIPELINE_SOURCE_DIR) + "/deploy/sql/grants.sql";

class Grants : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new test::MariadbServer();
    server_->apply_grants();
    server_->run_sql(
        "CREATE DATABASE stagingXYnext; CREATE DATABASE silverXYnext; CREATE DATABASE goldXYnext;");
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override {
    std::string sql =
        "CREATE OR REPLACE TABLE vault.t (id INT PRIMARY KEY, v INT);"
        "INSERT INTO vault.t VALUES (1, 10);"
        "CREATE OR REPLACE TABLE pipeline.probe (id INT PRIMARY KEY, v INT);"
        "INSERT INTO pipeline.probe VALUES (1, 10);";
    for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
      sql += "CREATE OR REPLACE TABLE " + schema + ".t (id INT PRIMARY KEY, v INT);";
      sql += "INSERT INTO " + schema + ".t VALUES (1, 10);";
      sql += "CREATE OR REPLACE VIEW " + schema + ".v AS SELECT id FROM " + schema + ".t;";
      sql += "DROP TABLE IF EXISTS " + schema + ".t_backup_20260202_070000;";
      sql += "CREATE OR REPLACE TABLE " + schema + "__next.t (id INT PRIMARY KEY, v INT);";
      sql += "INSERT INTO " + schema + "__next.t VALUES (1, 20);";
    }
    server_->run_sql(sql);
  }

  static Connection login(const std::string& account) {
    return Connection::open(server_->account_options(account));
  }
  static Connection root() { return server_->open_root(); }
  static test::MariadbServer& server() { return *server_; }

  static void expect_allowed(Connection& connection, const std::vector<std::string>& statements) {
    for (const std::string& statement : statements) {
      try {
        connection.execute(statement);
      } catch (const Error& error) {
        ADD_FAILURE() << statement << " was refused: " << error.what();
      }
    }
  }

  static void expect_refused(Connection& connection, const std::vector<std::string>& statements) {
    for (const std::string& statement : statements) {
      try {
        connection.execute(statement);
        ADD_FAILURE() << statement << " was allowed";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::access_denied) << statement << ": " << error.what();
      }
    }
  }

  /// Statements that would change the table `t` or the view `v` of a schema, or add to the schema.
  static std::vector<std::string> changes_of(const std::string& schema) {
    const std::string table = schema + ".t";
    return {
        "INSERT INTO " + table + " VALUES (2, 0)",
        "INSERT INTO " + table + " VALUES (1, 0) ON DUPLICATE KEY UPDATE v = 0",
        "REPLACE INTO " + table + " VALUES (1, 0)",
        "UPDATE " + table + " SET v = 0",
        "UPDATE " + table + " t1 INNER JOIN " + table + " t2 USING (id) SET t1.v = 0",
        "DELETE FROM " + table,
        "TRUNCATE TABLE " + table,
        "ALTER TABLE " + table + " ADD COLUMN w INT",
        "CREATE INDEX i ON " + table + " (v)",
        "RENAME TABLE " + table + " TO " + schema + ".u",
        "DROP TABLE " + table,
        "CREATE TABLE " + schema + ".w (id INT)",
        "CREATE TRIGGER " + schema + ".r BEFORE INSERT ON " + table + " FOR EACH ROW SET @a = 1",
        "LOCK TABLES " + table + " WRITE",
        "DROP DATABASE " + schema};
  }

  static std::string value_in(const std::string& table) {
    return root().query_value("SELECT v FROM " + table + " WHERE id = 1").value_or("nothing");
  }

 private:
  static inline test::MariadbServer* server_ = nullptr;
};

TEST_F(Grants, KeepWhatUsersWroteAwayFromLiveTables) {
  Connection build = login("etl_build");
  for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
    SCOPED_TRACE(schema);
    expect_refused(build, changes_of(schema));
    expect_refused(build, {"CREATE OR REPLACE VIEW " + schema + ".v AS SELECT 1 AS id"});
    expect_allowed(build, {"SELECT * FROM " + schema + ".t", "SELECT * FROM " + schema + ".v"});
    EXPECT_EQ(value_in(schema + ".t"), "10");
  }
  expect_refused(build, changes_of("vault"));
  expect_refused(build, changes_of("staging__next"));
  expect_refused(build, {"SELECT * FROM vault.t", "SELECT * FROM staging__next.t",
                         "DELETE FROM pipeline.probe", "DROP TABLE pipeline.probe",
                         "ALTER TABLE pipeline.probe ADD COLUMN w INT",
                         "UPDATE pipeline.publish_journal SET state = 'planned'",
                         "INSERT INTO pipeline.backup (schema_name) VALUES ('x')"});
}

TEST_F(Grants, LetTheBuildAccountDoAnythingToCandidates) {
  Connection build = login("etl_build");
  for (const std::string schema :
       {"seeds__next", "silver__next", "gold__next", "preflight__next", "scratch__next"}) {
    SCOPED_TRACE(schema);
    expect_allowed(
        build,
        {"CREATE TABLE " + schema + ".m AS SELECT * FROM silver.t",
         "CREATE INDEX i ON " + schema + ".m (v)", "UPDATE " + schema + ".m SET v = 1",
         "DELETE FROM " + schema + ".m", "CREATE VIEW " + schema + ".mv AS SELECT * FROM staging.t",
         "SELECT * FROM " + schema + ".mv", "DROP VIEW " + schema + ".mv",
         "CREATE TEMPORARY TABLE " + schema + ".tmp (id INT)", "DROP TABLE " + schema + ".m"});
  }
  expect_refused(build, {"UPDATE pipeline.session SET closed_at = NOW()"});
}

TEST_F(Grants, TakeUnderscoresLiterally) {
  for (const std::string account :
       {"etl_load", "etl_build", "etl_publish", "etl_janitor", "etl_vault"}) {
    SCOPED_TRACE(account);
    Connection connection = login(account);
    expect_refused(connection,
                   {"CREATE TABLE stagingXYnext.x (id INT)", "CREATE TABLE silverXYnext.x (id INT)",
                    "CREATE TABLE goldXYnext.x (id INT)"});
  }
}

TEST_F(Grants, LetTheLoadAccountFillCandidatesOfStagingOnly) {
  Connection load = login("etl_load");
  expect_allowed(
      load, {"SELECT * FROM staging.t", "SHOW CREATE TABLE staging.t", "DROP TABLE staging__next.t",
             "CREATE TABLE staging__next.t (id INT PRIMARY KEY, v INT)",
             "INSERT INTO staging__next.t SELECT * FROM staging.t",
             "ALTER TABLE staging__next.t ADD KEY (v)", "DELETE FROM staging__next.t"});
  for (const std::string schema : {"staging", "silver", "gold", "seeds", "silver__next", "vault"}) {
    SCOPED_TRACE(schema);
    expect_refused(load, changes_of(schema));
  }
  expect_refused(load,
                 {"SELECT * FROM silver.t", "SELECT * FROM vault.t", "DELETE FROM pipeline.probe"});
}

TEST_F(Grants, LetThePublishAccountSwapALayerAndKeepTheBackup) {
  Connection publish = login("etl_publish");
  for (const std::string s : {"seeds", "silver", "gold"}) {
    SCOPED_TRACE(s);
    expect_allowed(publish, {"RENAME TABLE " + s + ".t TO " + s + ".t_backup_20260202_070000, " +
                             s + "__next.t TO " + s + ".t"});
    EXPECT_EQ(value_in(s + ".t"), "20");
    EXPECT_EQ(value_in(s + ".t_backup_20260202_070000"), "10");
  }
}

TEST_F(Grants, LetThePublishAccountSwapStagingBothWays) {
  Connection publish = login("etl_publish");
  expect_allowed(publish,
                 {"RENAME TABLE staging.t TO staging__next.t__swap, staging__next.t TO staging.t, "
                  "staging__next.t__swap TO staging__next.t"});
  EXPECT_EQ(value_in("staging.t"), "20");
  EXPECT_EQ(value_in("staging__next.t"), "10");
}

TEST_F(Grants, LetThePublishAccountSwapViewsAndDropWhatWasSwappedOut) {
  Connection publish = login("etl_publish");
  expect_allowed(publish,
                 {"CREATE SQL SECURITY INVOKER VIEW silver.v__next AS SELECT id, v FROM staging.t",
                  "RENAME TABLE silver.v TO silver.v__old, silver.v__next TO silver.v",
                  "DROP VIEW silver.v__old", "SHOW CREATE VIEW silver.v",
                  "CREATE OR REPLACE SQL SECURITY INVOKER VIEW gold.v AS SELECT * FROM silver.v",
                  "RENAME TABLE gold.t TO gold__next.t__old, gold__next.t TO gold.t",
                  "DROP TABLE gold__next.t__old"});
}

TEST_F(Grants, LetThePublishAccountWriteTheRecordsOfAPublishAndNoOther) {
  Connection publish = login("etl_publish");
  for (const std::string table :
       {"session", "publish_journal", "published_table", "backup", "restore_drill"}) {
    const std::string name = "pipeline." + table;
    const std::string column = table == "session" ? "target" : "schema_name";
    expect_allowed(publish, {"INSERT INTO " + name + " SELECT * FROM " + name + " WHERE FALSE",
                             "UPDATE " + name + " SET " + column + " = '' WHERE FALSE"});
  }
  expect_allowed(publish, {"UPDATE pipeline.loaded_dump SET published_at = NULL WHERE FALSE"});
  for (const std::string table : {"applied_batch", "loaded_dump"}) {
    const std::string name = "pipeline." + table;
    expect_refused(publish, {"INSERT INTO " + name + " SELECT * FROM " + name + " WHERE FALSE",
                             "UPDATE " + name + " SET run_id = run_id WHERE FALSE"});
  }
  expect_refused(publish,
                 {"INSERT INTO pipeline.probe VALUES (2, 0)", "UPDATE pipeline.probe SET v = 1"});
}

TEST_F(Grants, ShowThePublishAccountTheTriggersThatItMustRefuse) {
  root().execute("CREATE TRIGGER silver.r BEFORE INSERT ON silver.t FOR EACH ROW SET @a = 1");
  EXPECT_EQ(login("etl_publish")
                .query_value("SELECT COUNT(*) FROM information_schema.TRIGGERS "
                             "WHERE EVENT_OBJECT_SCHEMA = 'silver'"),
            "1");
}

TEST_F(Grants, KeepThePublishAccountFromChangingRows) {
  Connection publish = login("etl_publish");
  for (const std::string table : {"staging.t", "silver.t", "gold__next.t", "vault.t"}) {
    expect_refused(publish, {"UPDATE " + table + " SET v = 0", "DELETE FROM " + table,
                             "REPLACE INTO " + table + " VALUES (1, 0)"});
  }
  expect_refused(publish, changes_of("vault"));
  expect_refused(publish, {"DELETE FROM pipeline.probe", "DROP TABLE pipeline.probe"});
}

TEST_F(Grants, GiveThePublishAccountNoRightThatASwapDoesNotNeed) {
  const auto swap_of = [](Connection& connection) {
    connection.execute(
        "RENAME TABLE silver.t TO silver__next.t__swap, silver__next.t TO silver.t, "
        "silver__next.t__swap TO silver__next.t");
  };
  for (const std::string schema : {"`silver`", "`silver\\_\\_next`"}) {
    for (const std::string right : {"ALTER", "DROP", "CREATE", "INSERT"}) {
      SCOPED_TRACE(right + " on " + schema);
      const std::string on = right + " ON " + schema + ".* ";
      root().execute("REVOKE " + on + "FROM 'etl_publish'@'localhost'");
      // Rights on a schema hold for a session from its start.
      Connection publish = login("etl_publish");
      EXPECT_THROW(swap_of(publish), Error);
      root().execute("GRANT " + on + "TO 'etl_publish'@'localhost'");
    }
  }
  Connection publish = login("etl_publish");
  EXPECT_NO_THROW(swap_of(publish));
}

TEST_F(Grants, LetNobodyChangeOrDeleteWhatIsInTheVault) {
  Connection vault = login("etl_vault");
  expect_allowed(vault, {"INSERT INTO vault.t VALUES (2, 0)", "SELECT * FROM vault.t",
                         "SELECT * FROM silver.t", "SELECT * FROM gold.t"});
  expect_refused(vault, {"UPDATE pipeline.probe SET v = 1"});
  std::vector<std::string> changes = changes_of("vault");
  std::erase_if(changes, [](const std::string& sql) { return sql.ends_with("VALUES (2, 0)"); });
  expect_refused(vault, changes);
  for (const std::string account : {"etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
    SCOPED_TRACE(account);
    Connection other = login(account);
    expect_refused(other, changes_of("vault"));
    expect_refused(other, {"SELECT * FROM vault.t"});
  }
  EXPECT_EQ(value_in("vault.t"), "10");
}

TEST_F(Grants, LetTheJanitorDropInLayersAndNothingElse) {
  root().execute("RENAME TABLE silver.t TO silver.t_backup_20260202_070000");
  Connection janitor = login("etl_janitor");
  expect_allowed(janitor, {"SELECT COUNT(*) FROM silver.t_backup_20260202_070000",
                           "DROP TABLE silver.t_backup_20260202_070000",
                           "UPDATE pipeline.backup SET dropped_at = NOW()"});
  expect_refused(janitor, {"DROP TABLE gold__next.t", "DROP TABLE staging__next.t",
                           "DROP TABLE staging.t", "DROP TABLE scratch__next.t"});
  expect_refused(janitor,
                 {"UPDATE pipeline.backup SET backup_name = 't'", "UPDATE pipeline.probe SET v = 1",
                  "INSERT INTO pipeline.backup (schema_name) VALUES ('x')"});
  expect_refused(
      janitor, {"INSERT INTO gold.t VALUES (2, 0)", "UPDATE gold.t SET v = 0", "DELETE FROM gold.t",
                "RENAME TABLE gold.t TO gold.u", "ALTER TABLE gold.t ADD COLUMN w INT",
                "CREATE TABLE gold.w (id INT)", "DELETE FROM pipeline.probe"});
}

TEST_F(Grants, LetTheAdministratorSetUp) {
  Connection admin = login("etl_admin");
  expect_allowed(admin, {"CREATE TABLE vault.history (batch INT, id INT, PRIMARY KEY (batch, id))",
                         "GRANT UPDATE ON silver.t TO 'etl_build'@'localhost'",
                         "REVOKE UPDATE ON silver.t FROM 'etl_build'@'localhost'",
                         "DROP TABLE vault.history"});
}

TEST_F(Grants, AreAppliedAgainWithoutHarmAndSetThePasswordsAnew) {
  server().apply_grants({{"etl_load", "another-password"}});
  EXPECT_NO_THROW(login("etl_load"));
  EXPECT_EQ(value_in("silver.t"), "10");
  ConnectionOptions old = server().account_options("etl_load");
  old.account.password = Secret("pw_etl_load");
  EXPECT_THROW(Connection::open(old), Error);
  server().apply_grants();
}

TEST_F(Grants, AreRefusedWhileAPlaceholderStandsInForAPassword) {
  const std::vector<std::string> accounts{"etl_load",  "etl_build",   "etl_publish",
                                          "etl_vault", "etl_janitor", "etl_admin"};
  for (const std::string& forgotten : accounts) {
    SCOPED_TRACE(forgotten);
    std::map<std::string, std::string> replacements;
    for (const std::string& account : accounts) {
      if (account != forgotten) replacements["@PASSWORD_" + account + "@"] = "secret_of_" + account;
    }
    try {
      server().run_sql_file(grants_file, replacements);
      ADD_FAILURE() << "was applied";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("1242"), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("secret_of_"), std::string::npos) << error.what();
    }
  }
  EXPECT_NO_THROW(login("etl_load"));
}

}  // namespace
}  // namespace pipeline
