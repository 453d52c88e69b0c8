// Quoting of names and literals.
#include "common/mariadb/identifier.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using namespace std::string_literals;

ErrorKind kind_of_refusal(const std::string& name) {
  try {
    quote_name(name);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

TEST(QuoteName, PutsBackticksAroundAndDoublesInnerOnes) {
  EXPECT_EQ(quote_name("tenant"), "`tenant`");
  EXPECT_EQ(quote_name("odd`name"), "`odd``name`");
  EXPECT_EQ(quote_name("`; DROP TABLE x; -- "), "```; DROP TABLE x; -- `");
  EXPECT_EQ(quote_name("gold", "rooms"), "`gold`.`rooms`");
}

TEST(QuoteName, CountsCharactersAndNotBytes) {
  std::string sixty_four;
  for (int i = 0; i < 64; ++i) sixty_four += "\u90e8";
  EXPECT_EQ(quote_name(sixty_four), "`" + sixty_four + "`");
  EXPECT_EQ(kind_of_refusal(sixty_four + "x"), ErrorKind::config_invalid);
}

TEST(QuoteName, RefusesWhatNoServerTakes) {
  EXPECT_EQ(kind_of_refusal(""), ErrorKind::config_invalid);
  EXPECT_EQ(kind_of_refusal("a\0b"s), ErrorKind::config_invalid);
  EXPECT_EQ(kind_of_refusal(std::string(65, 'a')), ErrorKind::config_invalid);
}

TEST(QuoteText, EscapesWhatWouldEndTheLiteralOrChangeIt) {
  EXPECT_EQ(quote_text(""), "''");
  EXPECT_EQ(quote_text("it's"), R"('it\'s')");
  EXPECT_EQ(quote_text("C:\\"), R"('C:\\')");
  EXPECT_EQ(quote_text("a\0b\nc\rd\x1a\"e"s), R"('a\0b\nc\rd\Z\"e')");
  EXPECT_EQ(quote_text("\u90e8\u5c4b"), "'\u90e8\u5c4b'");
}

TEST(TableName, IsShownPlainAndQuoted) {
  const TableName name{"gold__next", "rooms"};
  EXPECT_EQ(name.text(), "gold__next.rooms");
  EXPECT_EQ(name.quoted(), "`gold__next`.`rooms`");
}

}  // namespace
}  // namespace pipeline
