// The publish step on a real server: whole generations only, backups kept, crashes settled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/blockers.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/checksum.h"
#include "stages/publish/lineage.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/publication.h"
#include "stages/publish/retention.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/polling_reader.h"
#include "tests/support/run_program.h"

namespace pipeline::publish {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr int published_tables = 3;

/// The socket of the server that a probe process is to use; set for probes only.
const char* probe_socket() {
  return std::getenv("PUBLISH_PROBE_SOCKET");
}

test::MariadbServer& server() {
  static test::MariadbServer instance;
  return instance;
}

ConnectionOptions account(const std::string& name) {
  if (probe_socket() == nullptr) return server().account_options(name);
  ConnectionOptions options;
  options.endpoint.socket = probe_socket();
  options.account = {.user = name, .password = Secret("pw_" + name), .password_origin = "the test"};
  return options;
}

PublisherOptions quick() {
  return {.clock = system_clock(),
          .try_without_waiting = std::chrono::seconds(0),
          .keep_trying_for = std::chrono::seconds(2)};
}

/// Candidates t0 to t2 with `generation` in each row, one view, and the markers of silver.
Publication make_candidates(std::uint64_t generation, const std::string& run_id,
                            const std::string& date) {
  Connection build = Connection::open(account("etl_build"));
  Publication publication;
  publication.run_id = run_id;
  for (int i = 0; i < published_tables; ++i) {
    const TableName live{"silver", "t" + std::to_string(i)};
    const std::string candidate = quote_name("silver__next", live.table);
    build.execute("DROP TABLE IF EXISTS " + candidate);
    build.execute("CREATE TABLE " + candidate + " (id INT PRIMARY KEY, generation INT NOT NULL)");
    build.execute(
        fmt::format("INSERT INTO {} VALUES (1, {}), (2, {})", candidate, generation, generation));
    publication.tables.push_back({.live = live,
                                  .swapped_out = i == 0 ? SwappedOut::backup : SwappedOut::dropped,
                                  .contents = i == 0 ? Contents::accumulated : Contents::rebuilt});
  }
  const Marker marker{.generation = generation,
                      .upstream_generation = generation,
                      .run_id = run_id,
                      .business_date = *BusinessDate::parse(date)};
  write_candidate_marker(build, "silver", marker);
  publication.markers = {{"silver", marker}};
  publication.views = {
      {.live = {"silver", "v"}, .select = "SELECT generation FROM `silver`.`t1` WHERE id = 1"}};
  return publication;
}

PublishReport publish_generation(std::uint64_t generation, const std::string& run_id,
                                 const std::string& date = "2026-02-01") {
  const Publication publication = make_candidates(generation, run_id, date);
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver", "staging"});
  settle(session, "silver", quick());
  return publish(session, publication, quick());
}

constexpr std::string_view all_generations =
    "SELECT CONCAT_WS(',', (SELECT generation FROM silver.pipeline_marker), "
    "(SELECT MAX(generation) FROM silver.t0), (SELECT MIN(generation) FROM silver.t1), "
    "(SELECT MAX(generation) FROM silver.t2), (SELECT generation FROM silver.v))";

class Publishing : public testing::Test {
 protected:
  void SetUp() override {
    Connection root = server().open_root();
    const auto leftovers = root.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
        "TABLE_SCHEMA "
        "IN ('silver', 'silver__next')");
    for (const auto& row : leftovers.rows) {
      root.execute(fmt::format("DROP {} {}", *row[2] == "VIEW" ? "VIEW" : "TABLE",
                               quote_name(*row[0], *row[1])));
    }
    for (const auto* table : {"publish_journal", "backup", "published_table", "session"}) {
      root.execute(fmt::format("TRUNCATE TABLE pipeline.{}", table));
    }
  }

  static std::string live_state() {
    return server().open_root().query_value(all_generations).value_or("");
  }
  static std::string journal_states() {
    return server()
        .open_root()
        .query_value("SELECT GROUP_CONCAT(state ORDER BY publish_id) FROM pipeline.publish_journal")
        .value_or("");
  }
};

TEST_F(Publishing, MakesTablesViewAndMarkerLiveTogether) {
  const auto first = publish_generation(1, "r1");
  EXPECT_EQ(live_state(), "1,1,1,1,1");
  EXPECT_THAT(first.views_after, ElementsAre("silver.v")) << "nothing was live to make it against";
  const auto second = publish_generation(2, "r2");
  EXPECT_EQ(live_state(), "2,2,2,2,2");
  EXPECT_THAT(second.views_after, IsEmpty()) << "the view is swapped in by the RENAME itself";
  EXPECT_EQ(journal_states(), "done,done");
}

TEST_F(Publishing, LeavesNothingBehindButBackups) {
  publish_generation(1, "r1");
  publish_generation(2, "r2");
  Connection root = server().open_root();
  EXPECT_EQ(
      root.query_value("SELECT GROUP_CONCAT(TABLE_NAME ORDER BY 1) FROM information_schema.TABLES "
                       "WHERE TABLE_SCHEMA = 'silver' AND TABLE_NAME NOT LIKE 't0\\_backup\\_%'"),
      "pipeline_marker,t0,t1,t2,v");
  EXPECT_EQ(
      root.query_value(
          "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'silver__next'"),
      "0");
}

