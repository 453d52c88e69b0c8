// Keys sort as numbers do, and say in SQL which rows they mean.
#include "stages/staging/delta/row_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "stages/staging/delta/row_hash.h"

namespace pipeline::delta {
namespace {

using dump::Field;

dump::TableDefinition table(const std::string& body) {
  return dump::parse_table_definition("CREATE TABLE `t` " + body, {});
}

std::optional<RowKey> key_of(const std::string& body, std::vector<std::string> columns) {
  return RowKey::of(table(body), columns);
}

Field number(std::string_view text) {
  return {.kind = Field::Kind::number, .body = text};
}

std::string key(const RowKey& keys, const std::vector<Field>& row) {
  std::string out;
  EXPECT_TRUE(keys.append(row, out));
  EXPECT_EQ(out.size(), keys.bytes());
  return out;
}

TEST(RowKey, SortsAsTheServerSortsIntegers) {
  const auto keys = key_of("(a bigint, b bigint unsigned, PRIMARY KEY (b, a))", {"a", "b"});
  ASSERT_TRUE(keys);
  const std::vector<std::string_view> ascending{"-9223372036854775808",
                                                "-256",
                                                "-255",
                                                "-1",
                                                "0",
                                                "1",
                                                "9",
                                                "10",
                                                "255",
                                                "256",
                                                "9223372036854775807",
                                                "18446744073709551615"};
  for (std::size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(key(*keys, {number(ascending[i - 1]), number("7")}),
              key(*keys, {number(ascending[i]), number("7")}));
    // The first column of the key weighs more.
    EXPECT_LT(key(*keys, {number("9"), number(ascending[i - 1])}),
              key(*keys, {number("-9"), number(ascending[i])}));
  }
}

TEST(RowKey, SaysInSqlWhichRowsItMeans) {
  const auto one = key_of("(`i``d` int, x int, PRIMARY KEY (`i``d`))", {"x", "i`d"});
  ASSERT_TRUE(one);
  std::string keys;
  for (const std::string_view id : {"-9223372036854775808", "0", "18446744073709551615"}) {
    EXPECT_TRUE(one->append(std::vector{number("5"), number(id)}, keys));
  }
  EXPECT_EQ(one->condition(keys), "`i``d` IN (-9223372036854775808,0,18446744073709551615)");
  const auto two = key_of("(a int, b int, PRIMARY KEY (a, b))", {"a", "b"});
  ASSERT_TRUE(two);
  keys.clear();
  EXPECT_TRUE(two->append(std::vector{number("-1"), number("2")}, keys));
  EXPECT_TRUE(two->append(std::vector{number("3"), number("4")}, keys));
  EXPECT_EQ(two->condition(keys), "(`a` = -1 AND `b` = 2) OR (`a` = 3 AND `b` = 4)");
}

TEST(RowKey, IsOfIntegersAlone) {
  EXPECT_FALSE(key_of("(a int)", {"a"}));
  EXPECT_FALSE(key_of("(a int, UNIQUE KEY (a))", {"a"}));
  EXPECT_FALSE(key_of("(a varchar(9), PRIMARY KEY (a))", {"a"}));
  EXPECT_FALSE(key_of("(a int, b date, PRIMARY KEY (a, b))", {"a", "b"}));
  EXPECT_FALSE(key_of("(a decimal(9,0), PRIMARY KEY (a))", {"a"}));
  EXPECT_FALSE(key_of("(a int, b int AS (a + 1) STORED, PRIMARY KEY (b))", {"a", "b"}));
  EXPECT_FALSE(key_of("(a int, b int, PRIMARY KEY (a))", {"b"}));
  EXPECT_TRUE(key_of("(A int, PRIMARY KEY (a))", {"a"}));
}

TEST(RowKey, TakesNoNumberThatIsWrittenOtherwise) {
  const auto keys = key_of("(a int, b int, PRIMARY KEY (a, b))", {"a", "b"});
  ASSERT_TRUE(keys);
  for (const std::string_view text : {"", "-", "-0", "00", "007", "+1", "1.0", "1e3", "1 ",
                                      "18446744073709551616", "-99999999999999999999"}) {
    std::string out = "before";
    EXPECT_FALSE(keys->append(std::vector{number("1"), number(text)}, out)) << text;
    EXPECT_EQ(out, "before");
  }
  for (const auto kind :
       {Field::Kind::text, Field::Kind::hex, Field::Kind::null, Field::Kind::bits}) {
    std::string out;
    EXPECT_FALSE(keys->append(std::vector{number("1"), Field{.kind = kind, .body = "1"}}, out));
  }
}

TEST(RowHash, TellsTextsAndTheirOrderApart) {
  EXPECT_NE(hash_of("(1,'a')"), hash_of("(1,'b')"));
  const auto content = [](std::initializer_list<std::string_view> rows, std::string_view shape) {
    ContentHash hash;
    hash.add(shape);
    for (const auto& row : rows) hash.add(hash_of(row));
    return hash.hex();
  };
  EXPECT_EQ(content({"(1)", "(2)"}, "s"), content({"(1)", "(2)"}, "s"));
  EXPECT_EQ(content({}, "s").size(), 32U);
  EXPECT_NE(content({"(1)", "(2)"}, "s"), content({"(2)", "(1)"}, "s"));
  EXPECT_NE(content({"(1)", "(2)"}, "s"), content({"(1)", "(2)"}, "t"));
  EXPECT_NE(content({"(1)", "(2)"}, "s"), content({"(1)", "(2)", "(2)"}, "s"));
  EXPECT_NE(content({}, "ab"), content({}, "a"));
}

}  // namespace
}  // namespace pipeline::delta
