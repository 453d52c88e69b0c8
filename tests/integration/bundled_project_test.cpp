// The bundled dbt project on a real server: what its figures do from day to day, and that each of
// its tests can fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/stage/pipeline_config.h"
#include "stages/transform/compile/compiler.h"
#include "tests/integration/bundled_warehouse.h"

namespace pipeline::bundled {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

Warehouse& shared_warehouse() {
  static Warehouse instance;
  return instance;
}

/// Three days, built once for all tests that only look.
class ThreeDays : public testing::Test {
 protected:
  static constexpr int days = 3;

  static void SetUpTestSuite() {
    Warehouse& warehouse = shared_warehouse();
    warehouse.reset();
    for (int day = 1; day <= days; ++day) {
      SCOPED_TRACE(fmt::format("day {}", day));
      warehouse.stage(day, date_of(day));
      warehouse.build();
      for (int earlier = 1; earlier <= day; ++earlier) {
        snapshots_of_[earlier].insert(snapshot(date_of(earlier)));
      }
      living_here_[day] = warehouse.value(
          fmt::format("SELECT COUNT(*) FROM silver.int_contracts WHERE is_cancelled = 0 AND "
                      "is_active_lease = 1 AND movein_date <= '{0}' AND (moveout_date IS NULL OR "
                      "moveout_date > '{0}')",
                      date_of(day)));
    }
  }

  static std::string date_of(int day) { return fmt::format("2026-02-{:02}", day); }

  /// All that the snapshot says of one day.
  static std::string snapshot(const std::string& date) {
    return shared_warehouse().rows(fmt::format(
        "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', snapshot_date, tenant_id, apartment_id, "
        "room_id, moving_id, tenant_status, contract_type, tenant_type, movein_date, "
        "COALESCE(moveout_date, '~'), rent, is_current_contract, is_room_primary))) FROM "
        "silver.tenant_room_snapshot_daily WHERE snapshot_date = '{}'",
        date));
  }

  static std::string value(const std::string& sql) { return shared_warehouse().value(sql); }

  /// The rows of a protected table that are there for good, as `account` sees them now.
  static std::string closed_rows(const std::string& account) {
    setenv("PIPELINE_VAR", "unused", 1);
    const auto config = read_pipeline_config(PIPELINE_SOURCE_DIR "/deploy/pipeline.yaml");
    Connection session = Connection::open(shared_warehouse().server().account_options(account));
    std::string text;
    for (const auto& entry : config.protect_history) {
      const auto found =
          session.query(fmt::format("SELECT COUNT(*), COUNT(DISTINCT {}) FROM {} WHERE {}",
                                    join(entry.key, ", "), entry.table, entry.closed_when));
      EXPECT_EQ(found.rows[0][0], found.rows[0][1]) << "the key of " << entry.table;
      text += fmt::format("{} {}\n", entry.table, *found.rows[0][0]);
    }
    return text;
  }