TEST_F(Publishing, KeepsWhatItSwappedOutAsACataloguedBackup) {
  publish_generation(1, "r1");
  const auto report = publish_generation(2, "r2");
  ASSERT_THAT(report.backups, SizeIs(1));
  EXPECT_TRUE(report.backups[0].verified());
  Connection root = server().open_root();
  const auto backups = list_backups(root, {.live = TableName{"silver", "t0"}});
  ASSERT_THAT(backups, SizeIs(1));
  EXPECT_EQ(backups[0].run_id, "r2");
  EXPECT_EQ(backups[0].generation, 1U);
  EXPECT_EQ(backups[0].rows, 2U);
  EXPECT_EQ(root.query_value("SELECT MAX(generation) FROM " +
                             quote_name("silver", backups[0].backup_name)),
            "1");
}

TEST_F(Publishing, ReadersSeeWholeGenerationsOnly) {
  publish_generation(1, "r1");
  test::PollingReader reader(server().root_options(), {std::string(all_generations)});
  for (std::uint64_t generation = 2; generation <= 8; ++generation) {
    reader.wait_for_turns(50);
    publish_generation(generation, "r" + std::to_string(generation));
  }
  reader.wait_for_turns(50);
  reader.stop();
  EXPECT_THAT(reader.errors(), IsEmpty());
  for (const auto& seen : reader.observations()) {
    bool whole = false;
    for (int g = 1; g <= 8; ++g) {
      whole = whole || seen.find(fmt::format("{0},{0},{0},{0},{0}", g)) != std::string::npos;
    }
    EXPECT_TRUE(whole) << "a reader saw " << seen;
  }
  EXPECT_THAT(reader.observations(), SizeIs(8));
}

TEST_F(Publishing, ChecksumsOfTablesWithGeneratedColumnsSeeEveryChangeOfAValue) {
  Connection root = server().open_root();
  root.execute(
      "CREATE TABLE silver.g (id INT PRIMARY KEY, twice INT AS (id * 2) STORED, amount "
      "DECIMAL(9,3), "
      "ratio FLOAT, measure DOUBLE, name VARCHAR(9), raw VARBINARY(9), flags BIT(9), at "
      "DATETIME(6), "
      "kind ENUM('a','b'))");
  root.execute(
      "INSERT INTO silver.g (id, amount, ratio, measure, name, raw, flags, at, kind) VALUES (1, "
      "1.2, "
      "1.00000012, 1.2, 'a', x'00', b'1', '2026-02-01 00:00:00.1', 'a')");
  std::set<std::string> seen{content_checksum(root, {"silver", "g"})};
  for (const char* change :
       {"amount = 1.4", "ratio = 1.00000024", "measure = 1.2000000000000002", "name = 'A'",
        "raw = x'0000'", "flags = b'10'", "at = '2026-02-01 00:00:00.2'", "kind = 'b'",
        "name = NULL", "name = '-'", "id = 2"}) {
    root.execute(fmt::format("UPDATE silver.g SET {}", change));
    EXPECT_TRUE(seen.insert(content_checksum(root, {"silver", "g"})).second) << change;
  }
  EXPECT_TRUE(seen.contains(content_checksum(root, {"silver", "g"}))) << "the same again";
}

TEST_F(Publishing, RefusesATriggerByNameBeforeAnythingIsRenamed) {
  publish_generation(1, "r1");
  server().open_root().execute(
      "CREATE TRIGGER silver.t1_bi BEFORE INSERT ON silver.t1 FOR EACH ROW SET NEW.id = NEW.id");
  try {
    publish_generation(2, "r2");
    FAIL() << "a trigger would have been lost";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::guard_refused);
    EXPECT_THAT(error.message(), HasSubstr("silver.t1 has the trigger t1_bi"));
  }
  EXPECT_EQ(live_state(), "1,1,1,1,1");
}

TEST_F(Publishing, RefusesForeignKeysPartitionsAndOtherEnginesOfCandidates) {
  Publication publication = make_candidates(1, "r1", "2026-02-01");
  Connection root = server().open_root();
  root.execute(
      "ALTER TABLE silver__next.t0 ADD CONSTRAINT fk_rails_1 FOREIGN KEY (id) REFERENCES "
      "silver__next.t1 (id)");
  root.execute("ALTER TABLE silver__next.t2 PARTITION BY HASH (id) PARTITIONS 2");
  const auto objections =
      objections_to(root, {{"silver__next", "t0"}, {"silver__next", "t1"}, {"silver__next", "t2"}});
  EXPECT_THAT(objections, Contains(HasSubstr("silver__next.t0 has the foreign key fk_rails_1")));
  EXPECT_THAT(objections,
              Contains(HasSubstr("silver__next.t1 is referenced by the foreign key fk_rails_1")));
  EXPECT_THAT(objections, Contains(HasSubstr("silver__next.t2 is partitioned")));
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"});
  EXPECT_THROW(publish(session, publication, quick()), Error);
}

TEST_F(Publishing, KeepsTablesApartWhoseNamesDifferInCaseOnly) {
  const auto publish_both = [&](std::uint64_t generation) {
    Publication publication =
        make_candidates(generation, fmt::format("r{}", generation), "2026-02-01");
    Connection build = Connection::open(account("etl_build"));
    build.execute("CREATE TABLE silver__next.T0 (id INT PRIMARY KEY, large INT NOT NULL)");
    build.execute(fmt::format("INSERT INTO silver__next.T0 VALUES (1, {})", 100 + generation));
    publication.tables.push_back({.live = {"silver", "T0"},
                                  .swapped_out = SwappedOut::backup,
                                  .contents = Contents::accumulated});
    Connection session = Connection::open(account("etl_publish"));
    take_run_locks(session, {"silver", "staging"});
    return publish(session, publication, quick());
  };
  publish_both(1);
  const auto report = publish_both(2);
  Connection root = server().open_root();
  EXPECT_EQ(live_state(), "2,2,2,2,2");
  EXPECT_EQ(root.query_value("SELECT large FROM silver.T0"), "102");
  ASSERT_THAT(report.backups, SizeIs(2));
  for (const auto& [table, column, kept] :
       {std::tuple{"t0", "generation", "1"}, std::tuple{"T0", "large", "101"}}) {
    const auto backups = list_backups(root, {.live = TableName{"silver", table}});
    ASSERT_THAT(backups, SizeIs(1)) << table;
    EXPECT_EQ(root.query_value(fmt::format("SELECT MAX({}) FROM {}", column,
                                           quote_name("silver", backups[0].backup_name))),
              kept);
  }
}

