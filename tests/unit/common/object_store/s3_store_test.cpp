// What no real service does on demand: SlowDown, errors in a 200, cuts without a length, tokens
// that expire. The server says what the test wrote; the clock is a fake one.
#include "common/object_store/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/io/file.h"
#include "tests/support/fake_clock.h"
#include "tests/support/scripted_server.h"

namespace pipeline {
namespace {

using test::ScriptedAnswer;
using test::ScriptedServer;
using test::whole_answer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Gives the keys of its list one after the other, then the last one again and again.
class RotatingCredentials : public aws::CredentialsSource {
 public:
  explicit RotatingCredentials(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}
  aws::Credentials fetch() override {
    const auto& token = tokens_.at(std::min(fetched, tokens_.size() - 1));
    ++fetched;
    return {.access_key_id = Secret("AKIDEXAMPLE"),
            .secret_access_key = Secret("canary-secret"),
            .session_token = Secret(token)};
  }
  std::string text() const override { return "the test"; }
  std::size_t fetched = 0;

 private:
  std::vector<std::string> tokens_;
};

std::string error_xml(const std::string& code) {
  return "<Error><Code>" + code +
         "</Code><Message>words</Message><RequestId>r-1</RequestId></Error>";
}
ScriptedAnswer refusal(const std::string& head, const std::string& code) {
  return whole_answer(head, error_xml(code));
}
ScriptedAnswer list_of(const std::string& inner) {
  return whole_answer("200 OK", "<ListBucketResult>" + inner + "</ListBucketResult>");
}
const std::string one_object =
    "<Contents><Key>a</Key><ETag>\"e1\"</ETag><Size>10</Size></Contents>";
/// HEAD of ten bytes with the etag e1.
const ScriptedAnswer head_of_ten = {
    .bytes = "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 10\r\n\r\n",
    .then = ScriptedAnswer::Then::keep_open};
ScriptedAnswer part(const std::string& head, const std::string& body,
                    const std::string& etag = "e1") {
  return {.bytes = "HTTP/1.1 " + head + "\r\nETag: \"" + etag + "\"\r\n\r\n" + body};
}

class ScriptedS3 : public testing::Test {
 protected:
  S3Store& store(std::vector<ScriptedAnswer> answers) {
    server = std::make_unique<ScriptedServer>(std::move(answers));
    opened = std::make_unique<S3Store>("s3://bucket",
                                       S3Options{.endpoint = server->origin(),
                                                 .region = "us-east-1",
                                                 .credentials = credentials,
                                                 .check_cancelled = [this] { check_cancelled(); },
                                                 .silence_limit = std::chrono::milliseconds(500),
                                                 .retry = {.attempts_max = 4}},
                                       clock);
    return *opened;
  }
  std::vector<std::string> requests() const { return server->requests(); }
  static std::string text_of(S3Store& store) { return read_all(*store.get("a", 0)); }
  static Error error_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorKind::internal, "nothing was thrown");
  }
  std::chrono::milliseconds waited() const {
    std::chrono::milliseconds sum{0};
    for (const auto sleep : clock.sleeps()) sum += sleep;
    return sum;
  }

  test::FakeClock clock{*parse_utc("2026-02-01T00:00:00.000Z")};
  std::shared_ptr<RotatingCredentials> credentials =
      std::make_shared<RotatingCredentials>(std::vector<std::string>{"canary-token-1"});
  std::function<void()> check_cancelled = [] {};
  std::unique_ptr<ScriptedServer> server;
  std::unique_ptr<S3Store> opened;
};

TEST_F(ScriptedS3, WaitsAndAsksAgainWhenTheServiceIsBusy) {
  auto& bucket = store({refusal("503 Slow Down\r\nRetry-After: 7", "SlowDown"),
                        refusal("500 Oops", "InternalError"), refusal("429 Too Many", "Whatever"),
                        list_of(one_object)});
  EXPECT_EQ(bucket.list("").size(), 1U);
  EXPECT_EQ(requests().size(), 4U);
  EXPECT_GE(waited(), std::chrono::seconds(7)) << "the service's wish is heard";
  for (const auto sleep : clock.sleeps()) EXPECT_LE(sleep, std::chrono::milliseconds(200));
}

