// An alert reaches a program on standard input, and a dead channel is a failure with a name.
#include "orchestrator/alerts/command_channel.h"

#include <gtest/gtest.h>

#include "common/base/secret.h"
#include "orchestrator/alerts/outgoing.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

class CommandChannelTest : public testing::Test {
 protected:
  CommandEnd send(const std::string& script) {
    const AlertMessage message{.subject = "Silver failed",
                               .text = "a text",
                               .run_id = "r1",
                               .business_date = *BusinessDate::parse("2026-02-01"),
                               .state = "Silver",
                               .error = "Pipeline.SqlRejected",
                               .cause = "login with swordfish refused"};
    return run_alert_command({.name = "ops",
                              .argv = {"/bin/sh", "-c", script},
                              .environment = {"PATH=/usr/bin:/bin"},
                              .time_limit = std::chrono::seconds(2),
                              .log_path = dir_.file("log")},
                             outgoing(message), [this](const TaskStart&) { ++started_; }, {});
  }

  test::TempDir dir_;
  int started_ = 0;
};

TEST_F(CommandChannelTest, GivesTheMessageAsJsonWithoutSecrets) {
  const Secret secret("swordfish");
  const auto end = send("cat >" + dir_.file("got"));
  EXPECT_EQ(end.failure, std::nullopt) << end.cause;
  EXPECT_EQ(started_, 1);
  const Json got = Json::parse(test::read_text_file(dir_.file("got")));
  EXPECT_EQ(got.at("subject").as_string(), "Silver failed");
  EXPECT_EQ(got.at("business_date").as_string(), "2026-02-01");
  EXPECT_EQ(got.at("cause").as_string(), "login with *** refused");
}

TEST_F(CommandChannelTest, ReportsADeadChannel) {
  const auto failed = send("echo no route >&2; exit 3");
  EXPECT_EQ(failed.failure, ErrorKind::unavailable);
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_EQ(test::read_text_file(dir_.file("log")), "no route\n");
  const auto slow = send("exec sleep 600");
  EXPECT_EQ(slow.failure, ErrorKind::timed_out);
  EXPECT_EQ(
      slow.cause,
      "the alert \"Silver failed\" was not sent: /bin/sh of the channel ops was stopped after "
      "2 s; its log: " +
          dir_.file("log"));
}

}  // namespace
}  // namespace pipeline
