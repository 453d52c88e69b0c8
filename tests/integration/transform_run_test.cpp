// The pieces of the runner on a real server: the models' clock, copies, seeds, templates'
// questions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/candidate_copy.h"
#include "stages/transform/run/model_session.h"
#include "stages/transform/run/node_sql.h"
#include "stages/transform/run/seed_loader.h"
#include "stages/transform/run/session_queries.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

test::MariadbServer& server() {
  static test::MariadbServer instance;
  static const bool ready = [] {
    instance.apply_grants();
    return true;
  }();
  EXPECT_TRUE(ready);
  return instance;
}

Connection models_on(const std::string& date) {
  Connection session = Connection::open(server().account_options("etl_build"));
  make_model_session(session, {.date = *BusinessDate::parse(date)});
  return session;
}

std::string value(Connection& session, const std::string& sql) {
  return session.query_value(sql).value_or("\\N");
}

TEST(ModelSession, ItsClockStandsAtTheBusinessDateInTokyo) {
  Connection session = models_on("2026-02-01");
  EXPECT_EQ(value(session, "SELECT NOW()"), "2026-02-01 07:00:00");
  EXPECT_EQ(value(session, "SELECT CURDATE()"), "2026-02-01");
  EXPECT_EQ(value(session, "SELECT UTC_TIMESTAMP()"), "2026-01-31 22:00:00");
  EXPECT_EQ(value(session, "DO SLEEP(1.1)") + value(session, "SELECT NOW()"),
            "\\N2026-02-01 07:00:00");
  EXPECT_EQ(value(session, "SELECT @@SESSION.tx_isolation"), "READ-COMMITTED");
  EXPECT_GT(value(session, "SELECT SYSDATE()"), "2026-02-01 08") << "SYSDATE() stays real";
}

TEST(ModelSession, TakesTheServersModeWithoutWhatWouldChangeOurQuotes) {
  Connection root = server().open_root();
  const std::string before = value(root, "SELECT @@GLOBAL.sql_mode");
  root.execute("SET GLOBAL sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES'");
  Connection session = models_on("2026-02-01");
  EXPECT_EQ(value(session, "SELECT @@SESSION.sql_mode"), "STRICT_TRANS_TABLES");
  root.execute("SET GLOBAL sql_mode = '" + before + "'");
}

/// A table of `rows` rows with everything that a copy must keep.
void make_base(int rows) {
  Connection root = server().open_root();
  root.execute("USE silver");
  root.execute("DROP TABLE IF EXISTS silver.base");
  root.execute(
      "CREATE TABLE silver.base (id BIGINT NOT NULL AUTO_INCREMENT, day DATE NULL, "
      "name VARCHAR(50) NOT NULL DEFAULT 'x' COMMENT 'a name', twice BIGINT AS (small * 2) STORED, "
      "small INT CHECK (small < 100), `Mixed Case` VARCHAR(9) COLLATE utf8mb4_bin DEFAULT 'é', "
      "shout VARCHAR(50) AS (UPPER(name)) VIRTUAL, PRIMARY KEY (id), UNIQUE KEY one_name (name), "
      "KEY by_day (day, id) COMMENT 'for reports', KEY by_shout (shout), FULLTEXT KEY words "
      "(name), "
      "CONSTRAINT `small or none` CHECK (small IS NULL OR small >= 0)) ENGINE=InnoDB COMMENT='kept "
      "since 2019'");
  // Another table whose name differs by case alone.
  root.execute("CREATE OR REPLACE TABLE silver.Base (other INT)");
  root.execute(
      fmt::format("INSERT INTO silver.base (id, day, name, small) SELECT seq, "
                  "IF(seq % 7 = 0, NULL, '2026-01-01' + INTERVAL seq % 50 DAY), "
                  "CONCAT('n', seq), seq % 100 FROM seq_1_to_{}",
                  rows));
  root.execute("ALTER TABLE silver.base AUTO_INCREMENT = 5000000");
}

std::string structure(const std::string& table) {
  Connection root = server().open_root();
  std::string text = root.query("SHOW CREATE TABLE " + table).rows.at(0).at(1).value_or("");
  return text.substr(text.find('('));
}

