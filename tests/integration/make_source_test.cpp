// The sample source database: the same for the same arguments, 1 % different a day, dirty as the
// real one.
#include <algorithm>
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

/// One row stands on one line, since line breaks are escaped. Rows of tables without an id stand in
/// the order of the text.
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
    } else if (line.starts_with("(") && !line.starts_with("(PARTITION")) {
      const std::vector<std::string> literals = literals_of(line);
      Row row;
      for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = literals.at(i);
      const int id =
          row.contains("id") ? std::stoi(row.at("id")) : static_cast<int>(rows[table].size()) + 1;
      rows[table][id] = row;
    }
  }
  return rows;
}

using Lines = std::map<std::string, std::map<int, std::string>>;  // by table and id

/// The same without looking into the rows.
Lines lines_of(const std::string& sql) {
  Lines lines;
  std::string table;
  bool has_id = false;
  for (std::string& line : split(sql, '\n')) {
    if (line.starts_with("CREATE TABLE")) table = split(line, '`').at(1);
    if (line.starts_with("INSERT INTO")) has_id = line.find("(`id`,") != std::string::npos;
    if (!line.starts_with("(") || line.starts_with("(PARTITION")) continue;
    const int id = has_id ? std::stoi(line.substr(1)) : static_cast<int>(lines[table].size()) + 1;
    if (line.ends_with(";")) line.back() = ',';
    lines[table].emplace(id, std::move(line));
  }
  return lines;
}

struct Difference {
  int all = 0;
  int changed = 0;
  int changed_of_newest_tenth = 0;
  int added = 0;
  int added_in_the_middle = 0;
  int deleted = 0;
  double share() const { return static_cast<double>(changed + added + deleted) / all; }
  double newest_share() const { return static_cast<double>(changed_of_newest_tenth) / changed; }
};

Difference compare(const Lines& before, const Lines& after) {
  Difference difference;
  for (const auto& [table, rows] : before) {
    if (table == "m_nationalities") continue;  // all of it comes and goes
    const auto& later = after.at(table);
    const int last = rows.rbegin()->first;
    for (const auto& [id, row] : rows) {
      ++difference.all;
      if (!later.contains(id)) {
        ++difference.deleted;
      } else if (later.at(id) != row) {
        ++difference.changed;
        if (id > last - last / 10) ++difference.changed_of_newest_tenth;
      }
    }
    for (const auto& [id, row] : later) {
      if (rows.contains(id)) continue;
      ++difference.added;
      if (id < last) ++difference.added_in_the_middle;
    }
  }
  return difference;
}

// Enough rows of every shape for what is looked at here, and quick to read.
const std::string read_by_models =
    "--tables apartments,rooms,tenants,movings,inquiries,m_nationalities,payments,Orders ";

Rows rows_that_models_read(const std::string& arguments) {
  return rows_of(make_source(read_by_models + arguments).out);
}

TEST(MakeSource, GivesTheSameBytesForTheSameArguments) {
  for (const char* arguments :
       {"--scale 0.002", "--day 3 --date 2026-02-03 --scale 0.001",
        "--staging-extras --scale 0.001", "--dump --day 2 --scale 0.001 --changes random"}) {
    SCOPED_TRACE(arguments);
    const test::ProgramResult first = make_source(arguments);
    ASSERT_TRUE(first.ok()) << first.text();
    EXPECT_EQ(first.out, make_source(arguments).out);
  }
  const std::string small = make_source("--scale 0.001").out;
  EXPECT_NE(small, make_source("--scale 0.001 --seed 7").out);
  EXPECT_EQ(small, make_source("--scale 0.001 --day 1 --date 2026-02-01 --seed 1").out);
}

TEST(MakeSource, HasEightyOneTablesOfWhichTenAreEmpty) {
  const Rows rows = rows_of(make_source("--scale 0.001").out);
  EXPECT_EQ(rows.size(), 81U);
  std::set<std::string> empty;
  for (const auto& [table, all] : rows) {
    if (all.empty()) empty.insert(table);
  }
  EXPECT_EQ(empty, (std::set<std::string>{"Arrears_Management", "Arrears_Snapshot", "Orders",
                                          "order_items", "approvals", "gmo_proof_lists",
                                          "m_corporate_name_contracts", "other_clearings", "pmc",
                                          "work_reports"}));
}

TEST(MakeSource, WideTablesAreAsWideAsTheRealOnes) {
  const std::vector<std::pair<std::string, std::size_t>> widths{{"movings", 101},
                                                                {"tenants", 114},
                                                                {"apartments", 87},
                                                                {"rooms", 35},
                                                                {"m_nationalities", 11}};
  const std::string sql = make_source(read_by_models + "--scale 0.0001").out;
  for (const auto& [table, columns] : widths) {
    const auto begin = sql.find("CREATE TABLE `" + table + "`");
    ASSERT_NE(begin, std::string::npos);
    std::size_t found = 0;
    for (const std::string& line : split(sql.substr(begin, sql.find(';', begin) - begin), '\n')) {
      found += line.starts_with("  `") ? 1U : 0U;
    }
    EXPECT_EQ(found, columns) << table;
  }
}

