// What `load --dry-run` says, and that it writes nothing to server or store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "common/base/text.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string incoming = "store/dumps/gghouse_20260202.sql.gz";

class DryRun : public BadWarehouseTest {
 protected:
  void deliver(const std::string& bytes) {
    BadWarehouseTest::deliver(incoming, bytes, std::chrono::hours(1));
  }
  std::string dump_with(const std::string& rows) {
    return gzipped(replace_all(small_dump(), "(1,1),(2,7)", rows));
  }

  /// Everything that a load could change, and how often rows were loaded, updated and deleted.
  std::string everything() {
    std::string text = warehouse_.picture();
    text +=
        warehouse_.root().query("CHECKSUM TABLE pipeline.session").rows.at(0).at(1).value_or("");
    const auto tables = warehouse_.root().query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, CREATE_TIME FROM information_schema.TABLES WHERE "
        "TABLE_SCHEMA LIKE '%\\_\\_next' OR TABLE_SCHEMA = 'pipeline' ORDER BY 1, 2");
    for (const auto& row : tables.rows)
      text += *row[0] + "." + *row[1] + row[2].value_or("") + "\n";
    // Rights are tried by statements on tables that are not there: those change no row.
    const auto written = warehouse_.root().query(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_load', 'Handler_update', "
        "'Handler_delete')");
    EXPECT_EQ(written.rows.size(), 3U);
    for (const auto& row : written.rows) text += *row[0] + " " + *row[1] + "\n";
    return text;
  }

  Said rehearse(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"load", "--dry-run"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    if (more.empty()) arguments.insert(arguments.end(), {"--business-date", "2026-02-02"});
    const std::string before = everything();
    const Said said = house_.run(start_of("staging_loader", arguments));
    EXPECT_EQ(everything(), before) << "a dry run changed something\n" << said.text();
    return said;
  }
  std::string load() {
    return house_.run(start_of("staging_loader", {"load", "--business-date", "2026-02-02"})).text();
  }
};

TEST_F(DryRun, SaysWhatALoadWouldPublishAndTheLoadThenDoesThat) {
  const Said said = rehearse();
  ASSERT_TRUE(said.program.ok()) << said.text();
  EXPECT_THAT(said.program.out,
              AllOf(HasSubstr("dumps/gghouse_20260202.sql.gz would be loaded as of 2026-02-02: "
                              "1 tables, 3 rows"),
                    HasSubstr("dry run: nothing was changed")));
  ASSERT_TRUE(said.result);
  EXPECT_EQ(said.result->output.at("outcome").as_string(), "would_load");
  EXPECT_TRUE(said.result->output.at("generation").is_null());
  const auto sha256 = said.result->output.at("source_sha256").as_string();
  EXPECT_EQ(sha256, sha256_hex(house_.text_of(incoming)));

  const Said loaded =
      house_.run(start_of("staging_loader", {"load", "--business-date", "2026-02-02"}));
  ASSERT_TRUE(loaded.program.ok()) << loaded.text();
  EXPECT_EQ(loaded.result->output.at("source_sha256").as_string(), sha256);
  const auto rows_of = [](const Said& of) {
    std::vector<std::pair<std::string, std::int64_t>> rows;
    for (const auto& table : of.result->output.at("tables").as_array()) {
      rows.emplace_back(table.at("table").as_string(), table.at("rows").as_int());
    }
    return rows;
  };
  EXPECT_EQ(rows_of(loaded), rows_of(said));
}

// By what the server heard: the trials of rights go on in sessions of their own, about tables that
// are not there or rows that match nothing; the sessions that read are read-only and only read.
TEST_F(DryRun, TellsTheServerThatItsSessionsAreReadOnlyAndSendsThemNoWrite) {
  auto& root = warehouse_.root();
  root.execute("SET GLOBAL log_output = 'TABLE'");
  root.execute("TRUNCATE mysql.general_log");
  root.execute("SET GLOBAL general_log = 1");
  const Said said = house_.run(
      start_of("staging_loader", {"load", "--dry-run", "--business-date", "2026-02-02"}));
  root.execute("SET GLOBAL general_log = 0");
  ASSERT_TRUE(said.program.ok()) << said.text();
  std::map<std::string, std::vector<std::string>> sessions;
  for (const auto& row : root.query("SELECT thread_id, argument FROM mysql.general_log WHERE "
                                    "user_host LIKE 'etl\\_%' AND command_type = 'Query' "
                                    "ORDER BY event_time")
                             .rows) {
    sessions[*row[0]].push_back(row[1].value_or(""));
  }
  const auto reads = testing::ContainsRegex("^(SELECT|SHOW|SET) ");
  const auto tries = testing::ContainsRegex("pipeline_probe_|WHERE FALSE$");
  const std::string read_only = "SET SESSION TRANSACTION READ ONLY";
  int read_only_sessions = 0;
  int others = 0;
  for (const auto& [thread, statements] : sessions) {
    const auto told = std::ranges::find(statements, read_only);
    if (told == statements.end()) {
      EXPECT_THAT(statements, testing::Each(testing::AnyOf(reads, tries)));
      EXPECT_THAT(statements, testing::Contains(tries)) << "it does more than to try rights";
      ++others;
      continue;
    }
    EXPECT_THAT(statements, testing::Each(reads));
    ++read_only_sessions;
  }
  EXPECT_EQ(read_only_sessions, 2) << "one of each account";
  EXPECT_EQ(others, 2) << "the rights of each account";
}

