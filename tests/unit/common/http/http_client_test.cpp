// The HTTP client against servers that lie, cut, fall silent and have the wrong certificate.
#include "common/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/io/file.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/scripted_server.h"

namespace pipeline::http {
namespace {

using test::ScriptedAnswer;
using test::ScriptedServer;
using test::whole_answer;
using testing::HasSubstr;
using testing::Not;

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::internal, "nothing was thrown");
}

std::string body_of(Client& client, const Request& request) {
  return read_all(*client.send(request));
}

TEST(HttpClient, GivesStatusHeadersAndBody) {
  ScriptedServer server({whole_answer("404 Not Found\r\nETag: \"x\"\r\nX-Twice: 1\r\nx-twice: 2",
                                      std::string("with\0zero", 9))});
  Client client({});
  const auto answer = client.send({.url = server.origin() + "/a%20b/../c?x=%2F",
                                   .headers = {{"X-Mine", "1"}, {"X-Empty", ""}}});
  EXPECT_EQ(answer->status(), 404);
  EXPECT_EQ(answer->header("etag"), "\"x\"");
  EXPECT_EQ(answer->header("X-TWICE"), "2");
  EXPECT_EQ(answer->header("absent"), "");
  EXPECT_EQ(answer->content_length(), 9U);
  EXPECT_EQ(read_all(*answer), std::string("with\0zero", 9));
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, testing::StartsWith("GET /a%20b/../c?x=%2F HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Mine: 1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Empty:"));
}

