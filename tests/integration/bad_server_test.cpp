// Servers that are not there, and one that takes the connection and says
// nothing: every program says which, and ends in time.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include <fmt/core.h>

#include "common/base/unique_fd.h"
#include "tests/integration/bad_input_house.h"
#include "tests/support/mariadb_server.h"

namespace pipeline {
namespace {

class BadServer : public testing::Test {
 protected:
  BadServer() { house_.reset(); }

  static void use_host(const std::string& host, int port) {
    house_.change(
        "pipeline.yaml", "server: managed\n  socket: /nobody/listens/here",
        fmt::format("server: {}\n  port: {}\n  tls: {{mode: insecure_plaintext}}", host, port));
  }

  /// Every stage and every check refuses; the orchestrator runs, fails and
  /// records it.
  static void expect_unavailable(const std::vector<std::string>& says) {
    const std::string before = house_.store();
    for (const auto& start : all_stages()) {
      for (const auto& arguments : {start.arguments, std::vector<std::string>{"check"}}) {
        const Start one = start_of(start.program, arguments);
        expect_refusal(one, house_.run(one), {.error = "Pipeline.Unavailable", .says = says});
      }
    }
    const Start run = start_of("orchestrator");
    expect_refusal(
        run, house_.run(run),
        {.error = "Pipeline.Unavailable", .says = says, .other_lines = Refusal::OtherLines::some});
    EXPECT_EQ(house_.store(), before);
  }

  static BadInputHouse house_;
};

BadInputHouse BadServer::house_;

TEST_F(BadServer, WithoutASocketIsNamed) {
  expect_unavailable({"cannot connect as user etl_", " at /nobody/listens/here: ",
                      "does the server run, and is that its socket?"});
}

TEST_F(BadServer, IsNamedByEveryCommandThatNeedsIt) {
  std::vector<Start> starts{start_of("staging_loader", {"init"}),
                            start_of("staging_loader", {"ls"}),
                            start_of("staging_loader", {"adopt", "--business-date", "2026-02-01"})};
  const std::vector<std::vector<std::string>> of_a_layer{
      {"backups"},
      {"backup", "counts"},
      {"restore", "counts"},
      {"rollback", "r1"},
      {"holds", "counts", "2026-02-01", "--reason", "test"},
      {"diff", "counts"},
      {"drill"},
      {"init"},
      {"adopt"},
      {"publish", "--despite-tests", "test"}};
  for (const std::string program : {"silver_transformer", "gold_transformer"}) {
    for (auto command : of_a_layer) {
      if (program == "gold_transformer") {
        std::ranges::replace(command, std::string("counts"), std::string("summary"));
      }
      starts.push_back(start_of(program, command));
    }
  }
  for (const auto& start : starts) {
    expect_refusal(start, house_.run(start),
                   {.error = "Pipeline.Unavailable",
                    .says = {" at /nobody/listens/here: ", "does the server run"}});
  }
  const Start rerun{.program = "orchestrator", .arguments = {"rerun", "--only", "silver"}};
  expect_refusal(rerun, house_.run(rerun),
                 {.error = "Pipeline.Unavailable", .says = {" at /nobody/listens/here: "}});
}

TEST_F(BadServer, BehindARefusedPortIsNamed) {
  const int port = test::free_tcp_port();
  use_host("127.0.0.1", port);
  expect_unavailable({fmt::format(" at 127.0.0.1:{}: ", port),
                      "does the server run, are host and port right, does a "
                      "firewall stand between?"});
}

TEST_F(BadServer, WhoseHostDoesNotResolveIsNamed) {
  use_host("no-such-host.invalid", 3306);
  expect_unavailable({" at no-such-host.invalid:3306: ",
                      "is the host's name right, and does this machine resolve it?"});
}

TEST_F(BadServer, ThatTakesTheConnectionAndSaysNothingIsGivenUpInTime) {
  const UniqueFd mute(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(mute.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(mute.get(), 16), 0);
  ASSERT_EQ(::getsockname(mute.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  use_host("127.0.0.1", ntohs(address.sin_port));
  // All at once, since each waits for its limit.
  std::vector<std::pair<Start, std::future<test::ProgramResult>>> runs;
  for (Start start : all_stages()) {
    start.result_file = Start::ResultFile::not_named;
    const auto program = house_.program(start);
    runs.emplace_back(
        start, std::async(std::launch::async, [program] { return test::run_program(program); }));
  }
  for (auto& [start, run] : runs) {
    const Said said = house_.heard(run.get(), house_.file("none"));
    expect_refusal(start, said,
                   {.error = "Pipeline.Unavailable",
                    .says = {"cannot connect as user etl_publish at 127.0.0.1:",
                             "is a MariaDB or MySQL server behind it, and does "
                             "it answer others?"}});
    EXPECT_LT(said.program.took, std::chrono::seconds(40)) << "the limit is 10 s";
  }
}

}  // namespace
}  // namespace pipeline