  static std::map<int, std::set<std::string>> snapshots_of_;  // as seen at the end of each day
  static std::map<int, std::string> living_here_;             // contracts that run, by day
};

std::map<int, std::set<std::string>> ThreeDays::snapshots_of_;
std::map<int, std::string> ThreeDays::living_here_;

TEST_F(ThreeDays, FillEveryTable) {
  for (const char* table :
       {"gold.daily_activity_summary", "gold.new_contracts", "gold.moveouts",
        "gold.moveout_notices", "gold.moveout_analysis", "gold.moveout_summary"}) {
    EXPECT_NE(value(fmt::format("SELECT COUNT(*) FROM {}", table)), "0") << table;
  }
  EXPECT_NE(value("SELECT SUM(is_status_change) FROM gold.tenant_status_transitions"), "0");
}

TEST_F(ThreeDays, LeaveBackupsOfTheCriticalTables) {
  EXPECT_EQ(value("SELECT COUNT(DISTINCT table_name) FROM pipeline.backup WHERE table_name IN "
                  "('tenant_status_history', 'int_contracts', 'daily_activity_summary', "
                  "'new_contracts', 'moveouts', 'moveout_notices')"),
            "6");
}

TEST_F(ThreeDays, AppendOneSnapshotEachAndChangeNoneOfTheDaysBefore) {
  for (int day = 1; day <= days; ++day) {
    EXPECT_THAT(snapshots_of_[day], SizeIs(1)) << date_of(day) << " was changed afterwards";
    EXPECT_THAT(*snapshots_of_[day].begin(), StartsWith(living_here_[day] + "|"));
  }
  EXPECT_EQ(value("SELECT COUNT(DISTINCT snapshot_date) FROM silver.tenant_room_snapshot_daily"),
            "3");
}

TEST_F(ThreeDays, LeaveNothingToAppendToASecondRunOfDbtOnTheSameDay) {
  Warehouse& warehouse = shared_warehouse();
  Connection session = Connection::open(warehouse.server().account_options("etl_build"));
  session.execute("SET SESSION time_zone = '+09:00'");
  session.execute("SET SESSION timestamp = UNIX_TIMESTAMP('2026-02-03 07:00:00')");
  // As dbt compiles it: the rows that the published table would get once more.
  const auto again = session.query(test::read_text_file(warehouse.file(
      "target/compiled/nightly_pipeline/models/silver/tenant_room_snapshot_daily.sql")));
  EXPECT_EQ(again.rows.size(), 0U);
}

TEST_F(ThreeDays, HaveClosedRowsThatNoClockDecides) {
  const std::string expected = fmt::format(
      "silver.tenant_status_history {}\nsilver.tenant_room_snapshot_daily {}\n",
      value("SELECT COUNT(*) FROM silver.tenant_status_history WHERE is_current = 0"),
      value("SELECT COUNT(*) FROM silver.tenant_room_snapshot_daily WHERE snapshot_date IN "
            "('2026-02-01', '2026-02-02')"));
  for (const char* account : {"etl_build", "etl_publish"}) {
    EXPECT_EQ(closed_rows(account), expected) << account;
  }
  // While day 4 is built, the rows of day 3 are closed too.
  shared_warehouse().mark_staging("2026-02-04");
  EXPECT_THAT(
      closed_rows("etl_publish"),
      HasSubstr(fmt::format("tenant_room_snapshot_daily {}\n",
                            value("SELECT COUNT(*) FROM silver.tenant_room_snapshot_daily"))));
}

TEST_F(ThreeDays, ShowNoDirtOfTheSource) {
  EXPECT_EQ(
      value("SELECT COUNT(*) FROM silver.stg_tenants WHERE full_name IN ('', '--', 'NULL', "
            "'null', '*') OR affiliation IN ('', '--', 'NULL', 'null') OR nationality IN ('', "
            "'--', 'NULL', 'null', 'レソト') OR birth_date < '1900-01-01' OR "
            "first_movein_date < '1900-01-01'"),
      "0");
  EXPECT_NE(value("SELECT COUNT(*) FROM staging.tenants WHERE full_name IN ('', '--', 'NULL', "
                  "'*')"),
            "0")
      << "staging keeps it";
  EXPECT_EQ(value("SELECT COUNT(*) FROM silver.stg_movings WHERE moveout_date < '1900-01-01' OR "
                  "contract_signed_at < '1900-01-01'"),
            "0");
  EXPECT_EQ(shared_warehouse().rows(
                "SELECT DISTINCT location_source FROM silver.stg_apartments ORDER BY 1"),
            "backup;source");
  const std::string doubles =
      "SELECT COUNT(*) - COUNT(DISTINCT tenant_id, apartment_id, room_id) FROM ";
  EXPECT_NE(value(doubles + "staging.movings"), "0");
  EXPECT_EQ(value(doubles + "silver.int_contracts"), "0");
}

TEST_F(ThreeDays, ShowTheColumnsThatAreDocumentedAndAKeyOnEveryTable) {
  dbt::CompilerOptions options;
  options.project.project_dir = PIPELINE_SOURCE_DIR "/stages/dbt";
  const dbt::Compiler compiler(std::move(options));
  int seen = 0;
  for (const auto& [id, node] : compiler.graph().nodes()) {
    if (node.type != dbt::ResourceType::model && node.type != dbt::ResourceType::seed) continue;
    SCOPED_TRACE(id);
    ++seen;
    EXPECT_NE(node.description, "");
    std::vector<std::string> documented;
    for (const auto& column : node.columns) {
      EXPECT_NE(column.description, "") << column.name;
      documented.push_back(column.name);
    }
    std::sort(documented.begin(), documented.end());
    EXPECT_EQ(
        join(documented, ";"),
        shared_warehouse().rows(fmt::format(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{}' AND "
            "TABLE_NAME = '{}' ORDER BY HEX(COLUMN_NAME)",
            node.relation.schema, node.relation.identifier)));
    if (node.config.materialized == dbt::Materialization::view) continue;
    EXPECT_NE(value(fmt::format("SELECT COUNT(*) FROM information_schema.STATISTICS WHERE "
                                "TABLE_SCHEMA = '{}' AND TABLE_NAME = '{}' AND NON_UNIQUE = 0",
                                node.relation.schema, node.relation.identifier)),
              "0")
        << "a unique key";
  }
  EXPECT_EQ(seen, 6 + 8 + 7) << "seeds, silver, gold";
}

class BundledProject : public testing::Test {
 protected:
  BundledProject() : warehouse_(shared_warehouse()) { warehouse_.reset(); }

