// manifest.json and run_results.json as runs leave them: green, failed, refused, stopped, a part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <future>
#include <map>
#include <set>
#include <string>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/integration/shop_warehouse.h"
#include "tests/support/golden.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using namespace shop;
using testing::HasSubstr;

const std::set<std::string> keys_of_a_result = {
    "status",   "timing",    "thread_id", "execution_time", "adapter_response", "message",
    "failures", "unique_id", "compiled",  "compiled_code",  "relation_name"};

class RunArtifactsTest : public ShopTest {
 protected:
  Json artifact(const std::string& name) {
    return Json::parse(read_file(warehouse_.file("target/" + name)));
  }

  /// Status and message of each node of run_results.json; checks what the schema asks of all.
  std::map<std::string, std::string> statuses() {
    std::map<std::string, std::string> found;
    const Json results = artifact("run_results.json");
    EXPECT_EQ(results.at("metadata").at("dbt_schema_version").as_string(),
              "https://schemas.getdbt.com/dbt/run-results/v5.json");
    EXPECT_TRUE(results.at("elapsed_time").is_number());
    EXPECT_TRUE(results.at("args").is_object());
    for (const auto& result : results.at("results").as_array()) {
      std::set<std::string> keys;
      for (const auto& [key, value] : result.as_object()) keys.insert(key);
      EXPECT_EQ(keys, keys_of_a_result);
      EXPECT_TRUE(result.at("timing").is_array());
      EXPECT_TRUE(result.at("thread_id").is_string());
      EXPECT_TRUE(result.at("execution_time").is_number());
      found[result.at("unique_id").as_string()] = result.at("status").as_string();
    }
    return found;
  }

  Json result_of(const std::string& unique_id) {
    const Json results = artifact("run_results.json");
    for (const auto& result : results.at("results").as_array()) {
      if (result.at("unique_id").as_string() == unique_id) return result;
    }
    ADD_FAILURE() << unique_id << " has no result";
    return {};
  }

  std::size_t with_status(const std::string& status) {
    std::size_t count = 0;
    for (const auto& [id, word] : statuses()) {
      if (word == status) ++count;
    }
    return count;
  }

  /// No half-written file may stay beside the documents.
  void expect_no_leftovers() {
    for (const auto& entry : fs::directory_iterator(warehouse_.file("target"))) {
      EXPECT_FALSE(entry.path().string().ends_with(".tmp")) << entry.path();
    }
  }
};

/// What differs from run to run, replaced.
Json masked(const Json& value, const std::string& key, const std::string& dir) {
  static const std::set<std::string> times = {"generated_at",   "started_at",   "completed_at",
                                              "execution_time", "elapsed_time", "created_at"};
  if (times.contains(key)) return "<time>";
  if (key == "invocation_id") return "<run>";
  if (value.is_string()) return replace_all(value.as_string(), dir, "<dir>");
  if (value.is_array()) {
    Json list = Json::array();
    for (const auto& item : value.as_array()) list.push_back(masked(item, "", dir));
    return list;
  }
  if (!value.is_object()) return value;
  Json object = Json::object();
  for (const auto& [name, entry] : value.as_object()) object.set(name, masked(entry, name, dir));
  return object;
}

TEST_F(RunArtifactsTest, OfAGreenLayerAreAsDbtWritesThem) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  expect_green(warehouse_.run("silver_transformer", {}, {{"DBT_ENV_CUSTOM_ENV_TEAM", "data"}}));
  const std::string dir = fs::path(warehouse_.file("x")).parent_path().string();
  const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/artifacts/";
  EXPECT_TRUE(test::equals_golden(
      masked(artifact("run_results.json"), "", dir).dump(Json::Style::indented) + "\n",
      folder + "run_results.expected"));
  expect_no_leftovers();
}

TEST_F(RunArtifactsTest, NameNodesThatTheManifestHas) {
  first_day();
  const Json manifest = artifact("manifest.json");
  for (const auto& [id, status] : statuses()) {
    EXPECT_NE(manifest.at("nodes").find(id), nullptr) << id;
  }
  const Json& summary = manifest.at("nodes").at("model.shop.summary");
  EXPECT_EQ(summary.at("compiled_code").as_string(),
            read_file(warehouse_.file("target/compiled/shop/models/gold/summary.sql")));
  EXPECT_EQ(manifest.at("nodes").at("model.shop.counts").find("compiled"), nullptr)
      << "the gold layer did not compile it";
}

TEST_F(RunArtifactsTest, OfALayerWithAFailureTellWhatFailedAndWhatWasSkipped) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  warehouse_.write("models/silver/stg_tenants.sql", "select nothing from {{ ref('code_status') }}");
  expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  const auto found = statuses();
  EXPECT_EQ(found.at("seed.shop.code_status"), "success");
  EXPECT_EQ(found.at("model.shop.stg_tenants"), "error");
  for (const char* below : {"model.shop.counts", "model.shop.history", "model.shop.days"}) {
    EXPECT_EQ(found.at(below), "skipped") << below;
  }
  const Json failed = result_of("model.shop.stg_tenants");
  EXPECT_THAT(failed.at("message").as_string(), HasSubstr("models/silver/stg_tenants.sql:1"));
  EXPECT_EQ(failed.at("compiled_code").as_string(), "select nothing from `seeds`.`code_status`");
  EXPECT_EQ(failed.at("adapter_response"), Json::object());
  EXPECT_EQ(failed.at("timing").as_array().size(), 2u);
  const Json skipped = result_of("model.shop.counts");
  EXPECT_EQ(skipped.at("compiled"), Json(false));
  EXPECT_EQ(skipped.at("timing"), Json::array());
  EXPECT_EQ(result_of("seed.shop.code_status").at("adapter_response").at("published"), Json(false))
      << "it was built, but nothing of the layer went live";
}