TEST_F(ScriptedS3, GivesUpAfterItsAttempts) {
  const auto busy = refusal("503 Slow Down", "SlowDown");
  auto& bucket = store({busy, busy, busy, busy, list_of("")});
  const Error error = error_of([&] { bucket.list(""); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_EQ(requests().size(), 4U);
  EXPECT_EQ(error.context_value("attempts"), "4");
  EXPECT_EQ(error.context_value("s3_code"), "SlowDown");
  EXPECT_EQ(error.context_value("request_id"), "r-1");
}

TEST_F(ScriptedS3, AStopEndsTheWaitBetweenAttempts) {
  auto& bucket = store({refusal("503 Slow Down\r\nRetry-After: 9", "SlowDown"), list_of("")});
  check_cancelled = [&] {
    if (!clock.sleeps().empty()) throw Error(ErrorKind::cancelled, "stopped");
  };
  EXPECT_EQ(error_of([&] { bucket.list(""); }).kind(), ErrorKind::cancelled);
  EXPECT_EQ(clock.sleeps().size(), 1U);
}

TEST_F(ScriptedS3, ARefusalForGoodIsAskedOnce) {
  for (const auto& [code, kind] :
       {std::pair{"AccessDenied", ErrorKind::access_denied},
        std::pair{"SignatureDoesNotMatch", ErrorKind::access_denied},
        std::pair{"NoSuchBucket", ErrorKind::config_invalid},
        std::pair{"AuthorizationHeaderMalformed", ErrorKind::config_invalid}}) {
    SCOPED_TRACE(code);
    auto& bucket = store({refusal("400 Bad", code), list_of("")});
    const Error error = error_of([&] { bucket.list("dumps/"); });
    EXPECT_EQ(error.kind(), kind);
    EXPECT_EQ(requests().size(), 1U);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("s3://bucket"), HasSubstr(code), HasSubstr("words"),
                                    HasSubstr("[request_id=r-1]"), Not(HasSubstr("canary"))));
  }
}

TEST_F(ScriptedS3, ARedirectIsAnErrorAndNotFollowed) {
  auto& bucket =
      store({refusal("301 Moved\r\nLocation: http://127.0.0.1:1/", "PermanentRedirect")});
  const Error error = error_of([&] { bucket.list(""); });
  EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
  EXPECT_THAT(error.what(), HasSubstr("another region"));
}

TEST_F(ScriptedS3, HeadHasNoBodySoTheReasonIsAskedForByGet) {
  auto& bucket = store({{.bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
                         .then = ScriptedAnswer::Then::keep_open},
                        refusal("403 Forbidden", "InvalidAccessKeyId")});
  const Error error = error_of([&] { bucket.stat("a"); });
  EXPECT_EQ(error.kind(), ErrorKind::access_denied);
  EXPECT_EQ(error.context_value("s3_code"), "InvalidAccessKeyId");
  EXPECT_THAT(requests().at(0), StartsWith("HEAD /bucket/a "));
  EXPECT_THAT(requests().at(1), AllOf(StartsWith("GET /bucket/a "), HasSubstr("bytes=0-0")));
}

TEST_F(ScriptedS3, AnExpiredTokenIsFetchedAgainOnce) {
  credentials = std::make_shared<RotatingCredentials>(
      std::vector<std::string>{"canary-token-1", "canary-token-2"});
  auto& bucket = store({refusal("400 Bad", "ExpiredToken"), list_of(one_object), list_of("")});
  EXPECT_EQ(bucket.list("").size(), 1U);
  EXPECT_THAT(requests().at(0), HasSubstr("x-amz-security-token: canary-token-1\r\n"));
  EXPECT_THAT(requests().at(1), HasSubstr("x-amz-security-token: canary-token-2\r\n"));
  EXPECT_TRUE(clock.sleeps().empty());
  bucket.list("");
  EXPECT_EQ(credentials->fetched, 2U) << "kept for the next request";
}

TEST_F(ScriptedS3, AnExpiredTokenWithoutANewerOneIsToldApartFromAWrongClock) {
  auto& bucket = store(
      {refusal("400 Bad", "ExpiredToken"),
       refusal("403 Forbidden\r\nDate: Sun, 01 Feb 2026 00:20:00 GMT", "RequestTimeTooSkewed")});
  const Error expired = error_of([&] { bucket.list(""); });
  EXPECT_EQ(expired.kind(), ErrorKind::access_denied);
  EXPECT_THAT(expired.what(), AllOf(HasSubstr("token has expired"), Not(HasSubstr("canary"))));
  const Error skewed = error_of([&] { bucket.list(""); });
  EXPECT_EQ(skewed.kind(), ErrorKind::access_denied);
  EXPECT_THAT(skewed.what(), HasSubstr("it is 2026-02-01T00:00:00.000Z here and Sun, 01 Feb 2026 "
                                       "00:20:00 GMT there"));
}

