// How a value travels from an INSERT to LOAD DATA without a change.
#include "stages/staging/load/row_encoder.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/io/file.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/load_statement.h"

namespace pipeline {
namespace {

using As = ColumnCarrier::As;

/// One value of an INSERT as it is written for LOAD DATA.
std::string encoded(const std::string& literal, ColumnCarrier carrier = {}) {
  const std::string dump =
      "CREATE TABLE t (a text);INSERT INTO t VALUES (" + literal + ");\n-- Dump completed\n";
  TextSource source(dump);
  dump::DumpReader reader(source, {});
  reader.next();
  reader.next();
  std::string out;
  encode_row(*reader.next_row(), std::span(&carrier, 1), out);
  EXPECT_EQ(out.back(), '\n');
  out.pop_back();
  return out;
}

TEST(RowEncoder, WritesTextSoThatLoadDataReadsWhatInsertWouldStore) {
  EXPECT_EQ(encoded("'plain'"), "plain");
  EXPECT_EQ(encoded("''"), "");
  EXPECT_EQ(encoded("NULL"), "\\N");
  EXPECT_EQ(encoded("'NULL'"), "NULL");
  EXPECT_EQ(encoded("'it''s'"), "it's");
  EXPECT_EQ(encoded("'it\\'s'"), "it\\'s");
  EXPECT_EQ(encoded("\"a\"\"b'c\""), "a\"b'c");
  EXPECT_EQ(encoded("'a\tb\nc'"), "a\\tb\\nc");
  EXPECT_EQ(encoded("'a\\tb\\nc\\\\d\\0e\\Zf'"), "a\\tb\\nc\\\\d\\0e\\Zf");
  EXPECT_EQ(encoded("'\\N'"), "N") << "in an INSERT the letter, in LOAD DATA it would be NULL";
  EXPECT_EQ(encoded("'\\%\\_'"), "\\\\%\\\\_") << "an INSERT keeps these backslashes";
  EXPECT_EQ(encoded("'\\\t\\\n'"), "\\t\\n") << "a backslash before a raw tab or newline";
  EXPECT_EQ(encoded("'\\\\N'"), "\\\\N");
}

TEST(RowEncoder, WritesHexAndBitsAsBytesOrAsNumbers) {
  EXPECT_EQ(encoded("0x414243"), "ABC");
  EXPECT_EQ(encoded("x'0941'"), "\\tA");
  EXPECT_EQ(encoded("0x1"), "\x01");
  EXPECT_EQ(encoded("0x5C"), "\\\\");
  EXPECT_EQ(encoded("0x0041").size(), 2U);
  EXPECT_EQ(encoded("0x0102", {.as = As::number}), "258");
  EXPECT_EQ(encoded("b'101'", {.as = As::number}), "5");
  EXPECT_EQ(encoded("-12.50", {.as = As::number}), "-12.50");
  EXPECT_THROW(encoded("0x112233445566778899", {.as = As::number}), Error);
}

TEST(RowEncoder, WritesBitColumnsAsTheirBytes) {
  const ColumnCarrier bit10{.as = As::bit, .bit_length = 10};
  EXPECT_EQ(encoded("b'1100000001'", bit10), "\x03\x01");
  EXPECT_EQ(encoded("769", bit10), "\x03\x01");
  EXPECT_EQ(encoded("0x301", bit10), "\x03\x01");
  EXPECT_EQ(encoded("'\\0A'", bit10), "\\0A") << "bytes already";
  EXPECT_EQ(encoded("1", {.as = As::bit, .bit_length = 1}), "\x01");
  EXPECT_EQ(encoded("NULL", bit10), "\\N");
  EXPECT_THROW(encoded("1.5", bit10), Error);
}

TEST(RowEncoder, WritesTheYearZeroAsFourDigits) {
  EXPECT_EQ(encoded("0", {.as = As::year}), "0000");
  EXPECT_EQ(encoded("2026", {.as = As::year}), "2026");
  EXPECT_EQ(encoded("'0'", {.as = As::year}), "0") << "the text 0 means 2000 in an INSERT too";
}

TEST(RowEncoder, GivesABitColumnWhatDoesNotFitAsItIsSoThatTheServerJudges) {
  const ColumnCarrier bit10{.as = As::bit, .bit_length = 10, .column = "b"};
  EXPECT_EQ(encoded("65537", bit10), std::string("\x01\0\x01", 3));
  EXPECT_EQ(encoded("0x000301", bit10), "\x03\x01") << "leading zeros are none of its bits";
  EXPECT_EQ(encoded("0x00000000000000000001", bit10), std::string("\0\x01", 2));
  EXPECT_EQ(encoded("x''", bit10), std::string("\0\0", 2));
  EXPECT_THROW(encoded("-1", bit10), Error);
  EXPECT_THROW(encoded("18446744073709551616", bit10), Error);
}

std::string refusal_of(const std::string& literal, const ColumnCarrier& carrier) {
  try {
    encoded(literal, carrier);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_refused);
    return error.message();
  }
  return "";
}

TEST(RowEncoder, RefusesWhatATextCannotSayAndNamesTheColumnAndNoValue) {
  struct Case {
    As as;
    std::vector<std::string> taken;
    std::vector<std::string> refused;
  };
  const std::vector<Case> cases{
      {As::text,
       {"-12.50", "0", "0.5", "123", "0x41", "x'41'", "b'1'"},
       {"007", "+1", "1e3", ".5", "5.", "-0", "-0.00", "DEFAULT",
        "123456789012345678901234567890123456789012345678901234567890123456"}},
      {As::member, {"'a'", "_binary 'a'", "0x61"}, {"1", "DEFAULT"}},
      {As::integer, {"1", "+1", "007", "-1.5", "0x10", "b'1'", "'1e3'"}, {"1e3", "x'31'"}},
      {As::number, {"1e3", "-0", ".5", "0x10"}, {"x'31'", "0x112233445566778899"}},
      {As::bit, {"1", "0x1", "x'01'", "'A'"}, {"1.5", "-1", "DEFAULT"}},
      {As::year, {"0", "2026", "0x7EA", "'99'"}, {"x'32303236'"}},
      {As::date_time, {"'2026-02-01'", "0x323032362D30322D3031"}, {"20260201", "0"}},
      {As::geometry, {"0x00", "_binary '\\0'"}, {"1"}},
      {As::own_text, {"'::1'"}, {"0x00", "_binary 'x'", "1", "b'1'"}},
      {As::skipped, {"1", "'x'", "0x00", "DEFAULT", "x'00'", "1e3", "_binary 'x'"}, {}},
  };
  for (const auto& one : cases) {
    const ColumnCarrier carrier{.as = one.as, .bit_length = 8, .column = "c"};
    for (const auto& literal : one.taken) EXPECT_EQ(refusal_of(literal, carrier), "") << literal;
    for (const auto& literal : one.refused) {
      const std::string said = refusal_of(literal, carrier);
      EXPECT_TRUE(said.ends_with(" for the column c")) << literal << ": " << said;
      EXPECT_EQ(said.find(literal), literal == "DEFAULT" ? 0U : std::string::npos) << said;
    }
  }
}

TEST(RowEncoder, WritesAYearByItsNumber) {
  EXPECT_EQ(encoded("0x7EA", {.as = As::year}), "2026");
  EXPECT_EQ(encoded("0.0", {.as = As::year}), "0000");
  EXPECT_EQ(encoded("00", {.as = As::year}), "0000");
}

TEST(RowEncoder, SendsBytesOfNoCharacterSetOnlyWhereNothingIsConverted) {
  const ColumnCarrier converted{.column = "c", .bytes = ColumnCarrier::Bytes::converted};
  EXPECT_EQ(encoded("'x'", converted), "x");
  EXPECT_EQ(encoded("NULL", converted), "\\N");
  EXPECT_EQ(encoded("12", converted), "12");
  for (const auto* literal : {"0x41", "x'41'", "b'1'", "_binary 'x'"}) {
    EXPECT_NE(refusal_of(literal, converted), "") << literal;
    EXPECT_EQ(refusal_of(literal, {.column = "c"}), "") << literal;
  }
}

TEST(RowEncoder, RefusesNullAndRowsThatTheServerWouldNumber) {
  using Numbering = ColumnCarrier::Numbering;
  EXPECT_NE(refusal_of("NULL", {.column = "c", .null = ColumnCarrier::Null::refused}), "");
  const ColumnCarrier of_null{.as = As::integer, .column = "c", .numbering = Numbering::of_null};
  EXPECT_NE(refusal_of("NULL", of_null), "");
  EXPECT_EQ(refusal_of("0", of_null), "") << "under NO_AUTO_VALUE_ON_ZERO";
  const ColumnCarrier of_zero{
      .as = As::integer, .column = "c", .numbering = Numbering::of_null_and_zero};
  for (const auto* literal : {"NULL", "0", "'0'", "00", "0.0", "0x0", "''", "'x'", "-0"}) {
    EXPECT_NE(refusal_of(literal, of_zero), "") << literal;
  }
  for (const auto* literal : {"1", "'1'", "-3", "10"}) {
    EXPECT_EQ(refusal_of(literal, of_zero), "") << literal;
  }
}

std::string statement_for(const std::string& create, const std::string& insert) {
  const std::string dump = "SET NAMES utf8mb4;" + create + ";" + insert + ";\n-- Dump completed\n";
  TextSource source(dump);
  dump::DumpReader reader(source, {});
  const auto table = std::get<dump::TableBegins>(reader.next());
  const auto rows = std::get<dump::RowsBegin>(reader.next());
  return plan_rows(table.definition, rows, "staging__next").statement;
}

TEST(LoadStatement, SendsBytesAndConvertsOnlyOtherCharacterSets) {
  const std::string head =
      "LOAD DATA LOCAL INFILE 'rows' INTO TABLE `staging__next`.`t` CHARACTER SET binary FIELDS "
      "TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ";
  EXPECT_EQ(statement_for("CREATE TABLE t (`a` int, `b` text) DEFAULT CHARSET=utf8mb4",
                          "INSERT INTO t VALUES (1,'')"),
            head + "(`a`, `b`)");
  EXPECT_EQ(statement_for("CREATE TABLE t (`a` int, `b` text CHARACTER SET latin1, `c` blob) "
                          "DEFAULT CHARSET=utf8mb4",
                          "INSERT INTO t VALUES (1,'','')"),
            head + "(`a`, @v1, `c`) SET `b` = CONVERT(@v1 USING `utf8mb4`)");
  EXPECT_EQ(statement_for("CREATE TABLE t (`a` int AUTO_INCREMENT, `b` text, PRIMARY KEY (a)) "
                          "DEFAULT CHARSET=utf8mb3",
                          "INSERT INTO t (b,a) VALUES ('',1)"),
            head + "(@v0, @v1) SET `b` = CONVERT(@v0 USING `utf8mb4`), `a` = @v1");
  EXPECT_EQ(statement_for("CREATE TABLE t (`a` int, `g` int AS (a) STORED) DEFAULT CHARSET=utf8mb4",
                          "INSERT INTO t VALUES (1,1)"),
            head + "(`a`, @skipped)");
  EXPECT_NE(statement_for("CREATE TABLE t (a int)", "REPLACE INTO t VALUES (1)")
                .find("'rows' REPLACE INTO"),
            std::string::npos);
  EXPECT_NE(statement_for("CREATE TABLE t (a int)", "INSERT IGNORE INTO t VALUES (1)")
                .find("'rows' IGNORE INTO"),
            std::string::npos);
}

RowPlan plan_for(const std::string& settings, const std::string& create,
                 const std::string& insert) {
  const std::string dump = settings + create + ";" + insert + ";\n-- Dump completed\n";
  TextSource source(dump);
  dump::DumpReader reader(source, {});
  const auto table = std::get<dump::TableBegins>(reader.next());
  const auto rows = std::get<dump::RowsBegin>(reader.next());
  return plan_rows(table.definition, rows, "s");
}

TEST(LoadStatement, KnowsWhichColumnsAreConvertedAndWhichMayBeNull) {
  const RowPlan plan = plan_for("SET NAMES latin1;",
                                "CREATE TABLE t (a int NOT NULL, b text, c text CHARACTER SET "
                                "latin1, d json, e blob, f int AS (a) STORED NOT NULL) DEFAULT "
                                "CHARSET=utf8mb4",
                                "INSERT INTO t VALUES (1,'','','',0x00,1)");
  using Bytes = ColumnCarrier::Bytes;
  using Null = ColumnCarrier::Null;
  std::vector<Bytes> bytes;
  std::vector<Null> nulls;
  for (const auto& carrier : plan.carriers) {
    bytes.push_back(carrier.bytes);
    nulls.push_back(carrier.null);
  }
  EXPECT_EQ(bytes, (std::vector{Bytes::stay, Bytes::converted, Bytes::stay, Bytes::converted,
                                Bytes::stay, Bytes::stay}));
  EXPECT_EQ(nulls, (std::vector{Null::refused, Null::allowed, Null::allowed, Null::allowed,
                                Null::allowed, Null::allowed}));
  EXPECT_EQ(plan.carriers[3].column, "d");
}

TEST(LoadStatement, LeavesTextOfABinaryDumpAndOfBinaryColumnsAlone) {
  const std::string create =
      "CREATE TABLE t (a text CHARACTER SET latin1, b varchar(5) CHARACTER SET binary)";
  const std::string insert = "INSERT INTO t VALUES ('','')";
  EXPECT_EQ(plan_for("SET NAMES binary;", create, insert).statement.find("CONVERT"),
            std::string::npos);
  EXPECT_EQ(plan_for("SET NAMES latin1;", create, insert).statement.find("CONVERT"),
            std::string::npos);
}

TEST(LoadStatement, RowsThatTheServerWouldNumberAreRefused) {
  using Numbering = ColumnCarrier::Numbering;
  const std::string create = "CREATE TABLE t (a int AUTO_INCREMENT PRIMARY KEY, b int)";
  const std::string insert = "INSERT INTO t VALUES (1,2)";
  EXPECT_EQ(
      plan_for("SET sql_mode='no_auto_value_on_zero,x';", create, insert).carriers[0].numbering,
      Numbering::of_null);
  EXPECT_EQ(plan_for("", create, insert).carriers[0].numbering, Numbering::of_null_and_zero);
  EXPECT_EQ(plan_for("", create, insert).carriers[1].numbering, Numbering::none);
  try {
    plan_for("", create, "INSERT INTO t (b) VALUES (2)");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_refused);
    EXPECT_EQ(error.context_value("byte"), "57");
  }
}

