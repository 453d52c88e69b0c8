// The sample source database: the same for the same arguments, 1 % different a day, dirty as the
// real one.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/run_program.h"

namespace pipeline {
namespace {

test::ProgramResult make_source(const std::string& arguments) {
  std::vector<std::string> argv{PIPELINE_BIN_DIR "/make_source"};
  for (std::string& word : split(arguments, ' ')) {
    if (!word.empty()) argv.push_back(std::move(word));
  }
  return test::run_program({.argv = argv});
}

using Row = std::map<std::string, std::string>;          // literals by column
using Rows = std::map<std::string, std::map<int, Row>>;  // by table and id

/// The literals of "(1,'a,b',NULL)" and what follows it.
std::vector<std::string> literals_of(std::string_view row) {
  std::vector<std::string> literals(1);
  bool quoted = false;
  for (std::size_t i = 1; i < row.size(); ++i) {
    const char c = row[i];
    if (!quoted && c == ')') break;
    if (!quoted && c == ',') {
      literals.emplace_back();
      continue;
    }
    if (c == '\'') quoted = !quoted;
    literals.back() += c;
    if (c == '\\') literals.back() += row[++i];
  }
  return literals;
}

/// One row stands on one line, since line breaks are escaped.
Rows rows_of(const std::string& sql) {
  Rows rows;
  std::string table;
  std::vector<std::string> columns;
  for (const std::string& line : split(sql, '\n')) {
    const std::vector<std::string> words = split(line, '`');
    if (line.starts_with("CREATE TABLE")) {
      table = words.at(1);
      rows[table];
    } else if (line.starts_with("INSERT INTO")) {
      columns.clear();
      for (std::size_t i = 3; i < words.size(); i += 2) columns.push_back(words[i]);
    } else if (line.starts_with("(")) {
      const std::vector<std::string> literals = literals_of(line);
      Row row;
      for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = literals.at(i);
      rows[table][std::stoi(row.at("id"))] = row;
    }
  }
  return rows;
}

struct Difference {
  int all = 0;
  int changed = 0;
  int added = 0;
  int deleted = 0;
  double share() const { return static_cast<double>(changed + added + deleted) / all; }
};

Difference compare(const Rows& before, const Rows& after) {
  Difference difference;
  for (const auto& [table, rows] : before) {
    if (table == "m_nationalities") continue;  // all of it comes and goes
    const auto& later = after.at(table);
    for (const auto& [id, row] : rows) {
      ++difference.all;
      if (!later.contains(id)) {
        ++difference.deleted;
      } else if (later.at(id) != row) {
        ++difference.changed;
      }
    }
    for (const auto& [id, row] : later) difference.added += rows.contains(id) ? 0 : 1;
  }
  return difference;
}

TEST(MakeSource, GivesTheSameBytesForTheSameArguments) {
  for (const char* arguments :
       {"", "--day 3 --date 2026-02-03 --scale 0.001", "--staging-extras --scale 0.001"}) {
    SCOPED_TRACE(arguments);
    const test::ProgramResult first = make_source(arguments);
    ASSERT_TRUE(first.ok()) << first.text();
    EXPECT_EQ(first.out, make_source(arguments).out);
  }
  const std::string small = make_source("--scale 0.001").out;
  EXPECT_NE(small, make_source("--scale 0.001 --seed 7").out);
  EXPECT_EQ(small, make_source("--scale 0.001 --day 1 --date 2026-02-01 --seed 1").out);
}

TEST(MakeSource, HasTheTablesAndRowsThatTheTestsNeed) {
  for (const char* arguments : {"", "--scale 0.0001 --day 4"}) {
    SCOPED_TRACE(arguments);
    const Rows rows = rows_of(make_source(arguments).out);
    EXPECT_EQ(rows.size(), 8U);
    EXPECT_GE(rows.at("apartments").size(), 12U);
    EXPECT_GE(rows.at("rooms").size(), 60U);
    EXPECT_GE(rows.at("tenants").size(), 200U);
    EXPECT_GT(rows.at("movings").size(), rows.at("tenants").size());
    EXPECT_GT(rows.at("payments").size(), 1'000U);
    EXPECT_EQ(rows.at("m_nationalities").size(), 200U);
    EXPECT_TRUE(rows.at("Orders").empty());
  }
}

TEST(MakeSource, ChangesAboutOnePercentOfTheRowsADay) {
  Rows before = rows_of(make_source("--scale 0.004").out);
  for (int day = 2; day < 5; ++day) {
    SCOPED_TRACE(day);
    const Rows after = rows_of(make_source("--scale 0.004 --day " + std::to_string(day)).out);
    const Difference difference = compare(before, after);
    before = after;
    EXPECT_GE(difference.share(), 0.005);
    EXPECT_LE(difference.share(), 0.03);
    EXPECT_GT(difference.changed, 0);
    EXPECT_GT(difference.added, 0);
    EXPECT_GT(difference.deleted, 0);
    EXPECT_LT(difference.deleted, difference.added);
  }
}

TEST(MakeSource, ChangesTheStatusOfTenantsEveryDay) {
  Rows before = rows_of(make_source("--scale 0.001").out);
  for (int day = 2; day < 6; ++day) {
    SCOPED_TRACE(day);
    const Rows after = rows_of(make_source("--scale 0.001 --day " + std::to_string(day)).out);
    int changed = 0;
    for (const auto& [id, tenant] : before.at("tenants")) {
      changed += tenant.at("status") != after.at("tenants").at(id).at("status") ? 1 : 0;
    }
    EXPECT_GE(changed, 1);
    EXPECT_GT(after.at("tenants").size(), before.at("tenants").size());
    before = after;
  }
}

TEST(MakeSource, HasEveryStatusOfATenant) {
  std::set<std::string> statuses;
  const Rows rows = rows_of(make_source("--scale 0.0001").out);
  for (const auto& [id, tenant] : rows.at("tenants")) {
    statuses.insert(tenant.at("status"));
  }
  EXPECT_EQ(statuses.size(), 18U);
}

TEST(MakeSource, LosesTheNationalitiesOnDayTwoOnly) {
  const auto nationalities = [](const char* arguments) {
    return rows_of(make_source("--scale 0.001 " + std::string(arguments)).out)
        .at("m_nationalities");
  };
  EXPECT_EQ(nationalities("").size(), 200U);
  EXPECT_TRUE(nationalities("--day 2").empty());
  EXPECT_EQ(nationalities("--day 3"), nationalities(""));
}

TEST(MakeSource, HasTheDirtOfTheRealDatabase) {
  for (const char* arguments : {"--scale 0.002 --day 3", "--scale 0.0001"}) {
    const std::string sql = make_source(arguments).out;
    for (const char* dirt :
         {",'NULL',", ",'null',", ",'--',", ",'',", ",'*','*','*',", ",'0000-00-00',",
          ",'0000-00-00 00:00:00',", ",'レソト',", ",126,", ",34.6937000,135.5023000,",
          ",0.0000000,0.0000000,", "\\'", "\\\"", "\\\\", "\\n", "\t", "😀", "𠮷", ",'\\\\N',"}) {
      EXPECT_NE(sql.find(dirt), std::string::npos) << arguments << " lacks " << dirt;
    }
    EXPECT_EQ(rows_of(sql).at("apartments").at(4).at("latitude"), "NULL");
  }
}

TEST(MakeSource, RepeatsUnclosedMovingsOfTheSameTenantAndRoom) {
  std::map<std::string, int> unclosed;
  const Rows rows = rows_of(make_source("--scale 0.001").out);
  for (const auto& [id, moving] : rows.at("movings")) {
    if (moving.at("is_moveout") == "0" && moving.at("cancel_flag") == "0") {
      ++unclosed[moving.at("tenant_id") + "/" + moving.at("room_id")];
    }
  }
  int repeated = 0;
  for (const auto& [tenant_and_room, count] : unclosed) repeated += count > 1 ? 1 : 0;
  EXPECT_GE(repeated, 5);
}

TEST(MakeSource, GivesTheLoaderSomethingToTakeOff) {
  const std::string sql = make_source("--scale 0.001").out;
  for (const char* part : {"CONSTRAINT `fk_rails_", "PARTITION BY RANGE", "GENERATED ALWAYS AS",
                           ") STORED", ") VIRTUAL", "json DEFAULT", "decimal(", "tinyint(1)",
                           "timestamp NULL", "AUTO_INCREMENT", "COMMENT='入居者'"}) {
    EXPECT_NE(sql.find(part), std::string::npos) << part;
  }
}

TEST(MakeSource, WritesTheTablesThatDoNotComeFromTheDumpOnRequest) {
  const std::string sql = make_source("--staging-extras").out;
  const Rows rows = rows_of(sql);
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_GT(rows.at("tenant_daily_snapshots").size(), 400U);
  EXPECT_GT(rows.at("llm_enrichment_cache").size(), 10U);
  EXPECT_EQ(rows.at("property_geo_latlon_backup").size(), 12U);
  // It must never empty a table that somebody else has filled.
  EXPECT_EQ(sql.find("DROP"), std::string::npos);
}

TEST(MakeSource, RefusesWrongArgumentsWithOneLine) {
  for (const char* arguments : {"--day 0", "--day x", "--day", "--scale 0", "--scale nan",
                                "--date 2026-02-30", "--dya 2", "--seed -1"}) {
    SCOPED_TRACE(arguments);
    const test::ProgramResult result = make_source(arguments);
    EXPECT_EQ(result.exit_code, 10);
    EXPECT_TRUE(result.out.empty());
    EXPECT_TRUE(result.err.starts_with("make_source: ")) << result.err;
    EXPECT_EQ(split(result.err, '\n').size(), 2U) << result.err;
  }
}

}  // namespace
}  // namespace pipeline
