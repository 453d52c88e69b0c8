// A manifest beside a dump: what it is held against, where it goes, and that no death on the way
// loses it or lets a dump pass that it speaks against.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string dump_file = "store/dumps/gghouse_20260202.sql.gz";
const std::string manifest_file = "store/dumps/gghouse_20260202.json";

class Manifest : public BadWarehouseTest {
 protected:
  Manifest() : dump_(gzipped(replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1)"))) {}

  void configure(const std::string& word) {
    house_.change("pipeline.yaml", "  store: store\n",
                  "  store: store\n  manifest: " + word + "\n");
  }
  void deliver(const std::string& file, const std::string& bytes) {
    BadWarehouseTest::deliver(file, bytes, std::chrono::minutes(20));
  }
  /// What whoever delivers the dump would write.
  Json manifest() const {
    Json rows = Json::object();
    rows.set("tenants", 3);
    Json json = Json::object();
    json.set("size", std::uint64_t{dump_.size()});
    json.set("sha256", sha256_hex(dump_));
    json.set("rows", rows);
    json.set("newest_source_date", "2026-02-01");
    return json;
  }
  Json with(std::string_view member, Json value) const {
    Json json = manifest();
    json.set(member, std::move(value));
    return json;
  }
  void deliver(const Json& manifest) {
    deliver(dump_file, dump_);
    deliver(manifest_file, manifest.dump());
  }
  Said load(const std::string& failpoint = {}, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"load", "--business-date", "2026-02-02"});
    Start start = start_of("staging_loader", more);
    start.env["PIPELINE_FAILPOINT"] = failpoint;
    return house_.run(start);
  }
  void expect_published() { EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-01 2026-02-01"); }
  std::string refused_name(const std::string& name) const {
    return name + ".refused-" + sha256_hex(dump_).substr(0, 12);
  }

  const std::string dump_;
};

TEST_F(Manifest, ThatAgreesIsArchivedWithItsDump) {
  configure("required");
  deliver(manifest());
  const Said said = load();
  ASSERT_TRUE(said.program.ok()) << said.text();
  expect_published();
  EXPECT_EQ(said.result->output.at("manifest").as_string(), "dumps/gghouse_20260202.json");
  EXPECT_THAT(names_in("dumps"), IsEmpty());
  EXPECT_EQ(house_.text_of("store/processed/gghouse_20260202.json"), manifest().dump());
}

TEST_F(Manifest, ThatDisagreesRefusesTheDumpByNameAndGoesToQuarantineWithIt) {
  configure("optional");
  Json too_few = Json::object();
  too_few.set("tenants", 2);
  Json one_more = Json::object();
  one_more.set("tenants", 3);
  one_more.set("rooms", 5);
  struct Case {
    std::string member;
    Json value;
    std::string says;
  };
  const Case cases[] = {{"size", Json(std::uint64_t{dump_.size() + 1}), "size is"},
                        {"size", Json("many"), "has a size that is no whole number"},
                        {"sha256", Json(sha256_hex("other")), "sha256 is"},
                        {"rows", too_few, "rows: tenants is 2, the dump has 3"},
                        {"rows", one_more, "rows: rooms is 5, the dump has no such table"},
                        {"rows", Json::object(), "rows: tenants is not named, the dump has 3"},
                        {"newest_source_date", Json("2026-01-31"),
                         "newest_source_date is 2026-01-31, before 2026-02-01"}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.says);
    fs::remove_all(house_.file("store/quarantine"));
    const Json wrong = with(one.member, one.value);
    deliver(wrong);
    const Said said = load();
    EXPECT_EQ(said.program.exit_code, 14) << said.text();
    ASSERT_TRUE(said.result && said.result->error);
    EXPECT_EQ(said.result->error->name, "Pipeline.DumpCorrupt");
    EXPECT_THAT(said.text(), AllOf(HasSubstr("dumps/gghouse_20260202.json"), HasSubstr(one.says)));
    expect_nothing_published();
    EXPECT_THAT(names_in("dumps"), IsEmpty());
    const std::string name = refused_name("gghouse_20260202.sql.gz");
    EXPECT_THAT(names_in("quarantine"),
                ElementsAre(refused_name("gghouse_20260202.json"), name, name + ".json"));
    EXPECT_EQ(house_.text_of("store/quarantine/" + refused_name("gghouse_20260202.json")),
              wrong.dump());
  }
}

TEST_F(Manifest, ThatIsMissingWhereItIsRequiredMeansThatTheDumpIsNotThereYet) {
  configure("required");
  deliver(dump_file, dump_);
  const std::string before = warehouse_.picture();
  for (const auto& more : {std::vector<std::string>{}, std::vector<std::string>{"--dry-run"}}) {
    const Said said = load({}, more);
    EXPECT_EQ(said.program.exit_code, 11) << said.text();
    EXPECT_THAT(said.text(), HasSubstr("gghouse_20260202.sql.gz lies without "
                                       "dumps/gghouse_20260202.json"));
  }
  EXPECT_EQ(warehouse_.picture(), before);
  deliver(manifest_file, manifest().dump());
  EXPECT_TRUE(load().program.ok());
  expect_published();
}