TEST_F(RunArtifactsTest, OfALayerWithAFailedTestCountItsRows) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  warehouse_.write("tests/one_current.sql", "select tenant_id from {{ ref('history') }}");
  expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
  const Json failed = result_of("test.shop.one_current");
  EXPECT_EQ(failed.at("status").as_string(), "fail");
  EXPECT_EQ(failed.at("failures"), Json(2));
  EXPECT_EQ(failed.at("message").as_string(), "Got 2 results, configured to fail if != 0");
  EXPECT_EQ(result_of("model.shop.counts").at("adapter_response").at("published"), Json(false));
}

TEST_F(RunArtifactsTest, OfARunThatAGuardRefusedHaveEveryNodeSkipped) {
  const auto refused = warehouse_.run("silver_transformer");  // staging was never published
  EXPECT_EQ(refused.error(), "Pipeline.GuardRefused");
  EXPECT_EQ(with_status("skipped"), statuses().size());
  EXPECT_EQ(statuses().at("model.shop.history"), "skipped");
  EXPECT_EQ(result_of("model.shop.history").at("message").as_string(),
            "the run ended before: Pipeline.GuardRefused");
  EXPECT_NE(artifact("manifest.json").at("nodes").find("model.shop.history"), nullptr);
}

TEST_F(RunArtifactsTest, OfAStoppedRunHaveEveryPlannedNode) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  warehouse_.write(
      "models/silver/counts.sql",
      "{{ config(materialized='table') }} select sleep(30) as status, 1 as label, 1 as "
      "tenants, curdate() as counted_on from {{ ref('stg_tenants') }}");
  auto program = warehouse_.program("silver_transformer", {});
  auto ended = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] {
    return warehouse_.value(
               "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE "
               "'%sleep(30)%' AND INFO NOT LIKE '%PROCESSLIST%'") != "0";
  }));
  ::kill(warehouse_.pid_of_transformer(), SIGTERM);
  const auto outcome = warehouse_.finish(ended.get());
  EXPECT_EQ(outcome.program.exit_code, 130) << outcome.program.text();
  const auto found = statuses();
  EXPECT_EQ(found.at("seed.shop.code_status"), "success");
  EXPECT_THAT(found.at("model.shop.counts"), testing::AnyOf("error", "skipped"));
  EXPECT_EQ(found.at("test.shop.one_current"), "skipped");
  expect_no_leftovers();
}

TEST_F(RunArtifactsTest, OfARunStoppedInItsPublishDoNotClaimToKnow) {
  first_day();
  second_day();
  Connection reader = warehouse_.server().open_root();
  reader.execute("START TRANSACTION");
  reader.query("SELECT * FROM silver.counts");
  auto program = warehouse_.program("silver_transformer", {});
  auto ended = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] {
    return warehouse_.value(
               "SELECT COUNT(*) FROM pipeline.publish_journal WHERE state = 'planned'") == "1";
  }));
  ::kill(warehouse_.pid_of_transformer(), SIGTERM);
  EXPECT_EQ(warehouse_.finish(ended.get()).program.exit_code, 130);
  const Json counts = result_of("model.shop.counts");
  EXPECT_EQ(counts.at("status").as_string(), "success");
  EXPECT_TRUE(counts.at("adapter_response").at("published").is_null());
  reader.execute("ROLLBACK");
}

TEST_F(RunArtifactsTest, OfAPartHoldThePartAlone) {
  first_day();
  expect_green(warehouse_.run("silver_transformer", {"--select", "counts"}));
  std::set<std::string> models;
  for (const auto& [id, status] : statuses()) {
    if (id.starts_with("model.") || id.starts_with("seed.")) models.insert(id);
  }
  EXPECT_EQ(models, std::set<std::string>{"model.shop.counts"});
  EXPECT_EQ(artifact("run_results.json").at("args").at("select"), Json(Json::Array{"counts"}));
  EXPECT_EQ(result_of("model.shop.counts").at("adapter_response").at("published"), Json(true));
}

TEST_F(RunArtifactsTest, OfARunWithNothingNewHaveNoResult) {
  first_day();
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_TRUE(statuses().empty());
}

TEST_F(RunArtifactsTest, ThatCannotBeWrittenStopNobody) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  // A file where the folder should be: nobody, root neither, can make it.
  fs::remove_all(warehouse_.file("target"));
  warehouse_.write("../target", "in the way");
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_THAT(outcome.program.text(),
              HasSubstr("manifest.json and run_results.json are not written"));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.history"), "3");
  fs::remove(warehouse_.file("target"));
}

TEST_F(RunArtifactsTest, ThatBecomeUnwritableLoseNoPublish) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  // The manifest of the beginning is written, and in the place of run_results.json lies a folder.
  fs::remove_all(warehouse_.file("target"));
  fs::create_directories(warehouse_.file("target/run_results.json/taken"));
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_THAT(outcome.program.text(), HasSubstr("are not written"));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.history"), "3");
  EXPECT_TRUE(fs::exists(warehouse_.file("target/manifest.json")));
  expect_no_leftovers();
  fs::remove_all(warehouse_.file("target"));
}

}  // namespace
}  // namespace pipeline
