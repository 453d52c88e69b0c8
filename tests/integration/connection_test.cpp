// The session with the server against a real one: what it sets, what it refuses, what it does when
// things break. All cases share one private server.
#include "common/mariadb/connection.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <thread>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/mariadb/identifier.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/polling_reader.h"
#include "tests/support/run_program.h"

namespace pipeline {
namespace {

using test::Fault;
using test::FaultProxy;
using test::MariadbServer;

/// Set for a child of this program: the socket of the parent's server.
constexpr const char* borrowed_server = "CONNECTION_TEST_SOCKET";
constexpr const char* right_password = "right-passw0rd";

std::unique_ptr<MariadbServer> g_server;

class OneServer : public ::testing::Environment {
 public:
  void SetUp() override {
    g_server = std::make_unique<MariadbServer>(
        MariadbServer::Options{.listen = MariadbServer::Listen::socket_and_tcp});
    auto root = g_server->open_root();
    root.execute("CREATE DATABASE t");
    root.execute("CREATE TABLE t.item (id INT PRIMARY KEY, name VARCHAR(20)) ENGINE=InnoDB");
    root.execute("CREATE USER worker@localhost IDENTIFIED BY '" + std::string(right_password) +
                 "'");
    root.execute("CREATE USER worker@'127.0.0.1' IDENTIFIED BY '" + std::string(right_password) +
                 "'");
    root.execute("GRANT ALL ON t.* TO worker@localhost");
    root.execute("GRANT ALL ON t.* TO worker@'127.0.0.1'");
  }
  void TearDown() override { g_server.reset(); }
};

ConnectionOptions worker_options() {
  ConnectionOptions options = g_server->root_options();
  options.account.user = "worker";
  options.account.password = Secret(right_password);
  options.account.password_origin = "file /x/worker.password";
  options.database = "t";
  return options;
}

Connection open_worker() {
  return Connection::open(worker_options());
}

ConnectionOptions loader_options() {
  auto options = worker_options();
  options.local_infile = ConnectionOptions::LocalInfile::own_handler;
  return options;
}

template <typename Action>
Error error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::internal, "nothing was thrown");
}

template <typename Condition>
bool soon(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

int say(const char* what, const char* more) {
  std::fprintf(stderr, "%s%s\n", what, more);
  return 1;
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return std::distance(begin(entries), end(entries));
}

std::string sessions_of_worker(Connection& root) {
  return root
      .query_value("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'worker'")
      .value();
}

std::string rows_in_table() {
  auto root = g_server->open_root();
  return root.query_value("SELECT COUNT(*) FROM t.item").value();
}

class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::span<char> buffer) override {
    const auto size = std::min(buffer.size(), text_.size() - at_);
    text_.copy(buffer.data(), size, at_);
    at_ += size;
    return size;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

/// Gives `rows` rows and then throws.
class FailingSource : public ByteSource {
 public:
  explicit FailingSource(int rows) : rows_(rows) {}
  std::size_t read(std::span<char> buffer) override {
    if (next_ == rows_) throw Error(ErrorKind::dump_corrupt, "the dump ends in the middle");
    const std::string row = std::to_string(next_++) + "\tname\n";
    return row.copy(buffer.data(), buffer.size());
  }

 private:
  int rows_;
  int next_ = 0;
};

constexpr const char* load_statement = "LOAD DATA LOCAL INFILE 'ignored' INTO TABLE t.item";

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override { g_server->open_root().execute("TRUNCATE TABLE t.item"); }
};

// Opening

TEST_F(ConnectionTest, OpensWithTheSessionSettingsOfTheContract) {
  auto options = worker_options();
  options.time_zone = "+09:00";
  options.lock_wait_timeout = std::chrono::seconds(7);
  auto session = Connection::open(options);
  const auto row =
      session
          .query(
              "SELECT @@character_set_client, @@character_set_connection, "
              "@@character_set_results, @@tx_isolation, @@time_zone, @@sql_mode, "
              "@@lock_wait_timeout, @@innodb_lock_wait_timeout, @@autocommit, DATABASE()")
          .rows.at(0);
  const std::vector<std::string> expected = {
      "utf8mb4", "utf8mb4", "utf8mb4", "READ-COMMITTED", "+09:00", options.sql_mode, "7",
      "7",       "1",       "t"};
  ASSERT_EQ(row.size(), expected.size());
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(row[i], expected[i]);
  EXPECT_EQ(session.query_value("SELECT CONNECTION_ID()"), std::to_string(session.id()));
  EXPECT_EQ(session.family(), ServerFamily::mariadb);
  EXPECT_EQ(session.server_version(), session.query_value("SELECT VERSION()"));
  EXPECT_TRUE(session.ping());
}

/// Gives new sessions of the server a limit of one second, and puts it back.
class ShortLimit {
 public:
  explicit ShortLimit(std::string variable) : variable_(std::move(variable)) {
    auto root = g_server->open_root();
    before_ = root.query_value("SELECT @@GLOBAL." + variable_).value_or("");
    root.execute("SET GLOBAL " + variable_ + " = 1");
  }
  ~ShortLimit() { g_server->open_root().execute("SET GLOBAL " + variable_ + " = " + before_); }
  ShortLimit(const ShortLimit&) = delete;
  ShortLimit& operator=(const ShortLimit&) = delete;

