// Errors carry kind, context and cause; the table of kinds is whole.
#include "common/base/error.h"

#include <set>

#include <gtest/gtest.h>

#include "common/base/scope.h"

namespace pipeline {
namespace {

TEST(ErrorKinds, StandInTheOrderOfTheEnumWithUniqueNames) {
  std::set<std::string_view> names;
  int index = 0;
  for (const auto& entry : error_kinds()) {
    EXPECT_EQ(static_cast<int>(entry.kind), index++) << entry.name;
    EXPECT_TRUE(entry.name.starts_with("Pipeline."));
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(find_error_kind(entry.name), &entry);
  }
  EXPECT_EQ(static_cast<int>(ErrorKind::cancelled), index - 1);
}

TEST(ErrorKinds, HaveTheCodesThatTheDocumentsPromise) {
  const std::vector<std::pair<ErrorKind, int>> promised{
      {ErrorKind::sql_rejected, 1},        {ErrorKind::internal, 2},
      {ErrorKind::config_invalid, 10},     {ErrorKind::dump_not_yet, 11},
      {ErrorKind::dump_continuity, 12},    {ErrorKind::dump_freshness, 13},
      {ErrorKind::dump_corrupt, 14},       {ErrorKind::dump_refused, 14},
      {ErrorKind::access_denied, 15},      {ErrorKind::unavailable, 16},
      {ErrorKind::lock_contention, 17},    {ErrorKind::already_running, 18},
      {ErrorKind::resource_exhausted, 19}, {ErrorKind::timed_out, 20},
      {ErrorKind::guard_refused, 21},      {ErrorKind::wrong_database, 22},
      {ErrorKind::cancelled, 130}};
  for (const auto& [kind, code] : promised) EXPECT_EQ(entry_of(kind).exit_code, code);
}

TEST(ErrorKinds, OnlyTheStarredOnesAreRetried) {
  for (const auto& entry : error_kinds()) {
    const bool starred =
        entry.kind == ErrorKind::unavailable || entry.kind == ErrorKind::lock_contention ||
        entry.kind == ErrorKind::already_running || entry.kind == ErrorKind::timed_out;
    EXPECT_EQ(entry.retryable == Retryable::yes, starred) << entry.name;
  }
}

TEST(ErrorKinds, AreFoundByExitCodeButNotForForeignCodes) {
  EXPECT_EQ(find_error_kind(21)->kind, ErrorKind::guard_refused);
  EXPECT_EQ(find_error_kind(0), nullptr);
  EXPECT_EQ(find_error_kind(77), nullptr);
}

TEST(Errors, SayNothingTwice) {
  const Scope model("model", "stg_tenants");
  const Error error = Error(ErrorKind::sql_rejected, "no")
                          .with("model", "stg_tenants")
                          .with("line", "1")
                          .with("line", "2");
  EXPECT_STREQ(error.what(), "no [model=stg_tenants] [line=1] [line=2]");
}

TEST(Errors, CarryTheScopesInWhichTheyAreMade) {
  const Scope stage("stage", "silver");
  const Scope model("model", "stg_tenants");
  const Error error = Error(ErrorKind::sql_rejected, "no").with("errno", "1064");
  EXPECT_STREQ(error.what(), "no [stage=silver] [model=stg_tenants] [errno=1064]");
  EXPECT_EQ(error.context_value("errno"), "1064");
  EXPECT_EQ(error.message(), "no");
}

TEST(Errors, KeepTheirCausesNearestFirst) {
  const Error inner = Error(ErrorKind::unavailable, "gone").with("errno", "2013");
  const Error middle = Error(ErrorKind::unavailable, "query failed").caused_by(inner);
  const Error outer = Error(ErrorKind::internal, "publish failed").caused_by(middle);
  ASSERT_EQ(outer.causes().size(), 2U);
  EXPECT_EQ(outer.causes()[0], "query failed");
  EXPECT_EQ(outer.context_value("errno"), "2013");
  EXPECT_STREQ(outer.what(), "publish failed: query failed: gone [errno=2013]");
}

TEST(Errors, OfForeignOriginBecomeOurs) {
  try {
    throw std::bad_alloc();
  } catch (...) {
    EXPECT_EQ(current_error().kind(), ErrorKind::resource_exhausted);
  }
  try {
    throw 7;
  } catch (...) {
    EXPECT_EQ(current_error().kind(), ErrorKind::internal);
  }
}

TEST(Scopes, EndWithTheirBlock) {
  { const Scope scope("a", "b"); }
  EXPECT_TRUE(Scope::current().empty());
}

}  // namespace
}  // namespace pipeline
