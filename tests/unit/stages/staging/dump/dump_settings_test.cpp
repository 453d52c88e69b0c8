// Under which settings a dump's definitions and rows were written, what cannot be read under them,
// and what the words of a dump are.
#include <gtest/gtest.h>

#include <array>

#include "common/base/error.h"
#include "common/io/file.h"
#include "stages/staging/dump/dump_reader.h"

namespace pipeline::dump {
namespace {

constexpr Dialect mariadb{Dialect::Family::mariadb, 101119};
constexpr Dialect mysql{Dialect::Family::mysql, 80036};

const std::string table = "CREATE TABLE t (a int, b text);";
const std::string rows = "INSERT INTO t VALUES (1,'x');";

/// The settings of the rows that begin last.
SessionSettings settings_of_rows(const std::string& dump, Dialect dialect = mariadb) {
  TextSource source(dump);
  DumpReader reader(source, {.dialect = dialect});
  SessionSettings last;
  try {
    for (;;) {
      const Event event = reader.next();
      if (const auto* begun = std::get_if<RowsBegin>(&event)) last = begun->settings;
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_corrupt) << error.what();  // no last comment
  }
  return last;
}

std::string refusal_of(const std::string& dump) {
  TextSource source(dump);
  DumpReader reader(source, {.dialect = mariadb});
  try {
    for (;;) reader.next();
  } catch (const Error& error) {
    return error.kind() == ErrorKind::dump_refused ? error.message() : "";
  }
}

TEST(DumpSettings, ADefinitionIsReadUnderTheSettingsBeforeIt) {
  const std::string dump = "SET TIME_ZONE='+09:00';" + table + "SET TIME_ZONE='+00:00';" + rows;
  TextSource source(dump);
  DumpReader reader(source, {});
  EXPECT_EQ(std::get<TableBegins>(reader.next()).settings.time_zone, "+09:00");
  EXPECT_EQ(std::get<RowsBegin>(reader.next()).settings.time_zone, "+00:00");
}

TEST(DumpSettings, AConditionalSetCountsForTheServersThatRunIt) {
  const std::string dump =
      "/*!40103 SET TIME_ZONE='+00:00' */;/*!80000 SET TIME_ZONE='+09:00' */;"
      "/*M!100100 SET sql_mode='x' */;" +
      table + rows;
  EXPECT_EQ(settings_of_rows(dump, mariadb).time_zone, "+00:00");
  EXPECT_EQ(settings_of_rows(dump, mariadb).sql_mode, "x");
  EXPECT_EQ(settings_of_rows(dump, mysql).time_zone, "+09:00");
  EXPECT_EQ(settings_of_rows(dump, mysql).sql_mode, std::nullopt);
}

TEST(DumpSettings, WhatIsPutBackIsTheServersOwn) {
  const SessionSettings settings = settings_of_rows(
      "SET @old=@@TIME_ZONE, @mode=@@SQL_MODE;SET TIME_ZONE='+00:00', SQL_MODE='x';" + table +
      "SET TIME_ZONE=@old;SET SQL_MODE=@mode;" + rows);
  EXPECT_EQ(settings.time_zone, std::nullopt);
  EXPECT_EQ(settings.sql_mode, std::nullopt);
}

TEST(DumpSettings, FollowsTheCharacterSetThroughTheOneOfAView) {
  const std::string of_a_view =
      "SET @saved_cs_client = @@character_set_client;SET @saved_col = @@collation_connection;"
      "SET character_set_client = cp932;SET collation_connection = cp932_japanese_ci;"
      "/*!50001 CREATE VIEW `v` AS SELECT 1 */;";
  const std::string put_back =
      "SET character_set_client = @saved_cs_client;SET collation_connection = @saved_col;";
  EXPECT_EQ(settings_of_rows("SET NAMES latin1;" + table + of_a_view + put_back + rows).charset,
            "latin1");
  EXPECT_NE(refusal_of(table + of_a_view + rows).find("text in the character set cp932"),
            std::string::npos);
}

TEST(DumpSettings, NamesSetClientAndConnection) {
  const SessionSettings settings =
      settings_of_rows("SET NAMES UJIS COLLATE ujis_bin;" + table + rows);
  EXPECT_EQ(settings.charset, "ujis");
  EXPECT_EQ(settings.connection_charset, "ujis");
  EXPECT_EQ(settings_of_rows("SET NAMES latin1;SET NAMES DEFAULT;" + table + rows).charset,
            "utf8mb4");
}

TEST(DumpSettings, RowsThatAnotherCharacterSetWouldChangeAreRefused) {
  EXPECT_NE(refusal_of("SET NAMES utf8mb4;" + table + "SET character_set_connection=latin1;" + rows)
                .find("rows in the character set utf8mb4 that pass through latin1"),
            std::string::npos);
  EXPECT_EQ(refusal_of("SET NAMES utf8;SET character_set_connection=utf8mb3;" + table + rows), "");
  EXPECT_EQ(refusal_of("SET NAMES binary;SET character_set_connection=latin1;" + table + rows), "");
}

TEST(DumpSettings, LettersOfAnotherCharacterSetInNamesAndDefinitionsAreRefused) {
  const std::string latin = "CREATE TABLE t (`caf\xe9` int, b text);";
  EXPECT_NE(refusal_of("SET NAMES latin1;" + latin).find("other letters than ASCII"),
            std::string::npos);
  EXPECT_NE(refusal_of("SET NAMES latin1;" + table + "INSERT INTO t (`caf\xe9`) VALUES (1);")
                .find("other letters than ASCII"),
            std::string::npos);
  EXPECT_EQ(refusal_of("SET NAMES latin1;SET character_set_client=utf8;"
                       "CREATE TABLE t (a int COMMENT 'caf\xc3\xa9', b text);"
                       "SET character_set_client=latin1;" +
                       rows),
            "")
      << "as mysqldump writes it";
}

TEST(DumpSettings, FollowsTheCollationOfLiterals) {
  const auto collation = [](const std::string& settings) {
    return settings_of_rows(settings + table + rows).connection_collation;
  };
  EXPECT_EQ(collation(""), "") << "the default of its character set";
  EXPECT_EQ(collation("SET NAMES utf8mb4 COLLATE 'utf8mb4_bin';"), "utf8mb4_bin");
  EXPECT_EQ(collation("SET NAMES utf8mb4 COLLATE utf8mb4_bin;SET NAMES utf8mb4;"), "");
  EXPECT_EQ(collation("SET collation_connection=utf8mb4_bin;SET @c=@@collation_connection;"
                      "SET collation_connection=utf8mb4_unicode_ci;SET collation_connection=@c;"),
            "utf8mb4_bin");
  EXPECT_EQ(collation("SET @c=@@collation_connection;SET collation_connection=utf8mb4_bin;"
                      "SET collation_connection=@c;"),
            "");
  EXPECT_EQ(collation("SET collation_connection=utf8mb4_bin;SET character_set_connection=utf8mb4;"),
            "");
}

TEST(DumpSettings, ModesThatChangeWhatTextsAreHaveNames) {
  EXPECT_EQ(mode_of_other_grammar("STRICT_TRANS_TABLES,ANSI_QUOTES"), "ansi_quotes");
  EXPECT_EQ(mode_of_other_grammar("empty_string_is_null"), "empty_string_is_null");
  EXPECT_EQ(mode_of_other_grammar("NO_AUTO_VALUE_ON_ZERO"), "");
  EXPECT_EQ(mode_of_other_grammar(""), "");
}

TEST(DumpSettings, Utf8IsUtf8mb3) {
  EXPECT_TRUE(same_charset("utf8", "utf8mb3"));
  EXPECT_FALSE(same_charset("utf8", "utf8mb4"));
}

TEST(DumpStatements, DropsOfItsOwnTablesAreRefusedAndOthersPassedOver) {
  EXPECT_EQ(refusal_of("DROP TABLE IF EXISTS t;" + table + rows), "");
  EXPECT_EQ(refusal_of(table + "DROP TABLE IF EXISTS other;DROP TRIGGER IF EXISTS t;"), "");
  EXPECT_EQ(refusal_of("CREATE TABLE `IF` (a int);DROP TABLE IF EXISTS other;"), "");
  EXPECT_NE(
      refusal_of(table + rows + "DROP TABLE IF EXISTS other, t;").find("drops its own table t"),
      std::string::npos);
}

TEST(DumpStatements, AColumnNamedTwiceIsRefusedInWhateverCase) {
  EXPECT_NE(refusal_of(table + "INSERT INTO t (a,b,A) VALUES (1,'x',2);")
                .find("t.A, which is named twice"),
            std::string::npos);
}

TEST(DumpStatements, CommentsInsideOfConditionalOnesAreRefused) {
  EXPECT_NE(refusal_of("/*!40101 SET /* c */ @a = 1 */;").find("a comment inside of a conditional"),
            std::string::npos);
  EXPECT_EQ(refusal_of("/*!40101 SET -- c\n @a = 1 */;"), "");
}

TEST(DumpStatements, PlainCommentsMayStandBeforeTheRowsOfAnInsert) {
  EXPECT_EQ(refusal_of(table + "INSERT /* a */ INTO -- b\n `t` # c\n VALUES (1,'x');"), "");
  EXPECT_NE(refusal_of(table + "INSERT /*!50000 IGNORE */ INTO t VALUES (1,'x');")
                .find("a conditional comment inside the beginning of an INSERT into t"),
            std::string::npos);
  EXPECT_EQ(refusal_of("CREATE TABLE `/*x*/` (a int);INSERT INTO `/*x*/` VALUES (1);"), "")
      << "a name is no comment";
}

Field::Kind kind_of(const std::string& literal) {
  const std::string dump = "CREATE TABLE t (a int);INSERT INTO t VALUES (" + literal + ");";
  TextSource source(dump);
  DumpReader reader(source, {});
  reader.next();
  reader.next();
  return (*reader.next_row())[0].kind;
}

TEST(DumpLiterals, TellApartWhatServersTellApart) {
  EXPECT_EQ(kind_of("'x'"), Field::Kind::text);
  EXPECT_EQ(kind_of("_binary 'x'"), Field::Kind::binary_text);
  EXPECT_EQ(kind_of("_BINARY\n\"x\""), Field::Kind::binary_text);
  EXPECT_EQ(kind_of("0xAB"), Field::Kind::hex);
  EXPECT_EQ(kind_of("X'AB'"), Field::Kind::quoted_hex);
  EXPECT_EQ(kind_of("b'01'"), Field::Kind::bits);
  EXPECT_EQ(kind_of("Default"), Field::Kind::default_value);
  EXPECT_THROW(kind_of("x'ABC'"), Error) << "half a byte";
  EXPECT_THROW(kind_of("N'x'"), Error);
  EXPECT_THROW(kind_of("_utf8mb4'x'"), Error);
  EXPECT_THROW(kind_of("'a' 'b'"), Error);
}

TEST(DumpLiterals, ARefusalNamesTheTable) {
  EXPECT_NE(refusal_of(table + "INSERT INTO t VALUES (1,now());").find("no literal (rows of t)"),
            std::string::npos);
}

struct TypeCase {
  const char* type;
  Column::Kind kind;
  const char* charset;
};

TEST(DumpTypes, HaveTheirOtherNamesToo) {
  const std::array cases{
      TypeCase{"int8", Column::Kind::integer, ""},
      TypeCase{"middleint unsigned", Column::Kind::integer, ""},
      TypeCase{"dec(5,2)", Column::Kind::decimal, ""},
      TypeCase{"double precision", Column::Kind::decimal, ""},
      TypeCase{"float8", Column::Kind::decimal, ""},
      TypeCase{"character varying(10)", Column::Kind::text, ""},
      TypeCase{"national varchar(10)", Column::Kind::text, "utf8mb3"},
      TypeCase{"nchar(10)", Column::Kind::text, "utf8mb3"},
      TypeCase{"char(10) unicode", Column::Kind::text, "ucs2"},
      TypeCase{"char(10) ascii", Column::Kind::text, "latin1"},
      TypeCase{"char(10) default ascii('x')", Column::Kind::text, ""},
      TypeCase{"char(10) byte", Column::Kind::text, ""},
      TypeCase{"char byte", Column::Kind::binary, ""},
      TypeCase{"long varchar", Column::Kind::text, ""},
      TypeCase{"long varbinary", Column::Kind::binary, ""},
      TypeCase{"enum('a')", Column::Kind::member, ""},
      TypeCase{"uuid", Column::Kind::other, ""},
  };
  for (const auto& one : cases) {
    const auto table_of_one =
        parse_table_definition(std::string("CREATE TABLE t (c ") + one.type + ")", mariadb);
    EXPECT_EQ(table_of_one.columns[0].kind, one.kind) << one.type;
    EXPECT_EQ(table_of_one.columns[0].charset, one.charset) << one.type;
  }
}

TEST(DumpTypes, APeriodOfTheApplicationStaysAndOneOfTheSystemGoes) {
  const auto stays = parse_table_definition(
      "CREATE TABLE t (a date, b date, PERIOD FOR p (a, b), period int)", mariadb);
  EXPECT_TRUE(stays.taken_off.empty());
  EXPECT_EQ(stays.columns.size(), 3U);
  const auto goes = parse_table_definition(
      "CREATE TABLE t (a timestamp(6) GENERATED ALWAYS AS ROW START, b timestamp(6) GENERATED "
      "ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING",
      mariadb);
  EXPECT_EQ(goes.taken_off, std::vector<std::string>{"system versioning"});
  EXPECT_EQ(goes.body,
            "(a timestamp(6) NOT NULL DEFAULT 0, b timestamp(6) NOT NULL DEFAULT 0 "
            "INVISIBLE)");
}

}  // namespace
}  // namespace pipeline::dump
