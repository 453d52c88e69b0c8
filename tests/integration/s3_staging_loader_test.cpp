// staging_loader with a bucket as its store: the binary, a private server, a real S3 service;
// loads, archives, is killed at each step, loses its connection, is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/gzip.h"
#include "tests/integration/s3_house.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using test::S3House;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string gzipped(std::string_view text) {
  TextSink compressed;
  GzipSink sink(compressed);
  sink.write(text);
  sink.finish();
  return compressed.text();
}

/// One table of `rows` rows whose texts hardly shrink.
std::string dump_of(int rows, const std::string& word) {
  std::vector<std::string> values;
  for (int id = 1; id <= rows; ++id) {
    values.push_back(
        fmt::format("({},'{}')", id, sha256_hex(word + std::to_string(id)).substr(0, 40)));
  }
  return "-- MySQL dump\n/*!40101 SET NAMES utf8mb4 */;\n"
         "/*!40103 SET TIME_ZONE='+00:00' */;\n"
         "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
         "DROP TABLE IF EXISTS `many`;\nCREATE TABLE `many` (`id` int NOT NULL, `name` "
         "varchar(40), PRIMARY KEY (`id`), KEY `by_name` (`name`)) ENGINE=InnoDB DEFAULT "
         "CHARSET=utf8mb4;\n"
         "INSERT INTO `many` VALUES " +
         join(values, ",") + ";\n-- Dump completed on 2026-02-01  5:30:12\n";
}

class S3StagingLoader : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server = std::make_unique<test::MariadbServer>();
    server->apply_grants();
  }
  static void TearDownTestSuite() { server.reset(); }

  void SetUp() override {
    empty_server();
    for (const auto* folder : {"mariadb", "secrets", "deploy", "dbt"}) {
      fs::create_directories(var_.file(folder));
    }
    fs::create_symlink(server->socket(), var_.file("mariadb/mariadbd.sock"));
    for (const auto* account : {"etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
      var_.write(std::string("secrets/") + account, std::string("pw_") + account + "\n");
    }
    var_.write("secrets/s3_key", S3House::gateway().access_key() + "\n");
    var_.write("secrets/s3_secret", S3House::gateway().secret_key() + "\n");
    write_config(S3House::gateway().endpoint());
  }

  static void empty_server() {
    std::string sql;
    for (const std::string schema : {"staging", "staging__next"}) {
      sql += fmt::format(
          "DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET utf8mb4 "
          "COLLATE utf8mb4_unicode_ci;",
          schema);
    }
    for (const auto* table :
         {"session", "publish_journal", "published_table", "backup", "loaded_dump"}) {
      sql += fmt::format("DELETE FROM pipeline.{};", table);
    }
    server->run_sql(sql);
  }

  void write_config(const std::string& endpoint, const std::string& more = "") {
    std::string text = read_file(PIPELINE_SOURCE_DIR "/deploy/pipeline.yaml");
    const std::string folder = "store: ${PIPELINE_VAR}/store";
    ASSERT_NE(text.find(folder), std::string::npos);
    text = replace_all(
        text, folder,
        fmt::format("store: {}/team\n  region: us-east-1\n  endpoint: {}\n  credentials:\n"
                    "    access_key_id: {{file: ../secrets/s3_key}}\n"
                    "    secret_access_key: {{file: ../secrets/s3_secret}}{}",
                    house_.url(), endpoint, more.empty() ? "" : "\n  " + more));
    var_.write("deploy/pipeline.yaml", replace_all(text, "../stages/dbt", "../dbt"));
  }

  void deliver(const std::string& date, const std::string& dump) {
    const std::string bytes = gzipped(dump);
    TextSource source(bytes);
    house_.open()->put("team/dumps/" + name_of(date), source);
  }
  static std::string name_of(const std::string& date) {
    return "gghouse_" + replace_all(date, "-", "") + ".sql.gz";
  }
  static std::string address_of(const test::FaultProxy& proxy) {
    return fmt::format("http://s3.localhost:{}", proxy.tcp_endpoint().port);
  }
  /// Stands before the gateway.
  static test::FaultProxy between() {
    Endpoint gateway;
    gateway.host = "127.0.0.1";
    gateway.port = S3House::gateway().port();
    return test::FaultProxy(gateway, test::FaultProxy::Listen::socket_and_tcp,
                            test::FaultProxy::Speaks::http);
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> found;
    for (const auto& object : house_.open()->list("")) found.push_back(object.key);
    return found;
  }

  test::ProgramResult load(const std::string& date, const std::string& failpoints = {},
                           std::map<std::string, std::string> env = {}) {
    env.insert({{"PIPELINE_VAR", var_.path()}, {"PIPELINE_FAILPOINT", failpoints}});
    return test::run_program(
        {.argv = {std::string(PIPELINE_BIN_DIR) + "/staging_loader", "load", "--business-date",
                  date, "--config", var_.file("deploy/pipeline.yaml"), "--result-file",
                  var_.file("result.json")},
         .env = std::move(env),
         .time_limit = std::chrono::minutes(2)});
  }
  std::string error_name() const {
    return Json::parse(read_file(var_.file("result.json"))).at("error").at("name").as_string();
  }
  static std::string scalar(const std::string& sql) {
    return server->open_root().query_value(sql).value_or("NULL");
  }
  /// Number and check sum of what is live.
  static std::string live_rows() {
    return scalar(
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(id, ':', name)))) FROM "
        "staging.many");
  }
  static std::string generations() {
    return scalar("SELECT COUNT(*) FROM pipeline.loaded_dump WHERE published_at IS NOT NULL");
  }

  static std::unique_ptr<test::MariadbServer> server;
  S3House house_;
  test::TempDir var_;
};

