// orchestrator doctor on a real server and a folder of dumps: all in order, and each thing that can
// be wrong is a line of its own that says what to type, while the other lines stay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/base/unique_fd.h"
#include "tests/integration/doctor_house.h"
#include "tests/support/certificate.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/mariadb_server.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using test::MariadbServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* access_denied = "Pipeline.AccessDenied";
constexpr const char* unavailable = "Pipeline.Unavailable";
constexpr const char* config_invalid = "Pipeline.ConfigInvalid";
constexpr const char* wrong_database = "Pipeline.WrongDatabase";

class Doctor : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server = new MariadbServer();
    server->apply_grants();
  }
  static void TearDownTestSuite() {
    delete server;
    server = nullptr;
  }

  Doctor() : house_(server->socket()) {
    deliver();
    close_secrets(house_);
  }

  /// A dump of today, so that nothing of the store is to be warned of.
  void deliver() const {
    const auto today = BusinessDate::at(system_clock().now());
    house_.write(fmt::format("store/dumps/gghouse_{}.sql.gz", today.compact()),
                 gzipped(small_dump()));
  }
  Diagnosis ask() const { return ask_doctor(house_); }
  /// What is said where nothing is wrong; asked once for all tests.
  static const Diagnosis& sound() {
    static const Diagnosis diagnosis = [] {
      const BadInputHouse house(server->socket());
      close_secrets(house);
      return ask_doctor(house);
    }();
    return diagnosis;
  }
  void point_at(const std::string& socket) const {
    house_.change("pipeline.yaml", server->socket(), socket);
  }
  static void as_root(const std::string& sql) { server->open_root().execute(sql); }

  /// What cannot be told without any session.
  static std::set<std::string> lines_behind_a_login() {
    std::set<std::string> lines;
    for (const auto& finding : sound().findings) {
      const bool behind = finding.check > Check::login && finding.check != Check::server_version;
      if (behind) lines.insert(finding.name());
    }
    return lines;
  }
  static constexpr std::array<const char*, 4> logins{"login of publish", "login of load",
                                                     "login of build", "login of janitor"};

  static MariadbServer* server;
  BadInputHouse house_;
};

MariadbServer* Doctor::server = nullptr;

TEST_F(Doctor, FindsASoundInstallationInOrderAndChangesNothing) {
  const std::string before = house_.store();
  const auto everything = [&] {
    std::set<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(house_.folder())) {
      paths.insert(entry.path().string());
    }
    return paths;
  };
  const auto all_before = everything();
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(everything(), all_before) << "a file or folder was left";
  EXPECT_EQ(diagnosis.program.exit_code, 0) << diagnosis.program.out;
  EXPECT_THAT(diagnosis.names_of(Verdict::fail), IsEmpty());
  for (const auto* line : {"configuration",
                           "state machine",
                           "alert channel ops",
                           "program staging_loader",
                           "program silver_transformer",
                           "program gold_transformer",
                           "dbt project",
                           "time zone of this host",
                           "AWS identity",
                           "list of the store",
                           "read from the store",
                           "write to the store",
                           "clock of the store",
                           "login of load",
                           "login of publish",
                           "login of build",
                           "login of janitor",
                           "rights of publish on staging",
                           "rights of load on staging",
                           "rights of publish on silver",
                           "rights of build on silver",
                           "rights of build on gold",
                           "rights of janitor on silver, gold",
                           "no more rights of load",
                           "no more rights of build",
                           "no more rights of janitor",
                           "version of the server",
                           "TLS",
                           "takes writes",
                           "clock of the server",
                           "clock of a session",
                           "local_infile",
                           "lower_case_table_names",
                           "binlog_format"}) {
    const Finding* found = diagnosis.line(line);
    ASSERT_NE(found, nullptr) << line << "\n" << diagnosis.program.out;
    EXPECT_EQ(found->verdict, Verdict::ok) << line << ": " << found->found;
  }
  EXPECT_THAT(diagnosis.line("TLS")->found, HasSubstr("unix socket"));
  EXPECT_EQ(house_.store(), before) << "a probe was left in the store";
  EXPECT_FALSE(fs::exists(house_.file("state"))) << "the state folder was made";
}

