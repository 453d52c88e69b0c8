// What becomes of a dump that is refused: where it goes, when it stays, what the next mornings say,
// and that no death on the way loses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <thread>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string incoming = "store/dumps/gghouse_20260202.sql.gz";

class Quarantine : public BadWarehouseTest {
 protected:
  /// In place of the second day's dump; `minutes` since anybody wrote to it.
  void deliver(const std::string& bytes, int minutes) {
    BadWarehouseTest::deliver(incoming, bytes, std::chrono::minutes(minutes));
  }
  std::string good() {
    return gzipped(replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1)"));
  }
  std::string broken() { return good().substr(0, good().size() - 9); }

  Said load(const std::string& date, const std::string& failpoint = {}) {
    Start start = start_of("staging_loader", {"load", "--business-date", date});
    start.env["PIPELINE_FAILPOINT"] = failpoint;
    return house_.run(start);
  }
  /// The names under quarantine/.
  std::vector<std::string> quarantine() const { return names_in("quarantine"); }
  bool is_incoming() const { return fs::exists(house_.file(incoming)); }
  std::string refused_name(const std::string& bytes) const {
    return "gghouse_20260202.sql.gz.refused-" + sha256_hex(bytes).substr(0, 12);
  }
};

TEST_F(Quarantine, ARefusedDumpIsMovedThereWithItsReasonAndANewDeliveryIsLoaded) {
  deliver(broken(), 20);
  const Said refused = load("2026-02-02");
  EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
  const std::string name = refused_name(broken());
  EXPECT_THAT(quarantine(), ElementsAre(name, name + ".json"));
  EXPECT_EQ(house_.text_of("store/quarantine/" + name), broken());
  EXPECT_FALSE(is_incoming());
  const Json reason = Json::parse(house_.text_of("store/quarantine/" + name + ".json"));
  EXPECT_EQ(reason.at("error").as_string(), "Pipeline.DumpCorrupt");
  EXPECT_EQ(reason.at("key").as_string(), "dumps/gghouse_20260202.sql.gz");
  EXPECT_THAT(reason.at("run_id").as_string(), testing::Not(IsEmpty()));
  ASSERT_TRUE(refused.result);
  EXPECT_EQ(refused.result->error->context.at("quarantined_as").as_string(), "quarantine/" + name);
  EXPECT_THAT(refused.text(), HasSubstr("deliver a better one under its name"));
  expect_nothing_published();

  // Nobody has brought a better one yet.
  const Said missing = load("2026-02-02");
  EXPECT_EQ(missing.program.exit_code, 11) << missing.text();
  EXPECT_THAT(missing.text(), HasSubstr("quarantine/" + name));
  Start listing = start_of("staging_loader", {"ls", "--business-date", "2026-02-02"});
  EXPECT_THAT(house_.run(listing).program.out,
              testing::ContainsRegex("2026-02-02 .* refused +quarantine/" + name));

  deliver(good(), 20);
  const Said loaded = load("2026-02-02");
  EXPECT_TRUE(loaded.program.ok()) << loaded.text();
  EXPECT_THAT(quarantine(), ElementsAre(name, name + ".json")) << "it stays for whoever asks why";
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-01 2026-02-01");
}

TEST_F(Quarantine, TheNextMorningNamesTheDayThatIsMissingAndWhereItsDumpLies) {
  deliver(gzipped(small_dump() + "DROP DATABASE gold;\n"), 20);
  EXPECT_EQ(load("2026-02-02").program.exit_code, 14);
  house_.write("store/dumps/gghouse_20260203.sql.gz", good());
  const Said next = load("2026-02-03");
  EXPECT_EQ(next.program.exit_code, 12) << next.text();
  EXPECT_THAT(next.text(), AllOf(HasSubstr("no dump of 2026-02-02"),
                                 HasSubstr("quarantine/gghouse_20260202.sql.gz.refused-")));
  expect_nothing_published();
}