TEST_F(Manifest, ThatIsMissingWhereItIsOptionalStopsNothing) {
  configure("optional");
  deliver(dump_file, dump_);
  EXPECT_TRUE(load().program.ok());
  expect_published();
}

TEST_F(Manifest, IsNotWaitedForWhereTheDumpIsArchivedButMustAgreeIfItIsThere) {
  configure("required");
  deliver(manifest());
  ASSERT_TRUE(load().program.ok());
  const auto rewind = [&] {
    return house_.run(start_of("staging_loader", {"load", "--business-date", "2026-02-01",
                                                  "--rewind", "a wrong delivery"}));
  };
  deliver("store/processed/gghouse_20260201.json", manifest().dump());
  const Said refused = rewind();
  EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
  EXPECT_THAT(refused.text(), HasSubstr("the manifest processed/gghouse_20260201.json does not"));
  expect_published();
  EXPECT_THAT(names_in("processed"), testing::Contains("gghouse_20260201.sql.gz"));

  house_.remove("store/processed/gghouse_20260201.json");
  const Said said = rewind();
  EXPECT_TRUE(said.program.ok()) << said.text();
  EXPECT_TRUE(said.result->output.at("manifest").is_null());
  EXPECT_EQ(warehouse_.dates(), "2026-02-01 2026-02-01 2026-02-01");
}

TEST_F(Manifest, IsNobodysFileUnlessItIsConfigured) {
  deliver(with("size", 1));
  EXPECT_TRUE(load().program.ok());
  EXPECT_THAT(names_in("dumps"), ElementsAre("gghouse_20260202.json"));
}

TEST_F(Manifest, ADryRunReadsItAndMovesNothing) {
  configure("required");
  deliver(with("sha256", sha256_hex("other")));
  const std::string before = warehouse_.picture();
  const Said refused = load({}, {"--dry-run"});
  EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
  EXPECT_EQ(warehouse_.picture(), before);
  deliver(manifest());
  const Said said = load({}, {"--dry-run"});
  EXPECT_TRUE(said.program.ok()) << said.text();
  EXPECT_EQ(said.result->output.at("manifest").as_string(), "dumps/gghouse_20260202.json");
}

TEST_F(Manifest, ThatMayStillBeWrittenStaysWithItsDump) {
  configure("optional");
  deliver(dump_file, dump_);
  house_.write(manifest_file, manifest().dump().substr(0, 30));
  EXPECT_EQ(load().program.exit_code, 14);
  EXPECT_THAT(names_in("dumps"), ElementsAre("gghouse_20260202.json", "gghouse_20260202.sql.gz"));
  EXPECT_THAT(names_in("quarantine"), IsEmpty());
}

TEST_F(Manifest, NoDeathWhileItIsArchivedLosesIt) {
  for (const std::string point :
       {"archive_after_copy", "archive_after_manifest", "archive_after_delete"}) {
    SCOPED_TRACE(point);
    warehouse_.reset();
    configure("required");
    deliver(manifest());
    const Said killed = load(point + ":kill");
    EXPECT_EQ(killed.program.signal, SIGKILL) << killed.text();
    expect_published();
    const bool incoming = fs::exists(house_.file(manifest_file));
    const bool archived = fs::exists(house_.file("store/processed/gghouse_20260202.json"));
    EXPECT_TRUE(incoming || archived);
    const Said again = load();
    EXPECT_TRUE(again.program.ok()) << again.text();
    EXPECT_EQ(again.result->output.at("outcome").as_string(), "nothing_new");
    EXPECT_THAT(names_in("dumps"), IsEmpty());
    EXPECT_THAT(
        names_in("processed"),
        ElementsAre("gghouse_20260201.sql.gz", "gghouse_20260202.json", "gghouse_20260202.sql.gz"));
    EXPECT_EQ(house_.text_of("store/processed/gghouse_20260202.json"), manifest().dump());
  }
}