TEST_F(Publishing, GivesUpOnAHeldTableNamesItsHolderAndChangesNothing) {
  publish_generation(1, "r1");
  Connection reader = server().open_root();
  reader.execute("BEGIN");
  reader.query("SELECT * FROM silver.t2");
  const auto refused = [&](const std::string& id, const std::string& doing) {
    try {
      publish_generation(2, "r2");
      ADD_FAILURE() << "a table in use was renamed";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::lock_contention);
      EXPECT_THAT(error.message(),
                  AllOf(HasSubstr("silver could not be published"),
                        HasSubstr(fmt::format("session {} of root from localhost, for ", id)),
                        HasSubstr(" s: " + doing)));
      EXPECT_THAT(error.message(), Not(HasSubstr("of a tenant")));
    }
  };
  refused(std::to_string(reader.id()), "idle in a transaction");
  reader.execute("ROLLBACK");
  std::thread busy([&] {
    try {
      reader.query("SELECT 'name of a tenant', SLEEP(60) FROM silver.t2");
    } catch (const Error&) {  // it is ended below
    }
  });
  Connection root = server().open_root();
  while (root.query_value(fmt::format("SELECT INFO FROM information_schema.PROCESSLIST WHERE ID = "
                                      "{} AND COMMAND = 'Query'",
                                      reader.id())) == std::nullopt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  refused(std::to_string(reader.id()), "SELECT ?, SLEEP(?) FROM silver.t2");
  kill_from_outside(server().root_options(), reader.id(), Victim::statement);
  busy.join();
  EXPECT_EQ(live_state(), "1,1,1,1,1");
  EXPECT_EQ(journal_states(), "done,abandoned,abandoned");
  publish_generation(3, "r3");
  EXPECT_EQ(live_state(), "3,3,3,3,3");
}

TEST_F(Publishing, WithoutTheRightProcessSaysWhatWouldNameTheHolder) {
  publish_generation(1, "r1");
  Connection root = server().open_root();
  const std::string accounts = "etl_publish@localhost, etl_publish@'%'";
  root.execute("REVOKE PROCESS ON *.* FROM " + accounts);
  root.execute("BEGIN");
  root.query("SELECT * FROM silver.t2");
  try {
    publish_generation(2, "r2");
    ADD_FAILURE() << "a table in use was renamed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::lock_contention);
    EXPECT_THAT(error.message(), HasSubstr("GRANT PROCESS ON *.* lets this account see by whom"));
  }
  root.execute("ROLLBACK");
  root.execute("GRANT PROCESS ON *.* TO " + accounts);
}

TEST(Blockers, TellTheAgeOfATransactionWhereverTheHostsClockStands) {
  // Behind and ahead of UTC, which the session's clock shows.
  for (const char* zone : {"America/New_York", "Asia/Tokyo"}) {
    SCOPED_TRACE(zone);
    ::setenv("TZ", zone, 1);
    test::MariadbServer elsewhere;
    ::unsetenv("TZ");
    Connection root = elsewhere.open_root();
    root.execute("CREATE DATABASE d");
    root.execute("CREATE TABLE d.t (id INT PRIMARY KEY)");
    Connection reader = elsewhere.open_root();
    reader.execute("BEGIN");
    reader.query("SELECT * FROM d.t");
    // The last statement is young, the transaction is not.
    reader.query("SELECT SLEEP(3)");
    reader.query("SELECT 1");
    const std::string text = blockers_text(root);
    const auto seconds = text.find(", for ");
    ASSERT_NE(seconds, std::string::npos) << text;
    const int age = std::atoi(text.c_str() + seconds + 6);
    EXPECT_GE(age, 3) << text;
    EXPECT_LT(age, 1000) << text;
  }
}

TEST_F(Publishing, RefusesWhenAnUpstreamLayerMoved) {
  Publication publication = make_candidates(1, "r1", "2026-02-01");
  publication.unchanged_generations = {{"staging", 7}};
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"});
  EXPECT_THROW(publish(session, publication, quick()), Error);
}

struct CrashCase {
  const char* failpoint;
  bool happened;
};

class Crashing : public Publishing, public testing::WithParamInterface<CrashCase> {};

