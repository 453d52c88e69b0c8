// orchestrator doctor with a bucket as the store: a real S3 service, a real STS, and servers whose
// clock is wrong or who say nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "common/object_store/s3_client.h"
#include "tests/integration/doctor_house.h"
#include "tests/integration/s3_house.h"
#include "tests/support/aws_services.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/scripted_server.h"

namespace pipeline {
namespace {

using test::S3House;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* access_denied = "Pipeline.AccessDenied";
constexpr const char* unavailable = "Pipeline.Unavailable";
constexpr const char* config_invalid = "Pipeline.ConfigInvalid";
const std::set<std::string> store_lines{"list of the store", "read from the store",
                                        "write to the store", "clock of the store"};

/// "Sun, 01 Feb 2026 07:00:00 GMT"
std::string http_date(std::chrono::system_clock::time_point instant) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(instant);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string text(64, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text;
}

class DoctorOfABucket : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server = new test::MariadbServer();
    server->apply_grants();
  }
  static void TearDownTestSuite() {
    delete server;
    server = nullptr;
  }

  DoctorOfABucket() : house_(server->socket()) {
    use_keys(S3House::gateway().access_key(), S3House::gateway().secret_key());
    use_store(bucket_.url() + "/team", S3House::gateway().endpoint());
    const std::string bytes = gzipped(small_dump());
    TextSource source(bytes);
    const auto today = BusinessDate::at(system_clock().now());
    dump_ = fmt::format("dumps/gghouse_{}.sql.gz", today.compact());
    bucket_.open()->put("team/" + dump_, source);
  }

  void use_keys(const std::string& id, const std::string& secret) const {
    house_.write("secrets/s3_key", id + "\n");
    house_.write("secrets/s3_secret", secret + "\n");
    close_secrets(house_);
  }
  void use_store(const std::string& url, const std::string& endpoint) {
    const std::string text = fmt::format(
        "store: {}\n  region: us-east-1\n  endpoint: {}\n  credentials:\n"
        "    access_key_id: {{file: secrets/s3_key}}\n"
        "    secret_access_key: {{file: secrets/s3_secret}}",
        url, endpoint);
    house_.change("pipeline.yaml", store_text_, text);
    store_text_ = text;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> found;
    for (const auto& object : bucket_.open()->list("")) found.push_back(object.key);
    return found;
  }
  /// Accounts and server have nothing to do with it.
  static void expect_other_groups(const Diagnosis& diagnosis) {
    for (const auto* line : {"configuration", "state machine", "dbt project", "login of load",
                             "login of publish", "rights of build on silver", "takes writes"}) {
      ASSERT_NE(diagnosis.line(line), nullptr) << line << diagnosis.program.out;
      EXPECT_EQ(diagnosis.line(line)->verdict, Verdict::ok) << line;
    }
    const auto there = diagnosis.names();
    for (const auto& line : store_lines) EXPECT_TRUE(there.contains(line)) << line;
  }

  static test::MariadbServer* server;
  BadInputHouse house_;
  S3House bucket_;
  std::string dump_;
  std::string store_text_ = "store: store";
};

test::MariadbServer* DoctorOfABucket::server = nullptr;

TEST_F(DoctorOfABucket, FindsItInOrderAndLeavesNoProbe) {
  const auto before = keys();
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 0) << diagnosis.program.out;
  for (const auto& line : store_lines) {
    ASSERT_NE(diagnosis.line(line), nullptr) << line << diagnosis.program.out;
    EXPECT_EQ(diagnosis.line(line)->verdict, Verdict::ok) << diagnosis.program.out;
  }
  EXPECT_THAT(diagnosis.line("list of the store")->found, HasSubstr(dump_));
  EXPECT_THAT(diagnosis.line("read from the store")->found, HasSubstr("gzip"));
  EXPECT_THAT(diagnosis.line("write to the store")->found,
              HasSubstr("processed/pipeline-doctor-probe-"));
  EXPECT_THAT(diagnosis.line("AWS identity")->found, HasSubstr("nothing comes from AWS"));
  expect_other_groups(diagnosis);
  EXPECT_EQ(keys(), before);
}

