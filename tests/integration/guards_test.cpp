// The guards of protected tables on a real server: no row that a model loses is ever published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/guard.h"
#include "stages/publish/row_difference.h"
#include "tests/support/mariadb_server.h"

namespace pipeline {
namespace {

using publish::compare_rows;
using publish::RowDifference;
using publish::RowDifferenceOptions;
using publish::RowExample;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

test::MariadbServer& server() {
  static test::MariadbServer instance;
  return instance;
}

class RowDifferences : public testing::Test {
 protected:
  RowDifferences() : root_(server().open_root()) {
    for (const char* schema : {"one", "two"}) {
      root_.execute(
          fmt::format("CREATE OR REPLACE DATABASE {} COLLATE utf8mb4_unicode_ci", schema));
    }
  }

  void both(const std::string& definition, const std::string& rows) {
    for (const char* schema : {"one", "two"}) {
      root_.execute(fmt::format("CREATE TABLE {}.t ({})", schema, definition));
      root_.execute(fmt::format("INSERT INTO {}.t VALUES {}", schema, rows));
    }
  }

  static RowDifferenceOptions tables(std::vector<std::string> key = {}) {
    return {.before = {.table = {"one", "t"}},
            .after = {.table = {"two", "t"}},
            .key = std::move(key),
            .examples_max = 10};
  }

  /// "removed 1 | changed 2 | added 0 | equal 3"
  static std::string counts(const RowDifference& found) {
    return fmt::format("removed {} | changed {} | added {} | equal {}", found.only_before,
                       found.changed, found.only_after, found.equal);
  }

  std::string compared(const RowDifferenceOptions& options) {
    return counts(compare_rows(root_, options));
  }

  Error refused(const RowDifferenceOptions& options) {
    try {
      compare_rows(root_, options);
    } catch (const Error& error) {
      return error;
    }
    return {ErrorKind::internal, "nothing was refused"};
  }

