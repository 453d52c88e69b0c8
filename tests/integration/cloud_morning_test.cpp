// A morning in the cloud with the real binaries: a dump in a bucket, keys from a profile, passwords
// from every place there is, through success and failure up to gold; and not one byte of a secret
// in anything that was written, said or started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/integration/s3_house.h"
#include "tests/support/aws_services.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using test::S3House;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string source_dir = PIPELINE_SOURCE_DIR;
const std::string bin_dir = PIPELINE_BIN_DIR;

/// Every secret of this test holds this word, so that no list of them can be incomplete.
const std::string mark = "canary";

/// The word as it looks in base64 at each of the three alignments, and in hex, besides itself.
std::vector<std::string> shapes_of_mark() {
  return {mark, "Y2FuYXJ5", "NhbmFye", "jYW5hcn", "63616e617279"};
}

/// What of the text is a secret in some shape.
std::vector<std::string> found_in(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& shape : shapes_of_mark()) {
    const auto at = text.find(shape);
    if (at != std::string::npos) found.push_back(text.substr(at > 80 ? at - 80 : 0, 200));
  }
  return found;
}

/// Reads the command lines of all processes, again and again.
class CommandLines {
 public:
  CommandLines() : thread_([this] { watch(); }) {}
  ~CommandLines() { stop(); }
  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }
  /// Call after stop().
  const std::set<std::string>& seen() const { return seen_; }

 private:
  void watch() {
    while (!stopped_) {
      std::error_code gone;
      for (const auto& entry : fs::directory_iterator("/proc", gone)) {
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        std::string line{std::istreambuf_iterator<char>(file), {}};
        if (!line.empty()) seen_.insert(replace_all(line, std::string(1, '\0'), " "));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  std::atomic<bool> stopped_{false};
  std::set<std::string> seen_;
  std::thread thread_;
};

class CloudMorning : public testing::Test {
 protected:
  CloudMorning() {
    std::map<std::string, std::string> passwords;
    for (const std::string account : {"load", "build", "publish", "janitor", "vault", "admin"}) {
      passwords["etl_" + account] = password(account);
    }
    server_.apply_grants(passwords);
    for (const auto* folder : {"mariadb", "secrets", "systemd", "deploy"}) {
      fs::create_directories(var_.file(folder));
    }
    fs::create_symlink(server_.socket(), var_.file("mariadb/mariadbd.sock"));
    write_secrets();
    fs::copy(source_dir + "/stages/dbt", var_.file("dbt"), fs::copy_options::recursive);
    fs::remove_all(var_.file("dbt/target"));
    fs::copy(source_dir + "/deploy/state_machine.yaml", var_.file("deploy/state_machine.yaml"));
    var_.write("alert", "#!/bin/sh\nexec cat >>\"$(dirname \"$0\")/alerts.jsonl\"\n");
    fs::permissions(var_.file("alert"), fs::perms::owner_all);
    write_config();
    make(
        fmt::format("--staging-extras --date 2026-02-01 | mariadb --no-defaults --socket={} "
                    "--user=root --default-character-set=utf8mb4 staging",
                    server_.socket()));
  }

  static std::string password(const std::string& account) {
    return fmt::format("canary {} \"%+/&$=", account);
  }

  /// Each account takes its password from another place.
  void write_secrets() {
    services_.set(
        {"keys", S3House::gateway().access_key()},
        Json::parse(fmt::format(
            R"({{"secret": "{}", "account": "111122223333", "arn": "arn:aws:iam::111122223333:user/night"}})",
            S3House::gateway().secret_key())));
    Json secret = Json::object();
    secret.set("username", "etl_load");
    secret.set("password", password("load"));
    Json versions = Json::object();
    versions.set("AWSCURRENT", std::move(secret));
    services_.set({"secrets", "prod/load"}, std::move(versions));
    var_.write("systemd/build", password("build") + "\n");
    var_.write("secrets/publish", password("publish") + "\n");
    var_.write("secrets/janitor.cnf",
               fmt::format("[client]\nuser = etl_janitor\npassword = '{}'\n", password("janitor")));
    write_keys(S3House::gateway().secret_key());
  }
  void write_keys(const std::string& secret_key) {
    var_.write("secrets/aws", fmt::format("[night]\naws_access_key_id = {}\n"
                                          "aws_secret_access_key = {}\n",
                                          S3House::gateway().access_key(), secret_key));
  }

  void write_config() {
    std::string text = test::read_text_file(source_dir + "/deploy/pipeline.yaml");
    const auto put = [&](const std::string& from, const std::string& to) {
      if (text.find(from) == std::string::npos) throw std::runtime_error("no " + from);
      text = replace_all(text, from, to);
    };
    put("../stages/dbt", "../dbt");
    put("store: ${PIPELINE_VAR}/store ",
        fmt::format("store: {}/team\n  region: us-east-1\n  endpoint: {}\n  "
                    "quarantine_after_minutes: 0 ",
                    bucket_.url(), S3House::gateway().endpoint()));
    put("file: ${PIPELINE_VAR}/secrets/etl_load", "secretsmanager: prod/load");
    put("file: ${PIPELINE_VAR}/secrets/etl_build", "credential: build");
    put("file: ${PIPELINE_VAR}/secrets/etl_publish", "file: ../secrets/publish");
    put("file: ${PIPELINE_VAR}/secrets/etl_janitor",
        "my_cnf: ../secrets/janitor.cnf\n    admin:\n      user: etl_admin\n      password:\n"
        "        environment: ADMIN_PASSWORD");
    std::string stages = "  stages:\n";
    for (const std::string stage : {"staging_loader", "silver_transformer", "gold_transformer"}) {
      stages += fmt::format("    {0}: [{1}/{0}, --log-level, debug]\n", stage, bin_dir);
    }
    put("orchestrator:\n", "orchestrator:\n" + stages);
    var_.write("deploy/pipeline.yaml",
               "aws:\n  profile: night\n  account: \"111122223333\"\n  region: us-east-1\n" + text);
  }

  void make(const std::string& rest) {
    const auto made = test::run_program(
        {.argv = {"/bin/bash", "-c",
                  fmt::format("set -o pipefail; {}/make_source --scale 0.005 --seed 1 {}", bin_dir,
                              rest)}});
    if (!made.ok()) throw std::runtime_error(made.text());
  }

  std::string key_of(int day) const { return fmt::format("gghouse_2026020{}.sql.gz", day); }
  /// Puts the dump of that day into the bucket; returns its bytes.
  std::string deliver(
      int day, const std::function<void(std::string&)>& spoil = [](auto&) {}) {
    const std::string file = var_.file("dump.gz");
    make(fmt::format("--dump --day {0} --date 2026-02-0{0} | gzip -6 >{1}", day, file));
    std::string bytes = test::read_text_file(file);
    fs::remove(file);
    spoil(bytes);
    TextSource source(bytes);
    bucket_.open()->put("team/dumps/" + key_of(day), source);
    return bytes;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> found;
    for (const auto& object : bucket_.open()->list("")) found.push_back(object.key);
    return found;
  }

  /// Everything that it said is looked through at once.
  test::ProgramResult run(const std::string& program, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), bin_dir + "/" + program);
    arguments.insert(arguments.end(), {"--config", var_.file("deploy/pipeline.yaml")});
    const auto result =
        test::run_program({.argv = arguments,
                           .env = {{"PIPELINE_VAR", var_.path()},
                                   {"CREDENTIALS_DIRECTORY", var_.file("systemd")},
                                   {"ADMIN_PASSWORD", password("admin")},
                                   {"AWS_SHARED_CREDENTIALS_FILE", var_.file("secrets/aws")},
                                   {"AWS_ENDPOINT_URL", services_.origin()},
                                   {"AWS_EC2_METADATA_DISABLED", "true"}},
                           .time_limit = std::chrono::minutes(2)});
    EXPECT_THAT(found_in(result.out + result.err), IsEmpty()) << join(arguments, " ");
    return result;
  }
  test::ProgramResult night(int day) {
    return run("orchestrator", {"run", "--date", fmt::format("2026-02-0{}", day)});
  }
  void expect_failed_run(int day, const std::string& error) {
    const auto failed = night(day);
    EXPECT_FALSE(failed.ok());
    const auto shown = run("orchestrator", {"show", "last", "--json"});
    EXPECT_THAT(shown.out, HasSubstr(error)) << failed.text();
    EXPECT_EQ(value("SELECT business_date FROM gold.pipeline_marker"), "2026-02-01");
  }

  std::string value(const std::string& sql) {
    return server_.open_root().query_value(sql).value_or("NULL");
  }
  void set_password(const std::string& account, const std::string& to) {
    Connection root = server_.open_root();
    for (const auto* host : {"localhost", "%"}) {
      root.execute(fmt::format("ALTER USER 'etl_{}'@'{}' IDENTIFIED BY '{}'", account, host, to));
    }
  }

  /// Logs, history, result files, compiled SQL, alerts: whatever lies in the folder.
  void expect_no_secret_was_written() {
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(var_.path())) {
      const std::string path = entry.path().string();
      if (!entry.is_regular_file() || path.find("/secrets/") != std::string::npos ||
          path.find("/systemd/") != std::string::npos) {
        continue;
      }
      EXPECT_THAT(found_in(test::read_text_file(path)), IsEmpty()) << path;
      ++files;
    }
    EXPECT_GT(files, 50) << "there was something to look through";
  }

  S3House bucket_;
  test::MariadbServer server_;
  test::TempDir var_;
  test::AwsServices services_{R"({"keys": {}, "secrets": {}})"};
};