TEST_F(DoctorOfABucket, TellsOfABucketThatIsNotThere) {
  use_store("s3://nobody-made-this/team", S3House::gateway().endpoint());
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "list of the store",
                             .error = config_invalid,
                             .found = {"nobody-made-this"},
                             .advice = {"aws s3 mb s3://nobody-made-this)", "source.store"}});
  EXPECT_EQ(diagnosis.line("read from the store")->verdict, Verdict::fail);
  EXPECT_EQ(diagnosis.line("write to the store")->verdict, Verdict::fail);
  EXPECT_EQ(diagnosis.line("clock of the store")->verdict, Verdict::ok);
  expect_other_groups(diagnosis);
}

TEST_F(DoctorOfABucket, TellsOfKeysThatMayNotListIt) {
  use_keys(S3House::gateway().stranger_access_key(), S3House::gateway().stranger_secret_key());
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  expect_trouble(diagnosis, {.line = "list of the store",
                             .error = access_denied,
                             .advice = {"s3:ListBucket", "source.credentials"}});
  expect_other_groups(diagnosis);
}

TEST_F(DoctorOfABucket, TellsOfKeysThatMayReadAndNotWrite) {
  const S3Options asked = S3House::options();
  S3Client owner(
      {.address = s3_address(bucket_.url(), asked.endpoint, asked.region, S3Addressing::path),
       .region = asked.region,
       .credentials = asked.credentials,
       .http = {},
       .clock = &system_clock()});
  for (const std::string& key : {std::string(), "team/" + dump_}) {
    owner.call({.method = http::Method::put,
                .key = key,
                .query = {{"acl", ""}},
                .headers = {{"x-amz-acl", "public-read"}}});
  }
  use_keys(S3House::gateway().stranger_access_key(), S3House::gateway().stranger_secret_key());
  const auto before = keys();
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  EXPECT_EQ(diagnosis.line("list of the store")->verdict, Verdict::ok) << diagnosis.program.out;
  EXPECT_EQ(diagnosis.line("read from the store")->verdict, Verdict::ok) << diagnosis.program.out;
  expect_trouble(diagnosis, {.line = "write to the store",
                             .error = access_denied,
                             .advice = {"s3:PutObject", "s3:DeleteObject"}});
  expect_other_groups(diagnosis);
  EXPECT_EQ(keys(), before);
}