  void build_day(int day) {
    SCOPED_TRACE(fmt::format("day {}", day));
    warehouse_.stage(day, fmt::format("2026-02-{:02}", day));
    warehouse_.build();
  }

  std::string value(const std::string& sql) { return warehouse_.value(sql); }

  Warehouse& warehouse_;
};

TEST_F(BundledProject, ARerunOfADayGivesTheSameTables) {
  build_day(1);
  build_day(2);
  const std::string first = warehouse_.checksums();
  EXPECT_THAT(first, HasSubstr("silver.tenant_room_snapshot_daily"));
  warehouse_.build({"--force"});
  EXPECT_EQ(warehouse_.checksums(), first);
  EXPECT_EQ(value("SELECT generation FROM silver.pipeline_marker"), "3") << "it was built again";
}

TEST_F(BundledProject, TheWindowOfNoticesMovesOn) {
  build_day(1);
  const std::string old_ones =
      "SELECT COUNT(*) FROM gold.moveout_notices WHERE moveout_receipt_date < '2025-02-02'";
  EXPECT_NE(value(old_ones), "0");
  EXPECT_EQ(value("SELECT COUNT(*) FROM gold.moveout_notices WHERE moveout_receipt_date < "
                  "'2024-02-01'"),
            "0");
  const std::string kept =
      value("SELECT COUNT(*) FROM gold.moveout_notices WHERE moveout_receipt_date >= '2025-02-02'");
  warehouse_.mark_staging("2027-02-02");
  warehouse_.build();
  EXPECT_EQ(value(old_ones), "0");
  EXPECT_EQ(value("SELECT COUNT(*) FROM gold.moveout_notices"), kept);
}

TEST_F(BundledProject, ANoticeThatIsTakenBackLeaves) {
  build_day(1);
  const std::string moving = value("SELECT MIN(moving_id) FROM gold.moveout_notices");
  warehouse_.execute("UPDATE staging.movings SET moveout_receipt_date = NULL WHERE id = " + moving);
  warehouse_.mark_staging("2026-02-02");
  warehouse_.build();
  EXPECT_EQ(value("SELECT COUNT(*) FROM gold.moveout_notices WHERE moving_id = " + moving), "0");
}

TEST_F(BundledProject, ALateCorrectionChangesTheOldDay) {
  build_day(1);
  const std::string moving = value(
      "SELECT MAX(moving_id) FROM gold.moveouts WHERE tenant_type = 'individual' AND movein_date "
      "BETWEEN '2020-01-02' AND '2024-12-31'");
  const auto activity = [&](const std::string& day) {
    return std::stoi(value(fmt::format(
        "SELECT COALESCE(SUM(move_ins), 0) FROM gold.daily_activity_summary WHERE tenant_type = "
        "'individual' AND activity_date = '{}'",
        day)));
  };
  const std::string wrong = value("SELECT movein_date FROM staging.movings WHERE id = " + moving);
  const std::string right = value(fmt::format("SELECT DATE_SUB('{}', INTERVAL 1 DAY)", wrong));
  const int on_wrong = activity(wrong);
  const int on_right = activity(right);
  warehouse_.execute(
      fmt::format("UPDATE staging.movings SET movein_date = '{}' WHERE id = {}", right, moving));
  warehouse_.mark_staging("2026-02-02");
  warehouse_.build();
  EXPECT_EQ(activity(wrong), on_wrong - 1);
  EXPECT_EQ(activity(right), on_right + 1);
}

TEST_F(BundledProject, AStatusThatNoSeedKnowsStopsTheDayInsteadOfGettingALabel) {
  build_day(1);
  warehouse_.stage(2, "2026-02-02");
  warehouse_.execute("UPDATE staging.tenants SET status = 42 WHERE id = 1");
  const std::string before = warehouse_.checksums();
  const Outcome outcome = warehouse_.run("silver_transformer");
  EXPECT_EQ(outcome.program.exit_code, 1);
  EXPECT_EQ(outcome.error(), "Pipeline.DataTestFailed");
  EXPECT_THAT(outcome.cause(), HasSubstr("test.nightly_pipeline.every_code_has_a_label"));
  EXPECT_EQ(warehouse_.checksums(), before);
  EXPECT_EQ(value("SELECT COUNT(*) FROM silver.stg_tenants WHERE status_label_en LIKE "
                  "'%nknown%'"),
            "0");
}

/// One fault: a value in staging, or a slip in a model where the model itself keeps the fault out.
struct Fault {
  std::string test;  // that must find it
  std::string sql;   // on the staging of day 2
  std::string file;  // of the project
  std::string from;
  std::string to;
  std::uint64_t rows = 0;  // that the test must find; 0: any number
};

const std::string history_model = "models/silver/tenant_status_history.sql";
const std::string snapshot_model = "models/silver/tenant_room_snapshot_daily.sql";

std::vector<Fault> silver_faults(Warehouse& warehouse) {
  // The house with the fewest free rooms, and so many rooms of it that the rest is too few.
  const std::string spare =
      "(SELECT COUNT(*) FROM silver.stg_rooms a WHERE a.apartment_id = s.apartment_id) - "
      "COUNT(DISTINCT s.room_id)";
  const std::string house_sql = fmt::format(
      "SELECT {{}} FROM silver.tenant_room_snapshot_daily s WHERE s.snapshot_date = (SELECT "
      "MAX(snapshot_date) FROM silver.tenant_room_snapshot_daily) AND s.is_room_primary = 1 GROUP "
      "BY s.apartment_id ORDER BY {}, s.apartment_id LIMIT 1",
      spare);
  const std::string full = warehouse.value(fmt::format(fmt::runtime(house_sql), "s.apartment_id"));
  const std::string too_many =
      warehouse.value(fmt::format(fmt::runtime(house_sql), spare + " + 1"));
  EXPECT_NE(full, "NULL");
  return {
      {.test = "every_code_has_a_label",
       .sql = "UPDATE staging.tenants SET gender_type = 9, personal_identity = '99', "
              "affiliation_type = 99, status = 42, contract_type = 42, reason_moveout = 99 WHERE "
              "id = 1; UPDATE staging.tenants SET personal_identity = 'passport' WHERE id = 3; "
              "UPDATE staging.rooms SET gender_type = 9 WHERE id = 1; UPDATE staging.movings SET "
              "moving_agreement_type = 42, tenant_contract_type = 43 WHERE id = 1",
       .rows = 10},
      {.test = "dates_do_not_lie_ahead",
       .sql = "UPDATE staging.movings SET movein_decided_date = '2026-02-03 00:00:00' WHERE id = 1",
       .rows = 1},
      {.test = "dates_do_not_lie_ahead",
       .sql = "UPDATE staging.tenants SET birth_date = '2026-02-03' WHERE id = 1",
       .rows = 1},
      {.test = "dates_do_not_lie_ahead",
       .sql = "UPDATE staging.inquiries SET inquiry_date = '2062-02-01' WHERE id = 1",
       .rows = 1},
      {.test = "current_contracts_are_their_tenants",
       .sql = "UPDATE staging.tenants t JOIN staging.movings m ON m.id = t.moving_id JOIN (SELECT "
              "MIN(id) AS id FROM staging.tenants WHERE moving_id IS NOT NULL) first ON first.id = "
              "t.id SET t.moving_id = (SELECT MAX(o.id) FROM staging.movings o WHERE o.tenant_id "
              "<> first.id)",
       .rows = 1},
      {.test = "occupancy_is_not_above_the_rooms",
       .sql = fmt::format("UPDATE staging.rooms SET apartment_id = (SELECT MIN(id) FROM "
                          "staging.apartments WHERE id <> {0}), room_number = "
                          "CONCAT('moved', id) WHERE apartment_id = {0} ORDER BY id LIMIT {1}",
                          full, too_many),
       .rows = 1},
      {.test = "coordinates_lie_inside_tokyo",
       .file = "macros/cleaning.sql",
       .from = "({{ latitude }} between 35.50 and 35.90 and {{ longitude }} between 138.94 and "
               "139.92)",
       .to = "({{ latitude }} is not null)"},
      {.test = "contracts_stand_once",
       .file = "models/silver/int_contracts.sql",
       .from = "m.moving_id desc",
       .to = "m.moving_id"},
      {.test = "each_taken_room_counts_once",
       .file = snapshot_model,
       .from = "partition by c.room_id",
       .to = "partition by c.room_id, c.tenant_id"},
      {.test = "snapshot_shows_who_lives_here_today",
       // Somebody who lives here will leave.
       .sql = "UPDATE staging.movings SET moveout_plans_date = '2026-02-20' WHERE id = (SELECT "
              "MIN(moving_id) FROM silver.tenant_room_snapshot_daily WHERE moveout_date IS NULL)",
       .file = snapshot_model,
       .from = "c.moveout_date is null or c.moveout_date > curdate()",
       .to = "c.moveout_date is null"},
      {.test = "snapshot_shows_who_lives_here_today",
       // Somebody whose lease is over, although the contract says nothing of it.
       .sql = "UPDATE staging.tenants SET status = 17 WHERE id = (SELECT MIN(tenant_id) FROM "
              "silver.tenant_room_snapshot_daily WHERE moveout_date IS NULL)",
       .file = snapshot_model,
       .from = "  and c.is_active_lease = 1\n",
       .to = ""},
      {.test = "history_shows_what_tenants_are_today",
       .sql = "UPDATE staging.tenants SET renewal_priority = 2 WHERE renewal_priority IS NULL "
              "ORDER BY id LIMIT 1",
       .file = history_model,
       .from = "not (h.{{ column }} <=> t.{{ column }})",
       .to = "h.{{ column }} <> t.{{ column }}"},
      {.test = "history_has_one_current_row_per_tenant",
       .file = history_model,
       .from = ", t1.is_current = 0 WHERE",
       .to = " WHERE"},
      {.test = "history_periods_follow_each_other",
       .file = history_model,
       .from = "t1.valid_to = t2.newest_from",
       .to = "t1.valid_to = DATE_SUB(t2.newest_from, INTERVAL 1 DAY)"},
  };
}

std::vector<Fault> gold_faults() {
  return {
      {.test = "moveouts_come_after_moveins",
       .sql =
           "UPDATE staging.movings m JOIN (SELECT MAX(moving_id) AS id FROM gold.moveouts) last "
           "ON last.id = m.id SET m.moveout_date_integrated = DATE_SUB(m.movein_date, INTERVAL 1 "
           "DAY)",
       .rows = 1},
      {.test = "activity_agrees_with_its_details",
       .file = "models/gold/daily_activity_summary.sql",
       .from = "'date(c.contract_signed_at)', 'c.is_cancelled = 0'",
       .to = "'date(c.contract_signed_at)', 'true'"},
      {.test = "notices_are_those_of_the_window",
       .sql = "UPDATE staging.movings m JOIN (SELECT MAX(moving_id) AS id FROM "
              "gold.moveout_notices) last ON last.id = m.id SET m.moveout_receipt_date = NULL",
       .file = "models/gold/moveout_notices.sql",
       .from = "where not exists",
       .to = "where 1 = 0 and not exists"},
      {.test = "transitions_follow_the_history",
       .file = "models/gold/tenant_status_transitions.sql",
       .from = "order by t.valid_from)",
       .to = "order by t.valid_from desc)"},
      {.test = "summary_counts_every_moveout",
       .file = "models/gold/moveout_summary.sql",
       .from = "group by",
       .to = "where a.age_band is not null\ngroup by"},
  };
}

class EachTest : public BundledProject {
 protected:
  void commit(Warehouse& warehouse, const Fault& fault) {
    warehouse.stage(2, "2026-02-02");
    for (const auto& statement : split(fault.sql, ';')) {
      if (!statement.empty()) warehouse.execute(statement);
    }
    if (!fault.file.empty()) warehouse.edit(fault.file, fault.from, fault.to);
  }