TEST_F(Quarantine, OldBytesUnderANewNameAreMovedToo) {
  deliver(house_.text_of("store/processed/gghouse_20260201.sql.gz"), 20);
  const Said refused = load("2026-02-02");
  EXPECT_EQ(refused.program.exit_code, 13) << refused.text();
  EXPECT_EQ(quarantine().size(), 2U);
  EXPECT_FALSE(is_incoming());
}

TEST_F(Quarantine, WhatIsTheServersFaultCondemnsNoDump) {
  const std::string mode = *warehouse_.root().query_value("SELECT @@GLOBAL.sql_mode");
  warehouse_.root().execute("SET GLOBAL sql_mode = 'ANSI_QUOTES'");
  std::string dump = replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1)");
  for (auto at = dump.find("SQL_MODE"); at != std::string::npos; at = dump.find("SQL_MODE")) {
    const auto begin = dump.rfind('\n', at) + 1;
    dump.erase(begin, dump.find('\n', at) + 1 - begin);
  }
  deliver(gzipped(dump), 20);
  const Said refused = load("2026-02-02");
  warehouse_.root().execute(fmt::format("SET GLOBAL sql_mode = '{}'", mode));
  EXPECT_EQ(refused.program.exit_code, 22) << refused.text();
  EXPECT_THAT(refused.text(), HasSubstr("take it out of the server's sql_mode"));
  EXPECT_TRUE(is_incoming());
  EXPECT_THAT(quarantine(), IsEmpty());
  EXPECT_TRUE(load("2026-02-02").program.ok());
}

TEST_F(Quarantine, ADumpThatMayStillBeWrittenStaysWhereItIs) {
  deliver(broken(), 2);
  const Said refused = load("2026-02-02");
  EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
  EXPECT_TRUE(is_incoming());
  EXPECT_THAT(quarantine(), IsEmpty());
}

TEST_F(Quarantine, RefusedDumpsStayWhereTheConfigurationSaysSo) {
  house_.change("pipeline.yaml", "  store: store\n", "  store: store\n  quarantine: \"\"\n");
  deliver(broken(), 20);
  EXPECT_EQ(load("2026-02-02").program.exit_code, 14);
  EXPECT_TRUE(is_incoming());
  EXPECT_FALSE(fs::exists(house_.file("store/quarantine")));
}

TEST_F(Quarantine, AStoreThatRefusesTheMoveHidesNothing) {
  house_.write("store/quarantine", "a file where the folder should be");
  deliver(broken(), 20);
  const Said refused = load("2026-02-02");
  EXPECT_EQ(refused.program.exit_code, 14) << refused.text();
  EXPECT_THAT(refused.text(), HasSubstr("was refused and stays where it is"));
  EXPECT_TRUE(is_incoming());
}

TEST_F(Quarantine, NoDeathOnTheWayLosesTheDump) {
  for (const std::string point :
       {"quarantine_after_copy", "quarantine_before_remove", "quarantine_after_remove"}) {
    SCOPED_TRACE(point);
    warehouse_.reset();
    deliver(broken(), 20);
    const Said killed = load("2026-02-02", point + ":kill");
    EXPECT_EQ(killed.program.signal, SIGKILL) << killed.text();
    const std::string name = refused_name(broken());
    const bool copied = house_.text_of("store/quarantine/" + name) == broken();
    EXPECT_TRUE(copied || (is_incoming() && house_.text_of(incoming) == broken()));
    EXPECT_EQ(is_incoming(), point != "quarantine_after_remove");
    expect_nothing_published();
    const Said again = load("2026-02-02");
    EXPECT_EQ(again.program.exit_code, point == "quarantine_after_remove" ? 11 : 14)
        << again.text();
    EXPECT_THAT(quarantine(), ElementsAre(name, name + ".json"));
    EXPECT_FALSE(is_incoming());
  }
}