TEST_F(DoctorOfABucket, RemovesItsProbeWhereItMayWriteAndNotRead) {
  const auto nothing_there = test::whole_answer(
      "200 OK", "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  const auto denied =
      test::whole_answer("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>");
  const std::string now = http_date(system_clock().now());
  const test::ScriptedServer service(
      {test::whole_answer("200 OK\r\nDate: " + now, ""),
       nothing_there,
       nothing_there,
       nothing_there,
       test::whole_answer("200 OK\r\nETag: \"x\"", ""),
       {.bytes = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"},
       denied,
       test::whole_answer("204 No Content", "")});
  use_store("s3://bucket", service.origin());
  expect_trouble(ask_doctor(house_), {.line = "write to the store",
                                      .error = access_denied,
                                      .advice = {"s3:GetObject", "s3:DeleteObject"}});
  std::vector<std::string> lines;
  for (const auto& request : service.requests()) {
    lines.push_back(request.substr(0, request.find(" HTTP")));
  }
  ASSERT_EQ(lines.size(), 8U) << join(lines, "\n");
  const std::string probe = lines[4].substr(lines[4].find('/'));
  EXPECT_THAT(probe, HasSubstr("processed/pipeline-doctor-probe-"));
  EXPECT_EQ(lines[4], "PUT " + probe);
  EXPECT_EQ(lines[5], "HEAD " + probe);
  EXPECT_EQ(lines[6], "GET " + probe);
  EXPECT_EQ(lines[7], "DELETE " + probe);
}

TEST_F(DoctorOfABucket, TellsOfACertificateThatIsNotToBeTrusted) {
  use_store(bucket_.url() + "/team", S3House::gateway().tls_endpoint());
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  for (const auto& line : store_lines) {
    expect_trouble(diagnosis, {.line = line,
                               .error = access_denied,
                               .found = {"certificate"},
                               .advice = {"source.tls.ca", house_.file("pipeline.yaml")}});
  }
  expect_other_groups(diagnosis);
}

TEST_F(DoctorOfABucket, TellsOfAClockThatIsOff) {
  const auto wrong = system_clock().now() - std::chrono::minutes(10);
  const test::ScriptedServer service(
      {test::whole_answer("403 Forbidden\r\nDate: " + http_date(wrong), "")});
  use_store("s3://bucket", service.origin());
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  expect_trouble(diagnosis, {.line = "clock of the store",
                             .error = unavailable,
                             .found = {"s behind this host's"},
                             .advice = {"timedatectl set-ntp true"}});
  expect_other_groups(diagnosis);
}

TEST_F(DoctorOfABucket, WarnsOfAStoreThatTellsNoTime) {
  const test::ScriptedServer service({test::whole_answer("403 Forbidden", "")});
  use_store("s3://bucket", service.origin());
  expect_trouble(ask_doctor(house_), {.line = "clock of the store",
                                      .verdict = Verdict::warn,
                                      .found = {"no Date"},
                                      .advice = {"date -u"}});
}

TEST_F(DoctorOfABucket, WaitsForASilentEndpointForABoundedTime) {
  const test::ScriptedServer service(
      {{.bytes = "", .then = test::ScriptedAnswer::Then::stay_silent}});
  use_store("s3://bucket", service.origin());
  const Diagnosis diagnosis = ask_doctor(house_);
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  for (const auto& line : store_lines) {
    expect_trouble(diagnosis, {.line = line,
                               .error = unavailable,
                               .advice = {"curl -I " + service.origin(), "source.endpoint"}});
  }
  expect_other_groups(diagnosis);
}

/// Keys that STS is asked about: those of the gateway, known to both.
class DoctorOfAnAccount : public DoctorOfABucket {
 protected:
  DoctorOfAnAccount() {
    const auto& gateway = S3House::gateway();
    Json key = Json::object();
    key.set("secret", gateway.secret_key());
    key.set("account", "111122223333");
    key.set("arn", "arn:aws:iam::111122223333:user/night");
    Json keys = Json::object();
    keys.set(gateway.access_key(), std::move(key));
    services_.set({"keys"}, std::move(keys));
    const std::string text = fmt::format("store: {}/team\n  region: us-east-1\n  endpoint: {}",
                                         bucket_.url(), gateway.endpoint());
    house_.change("pipeline.yaml", store_text_, text);
  }
  void use_account(const std::string& account) const {
    house_.write("pipeline.yaml", fmt::format("aws: {{account: \"{}\"}}\n", account) +
                                      house_.text_of("pipeline.yaml"));
  }
  Diagnosis ask() const {
    const auto& gateway = S3House::gateway();
    return ask_doctor(house_, {{"AWS_ACCESS_KEY_ID", gateway.access_key()},
                               {"AWS_SECRET_ACCESS_KEY", gateway.secret_key()},
                               {"AWS_ENDPOINT_URL_STS", services_.origin()},
                               {"AWS_EC2_METADATA_DISABLED", "true"}});
  }

  test::AwsServices services_{R"({"keys": {}})"};
};

TEST_F(DoctorOfAnAccount, NamesWhoThePipelineIs) {
  use_account("111122223333");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 0) << diagnosis.program.out;
  const Finding* line = diagnosis.line("AWS identity");
  ASSERT_NE(line, nullptr);
  EXPECT_EQ(line->verdict, Verdict::ok);
  EXPECT_THAT(line->found, AllOf(HasSubstr("111122223333"), HasSubstr("user/night"),
                                 HasSubstr("keys from the environment")));
}

TEST_F(DoctorOfAnAccount, NamesWhoThePipelineIsWhereAlertsAloneUseAws) {
  const std::string in_bucket = fmt::format("store: {}/team\n  region: us-east-1\n  endpoint: {}",
                                            bucket_.url(), S3House::gateway().endpoint());
  house_.change("pipeline.yaml", in_bucket, "store: store");
  house_.change("pipeline.yaml", "type: command, command: [/bin/true]",
                "type: sns, topic_arn: 'arn:aws:sns:us-east-1:111122223333:night'");
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 0) << diagnosis.program.out;
  expect_trouble(diagnosis, {.line = "AWS identity",
                             .verdict = Verdict::warn,
                             .found = {"111122223333", "keys from the environment"},
                             .advice = {"aws: {account"}});
}

