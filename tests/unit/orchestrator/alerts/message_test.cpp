// The words of the alert, compared with tests/golden/alerts.
#include "orchestrator/alerts/message.h"

#include <gtest/gtest.h>

#include "common/base/json.h"
#include "tests/support/golden.h"

namespace pipeline {
namespace {

using Status = AttemptRecord::Status;

const MessageOptions options{.program = "/usr/bin/orchestrator",
                             .config_path = "/etc/nightly-pipeline/pipeline.yaml"};

/// A run of 2026-02-02 to which states are added, one minute apart.
class RunOf {
 public:
  RunOf() {
    detail.run.id = "20260202-070000-ab12";
    detail.run.business_date = *BusinessDate::parse("2026-02-02");
    detail.run.started = now_;
  }

  RunOf& state(const std::string& name) {
    detail.states.push_back({.name = name, .type = "Task", .entered = now_, .exited = {}});
    number_ = 0;
    return *this;
  }

  RunOf& attempt(const std::string& resource, Status status, const std::string& error = {},
                 const std::string& cause = {}) {
    AttemptRecord attempt{.state = detail.states.back().name,
                          .number = ++number_,
                          .resource = resource,
                          .status = status,
                          .scheduled = now_,
                          .started = now_,
                          .ended = now_ + std::chrono::minutes(1),
                          .error = error,
                          .cause = cause,
                          .exit_code = {},
                          .signal = {},
                          .pid = {},
                          .log_path = "/srv/runs/x/" + detail.states.back().name + "-" +
                                      std::to_string(number_) + ".log"};
    now_ += std::chrono::minutes(1);
    detail.attempts.push_back(std::move(attempt));
    return *this;
  }

  RunDetail detail;

 private:
  Instant now_ = BusinessDate::parse("2026-02-02")->instant_at(std::chrono::hours(7));
  int number_ = 0;
};

void expect_golden(const RunOf& run, const std::string& name) {
  const std::string text =
      compose_message(run.detail, options).to_json().dump(Json::Style::indented) + "\n---\n" +
      compose_message(run.detail, options).text;
  EXPECT_TRUE(
      test::equals_golden(text, PIPELINE_SOURCE_DIR "/tests/golden/alerts/" + name + ".expected"));
}

TEST(AlertMessage, TellsWhatFailedWhatIsDoneAndWhatToType) {
  RunOf run;
  run.state("Staging").attempt("stage:staging_loader", Status::succeeded);
  run.state("Silver")
      .attempt("stage:silver_transformer", Status::failed, "Pipeline.LockContention", "1205")
      .attempt("stage:silver_transformer", Status::failed, "Pipeline.DataTestFailed",
               "not_null_int_contracts_tenant_id: 3 rows (models/silver/schema.yml:41)");
  // The alert itself is on its way.
  run.state("NotifySilverFailed").attempt("notify:ops", Status::running);
  expect_golden(run, "silver_failed");
}

TEST(AlertMessage, KnowsErrorsThatAreNotOurs) {
  RunOf run;
  run.state("Staging").attempt("stage:staging_loader", Status::timed_out, "States.Timeout",
                               "staging_loader was stopped after its limit of 7200 s");
  expect_golden(run, "staging_timed_out");
}

TEST(AlertMessage, QuotesForTheShell) {
  RunOf run;
  run.state("Load it's").attempt("stage:x", Status::failed, "Custom", "c");
  const auto message = compose_message(
      run.detail, {.program = "/opt/a b/orchestrator", .config_path = "/etc/p.yaml"});
  EXPECT_EQ(message.command,
            "'/opt/a b/orchestrator' --config /etc/p.yaml rerun --only 'load it'\\''s' "
            "--date 2026-02-02");
}

TEST(AlertMessage, SaysSoIfNothingFailed) {
  RunOf run;
  run.state("Staging").attempt("stage:staging_loader", Status::succeeded);
  run.state("Tell").attempt("notify:ops", Status::running);
  expect_golden(run, "nothing_failed");
}

}  // namespace
}  // namespace pipeline