// ---- rows as INSERTs ---------------------------------------------------------------------------

/// "" if a row of one value may go as it stands, else why not.
std::string unstated(const std::string& literal, ColumnCarrier carrier) {
  const std::string dump =
      "CREATE TABLE t (a text);INSERT INTO t VALUES (" + literal + ");\n-- Dump completed\n";
  TextSource source(dump);
  dump::DumpReader reader(source, {});
  reader.next();
  reader.next();
  try {
    require_stated_values(*reader.next_row(), std::span(&carrier, 1));
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(InsertStatement, RowsGoAsTheyStandUnlessTheServerWouldChooseAValue) {
  using Numbering = ColumnCarrier::Numbering;
  for (const auto* literal : {"1e3", "007", "x'31'", "0x31", "b'1'", "_binary 'x'", "NULL"}) {
    for (const As as : {As::text, As::integer, As::bit, As::date_time, As::own_text}) {
      EXPECT_EQ(unstated(literal, {.as = as, .column = "c"}), "") << literal;
    }
  }
  EXPECT_EQ(unstated("DEFAULT", {.as = As::skipped, .column = "c"}), "");
  EXPECT_EQ(unstated("DEFAULT", {.column = "c"}), "DEFAULT for the column c");
  EXPECT_NE(unstated("NULL", {.column = "c", .null = ColumnCarrier::Null::refused}), "");
  EXPECT_NE(
      unstated("0", {.as = As::integer, .column = "c", .numbering = Numbering::of_null_and_zero}),
      "");
}

std::string insert_head_for(const std::string& settings, const std::string& columns,
                            const std::string& insert) {
  const std::string dump =
      settings + "CREATE TABLE t " + columns + ";" + insert + ";\n-- Dump completed\n";
  TextSource source(dump);
  dump::DumpReader reader(source, {});
  const auto table = std::get<dump::TableBegins>(reader.next());
  const auto rows = std::get<dump::RowsBegin>(reader.next());
  return plan_rows(table.definition, rows, "s", RowsBy::inserts).statement;
}

TEST(InsertStatement, NamesTheColumnsAndKeepsTheVerb) {
  EXPECT_EQ(insert_head_for("", "(a int, `b c` int)", "INSERT INTO t VALUES (1,2)"),
            "INSERT INTO `s`.`t` (`a`,`b c`) VALUES ");
  EXPECT_EQ(insert_head_for("", "(a int, b int)", "REPLACE INTO t (b,a) VALUES (1,2)"),
            "REPLACE INTO `s`.`t` (`b`,`a`) VALUES ");
  EXPECT_EQ(insert_head_for("", "(a int)", "INSERT IGNORE INTO t VALUES (1)"),
            "INSERT IGNORE INTO `s`.`t` (`a`) VALUES ");
  EXPECT_EQ(insert_head_for("SET NAMES utf8mb4;", "(`東` int)", "INSERT INTO t VALUES (1)"),
            "INSERT INTO `s`.`t` (`東`) VALUES ");
}

TEST(InsertStatement, LeavesNamesOutThatTheDumpsCharacterSetWouldTurnIntoOthers) {
  EXPECT_EQ(insert_head_for("", "(`東` int);SET NAMES latin1", "INSERT INTO t VALUES (1)"),
            "INSERT INTO `s`.`t` VALUES ");
}

TEST(InsertStatement, ARowsOwnTextIsWhatStandsInTheDump) {
  const std::string rows = "( 1 ,'a''b\\')' , NULL )";
  const std::string dump = "CREATE TABLE t (a int, b text, c int);INSERT INTO t VALUES\n" + rows +
                           ",\n(2,_binary '\n',0x00);\n-- Dump completed\n";
  TextSource source(dump);
  dump::DumpReader reader(source, {.dialect = {}, .buffer_bytes = 3});
  reader.next();
  reader.next();
  reader.next_row();
  EXPECT_EQ(reader.row_text(), rows);
  reader.next_row();
  EXPECT_EQ(reader.row_text(), "(2,_binary '\n',0x00)");
}

}  // namespace
}  // namespace pipeline
