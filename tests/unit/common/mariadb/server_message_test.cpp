// Server messages without the values of rows.
#include "common/mariadb/server_message.h"

#include <gtest/gtest.h>

#include "common/base/secret.h"

namespace pipeline {
namespace {

TEST(ServerMessage, KeepsTheServersWordsAndDropsFieldValues) {
  struct Case {
    unsigned int number;
    std::string_view said;
    std::string_view shown;
  };
  const Case cases[] = {
      {1062, "Duplicate entry 'o'Hara-' for key'-7' for key 'PRIMARY'",
       "Duplicate entry '...' for key 'PRIMARY'"},
      {1366, "Incorrect integer value: 'Sato' for column `a`.`b`.`c` at row 1",
       "Incorrect integer value: '...' for column `a`.`b`.`c` at row 1"},
      {1292, "Truncated incorrect DOUBLE value: 'it's'", "Truncated incorrect DOUBLE value: '...'"},
      {1292, "Incorrect date value: 'x' for column `a`.`b`.`o'c` at row 1",
       "Incorrect date value: '...' for column `a`.`b`.`o'c` at row 1"},
      {1690, "BIGINT UNSIGNED value is out of range in '(1 - 2)'",
       "BIGINT UNSIGNED value is out of range in '...'"},
      {1064, "You have an error near 'FORM x'", "You have an error near 'FORM x'"},
      {1062, "Doppelter Eintrag", "Doppelter Eintrag"},
  };
  for (const auto& [number, said, shown] : cases) {
    EXPECT_EQ(message_without_values(number, said, "SELECT 1"), shown);
  }
}

TEST(StatementForMessages, IsTheStart) {
  EXPECT_EQ(statement_for_messages("  SELECT 1\n"), "SELECT 1");
  EXPECT_EQ(statement_for_messages("SELECT a,\n       b\r\n\nFROM t"), "SELECT a, b FROM t");
  EXPECT_EQ(statement_for_messages(std::string(300, 'x')), std::string(200, 'x') + "...");
}

TEST(StatementForMessages, ShowsNoRowsOfAnInsert) {
  EXPECT_EQ(statement_for_messages("INSERT INTO t (a) VALUES ('Sato'), ('Ito')"),
            "INSERT INTO t (a) VALUES ...");
  EXPECT_EQ(statement_for_messages("replace t values(1)"), "replace t values ...");
  EXPECT_EQ(statement_for_messages("INSERT INTO t SELECT a FROM s"),
            "INSERT INTO t SELECT a FROM s");
}

TEST(StatementWithoutValues, KeepsNamesAndDropsEverythingThatMayBeAValue) {
  EXPECT_EQ(statement_without_values("SELECT a1, `b 2` FROM t\nWHERE n = 'it''s' AND x > 10.5"),
            "SELECT a1, `b 2` FROM t WHERE n = ?? AND x > ?.?");
  EXPECT_EQ(statement_without_values("SET PASSWORD = PASSWORD(\"a\\\"b\") -- secret\n, c = 0xFF"),
            "SET PASSWORD = PASSWORD(?) ? , c = ?");
  EXPECT_EQ(statement_without_values("SELECT /* Sato */ 1 # Ito"), "SELECT ? ? ?");
  EXPECT_EQ(statement_without_values("SELECT 'never ends"), "SELECT ?");
  EXPECT_EQ(statement_without_values("/* never ends"), "?");
  EXPECT_EQ(statement_without_values(std::string(300, 'x')).size(), 203U);
}

TEST(StatementForMessages, ShowsNoSecret) {
  const Secret password("tops3cret-word");
  EXPECT_EQ(statement_for_messages("SET PASSWORD = PASSWORD('tops3cret-word')"),
            "SET PASSWORD = PASSWORD('***')");
}

}  // namespace
}  // namespace pipeline
