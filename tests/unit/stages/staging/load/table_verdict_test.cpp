// What becomes of each table: the rule and its guards.
#include "stages/staging/load/table_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const VerdictInput& input) {
  try {
    judge_tables(input);
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::guard_refused);
    return error.message();
  }
}

TEST(TableVerdict, PublishesWhatHasRowsAndDropsWhatHasNone) {
  const auto verdicts = judge_tables({.incoming = {{"a", 3}, {"empty", 0}, {"was_there", 0}},
                                      .live = {{"a", 0}, {"was_there", 5}},
                                      .owned = {"a", "was_there"}});
  EXPECT_THAT(verdicts.publish, ElementsAre("a"));
  EXPECT_THAT(verdicts.drop_candidates, ElementsAre("empty", "was_there"));
  EXPECT_THAT(verdicts.withdraw, ElementsAre("was_there"));
  EXPECT_THAT(verdicts.kept_empty, IsEmpty());
}

TEST(TableVerdict, KeepsAnEmptyTableThatSomethingReads) {
  const auto verdicts = judge_tables(
      {.incoming = {{"p", 0}, {"s", 0}, {"v", 0}},
       .live = {{"gone_but_viewed", 7}},
       .owned = {"gone_but_viewed"},
       .keep = {.preserved = {"p"}, .sources = {"s"}, .views = {"v", "gone_but_viewed"}}});
  EXPECT_THAT(verdicts.publish, ElementsAre("p", "s", "v"));
  EXPECT_THAT(verdicts.kept_empty, ElementsAre("p", "s", "v"));
  EXPECT_THAT(verdicts.copy_empty, ElementsAre("gone_but_viewed"));
  EXPECT_THAT(verdicts.withdraw, IsEmpty());
}

TEST(TableVerdict, LeavesTablesOfOthersAlone) {
  const auto verdicts =
      judge_tables({.incoming = {{"a", 1}}, .live = {{"cache", 0}, {"a", 0}}, .owned = {"a"}});
  EXPECT_THAT(verdicts.publish, ElementsAre("a"));
  EXPECT_THAT(verdicts.withdraw, IsEmpty());
  EXPECT_THAT(refusal({.incoming = {{"cache", 1}}, .live = {{"cache", 0}}, .owned = {}}),
              HasSubstr("cache"));
  EXPECT_THAT(refusal({.incoming = {{"cache", 0}}, .live = {{"cache", 0}}, .owned = {}}),
              HasSubstr("cache"));
}

TEST(TableVerdict, RefusesToEmptyALargeTableWhoeverWantsToKeepIt) {
  EXPECT_THAT(refusal({.incoming = {{"a", 0}},
                       .live = {{"a", 1001}},
                       .owned = {"a"},
                       .keep = {.preserved = {"a"}}}),
              HasSubstr("a (1001 rows)"));
  EXPECT_THAT(refusal({.incoming = {}, .live = {{"a", 1001}}, .owned = {"a"}}),
              HasSubstr("a (1001 rows)"));
  EXPECT_EQ(refusal({.incoming = {}, .live = {{"a", 1000}}, .owned = {"a"}}), "accepted");
  EXPECT_EQ(refusal({.incoming = {}, .live = {{"others", 1001}}, .owned = {}}), "accepted");
}

TEST(TableVerdict, KeepsTablesAboveTheirFloors) {
  const publish::Floor at_least_five{.table = {"staging", "a"}, .min_rows = 5};
  const publish::Floor steady{.table = {"staging", "a"},
                              .max_shrink = publish::Floor::Shrink{
                                  .amount = 10, .of = publish::Floor::Shrink::Of::percent}};
  VerdictInput input{.incoming = {{"a", 5}}, .live = {{"a", 5}}, .owned = {"a"}};
  input.floors = {at_least_five, steady};
  EXPECT_EQ(refusal(input), "accepted");
  input.incoming = {{"a", 4}};
  EXPECT_THAT(refusal(input), HasSubstr("staging.a would have 4 rows, fewer than its min_rows of "
                                        "5; staging.a would shrink from 5 rows to 4"));
  input.floors_are = VerdictInput::Floors::overridden;
  EXPECT_THAT(judge_tables(input).below_floor, testing::SizeIs(2));
  input.floors_are = VerdictInput::Floors::hold;
  input.incoming = {};
  EXPECT_THAT(refusal(input), HasSubstr("staging.a would have 0 rows")) << "gone from the dump";
}

TEST(TableVerdict, RefusesAFloorOfATableThatIsNowhere) {
  VerdictInput input{.incoming = {{"a", 5}}, .live = {}, .owned = {}};
  input.floors = {{.table = {"staging", "aa"}, .min_rows = 1}};
  try {
    judge_tables(input);
    ADD_FAILURE() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    EXPECT_THAT(error.message(), HasSubstr("protect.tables names staging.aa"));
  }
}

TEST(TableVerdict, NamesThatPublishingUsesAreReserved) {
  for (const auto* name : {"pipeline_marker", "a__next", "a__old", "a__swap", "a__hashes_a",
                           "a__hashes_b", "a__hashes", "t_backup_20260201_070000"}) {
    EXPECT_TRUE(is_reserved_table_name(name)) << name;
  }
  for (const auto* name : {"property_geo_latlon_backup", "a_backup_2026", "_backup_", "next",
                           "swap__a", "b_backup_20260201_07000x"}) {
    EXPECT_FALSE(is_reserved_table_name(name)) << name;
  }
}

}  // namespace
}  // namespace pipeline
