// Which hooks may stand in the transaction of an in-place increment.
#include "stages/transform/run/transaction_sql.h"

#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

TEST(TransactionSql, TakesStatementsThatChangeRowsAndNothingElse) {
  for (const char* sql :
       {"update t set a = 1", " Insert into t values (1);", "-- why\ndelete from t",
        "replace into t select 1", "with x as (select 1) select * from x", "do sleep(0)",
        "set @a = 1", "set @a = (select max(x), 2), @b := f(1, 2)", "", " ; ", "-- nothing"}) {
    EXPECT_FALSE(cannot_stand_in_transaction(sql)) << sql;
  }
}

TEST(TransactionSql, RefusesWhateverMayCommit) {
  for (const char* sql : {"truncate table t",
                          "alter table t add x int",
                          "create table x (a int)",
                          "drop table x",
                          "create temporary table x (a int)",
                          "rename table a to b",
                          "start transaction",
                          "begin",
                          "commit",
                          "rollback",
                          "savepoint x",
                          "lock tables t write",
                          "unlock tables",
                          "analyze table t",
                          "optimize table t",
                          "flush tables",
                          "set autocommit = 1",
                          "set @a = 1, autocommit = 1",
                          "set @a = 1, @@autocommit = 1",
                          "set session sql_mode = ''",
                          "set @@sql_mode = ''",
                          "set",
                          "set @a = 1,",
                          "call p()",
                          "grant select on t to x",
                          "/*!50100 truncate */ table t",
                          "/* x */ commit",
                          "`update` t set a = 1",
                          "load data infile 'x' into table t",
                          "prepare s from 'commit'",
                          "execute s",
                          "execute immediate 'commit'",
                          "handler t open",
                          "xa start 'x'",
                          "use gold",
                          "(select 1)",
                          "values row(1)"}) {
    EXPECT_TRUE(cannot_stand_in_transaction(sql)) << sql;
  }
}

TEST(TransactionSql, LooksAtEachOfSeveralStatements) {
  EXPECT_TRUE(cannot_stand_in_transaction("START TRANSACTION; UPDATE t SET a = 1; COMMIT;"));
  EXPECT_TRUE(cannot_stand_in_transaction("update t set a = 1; commit"));
  EXPECT_TRUE(cannot_stand_in_transaction("begin not atomic update t set a = 1; commit; end"));
  EXPECT_FALSE(cannot_stand_in_transaction("update t set a = '; commit'"));
  EXPECT_FALSE(cannot_stand_in_transaction("update t set a = 1; -- then\n delete from t;"));
}

TEST(TransactionSql, KnowsAQuery) {
  EXPECT_TRUE(is_query("-- x\nselect 1;"));
  EXPECT_TRUE(is_query("with a as (select 1) select * from a"));
  EXPECT_FALSE(is_query("delete from t"));
  EXPECT_FALSE(is_query("select 1; commit"));
  EXPECT_FALSE(is_query(""));
}

}  // namespace
}  // namespace pipeline::dbt