TEST_F(Doctor, WarnsWhoeverIsNotTheUserThatRunsThePipeline) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  constexpr uid_t another = 65534;
  fs::create_directories(house_.file("state"));
  const auto give = [&](const std::string& folder, uid_t user) {
    ASSERT_EQ(::chown(house_.file(folder).c_str(), user, static_cast<gid_t>(-1)), 0);
  };
  give("store", another);
  const Diagnosis delivered_by_another = ask();
  EXPECT_EQ(delivered_by_another.line("state folder")->verdict, Verdict::ok);
  EXPECT_EQ(delivered_by_another.line("write to the store")->verdict, Verdict::ok);

  give("state", another);
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 0) << diagnosis.program.out;
  for (const auto& [line, folder] :
       {std::pair("state folder", "state"), std::pair("write to the store", "store")}) {
    expect_trouble(diagnosis, {.line = line,
                               .verdict = Verdict::warn,
                               .found = {house_.file(folder), "belongs to", "this was root"},
                               .advice = {"sudo -u ", "systemd-run"}});
  }
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, ShowsThePeopleATable) {
  const auto shown =
      test::run_program(house_.program({.program = "orchestrator", .arguments = {"doctor"}}));
  EXPECT_EQ(shown.exit_code, 0) << shown.text();
  std::size_t last = 0;
  for (const auto* group : {"configuration", "programs", "project", "host", "systemd", "identity",
                            "store", "accounts", "server"}) {
    const auto at = ("\n" + shown.out).find(fmt::format("\n{}\n", group));
    ASSERT_NE(at, std::string::npos) << group << shown.out;
    EXPECT_GE(at, last) << group;
    last = at;
  }
  EXPECT_THAT(shown.out, HasSubstr("  OK    login of load"));
  EXPECT_THAT(shown.out, HasSubstr(" -> "));
  EXPECT_THAT(shown.out, HasSubstr(" in order, "));
  EXPECT_EQ(shown.out.find("pw_"), std::string::npos);
}

TEST_F(Doctor, TellsOfAPasswordThatTheServerRefuses) {
  house_.write("secrets/load", "canary-that-is-wrong\n");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  expect_trouble(diagnosis, {.line = "login of load",
                             .error = access_denied,
                             .found = {"etl_load", server->socket()},
                             .advice = {"ALTER USER 'etl_load'@", house_.file("secrets/load"),
                                        "deploy/sql/grants.sql"}});
  expect_other_lines(diagnosis, sound(), {"rights of load on staging", "no more rights of load"});
}

TEST_F(Doctor, TellsOfAPasswordThatIsNotThere) {
  house_.remove("secrets/janitor");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  expect_trouble(diagnosis, {.line = "login of janitor",
                             .error = access_denied,
                             .found = {house_.file("secrets/janitor")},
                             .advice = {house_.file("secrets/janitor")}});
  expect_other_lines(diagnosis, sound(),
                     {"rights of janitor on silver, gold", "no more rights of janitor"});
}