TEST(CandidateCopy, KeepsColumnsKeysChecksCommentsRowsAndTheNextId) {
  for (const int rows : {10, 25'000}) {  // with and without keys that are added late
    SCOPED_TRACE(rows);
    make_base(rows);
    Connection session = models_on("2026-02-01");
    const std::string mode = value(session, "SELECT @@SESSION.sql_mode");
    const auto copied = copy_candidate(session, {"silver", "base"}, {"silver__next", "copy"});
    EXPECT_EQ(copied, static_cast<std::uint64_t>(rows));
    EXPECT_EQ(structure("silver__next.copy"), structure("silver.base"));
    EXPECT_EQ(value(session,
                    "SELECT COUNT(*) FROM silver.base b JOIN silver__next.copy c ON c.id = b.id "
                    "AND c.day <=> b.day AND c.name = b.name AND c.twice = b.twice AND c.small = "
                    "b.small"),
              std::to_string(rows));
    EXPECT_EQ(value(session, "SELECT @@SESSION.sql_mode"), mode);
  }
}

TEST(CandidateCopy, KeepsZerosThatAreNoValues) {
  Connection root = server().open_root();
  root.execute("DROP TABLE IF EXISTS silver.zeros");
  root.execute("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
  root.execute("CREATE TABLE silver.zeros (id INT AUTO_INCREMENT PRIMARY KEY, day DATE)");
  root.execute("INSERT INTO silver.zeros VALUES (0, '0000-00-00'), (7, '2026-00-00')");
  Connection session = models_on("2026-02-01");
  session.execute("SET sql_mode = 'TRADITIONAL'");
  copy_candidate(session, {"silver", "zeros"}, {"silver__next", "zeros"});
  EXPECT_EQ(value(root, "SELECT GROUP_CONCAT(id, ' ', day ORDER BY id) FROM silver__next.zeros"),
            "0 0000-00-00,7 2026-00-00");
}

TEST(IncrementSql, DeletesNullKeysTooAndUsesTheKeyOfTheIncrement) {
  Connection session = models_on("2026-02-01");
  session.execute("DROP TABLE IF EXISTS silver__next.t, silver__next.t__dbt_tmp");
  session.execute("CREATE TABLE silver__next.t (a INT, b VARCHAR(10), v INT)");
  session.execute("INSERT INTO silver__next.t VALUES (1,'x',1),(1,NULL,2),(NULL,NULL,3),(2,'x',4)");
  session.execute(
      "CREATE TABLE silver__next.t__dbt_tmp AS SELECT NULLIF(1, 0) AS a, NULL AS b, 20 AS v");
  session.execute("INSERT INTO silver__next.t__dbt_tmp VALUES (NULL, NULL, 30)");
  const TableName table{"silver__next", "t"};
  const TableName scratch = scratch_table(table);
  EXPECT_EQ(scratch.table, "t__dbt_tmp");
  session.execute(add_indexes(scratch, {{.columns = {"a"}, .name = "k"}}, {}));
  session.execute(delete_matching(table, scratch, {"a", "b"}));
  session.execute(insert_from(table, scratch, {"a", "v"}));
  EXPECT_EQ(value(session, "SELECT GROUP_CONCAT(v ORDER BY v) FROM silver__next.t"), "1,4,20,30");
}

TEST(NodeSql, GivesLongColumnsAPrefixAndLongNamesAHash) {
  const std::string column(70, 'c');
  const auto sql = add_indexes({"s", "t"},
                               {{.columns = {"Body", "day"}, .type = "btree"},
                                {.columns = {"body"}, .unique = true, .name = "u"},
                                {.columns = {std::string(40, 'a'), std::string(40, 'b')}}},
                               {"body"});
  EXPECT_THAT(sql, HasSubstr("ADD INDEX `Body_day` (`Body`(255), `day`) USING btree"));
  EXPECT_THAT(sql, HasSubstr("ADD UNIQUE INDEX `u` (`body`)"));
  EXPECT_THAT(sql, HasSubstr("ADD INDEX `" + std::string(40, 'a') + "_bbbbbbbbbbbbbb_"));
  EXPECT_LE(scratch_table({"s", std::string(64, 'x')}).table.size(), 64U);
  EXPECT_NE(scratch_table({"s", std::string(63, 'x') + "1"}).table,
            scratch_table({"s", std::string(63, 'x') + "2"}).table);
}

TEST(SeedLoader, StoresWhatTheFileSays) {
  Connection session = models_on("2026-02-01");
  session.execute("DROP TABLE IF EXISTS seeds__next.code");
  const SeedTable seed = type_seed(
      parse_csv(
          "code,label,rate,day,on,note\n1,男性's \\ \"x\",1.5,2026-02-01,true,\n2,,2,,false,n\n",
          "x"),
      {{"note", "varchar(9)"}}, "x");
  load_seed(session, {"seeds__next", "code"}, seed, "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
  EXPECT_EQ(value(session,
                  "SELECT GROUP_CONCAT(CONCAT_WS('|', code, COALESCE(label, 'NULL'), rate, "
                  "COALESCE(day, 'NULL'), `on`, COALESCE(note, 'NULL')) ORDER BY code SEPARATOR "
                  "';') FROM seeds__next.code"),
            "1|男性's \\ \"x\"|1.5|2026-02-01|1|NULL;2|NULL|2|NULL|0|n");
  EXPECT_EQ(value(session,
                  "SELECT GROUP_CONCAT(COLUMN_TYPE ORDER BY ORDINAL_POSITION) FROM "
                  "information_schema.COLUMNS WHERE TABLE_SCHEMA = 'seeds__next' AND TABLE_NAME = "
                  "'code'"),
            "int(11),text,double,date,tinyint(1),varchar(9)");
}

TEST(SessionQueries, TellNumbersFromTexts) {
  Connection session = models_on("2026-02-01");
  SessionQueries queries(session, "silver__next");
  const auto result =
      queries.run_query("select 7 as n, '7' as t, 1.50 as d, 2e0 as f, null as e, 'x' as w;");
  EXPECT_THAT(result.columns, ElementsAre("n", "t", "d", "f", "e", "w"));
  using Cell = QueryResult::Cell;
  EXPECT_THAT(result.rows.at(0), ElementsAre(Cell(std::int64_t{7}), Cell("7"), Cell("1.50"),
                                             Cell(2.0), Cell(std::monostate{}), Cell("x")));
  EXPECT_EQ(queries.run_query("show databases like 'silver'").rows.at(0).at(0), Cell("silver"));
  EXPECT_EQ(queries.run_query("select 1 as a, 1 as a").rows.at(0).at(1), Cell("1"));
}

TEST(SessionQueries, KnowWhatStandsUnderAName) {
  Connection session = models_on("2026-02-01");
  session.execute("CREATE OR REPLACE TABLE silver__next.known (id INT UNSIGNED, t VARCHAR(20))");
  session.execute("CREATE OR REPLACE VIEW silver__next.seen AS SELECT 1 AS one");
  SessionQueries queries(session, "silver__next");
  EXPECT_EQ(queries.find({"silver__next", "known"}), RelationKind::table);
  EXPECT_EQ(queries.find({"silver__next", "seen"}), RelationKind::view);
  EXPECT_EQ(queries.find({"silver__next", "absent"}), std::nullopt);
  const auto columns = queries.columns({"silver__next", "known"});
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0].name + " " + columns[0].data_type, "id int(10) unsigned");
  EXPECT_EQ(columns[1].data_type, "varchar(20)");
}

/// What a model of this text selects, rendered and run.
QueryResult answer(Connection& session, const std::string& model) {
  const test::TempDir dir;
  dir.write("dbt_project.yml", "name: shop\nprofile: p\n");
  dir.write("profiles.yml", "p: {target: dev, outputs: {dev: {type: mariadb, schema: main}}}\n");
  dir.write("models/a.sql", model);
  CompilerOptions options;
  options.project.project_dir = dir.path();
  const Compiler compiler(std::move(options));
  SessionQueries queries(session, "silver__next", SessionQueries::Statements::questions_only);
  const RunState run;
  const CompileRequest request{.naming = Naming::live, .run = &run, .warehouse = &queries};
  return queries.run_query(compiler.compile(compiler.graph().at("model.shop.a"), request).sql);
}

TEST(CrossDatabaseMacros, GiveOnTheServerWhatDbtPromises) {
  Connection session = models_on("2026-02-01");
  for (const char* claim : {
           "{{ dateadd('day', 3, \"'2026-01-30'\") }} = '2026-02-02'",
           "{{ datediff(\"'2025-12-31'\", \"'2026-01-01'\", 'year') }} = 1",
           "{{ datediff(\"'2025-12-31'\", \"'2026-04-01'\", 'quarter') }} = 2",
           "{{ datediff(\"'2025-11-30'\", \"'2026-01-01'\", 'month') }} = 2",
           "{{ datediff(\"'2026-01-03'\", \"'2026-01-04'\", 'week') }} = 1",
           "{{ datediff(\"'2026-01-04'\", \"'2026-01-10'\", 'week') }} = 0",
           "{{ datediff(\"'2026-01-01 23:59:00'\", \"'2026-01-02 00:01:00'\", 'day') }} = 1",
           "{{ datediff(\"'2026-01-01 23:59:59'\", \"'2026-01-02 00:01:00'\", 'minute') }} = 2",
           "{{ date_trunc('week', \"'2026-08-19 10:11:12'\") }} = '2026-08-17 00:00:00'",
           "{{ date_trunc('quarter', \"'2026-08-17'\") }} = '2026-07-01 00:00:00'",
           "{{ last_day(\"'2026-02-10'\", 'quarter') }} = '2026-03-31'",
           "{{ split_part(\"'a|b|c'\", \"'|'\", 2) }} = 'b'",
           "{{ split_part(\"'a|b|c'\", \"'|'\", 4) }} = ''",
           "{{ split_part(\"'a||b||c'\", \"'||'\", -3) }} = 'a'",
           "{{ split_part('null', \"'|'\", 1) }} is null",
           "{{ cast_bool_to_text('1 = 2') }} = 'false'",
           "(select {{ listagg('x', \"'-'\", 'order by x desc', 2) }} from (select 1 as x union "
           "select 2 "
           "union select 3) as t) = '3-2'",
           "(select group_concat(date_day order by date_day) from ({{ date_spine('day', "
           "\"cast('2026-02-27' as date)\", \"cast('2026-03-02' as date)\") }}) as s) = "
           "'2026-02-27,2026-02-28,2026-03-01'",
           "(select count(*) from ({{ generate_series(1000) }}) as s) = 1000",
       }) {
    const QueryResult result = answer(session, fmt::format("select {} as it_holds", claim));
    ASSERT_EQ(result.rows.size(), 1U) << claim;
    EXPECT_EQ(result.rows[0][0], QueryResult::Cell(std::int64_t{1})) << claim;
  }
}

}  // namespace
}  // namespace pipeline::dbt
