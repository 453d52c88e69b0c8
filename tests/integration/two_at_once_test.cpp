// Two runs at once: the second is told who is there, and the first does not
// notice.
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/run_lock.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

class TwoAtOnce : public BadWarehouseTest {
 protected:
  void SetUp() override {
#ifndef PIPELINE_FAILPOINTS
    GTEST_SKIP() << "built without failpoints";
#endif
  }

  /// Starts a program that waits at the failpoint until let_go().
  void start_first(const Start& start, const std::string& failpoint) {
    house_.remove("gate");
    test::ProgramToRun program = house_.program(start);
    // Its own result file: the second one writes another.
    for (auto& word : program.argv) word = replace_all(word, "result.json", "first.json");
    program.env["PIPELINE_FAILPOINT"] = failpoint + ":pause";
    program.env["PIPELINE_FAILPOINT_GATE"] = house_.file("gate");
    first_ = std::async(std::launch::async, [program] { return test::run_program(program); });
  }

  void let_go_and_expect_green() {
    house_.write("gate", "open");
    const auto ended = first_.get();
    EXPECT_TRUE(ended.ok()) << ended.text();
  }

  void wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void wait_until_locked(const std::string& schema) {
    wait_until([&] {
      return warehouse_.root()
          .query_value("SELECT IS_USED_LOCK(" + quote_text(publish::lock_name(schema)) + ")")
          .has_value();
    });
  }

  /// All at once, since each waits some seconds for the lock. `run` stands in
  /// each message.
  void expect_told(const std::vector<std::pair<Start, std::string>>& starts,
                   const std::string& run) {
    const std::string before = warehouse_.picture();
    std::vector<std::future<Said>> said;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      test::ProgramToRun program = house_.program(starts[i].first);
      const std::string result = house_.file(fmt::format("result_{}.json", i));
      for (auto& word : program.argv) {
        if (word == house_.file("result.json")) word = result;
      }
      said.push_back(std::async(std::launch::async, [this, program, result] {
        return house_.heard(test::run_program(program), result);
      }));
    }
    for (std::size_t i = 0; i < starts.size(); ++i) {
      expect_refusal(
          starts[i].first, said[i].get(),
          {.error = "Pipeline.AlreadyRunning",
           .says = {fmt::format("the lock of schema {} is held by connection ", starts[i].second),
                    " of run " + run, "wait for that run or end it"}});
    }
    EXPECT_EQ(warehouse_.picture(), before);
  }

  std::future<test::ProgramResult> first_;
};

Start named(Start start) {
  start.arguments.insert(start.arguments.end(), {"--run-id", "the-first"});
  return start;
}

TEST_F(TwoAtOnce, WithALoaderEveryOtherStageIsToldAndTheLoadGoesOn) {
  start_first(named(second_day("staging_loader")), "loader_after_load");
  wait_until_locked("staging");
  expect_told({{second_day("staging_loader"), "staging"},
               {second_day("silver_transformer"), "staging"},
               {start_of("staging_loader", {"check"}), "staging"}},
              "the-first");
  let_go_and_expect_green();
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-01 2026-02-01");
  expect_second_day_goes_on();
}

TEST_F(TwoAtOnce, WithASilverTransformerEveryOtherStageIsToldAndTheBuildGoesOn) {
  start_first(named(second_day("silver_transformer")), "run_before_tests");
  wait_until_locked("staging");
  expect_told({{second_day("silver_transformer"), "seeds"},
               {second_day("staging_loader"), "staging"},
               {second_day("gold_transformer"), "seeds"}},
              "the-first");
  let_go_and_expect_green();
  expect_green(start_of("gold_transformer"));  // the first day's, of the new silver
  expect_second_day_goes_on();
}

TEST_F(TwoAtOnce, WithAGoldTransformerASecondOneIsToldAndTheBuildGoesOn) {
  start_first(named(second_day("gold_transformer")), "run_before_tests");
  wait_until_locked("gold");
  expect_told({{second_day("gold_transformer"), "gold"}}, "the-first");
  let_go_and_expect_green();
  expect_second_day_goes_on();
}

TEST_F(TwoAtOnce, ASecondOrchestratorIsRecordedAsSkippedAndTheFirstGoesOn) {
  start_first(second_day("orchestrator"), "tasks.ended");
  // What a load does last is done; its outcome is not recorded yet.
  wait_until([&] {
    return std::filesystem::exists(house_.file("store/processed/gghouse_20260202.sql.gz")) &&
           !std::filesystem::exists(house_.file("store/dumps/gghouse_20260202.sql.gz"));
  });
  for (const auto& start :
       {second_day("orchestrator"), start_of("orchestrator", {"rerun", "--only", "silver"})}) {
    expect_refused(start, {.error = "Pipeline.AlreadyRunning",
                           .says = {"another orchestrator works on " + house_.file("state"),
                                    "this start is recorded as ", " and did nothing"}});
  }
  let_go_and_expect_green();
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-02 2026-02-02");
  const Said listed = house_.run(start_of("orchestrator", {"history", "--json"}));
  std::vector<std::string> runs;
  const Json document = Json::parse(listed.program.out);
  for (const auto& run : document.as_array()) {
    runs.push_back(run.at("status").as_string() + " " + run.at("error").as_string());
  }
  EXPECT_EQ(runs, (std::vector<std::string>{"ABORTED Pipeline.AlreadyRunning",
                                            "ABORTED Pipeline.AlreadyRunning", "SUCCEEDED "}));
}

}  // namespace
}  // namespace pipeline