 private:
  std::string variable_;
  std::string before_;
};

TEST_F(ConnectionTest, IdlesLongerThanTheServerLetsOthers) {
  const ShortLimit idle("wait_timeout");
  auto session = open_worker();
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_EQ(session.query_value("SELECT 1"), "1");
}

TEST_F(ConnectionTest, NamesUserServerAndOriginOfAWrongPassword) {
  auto options = worker_options();
  options.account.password = Secret("wrong-passw0rd");
  const Error error = error_of([&] { Connection::open(options); });
  EXPECT_EQ(error.kind(), ErrorKind::access_denied);
  EXPECT_EQ(error.context_value("errno"), "1045");
  EXPECT_EQ(error.message().find("access denied for user worker at " + g_server->socket() +
                                 "; the password came from file /x/worker.password"),
            0U)
      << error.what();
  EXPECT_EQ(std::string(error.what()).find("wrong-passw0rd"), std::string::npos);
}

TEST_F(ConnectionTest, IsUnavailableWhereNoServerListens) {
  auto options = worker_options();
  options.endpoint.socket = "/tmp/no-such-socket";
  EXPECT_EQ(error_of([&] { Connection::open(options); }).kind(), ErrorKind::unavailable);
  options.endpoint.socket.clear();
  options.endpoint.host = "127.0.0.1";
  options.endpoint.port = test::free_tcp_port();
  EXPECT_EQ(error_of([&] { Connection::open(options); }).kind(), ErrorKind::unavailable);
  options.endpoint.host = "no-such-host.invalid";
  EXPECT_EQ(error_of([&] { Connection::open(options); }).kind(), ErrorKind::unavailable);
}

TEST_F(ConnectionTest, SaysWhatToLookAtWhenNoServerAnswers) {
  const auto message_of = [](const Endpoint& endpoint) {
    auto options = worker_options();
    options.endpoint = endpoint;
    const std::string message = error_of([&] { Connection::open(options); }).message();
    EXPECT_EQ(message.find("cannot connect as user worker at " + endpoint.text() + ": "), 0U)
        << message;
    return message.substr(message.rfind("; ") + 2);
  };
  EXPECT_EQ(message_of({.socket = "/tmp/no-such-socket"}),
            "does the server run, and is that its socket?");
  EXPECT_EQ(message_of({.host = "127.0.0.1", .port = test::free_tcp_port()}),
            "does the server run, are host and port right, does a firewall stand between?");
  EXPECT_EQ(message_of({.host = "no-such-host.invalid"}),
            "is the host's name right, and does this machine resolve it?");
}

TEST_F(ConnectionTest, IsAWrongDatabaseWhenTheSchemaIsNotThere) {
  auto options = g_server->root_options();
  options.database = "no_such_schema";
  const Error error = error_of([&] { Connection::open(options); });
  EXPECT_EQ(error.kind(), ErrorKind::wrong_database);
  EXPECT_NE(error.message().find("no_such_schema"), std::string::npos);
}

TEST_F(ConnectionTest, RefusesATcpServerWithoutTls) {
  auto options = worker_options();
  options.endpoint = g_server->tcp_endpoint();
  options.endpoint.tls = TlsOptions{};
  const Error error = error_of([&] { Connection::open(options); });
  EXPECT_EQ(error.kind(), ErrorKind::wrong_database);
  EXPECT_EQ(error.context_value("errno"), "2026");
  EXPECT_NE(error.message().find("no verified TLS session with 127.0.0.1:"), std::string::npos);
}

TEST_F(ConnectionTest, SpeaksClearTextOverTcpOnlyWhenToldTo) {
  auto options = worker_options();
  options.endpoint = g_server->tcp_endpoint();
  auto session = Connection::open(options);
  EXPECT_EQ(session.query_value("SELECT USER()"), "worker@127.0.0.1");
}

struct OpenStep {
  const char* failpoint;
  const char* named;  // by the error
};

// In the order of open(); the options as they are for TCP with a certificate authority.
constexpr std::array open_steps = {
    OpenStep{"mariadb_init:unavailable", "client library"},
    OpenStep{"mariadb_option:unavailable@1", "option connect time limit"},
    OpenStep{"mariadb_option:unavailable@2", "option read time limit"},
    OpenStep{"mariadb_option:unavailable@3", "option write time limit"},
    OpenStep{"mariadb_option:unavailable@4", "option client character set"},
    OpenStep{"mariadb_option:unavailable@5", "option no reconnect"},
    OpenStep{"mariadb_option:unavailable@6", "option kinds of login"},
    OpenStep{"mariadb_option:unavailable@7", "option protocol"},
    OpenStep{"mariadb_option:unavailable@8", "option TLS"},
    OpenStep{"mariadb_option:unavailable@9", "option certificate check"},
    OpenStep{"mariadb_option:unavailable@10", "option certificate authority"},
    OpenStep{"mariadb_option:unavailable@11", "option local infile"},
    OpenStep{"mariadb_connect:unavailable", "connect"},
    OpenStep{"mariadb_connected:unavailable", "after the login"},
    OpenStep{"mariadb_charset:unavailable", "character set"},
    OpenStep{"mariadb_isolation:unavailable", "isolation level"},
    OpenStep{"mariadb_autocommit:unavailable", "autocommit"},
    OpenStep{"mariadb_time_zone:unavailable", "time zone"},
    OpenStep{"mariadb_sql_mode:unavailable", "sql_mode"},
    OpenStep{"mariadb_lock_limits:unavailable", "lock limits"},
    OpenStep{"mariadb_idle_limits:unavailable", "idle limits"},
    OpenStep{"mariadb_session_id:unavailable", "session id and packet size"},
};