  void expect_found(const Fault& fault, const Outcome& outcome) {
    EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
    EXPECT_EQ(outcome.error(), "Pipeline.DataTestFailed");
    EXPECT_EQ(outcome.failed_tests(), fault.test) << "exactly this test";
    if (fault.rows != 0) {
      EXPECT_EQ(outcome.failing_rows(), fault.rows);
    }
    found_.insert(fault.test);
  }

  std::set<std::string> found_;
};

TEST_F(EachTest, OfTheProjectCanFailAndThenAlone) {
  build_day(1);
  for (const auto& fault : silver_faults(warehouse_)) {
    SCOPED_TRACE(fault.test + " " + fault.sql + fault.to);
    commit(warehouse_, fault);
    expect_found(fault, warehouse_.run("silver_transformer"));
    warehouse_.restore_project();
  }
  for (const auto& fault : gold_faults()) {
    SCOPED_TRACE(fault.test);
    commit(warehouse_, fault);
    const Outcome silver = warehouse_.run("silver_transformer");
    EXPECT_TRUE(silver.program.ok()) << silver.program.text();
    expect_found(fault, warehouse_.run("gold_transformer"));
    warehouse_.restore_project();
  }
  build_day(2);  // without a fault both layers are green

  std::set<std::string> written;
  for (const auto& entry : fs::directory_iterator(PIPELINE_SOURCE_DIR "/stages/dbt/tests")) {
    if (entry.path().extension() == ".sql") written.insert(entry.path().stem().string());
  }
  EXPECT_EQ(found_, written) << "each singular test stands in the table";
}

}  // namespace
}  // namespace pipeline::bundled
