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
                     .contents = "accumulated",
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

TEST(PublishPlan, GivesOneRenameInOrderWithQuotedNames) {
  EXPECT_EQ(plan().rename_statement(),
            "RENAME TABLE `silver`.`t` TO `silver`.`t_backup_20260202_070501`, "
            "`silver__next`.`t` TO `silver`.`t`, "
            "`silver__next`.`weird``name` TO `silver`.`weird``name`");
}

}  // namespace
}  // namespace pipeline::publish