TEST_F(ConnectionTest, EachStepOfOpenCanFailAndLeavesNothingOpen) {
#ifndef PIPELINE_FAILPOINTS
  GTEST_SKIP() << "built without failpoints";
#endif
  // The variable is read once a process, so each step needs its own.
  auto root = g_server->open_root();
  ASSERT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
  for (const auto& [failpoint, named] : open_steps) {
    const auto child = test::run_program(
        {.argv = {"/proc/self/exe", named},
         .env = {{"PIPELINE_FAILPOINT", failpoint}, {borrowed_server, g_server->socket()}}});
    EXPECT_TRUE(child.ok()) << failpoint << ": " << child.text() << child.out;
  }
}

// Statements

TEST_F(ConnectionTest, ExecuteTellsWhatHappened) {
  auto session = open_worker();
  const auto inserted = session.execute("INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, NULL)");
  EXPECT_EQ(inserted.affected_rows, 3U);
  EXPECT_EQ(inserted.info, "Records: 3  Duplicates: 0  Warnings: 0");
  EXPECT_EQ(session.execute("SELECT CAST('x' AS INT) FROM item").warnings, 3U);
  EXPECT_EQ(session.execute("UPDATE item SET name = 'z'").affected_rows, 3U);
}

TEST_F(ConnectionTest, QueryKeepsNullsBytesAndColumnNames) {
  auto session = open_worker();
  const auto table = session.query("SELECT 1 AS one, NULL AS nothing, x'00FF' AS bytes, '' AS e");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"one", "nothing", "bytes", "e"}));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0], (Row{"1", std::nullopt, std::string("\0\xff", 2), std::string()}));
  EXPECT_EQ(session.query_value("SELECT NULL"), std::nullopt);
  EXPECT_EQ(session.query_value("SELECT id FROM item"), std::nullopt);
  EXPECT_TRUE(session.query("DO 1").columns.empty());
}

TEST_F(ConnectionTest, ARefusedStatementHasKindNumberStateAndText) {
  auto session = open_worker();
  const Error error = error_of([&] { session.execute("SELECT * FROM no_such_table"); });
  EXPECT_EQ(error.kind(), ErrorKind::sql_rejected);
  EXPECT_EQ(error.message(), "Table 't.no_such_table' doesn't exist");
  EXPECT_EQ(error.context_value("errno"), "1146");
  EXPECT_EQ(error.context_value("sqlstate"), "42S02");
  EXPECT_EQ(error.context_value("statement"), "SELECT * FROM no_such_table");
  EXPECT_TRUE(session.alive());
  EXPECT_EQ(session.query_value("SELECT 1"), "1");
}

TEST_F(ConnectionTest, RefusesTwoStatementsInOne) {
  auto session = open_worker();
  const Error error =
      error_of([&] { session.execute("INSERT INTO item VALUES (1, 'a'); DELETE FROM item"); });
  EXPECT_EQ(error.context_value("errno"), "1064");
  EXPECT_EQ(rows_in_table(), "0");
}

TEST_F(ConnectionTest, KeepsFieldValuesOutOfErrors) {
  auto session = open_worker();
  session.execute("INSERT INTO item VALUES (4711, 'Sato')");
  const Error error = error_of([&] { session.execute("INSERT INTO item VALUES (4711, 'Sato')"); });
  EXPECT_EQ(error.context_value("errno"), "1062");
  EXPECT_EQ(std::string(error.what()).find("4711"), std::string::npos) << error.what();
  EXPECT_EQ(std::string(error.what()).find("Sato"), std::string::npos) << error.what();
}

TEST_F(ConnectionTest, KeepsFieldValuesOutOfSyntaxErrors) {
  auto session = open_worker();
  const Error error = error_of([&] { session.execute("INSERT INTO item VALUES (FORM 'Sato')"); });
  EXPECT_EQ(error.context_value("errno"), "1064");
  EXPECT_EQ(std::string(error.what()).find("Sato"), std::string::npos) << error.what();
  const Error of_select = error_of([&] { session.execute("SELECT 1 FORM item"); });
  EXPECT_NE(of_select.message().find("near 'item'"), std::string::npos) << of_select.what();
}

