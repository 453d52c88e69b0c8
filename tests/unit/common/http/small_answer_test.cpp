// Requests sent again, and answers of which only the head matters.
#include "common/http/small_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/http/said.h"
#include "tests/support/scripted_server.h"

namespace pipeline::http {
namespace {

using test::ScriptedAnswer;
using test::ScriptedServer;
using testing::ElementsAre;
using testing::HasSubstr;

SmallRequestOptions for_messages(std::size_t bytes_max) {
  return {.retry = {.attempts_max = 3, .first_delay_max = std::chrono::milliseconds(1)},
          .body = SmallRequestOptions::Body::for_messages,
          .body_bytes_max = bytes_max};
}

SmallAnswer post(ScriptedServer& server, const SmallRequestOptions& options) {
  Client client({});
  return send_small(client, {.method = Method::post, .url = server.origin() + "/", .body = "x"},
                    options);
}

TEST(SmallAnswerForMessages, IsCutInsteadOfRefusedHoweverLong) {
  std::string body;
  body.resize(10'000'000, 'n');
  ScriptedServer server({test::whole_answer("404 Not Found", body)});
  const auto answer = post(server, for_messages(100));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, std::string(100, 'n'));
}

TEST(SmallAnswerForMessages, OfASuccessIsNotReadAndNotSentTwice) {
  // The head says yes; the body never comes.
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal",
                          .then = ScriptedAnswer::Then::close}});
  EXPECT_EQ(post(server, for_messages(100)).status, 200);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(SmallAnswerForMessages, OfARefusalIsWhatCameOfIt) {
  ScriptedServer server({{.bytes = "HTTP/1.1 400 Bad\r\nContent-Length: 10\r\n\r\nhal"}});
  const auto answer = post(server, for_messages(100));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "hal");
}

TEST(SmallAnswer, TellsWhyItTriesAgain) {
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"},
                         test::whole_answer("503 Busy", ""),
                         test::whole_answer("200 OK", "yes")});
  auto options = for_messages(100);
  options.body = SmallRequestOptions::Body::needed;
  std::vector<std::string> told;
  options.will_retry = [&](const std::string& why) { told.push_back(why); };
  EXPECT_EQ(post(server, options).body, "yes");
  EXPECT_THAT(told, ElementsAre(HasSubstr("was lost"), "answered with 503"));
}

class WaitsForNobody : public Clock {
 public:
  std::chrono::system_clock::time_point now() override { return system_clock().now(); }
  void sleep_for(std::chrono::milliseconds duration) override { slept += duration; }
  std::chrono::milliseconds slept{0};
};

TEST(SmallAnswer, WaitsAsLongAsItIsAskedToWhereThereIsTime) {
  ScriptedServer server(
      {test::whole_answer("503 Busy\r\nRetry-After: 15", ""), test::whole_answer("200 OK", "")});
  WaitsForNobody clock;
  auto options = for_messages(100);
  options.clock = &clock;
  options.left = [] { return std::chrono::seconds(20); };
  EXPECT_EQ(post(server, options).status, 200);
  EXPECT_GE(clock.slept, std::chrono::seconds(15));
}

TEST(SmallAnswer, GivesUpWhereItIsAskedToWaitLonger) {
  ScriptedServer server({test::whole_answer("503 Busy\r\nRetry-After: 1000000000", "")});
  auto options = for_messages(100);
  options.left = [] { return std::chrono::seconds(20); };
  try {
    post(server, options);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.message(),
                HasSubstr("answers 503 and asks to come again after 1000000000 s"));
  }
}

TEST(SmallAnswerHeard, HasTheBeginOfASuccessTooHoweverItEnds) {
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal",
                          .then = ScriptedAnswer::Then::close}});
  auto options = for_messages(100);
  options.body = SmallRequestOptions::Body::heard;
  const auto answer = post(server, options);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hal");
}

TEST(Said, IsOneLineThatMovesNoCursor) {
  EXPECT_EQ(said_in_one_line("  no\r\nuser\x1b[2J\x7f \xC2\x9B"
                             "2J 夜\n",
                             100),
            "no  user [2J    2J 夜");
  EXPECT_EQ(said_in_one_line("abcdef", 3), "abc...");
}

TEST(SmallAnswer, NeededIsRefusedWhenItIsTooLong) {
  ScriptedServer server({test::whole_answer("200 OK", std::string(101, 'x'))});
  auto options = for_messages(100);
  options.body = SmallRequestOptions::Body::needed;
  try {
    post(server, options);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource_exhausted);
  }
}

}  // namespace
}  // namespace pipeline::http
