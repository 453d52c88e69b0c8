// A folder with a pipeline.yaml whose channels a test writes, a stage that always fails, and the
// orchestrator binary.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/aws_services.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_servers.h"

namespace pipeline::test {

inline constexpr std::string_view topic = "arn:aws:sns:ap-northeast-1:111122223333:night";

/// Keys that the services of AWS in these tests know.
std::map<std::string, std::string> aws_keys();

class NotificationsTest : public testing::Test {
 protected:
  NotificationsTest();

  /// What the stage says from now on.
  void fails_with(const std::string& error, const std::string& cause) const;
  /// `channels` are lines of the section alerts; `more` are other sections.
  void configure(const std::string& channels, const std::string& more = "") const;
  /// Load fails, and then each channel in turn is told, whether or not the one before it was.
  void machine_that_tells(const std::vector<std::string>& channels) const;

  ProgramResult orchestrator(const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& env = {}) const;
  /// alert test ops
  ProgramResult try_channel(const std::map<std::string, std::string>& env = {}) const;
  /// The attempts at telling in the last run, "notify:ops SUCCEEDED " or with the error.
  std::vector<std::string> told() const;

  /// The channel ops; `more` is ", key: value".
  static std::string mail_channel(const MailServer& server, const std::string& more = "");
  static std::string hook_channel(const std::string& url, const std::string& more = "");

  /// Settings of a mail server that takes what the channel logs in with.
  static constexpr std::string_view mail_users = R"({"users": {"night": "canary-mail-password"}})";

  TempDir dir_;
};

/// With SNS and its like; AKNIGHT may publish to the topic.
class SnsTest : public NotificationsTest {
 protected:
  std::map<std::string, std::string> env() const;
  void publish_to_topic(const std::string& more = "") const;

  AwsServices services_{R"({"keys": {
    "AKNIGHT": {"secret": "canary-aws-secret", "account": "111122223333",
                "arn": "arn:aws:iam::111122223333:user/night"}},
    "topics": {"arn:aws:sns:ap-northeast-1:111122223333:night": {"publishers": ["AKNIGHT"]}}})"};
};

}  // namespace pipeline::test
