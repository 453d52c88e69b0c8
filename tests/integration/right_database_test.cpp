// Split brain: a server that is another one than yesterday, one that copies another, and one that
// the readers do not read are told before, or right after, anything is published.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "tests/integration/bad_input_house.h"
#include "tests/support/mariadb_server.h"

namespace pipeline {
namespace {

using test::MariadbServer;

constexpr const char* wrong_database = "Pipeline.WrongDatabase";

/// A server with the accounts of grants.sql, whose changes another one may copy.
class Primary {
 public:
  Primary()
      : server_({.listen = MariadbServer::Listen::socket_and_tcp,
                 .extra_arguments = {"--server-id=1", "--log-bin=binlog", "--binlog-format=ROW"}}),
        root_(server_.open_root()) {
    start_ = position();
    server_.apply_grants();
    root_.execute("CREATE USER copier@'127.0.0.1' IDENTIFIED BY 'copies'");
    root_.execute("GRANT REPLICATION SLAVE ON *.* TO copier@'127.0.0.1'");
  }

  MariadbServer& server() { return server_; }
  Connection& root() { return root_; }

  /// Makes `replica` copy everything since the server was made.
  void copy_to(Connection& replica) {
    const auto [file, offset] = start_;
    replica.execute(fmt::format(
        "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'copier', "
        "MASTER_PASSWORD = 'copies', MASTER_LOG_FILE = '{}', MASTER_LOG_POS = {}",
        server_.tcp_endpoint().port, file, offset));
    replica.execute("START SLAVE");
    wait_until_equal(replica);
  }

  /// Until `replica` has done all that was done here so far.
  void wait_until_equal(Connection& replica) {
    const auto [file, offset] = position();
    const auto done =
        replica.query_value(fmt::format("SELECT MASTER_POS_WAIT('{}', {}, 30)", file, offset));
    if (!done || done->starts_with('-')) throw std::runtime_error("the replica does not follow");
  }

 private:
  std::pair<std::string, std::string> position() {
    const auto row = root_.query("SHOW MASTER STATUS").rows.at(0);
    return {row.at(0).value_or(""), row.at(1).value_or("")};
  }

  MariadbServer server_;
  Connection root_;
  std::pair<std::string, std::string> start_;
};

/// Everything that users of the server can see.
std::string picture(Connection& root) {
  std::string text;
  const auto tables = root.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE "
      "TABLE' AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', "
      "'information_schema') ORDER BY 1, 2");
  for (const auto& row : tables.rows) {
    const std::string name = quote_name(*row[0], *row[1]);
    text += name + " " + root.query("CHECKSUM TABLE " + name).rows.at(0).at(1).value_or("") + "\n";
  }
  return text;
}

std::string fingerprint(Connection& root) {
  return root.query_value("SELECT fingerprint FROM pipeline.target").value_or("");
}

class RightDatabase : public testing::Test {
 protected:
  RightDatabase()
      : root_(primary_.root()),
        other_root_(other_.open_root()),
        house_(primary_.server().socket()) {}

  void first_day() {
    for (const auto& start : all_stages()) expect_green(start);
  }
  void second_dump() {
    house_.write("store/dumps/gghouse_20260202.sql.gz",
                 gzipped(replace_all(small_dump(), "(2,7)", "(2,7),(3,1)")));
  }
  static Start second_load() {
    return start_of("staging_loader", {"load", "--business-date", "2026-02-02"});
  }
  void expect_green(const Start& start) {
    const Said said = house_.run(start);
    EXPECT_TRUE(said.program.ok()) << start.program << ": " << said.text();
  }
  void point_at(const std::string& socket) {
    const std::string now = house_.text_of("pipeline.yaml");
    const auto from = now.find("  socket: ");
    const auto end = now.find('\n', from);
    house_.write("pipeline.yaml", now.substr(0, from) + "  socket: " + socket + now.substr(end));
  }
  void add_to_warehouse(const std::string& lines) {
    house_.change("pipeline.yaml", "  server: managed\n", "  server: managed\n" + lines);
  }
  /// Refused, and nothing is changed on either server.
  void expect_refused(const Start& start, const Refusal& refusal) {
    const std::string before = picture(root_) + picture(other_root_);
    expect_refusal(start, house_.run(start), refusal);
    EXPECT_EQ(picture(root_) + picture(other_root_), before) << "something was changed";
  }

