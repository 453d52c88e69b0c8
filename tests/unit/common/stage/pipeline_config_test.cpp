// pipeline.yaml: what is read, and that every slip is answered with its place.
#include "common/stage/pipeline_config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string bundled = PIPELINE_SOURCE_DIR "/deploy/pipeline.yaml";

class PipelineYaml : public testing::Test {
 protected:
  void SetUp() override {
    setenv("PIPELINE_VAR", "/var/lib/np", 1);
    path_ = testing::TempDir() + "/pipeline_" + std::to_string(getpid()) + ".yaml";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  /// The bundled file with one text replaced; what its reading is refused with.
  std::string failure_with(const std::string& from, const std::string& to) {
    const std::string text = read_file(bundled);
    EXPECT_NE(text.find(from), std::string::npos) << from;
    std::ofstream(path_) << replace_all(text, from, to);
    try {
      read_pipeline_config(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return "no failure";
  }

  std::string path_;
};

TEST_F(PipelineYaml, TheBundledFileIsRead) {
  const PipelineConfig config = read_pipeline_config(bundled);
  EXPECT_EQ(config.source.store, "/var/lib/np/store");
  EXPECT_EQ(config.source.wait_until, std::chrono::minutes(7 * 60 + 40));
  EXPECT_EQ(config.warehouse.server, WarehouseConfig::Server::managed);
  EXPECT_EQ(config.warehouse.accounts.at("load").user, "etl_load");
  EXPECT_EQ(config.warehouse.accounts.at("load").password.text(),
            "file /var/lib/np/secrets/etl_load");
  ASSERT_EQ(config.transform.layers.size(), 2U);
  EXPECT_EQ(config.transform.layers[0].name, "silver");
  EXPECT_THAT(config.transform.layers[1].select, ElementsAre("path:models/gold"));
  EXPECT_EQ(config.transform.project_dir, PIPELINE_SOURCE_DIR "/stages/dbt");
  EXPECT_EQ(config.protect_history.at(0).table, "silver.tenant_status_history");
  EXPECT_EQ(std::get<CommandAlert>(config.alerts.at("ops").kind).argv.at(0), "/var/lib/np/alert");
  EXPECT_EQ(config.orchestrator.run_time, std::chrono::hours(7));
}

TEST_F(PipelineYaml, NamesPlaceAndNearestKeyOfAnUnknownOne) {
  EXPECT_THAT(failure_with("  wait_until:", "  wait_untill:"),
              HasSubstr("unknown key \"wait_untill\"; did you mean \"wait_until\"?"));
}

TEST_F(PipelineYaml, RefusesAPasswordThatStandsInTheFile) {
  EXPECT_THAT(failure_with("      password:\n        file: ${PIPELINE_VAR}/secrets/etl_load",
                           "      password: hunter2"),
              HasSubstr("a password never stands here"));
}

TEST_F(PipelineYaml, ReadsHowABucketIsReached) {
  const auto read = [](const std::string& keys) {
    return parse_pipeline_config(
        replace_all(read_file(bundled), "store: ${PIPELINE_VAR}/store", "store: s3://b-1/p" + keys),
        "/etc/np/pipeline.yaml");
  };
  const SourceConfig least = read("\n  region: ap-northeast-1").source;
  EXPECT_EQ(least.store, "s3://b-1/p");
  ASSERT_TRUE(least.s3);
  EXPECT_EQ(least.s3->region, "ap-northeast-1");
  EXPECT_EQ(least.s3->endpoint, "");
  EXPECT_EQ(least.s3->addressing, S3Config::Addressing::by_endpoint);
  EXPECT_FALSE(least.s3->keys);
  const S3Config most = *read(
                             "\n  region: r\n  endpoint: https://h:9000\n  addressing: virtual\n"
                             "  tls: {ca: ca.pem}\n  credentials:\n"
                             "    access_key_id: {file: key}\n"
                             "    secret_access_key: {credential: secret}\n"
                             "    session_token: {environment: TOKEN}")
                             .source.s3;
  EXPECT_EQ(most.endpoint, "https://h:9000");
  EXPECT_EQ(most.addressing, S3Config::Addressing::virtual_host);
  EXPECT_EQ(most.tls_ca, "/etc/np/ca.pem");
  EXPECT_EQ(most.keys->access_key_id.text(), "file /etc/np/key");
  EXPECT_EQ(most.keys->secret_access_key.text(), "systemd credential secret");
  EXPECT_EQ(most.keys->session_token.text(), "environment variable TOKEN");
}

TEST_F(PipelineYaml, RefusesABucketThatIsHalfDescribed) {
  const std::string folder = "store: ${PIPELINE_VAR}/store";
  const auto failure = [&](const std::string& text) { return failure_with(folder, text); };
  EXPECT_THAT(failure("store: s3://b-1"), HasSubstr("\"region\""));
  EXPECT_THAT(failure("store: s3://b-1\n  region: r\n  addressing: host"),
              HasSubstr("addressing is path or virtual"));
  EXPECT_THAT(failure("store: s3://b-1\n  region: r\n  endpiont: x"),
              HasSubstr("did you mean \"endpoint\""));
  EXPECT_THAT(failure("store: s3://b-1\n  region: r\n  credentials:\n    access_key_id: AKID\n"
                      "    secret_access_key: {file: x}"),
              HasSubstr("a key id never stands here"));
  EXPECT_THAT(failure("store: s3://b-1\n  region: r\n  credentials:\n"
                      "    access_key_id: {file: x}"),
              HasSubstr("\"secret_access_key\""));
  EXPECT_THAT(failure(folder + "\n  region: r"),
              HasSubstr("source.region is for a store s3://bucket alone"));
}

TEST_F(PipelineYaml, SaysWhoThePipelineIsToAws) {
  const std::string folder = "source:\n  store: ${PIPELINE_VAR}/store";
  const std::string bucket = "source:\n  store: s3://b-1\n  region: r";
  const auto read = [&](const std::string& source, const std::string& aws) {
    return parse_pipeline_config(
        replace_all(read_file(bundled), folder, "aws:\n" + aws + "\n" + source),
        "/etc/np/pipeline.yaml");
  };
  const AwsConfig aws =
      read(bucket, "  profile: night\n  account: 012345678901\n  region: ap-northeast-1").aws;
  EXPECT_EQ(aws.profile, "night");
  EXPECT_EQ(aws.account, "012345678901");
  EXPECT_THAT(aws.account_where, HasSubstr("pipeline.yaml:"));
  EXPECT_EQ(aws.region, "ap-northeast-1");

  const auto failure = [&](const std::string& source, const std::string& text) {
    return failure_with(folder, "aws:\n" + text + "\n" + source);
  };
  for (const auto* account : {"12345", "1234567890123", "12345678901x", "1234-5678-9012"}) {
    EXPECT_THAT(failure(bucket, std::string("  account: ") + account),
                HasSubstr("an account of AWS is 12 digits"))
        << account;
  }
  EXPECT_THAT(failure(bucket, "  acount: 123456789012"), HasSubstr("did you mean \"account\""));
  EXPECT_THAT(failure(folder, "  account: 123456789012"),
              HasSubstr("nothing here comes from AWS, so nobody would look at this"));
  const std::string keys =
      "\n  credentials: {access_key_id: {file: a}, secret_access_key: {file: b}}";
  EXPECT_THAT(failure(bucket + keys, "  profile: night"),
              HasSubstr("source.credentials names the keys already"));
  EXPECT_THAT(failure(bucket + keys + "\n  endpoint: https://h", "  account: 123456789012"),
              HasSubstr("nothing here comes from AWS"));
  EXPECT_EQ(read(bucket + keys, "  account: 123456789012").aws.account, "123456789012");
}

TEST_F(PipelineYaml, TakesPasswordsFromPlacesThatMayHoldAUserToo) {
  const std::string one = "      password:\n        file: ${PIPELINE_VAR}/secrets/etl_load";
  const auto account = [&](const std::string& text) {
    return parse_pipeline_config(
               replace_all(read_file(bundled), "      user: etl_load\n" + one, text),
               "/etc/np/pipeline.yaml")
        .warehouse.accounts.at("load");
  };
  const auto secret = account("      user: u\n      password: {secretsmanager: prod/etl_load}");
  EXPECT_EQ(secret.password.text(), "secret prod/etl_load of Secrets Manager");
  const auto file = account("      user: u\n      password: {my_cnf: my.cnf}");
  EXPECT_EQ(file.user, "u");
  EXPECT_EQ(file.password.text(), "[client] of /etc/np/my.cnf");
  EXPECT_THAT(failure_with(one, "      password: {secretsmanager: a, my_cnf: b}"),
              HasSubstr("name one place of the password: file, environment, credential, "
                        "secretsmanager or my_cnf"));
  EXPECT_THAT(failure_with("store: ${PIPELINE_VAR}/store",
                           "store: s3://b-1\n  region: r\n  credentials: {access_key_id: "
                           "{secretsmanager: a}, secret_access_key: {file: b}}"),
              HasSubstr("secretsmanager"));
}

TEST_F(PipelineYaml, NamesAnEnvironmentVariableThatIsNotSet) {
  unsetenv("PIPELINE_NOT_SET");
  EXPECT_THAT(failure_with("${PIPELINE_VAR}/store", "${PIPELINE_NOT_SET}/store"),
              HasSubstr("PIPELINE_NOT_SET is not set"));
}

TEST_F(PipelineYaml, RefusesADumpNameWithoutItsDate) {
  EXPECT_THAT(failure_with("gghouse_%Y%m%d.sql.gz", "gghouse.sql.gz"), HasSubstr("%Y is missing"));
}

TEST_F(PipelineYaml, RefusesAMissingAccount) {
  EXPECT_THAT(failure_with("    publish:\n      user: etl_publish\n      password:\n"
                           "        file: ${PIPELINE_VAR}/secrets/etl_publish\n",
                           ""),
              HasSubstr("the account \"publish\" is missing"));
}

TEST_F(PipelineYaml, RefusesAnImpossibleTimeOfDay) {
  EXPECT_THAT(failure_with("\"07:40\"", "\"7 o'clock\""), HasSubstr("time of day"));
}

TEST_F(PipelineYaml, ReadsTheFloorsOfTables) {
  const PipelineConfig config = parse_pipeline_config(
      replace_all(read_file(bundled), "protect:\n",
                  "protect:\n  tables:\n    - {table: staging.rooms, min_rows: 100}\n"
                  "    - {table: gold.moveouts, max_shrink: 10%}\n"
                  "    - {table: gold.new_contracts, max_shrink: 500, min_rows: 1}\n"),
      path_);
  ASSERT_EQ(config.protect_tables.size(), 3U);
  EXPECT_EQ(config.protect_tables[0].min_rows, 100);
  EXPECT_FALSE(config.protect_tables[0].max_shrink.has_value());
  EXPECT_EQ(config.protect_tables[1].max_shrink->amount, 10);
  EXPECT_EQ(config.protect_tables[1].max_shrink->of, FloorEntry::Shrink::Of::percent);
  EXPECT_EQ(config.protect_tables[2].max_shrink->of, FloorEntry::Shrink::Of::rows);
}

TEST_F(PipelineYaml, RefusesAFloorThatSaysNothing) {
  const auto floor = [&](const std::string& entry) {
    return failure_with("protect:\n", "protect:\n  tables:\n    - " + entry + "\n");
  };
  EXPECT_THAT(floor("{table: gold.moveouts}"), HasSubstr("give min_rows, max_shrink or both"));
  EXPECT_THAT(floor("{table: gold.moveouts, max_shrink: 101%}"), HasSubstr("expected a share"));
  EXPECT_THAT(floor("{table: gold.moveouts, max_shrink: much}"), HasSubstr("expected a share"));
  EXPECT_THAT(floor("{table: gold.moveouts, min_rows: -1}"), HasSubstr("expected 0 or more"));
  EXPECT_THAT(floor("{table: a.b, min_rows: 1}\n    - {table: a.b, min_rows: 2}"),
              HasSubstr("a.b stands in protect.tables twice"));
}

TEST_F(PipelineYaml, AVaultNeedsItsAccount) {
  EXPECT_FALSE(read_pipeline_config(bundled).vault.has_value());
  EXPECT_THAT(failure_with("protect:\n", "vault:\n  schema: vault\nprotect:\n"),
              HasSubstr("warehouse.accounts.vault is missing"));
}

TEST_F(PipelineYaml, NamesAFileThatIsNotThere) {
  EXPECT_THROW(read_pipeline_config("/does/not/exist.yaml"), Error);
}

TEST_F(PipelineYaml, ALayerHasASchemaOfItsOwn) {
  EXPECT_THAT(failure_with("    gold:\n", "    gold:\n      schema: staging\n"),
              HasSubstr("the schema staging of the layer gold is that of staging"));
  EXPECT_THAT(failure_with("    gold:\n", "    gold:\n      schema: silver\n"),
              HasSubstr("the schema silver of the layer gold is that of the layer silver"));
  EXPECT_THAT(failure_with("    gold:\n", "    gold:\n      schema: pipeline\n"),
              HasSubstr("that of the pipeline's own records"));
}

TEST_F(PipelineYaml, TakesDumpsWithoutTheirLastCommentOnlyIfSomethingElseKnowsTheirEnd) {
  const std::string store = "store: ${PIPELINE_VAR}/store";
  const std::string without = store + "\n  require_trailer: false";
  EXPECT_THAT(failure_with(store, without),
              HasSubstr("require_trailer: false takes dumps whose end nobody knows"));
  EXPECT_THAT(failure_with(store, store + "\n  require_trailer: perhaps"),
              HasSubstr("require_trailer is true or false"));
  for (const std::string manifest : {"optional", "required"}) {
    EXPECT_EQ(failure_with(store, without + "\n  manifest: " + manifest), "no failure");
  }
  EXPECT_EQ(failure_with(store, store + "\n  require_trailer: true"), "no failure");
}

}  // namespace
}  // namespace pipeline