TEST_F(ScriptedS3, AnErrorInsideOfA200IsNoCopy) {
  auto& busy =
      store({head_of_ten, refusal("200 OK", "InternalError"),
             whole_answer("200 OK", "<CopyObjectResult><ETag>\"e2\"</ETag></CopyObjectResult>"),
             head_of_ten});
  EXPECT_EQ(busy.copy("a", "b").key, "b");
  EXPECT_EQ(requests().size(), 4U) << "asked again";
  auto& denied = store({head_of_ten, refusal("200 OK", "AccessDenied")});
  EXPECT_EQ(error_of([&] { denied.copy("a", "b"); }).kind(), ErrorKind::access_denied);
  auto& empty = store({head_of_ten, whole_answer("200 OK", "")});
  EXPECT_EQ(error_of([&] { empty.copy("a", "b"); }).kind(), ErrorKind::unavailable);
}

TEST_F(ScriptedS3, ACopyOfAnotherSizeIsAnError) {
  auto& bucket =
      store({head_of_ten,
             whole_answer("200 OK", "<CopyObjectResult><ETag>\"e2\"</ETag></CopyObjectResult>"),
             {.bytes = "HTTP/1.1 200 OK\r\nETag: \"e2\"\r\nContent-Length: 9\r\n\r\n",
              .then = ScriptedAnswer::Then::keep_open}});
  EXPECT_THAT(error_of([&] { bucket.copy("a", "b"); }).what(), HasSubstr("has 9 bytes, 10 were"));
}

TEST_F(ScriptedS3, AListThatIsCutIsAskedForAgain) {
  const std::string whole = "<ListBucketResult>" + one_object + "</ListBucketResult>";
  auto& bucket = store({{.bytes = "HTTP/1.1 200 OK\r\n\r\n" + whole.substr(0, 40)},
                        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + whole},
                        list_of(one_object)});
  EXPECT_EQ(bucket.list("").size(), 1U);
  EXPECT_EQ(requests().size(), 3U);
}

TEST_F(ScriptedS3, ListsAllPagesAndSkipsWhatIsNoKey) {
  const auto page = [](const std::string& key, const std::string& more) {
    return list_of("<Contents><Key>" + key + "</Key><ETag>\"e\"</ETag><Size>1</Size></Contents>" +
                   (more.empty() ? ""
                                 : "<IsTruncated>true</IsTruncated><NextContinuationToken>" + more +
                                       "</NextContinuationToken>"));
  };
  auto& bucket = store({page("dumps/b", "t/1+="), page("dumps/", "t2"), page("dumps/a", "")});
  const auto found = bucket.list("dumps/");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key, "dumps/a");
  EXPECT_THAT(requests().at(0),
              StartsWith("GET /bucket?encoding-type=url&list-type=2&prefix=dumps%2F HTTP"));
  EXPECT_THAT(requests().at(1), HasSubstr("continuation-token=t%2F1%2B%3D&"));
  auto& circle = store({page("a", "t"), page("b", "t"), page("c", "t")});
  EXPECT_EQ(error_of([&] { circle.list(""); }).kind(), ErrorKind::unavailable);
}

TEST_F(ScriptedS3, ABodyThatEndsEarlyWithoutALengthIsGoneOnWith) {
  auto& bucket =
      store({head_of_ten, part("200 OK", "0123"),
             part("206 Partial Content\r\nContent-Range: bytes 4-9/10", "45"),
             part("206 Partial Content\r\nContent-Range: bytes 6-9/10", "6789"), head_of_ten});
  EXPECT_EQ(text_of(bucket), "0123456789");
  EXPECT_THAT(requests().at(1), AllOf(HasSubstr("If-Match: \"e1\""), Not(HasSubstr("Range:"))));
  EXPECT_THAT(requests().at(2), AllOf(HasSubstr("If-Match: \"e1\""), HasSubstr("Range: bytes=4-")));
  EXPECT_THAT(requests().at(3), HasSubstr("Range: bytes=6-"));
}

