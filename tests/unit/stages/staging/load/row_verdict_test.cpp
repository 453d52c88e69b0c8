// Which words of the server end a load.
#include "stages/staging/load/row_verdict.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using Level = ServersWord::Level;
using Verb = dump::InsertHead::Verb;

const dump::TableDefinition table = dump::parse_table_definition(
    "CREATE TABLE t (id int, d date, v varchar(5), `b'l``ob` blob, e enum('a'), u uuid)", {});

/// "" if the rows are good, else the error's kind and message.
std::string judged(RowsArrived arrived, Verb verb = Verb::insert) {
  if (arrived.info.empty()) {
    arrived.info = fmt::format("Records: {}  Deleted: 0  Skipped: 0  Warnings: 0", arrived.sent);
  }
  dump::RowsBegin rows;
  rows.table = "t";
  rows.verb = verb;
  rows.place = {.byte = 70, .line = 7};
  try {
    require_good_arrival(rows, table, arrived);
  } catch (const Error& error) {
    return fmt::format("{}: {}", error.name(), error.message());
  }
  return "";
}

std::string judged_word(const ServersWord& word, Verb verb = Verb::insert,
                        RowsArrived::SqlMode mode = RowsArrived::SqlMode::lenient) {
  return judged({.sent = 3, .info = {}, .words = {word}, .sql_mode = mode}, verb);
}

bool refused(const std::string& verdict) {
  return verdict.starts_with("Pipeline.DumpRefused: line 7, byte 70: ");
}
bool corrupt(const std::string& verdict) {
  return verdict.starts_with("Pipeline.DumpCorrupt: line 7, byte 70: ");
}

TEST(RowVerdict, RowsWithoutAWordAreGood) {
  EXPECT_EQ(judged({.sent = 3, .info = {}, .words = {}}), "");
}

TEST(RowVerdict, RowsThatTheServerSkippedAreCorruptButForIgnore) {
  const RowsArrived arrived{
      .sent = 3, .info = "Records: 3  Deleted: 0  Skipped: 1  Warnings: 1", .words = {}};
  EXPECT_TRUE(corrupt(judged(arrived)));
  EXPECT_TRUE(corrupt(judged(arrived, Verb::replace)));
  EXPECT_EQ(judged(arrived, Verb::insert_ignore), "");
}

TEST(RowVerdict, RowsThatBreakACheckAreCorruptButForIgnore) {
  for (const unsigned code : {4025U, 3819U}) {
    const RowsArrived arrived{.sent = 3,
                              .info = "Records: 2  Deleted: 0  Skipped: 0  Warnings: 1",
                              .words = {{.level = Level::warning, .code = code, .text = "CHECK"}}};
    EXPECT_TRUE(corrupt(judged(arrived)));
    EXPECT_TRUE(corrupt(judged(arrived, Verb::replace)));
    EXPECT_EQ(judged(arrived, Verb::insert_ignore), "");
  }
}

TEST(RowVerdict, RowsThatAreGoneForNoReasonAreOurOwnMistake) {
  for (const auto* info : {"Records: 2  Deleted: 0  Skipped: 0  Warnings: 0",
                           "Records: 4  Deleted: 0  Skipped: 0  Warnings: 0", "?"}) {
    EXPECT_TRUE(judged({.sent = 3, .info = info, .words = {}}).starts_with("Pipeline.Internal: "));
  }
}

TEST(RowVerdict, TextsThatWereDestroyedAreRefusedWithTheirColumnAndNotTheirValue) {
  const std::string said = judged_word(
      {.level = Level::warning,
       .code = 1366,
       .text = "Incorrect string value: '\\xFFsecret' for column `s`.`t`.`v` at row 3"});
  EXPECT_TRUE(refused(said)) << said;
  EXPECT_NE(said.find("server error 1366 for column `s`.`t`.`v` at row 3"), std::string::npos);
  EXPECT_EQ(said.find("secret"), std::string::npos);
  for (const unsigned code : {1300U, 1301U, 1406U}) {
    EXPECT_TRUE(refused(judged_word({.level = Level::warning, .code = code, .text = "x"})));
  }
}

TEST(RowVerdict, CutTextsAreRefusedAndCutDatesArePassed) {
  const auto cut = [](const std::string& column, Level level = Level::warning) {
    return judged_word({.level = level,
                        .code = 1265,
                        .text = fmt::format("Data truncated for column '{}' at row 1", column)});
  };
  EXPECT_TRUE(refused(cut("v")));
  EXPECT_TRUE(refused(cut("V"))) << "servers do not heed the case of columns";
  EXPECT_TRUE(refused(cut("b'l`ob"))) << "the name stands as it is";
  EXPECT_EQ(cut("v", Level::note), "") << "blanks at the end";
  EXPECT_EQ(cut("d"), "");
  EXPECT_EQ(cut("e"), "") << "no member: the empty one, as in an INSERT";
  EXPECT_EQ(cut("gone"), "");
}

TEST(RowVerdict, AValueThatAUuidCannotBeIsRefused) {
  const auto incorrect = [](const std::string& column) {
    return judged_word({.level = Level::warning,
                        .code = 1292,
                        .text = "Incorrect value: 'x' for column `s`.`t`." + column + " at row 1"});
  };
  EXPECT_TRUE(refused(incorrect("`u`")));
  EXPECT_TRUE(refused(incorrect("`b'l``ob`")));
  EXPECT_EQ(incorrect("`d`"), "");
}