  Connection root_;
};

TEST_F(RowDifferences, CountsEachKindOfChangeAndShowsIt) {
  both("id INT PRIMARY KEY, name VARCHAR(20), note VARCHAR(20)",
       "(1, 'a', NULL), (2, 'b', 'x'), (3, 'c', 'y'), (4, 'd', NULL)");
  root_.execute("DELETE FROM two.t WHERE id = 1");
  root_.execute("UPDATE two.t SET note = NULL WHERE id = 2");
  root_.execute("UPDATE two.t SET note = 'z' WHERE id = 4");
  root_.execute("INSERT INTO two.t VALUES (9, 'n', 'w')");
  const RowDifference found = compare_rows(root_, tables());
  EXPECT_EQ(counts(found), "removed 1 | changed 2 | added 1 | equal 1");
  EXPECT_FALSE(found.no_row_differs());
  ASSERT_THAT(found.examples, SizeIs(4));
  const RowExample& removed = found.examples[0];
  EXPECT_EQ(removed.change, RowExample::Change::removed);
  EXPECT_EQ(removed.key_text(found.key), "id=1");
  ASSERT_THAT(removed.cells, SizeIs(3)) << "a row that is gone is shown whole";
  EXPECT_EQ(removed.cells[1].before, "a");
  const RowExample& nulled = found.examples[1];
  ASSERT_THAT(nulled.cells, SizeIs(1)) << "of a changed row only what differs";
  EXPECT_EQ(nulled.cells[0].column, "note");
  EXPECT_EQ(nulled.cells[0].before, "x");
  EXPECT_EQ(nulled.cells[0].after, std::nullopt);
  EXPECT_EQ(found.examples[2].key_text(found.key), "id=4");
  EXPECT_EQ(found.examples[3].change, RowExample::Change::added);
  EXPECT_EQ(found.examples[3].cells[2].after, "w");
}

struct SubtleChange {
  std::string_view column;
  std::string_view before;
  std::string_view after;
};

// What a collation, a rounding or an eye would take for the same.
constexpr SubtleChange subtle_changes[] = {
    {"VARCHAR(20)", "'abc'", "'ABC'"},
    {"VARCHAR(20)", "'abc'", "'abc '"},
    {"VARCHAR(20)", "'abc'", "'ａｂｃ'"},
    {"VARCHAR(20)", "''", "NULL"},
    {"TEXT", "'ß'", "'ss'"},
    {"LONGTEXT", "REPEAT('x', 100000)", "CONCAT(REPEAT('x', 99999), 'X')"},
    {"INT", "0", "NULL"},
    {"BIGINT UNSIGNED", "18446744073709551615", "18446744073709551614"},
    {"DATE", "'0000-00-00'", "NULL"},
    {"DATETIME(6)", "'2026-01-01 00:00:00.000001'", "'2026-01-01 00:00:00.000002'"},
    {"TIMESTAMP NULL", "'2026-01-01 00:00:00'", "NULL"},
    {"DOUBLE", "0.1", "0.10000000000000002"},
    {"FLOAT", "0.1", "0.10000001"},
    {"DECIMAL(30,10)", "12345678901234567890.0000000001", "12345678901234567890.0000000002"},
    {"VARBINARY(9)", "'a'", "0x6100"},
    {"BIT(64)", "1", "9223372036854775808"},
    {"ENUM('a','b') COLLATE utf8mb4_bin", "'a'", "'b'"},
    {"SET('a','b')", "1", "3"},
    {"JSON", "'{\"a\":1}'", "'{\"a\": 1}'"},
    {"POINT", "POINT(1,2)", "POINT(1,3)"},
};

TEST_F(RowDifferences, SeesTheSmallestChangeOfEachType) {
  root_.execute("SET SESSION sql_mode = ''");
  std::string columns = "id INT PRIMARY KEY";
  std::string before;
  std::string after;
  std::vector<std::string> names;
  for (const auto& change : subtle_changes) {
    names.push_back("v" + std::to_string(names.size()));
    columns += fmt::format(", {} {}", names.back(), change.column);
    before += fmt::format(", {}", change.before);
    after += fmt::format(", {}", change.after);
  }
  both(columns, fmt::format("(1{}), (2{})", before, before));
  EXPECT_EQ(compared(tables()), "removed 0 | changed 0 | added 0 | equal 2");
  root_.execute(fmt::format("REPLACE INTO two.t VALUES (2{})", after));
  const RowDifference found = compare_rows(root_, tables());
  EXPECT_EQ(counts(found), "removed 0 | changed 1 | added 0 | equal 1");
  std::vector<std::string> changed;
  for (const auto& cell : found.examples.at(0).cells) changed.push_back(cell.column);
  EXPECT_EQ(changed, names);
}

TEST_F(RowDifferences, KeysThatOneCollationCallsEqualAreOneRow) {
  both("k VARCHAR(20) PRIMARY KEY, v INT", "('Abc', 1), ('d', 2)");
  root_.execute("UPDATE two.t SET k = 'abc' WHERE v = 1");
  const RowDifference found = compare_rows(root_, tables());
  EXPECT_EQ(counts(found), "removed 0 | changed 1 | added 0 | equal 1");
  EXPECT_EQ(found.examples.at(0).cells.at(0).column, "k");
}

TEST_F(RowDifferences, KeysOfTwoCollationsAreComparedAsBytes) {
  both("k VARCHAR(20) PRIMARY KEY, v INT", "('Abc', 1), ('d', 2)");
  root_.execute("ALTER TABLE two.t MODIFY k VARCHAR(30) COLLATE utf8mb4_bin");
  root_.execute("UPDATE two.t SET k = 'abc' WHERE v = 1");
  EXPECT_EQ(compared(tables()), "removed 1 | changed 0 | added 1 | equal 1");
}

TEST_F(RowDifferences, AKeyOfZeroDatesFindsItsRow) {
  root_.execute("SET SESSION sql_mode = ''");
  both("d DATE NOT NULL PRIMARY KEY, v INT", "('0000-00-00', 1), ('2026-01-01', 2)");
  EXPECT_EQ(compared(tables()), "removed 0 | changed 0 | added 0 | equal 2");
  root_.execute("DELETE FROM two.t WHERE v = 1");
  EXPECT_EQ(compared(tables()), "removed 1 | changed 0 | added 0 | equal 1");
}

TEST_F(RowDifferences, TypesThatDifferAreComparedAsText) {
  both("id INT PRIMARY KEY, v INT", "(1, 10), (2, 20)");
  root_.execute("ALTER TABLE two.t MODIFY v VARCHAR(10) CHARACTER SET latin1");
  EXPECT_EQ(compared(tables()), "removed 0 | changed 0 | added 0 | equal 2");
  root_.execute("UPDATE two.t SET v = '010' WHERE id = 1");
  EXPECT_EQ(compared(tables()), "removed 0 | changed 1 | added 0 | equal 1");
}

TEST_F(RowDifferences, NamesColumnsThatOneSideLacks) {
  both("id INT PRIMARY KEY, v INT", "(1, 1)");
  root_.execute("ALTER TABLE one.t ADD gone INT");
  root_.execute("ALTER TABLE two.t ADD extra INT");
  const RowDifference found = compare_rows(root_, tables());
  EXPECT_THAT(found.columns_only_before, ElementsAre("gone"));
  EXPECT_THAT(found.columns_only_after, ElementsAre("extra"));
  EXPECT_TRUE(found.no_row_differs());
}

TEST_F(RowDifferences, LooksOnlyAtTheRowsThatAreAskedFor) {
  both("id INT PRIMARY KEY, v INT, closed_on DATE",
       "(1, 1, '2026-01-01'), (2, 2, NULL), (3, 3, '2026-01-02')");
  root_.execute("UPDATE two.t SET v = 0");
  auto options = tables();
  options.before_where = "closed_on IS NOT NULL";
  EXPECT_EQ(compared(options), "removed 0 | changed 2 | added 1 | equal 0")
      << "added: without a partner among the rows asked for";
}

TEST_F(RowDifferences, TellsClosedRowsFromOthers) {
  both("id INT PRIMARY KEY, v INT, closed_on DATE",
       "(1, 1, '2026-01-01'), (2, 2, NULL), (3, 3, '2026-01-02')");
  root_.execute("UPDATE two.t SET v = 0 WHERE id > 1");
  auto options = tables();
  options.closed_when = "closed_on IS NOT NULL";
  const RowDifference found = compare_rows(root_, options);
  EXPECT_EQ(found.changed, 2U);
  EXPECT_EQ(found.changed_closed, 1U);
  ASSERT_THAT(found.examples, SizeIs(2));
  EXPECT_EQ(found.examples[0].key_text(found.key), "id=3") << "closed ones first";
  EXPECT_TRUE(found.examples[0].closed);
  EXPECT_FALSE(found.examples[1].closed);
}

TEST_F(RowDifferences, NeedNoIndexOnTheKey) {
  both("a INT, b INT, v VARCHAR(20)", "(1, 1, 'x'), (1, 2, 'x'), (2, 1, 'x')");
  root_.execute("INSERT INTO one.t SELECT 10 + seq, 0, 'y' FROM one.seq_1_to_20000");
  root_.execute("INSERT INTO two.t SELECT 10 + seq, 0, 'y' FROM one.seq_1_to_20000");
  root_.execute("UPDATE two.t SET v = 'X' WHERE a = 1 AND b = 2");
  EXPECT_EQ(compared(tables({"a", "b"})), "removed 0 | changed 1 | added 0 | equal 20002");
  EXPECT_EQ(root_.query_value("SELECT @@SESSION.join_cache_level"),
            root_.query_value("SELECT @@GLOBAL.join_cache_level"))
      << "the session's own setting is back";
}

TEST_F(RowDifferences, RefusesKeysThatNameNoRow) {
  both("a INT, b INT, v INT", "(1, 1, 1), (1, 2, 2)");
  EXPECT_EQ(refused(tables()).kind(), ErrorKind::config_invalid) << "no key is known";
  EXPECT_EQ(refused(tables({"a", "nowhere"})).kind(), ErrorKind::config_invalid);
  root_.execute("INSERT INTO two.t VALUES (1, 2, 3)");
  const Error twice = refused(tables({"a", "b"}));
  EXPECT_EQ(twice.kind(), ErrorKind::guard_refused);
  EXPECT_THAT(twice.message(), HasSubstr("rows of two.t cannot be told apart by (a, b): 2 rows are "
                                         "(1, 2)"));
  root_.execute("UPDATE two.t SET b = NULL WHERE v = 3");
  const Error null = refused(tables({"a", "b"}));
  EXPECT_EQ(null.kind(), ErrorKind::guard_refused);
  EXPECT_THAT(null.message(), HasSubstr("two.t cannot be told apart by (a, b): 1 rows have NULL"));
}

TEST_F(RowDifferences, SeesNullInAColumnBesideAUniqueKey) {
  both("a INT PRIMARY KEY, b INT", "(1, 1)");
  root_.execute("UPDATE one.t SET b = NULL");
  EXPECT_THAT(refused(tables({"a", "b"})).message(), HasSubstr("one.t"));
}

TEST_F(RowDifferences, NamesATableThatIsNotThere) {
  both("a INT PRIMARY KEY", "(1)");
  root_.execute("DROP TABLE two.t");
  EXPECT_THAT(refused(tables()).message(), HasSubstr("there is no table two.t"));
}

TEST_F(RowDifferences, KeepsNoMoreExamplesThanAskedFor) {
  both("a INT PRIMARY KEY, v INT", "(0, 0)");
  root_.execute("INSERT INTO one.t SELECT seq, 0 FROM one.seq_1_to_50");
  root_.execute("INSERT INTO two.t SELECT seq + 100, 0 FROM one.seq_1_to_50");
  auto options = tables();
  options.examples_max = 3;
  EXPECT_THAT(compare_rows(root_, options).examples, SizeIs(6)) << "three removed, three added";
  options.examples_max = 0;
  EXPECT_THAT(compare_rows(root_, options).examples, IsEmpty());
}

/// A history of two tenants, live, as the base of a candidate, and as the candidate itself.
class HistoryGuard : public testing::Test {
 protected:
  HistoryGuard() : root_(server().open_root()) {
    for (const char* schema : {"live", "next"}) {
      root_.execute(
          fmt::format("CREATE OR REPLACE DATABASE {} COLLATE utf8mb4_unicode_ci", schema));
    }
    root_.execute(
        "CREATE TABLE live.h (tenant INT NOT NULL, since DATE NOT NULL, status VARCHAR(9), until "
        "DATE, UNIQUE KEY (tenant, since))");
    root_.execute(
        "INSERT INTO live.h VALUES (1, '2026-01-01', 'new', '2026-01-09'), (1, '2026-01-09', "
        "'in', NULL), (2, '2026-01-02', 'new', NULL)");
    root_.execute("CREATE TABLE next.h LIKE live.h");
    root_.execute("INSERT INTO next.h SELECT * FROM live.h");
  }

