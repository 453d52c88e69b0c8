// The table of the doctor: what becomes of findings of several stages, and the exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/secret.h"
#include "common/base/text.h"
#include "orchestrator/doctor/doctor_report.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const auto& finding : findings) {
    lines.push_back(std::string(word_of(finding.verdict)) + " " + finding.name() + ": " +
                    finding.found);
  }
  return lines;
}

TEST(DoctorReport, StandsInTheOrderOfTheChecksWhateverCameFirst) {
  EXPECT_THAT(
      lines_of(
          merged({in_order(Check::server_disk, "", "much"), in_order(Check::login, "publish", "in"),
                  in_order(Check::login, "load", "in"), in_order(Check::config_file, "", "read")})),
      ElementsAre("ok configuration: read", "ok login of publish: in", "ok login of load: in",
                  "ok disk of the server: much"));
}

TEST(DoctorReport, TellsOnceWhatSeveralStagesFoundAlike) {
  const Finding refused =
      failure(Check::login, "publish", ErrorKind::access_denied, "refused", "type");
  EXPECT_THAT(lines_of(merged({in_order(Check::login, "load", "in"), refused, refused, refused})),
              ElementsAre("ok login of load: in", "fail login of publish: refused"));
}

TEST(DoctorReport, KeepsTheWorstOfOneName) {
  EXPECT_THAT(
      lines_of(merged(
          {in_order(Check::no_excess, "publish", "none"),
           failure(Check::no_excess, "publish", ErrorKind::guard_refused, "DROP on gold", "REVOKE"),
           failure(Check::no_excess, "publish", ErrorKind::guard_refused, "DROP on hr", "REVOKE"),
           warning(Check::no_excess, "publish", "perhaps", "look")})),
      ElementsAre("fail no more rights of publish: DROP on gold",
                  "fail no more rights of publish: DROP on hr"));
}

TEST(DoctorReport, OfThoseInOrderTheFirstStays) {
  EXPECT_THAT(lines_of(merged({in_order(Check::login, "build", "logged in after 1 ms"),
                               in_order(Check::login, "build", "logged in after 2 ms")})),
              ElementsAre("ok login of build: logged in after 1 ms"));
}

TEST(DoctorReport, ExitsWithTheCodeOfTheFirstFailureAndWithNoneForWarnings) {
  const auto denied = failure(Check::login, "load", ErrorKind::access_denied, "no", "type");
  const auto elsewhere =
      failure(Check::warehouse_identity, "", ErrorKind::wrong_database, "another", "type");
  const auto doubtful = warning(Check::durability, "", "2", "type");
  EXPECT_EQ(exit_code_of(merged({doubtful, in_order(Check::config_file, "", "read")})), 0);
  EXPECT_EQ(exit_code_of(merged({elsewhere, doubtful, denied})), 15);
  EXPECT_EQ(exit_code_of(merged({elsewhere, doubtful})), 22);
  EXPECT_EQ(exit_code_of({}), 0);
}

TEST(DoctorReport, IsATableWithATitleForEachGroupAndWhatToDoBelowTheLine) {
  EXPECT_EQ(render({in_order(Check::config_file, "", "/etc/pipeline.yaml"),
                    failure(Check::login, "load", ErrorKind::access_denied, "refused\nby\xc2\x9bit",
                            "write the password"),
                    warning(Check::durability, "", "it is 2", "SET GLOBAL x = 1")}),
            "configuration\n"
            "  OK    configuration  /etc/pipeline.yaml\n"
            "accounts\n"
            "  FAIL  login of load  refused by  it\n"
            "                       -> write the password\n"
            "server\n"
            "  WARN  durability     it is 2\n"
            "                       -> SET GLOBAL x = 1\n"
            "1 in order, 1 warnings, 1 failed\n");
}

TEST(DoctorReport, ShowsNoSecret) {
  const Secret secret("canary-of-the-doctor");
  EXPECT_THAT(render({in_order(Check::login, "load", "with canary-of-the-doctor")}),
              Not(HasSubstr("canary")));
}

TEST(DoctorReport, ShowsNoSecretThatHoldsWhatATableOrJsonWritesOtherwise) {
  const std::string value = "canary \"of\\the\nsecond";
  const Secret secret(value);
  const std::vector<Finding> findings{warning(Check::login, value, "with " + value, "no " + value)};
  for (const auto& text : {render(findings), report_json(findings).dump()}) {
    EXPECT_THAT(text, AllOf(HasSubstr("with ***"), HasSubstr("no ***"), Not(HasSubstr("canary")),
                            Not(HasSubstr("second"))));
  }
}

TEST(DoctorReport, AsJsonHoldsVerdictAndExitCode) {
  const Json report = report_json(
      {failure(Check::store_write, "", ErrorKind::resource_exhausted, "full", "make room")});
  EXPECT_FALSE(report.at("ok").as_bool());
  EXPECT_EQ(report.at("exit_code").as_int(), 19);
  EXPECT_EQ(report.at("findings").as_array().at(0).at("check").as_string(), "store-write");
}

}  // namespace
}  // namespace pipeline
