// What is a leftover by its name, and what the plan of an adoption may touch.
#include "stages/publish/adopt.h"

#include <gtest/gtest.h>

namespace pipeline::publish {
namespace {

struct NameCase {
  const char* name;
  std::optional<Leftover::Kind> kind;
  const char* of;
};

TEST(Adoption, TellsLeftoversFromTablesThatSomebodyMayNeed) {
  using enum Leftover::Kind;
  const NameCase cases[] = {
      {"rooms__dbt_backup", dbt_backup, "rooms"},
      {"rooms__dbt_tmp", dbt_tmp, "rooms"},
      {"rooms_backup_20260206_070000", dated_backup, "rooms"},
      {"rooms_backup_20260206", dated_backup, "rooms"},
      {"rooms_backup_20260206_before_fix", dated_backup, "rooms"},
      {"a_backup_b_backup_20260206", dated_backup, "a_backup_b"},
      // A table of the owners: no date, so nobody can say that it is a copy.
      {"property_geo_latlon_backup", {}, ""},
      {"rooms_backup_of_monday", {}, ""},
      {"rooms_backup_20261306", {}, ""},
      {"_backup_20260206", {}, ""},
      {"__dbt_tmp", {}, ""},
      {"llm_enrichment_cache", {}, ""},
      {"tenant_status_history", {}, ""},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    const auto found = leftover_of(one.name);
    ASSERT_EQ(found.has_value(), one.kind.has_value());
    if (!found) continue;
    EXPECT_EQ(found->kind, *one.kind);
    EXPECT_EQ(found->of, one.of);
  }
}

TEST(Adoption, RenamesNothingButMarkersAndNotesWhatRunsBuildOn) {
  const Marker marker{
      .generation = 0, .run_id = "r", .business_date = *BusinessDate::parse("2026-02-01")};
  const auto adoption = plan_adoption({.markers = {{"silver", marker}, {"seeds", marker}},
                                       .accumulated = {{"silver", "history"}},
                                       .reason = "why"});
  const PublishPlan& plan = adoption.plan;
  EXPECT_EQ(plan.rename_statement(),
            "RENAME TABLE `silver__next`.`pipeline_marker` TO `silver`.`pipeline_marker`, "
            "`seeds__next`.`pipeline_marker` TO `seeds`.`pipeline_marker`");
  EXPECT_TRUE(plan.moves_marker());
  EXPECT_TRUE(plan.drop_tables.empty());
  EXPECT_TRUE(plan.backups.empty());
  ASSERT_EQ(plan.published.size(), 1U);
  EXPECT_EQ(plan.published.front().contents, Contents::accumulated);
  EXPECT_EQ(plan.published.front().origin, Origin::declared);
  // Otherwise a second run for that very day would begin from nothing.
  EXPECT_TRUE(plan.published.front().had_predecessor);
  EXPECT_EQ(PublishPlan::from_json(plan.to_json()).kind, PlanKind::adopt);
}

}  // namespace
}  // namespace pipeline::publish
