// After many random days staging is still what each day's dump says, table by table.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/checksum.h"
#include "stages/publish/sql.h"
#include "tests/integration/delta_house.h"
#include "tests/integration/random_tables.h"

namespace pipeline::test {
namespace {

using Way = LoadedTable::Way;

/// A table that lives through all days, with the columns that every change below knows: `a` is a
/// number, `t` a text; `k` are the columns of its key.
struct Shape {
  std::string_view name;
  std::string_view columns;
  std::vector<std::string_view> key;
  std::string_view keys;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      {"plain", "id INT NOT NULL", {"id"}, "PRIMARY KEY (id)"},
      {"counted", "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT", {"id"}, "PRIMARY KEY (id)"},
      {"unique_text", "id INT NOT NULL", {"id"}, "PRIMARY KEY (id), UNIQUE KEY uq (t)"},
      {"unique_number", "id INT NOT NULL", {"id"}, "PRIMARY KEY (id), UNIQUE KEY uq (a), KEY (t)"},
      {"pairs", "x SMALLINT NOT NULL, y INT NOT NULL", {"x", "y"}, "PRIMARY KEY (y, x)"},
      {"texts", "k VARCHAR(20) NOT NULL", {"k"}, "PRIMARY KEY (k)"},
      {"mixed",
       "x INT NOT NULL, k VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL",
       {"x", "k"},
       "PRIMARY KEY (x, k)"},
      {"bytes", "k VARBINARY(16) NOT NULL", {"k"}, "PRIMARY KEY (k)"},
      {"days", "k DATE NOT NULL", {"k"}, "PRIMARY KEY (k)"},
      {"keyless", "k INT NULL", {"k"}, "KEY (k)"},
      {"nullable", "k INT NULL", {"k"}, "UNIQUE KEY (k)"},
      {"generated",
       "id INT NOT NULL, s INT AS (a * 2) STORED, v INT AS (a + 1) VIRTUAL",
       {"id"},
       "PRIMARY KEY (id), KEY (s)"}};
  return all;
}

class RandomDays {
 public:
  RandomDays(DeltaHouse& house, std::uint64_t seed) : house_(house), dice_(seed) {}

  void first_day() {
    for (const auto& shape : shapes()) {
      create(shape);
      insert(shape, 40 + dice_.below(400));
    }
  }

  void next_day() {
    for (const auto& shape : shapes()) {
      if (dice_.once_in(3)) continue;  // a quiet day
      if (!there_.contains(shape.name)) {
        if (dice_.once_in(2)) create(shape);
        continue;
      }
      change(shape);
    }
    if (dice_.once_in(4)) foreign_table();
  }

 private:
  void create(const Shape& shape) {
    sql(fmt::format("CREATE TABLE {} ({}, a INT NULL, t VARCHAR(60) NULL, {})", shape.name,
                    shape.columns, shape.keys));
    there_.insert(shape.name);
  }

  void change(const Shape& shape) {
    const std::string name(shape.name);
    switch (dice_.below(40)) {
      case 0:
        return sql("TRUNCATE " + name);
      case 1:
        sql("DROP TABLE " + name);
        there_.erase(shape.name);
        return;
      case 2:
        return sql(
            fmt::format("ALTER TABLE {} MODIFY t VARCHAR({}) NULL", name, 60 + dice_.below(40)));
      case 3:
        return sql(fmt::format("ALTER TABLE {0} ADD KEY k{1} (a, t)", name, ++number_));
      case 4:  // more than a delta is good for
        return sql(
            fmt::format("UPDATE IGNORE {} SET t = CONCAT('m', COALESCE(t, 'x')) WHERE "
                        "CHAR_LENGTH(COALESCE(t, '')) < 50",
                        name));
      default:
        break;
    }
    const std::size_t few = 1 + dice_.below(12);
    insert(shape, few);
    sql(fmt::format("DELETE FROM {} ORDER BY RAND({}) LIMIT {}", name, dice_.below(1000),
                    dice_.below(6)));
    sql(fmt::format("UPDATE IGNORE {} SET a = a + 1, t = {} ORDER BY RAND({}) LIMIT {}", name,
                    text(), dice_.below(1000), few));
    if (dice_.once_in(2)) move_keys(shape);
    if (dice_.once_in(2)) exchange_values(shape);
    if (dice_.once_in(4)) {
      sql(fmt::format("UPDATE IGNORE {} SET t = IF(t = LOWER(t), UPPER(t), LOWER(t)) LIMIT {}",
                      name, few));
    }
  }