TEST_F(Manifest, NoDeathWhileItGoesToQuarantineLetsItsDumpPass) {
  const Json wrong = with("sha256", sha256_hex("other"));
  for (const std::string point : {"quarantine_after_copy", "quarantine_after_manifest",
                                  "quarantine_before_remove", "quarantine_after_remove"}) {
    SCOPED_TRACE(point);
    warehouse_.reset();
    configure("optional");
    deliver(wrong);
    const Said killed = load(point + ":kill");
    EXPECT_EQ(killed.program.signal, SIGKILL) << killed.text();
    // As long as the dump can be chosen, what speaks against it lies beside it.
    const bool can_be_chosen = fs::exists(house_.file(dump_file));
    EXPECT_TRUE(!can_be_chosen || fs::exists(house_.file(manifest_file)));
    const bool dump_is_gone = point == "quarantine_after_remove";
    EXPECT_EQ(load().program.exit_code, dump_is_gone ? 11 : 14);
    expect_nothing_published();
    const std::string name = refused_name("gghouse_20260202.sql.gz");
    EXPECT_THAT(names_in("quarantine"),
                ElementsAre(refused_name("gghouse_20260202.json"), name, name + ".json"));
  }
}

TEST_F(Manifest, OfANewDeliveryStaysWithIt) {
  configure("required");
  deliver(manifest());
  const Said killed = load("archive_after_copy:kill");
  EXPECT_EQ(killed.program.signal, SIGKILL);
  // Other bytes for the same day, and their manifest, before the first are put away.
  const std::string newer = gzipped(replace_all(small_dump(), "(1,1),(2,7)", "(9,7)"));
  Json rows = Json::object();
  rows.set("tenants", 1);
  deliver(dump_file, newer);
  Json of_the_newer = with("size", std::uint64_t{newer.size()});
  of_the_newer.set("sha256", sha256_hex(newer));
  of_the_newer.set("rows", rows);
  deliver(manifest_file, of_the_newer.dump());
  const Said said = load();
  ASSERT_TRUE(said.program.ok()) << said.text();
  EXPECT_EQ(said.result->output.at("outcome").as_string(), "loaded");
  EXPECT_EQ(warehouse_.root().query_value("SELECT COUNT(*) FROM staging.tenants"), "1");
  EXPECT_THAT(names_in("dumps"), IsEmpty());
}

TEST_F(Manifest, IsConfiguredByThreeWords) {
  configure("yes_please");
  const Said said = load();
  EXPECT_EQ(said.program.exit_code, 10);
  EXPECT_THAT(said.text(), HasSubstr("manifest is ignore, optional or required"));
}

// ---- dumps without their last comment --------------------------------------------------------

class WithoutTrailer : public Manifest {
 protected:
  WithoutTrailer() : cut_(cut_dump()) {}

  static std::string cut_dump() {
    const std::string text = replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1)");
    return gzipped(text.substr(0, text.find("-- Dump completed")));
  }
  void configure_without(const std::string& more) {
    house_.change("pipeline.yaml", "  store: store\n",
                  "  store: store\n  require_trailer: false\n" + more);
  }
  void add_floor(const std::string& table) {
    house_.write("pipeline.yaml", house_.text_of("pipeline.yaml") +
                                      "protect:\n  tables:\n    - {table: staging." + table +
                                      ", min_rows: 3}\n");
  }
  Json manifest_of_cut() const {
    Json json = with("size", std::uint64_t{cut_.size()});
    json.set("sha256", sha256_hex(cut_));
    return json;
  }
  const std::string cut_;
};

TEST_F(WithoutTrailer, AreRefusedUnlessTheConfigurationTakesThem) {
  configure("required");
  deliver(dump_file, cut_);
  deliver(manifest_file, manifest_of_cut().dump());
  const Said said = load();
  EXPECT_EQ(said.program.exit_code, 14) << said.text();
  EXPECT_THAT(said.text(), HasSubstr("Dump completed"));
  expect_nothing_published();
}

TEST_F(WithoutTrailer, ADemandThatNothingBacksIsRefusedByName) {
  configure_without("");
  deliver(dump_file, cut_);
  const Said said = load();
  EXPECT_EQ(said.program.exit_code, 10) << said.text();
  EXPECT_THAT(said.text(), AllOf(HasSubstr("require_trailer: false takes dumps whose end nobody "
                                           "knows; give source.manifest"),
                                 HasSubstr("min_rows")));
}