TEST_F(Doctor, TellsOfARightThatIsMissing) {
  for (const auto* host : {"localhost", "%"}) {
    as_root(fmt::format("REVOKE SELECT ON `silver`.* FROM 'etl_build'@'{}'", host));
  }
  const Diagnosis diagnosis = ask();
  server->apply_grants();
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  expect_trouble(diagnosis, {.line = "rights of build on silver",
                             .error = access_denied,
                             .found = {"etl_build", "SELECT", "silver"},
                             .advice = {"deploy/sql/grants.sql"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsOfARightTooMany) {
  as_root("GRANT DELETE ON `gold`.* TO 'etl_build'@'localhost'");
  const Diagnosis diagnosis = ask();
  as_root("REVOKE DELETE ON `gold`.* FROM 'etl_build'@'localhost'");
  EXPECT_EQ(diagnosis.program.exit_code, 21);
  expect_trouble(diagnosis, {.line = "no more rights of build",
                             .error = "Pipeline.GuardRefused",
                             .found = {"etl_build", "DELETE", "gold"},
                             .advice = {"REVOKE", "etl_build", "deploy/sql/grants.sql"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsOfAServerThatIsDown) {
  point_at("/nobody/listens/here");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  for (const auto* login : logins) {
    expect_trouble(diagnosis, {.line = login,
                               .error = unavailable,
                               .advice = {"systemctl status mariadb", "/nobody/listens/here",
                                          house_.file("pipeline.yaml")}});
  }
  expect_other_lines(diagnosis, sound(), lines_behind_a_login());
  EXPECT_EQ(diagnosis.line("write to the store")->verdict, Verdict::ok);
}

TEST_F(Doctor, WaitsForAServerThatHangsForABoundedTime) {
  // Connections are taken by the kernel, and nobody ever says a word.
  const std::string path = house_.file("hangs");
  const UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  ASSERT_EQ(::listen(listening.get(), 64), 0);
  point_at(path);
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  for (const auto* login : logins) {
    expect_trouble(diagnosis,
                   {.line = login, .error = unavailable, .advice = {"systemctl status mariadb"}});
  }
  expect_other_lines(diagnosis, sound(), lines_behind_a_login());
}

TEST_F(Doctor, TellsOfAServerThatStopsAnsweringInTheMiddle) {
  test::FaultProxy proxy(server->endpoint());
  proxy.arm({.kind = test::Fault::Kind::stall_answer, .pattern = "UTC_TIMESTAMP"});
  point_at(proxy.endpoint().socket);
  const Diagnosis diagnosis = ask();
  proxy.release();
  EXPECT_EQ(proxy.struck(), 1);
  expect_trouble(diagnosis, {.line = "clock of the server",
                             .error = "Pipeline.TimedOut",
                             .advice = {"SHOW FULL PROCESSLIST"}});
  // Its settings are not known then, but for the line that says so.
  std::set<std::string> settings;
  for (const auto& finding : sound().findings) {
    if (finding.check >= Check::server_time_zone && finding.check <= Check::file_per_table) {
      settings.insert(finding.name());
    }
  }
  settings.erase("named time zones");
  expect_other_lines(diagnosis, sound(), settings);
  EXPECT_EQ(diagnosis.line("login of load")->verdict, Verdict::ok);
}

TEST_F(Doctor, TellsOfAServerThatIsReadOnly) {
  as_root("SET GLOBAL read_only = 1");
  const Diagnosis diagnosis = ask();
  as_root("SET GLOBAL read_only = 0");
  EXPECT_EQ(diagnosis.program.exit_code, 22);
  expect_trouble(diagnosis, {.line = "takes writes",
                             .error = wrong_database,
                             .found = {"read_only"},
                             .advice = {"SET GLOBAL read_only = OFF", "warehouse.server"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, WarnsOfASettingThatMakesALoadSlow) {
  as_root("SET GLOBAL local_infile = 0");
  const Diagnosis diagnosis = ask();
  as_root("SET GLOBAL local_infile = 1");
  EXPECT_EQ(diagnosis.program.exit_code, 0);
  expect_trouble(diagnosis, {.line = "local_infile",
                             .verdict = Verdict::warn,
                             .found = {"rows go as INSERTs"},
                             .advice = {"SET GLOBAL local_infile = ON"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, WarnsOfWhatACrashMayLose) {
  as_root("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
  const Diagnosis diagnosis = ask();
  as_root("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
  EXPECT_EQ(diagnosis.program.exit_code, 0);
  expect_trouble(diagnosis, {.line = "durability",
                             .verdict = Verdict::warn,
                             .found = {"last second"},
                             .advice = {"SET GLOBAL innodb_flush_log_at_trx_commit = 1"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, WarnsOfNamedTimeZonesThatAreNotLoadedUntilTheyAre) {
  // One of its own: a server keeps the zones that it has met.
  MariadbServer fresh;
  fresh.apply_grants();
  point_at(fresh.socket());
  expect_trouble(ask(), {.line = "named time zones",
                         .verdict = Verdict::warn,
                         .found = {"CONVERT_TZ"},
                         .advice = {"mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql"}});
  fresh.run_sql(
      "USE mysql; INSERT INTO time_zone (Time_zone_id, Use_leap_seconds) VALUES (1, 'N'), (2, "
      "'N'); INSERT INTO time_zone_name (Name, Time_zone_id) VALUES ('UTC', 1), ('Asia/Tokyo', 2);"
      "INSERT INTO time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST, "
      "Abbreviation) VALUES (1, 0, 0, 0, 'UTC'), (2, 0, 32400, 0, 'JST');");
  EXPECT_EQ(ask().line("named time zones")->verdict, Verdict::ok);
}

TEST_F(Doctor, TellsOfAnotherWarehouseThanTheKnownOne) {
  house_.write("state/target.json",
               R"({"fingerprint": "of-another-one", "server": "db.internal:3306"})");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 22);
  expect_trouble(diagnosis,
                 {.line = "warehouse",
                  .error = wrong_database,
                  .found = {"of-another-one", server->socket(), house_.file("state/target.json")},
                  .advice = {"staging_loader init --accept-target"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, WorksOnAServerThatWasNeverSetUp) {
  const MariadbServer bare;
  point_at(bare.socket());
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  for (const auto* login : logins) {
    expect_trouble(diagnosis,
                   {.line = login, .error = access_denied, .advice = {"deploy/sql/grants.sql"}});
  }
  expect_trouble(diagnosis, {.line = "state folder",
                             .verdict = Verdict::warn,
                             .found = {"not there yet"},
                             .advice = {"orchestrator run"}});
  expect_other_lines(diagnosis, sound(), lines_behind_a_login());
}

TEST_F(Doctor, TellsOfAServerWithoutTheRecords) {
  MariadbServer half;
  half.apply_grants();
  half.open_root().execute("DROP TABLE pipeline.publish_journal");
  point_at(half.socket());
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 22);
  expect_trouble(diagnosis, {.line = "rights of publish on staging",
                             .error = wrong_database,
                             .found = {"publish_journal"},
                             .advice = {"deploy/sql/pipeline.sql"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsByWhichTlsTheServerIsReached) {
  const test::Certificate certificate;
  const std::string pem = house_.file("server.pem");
  house_.write("server.pem", certificate.pem());
  MariadbServer remote({.listen = MariadbServer::Listen::socket_and_tcp,
                        .extra_arguments = {"--ssl-cert=" + pem, "--ssl-key=" + pem}});
  remote.apply_grants();
  const int port = remote.tcp_endpoint().port;
  const std::string managed = "server: managed\n  socket: " + server->socket();
  const std::string verified =
      fmt::format("server: localhost\n  port: {}\n  tls: {{ca: {}}}", port, certificate.ca_file());
  house_.change("pipeline.yaml", managed, verified);
  const Diagnosis encrypted = ask();
  EXPECT_EQ(encrypted.program.exit_code, 0) << encrypted.program.out;
  EXPECT_EQ(encrypted.line("TLS")->verdict, Verdict::ok);
  EXPECT_THAT(encrypted.line("TLS")->found, HasSubstr("TLSv1."));
  EXPECT_THAT(encrypted.line("TLS")->found, HasSubstr("verified"));

  const std::string clear =
      fmt::format("server: 127.0.0.1\n  port: {}\n  tls: {{mode: insecure_plaintext}}", port);
  house_.change("pipeline.yaml", verified, clear);
  expect_trouble(ask(), {.line = "TLS",
                         .verdict = Verdict::warn,
                         .found = {fmt::format("127.0.0.1:{}", port)},
                         .advice = {"warehouse.tls: {mode: verify, ca: FILE}"}});

  house_.change("pipeline.yaml", clear,
                fmt::format("server: localhost\n  port: {}\n  tls: {{mode: verify}}", port));
  const Diagnosis stranger = ask();
  EXPECT_EQ(stranger.program.exit_code, 22);
  for (const auto* login : logins) {
    expect_trouble(stranger,
                   {.line = login, .error = wrong_database, .advice = {"warehouse.tls.ca"}});
  }
}

TEST_F(Doctor, LooksAtTheVaultIfThereIsOne) {
  server->run_sql_file(PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql", {});
  house_.write("secrets/vault", "pw_etl_vault\n");
  close_secrets(house_);
  house_.change("pipeline.yaml", "    janitor:",
                "    vault: {user: etl_vault, password: {file: secrets/vault}}\n    janitor:");
  house_.change("pipeline.yaml", "transform:\n", "vault: {schema: vault}\ntransform:\n");
  const Diagnosis kept = ask();
  EXPECT_EQ(kept.program.exit_code, 0) << kept.program.out;
  for (const auto* line :
       {"login of vault", "no more rights of vault", "vault for silver", "vault for gold"}) {
    ASSERT_NE(kept.line(line), nullptr) << line << kept.program.out;
    EXPECT_EQ(kept.line(line)->verdict, Verdict::ok) << line;
  }
  as_root("GRANT DELETE ON `vault`.* TO 'etl_vault'@'localhost'");
  const Diagnosis loose = ask();
  as_root("REVOKE DELETE ON `vault`.* FROM 'etl_vault'@'localhost'");
  EXPECT_EQ(loose.program.exit_code, 21);
  expect_trouble(loose, {.line = "vault for silver",
                         .error = "Pipeline.GuardRefused",
                         .found = {"etl_vault", "DELETE"},
                         .advice = {"silver_transformer vault sql"}});
  expect_other_lines(loose, kept);
}

TEST_F(Doctor, LogsInWhereConsumersRead) {
  const auto readers_at = [&](const std::string& socket) {
    house_.change("pipeline.yaml", "  server: managed\n",
                  fmt::format("  server: managed\n  consumers_endpoint: {{socket: {}}}\n", socket));
    Diagnosis diagnosis = ask();
    house_.reset();
    deliver();
    close_secrets(house_);
    return diagnosis;
  };
  const std::string line = "login where consumers read";
  const Diagnosis same = readers_at(server->socket());
  EXPECT_EQ(same.program.exit_code, 0) << same.program.out;
  EXPECT_EQ(same.line(line)->verdict, Verdict::ok);

  MariadbServer other;
  other.apply_grants();
  const Diagnosis elsewhere = readers_at(other.socket());
  EXPECT_EQ(elsewhere.program.exit_code, 22);
  expect_trouble(elsewhere, {.line = line,
                             .error = wrong_database,
                             .found = {other.socket(), "another warehouse"},
                             .advice = {"point warehouse.consumers_endpoint"}});
  expect_other_lines(elsewhere, same);

  const std::string nobodys = house_.file("nobodys.sock");
  const Diagnosis nowhere = readers_at(nobodys);
  expect_trouble(nowhere, {.line = line,
                           .error = unavailable,
                           .found = {nobodys},
                           .advice = {"correct warehouse.consumers_endpoint"}});
  expect_other_lines(nowhere, same);
}

TEST_F(Doctor, TriesNoLoginOfConsumersWhereNobodyReachesTheWarehouse) {
  house_.change(
      "pipeline.yaml", "  server: managed\n",
      fmt::format("  server: managed\n  consumers_endpoint: {{socket: {}}}\n", server->socket()));
  house_.change("pipeline.yaml", "  socket: " + server->socket(),
                "  socket: " + house_.file("nobodys.sock"));
  expect_trouble(ask(), {.line = "login where consumers read",
                         .error = unavailable,
                         .found = {"not tried"},
                         .advice = {"put the accounts in order"}});
}

TEST_F(Doctor, TellsOfAStoreThatTakesNoObject) {
  // A file where the folder of loaded dumps should be: root is stopped by it too.
  house_.remove("store/processed");
  house_.write("store/processed", "no folder");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  expect_trouble(diagnosis, {.line = "write to the store",
                             .error = unavailable,
                             .found = {house_.file("store/processed")},
                             .advice = {"mkdir -p", "ReadWritePaths=", house_.file("store")}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsOfAStoreThatIsNotThere) {
  house_.change("pipeline.yaml", "store: store", "store: nowhere");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  expect_trouble(diagnosis, {.line = "list of the store",
                             .error = unavailable,
                             .found = {house_.file("nowhere")},
                             .advice = {"mkdir -p " + house_.file("nowhere")}});
  EXPECT_EQ(diagnosis.line("read from the store")->verdict, Verdict::fail);
  EXPECT_EQ(diagnosis.line("write to the store")->verdict, Verdict::fail);
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsOfADumpThatIsNoGzip) {
  const auto today = BusinessDate::at(system_clock().now());
  house_.write(fmt::format("store/dumps/gghouse_{}.sql.gz", today.compact()), "-- plain text\n");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 14);
  expect_trouble(diagnosis, {.line = "read from the store",
                             .error = "Pipeline.DumpCorrupt",
                             .found = {today.compact()},
                             .advice = {"delivered again"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, WarnsOfDumpsThatAreOldOrMissing) {
  fs::remove_all(house_.file("store/dumps"));
  const Diagnosis none = ask();
  EXPECT_EQ(none.program.exit_code, 0);
  expect_trouble(none, {.line = "list of the store",
                        .verdict = Verdict::warn,
                        .found = {"no dump under dumps/", "gghouse_%Y%m%d.sql.gz"},
                        .advice = {"source.prefix", "source.objects"}});
  expect_other_lines(none, sound());
  const auto three_days_ago = BusinessDate::at(system_clock().now()).plus_days(-3);
  house_.write(fmt::format("store/dumps/gghouse_{}.sql.gz", three_days_ago.compact()),
               gzipped(small_dump()));
  const Diagnosis old = ask();
  EXPECT_EQ(old.program.exit_code, 0);
  expect_trouble(old, {.line = "list of the store",
                       .verdict = Verdict::warn,
                       .found = {three_days_ago.iso(), " days ago"},
                       .advice = {"who delivers"}});
  EXPECT_EQ(old.line("read from the store")->verdict, Verdict::ok);
}

TEST_F(Doctor, RemovesTheProbeOfADoctorThatWasEndedAndNothingElse) {
  const std::string left = "store/processed/pipeline-doctor-probe-abcdefghijklmnop";
  house_.write(left, "left");
  fs::last_write_time(house_.file(left), fs::file_time_type::clock::now() - std::chrono::hours(2));
  house_.write("store/processed/pipeline-doctor-notes", "of somebody");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.line("write to the store")->verdict, Verdict::ok);
  EXPECT_FALSE(fs::exists(house_.file(left)));
  EXPECT_TRUE(fs::exists(house_.file("store/processed/pipeline-doctor-notes")));
}

TEST_F(Doctor, TellsOfAProjectThatCannotBeParsed) {
  house_.write("project/models/silver/counts.sql", "select * from {{ ref('nobody') }}\n");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "dbt project",
                             .error = config_invalid,
                             .found = {"counts.sql", "nobody"},
                             .advice = {"transform.project", house_.file("project"),
                                        "check --doctor project"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsOfAStateMachineThatIsNotValid) {
  house_.change("machine.yaml", "StartAt: Staging", "StartAt: Stagnig");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "state machine",
                             .error = config_invalid,
                             .found = {"Stagnig"},
                             .advice = {"orchestrator validate"}});
  expect_other_lines(diagnosis, sound());
}

TEST_F(Doctor, TellsOfAnAlertProgramThatIsNotThere) {
  house_.change("pipeline.yaml", "/bin/true", "/opt/nobody/alert");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "alert channel ops",
                             .error = config_invalid,
                             .found = {"/opt/nobody/alert"},
                             .advice = {"alerts.ops.command"}});
  expect_other_lines(diagnosis, sound());
  house_.change("pipeline.yaml", "/opt/nobody/alert", house_.file("project"));
  expect_trouble(ask(), {.line = "alert channel ops",
                         .error = config_invalid,
                         .found = {house_.file("project") + ": is a folder"},
                         .advice = {"alerts.ops.command"}});
}

TEST_F(Doctor, TellsOfAnAlertChannelWhoseSecretIsNotThere) {
  house_.change("pipeline.yaml", "type: command, command: [/bin/true]",
                "type: slack, url: {file: secrets/slack}");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  expect_trouble(diagnosis, {.line = "alert channel ops",
                             .error = access_denied,
                             .found = {house_.file("secrets/slack")},
                             .advice = {house_.file("secrets/slack")}});
  house_.write("secrets/slack", "https://hooks.example.org/canary\n");
  close_secrets(house_);
  const Diagnosis there = ask();
  EXPECT_EQ(there.line("alert channel ops")->verdict, Verdict::ok) << there.program.out;
}

TEST_F(Doctor, TellsOfAnAlertChannelThatCouldNotSendWhatItIsGiven) {
  std::string channel = "type: command, command: [/bin/true]";
  const auto use = [&](const std::string& text) {
    house_.change("pipeline.yaml", channel, text);
    channel = text;
    return ask();
  };
  house_.write("secrets/clear", "http://hooks.example.org/canary\n");
  house_.write("secrets/lines", "Bearer canary\nX-Canary: a\n");
  house_.write("secrets/good", "canary\n");
  close_secrets(house_);
  const std::string place = house_.file("pipeline.yaml") + ":";
  expect_trouble(use("type: slack, url: {file: secrets/clear}"),
                 {.line = "alert channel ops",
                  .error = config_invalid,
                  .found = {place, "clear text"},
                  .advice = {house_.file("secrets/clear"), "alerts.ops"}});
  const std::string hook = "type: webhook, url: https://hooks.example.org/, authorization: ";
  expect_trouble(use(hook + "{file: secrets/lines}"), {.line = "alert channel ops",
                                                       .error = config_invalid,
                                                       .found = {place, "line break"},
                                                       .advice = {house_.file("secrets/lines")}});
  const std::string mail =
      "type: smtp, host: mail.example.com, from: a@example.com, to: a@example.com, "
      "username: night, password: {file: secrets/good}";
  for (const std::string& good : {hook + "{file: secrets/good}", mail}) {
    expect_trouble(use(good + ", ca_file: nowhere.pem"), {.line = "alert channel ops",
                                                          .error = unavailable,
                                                          .found = {house_.file("nowhere.pem")},
                                                          .advice = {"alerts.ops"}});
    const Diagnosis diagnosis = use(good);
    EXPECT_EQ(diagnosis.line("alert channel ops")->verdict, Verdict::ok) << diagnosis.program.out;
  }
  const Diagnosis elsewhere = use("type: slack, url: {secretsmanager: prod/chat}");
  EXPECT_EQ(elsewhere.line("alert channel ops")->verdict, Verdict::ok);
  EXPECT_THAT(elsewhere.line("alert channel ops")->found,
              AllOf(HasSubstr("not looked at: URL in "), HasSubstr("prod/chat")));
}

TEST_F(Doctor, HasATableWithoutAPlaceForTemporaryFiles) {
  const Diagnosis diagnosis = ask_doctor(house_, {{"TMPDIR", "/nobody/made/this"}});
  expect_trouble(diagnosis, {.line = "free space of temporary files",
                             .error = unavailable,
                             .found = {"/nobody/made/this"},
                             .advice = {"TMPDIR", "df -h"}});
  for (const auto* line : {"configuration", "state machine", "program gold_transformer",
                           "clock of this host", "time zone of this host"}) {
    EXPECT_NE(diagnosis.line(line), nullptr) << line << diagnosis.program.out;
  }
}

TEST_F(Doctor, TellsOfAStageThatIsNotInstalled) {
  house_.change("pipeline.yaml", "  state_dir: state",
                "  state_dir: state\n  stages: {gold_transformer: [/opt/nobody/gold]}");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "program gold_transformer",
                             .error = config_invalid,
                             .found = {"/opt/nobody/gold"},
                             .advice = {"apt install", "orchestrator.stages.gold_transformer"}});
  expect_other_lines(
      diagnosis, sound(),
      {"login of janitor", "rights of janitor on silver, gold", "no more rights of janitor",
       "rights of publish on gold", "rights of build on gold"});
}

TEST_F(Doctor, TellsOfAConfigurationThatCannotBeReadAndLooksAtTheHostAllTheSame) {
  house_.change("pipeline.yaml", "  server: managed", "  servre: managed");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "configuration",
                             .error = config_invalid,
                             .found = {house_.file("pipeline.yaml"), "servre", "server"},
                             .advice = {"docs/reference/configuration.md", "--config"}});
  for (const auto* line : {"program staging_loader", "program gold_transformer",
                           "clock of this host", "time zone of this host"}) {
    EXPECT_NE(diagnosis.line(line), nullptr) << line << "\n" << diagnosis.program.out;
  }
}

TEST_F(Doctor, ThatIsStoppedEndsItsStagesAndLeavesNothing) {
  // A stage that has whoever started it stopped, and would go on for ten minutes.
  house_.write("stage",
               "#!/bin/sh\ncase $1 in --version) exit;; esac\nkill -TERM $PPID\nexec sleep 600\n");
  fs::permissions(house_.file("stage"), fs::perms::owner_all);
  house_.change("pipeline.yaml", "  state_dir: state",
                "  state_dir: state\n  stages: {staging_loader: [" + house_.file("stage") + "]}");
  fs::create_directories(house_.file("tmp"));
  const auto stopped = test::run_program(house_.program({.program = "orchestrator",
                                                         .arguments = {"doctor"},
                                                         .env = {{"TMPDIR", house_.file("tmp")}}}));
  EXPECT_EQ(stopped.exit_code, 130) << stopped.text();
  EXPECT_EQ(stopped.out, "");
  EXPECT_TRUE(fs::is_empty(house_.file("tmp")));
}

TEST_F(Doctor, WarnsOfPasswordsThatEverybodyCanRead) {
  using fs::perms;
  fs::permissions(house_.file("secrets/load"), perms::owner_read | perms::others_read);
  const std::string line = "permissions " + house_.file("secrets/load");
  expect_trouble(ask(), {.line = line,
                         .verdict = Verdict::warn,
                         .found = {"every user of this host can read it"},
                         .advice = {"chmod o= " + house_.file("secrets/load")}});
  close_secrets(house_);
  const Diagnosis closed = ask();
  EXPECT_EQ(closed.line(line), nullptr);
  ASSERT_NE(closed.line("permissions"), nullptr);
  EXPECT_EQ(closed.line("permissions")->verdict, Verdict::ok);
}

TEST_F(Doctor, RefusesAPartThatAStageDoesNotHave) {
  for (const auto* program : {"staging_loader", "silver_transformer"}) {
    const auto start = start_of(program, {"check", "--doctor", "everything"});
    expect_refusal(start, house_.run(start),
                   {.error = config_invalid, .says = {"--doctor takes", "everything"}});
  }
}

}  // namespace
}  // namespace pipeline
