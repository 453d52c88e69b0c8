// The result file: whole, redacted, and read back as written.
#include "common/stage/stage_result.h"

#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/secret.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

class ResultFile : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "/result_" + std::to_string(getpid()) + ".json";
  void TearDown() override { std::remove(path_.c_str()); }
};

TEST_F(ResultFile, ReadsBackAFailure) {
  StageResult result = StageResult::failed(Error(ErrorKind::lock_contention, "held")
                                               .with("errno", "1205")
                                               .caused_by(std::runtime_error("x")));
  result.output.set("rows", 3);
  write_stage_result(path_, result);
  const auto read = read_stage_result(path_);
  ASSERT_TRUE(read && read->error);
  EXPECT_EQ(read->status, StageResult::Status::failed);
  EXPECT_EQ(read->error->name, "Pipeline.LockContention");
  EXPECT_EQ(read->error->cause, "held: x");
  EXPECT_TRUE(read->error->retryable);
  EXPECT_EQ(read->error->context.at("errno").as_string(), "1205");
  EXPECT_EQ(read->output.at("rows").as_int(), 3);
}

TEST_F(ResultFile, IsAbsentUntilItIsWhole) {
  EXPECT_FALSE(read_stage_result(path_));
  replace_file(path_, "{\"schema\":1,");
  EXPECT_THROW(read_stage_result(path_), Error);
}

TEST_F(ResultFile, IsRefusedBeforehandWhereItCannotBeWritten) {
  EXPECT_NO_THROW(require_result_place(path_));
  EXPECT_FALSE(read_stage_result(path_)) << "a trial leaves nothing";
  const auto refusal = [](const std::string& path) {
    try {
      require_result_place(path);
    } catch (const Error& error) {
      return std::string(error.name()) + " " + error.message();
    }
    return std::string("no refusal");
  };
  EXPECT_EQ(refusal("/no/such/r.json"),
            "Pipeline.ConfigInvalid the result file could not be written at the end, so nothing is "
            "begun: /no/such is no folder; --result-file names it");
  EXPECT_THAT(refusal(testing::TempDir()), HasSubstr(" is a folder; --result-file names it"));
  EXPECT_THAT(refusal("/proc/r.json"), HasSubstr("cannot create /proc/r.json."));
}

TEST_F(ResultFile, HoldsNoSecret) {
  const Secret secret("canary-4711");
  write_stage_result(path_,
                     StageResult::failed(Error(ErrorKind::internal, "with canary-4711 in it")));
  EXPECT_THAT(read_file(path_), Not(HasSubstr("canary-4711")));
}

TEST_F(ResultFile, OfAnotherSchemaIsRefused) {
  replace_file(path_, R"({"schema":2,"status":"succeeded"})");
  EXPECT_THROW(read_stage_result(path_), Error);
}

}  // namespace
}  // namespace pipeline