TEST_F(WithoutTrailer, AnExportOfPhpMyAdminIsTakenWithTheKeysBehindItsRows) {
  configure_without("  manifest: required\n");
  const std::string dump = gzipped(
      "-- phpMyAdmin SQL Dump\nSET SQL_MODE = \"NO_AUTO_VALUE_ON_ZERO\";\n/*!40101 SET NAMES "
      "utf8mb4 "
      "*/;\nCREATE TABLE `tenants` (`id` int NOT NULL, `status` int NOT NULL) ENGINE=InnoDB;\n"
      "INSERT INTO `tenants` (`id`, `status`) VALUES (1,7),(2,7),(3,1);\nALTER TABLE `tenants`\n"
      "  ADD PRIMARY KEY (`id`),\n  ADD KEY `status` (`status`);\nALTER TABLE `tenants`\n"
      "  MODIFY `id` int NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=9;\nCOMMIT;\n");
  Json manifest = with("size", std::uint64_t{dump.size()});
  manifest.set("sha256", sha256_hex(dump));
  deliver(dump_file, dump);
  deliver(manifest_file, manifest.dump());
  const Said rehearsed = load({}, {"--dry-run"});
  EXPECT_TRUE(rehearsed.program.ok()) << rehearsed.text();
  const Said said = load();
  ASSERT_TRUE(said.program.ok()) << said.text();
  expect_published();
  EXPECT_EQ(
      warehouse_.root().query_value(
          "SELECT GROUP_CONCAT(INDEX_NAME, ' ', COLUMN_NAME ORDER BY INDEX_NAME SEPARATOR ', ')"
          " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'staging' AND TABLE_NAME = "
          "'tenants'"),
      "PRIMARY id, status status");
  EXPECT_EQ(
      warehouse_.root().query_value(
          "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'staging' "
          "AND TABLE_NAME = 'tenants'"),
      "9");
}

TEST_F(WithoutTrailer, AreTakenIfTheManifestNamesTheRowsOfAllTables) {
  configure_without("  manifest: optional\n");
  deliver(dump_file, cut_);
  Json without_rows = Json::object();
  without_rows.set("size", std::uint64_t{cut_.size()});
  without_rows.set("sha256", sha256_hex(cut_));
  for (const auto& manifest : {std::string(), without_rows.dump()}) {
    deliver(dump_file, cut_);
    if (!manifest.empty()) deliver(manifest_file, manifest);
    const Said refused = load();
    EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
    EXPECT_THAT(refused.text(), HasSubstr("min_rows in protect.tables: tenants"));
    expect_nothing_published();
  }
  deliver(dump_file, cut_);
  deliver(manifest_file, manifest_of_cut().dump());
  const Said said = load();
  EXPECT_TRUE(said.program.ok()) << said.text();
  expect_published();
}

TEST_F(WithoutTrailer, AreTakenIfEveryTableHasAFloor) {
  configure_without("");
  add_floor("tenants");
  deliver(dump_file, cut_);
  EXPECT_EQ(load({}, {"--override-guards", "small"}).program.exit_code, 14)
      << "a floor that a person goes past says nothing";
  deliver(dump_file, cut_);
  const Said said = load();
  EXPECT_TRUE(said.program.ok()) << said.text();
  expect_published();
}

// Between two tables nothing but the comment tells that more should follow.
TEST_F(WithoutTrailer, ThatLackALiveTableWithoutAFloorAreRefusedAndItIsNamed) {
  const std::string rooms =
      "CREATE TABLE `rooms` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT "
      "CHARSET=utf8mb4;\nINSERT INTO `rooms` VALUES (4),(5);\n-- Dump completed";
  deliver(dump_file, gzipped(replace_all(small_dump(), "-- Dump completed", rooms)));
  ASSERT_TRUE(load().program.ok());
  configure_without("");
  add_floor("tenants");
  for (const auto& more : {std::vector<std::string>{"--dry-run"}, std::vector<std::string>{}}) {
    deliver(dump_file, cut_);
    const Said said = load({}, more);
    EXPECT_EQ(said.program.exit_code, 14) << said.text();
    EXPECT_THAT(said.text(), HasSubstr("nor do these 1 have a min_rows in protect.tables: rooms"));
  }
  EXPECT_EQ(warehouse_.root().query_value("SELECT COUNT(*) FROM staging.rooms"), "2");
}

TEST_F(WithoutTrailer, AreJudgedByADryRunAsByTheLoad) {
  configure_without("");
  house_.write("pipeline.yaml",
               house_.text_of("pipeline.yaml") +
                   "protect:\n  tables:\n    - {table: staging.others, min_rows: 3}\n");
  deliver(dump_file, cut_);
  const std::string before = warehouse_.picture();
  const Said refused = load({}, {"--dry-run"});
  EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
  EXPECT_THAT(refused.text(), HasSubstr("min_rows in protect.tables: tenants"));
  house_.change("pipeline.yaml", "staging.others", "staging.tenants");
  const Said taken = load({}, {"--dry-run"});
  EXPECT_TRUE(taken.program.ok()) << taken.text();
  EXPECT_EQ(warehouse_.picture(), before);
}

TEST_F(WithoutTrailer, ThatEndInsideOfAStatementAreNeverTaken) {
  configure_without("");
  add_floor("tenants");
  const std::string text = replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1),(4,1)");
  deliver(dump_file, gzipped(text.substr(0, text.find(",(4,1)"))));
  const Said said = load();
  EXPECT_EQ(said.program.exit_code, 14) << said.text();
  expect_nothing_published();
}

}  // namespace
}  // namespace pipeline