TEST_P(Crashing, IsSettledByTheNextStart) {
  publish_generation(1, "r1");
  const auto probe = test::run_program(
      {.argv = {"/proc/self/exe"},
       .env = {{"PUBLISH_PROBE_SOCKET", server().socket()},
               {"PIPELINE_FAILPOINT", std::string(GetParam().failpoint) + ":kill"}}});
  ASSERT_EQ(probe.signal, SIGKILL) << probe.text();
  const std::string expected = GetParam().happened ? "2,2,2,2,2" : "1,1,1,1,1";
  EXPECT_EQ(live_state(), expected);

  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"}, std::chrono::seconds(10));
  const auto settled = settle(session, "silver", quick());
  EXPECT_THAT(settled, SizeIs(1));
  EXPECT_EQ(live_state(), expected);
  EXPECT_EQ(journal_states(), GetParam().happened ? "done,done" : "done,abandoned");
  EXPECT_THAT(list_backups(session, {.live = TableName{"silver", "t0"}}),
              SizeIs(GetParam().happened ? 1 : 0));
  EXPECT_THAT(settle(session, "silver", quick()), IsEmpty()) << "settling is done once";
  EXPECT_EQ(session.query_value(
                "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                "'silver' AND (TABLE_NAME LIKE '%\\_\\_next' OR TABLE_NAME LIKE '%\\_\\_old')"),
            "0");
}

INSTANTIATE_TEST_SUITE_P(EveryFailpoint, Crashing,
                         testing::Values(CrashCase{"publish_after_journal", false},
                                         CrashCase{"publish_before_rename", false},
                                         CrashCase{"publish_after_rename", true},
                                         CrashCase{"publish_after_catalogue", true},
                                         CrashCase{"publish_after_views", true},
                                         CrashCase{"publish_before_close", true}),
                         [](const auto& crash) { return std::string(crash.param.failpoint); });

TEST_F(Publishing, AnIncrementalModelOfTheSameDateStartsFromTheGenerationBefore) {
  const TableName live{"silver", "t0"};
  Connection root = server().open_root();
  const auto date = [](const char* text) { return *BusinessDate::parse(text); };
  using Start = IncrementalBase::Start;
  EXPECT_EQ(incremental_base(root, live, date("2026-02-01")).start, Start::nothing);
  publish_generation(1, "r1", "2026-02-01");
  EXPECT_EQ(incremental_base(root, live, date("2026-02-01")).start, Start::nothing)
      << "its first version was built for this very date";
  EXPECT_EQ(incremental_base(root, live, date("2026-02-02")).start, Start::live);
  publish_generation(2, "r2", "2026-02-02");
  const auto again = incremental_base(root, live, date("2026-02-02"));
  ASSERT_EQ(again.start, Start::backup);
  EXPECT_EQ(root.query_value("SELECT MAX(generation) FROM " + again.table.quoted()), "1");
  publish_generation(3, "r3", "2026-02-02");
  EXPECT_EQ(incremental_base(root, live, date("2026-02-02")).table, again.table)
      << "a second rerun starts from the same generation as the first";
  root.execute("DROP TABLE " + again.table.quoted());
  EXPECT_EQ(incremental_base(root, live, date("2026-02-02")).start, Start::lost);
}

void make_backups_older(Connection& root, int days) {
  root.execute(
      fmt::format("UPDATE pipeline.backup SET created_at = created_at - INTERVAL {} DAY", days));
}

TEST_F(Publishing, RetentionDropsOnlyWhatItMadeAndNeverTheNewest) {
  for (std::uint64_t g = 1; g <= 4; ++g) publish_generation(g, "r" + std::to_string(g));
  Connection root = server().open_root();
  root.execute("CREATE TABLE silver.property_geo_latlon_backup (id INT)");
  root.execute("CREATE TABLE silver.t0_backup_20200101_000000 (id INT)");
  ASSERT_THAT(list_backups(root), SizeIs(3));
  Connection janitor = Connection::open(account("etl_janitor"));
  EXPECT_THAT(apply_retention(janitor, std::chrono::system_clock::now(), 3), IsEmpty());
  make_backups_older(root, 30);
  EXPECT_THAT(apply_retention(janitor, std::chrono::system_clock::now(), 3), SizeIs(2));
  EXPECT_THAT(list_backups(root), SizeIs(1));
  EXPECT_EQ(list_backups(root)[0].generation, 3U);
  EXPECT_EQ(relation_kind(root, {"silver", "property_geo_latlon_backup"}), RelationKind::table);
  EXPECT_EQ(relation_kind(root, {"silver", "t0_backup_20200101_000000"}), RelationKind::table);
  EXPECT_THAT(list_all_backups(root), SizeIs(3)) << "what was dropped stays in the records";
}

TEST_F(Publishing, RetentionNeverTouchesATableThatSomebodyWroteIntoTheCatalogue) {
  for (std::uint64_t g = 1; g <= 2; ++g) publish_generation(g, "r" + std::to_string(g));
  Connection root = server().open_root();
  root.execute("CREATE TABLE silver.property_geo_latlon_backup (id INT)");
  root.execute("CREATE TABLE silver.t0_backup_20200101 (id INT)");
  for (const char* name : {"property_geo_latlon_backup", "t0_backup_20200101", "t1"}) {
    root.execute(fmt::format(
        "INSERT INTO pipeline.backup (schema_name, backup_name, table_name, run_id, publish_id, "
        "generation, rows_before, rows_after, created_at) VALUES ('silver', '{}', 't0', 'x', 0, 0, "
        "0, 0, '2020-01-01')",
        name));
  }
  Connection janitor = Connection::open(account("etl_janitor"));
  EXPECT_THAT(apply_retention(janitor, std::chrono::system_clock::now(), 3), IsEmpty());
  for (const char* name : {"property_geo_latlon_backup", "t0_backup_20200101", "t1"}) {
    EXPECT_EQ(relation_kind(root, {"silver", name}), RelationKind::table) << name;
  }
}

TEST_F(Publishing, RetentionDropsNothingWhileTheClocksDisagree) {
  for (std::uint64_t g = 1; g <= 3; ++g) publish_generation(g, "r" + std::to_string(g));
  Connection janitor = Connection::open(account("etl_janitor"));
  const auto next_month = std::chrono::system_clock::now() + std::chrono::days(30);
  EXPECT_THAT(apply_retention(janitor, next_month, 3), IsEmpty())
      << "only the host's clock went ahead";
  EXPECT_THAT(list_backups(janitor), SizeIs(2));
}

TEST_F(Publishing, RetentionGoesOnAfterACrashBetweenTheDropAndItsNote) {
  for (std::uint64_t g = 1; g <= 3; ++g) publish_generation(g, "r" + std::to_string(g));
  Connection root = server().open_root();
  make_backups_older(root, 30);
  const auto oldest = list_backups(root).back();
  root.execute("DROP TABLE " + oldest.name().quoted());  // as retention_after_drop leaves it
  Connection janitor = Connection::open(account("etl_janitor"));
  EXPECT_THAT(apply_retention(janitor, std::chrono::system_clock::now(), 3), IsEmpty());
  EXPECT_THAT(list_backups(root), SizeIs(1));
}

TEST_F(Publishing, ASecondRunIsToldWhoHoldsTheLock) {
  Connection first = Connection::open(account("etl_publish"));
  take_run_locks(first, {"silver"});
  note_session(first, first, {.run_id = "r1", .target = "silver", .role = "publish"});
  Connection second = Connection::open(account("etl_publish"));
  try {
    take_run_locks(second, {"gold", "silver"}, std::chrono::seconds(0));
    FAIL() << "two runs hold one lock";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::already_running);
    EXPECT_THAT(error.message(), HasSubstr("of run r1 (publish)"));
  }
  Connection third = Connection::open(account("etl_publish"));
  EXPECT_NO_THROW(take_run_locks(third, {"gold"}, std::chrono::seconds(0)))
      << "who does not get all locks keeps none";
}