  publish::HistoryFinding judge(std::optional<TableName> base = TableName{"live", "h"}) {
    return publish::judge_history(
        root_, rule_,
        {.base = std::move(base), .live = TableName{"live", "h"}, .candidate = {"next", "h"}});
  }

  publish::HistoryRule rule_{.table = {"live", "h"},
                             .key = {"tenant", "since"},
                             .closed_when = "until IS NOT NULL",
                             .place = "protect.history"};
  Connection root_;
};

TEST_F(HistoryGuard, LetsADayBeAdded) {
  root_.execute("UPDATE next.h SET until = '2026-02-01' WHERE tenant = 2");
  root_.execute("INSERT INTO next.h VALUES (2, '2026-02-01', 'in', NULL)");
  const auto finding = judge();
  EXPECT_THAT(finding.violations, IsEmpty());
  EXPECT_EQ(finding.since_base->only_after, 1U);
  EXPECT_EQ(finding.since_base->changed, 1U);
  EXPECT_FALSE(finding.since_live.has_value()) << "the base is what is live";
}

TEST_F(HistoryGuard, NamesRowsThatWouldBeLost) {
  root_.execute("DELETE FROM next.h WHERE tenant = 1");
  EXPECT_THAT(judge().violations,
              ElementsAre("2 rows would have been lost (tenant=1, since=2026-01-01; tenant=1, "
                          "since=2026-01-09)"));
}

TEST_F(HistoryGuard, SeesALossThatTheCountHides) {
  root_.execute("UPDATE next.h SET tenant = 3 WHERE tenant = 2");
  EXPECT_THAT(judge().violations,
              ElementsAre("1 row would have been lost (tenant=2, since=2026-01-02)"));
}

TEST_F(HistoryGuard, NamesClosedRowsThatWouldChange) {
  root_.execute("UPDATE next.h SET status = 'NEW'");
  EXPECT_THAT(judge().violations,
              ElementsAre("1 closed row would have changed (tenant=1, since=2026-01-01: status)"))
      << "by letter case alone; open rows may change";
}

TEST_F(HistoryGuard, NamesColumnsThatWouldBeLost) {
  root_.execute("ALTER TABLE next.h DROP COLUMN status, ADD COLUMN kind INT");
  EXPECT_THAT(judge().violations, ElementsAre("its columns would have been lost: status"));
}

TEST_F(HistoryGuard, RefusesKeysThatNoLongerNameARow) {
  root_.execute("ALTER TABLE next.h DROP KEY tenant");
  root_.execute("INSERT INTO next.h SELECT * FROM next.h WHERE tenant = 2");
  EXPECT_THAT(judge().violations, ElementsAre(HasSubstr("rows of next.h cannot be told apart")));
  EXPECT_THAT(judge({}).violations, ElementsAre(HasSubstr("2 rows are (2, 2026-01-02)")))
      << "in a first build too";
}

TEST_F(HistoryGuard, ReportsWhatOnlyTheLiveTableHasWhenTheBaseIsOlder) {
  root_.execute("CREATE TABLE live.h_backup LIKE live.h");
  root_.execute("INSERT INTO live.h_backup SELECT * FROM live.h WHERE tenant = 1");
  root_.execute("DELETE FROM next.h WHERE tenant = 2");
  const auto finding = judge(TableName{"live", "h_backup"});
  EXPECT_THAT(finding.violations, IsEmpty());
  EXPECT_EQ(finding.since_live->only_before, 1U);
  EXPECT_EQ(finding.to_json().at("since_live").at("lost").as_int(), 1);
}

TEST_F(HistoryGuard, AsksClosedWhenAtTheBusinessDate) {
  rule_.closed_when = "since < CURDATE()";
  root_.execute("SET SESSION timestamp = UNIX_TIMESTAMP('2026-01-02 07:00:00')");
  root_.execute("UPDATE next.h SET status = 'x'");
  EXPECT_THAT(judge().violations, ElementsAre(HasSubstr("1 closed row would have changed")));
}

TEST_F(HistoryGuard, NamesARuleThatItsTableDoesNotTake) {
  EXPECT_NO_THROW(publish::require_usable(root_, rule_));
  const auto refusal = [&](const publish::HistoryRule& rule) {
    try {
      publish::require_usable(root_, rule);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return std::string("nothing was refused");
  };
  auto rule = rule_;
  rule.key = {"tenant", "from"};
  EXPECT_THAT(refusal(rule), HasSubstr("protect.history names the key column from of live.h"));
  rule = rule_;
  rule.closed_when = "untill IS NOT NULL";
  EXPECT_THAT(refusal(rule), HasSubstr("closed_when of live.h in protect.history"));
  rule.table = {"live", "not_yet"};
  EXPECT_NO_THROW(publish::require_usable(root_, rule));
}

}  // namespace
}  // namespace pipeline