TEST_F(ConnectionTest, DropsTheRowsAndReadsTheAnswersOfAProcedure) {
  auto session = open_worker();
  session.execute("CREATE OR REPLACE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2, 3; END");
  session.execute("CALL two()");
  EXPECT_EQ(session.query("CALL two()").rows, (std::vector<Row>{Row{"1"}}));
  EXPECT_EQ(session.query_value("SELECT 5"), "5");
}

TEST_F(ConnectionTest, AnErrorAfterTheFirstRowsIsAnError) {
  auto session = open_worker();
  session.execute(
      "CREATE OR REPLACE PROCEDURE late() BEGIN SELECT 1; SELECT * FROM no_such_table; END");
  EXPECT_EQ(error_of([&] { session.query("CALL late()"); }).context_value("errno"), "1146");
  EXPECT_EQ(error_of([&] { session.execute("CALL late()"); }).context_value("errno"), "1146");
  EXPECT_EQ(session.query_value("SELECT 5"), "5");
}

TEST_F(ConnectionTest, RefusesAStatementLargerThanThePacketBeforeSendingIt) {
  auto session = open_worker();
  const Error error =
      error_of([&] { session.execute("SELECT '" + std::string(17U << 20U, 'x') + "'"); });
  EXPECT_EQ(error.kind(), ErrorKind::resource_exhausted);
  EXPECT_TRUE(session.alive());
  EXPECT_EQ(session.query_value("SELECT 1"), "1");
}

TEST_F(ConnectionTest, LiteralsComeBackByteByByte) {
  auto session = open_worker();
  std::string all;
  for (int byte = 0; byte < 128; ++byte) all += static_cast<char>(byte);
  all += "\u90e8\u5c4b\U0001f600";
  EXPECT_EQ(session.query_value("SELECT " + session.literal(all)), all);
  EXPECT_EQ(session.query_value("SELECT " + quote_text(all)), all);
}

// Streaming