TEST_F(CloudMorning, FromTheBucketToGoldThroughSuccessAndFailureWithoutOneByteOfASecret) {
  CommandLines command_lines;

  // A green morning: from the bucket to gold, and the dump into the archive.
  const std::string first = deliver(1);
  const auto green = night(1);
  ASSERT_TRUE(green.ok()) << green.text();
  for (const auto* schema : {"staging", "silver", "gold"}) {
    EXPECT_EQ(value(fmt::format("SELECT CONCAT(business_date, ' ', generation) FROM "
                                "{}.pipeline_marker",
                                schema)),
              "2026-02-01 1");
  }
  EXPECT_EQ(value("SELECT source_object FROM gold.pipeline_marker"), "dumps/" + key_of(1));
  EXPECT_EQ(value("SELECT source_sha256 FROM gold.pipeline_marker"), sha256_hex(first));
  EXPECT_THAT(keys(), ElementsAre("team/processed/" + key_of(1)));
  EXPECT_TRUE(read_all(*bucket_.open()->get("team/processed/" + key_of(1), 0), 64U << 20U) ==
              first);
  EXPECT_NE(value("SELECT COUNT(*) FROM gold.daily_activity_summary"), "0");
  EXPECT_EQ(value("SELECT COUNT(*) = SUM(is_current) FROM silver.tenant_status_history"), "1");
  EXPECT_THAT(services_.actions(), testing::Contains("GetSecretValue 200"));

  // Whoever looks.
  for (const std::string program : {"staging_loader", "silver_transformer", "gold_transformer"}) {
    const auto check = run(program, {"check", "--json", "--log-level", "debug"});
    EXPECT_TRUE(check.ok()) << check.text();
  }
  EXPECT_TRUE(run("staging_loader", {"ls"}).ok());
  EXPECT_TRUE(run("silver_transformer", {"backups"}).ok());
  EXPECT_TRUE(run("orchestrator", {"history", "--json"}).ok());

  // Everything that can be refused, with the secret at hand each time.
  deliver(2, [](std::string& bytes) { bytes.resize(bytes.size() - 9); });
  expect_failed_run(2, "Pipeline.DumpCorrupt");
  EXPECT_THAT(keys(), testing::Contains(HasSubstr("team/quarantine/" + key_of(2))));

  deliver(2);
  write_keys("canary-of-nobody");
  expect_failed_run(2, "Pipeline.AccessDenied");
  write_keys(S3House::gateway().secret_key());

  services_.set({"secrets"}, Json::object());
  expect_failed_run(2, "Pipeline.AccessDenied");
  write_secrets();

  set_password("load", "canary-changed");
  expect_failed_run(2, "Pipeline.AccessDenied");
  set_password("load", password("load"));

  set_password("janitor", "canary-changed");
  EXPECT_FALSE(run("gold_transformer", {"check", "--log-level", "debug"}).ok());
  set_password("janitor", password("janitor"));

  fs::remove(var_.file("systemd/build"));
  expect_failed_run(2, "Pipeline.AccessDenied");
  write_secrets();

  const std::string model = var_.file("dbt/models/gold/daily_activity_summary.sql");
  const std::string text = test::read_text_file(model);
  std::ofstream(model) << text << "\nand this is no SQL";
  expect_failed_run(2, "Pipeline.SqlRejected");
  std::ofstream(model) << text;

  // And green again.
  const auto repaired = night(2);
  EXPECT_TRUE(repaired.ok()) << repaired.text();
  EXPECT_EQ(value("SELECT business_date FROM gold.pipeline_marker"), "2026-02-02");
  EXPECT_THAT(keys(), testing::Contains("team/processed/" + key_of(2)));
  EXPECT_THAT(keys(), testing::Not(testing::Contains("team/dumps/" + key_of(2))));

  command_lines.stop();
  std::set<std::string> started;
  for (const auto& line : command_lines.seen()) {
    EXPECT_THAT(found_in(line), IsEmpty());
    for (const std::string program :
         {"staging_loader", "silver_transformer", "gold_transformer", "orchestrator"}) {
      if (line.starts_with(bin_dir + "/" + program)) started.insert(program);
    }
  }
  EXPECT_THAT(started, UnorderedElementsAre("staging_loader", "silver_transformer",
                                            "gold_transformer", "orchestrator"))
      << "the watcher saw them all";
  expect_no_secret_was_written();
}

TEST(ShapesOfASecret, AreFoundInBase64AtEachAlignmentAndInHex) {
  for (const std::string before : {"", "x", "xy"}) {
    const auto encoded = test::run_program(
        {.argv = {"base64", "-w0"}, .standard_input = before + mark + " and more"});
    EXPECT_FALSE(found_in(encoded.out).empty()) << encoded.out;
  }
  EXPECT_FALSE(found_in("0063616e61727900").empty());
  EXPECT_TRUE(found_in("no such word").empty());
}

}  // namespace
}  // namespace pipeline
