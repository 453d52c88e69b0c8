// Where statements end and which names stand in them.
#include "stages/transform/run/sql_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitStatements, CutsAtSemicolonsAndNowhereElse) {
  EXPECT_THAT(split_statements("update t set a = 'x;y' ; delete from t where b = \";\"\n;"),
              ElementsAre("update t set a = 'x;y'", "delete from t where b = \";\""));
  EXPECT_THAT(split_statements("select `a;b` from t -- one; two\n; select 2 # x;y\n"),
              ElementsAre("select `a;b` from t -- one; two", "select 2 # x;y"));
  EXPECT_THAT(split_statements("select 1 /* ; */; select 'it''s; \\';'"),
              ElementsAre("select 1 /* ; */", "select 'it''s; \\';'"));
  EXPECT_THAT(split_statements(" ;; -- nothing\n ; /* nothing */ "), IsEmpty());
  EXPECT_THAT(split_statements("select 'never closed; "), ElementsAre("select 'never closed;"));
}

TEST(StatementsOfHook, KeepsACompoundStatementWhole) {
  EXPECT_THAT(statements_of_hook("set @a = 1; update t set b = ';' ;"),
              ElementsAre("set @a = 1", "update t set b = ';'"));
  EXPECT_THAT(statements_of_hook("set @a = 1; begin not atomic set @b = 2; set @c = 3; end"),
              ElementsAre("set @a = 1", "begin not atomic set @b = 2; set @c = 3; end"));
  for (const char* sql :
       {"create or replace definer = `a`@`%` trigger x before insert on t for each row begin set "
        "@a = 1; set @b = 2; end",
        "if @a then select 1; else select 2; end if"}) {
    EXPECT_THAT(statements_of_hook(sql), ElementsAre(sql));
  }
  EXPECT_THAT(statements_of_hook("create table event (a int); create view procedure_x as select 1"),
              ElementsAre("create table event (a int)", "create view procedure_x as select 1"));
  EXPECT_THAT(statements_of_hook("-- nothing"), IsEmpty());
}

TEST(WordsOf, SeesWhatAnExecutableCommentHolds) {
  std::vector<std::string> texts;
  for (const auto& word : words_of("/*!50100 DROP*/ TABLE `a``b` -- x\n/* y */ 5--6")) {
    texts.emplace_back(word.text);
  }
  EXPECT_THAT(texts, ElementsAre("DROP", "TABLE", "a``b", "5", "-", "-", "6"));
}

TEST(NamesWithSchema, FindsTheNameHoweverItIsWritten) {
  const TableName table{"silver", "history"};
  for (const char* sql :
       {"select * from silver.history", "select * from `Silver` . `HISTORY` h",
        "select (select 1 from silver/* */.history)", "select/*!1 silver.history */"}) {
    EXPECT_TRUE(names_with_schema(sql, table)) << sql;
  }
  for (const char* sql : {"select * from history", "select 'silver.history'",
                          "select * from silver.history2", "-- silver.history\nselect 1",
                          "select * from silver__next.history", "select silver, history"}) {
    EXPECT_FALSE(names_with_schema(sql, table)) << sql;
  }
}

}  // namespace
}  // namespace pipeline::dbt