TEST_F(DoctorOfAnAccount, WarnsWhereAnyAccountIsTaken) {
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 0) << diagnosis.program.out;
  expect_trouble(diagnosis, {.line = "AWS identity",
                             .verdict = Verdict::warn,
                             .found = {"111122223333"},
                             .advice = {"account: \"111122223333\""}});
}

TEST_F(DoctorOfAnAccount, TellsOfKeysOfAnotherAccountAndTouchesNothing) {
  use_account("999988887777");
  const auto before = keys();
  const Diagnosis diagnosis = ask();
  EXPECT_EQ(diagnosis.program.exit_code, 10);
  expect_trouble(diagnosis, {.line = "AWS identity",
                             .error = config_invalid,
                             .found = {"999988887777", "111122223333", "user/night"},
                             .advice = {"aws.account", "aws.profile"}});
  expect_other_groups(diagnosis);
  EXPECT_EQ(keys(), before);
}

TEST_F(DoctorOfAnAccount, WaitsForASilentStsForABoundedTimeAndTellsTheStoresClockAllTheSame) {
  use_account("111122223333");
  const test::ScriptedServer sts({{.bytes = "", .then = test::ScriptedAnswer::Then::stay_silent},
                                  {.bytes = "", .then = test::ScriptedAnswer::Then::stay_silent},
                                  {.bytes = "", .then = test::ScriptedAnswer::Then::stay_silent}});
  const auto& gateway = S3House::gateway();
  const Diagnosis diagnosis = ask_doctor(house_, {{"AWS_ACCESS_KEY_ID", gateway.access_key()},
                                                  {"AWS_SECRET_ACCESS_KEY", gateway.secret_key()},
                                                  {"AWS_ENDPOINT_URL_STS", sts.origin()}});
  expect_trouble(
      diagnosis,
      {.line = "AWS identity", .error = unavailable, .advice = {"sts.amazonaws.com", "firewall"}});
  EXPECT_EQ(diagnosis.program.exit_code, 16);
  EXPECT_EQ(diagnosis.line("clock of the store")->verdict, Verdict::ok);
  EXPECT_EQ(diagnosis.line("list of the store")->verdict, Verdict::fail);
  expect_other_groups(diagnosis);
}

TEST_F(DoctorOfAnAccount, TellsOfKeysThatNobodyHas) {
  const Diagnosis diagnosis = ask_doctor(house_, {{"AWS_ACCESS_KEY_ID", "AKIDUNKNOWN"},
                                                  {"AWS_SECRET_ACCESS_KEY", "canary-of-nobody"},
                                                  {"AWS_ENDPOINT_URL_STS", services_.origin()}});
  EXPECT_EQ(diagnosis.program.exit_code, 15);
  expect_trouble(diagnosis, {.line = "AWS identity",
                             .error = access_denied,
                             .advice = {"aws sts get-caller-identity", "docs/reference/aws.md"}});
  expect_other_groups(diagnosis);
}

}  // namespace
}  // namespace pipeline