  Primary primary_;
  Connection& root_;
  MariadbServer other_{{.extra_arguments = {"--server-id=2"}}};
  Connection other_root_;
  BadInputHouse house_;
};

TEST_F(RightDatabase, AnotherServerIsRefusedByEveryCommandThatWritesBeforeAnythingIsTouched) {
  first_day();
  other_.apply_grants();
  second_dump();
  point_at(other_.socket());
  const std::vector<Start> starts{second_load(),
                                  start_of("silver_transformer", {"run"}),
                                  start_of("gold_transformer", {"run"}),
                                  start_of("silver_transformer", {"backup", "counts"}),
                                  start_of("silver_transformer", {"restore", "counts"}),
                                  start_of("staging_loader", {"init"})};
  for (const auto& start : starts) {
    expect_refused(start, {.error = wrong_database,
                           .says = {other_.socket() + " is another warehouse (" +
                                        fingerprint(other_root_) + ")",
                                    fingerprint(root_), primary_.server().socket(),
                                    house_.file("state/target.json"), "init --accept-target"}});
  }
}

TEST_F(RightDatabase, AServerWithoutTheRecordsIsRefusedOnceThePipelineKnowsItsOwn) {
  first_day();
  other_.apply_grants();
  other_root_.execute("DROP TABLE pipeline.target");
  point_at(other_.socket());
  expect_refused(second_load(), {.error = wrong_database, .says = {"it has no fingerprint"}});
  expect_refused(start_of("silver_transformer", {"backup", "counts"}),
                 {.error = wrong_database, .says = {"it has no fingerprint"}});
}

TEST_F(RightDatabase, ALostFingerprintIsAMissingRecordOfTheKnownServer) {
  first_day();
  second_dump();
  root_.execute("DROP TABLE pipeline.target");
  expect_refused(second_load(),
                 {.error = wrong_database,
                  .says = {"has no table pipeline.target", "apply deploy/sql/pipeline.sql"}});
  primary_.server().run_sql_file(PIPELINE_SOURCE_DIR "/deploy/sql/pipeline.sql", {});
  expect_refused(second_load(), {.error = wrong_database, .says = {"--accept-target"}});
}

TEST_F(RightDatabase, AMovedPipelineGoesOnAfterItsNewServerIsAccepted) {
  first_day();
  other_.apply_grants();
  point_at(other_.socket());
  expect_green(start_of("staging_loader", {"init", "--accept-target"}));
  expect_green(start_of("staging_loader", {"load", "--business-date", "2026-02-01", "--force"}));
  point_at(primary_.server().socket());
  second_dump();
  expect_refused(second_load(), {.error = wrong_database, .says = {fingerprint(other_root_)}});
}

TEST_F(RightDatabase, AFingerprintOfPipelineYamlIsStrongerThanTheOneOnTheHost) {
  first_day();
  add_to_warehouse("  fingerprint: 00000000-aaaa-bbbb-cccc-000000000000\n");
  second_dump();
  const std::vector<std::string> says{"00000000-aaaa-bbbb-cccc-000000000000",
                                      "warehouse.fingerprint", fingerprint(root_)};
  expect_refused(second_load(), {.error = wrong_database, .says = says});
  expect_refused(start_of("staging_loader", {"init", "--accept-target"}),
                 {.error = "Pipeline.ConfigInvalid", .says = says});
  house_.change("pipeline.yaml", "00000000-aaaa-bbbb-cccc-000000000000", fingerprint(root_));
  expect_green(second_load());
}

TEST_F(RightDatabase, ADamagedRecordOfTheTargetIsNamedAndMayBeWrittenAnew) {
  first_day();
  house_.write("state/target.json", "{\"fingerprint\"");
  second_dump();
  expect_refused(second_load(), {.error = "Pipeline.ConfigInvalid",
                                 .says = {house_.file("state/target.json"), "--accept-target"}});
  expect_green(start_of("staging_loader", {"init", "--accept-target"}));
  expect_green(second_load());
}

TEST_F(RightDatabase, AStageAloneGoesOnWhereNothingCanBeKeptAndSaysSo) {
  house_.change("pipeline.yaml", "state_dir: state", "state_dir: /proc/no-such-folder");
  const Said said = house_.run(all_stages().front());
  EXPECT_TRUE(said.program.ok()) << said.text();
  const auto warnings = said.messages("warn");
  ASSERT_FALSE(warnings.empty());
  EXPECT_NE(warnings.front().find("warehouse.fingerprint: " + fingerprint(root_)),
            std::string::npos)
      << warnings.front();
}

TEST_F(RightDatabase, AnAccountThatMayNotReadTheFingerprintIsToldWhatItLacks) {
  first_day();
  second_dump();
  root_.execute("REVOKE SELECT ON pipeline.* FROM etl_publish@localhost, etl_publish@'%'");
  expect_refused(second_load(), {.error = "Pipeline.AccessDenied", .says = {"etl_publish lacks"}});
}

TEST_F(RightDatabase, WhatIsWrittenHereAndNotReadThereEndsWith22UntilItIsSeen) {
  primary_.copy_to(other_root_);
  add_to_warehouse(
      fmt::format("  consumers_endpoint: {{socket: {}, wait_seconds: 30}}\n", other_.socket()));
  first_day();
  second_dump();
  primary_.wait_until_equal(other_root_);
  other_root_.execute("STOP SLAVE SQL_THREAD");
  house_.change("pipeline.yaml", "wait_seconds: 30", "wait_seconds: 0");
  const auto unseen = [&](const std::string& schema) {
    return Refusal{.error = wrong_database,
                   .says = {schema + " shows generation 2 of 2026-02-02",
                            "consumers at " + other_.socket() + " see generation 1 of 2026-02-01"},
                   .other_lines = Refusal::OtherLines::some};
  };
  expect_refusal(second_load(), house_.run(second_load()), unseen("staging"));
  for (const std::string layer : {"silver", "gold"}) {
    const Start start = start_of(layer + "_transformer", {"run"});
    expect_refusal(start, house_.run(start), unseen(layer));
  }
  // The orchestrator's run of the same day ends so too: an alert is due, and nobody retries.
  const Start morning{.program = "orchestrator", .arguments = {"run", "--date", "2026-02-02"}};
  EXPECT_EQ(house_.run(morning).program.exit_code, 22);
  other_root_.execute("START SLAVE SQL_THREAD");
  house_.change("pipeline.yaml", "wait_seconds: 0", "wait_seconds: 30");
  const std::string before = root_.query_value("SELECT run_id FROM gold.pipeline_marker").value();
  for (const std::string layer : {"silver", "gold"}) {
    const Said said = house_.run(start_of(layer + "_transformer", {"run"}));
    EXPECT_TRUE(said.program.ok()) << said.text();
    ASSERT_TRUE(said.result);
    EXPECT_EQ(said.result->output.at("consumers").dump(),
              fmt::format(R"([{{"schema":"{}","generation":2}}])", layer));
  }
  EXPECT_EQ(root_.query_value("SELECT run_id FROM gold.pipeline_marker"), before);
}

TEST_F(RightDatabase, ConsumersOfAnotherWarehouseAreTold) {
  other_.apply_grants();
  add_to_warehouse(
      fmt::format("  consumers_endpoint: {{socket: {}, wait_seconds: 0}}\n", other_.socket()));
  const Start load = all_stages().front();
  expect_refusal(load, house_.run(load),
                 {.error = wrong_database,
                  .says = {"consumers at " + other_.socket() + " read another warehouse (" +
                               fingerprint(other_root_) + ")",
                           fingerprint(root_)},
                  .other_lines = Refusal::OtherLines::some});
}

TEST_F(RightDatabase, AReplicaIsRefusedBeforeWorkUnlessItIsAllowed) {
  first_day();
  primary_.copy_to(other_root_);
  ASSERT_EQ(fingerprint(other_root_), fingerprint(root_));
  second_dump();
  point_at(other_.socket());
  const Refusal refusal{.error = wrong_database,
                        .says = {other_.socket() + " is a replica", "warehouse.replica: allow"}};
  expect_refused(second_load(), refusal);
  expect_refused(start_of("silver_transformer", {"run", "--force"}), refusal);
  expect_refused(start_of("silver_transformer", {"backup", "counts"}), refusal);
  add_to_warehouse("  replica: allow\n");
  expect_green(second_load());
}

TEST_F(RightDatabase, AServerThatIsReadOnlyInItsEngineIsRefusedBeforeWork) {
  first_day();
  second_dump();
  MariadbServer read_only({.extra_arguments = {"--server-id=2"}});
  read_only.apply_grants();
  const std::string their_fingerprint = [&] {
    Connection root = read_only.open_root();
    return fingerprint(root);
  }();
  read_only.stop();
  read_only.add_argument("--innodb-read-only=1");
  read_only.start();
  house_.change("state/target.json", fingerprint(root_), their_fingerprint);
  point_at(read_only.socket());
  for (const auto& start : {second_load(), start_of("silver_transformer", {"run", "--force"})}) {
    expect_refusal(start, house_.run(start),
                   {.error = wrong_database,
                    .says = {"takes no writes", "innodb_read_only", "is it a replica"}});
  }
}

}  // namespace
}  // namespace pipeline
