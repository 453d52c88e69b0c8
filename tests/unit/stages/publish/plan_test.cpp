// A journalled plan reads back whole: a crash must not change what is left to do.
#include "stages/publish/plan.h"

#include <gtest/gtest.h>

namespace pipeline::publish {
namespace {

PublishPlan plan() {
  PublishPlan plan;
  plan.schema = "silver";
  plan.generation = 7;
  plan.run_id = "r1";
  plan.business_date = *BusinessDate::parse("2026-02-02");
  plan.renames = {{{"silver", "t"}, {"silver", "t_backup_20260202_070501"}},
                  {{"silver__next", "t"}, {"silver", "t"}},
                  {{"silver__next", "weird`name"}, {"silver", "weird`name"}}};
  plan.backups = {{.live = {"silver", "t"},
                   .backup_name = "t_backup_20260202_070501",
                   .rows_before = 3,
                   .generation = 6,
                   .business_date = BusinessDate::parse("2026-02-01")},
                  {.live = {"silver", "u"}, .backup_name = "u_b", .business_date = {}}};
  plan.published = {{.live = {"silver", "t"},
                     .had_predecessor = true,
                     .contents = Contents::accumulated,
                     .backup_name = "t_b"}};
  plan.views_beside = {{"silver", "v__next"}};
  plan.views = {{.live = {"silver", "w"}, .select = "select '日本' as x"}};
  plan.drop_tables = {{"silver__next", "m__old"}};
  plan.drop_views = {{"silver", "v__old"}};
  return plan;
}

TEST(PublishPlan, ReadsBackAsWritten) {
  const std::string text = plan().to_json().dump();
  EXPECT_EQ(PublishPlan::from_json(Json::parse(text)).to_json().dump(), text);
}

TEST(PublishPlan, KeepsTheFailedTestsAndWhoToldOfThem) {
  PublishPlan despite = plan();
  despite.failed_tests = {"test.shop.a (3 rows)", "test.shop.b (1 rows)"};
  despite.failed_tests_told_by = "red";
  const PublishPlan read = PublishPlan::from_json(Json::parse(despite.to_json().dump()));
  EXPECT_EQ(read.failed_tests, despite.failed_tests);
  EXPECT_EQ(read.failed_tests_told_by, "red");
}

TEST(PublishPlan, OfARestoreReadsBackAsWritten) {
  PublishPlan restore = plan();
  restore.kind = PlanKind::restore;
  restore.reason = "wrong prices";
  restore.date_before = BusinessDate::parse("2026-02-02");
  restore.put_back = {{"silver", "t_backup_20260201_070501"}};
  restore.backups[0].kind = BackupKind::replaced_by_restore;
  restore.backups[0].built_by = 5;
  restore.backups[0].checksum_before = "crc:1";
  restore.published[0].origin = Origin::put_back;
  restore.published[0].business_date = BusinessDate::parse("2026-02-01");
  restore.published[0].built_by = 3;
  const std::string text = restore.to_json().dump();
  const PublishPlan read = PublishPlan::from_json(Json::parse(text));
  EXPECT_EQ(read.to_json().dump(), text);
  EXPECT_EQ(read.kind, PlanKind::restore);
  EXPECT_EQ(read.put_back, restore.put_back);
  EXPECT_EQ(read.published[0].business_date, restore.published[0].business_date);
}

TEST(PublishPlan, OfAnEarlierVersionIsAPublishThatBuiltItsTables) {
  const PublishPlan read = PublishPlan::from_json(Json::parse(
      R"({"schema":"silver","generation":7,"run_id":"r","business_date":"2026-02-02","renames":[],
          "backups":[{"live":["silver","t"],"backup":"t_b","rows_before":1,"generation":6,
                      "business_date":null}],
          "published":[{"live":["silver","t"],"had_predecessor":true,"contents":"rebuilt",
                        "backup":"t_b"}],
          "views_beside":[],"views":[],"view_schema":"","view_sql_mode":"","view_collation":"",
          "drop_tables":[],"drop_views":[]})"));
  EXPECT_EQ(read.kind, PlanKind::publish);
  EXPECT_EQ(read.backups.at(0).kind, BackupKind::swapped_out);
  EXPECT_EQ(read.published.at(0).origin, Origin::built);
  EXPECT_FALSE(read.published.at(0).business_date);
}

TEST(PublishPlan, KnowsWhetherItMovesTheMarker) {
  PublishPlan with = plan();
  EXPECT_FALSE(with.moves_marker());
  with.renames.push_back({{"silver__next", "pipeline_marker"}, {"silver", "pipeline_marker"}});
  EXPECT_TRUE(with.moves_marker());
}

TEST(PublishPlan, GivesOneRenameInOrderWithQuotedNames) {
  EXPECT_EQ(plan().rename_statement(),
            "RENAME TABLE `silver`.`t` TO `silver`.`t_backup_20260202_070501`, "
            "`silver__next`.`t` TO `silver`.`t`, "
            "`silver__next`.`weird``name` TO `silver`.`weird``name`");
}

}  // namespace
}  // namespace pipeline::publish