TEST_F(Quarantine, ANewDeliveryInTheMiddleOfTheMoveStays) {
  deliver(broken(), 20);
  house_.remove("gate");
  Start start = start_of("staging_loader", {"load", "--business-date", "2026-02-02"});
  start.env["PIPELINE_FAILPOINT"] = "quarantine_before_remove:pause";
  start.env["PIPELINE_FAILPOINT_GATE"] = house_.file("gate");
  auto program = house_.program(start);
  auto first = std::async(std::launch::async, [program] { return test::run_program(program); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (quarantine().size() < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  deliver(good(), 0);
  house_.write("gate", "open");
  EXPECT_EQ(first.get().exit_code, 14);
  EXPECT_EQ(house_.text_of(incoming), good());
  EXPECT_TRUE(load("2026-02-02").program.ok());
}

// ---- the calendar that `ls` prints -----------------------------------------------------------

class Calendar : public Quarantine {
 protected:
  Said list(std::vector<std::string> more) {
    more.insert(more.begin(), "ls");
    return house_.run(start_of("staging_loader", more));
  }
};

TEST_F(Calendar, SaysOfEachDateWhatBecameOfItsDumpAndWhy) {
  deliver(broken(), 20);
  EXPECT_EQ(load("2026-02-02").program.exit_code, 14);
  house_.write("store/dumps/gghouse_20260204.sql.gz", good());
  house_.write("store/dumps/gghouse_20260207.sql.gz", good());
  const std::string before = warehouse_.picture();

  const Said said = list({"--business-date", "2026-02-05"});
  ASSERT_TRUE(said.program.ok()) << said.text();
  const auto lines = split(said.program.out, '\n');
  ASSERT_EQ(lines.size(), 8U) << said.program.out;  // a head, six dates, and the end
  EXPECT_THAT(lines[1], testing::ContainsRegex(
                            "^2026-02-01 .* live, archived +processed/gghouse_20260201.sql.gz +"
                            "generation 1, 20.*, run "));
  EXPECT_THAT(lines[2], testing::ContainsRegex("^2026-02-02 .* refused +quarantine/.* "
                                               "Pipeline.DumpCorrupt: .*gzip"));
  EXPECT_THAT(lines[3], testing::ContainsRegex("^2026-02-03 .* missing"));
  EXPECT_THAT(lines[4], testing::ContainsRegex("^2026-02-04 .* pending"));
  EXPECT_THAT(lines[5], testing::ContainsRegex("^2026-02-05 .* missing"));
  EXPECT_THAT(lines[6], testing::ContainsRegex("^2026-02-07 .* future"));

  const Said json = list({"--business-date", "2026-02-05", "--json"});
  const Json rows = Json::parse(json.program.out);
  ASSERT_EQ(rows.as_array().size(), 6U);
  EXPECT_EQ(rows.as_array()[0].at("loaded").at("generation").as_int(), 1);
  EXPECT_EQ(rows.as_array()[1].at("why").at("error").as_string(), "Pipeline.DumpCorrupt");
  EXPECT_EQ(rows.as_array()[1].at("state").as_string(), "refused");
  EXPECT_EQ(rows.as_array()[2].dump(),
            R"({"date":"2026-02-03","key":null,"bytes":null,"state":"missing","loaded":null,)"
            R"("why":null})");
  EXPECT_EQ(rows.as_array()[3].at("bytes").as_int(), static_cast<std::int64_t>(good().size()));
  EXPECT_EQ(warehouse_.picture(), before) << "ls changed something";
}

TEST_F(Calendar, IsAsLongAsAsked) {
  house_.write("store/dumps/gghouse_20260209.sql.gz", good());
  const Said said = list({"--business-date", "2026-02-09", "--days", "2"});
  const auto lines = split(said.program.out, '\n');
  ASSERT_EQ(lines.size(), 5U) << said.program.out;
  EXPECT_THAT(lines[1], HasSubstr("2026-02-08"));
  EXPECT_THAT(lines[3], HasSubstr("before 2026-02-08 that are not shown, for want of --days: 2"));
  for (const std::string wrong : {"0", "x", "99999", "-1", ""}) {
    EXPECT_EQ(list({"--days", wrong}).program.exit_code, 10) << wrong;
  }
}

}  // namespace
}  // namespace pipeline
