// What a seed file may look like.
#include "stages/transform/run/csv.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string refusal(std::string_view text) {
  try {
    parse_csv(text, "seeds/x.csv");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
  return "nothing was refused";
}

TEST(Csv, SkipsAByteOrderMarkAndTakesBothLineEnds) {
  const auto table = parse_csv(
      "\xEF\xBB\xBF"
      "code,label\r\n1,男性\n2,女性\r",
      "x");
  EXPECT_EQ(table.header, (std::vector<std::string>{"code", "label"}));
  EXPECT_EQ(table.rows, (Rows{{"1", "男性"}, {"2", "女性"}}));
}

TEST(Csv, KeepsQuotesCommasAndLineBreaksInsideQuotes) {
  const auto table = parse_csv("a,b\n\"x, \"\"y\"\"\",\"two\nlines\"\n", "x");
  EXPECT_EQ(table.rows, (Rows{{"x, \"y\"", "two\nlines"}}));
}

TEST(Csv, FillsShortRowsAndSkipsEmptyLines) {
  const auto table = parse_csv("a,b\n1\n\n,2\n", "x");
  EXPECT_EQ(table.rows, (Rows{{"1", ""}, {"", "2"}}));
}

TEST(Csv, TakesAnotherDelimiter) {
  EXPECT_EQ(parse_csv("a;b\n1;2,3\n", "x", ';').rows, (Rows{{"1", "2,3"}}));
}

TEST(Csv, RefusesWithFileAndLine) {
  EXPECT_EQ(refusal("a,b\n\"x\ny\",2\n1,2,3\n"),
            "seeds/x.csv:4: the row has 3 fields, the header has 2");
  EXPECT_EQ(refusal("a\n1\n\"x\n"), "seeds/x.csv:3: a quoted field is never closed");
  EXPECT_EQ(refusal("a\n\"x\"y\n"), "seeds/x.csv:2: text follows a closing quote");
  EXPECT_EQ(refusal("a,A\n"), "seeds/x.csv:1: the column A is named twice");
  EXPECT_EQ(refusal("a,\n"), "seeds/x.csv:1: a column has no name");
  EXPECT_EQ(refusal("\n\n"),
            "seeds/x.csv:2: the file is empty; its first line must name the columns");
}

}  // namespace
}  // namespace pipeline::dbt