TEST(RowVerdict, UnderAStrictModeEveryWarningEndsAnInsert) {
  const ServersWord zero_date{
      .level = Level::warning, .code = 1264, .text = "Out of range value for column 'd' at row 1"};
  constexpr auto strict = RowsArrived::SqlMode::strict;
  EXPECT_EQ(judged_word(zero_date), "");
  EXPECT_TRUE(refused(judged_word(zero_date, Verb::insert, strict)));
  EXPECT_TRUE(refused(judged_word(zero_date, Verb::replace, strict)));
  EXPECT_EQ(judged_word(zero_date, Verb::insert_ignore, strict), "");
  EXPECT_EQ(judged_word({.level = Level::note, .code = 1265, .text = "x"}, Verb::insert, strict),
            "");
}

TEST(RowVerdict, MoreWordsThanTheServerShowsAreRefused) {
  RowsArrived arrived{.sent = 3, .info = {}, .words = {}};
  arrived.words.assign(servers_words_max, {.level = Level::note, .code = 1265, .text = {}});
  EXPECT_TRUE(refused(judged(arrived)));
  arrived.words.pop_back();
  EXPECT_EQ(judged(arrived), "");
}

std::string judged_insert(const RowsInserted& inserted, Verb verb = Verb::insert) {
  dump::RowsBegin rows;
  rows.table = "t";
  rows.verb = verb;
  rows.place = {.byte = 70, .line = 7};
  try {
    require_good_insert(rows, table, inserted);
  } catch (const Error& error) {
    return fmt::format("{}: {}", error.name(), error.message());
  }
  return "";
}

TEST(RowVerdictOfInserts, IsTheOneThatLoadDataGets) {
  const auto ended = [](unsigned code, const std::string& text,
                        RowsArrived::SqlMode mode = RowsArrived::SqlMode::lenient) {
    return judged_insert({.words = {{.level = Level::error, .code = code, .text = text}},
                          .sql_mode = mode,
                          .end = RowsInserted::End::by_an_error});
  };
  EXPECT_EQ(judged_insert({.words = {}}), "");
  EXPECT_TRUE(corrupt(ended(1062, "Duplicate entry 'secret' for key 'PRIMARY'")));
  EXPECT_TRUE(corrupt(ended(4025, "CONSTRAINT `c` failed for `s`.`t`")));
  const std::string cut = ended(1406, "Data too long for column 'v' at row 3");
  EXPECT_TRUE(refused(cut)) << cut;
  EXPECT_NE(cut.find("server error 1406 for column 'v' at row 3"), std::string::npos);
  const std::string no_date =
      ended(1292, "Incorrect date value: 'secret' for column `s`.`t`.`d` at row 1",
            RowsArrived::SqlMode::strict);
  EXPECT_TRUE(refused(no_date)) << no_date;
  EXPECT_EQ(no_date.find("secret"), std::string::npos);
  const std::string other = ended(1416, "Cannot get geometry object from data");
  EXPECT_TRUE(refused(other)) << other;
  EXPECT_NE(other.find("server error 1416"), std::string::npos);
}

TEST(RowVerdictOfInserts, IgnoreMayLoseRowsAndWarningsAboutDatesPass) {
  const RowsInserted collided{
      .words = {{.level = Level::warning, .code = 1062, .text = "Duplicate entry"}}};
  EXPECT_EQ(judged_insert(collided, Verb::insert_ignore), "");
  EXPECT_TRUE(corrupt(judged_insert(collided)));
  EXPECT_EQ(judged_insert({.words = {{.level = Level::warning,
                                      .code = 1265,
                                      .text = "Data truncated for column 'd' at row 1"}}}),
            "");
}

TEST(RowVerdictOfInserts, ErrorsOfServersAndStatementsAreNotTheDumps) {
  for (const auto& [code, state] : {std::pair{1062U, "23000"},
                                    {1264U, "22003"},
                                    {1265U, "01000"},
                                    {1364U, "HY000"},
                                    {1906U, "HY000"},
                                    {3819U, "HY000"},
                                    {4025U, "23000"},
                                    {1366U, "HY000"}}) {
    EXPECT_TRUE(tells_of_rows(code, state)) << code;
  }
  for (const auto& [code, state] : {std::pair{1146U, "42S02"},
                                    {1064U, "42000"},
                                    {1114U, "HY000"},
                                    {1205U, "HY000"},
                                    {1317U, "70100"},
                                    {2013U, "HY000"}}) {
    EXPECT_FALSE(tells_of_rows(code, state)) << code;
  }
}

TEST(RowVerdictOfInserts, RowsThatBrokeACheckArrivedToo) {
  const std::vector<ServersWord> words{{.level = Level::warning, .code = 4025, .text = "CHECK"},
                                       {.level = Level::warning, .code = 1265, .text = "x"}};
  EXPECT_EQ(records_of("Records: 2  Duplicates: 1  Warnings: 2", words), 3U);
  EXPECT_EQ(records_of("", {}), 0U);
}

}  // namespace
}  // namespace pipeline