  void insert(const Shape& shape, std::size_t rows) {
    std::vector<std::string> names(shape.key.begin(), shape.key.end());
    names.emplace_back("a");
    names.emplace_back("t");
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<std::string> values;
      for (const auto& column : shape.key) values.push_back(key(shape, column));
      values.push_back(dice_.once_in(9) ? "NULL" : std::to_string(dice_.below(100'000)));
      values.push_back(text());
      sql(fmt::format("INSERT IGNORE INTO {} ({}) VALUES ({})", shape.name, join(names, ", "),
                      join(values, ", ")));
    }
  }

  std::string key(const Shape& shape, std::string_view column) {
    if (column == "x") return std::to_string(static_cast<int>(dice_.below(9)) - 4);
    if (column == "y") return std::to_string(static_cast<int>(dice_.below(4000)) - 2000);
    if (shape.name == "days") {
      return fmt::format("DATE '2020-01-01' + INTERVAL {} DAY", dice_.below(3000));
    }
    if (shape.name == "bytes") return fmt::format("UNHEX(MD5({}))", dice_.below(5000));
    if (column == "id" || shape.name == "keyless" || shape.name == "nullable") {
      if (shape.name == "nullable" && dice_.once_in(9)) return "NULL";
      return std::to_string(1 + dice_.below(dice_.once_in(2) ? 1000 : 1'000'000));
    }
    return quote_text(fmt::format("{}{}", dice_.once_in(2) ? "Key" : "kEY", dice_.below(800)));
  }

  std::string text() {
    static const std::vector<std::string> odd{
        "NULL",  "''",    "'\\\\'", "'it''s'",        "'a\\tb\\n'", "'日本語'",
        "'),('", "'\\0'", "'NULL'", "'x\\\\%y\\\\_'", "'ÄÖ äö'",    "'\"'"};
    if (dice_.once_in(3)) return dice_.one_of(odd);
    return fmt::format("'text {}'", dice_.below(50'000));
  }

  /// Rows get other keys; those that they take, others had yesterday.
  void move_keys(const Shape& shape) {
    const std::string column(shape.key.back());
    if (column == "k") return;
    sql(fmt::format("UPDATE IGNORE {0} SET {1} = {1} + 1 ORDER BY {1} DESC LIMIT {2}", shape.name,
                    column, 1 + dice_.below(5)));
  }

  /// Two rows exchange their values, of a unique key too.
  void exchange_values(const Shape& shape) {
    if (shape.key.front() != "id") return;
    const std::string name(shape.name);
    const auto rows = house_.root().query(fmt::format(
        "SELECT id, t, a FROM {} WHERE t IS NOT NULL AND a IS NOT NULL ORDER BY RAND({}) LIMIT 2",
        name, dice_.below(1000)));
    if (rows.rows.size() < 2) return;
    const auto set = [&](const std::string& id, const std::string& t, const std::string& a) {
      sql(fmt::format("UPDATE {} SET t = {}, a = {} WHERE id = {}", name, t, a, id));
    };
    const auto& one = rows.rows[0];
    const auto& two = rows.rows[1];
    set(*one[0], "NULL", "NULL");
    set(*two[0], quote_text(*one[1]), *one[2]);
    set(*one[0], quote_text(*two[1]), *two[2]);
  }

  /// A table of random columns, for some days.
  void foreign_table() {
    if (!random_.empty() && dice_.once_in(2)) {
      sql("DROP TABLE " + random_.back());
      random_.pop_back();
      return;
    }
    const RandomTable table = random_table(dice_, ++number_,
                                           {.names = RandomTableOptions::Names::plain,
                                            .own_types = RandomTableOptions::OwnTypes::yes});
    // What a dump shows roundly is not what the source holds.
    if (table.dumped == RandomTable::Dumped::roundly) return;
    sql("SET SESSION sql_mode = ''");
    for (const auto& statement : table.statements) sql(statement);
    random_.push_back(table.name);
  }

  void sql(const std::string& statement) { house_.sql(statement); }

  DeltaHouse& house_;
  Dice dice_;
  int number_ = 0;
  std::set<std::string_view> there_;
  std::vector<std::string> random_;
};

int days_to_try() {
  const char* const faults = std::getenv("PIPELINE_FAULTS");
  return faults != nullptr && std::string_view(faults) == "all" ? 100 : 12;
}

TEST(DeltaDays, LeaveStagingAsTheLastDumpSays) {
  const char* const given = std::getenv("PIPELINE_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  fmt::print("seed {} (PIPELINE_SEED={} tries it again), {} days\n", seed, seed, days_to_try());
  DeltaHouse& house = DeltaHouse::shared();
  house.reset();
  RandomDays days(house, seed);
  days.first_day();
  std::map<Way, int> ways;
  for (int day = 0; day < days_to_try(); ++day) {
    if (day > 0) days.next_day();
    const LoadReport report = house.next_day();
    for (const auto& table : report.content.tables) ++ways[table.way];
    ASSERT_EQ(house.differences(), "") << "seed " << seed << ", day " << day;
  }
  fmt::print("tables loaded whole {}, changed {}, untouched {}, ready {}\n", ways[Way::whole],
             ways[Way::changes], ways[Way::untouched], ways[Way::ready]);
  EXPECT_GT(ways[Way::changes], days_to_try());
  EXPECT_GT(ways[Way::untouched], days_to_try() / 2);
  EXPECT_TRUE(house.verify().differences.empty());
}

/// "rooms: crc:17, words: absent": what readers see.
std::string seen(DeltaHouse& house, const std::string& schema) {
  std::string text;
  for (const auto& shape : shapes()) {
    const TableName table{schema, std::string(shape.name)};
    text += std::string(shape.name) + ": ";
    const bool there =
        publish::relation_kind(house.root(), table) == publish::RelationKind::table &&
        publish::count_rows(house.root(), table) > 0;
    text += there ? publish::content_checksum(house.root(), table) : "no rows";
    text += ", ";
  }
  return text;
}

TEST(DeltaDays, LeaveAWholeDayWheneverALoadIsKilledAndTheNextOneEndsIt) {
  const char* const given = std::getenv("PIPELINE_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  const int days = days_to_try() / 2;
  fmt::print("seed {} (PIPELINE_SEED={} tries it again), {} days\n", seed, seed, days);
  DeltaHouse& house = DeltaHouse::shared();
  house.reset();
  RandomDays random(house, seed);
  random.first_day();
  house.next_day();
  Dice dice(seed + 1);
  int before = 0;
  int after = 0;
  for (int day = 1; day < days; ++day) {
    const std::string old_day = seen(house, "source");
    random.next_day();
    const std::string new_day = seen(house, "source");
    house.next_day_killed(std::chrono::milliseconds(dice.below(500)));
    const std::string live = seen(house, "staging");
    ASSERT_TRUE(live == old_day || live == new_day) << "seed " << seed << ", day " << day << "\n"
                                                    << live << "\n"
                                                    << old_day << "\n"
                                                    << new_day;
    ++(live == new_day ? after : before);
    house.finish_day();
    ASSERT_EQ(house.differences(), "") << "seed " << seed << ", day " << day;
  }
  fmt::print("killed before the publish {} times, behind it {} times\n", before, after);
}

}  // namespace
}  // namespace pipeline::test