TEST_F(Publishing, SessionsOfADeadRunAreEndedBeforeTheNextBegins) {
  auto dead = std::make_unique<Connection>(Connection::open(account("etl_publish")));
  take_run_locks(*dead, {"silver", "gold"});
  Connection zombie = Connection::open(account("etl_build"));
  note_session(*dead, zombie, {.run_id = "r1", .target = "silver", .role = "build"});
  Connection bystander = Connection::open(account("etl_build"));
  note_session(*dead, bystander, {.run_id = "x", .target = "gold", .role = "build"});
  dead.reset();
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"});
  EXPECT_THAT(end_left_over_sessions(session, account("etl_build"), "silver"),
              ElementsAre(zombie.id()));
  EXPECT_FALSE(zombie.ping());
  EXPECT_TRUE(bystander.ping()) << "another target's session is left alone";
  EXPECT_THAT(end_left_over_sessions(session, account("etl_build"), "silver"), IsEmpty());
}

TEST_F(Publishing, AWorkerWhosePublisherLostTheLockStopsBeforeItWrites) {
  Connection publisher = Connection::open(account("etl_publish"));
  take_run_locks(publisher, {"silver"});
  publisher.query_value("SELECT RELEASE_ALL_LOCKS()");
  Connection next = Connection::open(account("etl_publish"));
  take_run_locks(next, {"silver"});
  Connection worker = Connection::open(account("etl_build"));
  EXPECT_THROW(
      note_session(publisher, worker, {.run_id = "r1", .target = "silver", .role = "build"}),
      Error);
}

TEST_F(Publishing, RefusesCandidatesOfAnotherRun) {
  publish_generation(1, "r1");
  const Publication mine = make_candidates(2, "r2", "2026-02-02");
  make_candidates(2, "r-other", "2026-02-02");
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"});
  try {
    publish(session, mine, quick());
    FAIL() << "somebody else's candidates were published";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::guard_refused);
    EXPECT_THAT(error.message(), HasSubstr("run r-other wrote there"));
  }
  EXPECT_EQ(live_state(), "1,1,1,1,1");
}

TEST_F(Publishing, RefusesWithoutTheRunsLock) {
  const Publication publication = make_candidates(1, "r1", "2026-02-01");
  Connection session = Connection::open(account("etl_publish"));
  EXPECT_THROW(publish(session, publication, quick()), Error);
}

TEST_F(Publishing, WhatNoPublishMadeIsKeptAsABackupAndNeverDropped) {
  Connection root = server().open_root();
  root.execute("CREATE TABLE silver.t1 (precious INT)");
  root.execute("INSERT INTO silver.t1 VALUES (42)");
  publish_generation(1, "r1");
  const auto backups = list_backups(root, {.live = TableName{"silver", "t1"}});
  ASSERT_THAT(backups, SizeIs(1));
  EXPECT_EQ(
      root.query_value("SELECT precious FROM " + quote_name("silver", backups[0].backup_name)),
      "42");
  publish_generation(2, "r2");
  EXPECT_THAT(list_backups(root, {.live = TableName{"silver", "t1"}}), SizeIs(1))
      << "what a run rebuilds may go";
}