TEST(HttpClient, SendsBodiesAndMethodsAsTheyAre) {
  const auto nothing = whole_answer("200 OK", "");
  ScriptedServer server({nothing,
                         nothing,
                         nothing,
                         nothing,
                         {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n",
                          .then = ScriptedAnswer::Then::keep_open}});
  Client client({});
  const std::string url = server.origin() + "/x";
  const std::string bytes = std::string(2'000'000, 'b') + std::string("\0end", 4);
  EXPECT_EQ(body_of(client, {.method = Method::put, .url = url, .body = bytes}), "");
  EXPECT_EQ(body_of(client, {.method = Method::put, .url = url}), "");
  EXPECT_EQ(body_of(client, {.method = Method::post, .url = url, .body = "x=1"}), "");
  EXPECT_EQ(body_of(client, {.method = Method::remove, .url = url}), "");
  const auto head = client.send({.method = Method::head, .url = url});
  EXPECT_EQ(head->content_length(), 77U);
  EXPECT_EQ(read_all(*head), "") << "HEAD has a length and no body";
  const auto requests = server.requests();
  EXPECT_THAT(requests.at(0), testing::StartsWith("PUT /x "));
  EXPECT_THAT(requests.at(0), testing::EndsWith(bytes));
  EXPECT_THAT(requests.at(0).substr(0, 500), Not(HasSubstr("Content-Type")));
  EXPECT_THAT(requests.at(0).substr(0, 500), Not(HasSubstr("Expect")));
  EXPECT_THAT(requests.at(1), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(requests.at(2), testing::StartsWith("POST /x "));
  EXPECT_THAT(requests.at(3), testing::StartsWith("DELETE /x "));
  EXPECT_THAT(requests.at(4), testing::StartsWith("HEAD /x "));
  EXPECT_EQ(server.connections(), 1) << "one connection serves them all";
}

TEST(HttpClient, ABodyThatEndsEarlyIsAnErrorAfterTheBytesThatCame) {
  const std::string cut_length = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  const std::string cut_chunk =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n5\r\nx";
  for (const auto& bytes : {cut_length, cut_chunk}) {
    SCOPED_TRACE(bytes);
    ScriptedServer server({{.bytes = bytes}});
    Client client({});
    const auto answer = client.send({.url = server.origin() + "/"});
    std::vector<char> buffer(4);
    std::size_t count = 0;
    while (count < 4) count += answer->read(std::span(buffer).subspan(count));
    EXPECT_EQ(std::string(buffer.data(), 4), "half");
    EXPECT_EQ(error_of([&] { read_all(*answer); }).kind(), ErrorKind::unavailable);
  }
}

TEST(HttpClient, SaysWhereALengthIsMissing) {
  ScriptedServer server({{.bytes = "HTTP/1.1 200 OK\r\n\r\nwhole or half, who knows"}});
  Client client({});
  const auto answer = client.send({.url = server.origin() + "/"});
  EXPECT_EQ(answer->content_length(), std::nullopt);
  EXPECT_EQ(read_all(*answer), "whole or half, who knows");
}

TEST(HttpClient, HoldsNoMoreThanAWindowForASlowReader) {
  std::string body;
  body.resize(20'000'000, 'x');
  ScriptedServer server({whole_answer("200 OK", body)});
  Client client({});
  const auto answer = client.send({.url = server.origin() + "/"});
  std::vector<char> buffer(1000);
  std::uint64_t bytes = 0;
  for (std::size_t count = answer->read(buffer); count > 0; count = answer->read(buffer)) {
    bytes += count;
  }
  EXPECT_EQ(bytes, body.size());
}

TEST(HttpClient, TwoAnswersAtOnceDoNotMix) {
  ScriptedServer server({whole_answer("200 OK", std::string(1'000'000, '1')),
                         whole_answer("200 OK", std::string(1'000'000, '2'))});
  Client client({});
  const auto first = client.send({.url = server.origin() + "/1"});
  const auto second = client.send({.url = server.origin() + "/2"});
  EXPECT_EQ(read_all(*second), std::string(1'000'000, '2'));
  EXPECT_EQ(read_all(*first), std::string(1'000'000, '1'));
}

TEST(HttpClient, SilenceIsAnErrorBeforeAndWithinAnAnswer) {
  ScriptedServer server({{.bytes = "", .then = ScriptedAnswer::Then::stay_silent},
                         {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                          .then = ScriptedAnswer::Then::stay_silent}});
  Client client({.silence_limit = std::chrono::milliseconds(300)});
  const Error before = error_of([&] { client.send({.url = server.origin() + "/"}); });
  EXPECT_EQ(before.kind(), ErrorKind::unavailable);
  EXPECT_THAT(before.what(), HasSubstr("silent for 300 ms"));
  const auto answer = client.send({.url = server.origin() + "/"});
  EXPECT_THAT(error_of([&] { read_all(*answer); }).what(), HasSubstr("silent"));
}

TEST(HttpClient, AStopEndsAWait) {
  ScriptedServer server({{.bytes = "", .then = ScriptedAnswer::Then::stay_silent}});
  int asked = 0;
  Client client({.check_cancelled = [&] {
    if (++asked == 3) throw Error(ErrorKind::cancelled, "stopped");
  }});
  EXPECT_EQ(error_of([&] { client.send({.url = server.origin() + "/"}); }).kind(),
            ErrorKind::cancelled);
}

TEST(HttpClient, FollowsNoRedirect) {
  ScriptedServer elsewhere({whole_answer("200 OK", "")});
  ScriptedServer server(
      {whole_answer("301 Moved Permanently\r\nLocation: " + elsewhere.origin() + "/", "")});
  Client client({});
  EXPECT_EQ(
      client.send({.url = server.origin() + "/", .headers = {{"Authorization", "x"}}})->status(),
      301);
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(HttpClient, AServerThatIsNotThereIsUnavailableAndNoSecretIsTold) {
  Client client({});
  const std::string url =
      "http://127.0.0.1:" + std::to_string(test::free_tcp_port()) + "/path?canary-query=1";
  const Error error = error_of([&] {
    client.send({.url = url, .headers = {{"Authorization", "canary-header"}}});
  });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.what(),
              testing::AllOf(HasSubstr("http://127.0.0.1:"), Not(HasSubstr("canary"))));
}

TEST(HttpClient, RefusesHeadersWithALineBreakAndOtherProtocols) {
  ScriptedServer server({});
  Client client({});
  EXPECT_EQ(error_of([&] {
              client.send({.url = server.origin() + "/", .headers = {{"A", "x\r\nB: y"}}});
            }).kind(),
            ErrorKind::config_invalid);
  EXPECT_EQ(error_of([&] { client.send({.url = "file:///etc/hostname"}); }).kind(),
            ErrorKind::config_invalid);
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace pipeline::http
