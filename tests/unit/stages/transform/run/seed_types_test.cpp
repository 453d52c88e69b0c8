// Which types the columns of a seed get.
#include "stages/transform/run/seed_types.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

struct Case {
  std::string name;
  std::string values;  // one a line
  std::string sql_type;
  std::string stored;  // joined by |, NULL as \N
};

TEST(SeedTypes, TakesTheFirstTypeThatFitsAllValues) {
  const std::vector<Case> cases{
      {"integers", "1\n-20\n+3\n", "int", "1|-20|3"},
      {"leading zeros are dropped", "007\n0\n", "int", "7|0"},
      {"thousands", "\"1,234\"\n", "int", "1234"},
      {"whole decimals are integers", "1.0\n2.00\n", "int", "1|2"},
      {"beyond int", "1\n2147483648\n", "bigint", "1|2147483648"},
      {"beyond bigint", "9223372036854775808\n", "decimal(65,0)", "9223372036854775808"},
      {"decimals", "1.50\n.5\n-0.0\n", "double", "1.5|0.5|0"},
      {"exponents", "1e3\n", "double", "1e3"},
      {"dates", "2026-02-01\n2026-3-9\n", "date", "2026-02-01|2026-03-09"},
      {"an impossible date is text", "2026-02-30\n", "text", "2026-02-30"},
      {"datetimes", "2026-02-01 07:00:00\n2026-02-01T7:0:1\n", "datetime",
       "2026-02-01 07:00:00|2026-02-01 07:00:01"},
      {"booleans", "true\nFALSE\n", "boolean", "1|0"},
      {"yes and no are text", "yes\nno\n", "text", "yes|no"},
      {"mixed numbers and words are text", "1\nx\n", "text", "1|x"},
      {"mixed dates and datetimes are text", "2026-02-01\n2026-02-01 07:00:00\n", "text",
       "2026-02-01|2026-02-01 07:00:00"},
      {"null and empty are NULL", "1\nNULL\n\"\"\n2\n", "int", "1|\\N|\\N|2"},
      {"a text keeps its blanks", "\" a \"\nb\n", "text", " a |b"},
      {"only NULL", "null\n", "int", "\\N"},
      {"dashes alone are text", "--\n", "text", "--"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    std::string text = "pad,v\n";
    for (std::size_t at = 0; at < test.values.size();) {
      const auto end = test.values.find('\n', at);
      text += "x," + test.values.substr(at, end - at + 1);
      at = end + 1;
    }
    const auto seed = type_seed(parse_csv(text, "x"), {}, "x");
    EXPECT_EQ(seed.columns[1].sql_type, test.sql_type);
    std::string stored;
    for (const auto& row : seed.rows) {
      stored += (stored.empty() ? "" : "|") + row[1].value_or("\\N");
    }
    EXPECT_EQ(stored, test.stored);
  }
}

TEST(SeedTypes, AGivenTypeKeepsTheTextOfItsColumn) {
  const auto seed = type_seed(parse_csv("Code,n\n007,1\n,2\n", "x"), {{"code", "varchar(3)"}}, "x");
  EXPECT_EQ(seed.columns[0].sql_type, "varchar(3)");
  EXPECT_EQ(seed.columns[0].literal, SeedColumn::Literal::quoted);
  EXPECT_EQ(seed.rows[0][0], "007");
  EXPECT_EQ(seed.rows[1][0], std::nullopt);
  EXPECT_EQ(seed.columns[1].sql_type, "int");
}

TEST(SeedTypes, ATypeForAnUnknownColumnIsRefused) {
  try {
    type_seed(parse_csv("a,b\n1,2\n", "x"), {{"c", "int"}}, "seeds/x.csv");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    EXPECT_EQ(error.message(), "seeds/x.csv: column_types names c, but the columns are a, b");
  }
}

}  // namespace
}  // namespace pipeline::dbt