TEST_F(Publishing, ATableThatBecomesAViewOrStopsBeingIncrementalIsKept) {
  Publication first = make_candidates(1, "r1", "2026-02-01");
  first.tables[1].contents = Contents::accumulated;
  first.tables[2].contents = Contents::accumulated;
  {
    Connection session = Connection::open(account("etl_publish"));
    take_run_locks(session, {"silver"});
    publish(session, first, quick());
  }
  Publication second = make_candidates(2, "r2", "2026-02-02");
  second.tables.pop_back();  // t2 becomes a view, t1 a table that each run rebuilds
  second.views.push_back({.live = {"silver", "t2"}, .select = "SELECT 1 AS id, 2 AS generation"});
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"}, std::chrono::seconds(10));
  publish(session, second, quick());
  EXPECT_THAT(list_backups(session, {.live = TableName{"silver", "t1"}}), SizeIs(1));
  EXPECT_THAT(list_backups(session, {.live = TableName{"silver", "t2"}}), SizeIs(1));
  EXPECT_EQ(relation_kind(session, {"silver", "t2"}), RelationKind::view);
}

TEST_F(Publishing, AViewWithAStarShowsTheColumnsOfTheNewTables) {
  Publication first = make_candidates(1, "r1", "2026-02-01");
  first.views = {{.live = {"silver", "v"}, .select = "SELECT * FROM silver.t1"}};
  {
    Connection session = Connection::open(account("etl_publish"));
    take_run_locks(session, {"silver"});
    publish(session, first, quick());
  }
  Publication second = make_candidates(2, "r2", "2026-02-02");
  second.views = first.views;
  server().open_root().execute(
      "ALTER TABLE silver__next.t1 DROP COLUMN generation, ADD COLUMN fresh INT NOT NULL DEFAULT "
      "7");
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"}, std::chrono::seconds(10));
  publish(session, second, quick());
  EXPECT_EQ(session.query_value("SELECT fresh FROM silver.v LIMIT 1"), "7");
}

TEST_F(Publishing, AViewThatTheServerRefusesPublishesNothing) {
  publish_generation(1, "r1");
  Publication publication = make_candidates(2, "r2", "2026-02-02");
  publication.views = {{.live = {"silver", "v"}, .select = "SELECT nonsense( FROM silver.t1"}};
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"}, std::chrono::seconds(10));
  EXPECT_THROW(publish(session, publication, quick()), Error);
  EXPECT_EQ(live_state(), "1,1,1,1,1");
  EXPECT_THAT(settle(session, "silver", quick()), IsEmpty());
}

TEST_F(Publishing, AViewThatFailsAfterTheRenameIsNamedTriedAgainAndStopsNobody) {
  Publication publication = make_candidates(1, "r1", "2026-02-01");
  publication.views = {{.live = {"silver", "v"}, .select = "SELECT * FROM silver.not_there"}};
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"});
  try {
    publish(session, publication, quick());
    FAIL() << "a view over nothing was made";
  } catch (const Error& error) {
    EXPECT_THAT(
        error.message(),
        HasSubstr(
            "silver is published (generation 1), but these views could not be made: silver.v"));
  }
  EXPECT_EQ(journal_states(), "unfinished");
  EXPECT_THAT(settle(session, "silver", quick()), SizeIs(1)) << "it is tried again";
  EXPECT_EQ(journal_states(), "unfinished");
  server().open_root().execute("CREATE TABLE silver.not_there (a INT)");
  settle(session, "silver", quick());
  EXPECT_EQ(journal_states(), "done");
  EXPECT_EQ(relation_kind(session, {"silver", "v"}), RelationKind::view);
}

TEST_F(Publishing, ARelationInTheWayIsNamedAndLeftAlone) {
  publish_generation(1, "r1");
  Connection root = server().open_root();
  root.execute("CREATE VIEW silver.v__next AS SELECT 1 AS mine");
  try {
    publish_generation(2, "r2");
    FAIL() << "somebody's view was overwritten";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("silver.v__next stands in the way"));
  }
  EXPECT_EQ(root.query_value("SELECT mine FROM silver.v__next"), "1");
  EXPECT_EQ(live_state(), "1,1,1,1,1");
}

TEST_F(Publishing, ABackupThatSomebodyTookAwayDoesNotStopTheNextStart) {
  publish_generation(1, "r1");
  const auto probe =
      test::run_program({.argv = {"/proc/self/exe"},
                         .env = {{"PUBLISH_PROBE_SOCKET", server().socket()},
                                 {"PIPELINE_FAILPOINT", "publish_after_rename:kill"}}});
  ASSERT_EQ(probe.signal, SIGKILL) << probe.text();
  Connection root = server().open_root();
  const auto backup = root.query_value(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'silver' AND "
      "TABLE_NAME LIKE "
      "'t0\\_backup\\_%'");
  root.execute("RENAME TABLE silver." + *backup + " TO silver.saved_by_hand");
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"}, std::chrono::seconds(10));
  EXPECT_THAT(settle(session, "silver", quick()), SizeIs(1));
  EXPECT_EQ(journal_states(), "done,done");
}

TEST_F(Publishing, HistoryThatIsMissingIsNeverBegunAnew) {
  const TableName live{"silver", "t0"};
  const auto third = *BusinessDate::parse("2026-02-03");
  publish_generation(1, "r1", "2026-02-01");
  publish_generation(2, "r2", "2026-02-02");
  Connection root = server().open_root();
  using Start = IncrementalBase::Start;
  root.execute("RENAME TABLE silver.t0 TO silver.moved_by_hand");
  EXPECT_EQ(incremental_base(root, live, third).start, Start::lost);
  root.execute("RENAME TABLE silver.moved_by_hand TO silver.t0");
  root.execute("DROP TABLE silver.pipeline_marker");
  EXPECT_EQ(incremental_base(root, live, third).start, Start::lost);
}