std::unique_ptr<test::MariadbServer> S3StagingLoader::server;

const std::string day = "2026-02-01";
const std::string incoming = "team/dumps/gghouse_20260201.sql.gz";
const std::string archived = "team/processed/gghouse_20260201.sql.gz";

TEST_F(S3StagingLoader, LoadsADumpAndArchivesItInTheBucket) {
  deliver(day, dump_of(1000, "a"));
  const std::string delivered = read_all(*house_.open()->get(incoming, 0));
  const auto first = load(day);
  ASSERT_TRUE(first.ok()) << first.text();
  EXPECT_THAT(live_rows(), testing::StartsWith("1000 "));
  EXPECT_EQ(scalar("SELECT name FROM staging.many WHERE id = 7"), sha256_hex("a7").substr(0, 40));
  EXPECT_THAT(keys(), ElementsAre(archived));
  EXPECT_TRUE(read_all(*house_.open()->get(archived, 0)) == delivered);
  const auto again = load(day);
  ASSERT_TRUE(again.ok()) << again.text();
  EXPECT_THAT(again.out, HasSubstr("nothing new"));
  EXPECT_EQ(generations(), "1");
  EXPECT_THAT(first.out + first.err, Not(HasSubstr(S3House::gateway().secret_key())));
}

TEST_F(S3StagingLoader, FindsTheKeysOfAProfileAsTheAwsCliDoes) {
  const std::string config = read_file(var_.file("deploy/pipeline.yaml"));
  const std::string keys_begin = "  credentials:\n    access_key_id";
  const std::string keys_end = "s3_secret}";
  const auto begin = config.find(keys_begin);
  ASSERT_NE(begin, std::string::npos);
  std::string without = config;
  without.erase(begin, config.find(keys_end) + keys_end.size() - begin);
  var_.write("deploy/pipeline.yaml", "aws:\n  profile: night\n" + without);
  const std::string answer =
      var_.write("keys of the night.json",
                 fmt::format(R"({{"Version": 1, "AccessKeyId": "{}", "SecretAccessKey": "{}"}})",
                             S3House::gateway().access_key(), S3House::gateway().secret_key()));
  const std::string shared =
      var_.write("aws.config", "[profile night]\ncredential_process = cat '" + answer + "'\n");
  const std::map<std::string, std::string> env{
      {"AWS_CONFIG_FILE", shared},
      {"AWS_ACCESS_KEY_ID", "AKIDOFSOMEBODYELSE"},
      {"AWS_SECRET_ACCESS_KEY", "canary-of-somebody-else"}};
  deliver(day, dump_of(100, "a"));
  const auto loaded = load(day, {}, env);
  ASSERT_TRUE(loaded.ok()) << loaded.text();
  EXPECT_THAT(live_rows(), testing::StartsWith("100 "));
  EXPECT_THAT(keys(), ElementsAre(archived));
  EXPECT_THAT(loaded.out + loaded.err, Not(HasSubstr(S3House::gateway().secret_key())));
  // Without the profile it is somebody else who asks, and the service says so.
  var_.write("deploy/pipeline.yaml", without);
  const auto refused = load("2026-02-02", {}, env);
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.err, HasSubstr("InvalidAccessKeyId"));
  EXPECT_EQ(error_name(), "Pipeline.AccessDenied");
}