TEST_F(ScriptedS3, CutsWithoutProgressHaveAnEnd) {
  const auto cut = part("200 OK", "");
  auto& bucket = store({head_of_ten, cut, cut, cut, cut, cut});
  const Error error = error_of([&] { text_of(bucket); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.what(), HasSubstr("was cut 4 times, the last time after 0 of 10 bytes"));
  EXPECT_EQ(requests().size(), 5U);
}

TEST_F(ScriptedS3, ASilentBodyCountsAsACut) {
  auto& bucket = store({head_of_ten,
                        {.bytes = "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 10\r\n\r\n01",
                         .then = ScriptedAnswer::Then::stay_silent},
                        part("206 Partial Content\r\nContent-Range: bytes 2-9/10", "23456789"),
                        head_of_ten});
  EXPECT_EQ(text_of(bucket), "0123456789");
}

TEST_F(ScriptedS3, WhatGoesOnMustBeTheSameObject) {
  const auto cut = part("200 OK", "0123");
  for (const auto& lie :
       {refusal("412 Precondition Failed", "PreconditionFailed"),
        refusal("404 Not Found", "NoSuchKey"),
        part("206 Partial Content\r\nContent-Range: bytes 4-9/10", "456789", "e2")}) {
    SCOPED_TRACE(lie.bytes);
    auto& bucket = store({head_of_ten, cut, lie});
    const Error error = error_of([&] { text_of(bucket); });
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("replaced"));
    EXPECT_EQ(requests().size(), 3U);
  }
}

TEST_F(ScriptedS3, WhatGoesOnMustBeginAtTheSameByte) {
  const auto cut = part("200 OK", "0123");
  const auto rest = part("206 Partial Content\r\nContent-Range: bytes 4-9/10", "456789");
  for (const auto& lie : {part("200 OK", "0123456789"),
                          part("206 Partial Content\r\nContent-Range: bytes 3-9/10", "3456789"),
                          part("206 Partial Content\r\nContent-Range: bytes 4-8/9\r\n"
                               "Content-Length: 5",
                               "45678"),
                          part("200 OK", "<Error><Code>InternalError</Code></Error>", "")}) {
    SCOPED_TRACE(lie.bytes);
    auto& once = store({head_of_ten, cut, lie, rest, head_of_ten});
    EXPECT_EQ(text_of(once), "0123456789");
    EXPECT_EQ(requests().size(), 5U);
    std::vector<ScriptedAnswer> always{head_of_ten, cut};
    always.insert(always.end(), 20, lie);
    auto& liar = store(always);
    const Error error = error_of([&] { text_of(liar); });
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("other bytes"));
  }
}

TEST_F(ScriptedS3, AnObjectThatIsReplacedBehindTheLastByteIsNotAWholeOne) {
  auto& bucket = store({head_of_ten,
                        part("200 OK", "0123456789"),
                        {.bytes = "HTTP/1.1 200 OK\r\nETag: \"e2\"\r\nContent-Length: 10\r\n\r\n",
                         .then = ScriptedAnswer::Then::keep_open}});
  EXPECT_THAT(error_of([&] { text_of(bucket); }).what(), HasSubstr("replaced"));
}

TEST_F(ScriptedS3, AskForTheRemovalOfOneVersionAndTakeANoForAnAnswer) {
  const ScriptedAnswer done = {.bytes = "HTTP/1.1 204 No Content\r\n\r\n",
                               .then = ScriptedAnswer::Then::keep_open};
  auto& kept = store({head_of_ten, refusal("412 Precondition Failed", "PreconditionFailed")});
  EXPECT_FALSE(kept.remove_if("a", "e1"));
  auto& simple = store({head_of_ten, refusal("501 Not Implemented", "NotImplemented"), done});
  EXPECT_TRUE(simple.remove_if("a", "e1"));
  EXPECT_THAT(requests().at(1), AllOf(StartsWith("DELETE "), HasSubstr("If-Match: \"e1\"")));
  EXPECT_THAT(requests().at(2), AllOf(StartsWith("DELETE "), Not(HasSubstr("If-Match"))));
  auto& other = store({head_of_ten});
  EXPECT_FALSE(other.remove_if("a", "e9"));
  EXPECT_EQ(requests().size(), 1U);
}

TEST_F(ScriptedS3, EveryRequestIsSignedForItsBytes) {
  auto& bucket = store({{.bytes = "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 0\r\n\r\n",
                         .then = ScriptedAnswer::Then::keep_open}});
  TextSource bytes("Welcome to Amazon S3.");
  EXPECT_EQ(bucket.put("a", bytes).etag, "e1");
  EXPECT_THAT(requests().at(0),
              AllOf(HasSubstr("x-amz-content-sha256: "
                              "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
                    HasSubstr("x-amz-date: 20260201T000000Z"),
                    HasSubstr("Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260201/"
                              "us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;"
                              "x-amz-date;x-amz-security-token, Signature="),
                    Not(HasSubstr("canary-secret"))));
}

}  // namespace
}  // namespace pipeline
