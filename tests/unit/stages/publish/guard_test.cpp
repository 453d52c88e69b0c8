// Floors of tables: how far a table may shrink.
#include "stages/publish/guard.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Of = Floor::Shrink::Of;

Floor floor_of(std::optional<std::uint64_t> min_rows, std::optional<Floor::Shrink> shrink = {}) {
  return {.table = {"gold", "moveouts"}, .min_rows = min_rows, .max_shrink = shrink};
}

TEST(Floor, HoldsAtItsNumberOfRows) {
  EXPECT_THAT(judge_floor(floor_of(10), {}, 10), IsEmpty());
  EXPECT_THAT(judge_floor(floor_of(10), {}, 9),
              ElementsAre("gold.moveouts would have 9 rows, fewer than its min_rows of 10"));
}

TEST(Floor, MeasuresShrinkingAgainstTheLiveTable) {
  const Floor floor = floor_of({}, Floor::Shrink{.amount = 10, .of = Of::percent});
  EXPECT_THAT(judge_floor(floor, 200, 180), IsEmpty());
  EXPECT_THAT(judge_floor(floor, 200, 179),
              ElementsAre("gold.moveouts would shrink from 200 rows to 179, by more than its "
                          "max_shrink of 10 %"));
  EXPECT_THAT(judge_floor(floor, {}, 0), IsEmpty()) << "there is nothing to shrink from";
  EXPECT_THAT(judge_floor(floor, 0, 0), IsEmpty());
  EXPECT_THAT(judge_floor(floor, 5, 9), IsEmpty());
}

TEST(Floor, MayAllowNoLossAtAll) {
  EXPECT_THAT(judge_floor(floor_of({}, Floor::Shrink{.amount = 0, .of = Of::percent}), 3, 2),
              SizeIs(1));
  EXPECT_THAT(judge_floor(floor_of({}, Floor::Shrink{.amount = 0, .of = Of::rows}), 3, 2),
              ElementsAre(HasSubstr("max_shrink of 0 rows")));
}

TEST(Floor, CountsWithoutOverflow) {
  const auto most = std::numeric_limits<std::uint64_t>::max();
  const Floor floor = floor_of({}, Floor::Shrink{.amount = 50, .of = Of::percent});
  EXPECT_THAT(judge_floor(floor, most, most / 4), SizeIs(1));
  EXPECT_THAT(judge_floor(floor, most, most / 4 * 3), IsEmpty());
}

TEST(Floor, NamesBothRulesThatAreBroken) {
  EXPECT_THAT(judge_floor(floor_of(10, Floor::Shrink{.amount = 5, .of = Of::rows}), 20, 1),
              SizeIs(2));
}

}  // namespace
}  // namespace pipeline::publish