TEST_F(S3StagingLoader, ListsAndChecksTheBucket) {
  deliver(day, dump_of(10, "a"));
  deliver("2026-02-02", dump_of(10, "b"));
  const auto listed = test::run_program(
      {.argv = {std::string(PIPELINE_BIN_DIR) + "/staging_loader", "ls", "--business-date",
                "2026-02-02", "--config", var_.file("deploy/pipeline.yaml")},
       .env = {{"PIPELINE_VAR", var_.path()}}});
  ASSERT_TRUE(listed.ok()) << listed.text();
  EXPECT_THAT(listed.out, testing::AllOf(HasSubstr("2026-02-01"), HasSubstr("2026-02-02"),
                                         HasSubstr("pending")));
}

TEST_F(S3StagingLoader, ADumpThatIsCutOnItsWayIsLoadedWholeAndOnce) {
  deliver(day, dump_of(30'000, "a"));
  ASSERT_TRUE(load(day).ok());
  const std::string expected = live_rows();
  empty_server();
  house_.open()->remove(archived);
  deliver(day, dump_of(30'000, "a"));
  test::FaultProxy cutting = between();
  write_config(address_of(cutting));
  cutting.arm({.kind = test::Fault::Kind::cut_after_server_bytes, .bytes = 400'000});
  const auto result = load(day);
  ASSERT_TRUE(result.ok()) << result.text();
  EXPECT_EQ(cutting.struck(), 1);
  EXPECT_THAT(result.err, HasSubstr("going on from there"));
  EXPECT_EQ(live_rows(), expected);
  EXPECT_EQ(generations(), "1");
}

TEST_F(S3StagingLoader, BytesThatAreDamagedOnTheirWayDoNotCondemnTheDump) {
  deliver(day, dump_of(30'000, "a"));
  test::FaultProxy damaging = between();
  write_config(address_of(damaging), "quarantine_after_minutes: 0");
  damaging.arm({.kind = test::Fault::Kind::flip_server_byte, .bytes = 400'000});
  const auto damaged = load(day);
  EXPECT_EQ(damaging.struck(), 1);
  EXPECT_EQ(damaged.exit_code, 16) << damaged.text();
  EXPECT_EQ(error_name(), "Pipeline.Unavailable");
  EXPECT_THAT(damaged.err, HasSubstr("gave other bytes"));
  EXPECT_THAT(keys(), ElementsAre(incoming)) << "it stays where the next try finds it";
  const auto again = load(day);
  ASSERT_TRUE(again.ok()) << again.text();
  EXPECT_THAT(keys(), ElementsAre(archived));
}

// The time in gzip's header is covered by no check sum: only the manifest tells.
TEST_F(S3StagingLoader, BytesThatOnlyTheManifestSeesToBeDamagedDoNotCondemnTheDump) {
  deliver(day, dump_of(1000, "a"));
  const std::string bytes = read_all(*house_.open()->get(incoming, 0));
  const std::string manifest = "team/dumps/gghouse_20260201.json";
  const std::string said =
      fmt::format(R"({{"size": {}, "sha256": "{}"}})", bytes.size(), sha256_hex(bytes));
  TextSource source(said);
  house_.open()->put(manifest, source);
  test::FaultProxy damaging = between();
  write_config(address_of(damaging), "quarantine_after_minutes: 0\n  manifest: required");
  // RFC 1952, 2.3: two bytes of identification, the method, the flags, then four of time.
  damaging.arm(
      {.kind = test::Fault::Kind::flip_server_byte, .pattern = "\x1f\x8b\x08", .bytes = 2});
  const auto damaged = load(day);
  EXPECT_EQ(damaging.struck(), 1);
  EXPECT_EQ(damaged.exit_code, 16) << damaged.text();
  EXPECT_EQ(error_name(), "Pipeline.Unavailable");
  EXPECT_THAT(damaged.err, HasSubstr("gave other bytes"));
  EXPECT_THAT(keys(), ElementsAre(manifest, incoming)) << "both stay where the next try finds them";
  EXPECT_EQ(generations(), "0");
  ASSERT_TRUE(load(day).ok());
  EXPECT_EQ(generations(), "1");
}

TEST_F(S3StagingLoader, ARefusedDumpIsMovedWithinTheBucketOnce) {
  write_config(S3House::gateway().endpoint(), "quarantine_after_minutes: 0");
  deliver(day, "GRANT ALL ON *.* TO x;\n" + dump_of(10, "a"));
  for (const std::string point : {"quarantine_after_copy:kill", "quarantine_before_remove:kill"}) {
    EXPECT_EQ(load(day, point).signal, SIGKILL);
    EXPECT_THAT(keys(), testing::Contains(incoming));
  }
  const auto refused = load(day);
  EXPECT_EQ(refused.exit_code, 14) << refused.text();
  EXPECT_THAT(keys(), ElementsAre(testing::MatchesRegex("team/quarantine/gghouse_20260201.sql.gz"
                                                        ".refused-[0-9a-f]*"),
                                  testing::EndsWith(".json")));
  deliver(day, dump_of(10, "a"));
  ASSERT_TRUE(load(day).ok());
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(S3StagingLoader, AManifestIsReadAndMovedWithItsDump) {
  write_config(S3House::gateway().endpoint(), "quarantine_after_minutes: 0\n  manifest: required");
  const auto write = [&](const std::string& key, const std::string& bytes) {
    TextSource source(bytes);
    house_.open()->put(key, source);
  };
  const std::string manifest = "team/dumps/gghouse_20260201.json";
  deliver(day, dump_of(10, "a"));
  EXPECT_EQ(load(day).exit_code, 11) << "its upload is not finished";
  const std::string bytes = read_all(*house_.open()->get(incoming, 0));
  const auto manifest_of = [&](const std::string& sha256) {
    return fmt::format(R"({{"size": {}, "sha256": "{}"}})", bytes.size(), sha256);
  };
  write(manifest, manifest_of(sha256_hex("other")));
  const auto refused = load(day);
  EXPECT_EQ(refused.exit_code, 14) << refused.text();
  EXPECT_THAT(refused.err, HasSubstr("sha256"));
  EXPECT_THAT(keys(), testing::SizeIs(3)) << "dump, manifest and reason, in quarantine";
  EXPECT_THAT(keys(), testing::Each(HasSubstr("quarantine/")));

  write(incoming, bytes);
  write(manifest, manifest_of(sha256_hex(bytes)));
  ASSERT_TRUE(load(day).ok());
  EXPECT_THAT(keys(), testing::IsSupersetOf(
                          {archived, std::string("team/processed/gghouse_20260201.json")}));
  EXPECT_THAT(keys(), testing::SizeIs(5));
}

TEST_F(S3StagingLoader, ASignalEndsAWaitForTheBucket) {
  deliver(day, dump_of(10, "a"));
  test::FaultProxy stalling = between();
  write_config(address_of(stalling));
  stalling.arm({.kind = test::Fault::Kind::stall_answer, .pattern = "GET /"});
  // The answer never comes; timeout(1) only says when the signal does.
  const auto stopped = test::run_program(
      {.argv = {"timeout", "--preserve-status", "--signal=TERM", "2",
                std::string(PIPELINE_BIN_DIR) + "/staging_loader", "load", "--business-date", day,
                "--config", var_.file("deploy/pipeline.yaml"), "--result-file",
                var_.file("result.json")},
       .env = {{"PIPELINE_VAR", var_.path()}}});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.text();
  EXPECT_EQ(error_name(), "Pipeline.Cancelled");
  EXPECT_EQ(generations(), "0");
  stalling.release();
  const auto again = load(day);
  ASSERT_TRUE(again.ok()) << again.text();
  EXPECT_EQ(generations(), "1");
}

TEST_F(S3StagingLoader, RefusedKeysAndAServiceThatIsGoneTouchNothing) {
  deliver(day, dump_of(10, "a"));
  ASSERT_TRUE(load(day).ok());
  const std::string before = live_rows();
  deliver("2026-02-02", dump_of(10, "b"));
  var_.write("secrets/s3_secret", "canary-not-the-secret\n");
  const auto refused = load("2026-02-02");
  EXPECT_EQ(refused.exit_code, 15) << refused.text();
  EXPECT_EQ(error_name(), "Pipeline.AccessDenied");
  EXPECT_THAT(refused.err, HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(refused.out + refused.err + read_file(var_.file("result.json")),
              Not(HasSubstr("canary-not-the-secret")));
  fs::remove(var_.file("secrets/s3_secret"));
  const auto missing = load("2026-02-02");
  EXPECT_EQ(missing.exit_code, 15) << missing.text();
  EXPECT_THAT(missing.err, HasSubstr("the secret key is to come from file"));
  var_.write("secrets/s3_secret", S3House::gateway().secret_key());
  write_config(fmt::format("http://127.0.0.1:{}", test::free_tcp_port()));
  const auto gone = load("2026-02-02");
  EXPECT_EQ(gone.exit_code, 16) << gone.text();
  EXPECT_EQ(error_name(), "Pipeline.Unavailable");
  EXPECT_EQ(live_rows(), before);
  EXPECT_EQ(generations(), "1");
}

// ---- killed at every step ---------------------------------------------------------------------

class S3StagingLoaderKilled : public S3StagingLoader,
                              public testing::WithParamInterface<std::string> {};

TEST_P(S3StagingLoaderKilled, LosesNothingAndLoadsNothingTwice) {
  deliver(day, dump_of(30'000, "a"));
  const auto killed = load(day, GetParam() + ":kill");
  ASSERT_EQ(killed.signal, SIGKILL) << "the point was not reached: " << killed.text();
  EXPECT_THAT(keys(), testing::AnyOf(ElementsAre(incoming), ElementsAre(incoming, archived),
                                     ElementsAre(archived)))
      << "the dump lies in at least one place";
  const std::string published = generations();
  const auto again = load(day);
  ASSERT_TRUE(again.ok()) << again.text();
  EXPECT_THAT(keys(), ElementsAre(archived));
  EXPECT_THAT(live_rows(), testing::StartsWith("30000 "));
  EXPECT_EQ(generations(), "1") << "published before the second run: " << published;
  EXPECT_EQ(scalar("SELECT generation FROM staging.pipeline_marker"), "1");
}

INSTANTIATE_TEST_SUITE_P(Failpoints, S3StagingLoaderKilled,
                         testing::Values("loader_after_lock", "loader_mid_rows",
                                         "loader_before_keys", "loader_after_load",
                                         "loader_before_publish", "publish_after_rename",
                                         "loader_after_publish", "archive_after_copy",
                                         "archive_after_delete"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pipeline