TEST_F(DryRun, OfALiveDateIsNothingNew) {
  const Said said = rehearse({"--business-date", "2026-02-01"});
  EXPECT_TRUE(said.program.ok()) << said.text();
  EXPECT_EQ(said.result->output.at("outcome").as_string(), "nothing_new");
}

TEST_F(DryRun, RefusesADamagedDumpAndLeavesItWhereItIs) {
  const std::string whole = dump_with("(1,7),(3,1)");
  deliver(whole.substr(0, whole.size() - 9));
  const Said said = rehearse();
  EXPECT_EQ(said.program.exit_code, 14) << said.text();
  EXPECT_TRUE(fs::exists(house_.file(incoming)));
  EXPECT_FALSE(fs::exists(house_.file("store/quarantine")));
}

TEST_F(DryRun, RefusesARowThatNoLoadWouldTake) {
  deliver(dump_with("(1,NULL)"));
  const Said said = rehearse();
  EXPECT_EQ(said.program.exit_code, 14) << said.text();
  EXPECT_THAT(said.text(), HasSubstr("NULL where none is allowed for the column status"));
}

TEST_F(DryRun, RefusesOldBytesUnderANewName) {
  deliver(house_.text_of("store/processed/gghouse_20260201.sql.gz"));
  EXPECT_EQ(rehearse().program.exit_code, 13);
}

TEST_F(DryRun, JudgesFloorsByTheRowsThatWereRead) {
  house_.write("pipeline.yaml", house_.text_of("pipeline.yaml") +
                                    "protect:\n  tables:\n    - {table: staging.tenants, "
                                    "min_rows: 4}\n");
  const Said said = rehearse();
  EXPECT_EQ(said.program.exit_code, 21) << said.text();
  EXPECT_THAT(said.text(), HasSubstr("staging.tenants"));
  const Said overridden = rehearse({"--business-date", "2026-02-02", "--override-guards", "small"});
  EXPECT_TRUE(overridden.program.ok()) << overridden.text();
}

TEST_F(DryRun, RefusesAMissingDayAsTheLoadDoes) {
  house_.remove(incoming);
  house_.write("store/dumps/gghouse_20260204.sql.gz", dump_with("(1,7)"));
  EXPECT_EQ(rehearse({"--business-date", "2026-02-04"}).program.exit_code, 12);
  const Said said = rehearse({"--business-date", "2026-02-04", "--allow-gaps", "holiday"});
  EXPECT_TRUE(said.program.ok()) << said.text();
  EXPECT_THAT(said.program.out, HasSubstr(R"(days without a dump: ["2026-02-02","2026-02-03"])"));
}

TEST_F(DryRun, WaitsForNoDump) {
  house_.remove(incoming);
  EXPECT_EQ(rehearse().program.exit_code, 11);
  house_.change("pipeline.yaml", "wait_until: \"00:00\"", "wait_until: \"23:59:59\"");
  const std::string today = BusinessDate::at(system_clock().now()).iso();
  const Said said = rehearse({"--business-date", today, "--allow-gaps", "x"});
  EXPECT_EQ(said.program.exit_code, 11) << said.text();
}

TEST_F(DryRun, NamesARightThatALoadWouldLack) {
  warehouse_.root().execute(
      "REVOKE INSERT ON `pipeline`.`loaded_dump` FROM 'etl_load'@'localhost'");
  const Said said = rehearse();
  warehouse_.root().execute("GRANT INSERT ON `pipeline`.`loaded_dump` TO 'etl_load'@'localhost'");
  EXPECT_EQ(said.program.exit_code, 15) << said.text();
  EXPECT_THAT(said.text(), HasSubstr("loaded_dump"));
  EXPECT_THAT(load(), Not(HasSubstr("\"level\":\"error\"")));
}

}  // namespace
}  // namespace pipeline