TEST(MakeSource, TablesHaveTheirShareOfTheRealRows) {
  constexpr double scale = 0.003;
  const std::vector<std::pair<std::string, int>> real{{"tenant_histories", 1'199'272},
                                                      {"payments", 974'555},
                                                      {"clearings", 748'076},
                                                      {"bank_deposits", 282'012},
                                                      {"Fundhing_Request", 277'287},
                                                      {"proof_lists", 249'996},
                                                      {"pl_actuals_annual", 105'274},
                                                      {"Costs_items", 95'553},
                                                      {"Costs", 95'146},
                                                      {"payment_deletions", 78'995},
                                                      {"utility_bills", 76'870},
                                                      {"moveouts", 25'540},
                                                      {"paysle_charge_responses", 19'893},
                                                      {"paysle_charges", 13'654},
                                                      {"apartment_histories", 12'000},
                                                      {"bank_account_tenants", 12'000},
                                                      {"introducers", 12'000},
                                                      {"reports", 10'722}};
  const Lines rows = lines_of(make_source("--scale 0.003").out);
  for (const auto& [table, all] : real) {
    EXPECT_NEAR(static_cast<double>(rows.at(table).size()), std::max(1.0, scale * all), 1.0)
        << table;
  }
  // The tables that models read have so many rows at least that every kind of row is there.
  EXPECT_EQ(rows.at("tenants").size(), 240U);
  EXPECT_NEAR(static_cast<double>(rows.at("movings").size()), 240 * 61'147.0 / 47'775, 12);
  EXPECT_EQ(rows_that_models_read("--scale 0.02").at("tenants").size(), 956U);
  EXPECT_EQ(rows_that_models_read("--scale 0.02").at("rooms").size(), 324U);
}

TEST(MakeSource, HasTheRowsThatTheTestsNeedAtAnyScale) {
  for (const char* arguments : {"", "--scale 0.0001 --day 4"}) {
    SCOPED_TRACE(arguments);
    const Rows rows = rows_that_models_read(arguments);
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
  for (const std::string changes : {"mixed", "random", "newest"}) {
    Lines before = lines_of(make_source("--scale 0.002 --changes " + changes).out);
    for (int day = 2; day <= 5; ++day) {
      SCOPED_TRACE(changes + " " + std::to_string(day));
      const Lines after = lines_of(
          make_source("--scale 0.002 --changes " + changes + " --day " + std::to_string(day)).out);
      const Difference difference = compare(before, after);
      before = after;
      EXPECT_GE(difference.share(), 0.005);
      EXPECT_LE(difference.share(), 0.02);
      EXPECT_GT(difference.changed, 0);
      EXPECT_GT(difference.added, 0);
      EXPECT_EQ(difference.added_in_the_middle, 0);
      EXPECT_GT(difference.deleted, 0);
      EXPECT_LT(difference.deleted, difference.added);
    }
  }
}

TEST(MakeSource, ChangesTheRowsThatItIsAskedTo) {
  const std::string large = "--scale 0.005 --tables tenant_histories,clearings --changes ";
  const auto newest_share = [&](const std::string& changes) {
    return compare(lines_of(make_source(large + changes).out),
                   lines_of(make_source(large + changes + " --day 3").out))
        .newest_share();
  };
  EXPECT_NEAR(newest_share("random"), 0.1, 0.06);
  EXPECT_NEAR(newest_share("mixed"), 0.46, 0.12);  // the cube root of a tenth
  EXPECT_GT(newest_share("newest"), 0.9);
}

TEST(MakeSource, StampsEveryRowThatADayChanges) {
  const Rows fourth = rows_of(make_source("--scale 0.001 --day 4").out);
  const Rows fifth = rows_of(make_source("--scale 0.001 --day 5").out);
  int changed = 0;
  for (const auto& [table, rows] : fourth) {
    for (const auto& [id, row] : rows) {
      if (!row.contains("updated_at") || !fifth.at(table).contains(id)) continue;
      const Row& later = fifth.at(table).at(id);
      if (later == row) continue;
      ++changed;
      EXPECT_TRUE(later.at("updated_at").starts_with("'2026-02-04")) << table << " " << id;
    }
  }
  EXPECT_GT(changed, 20);
}

TEST(MakeSource, ChangesTheStatusOfTenantsEveryDay) {
  Rows before = rows_that_models_read("--scale 0.001");
  for (int day = 2; day < 6; ++day) {
    SCOPED_TRACE(day);
    const Rows after = rows_that_models_read("--scale 0.001 --day " + std::to_string(day));
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
  const Rows rows = rows_that_models_read("--scale 0.0001");
  for (const auto& [id, tenant] : rows.at("tenants")) {
    statuses.insert(tenant.at("status"));
  }
  EXPECT_EQ(statuses.size(), 18U);
}

TEST(MakeSource, LosesTheNationalitiesOnDayTwoOnly) {
  const auto nationalities = [](const char* arguments) {
    return rows_that_models_read("--scale 0.001 " + std::string(arguments)).at("m_nationalities");
  };
  EXPECT_EQ(nationalities("").size(), 200U);
  EXPECT_TRUE(nationalities("--day 2").empty());
  EXPECT_EQ(nationalities("--day 3"), nationalities(""));
}

TEST(MakeSource, HasTheDirtOfTheRealDatabase) {
  for (const char* arguments : {"--scale 0.002 --day 3", "--scale 0.0001"}) {
    const std::string sql = make_source(read_by_models + arguments).out;
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
  const Rows rows = rows_that_models_read("--scale 0.001");
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

TEST(MakeSource, WritesOnlyTheTablesThatAreNamedWithTheRowsThatTheyHaveAmongAll) {
  const Rows all = rows_of(make_source("--scale 0.001 --day 2").out);
  const Rows named = rows_of(make_source("--scale 0.001 --day 2 --tables payments,currency").out);
  EXPECT_EQ(named.size(), 2U);
  EXPECT_EQ(named.at("payments"), all.at("payments"));
  EXPECT_EQ(named.at("currency"), all.at("currency"));
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
  for (const char* arguments :
       {"--day 0", "--day x", "--day", "--scale 0", "--scale nan", "--date 2026-02-30", "--dya 2",
        "--seed -1", "--changes often", "--tables tenants,tenant", "--tables ,",
        "--dump --staging-extras", "--staging-extras --tables tenants"}) {
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