/// The owners' way back: DROP TABLE and RENAME, as their runbook has it.
void put_back_by_hand_in_sql(Connection& root) {
  const auto backup = root.query_value(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'silver' AND "
      "TABLE_NAME LIKE 't0\\_backup\\_%' ORDER BY 1 DESC LIMIT 1");
  root.execute("DROP TABLE silver.t0");
  root.execute(fmt::format("RENAME TABLE silver.{} TO silver.t0", backup.value_or("")));
}

TEST_F(Publishing, ATableThatWasPutBackByHandIsKnownByItsContent) {
  const TableName live{"silver", "t0"};
  const auto date = [](int day) { return *BusinessDate::parse(fmt::format("2026-02-0{}", day)); };
  using Start = IncrementalBase::Start;
  publish_generation(1, "r1", "2026-02-01");
  publish_generation(2, "r2", "2026-02-02");
  Connection root = server().open_root();
  put_back_by_hand_in_sql(root);
  const HeldVersion held = held_version(root, live);
  EXPECT_EQ(held.known, HeldVersion::Known::put_back_by_hand);
  EXPECT_EQ(held.date, date(1));
  EXPECT_THAT(put_back_by_hand(root, "silver"), ElementsAre(live));
  EXPECT_EQ(incremental_base(root, live, date(2)).start, Start::live) << "the day is replayed";
  const auto later = incremental_base(root, live, date(3));
  EXPECT_EQ(later.start, Start::lost) << "a day would be left out silently";
  EXPECT_THAT(later.lost, HasSubstr("silver.t0 holds 2026-02-01, and 2026-02-02 is not in it"));
  EXPECT_THAT(later.lost, HasSubstr("rollback r2"));
  EXPECT_EQ(list_all_backups(root).at(0).state, Backup::State::gone);

  publish_generation(3, "r3", "2026-02-02");
  EXPECT_THAT(put_back_by_hand(root, "silver"), IsEmpty());
  EXPECT_EQ(held_version(root, live).known, HeldVersion::Known::by_records);
  const auto backups = list_backups(root, {.live = live});
  ASSERT_THAT(backups, SizeIs(1));
  EXPECT_EQ(backups[0].business_date, date(1)) << "not that of the marker";
  EXPECT_EQ(incremental_base(root, live, date(3)).start, Start::live);
  EXPECT_EQ(incremental_base(root, live, date(2)).table, backups[0].name());
}

TEST_F(Publishing, ATablePutBackBeforeThePublishWasFinishedIsKnownTooAfterTheNextStart) {
  const TableName live{"silver", "t0"};
  publish_generation(1, "r1", "2026-02-01");
  Publication publication = make_candidates(2, "r2", "2026-02-02");
  publication.views.push_back({.live = {"silver", "w"}, .select = "SELECT * FROM silver.missing"});
  Connection session = Connection::open(account("etl_publish"));
  take_run_locks(session, {"silver"}, std::chrono::seconds(10));
  EXPECT_THROW(publish(session, publication, quick()), Error);
  Connection root = server().open_root();
  put_back_by_hand_in_sql(root);
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(settle(session, "silver", quick()), SizeIs(1));
    EXPECT_EQ(held_version(root, live).known, HeldVersion::Known::put_back_by_hand);
    EXPECT_EQ(incremental_base(root, live, *BusinessDate::parse("2026-02-03")).start,
              IncrementalBase::Start::lost)
        << "a day would be left out silently";
  }
}

TEST_F(Publishing, ATablePutBackAfterACrashBehindTheRenameIsKnownByItsContent) {
  const TableName live{"silver", "t0"};
  for (const std::string at : {"publish_after_rename", "publish_after_catalogue"}) {
    SetUp();  // the server is the same for all tests
    publish_generation(1, "r1", "2026-02-01");
    const auto probe = test::run_program({.argv = {"/proc/self/exe"},
                                          .env = {{"PUBLISH_PROBE_SOCKET", server().socket()},
                                                  {"PIPELINE_FAILPOINT", at + ":kill"}}});
    ASSERT_EQ(probe.signal, SIGKILL) << probe.text();
    Connection root = server().open_root();
    put_back_by_hand_in_sql(root);
    Connection session = Connection::open(account("etl_publish"));
    take_run_locks(session, {"silver"}, std::chrono::seconds(10));
    EXPECT_THAT(settle(session, "silver", quick()), SizeIs(1));
    EXPECT_EQ(journal_states(), "done,done");
    EXPECT_EQ(held_version(root, live).known, HeldVersion::Known::put_back_by_hand) << at;
    EXPECT_THAT(put_back_by_hand(root, "silver"), ElementsAre(live)) << at;
    EXPECT_EQ(incremental_base(root, live, *BusinessDate::parse("2026-02-03")).start,
              IncrementalBase::Start::lost)
        << "a day would be left out silently";
  }
}

TEST_F(Publishing, ABackupThatSomebodyDroppedChangesNothing) {
  publish_generation(1, "r1", "2026-02-01");
  publish_generation(2, "r2", "2026-02-02");
  Connection root = server().open_root();
  root.execute("DROP TABLE " + list_backups(root).at(0).name().quoted());
  EXPECT_THAT(put_back_by_hand(root, "silver"), IsEmpty());
  const auto base = incremental_base(root, {"silver", "t0"}, *BusinessDate::parse("2026-02-03"));
  EXPECT_EQ(base.start, IncrementalBase::Start::live);
}