TEST_F(ConnectionTest, StreamsWithoutKeeping) {
  auto session = open_worker();
  std::uint64_t rows = 0;
  session.stream("SELECT seq, NULL FROM seq_1_to_200000", [&](Connection::RowView row) {
    rows += row[0].has_value() && !row[1].has_value() ? 1U : 0U;
  });
  EXPECT_EQ(rows, 200'000U);
}

TEST_F(ConnectionTest, AnExceptionWhileStreamingEndsTheStatementAndKeepsTheSession) {
  auto session = open_worker();
  ASSERT_EQ(session.query_value("SELECT GET_LOCK('streaming', 0)"), "1");
  const auto started = std::chrono::steady_clock::now();
  EXPECT_THROW(session.stream("SELECT a.seq FROM seq_1_to_1000000 a, seq_1_to_100000 b",
                              [](Connection::RowView) { throw std::domain_error("enough"); }),
               std::domain_error);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  EXPECT_EQ(session.query_value("SELECT IS_USED_LOCK('streaming') = CONNECTION_ID()"), "1");
}

TEST_F(ConnectionTest, RefusesMoreRowsThanTheBound) {
  auto session = open_worker();
  EXPECT_EQ(session.query("SELECT seq FROM seq_1_to_10", 10).rows.size(), 10U);
  EXPECT_EQ(error_of([&] { session.query("SELECT seq FROM seq_1_to_11", 10); }).kind(),
            ErrorKind::internal);
  EXPECT_EQ(session.query_value("SELECT 1"), "1");
}

// Lost sessions, time limits, locks

TEST_F(ConnectionTest, AKilledSessionIsDeadAndDoesNotComeBack) {
  auto session = open_worker();
  session.execute("BEGIN");
  session.execute("INSERT INTO item VALUES (1, 'a')");
  kill_from_outside(worker_options(), session.id(), Victim::connection);
  const Error error = error_of([&] { session.execute("COMMIT"); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
  EXPECT_FALSE(session.alive());
  EXPECT_FALSE(session.ping());
  EXPECT_EQ(error_of([&] { session.query("SELECT 1"); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(rows_in_table(), "0");
}

TEST_F(ConnectionTest, KillFromOutsideEndsAStatementAndKeepsItsSession) {
  auto session = open_worker();
  const auto id = session.id();
  std::thread killer([&] {
    auto root = g_server->open_root();
    soon([&] {
      return root.query_value("SELECT state FROM information_schema.processlist WHERE id = " +
                              std::to_string(id)) == "User sleep";
    });
    kill_from_outside(worker_options(), id, Victim::statement);
  });
  const Error error = error_of([&] { session.execute("SELECT SLEEP(30) FROM seq_1_to_2"); });
  killer.join();
  EXPECT_EQ(error.kind(), ErrorKind::cancelled) << error.what();
  EXPECT_TRUE(session.ping());
}

TEST_F(ConnectionTest, KillingWhatIsGoneIsNoError) {
  const auto id = open_worker().id();
  auto root = g_server->open_root();
  ASSERT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
  kill_from_outside(worker_options(), id, Victim::connection);
  kill_from_outside(worker_options(), id, Victim::statement);
}

TEST_F(ConnectionTest, ASilentServerIsATimeOutAndTheSessionIsDead) {
  auto options = worker_options();
  options.read_timeout = std::chrono::seconds(1);
  auto session = Connection::open(options);
  const Error error = error_of([&] { session.execute("SELECT SLEEP(30)"); });
  EXPECT_EQ(error.kind(), ErrorKind::timed_out) << error.what();
  EXPECT_FALSE(session.alive());
  kill_from_outside(worker_options(), session.id(), Victim::connection);
}

TEST_F(ConnectionTest, ALockThatIsHeldIsLockContention) {
  auto holder = open_worker();
  holder.execute("BEGIN");
  holder.execute("INSERT INTO item VALUES (1, 'a')");
  auto options = worker_options();
  options.lock_wait_timeout = std::chrono::seconds(1);
  auto waiter = Connection::open(options);
  EXPECT_EQ(error_of([&] { waiter.execute("INSERT INTO item VALUES (1, 'b')"); }).kind(),
            ErrorKind::lock_contention);
  EXPECT_EQ(error_of([&] { waiter.execute("RENAME TABLE item TO other"); }).kind(),
            ErrorKind::lock_contention);
}

TEST_F(ConnectionTest, AStatementTimeLimitIsATimeOut) {
  auto session = open_worker();
  EXPECT_EQ(error_of([&] {
              session.execute("SET STATEMENT max_statement_time=0.05 FOR SELECT SLEEP(9)");
            }).kind(),
            ErrorKind::timed_out);
}

TEST_F(ConnectionTest, AMovedSessionStaysOpenAndTheOldOneCloses) {
  auto session = open_worker();
  const auto first = session.id();
  session = open_worker();
  EXPECT_NE(session.id(), first);
  Connection moved(std::move(session));
  EXPECT_EQ(moved.query_value("SELECT 1"), "1");
  auto root = g_server->open_root();
  EXPECT_TRUE(soon([&] { return sessions_of_worker(root) == "1"; }));
}

// Loading

TEST_F(ConnectionTest, LoadsFromASource) {
  auto session = Connection::open(loader_options());
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "\tname\n";
  TextSource source(text);
  const auto loaded = session.load_local(load_statement, source);
  EXPECT_EQ(loaded.affected_rows, 50'000U);
  EXPECT_EQ(loaded.info, "Records: 50000  Deleted: 0  Skipped: 0  Warnings: 0");
  EXPECT_EQ(rows_in_table(), "50000");
}

/// As a store that stalls in the middle of an object.
class StallingSource : public ByteSource {
 public:
  std::size_t read(std::span<char> buffer) override {
    constexpr std::string_view row = "1\tname\n";
    if (given_++ != 0) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    std::ranges::copy(row, buffer.begin());
    return row.size();
  }

 private:
  int given_ = 0;
};

TEST_F(ConnectionTest, LoadsFromASourceThatStallsLongerThanTheServerWaits) {
  const ShortLimit waiting("net_read_timeout");
  auto session = Connection::open(loader_options());
  StallingSource source;
  session.load_local(load_statement, source);
  EXPECT_EQ(rows_in_table(), "1");
}

TEST_F(ConnectionTest, AFailingSourceComesThroughAndNoRowStays) {
  for (const int rows : {0, 1, 20'000}) {
    auto session = Connection::open(loader_options());
    FailingSource source(rows);
    const Error error = error_of([&] { session.load_local(load_statement, source); });
    EXPECT_EQ(error.kind(), ErrorKind::dump_corrupt);
    EXPECT_EQ(error.message(), "the dump ends in the middle");
    EXPECT_FALSE(session.alive());
    auto root = g_server->open_root();
    ASSERT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
    EXPECT_EQ(rows_in_table(), "0");
  }
}

TEST_F(ConnectionTest, ARefusedLoadKeepsTheSession) {
  auto session = Connection::open(loader_options());
  TextSource source("1\ta\n");
  EXPECT_EQ(error_of([&] {
              session.load_local("LOAD DATA LOCAL INFILE 'x' INTO TABLE t.no_such", source);
            }).kind(),
            ErrorKind::sql_rejected);
  EXPECT_EQ(session.query_value("SELECT 1"), "1");
  TextSource again("1\ta\n");
  EXPECT_EQ(session.load_local(load_statement, again).affected_rows, 1U);
}

TEST_F(ConnectionTest, SendsNoLocalFileThatAStatementNames) {
  const std::string steal = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t.item (name)";
  auto plain = open_worker();
  EXPECT_EQ(error_of([&] { plain.execute(steal); }).kind(), ErrorKind::sql_rejected);
  auto loader = Connection::open(loader_options());
  EXPECT_EQ(error_of([&] { loader.execute(steal); }).kind(), ErrorKind::guard_refused);
  TextSource source("1\ta\n");
  EXPECT_EQ(loader.load_local(load_statement, source).affected_rows, 1U)
      << "the session stays in step";
  EXPECT_EQ(error_of([&] { loader.execute(steal); }).kind(), ErrorKind::guard_refused);
  EXPECT_EQ(rows_in_table(), "1");
}

// TLS

/// A server with a certificate for "localhost", signed by its own authority.
class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = std::make_unique<test::TempDir>();
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=authority of the test", "-days", "2", "-keyout", file("ca.key"), "-out",
             file("ca.pem")});
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
             file("server.key"), "-out", file("server.csr")});
    openssl({"x509", "-req", "-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey",
             file("ca.key"), "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out",
             file("server.pem")});
    server_ = std::make_unique<MariadbServer>(MariadbServer::Options{
        .listen = MariadbServer::Listen::socket_and_tcp,
        .extra_arguments = {"--ssl-ca=" + file("ca.pem"), "--ssl-cert=" + file("server.pem"),
                            "--ssl-key=" + file("server.key")}});
  }
  static void TearDownTestSuite() {
    server_.reset();
    certificates_.reset();
  }

  static std::string file(const char* name) { return certificates_->file(name); }
  static void openssl(std::vector<std::string> argv) {
    argv.insert(argv.begin(), "openssl");
    const auto made = test::run_program({.argv = argv});
    ASSERT_TRUE(made.ok()) << made.text();
  }
  /// Verified TLS to localhost by name with the server's own authority.
  static ConnectionOptions verified() {
    auto options = server_->root_options();
    options.endpoint = server_->tcp_endpoint();
    options.endpoint.host = "localhost";
    options.endpoint.tls = TlsOptions{.ca_file = file("ca.pem")};
    return options;
  }

  static std::unique_ptr<test::TempDir> certificates_;
  static std::unique_ptr<MariadbServer> server_;
};

std::unique_ptr<test::TempDir> TlsTest::certificates_;
std::unique_ptr<MariadbServer> TlsTest::server_;

TEST_F(TlsTest, EncryptsASessionWithAServerOfTheRightNameAndAuthority) {
  auto session = Connection::open(verified());
  const auto row = session.query("SHOW SESSION STATUS LIKE 'Ssl_version'").rows.at(0);
  EXPECT_EQ(row.at(1).value_or("").substr(0, 4), "TLSv");
  kill_from_outside(session.options(), session.id(), Victim::connection);
  EXPECT_EQ(error_of([&] { session.query("SELECT 1"); }).kind(), ErrorKind::unavailable);
}

TEST_F(TlsTest, RefusesAnAuthorityThatTheSystemDoesNotKnow) {
  auto options = verified();
  options.endpoint.tls.ca_file.clear();
  const Error error = error_of([&] { Connection::open(options); });
  EXPECT_EQ(error.kind(), ErrorKind::wrong_database) << error.what();
  EXPECT_NE(error.message().find("give its CA file"), std::string::npos) << error.what();
}

TEST_F(TlsTest, RefusesAServerOfAnotherName) {
  auto options = verified();
  options.endpoint.host = "127.0.0.1";
  EXPECT_EQ(error_of([&] { Connection::open(options); }).kind(), ErrorKind::wrong_database);
}

TEST_F(TlsTest, RefusesAnAuthorityFileThatIsNotThere) {
  auto options = verified();
  options.endpoint.tls.ca_file = "/no/such/ca.pem";
  const Error error = error_of([&] { Connection::open(options); });
  EXPECT_NE(error.message().find("/no/such/ca.pem"), std::string::npos) << error.what();
}

TEST_F(TlsTest, AServerThatDiesDoesNotTakeThisProcessAlong) {
  auto session = Connection::open(verified());
  server_->kill();
  const std::string statement = "SELECT '" + std::string(1U << 20U, 'x') + "'";
  EXPECT_EQ(error_of([&] { session.query(statement); }).kind(), ErrorKind::unavailable);
  EXPECT_FALSE(session.alive());
  server_->start();
}

TEST_F(TlsTest, ACutAtAnyByteOfTheLoginIsUnavailable) {
  for (std::size_t bytes = 0; bytes < 4000; bytes += 61) {
    FaultProxy proxy(server_->endpoint(), FaultProxy::Listen::socket_and_tcp);
    auto options = verified();
    options.endpoint.port = proxy.tcp_endpoint().port;
    proxy.arm({.kind = Fault::Kind::cut_after_server_bytes, .bytes = bytes});
    const Error error = error_of([&] { Connection::open(options); });
    if (proxy.struck() == 0) {
      EXPECT_GT(bytes, 900U) << "the login was over before " << bytes << " bytes";
      break;
    }
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << bytes << ": " << error.what();
  }
}

// Faults on the way

class FaultTest : public ConnectionTest {
 protected:
  FaultTest() {
    options_ = worker_options();
    options_.endpoint = proxy_.endpoint();
  }

  FaultProxy proxy_{g_server->endpoint(), FaultProxy::Listen::socket_and_tcp};
  ConnectionOptions options_;
};

TEST_F(FaultTest, WithoutAFaultTheProxyPassesEverything) {
  auto session = Connection::open(options_);
  EXPECT_EQ(session.query_value("SELECT REPEAT('x', 1000000)")->size(), 1'000'000U);
  options_.endpoint = proxy_.tcp_endpoint();
  auto over_tcp = Connection::open(options_);
  EXPECT_EQ(over_tcp.query_value("SELECT 1"), "1");
  EXPECT_EQ(proxy_.struck(), 0);
}

/// The statements of an opening session, and what the error calls them.
constexpr std::array<std::pair<const char*, const char*>, 8> opening_statements = {{
    {"SET NAMES", "character set"},
    {"READ COMMITTED", "isolation level"},
    {"autocommit", "autocommit"},
    {"SET time_zone", "time zone"},
    {"SET sql_mode", "sql_mode"},
    {"lock_wait_timeout", "lock limits"},
    {"net_read_timeout", "idle limits"},
    {"CONNECTION_ID", "session id and packet size"},
}};

TEST_F(FaultTest, ALostStatementOfAnOpeningSessionIsNamedAndLeavesNothingOpen) {
  const auto before = open_descriptors();
  for (const auto kind : {Fault::Kind::lose_request, Fault::Kind::lose_answer}) {
    for (const auto& [pattern, step] : opening_statements) {
      SCOPED_TRACE(step);
      FaultProxy proxy(g_server->endpoint());
      auto options = worker_options();
      options.endpoint = proxy.endpoint();
      proxy.arm({.kind = kind, .pattern = pattern});
      const Error error = error_of([&] { Connection::open(options); });
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      EXPECT_EQ(error.message().find("cannot open a session as user worker at " +
                                     options.endpoint.text() + ": " + step + ": "),
                0U)
          << error.what();
      EXPECT_EQ(proxy.struck(), 1);
    }
  }
  EXPECT_EQ(open_descriptors(), before);
  auto root = g_server->open_root();
  EXPECT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
}

TEST_F(FaultTest, AServerThatFallsSilentWhileASessionOpensIsUnavailableInTime) {
  // All at once, since each of them waits for its limit.
  struct Silence {
    std::unique_ptr<FaultProxy> proxy = std::make_unique<FaultProxy>(g_server->endpoint());
    std::string said;
    std::future<Error> error;
  };
  std::vector<Silence> silences;
  const auto begin = std::chrono::steady_clock::now();
  const auto fall_silent_at = [&](const std::string& pattern, const std::string& said) {
    Silence& silence = silences.emplace_back();
    silence.said = said;
    silence.proxy->arm({.kind = Fault::Kind::stall_answer, .pattern = pattern});
    auto options = worker_options();
    options.endpoint = silence.proxy->endpoint();
    options.connect_timeout = std::chrono::seconds(1);
    silence.error = std::async(std::launch::async,
                               [options] { return error_of([&] { Connection::open(options); }); });
  };
  fall_silent_at("worker", "does it answer others?");
  for (const auto& [pattern, step] : opening_statements) {
    fall_silent_at(
        pattern, std::string(step) + ": the server took the login and then gave no answer in 1 s");
  }
  for (auto& silence : silences) {
    const Error error = silence.error.get();
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    EXPECT_NE(error.message().find(silence.said), std::string::npos) << error.what();
    EXPECT_EQ(silence.proxy->struck(), 1) << silence.said;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  silences.clear();
  auto root = g_server->open_root();
  EXPECT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
}

TEST_F(ConnectionTest, AServerThatTakesTheConnectionAndSaysNothingIsUnavailableInTime) {
  const UniqueFd mute(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(mute.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(mute.get(), 4), 0);
  ASSERT_EQ(::getsockname(mute.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  auto options = worker_options();
  options.endpoint = {.host = "127.0.0.1", .port = ntohs(address.sin_port)};
  options.connect_timeout = std::chrono::seconds(1);
  const Error error = error_of([&] { Connection::open(options); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
  EXPECT_NE(error.message().find("does it answer others?"), std::string::npos) << error.what();
}

TEST_F(FaultTest, ALostAnswerToCommitHidesARowThatIsThere) {
  auto session = Connection::open(options_);
  session.execute("BEGIN");
  session.execute("INSERT INTO item VALUES (1, 'a')");
  proxy_.arm({.kind = Fault::Kind::lose_answer, .pattern = "COMMIT"});
  EXPECT_EQ(error_of([&] { session.execute("COMMIT"); }).kind(), ErrorKind::unavailable);
  EXPECT_FALSE(session.alive());
  EXPECT_EQ(proxy_.struck(), 1);
  EXPECT_EQ(rows_in_table(), "1");
}

TEST_F(FaultTest, ALostCommitLosesTheRowWithTheSameError) {
  auto session = Connection::open(options_);
  session.execute("BEGIN");
  session.execute("INSERT INTO item VALUES (1, 'a')");
  proxy_.arm({.kind = Fault::Kind::lose_request, .pattern = "COMMIT"});
  EXPECT_EQ(error_of([&] { session.execute("COMMIT"); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(proxy_.struck(), 1);
  auto root = g_server->open_root();
  ASSERT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
  EXPECT_EQ(rows_in_table(), "0");
}

TEST_F(FaultTest, ACutInTheMiddleOfAResultIsNoShortResult) {
  auto session = Connection::open(options_);
  proxy_.arm({.kind = Fault::Kind::cut_after_server_bytes, .bytes = 100'000});
  EXPECT_EQ(error_of([&] { session.query("SELECT seq FROM seq_1_to_100000"); }).kind(),
            ErrorKind::unavailable);
  EXPECT_EQ(proxy_.struck(), 1);
  EXPECT_FALSE(session.alive());
}

TEST_F(FaultTest, ACutInTheMiddleOfALoadLeavesNoRow) {
  auto options = loader_options();
  options.endpoint = proxy_.endpoint();
  auto session = Connection::open(options);
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "\tname\n";
  TextSource source(text);
  proxy_.arm({.kind = Fault::Kind::cut_after_client_bytes, .bytes = 200'000});
  EXPECT_EQ(error_of([&] { session.load_local(load_statement, source); }).kind(),
            ErrorKind::unavailable);
  EXPECT_EQ(proxy_.struck(), 1);
  auto root = g_server->open_root();
  ASSERT_TRUE(soon([&] { return sessions_of_worker(root) == "0"; }));
  EXPECT_EQ(rows_in_table(), "0");
}

TEST_F(FaultTest, AStalledAnswerArrivesAfterTheRelease) {
  auto session = Connection::open(options_);
  proxy_.arm({.kind = Fault::Kind::stall_answer, .pattern = "held_statement"});
  std::thread releaser([&] {
    proxy_.wait_until_struck(1);
    proxy_.release();
  });
  EXPECT_EQ(session.query_value("SELECT 'held_statement'"), "held_statement");
  releaser.join();
}

TEST_F(FaultTest, ACutAtAnyByteOfTheLoginIsUnavailableAndLeavesNothingOpen) {
  Connection::open(options_);
  const auto before = open_descriptors();
  for (std::size_t bytes = 0; bytes < 400; bytes += 7) {
    FaultProxy proxy(g_server->endpoint());
    auto options = worker_options();
    options.endpoint = proxy.endpoint();
    proxy.arm({.kind = Fault::Kind::cut_after_server_bytes, .bytes = bytes});
    const Error error = error_of([&] { Connection::open(options); });
    if (proxy.struck() == 0) {
      EXPECT_GT(bytes, 100U) << "the login was over before " << bytes << " bytes";
      break;
    }
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << bytes << ": " << error.what();
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ConnectionTest, APollingReaderSeesEveryStateOnce) {
  auto writer = open_worker();
  test::PollingReader reader(worker_options(), {"SELECT COUNT(*), MIN(name) FROM item"});
  reader.wait_for_turns(2);
  writer.execute("INSERT INTO item VALUES (1, 'a')");
  reader.wait_for_turns(2);
  reader.stop();
  EXPECT_EQ(reader.observations(), (std::vector<std::string>{"0|\\N\n", "1|a\n"}));
  EXPECT_TRUE(reader.errors().empty());
}

// Last: it takes the server away.
TEST_F(ConnectionTest, AServerThatDiesIsUnavailableAndComesBackWithItsRows) {
  auto session = open_worker();
  session.execute("INSERT INTO item VALUES (1, 'a')");
  g_server->kill();
  EXPECT_EQ(error_of([&] { session.query("SELECT 1"); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(error_of([&] { open_worker(); }).kind(), ErrorKind::unavailable);
  g_server->start();
  EXPECT_EQ(rows_in_table(), "1");
}

/// What a child process of EachStepOfOpenCanFailAndLeavesNothingOpen does: the first open fails, by
/// the failpoint in its environment, with an error that names the step, and the second works.
/// Returns its exit code.
int open_twice(const char* socket, const std::string& step) {
  ConnectionOptions options;
  options.endpoint.socket = socket;
  options.account.user = "worker";
  options.account.password = Secret(right_password);
  ConnectionOptions first = options;
  if (step.starts_with("option ")) {
    // All options are set before anything is connected to.
    first.endpoint = {.socket = {}, .host = "127.0.0.1", .port = 1, .tls = {.ca_file = "/ca.pem"}};
  }
  const auto before = open_descriptors();
  const Error error = error_of([&] { Connection::open(first); });
  if (error.kind() != ErrorKind::unavailable) return say("the first open: ", error.what());
  if (!error.message().starts_with("cannot open a session as user worker at " +
                                   first.endpoint.text() + ": " + step + ": failpoint ")) {
    return say("the step is not named: ", error.what());
  }
  if (open_descriptors() != before) return say("a descriptor stays open", "");
  auto session = Connection::open(options);
  if (!soon([&] { return sessions_of_worker(session) == "1"; })) {
    return say("a session stays open", "");
  }
  return 0;
}

}  // namespace
}  // namespace pipeline

int main(int argc, char** argv) {
  if (const char* socket = std::getenv(pipeline::borrowed_server)) {
    return pipeline::open_twice(socket, argc > 1 ? argv[1] : "");
  }
  ::testing::InitGoogleTest(&argc, argv);
  ::testing::AddGlobalTestEnvironment(new pipeline::OneServer);
  return RUN_ALL_TESTS();
}
