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

}  // namespace
}  // namespace pipeline