TEST_F(Publishing, ATableThatWasPutBackAndThenChangedIsDoubtfulAndNotGoneOnFrom) {
  publish_generation(1, "r1", "2026-02-01");
  publish_generation(2, "r2", "2026-02-02");
  Connection root = server().open_root();
  put_back_by_hand_in_sql(root);
  root.execute("UPDATE silver.t0 SET generation = 17 WHERE id = 2");
  const auto base = incremental_base(root, {"silver", "t0"}, *BusinessDate::parse("2026-02-02"));
  EXPECT_EQ(base.start, IncrementalBase::Start::lost);
  EXPECT_THAT(base.lost, HasSubstr("holds silver.t0 DATE --reason"));
  EXPECT_THAT(put_back_by_hand(root, "silver"), SizeIs(1)) << "no other day comes before that";
}

TEST_F(Publishing, ABackupIsKnownByDateRunSizeAndChecksum) {
  publish_generation(1, "r1", "2026-02-01");
  publish_generation(2, "r2", "2026-02-02");
  Connection root = server().open_root();
  const auto backups = list_backups(root);
  ASSERT_THAT(backups, SizeIs(1));
  EXPECT_EQ(backups[0].kind, BackupKind::swapped_out);
  EXPECT_EQ(backups[0].business_date, BusinessDate::parse("2026-02-01"));
  EXPECT_EQ(backups[0].built_by, 1U) << "by the first publish";
  EXPECT_EQ(backups[0].verified, Backup::Verified::yes);
  EXPECT_GT(backups[0].bytes, 0U);
  EXPECT_EQ(backups[0].checksum, content_checksum(root, backups[0].name()));
  EXPECT_EQ(root.query_value("SELECT checksum_before = checksum FROM pipeline.backup"), "1");
}

TEST_F(Publishing, ChecksumsTellRowsApartAndSeeNoOrder) {
  Connection root = server().open_root();
  const auto make = [&](const std::string& name, const std::string& more, const std::string& rows) {
    root.execute(
        fmt::format("CREATE TABLE silver.{} (a INT NULL, b VARCHAR(20) NULL{})", name, more));
    root.execute(fmt::format("INSERT INTO silver.{} (a, b) VALUES {}", name, rows));
    return content_checksum(root, {"silver", name});
  };
  for (const std::string more : {"", ", c INT AS (a + 1) STORED"}) {
    SCOPED_TRACE(more);
    const std::string mark = more.empty() ? "p" : "g";
    const std::string sum = make(mark + "1", more, "(1, 'x'), (2, NULL)");
    EXPECT_EQ(sum, make(mark + "2", more, "(2, NULL), (1, 'x')"));
    EXPECT_NE(sum, make(mark + "3", more, "(1, 'X'), (2, NULL)"));
    EXPECT_NE(sum, make(mark + "4", more, "(1, 'x'), (2, '')"));
    EXPECT_NE(sum, make(mark + "5", more, "(1, 'x'), (2, NULL), (2, NULL), (2, NULL)"));
  }
}

TEST_F(Publishing, ARunThatPublishesATableTwiceKeepsTheBackupOfTheFirstTime) {
  const auto publish_with_backups = [](std::uint64_t generation, const std::string& run_id) {
    Publication publication = make_candidates(generation, run_id, "2026-02-02");
    publication.tables[1].swapped_out = SwappedOut::backup;
    Connection session = Connection::open(account("etl_publish"));
    take_run_locks(session, {"silver"}, std::chrono::seconds(10));
    publish(session, publication, quick());
  };
  publish_generation(1, "r1");
  publish_with_backups(2, "r2");
  publish_with_backups(3, "r2");
  Connection root = server().open_root();
  const auto backups = list_backups(root, {.live = TableName{"silver", "t1"}});
  ASSERT_THAT(backups, SizeIs(1));
  EXPECT_EQ(backups[0].generation, 1U) << "as it was before the run";
  EXPECT_THAT(list_backups(root, {.live = TableName{"silver", "t0"}}), SizeIs(2))
      << "what earlier days gave is never dropped by a publish";
}

TEST_F(Publishing, NightsUnderOneRunIdKeepABackupEach) {
  const TableName live{"silver", "t1"};
  for (std::uint64_t night = 1; night <= 3; ++night) {
    Publication publication = make_candidates(night, "nightly", fmt::format("2026-02-0{}", night));
    for (auto& table : publication.tables) table.swapped_out = SwappedOut::backup;
    Connection session = Connection::open(account("etl_publish"));
    take_run_locks(session, {"silver"}, std::chrono::seconds(10));
    publish(session, publication, quick());
  }
  Connection root = server().open_root();
  std::vector<std::string> kept;
  for (const auto& backup : list_backups(root, {.live = live})) {
    kept.push_back(
        root.query_value("SELECT MIN(generation) FROM " + backup.name().quoted()).value_or(""));
  }
  EXPECT_THAT(kept, ElementsAre("2", "1"));
}

TEST_F(Publishing, ANumberOfAGenerationIsNeverUsedTwice) {
  publish_generation(1, "r1");
  publish_generation(2, "r2");
  Connection root = server().open_root();
  EXPECT_EQ(next_generation(root, "silver"), 3U);
  root.execute("UPDATE silver.pipeline_marker SET generation = 1");  // as after a restore
  EXPECT_EQ(next_generation(root, "silver"), 3U);
}

}  // namespace

int run_probe() {
  try {
    publish_generation(2, "r2", "2026-02-02");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

}  // namespace pipeline::publish

int main(int argc, char** argv) {
  if (pipeline::publish::probe_socket() != nullptr) return pipeline::publish::run_probe();
  testing::InitGoogleTest(&argc, argv);
  pipeline::publish::server().apply_grants();
  return RUN_ALL_TESTS();
}
