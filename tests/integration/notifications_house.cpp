#include "tests/integration/notifications_house.h"

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"

namespace pipeline::test {
namespace {

constexpr std::string_view config_text = R"yaml(
source: {store: store}
warehouse:
  server: managed
  socket: mariadbd.sock
  accounts:
    load: {user: l, password: {file: p}}
    build: {user: b, password: {file: p}}
    publish: {user: p, password: {file: p}}
    janitor: {user: j, password: {file: p}}
transform:
  project: dbt
  layers: {silver: {select: "path:silver"}, gold: {select: "path:gold"}}
orchestrator:
  state_machine: machine.yaml
  state_dir: state
  stages:
    staging_loader: [/bin/sh, DIR/stage]
)yaml";

/// A loader that always fails, with the result file that the test wrote.
constexpr std::string_view stage_script = R"sh(#!/bin/sh
[ "$1" = check ] && exit 16
while [ $# -gt 0 ]; do
  case $1 in
    --result-file) cp "$(dirname "$0")/result.json" "$2"; shift 2 ;;
    *) shift ;;
  esac
done
env >"$(dirname "$0")/stage.env"
exit 1
)sh";

}  // namespace

std::map<std::string, std::string> aws_keys() {
  return {{"AWS_ACCESS_KEY_ID", "AKNIGHT"},
          {"AWS_SECRET_ACCESS_KEY", "canary-aws-secret"},
          {"AWS_EC2_METADATA_DISABLED", "true"}};
}

NotificationsTest::NotificationsTest() {
  dir_.write("stage", stage_script);
  dir_.write("password", "canary-mail-password\n");
  fails_with("Pipeline.SqlRejected", "the server says no");
}

void NotificationsTest::fails_with(const std::string& error, const std::string& cause) const {
  Json failure = Json::object();
  failure.set("name", error);
  failure.set("cause", cause);
  failure.set("retryable", false);
  failure.set("context", Json::object());
  Json result = Json::object();
  result.set("schema", 1);
  result.set("status", "failed");
  result.set("error", failure);
  result.set("output", Json::object());
  dir_.write("result.json", result.dump());
}

void NotificationsTest::configure(const std::string& channels, const std::string& more) const {
  dir_.write("pipeline.yaml",
             replace_all(config_text, "DIR", dir_.path()) + more + "alerts:\n" + channels);
}

void NotificationsTest::machine_that_tells(const std::vector<std::string>& channels) const {
  std::string machine = R"yaml(StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:staging_loader
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.error, Next: Tell0}]
    End: true
)yaml";
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string next = i + 1 < channels.size() ? fmt::format("Tell{}", i + 1) : "Failed";
    machine += fmt::format(
        "  Tell{0}: {{Type: Task, Resource: 'notify:{1}', ResultPath: $.told, Next: {2}, "
        "Catch: [{{ErrorEquals: [States.ALL], ResultPath: $.untold, Next: {2}}}]}}\n",
        i, channels[i], next);
  }
  machine += "  Failed: {Type: Fail, ErrorPath: $.error.Error, CausePath: $.error.Cause}\n";
  dir_.write("machine.yaml", machine);
}

ProgramResult NotificationsTest::orchestrator(const std::vector<std::string>& arguments,
                                              const std::map<std::string, std::string>& env) const {
  std::vector<std::string> argv{PIPELINE_BIN_DIR "/orchestrator", "--config",
                                dir_.file("pipeline.yaml")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_program({.argv = argv, .env = env});
}

ProgramResult NotificationsTest::try_channel(const std::map<std::string, std::string>& env) const {
  return orchestrator({"alert", "test", "ops"}, env);
}

std::vector<std::string> NotificationsTest::told() const {
  const auto shown = orchestrator({"show", "last", "--json"});
  EXPECT_TRUE(shown.ok()) << shown.text();
  const Json run = Json::parse(shown.out);
  std::vector<std::string> found;
  for (const auto& attempt : run.at("attempts").as_array()) {
    if (!attempt.at("resource").as_string().starts_with("notify:")) continue;
    found.push_back(fmt::format("{} {} {}", attempt.at("resource").as_string(),
                                attempt.at("status").as_string(), attempt.at("error").as_string()));
  }
  return found;
}

std::string NotificationsTest::mail_channel(const MailServer& server, const std::string& more) {
  return fmt::format(
      "  ops: {{type: smtp, host: localhost, port: {}, ca_file: {}, username: night, "
      "password: {{file: password}}, from: 夜間 <night@example.com>, "
      "to: [ops@example.com, 'Doe, Jane <jane@example.com>'], timeout_seconds: 20{}}}\n",
      server.port(), server.ca_file(), more);
}

std::string NotificationsTest::hook_channel(const std::string& url, const std::string& more) {
  return fmt::format("  ops: {{type: webhook, url: '{}', timeout_seconds: 20{}}}\n", url, more);
}

std::map<std::string, std::string> SnsTest::env() const {
  auto env = aws_keys();
  env["AWS_ENDPOINT_URL"] = services_.origin();
  return env;
}

void SnsTest::publish_to_topic(const std::string& more) const {
  configure(fmt::format("  ops: {{type: sns, topic_arn: '{}', timeout_seconds: 20}}\n", topic),
            more);
}

}  // namespace pipeline::test
