// Where strings, names, comments and statements end, wherever the text is cut.
#include "stages/staging/dump/sql_lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace pipeline::dump {
namespace {

using Found = StatementScanner::Found;

/// The statement's end when the text arrives in pieces of `piece_bytes`, or npos.
std::size_t end_of(std::string_view text, std::size_t piece_bytes,
                   std::string_view delimiter = ";") {
  StatementScanner scanner;
  for (std::size_t size = std::min(piece_bytes, text.size());;
       size = std::min(size + piece_bytes, text.size())) {
    const More more = size < text.size() ? More::may_follow : More::none;
    switch (scanner.find_end(text.substr(0, size), delimiter, more)) {
      case Found::end:
        return scanner.offset();
      case Found::need_more:
        break;
      case Found::delimiter_in_conditional:
        return std::string_view::npos - 1;
    }
    if (more == More::none) return std::string_view::npos;
  }
}

std::vector<std::string> texts_of(std::string_view statement) {
  std::vector<std::string> texts;
  for (const auto& token : tokenize(statement)) texts.emplace_back(token.text);
  return texts;
}

// "|" marks where the statement ends.
TEST(StatementScanner, FindsTheDelimiterOutsideOfQuotesAndCommentsWhereverPiecesAreCut) {
  for (const std::string marked :
       {"SET a=1|;x", "SET a='it''s; \\'; \\\\'|;x", "SET a=\"x;'\"|;x", "SET `a;``'`=1|;x",
        "SET a=1 -- x; 'y\n|;x", "SET a=1 # x; 'y\n|;x", "SET a=5--1|;x", "SET a=/* x; 'y */1|;x",
        "/*!40101 SET a=';' */|;x", "/*M!100100 SET a=1 /* x; */ */|;x",
        "/*M!999999 x; ' */ SET a=1|;x", "SET a=1--\n|;x"}) {
    SCOPED_TRACE(marked);
    const auto expected = marked.find('|');
    const std::string text = marked.substr(0, expected) + marked.substr(expected + 1);
    for (std::size_t piece = 1; piece <= text.size(); ++piece)
      EXPECT_EQ(end_of(text, piece), expected);
  }
}

TEST(StatementScanner, KnowsLongDelimiters) {
  const std::string text = "BEGIN a; b; END;;";
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    EXPECT_EQ(end_of(text, piece, ";;"), 15U);
}

TEST(StatementScanner, SaysInsideWhatTheTextEnds) {
  const auto inside = [](std::string_view text) {
    StatementScanner scanner;
    EXPECT_EQ(scanner.find_end(text, ";", More::none), Found::need_more);
    return std::string(scanner.inside()) + " " + std::to_string(scanner.open_since().value_or(99));
  };
  EXPECT_EQ(inside("SET a"), "a statement 99");
  EXPECT_EQ(inside("SET a='x"), "a string 6");
  EXPECT_EQ(inside("SET a='x\\"), "a string 6");
  EXPECT_EQ(inside("SET `x"), "a name 4");
  EXPECT_EQ(inside("SET /* x *"), "a comment 4");
  EXPECT_EQ(inside("/*!40101 SET"), "a comment 0");
}

TEST(StatementScanner, ReportsADelimiterInsideAConditionalComment) {
  StatementScanner scanner;
  EXPECT_EQ(scanner.find_end("/*!50000 a; b */;", ";", More::none),
            Found::delimiter_in_conditional);
}

TEST(TokenReader, SkipsCommentsAndReadsIntoConditionalOnes) {
  EXPECT_THAT(texts_of("a/* x */b -- c\n/*!50100 d*/ /*M!100100 e */ /*! f */ # g"),
              testing::ElementsAre("a", "b", "d", "e", "f"));
  const auto tokens = tokenize("a /*!50100 b */ c");
  EXPECT_EQ(tokens[0].conditional, Token::Conditional::no);
  EXPECT_EQ(tokens[1].conditional, Token::Conditional::yes);
  EXPECT_EQ(tokens[2].conditional, Token::Conditional::no);
}

TEST(TokenReader, KeepsQuotedTextsWhole) {
  EXPECT_THAT(texts_of("`a``b`.'c''d\\'e' \"f\"=@x,12.5"),
              testing::ElementsAre("`a``b`", ".", "'c''d\\'e'", "\"f\"", "=", "@", "x", ",", "12",
                                   ".", "5"));
}

TEST(Unquote, GivesTheBytesThatALiteralStandsFor) {
  EXPECT_EQ(unquote_text("'a''b\\'c\\\\d\\n\\t\\r\\Z\\b\\%\\_\\q'"), "a'b'c\\d\n\t\r\x1a\b\\%\\_q");
  EXPECT_EQ(unquote_text("'\\0'"), std::string(1, '\0'));
  EXPECT_EQ(unquote_name(tokenize("`a``b`")[0]), "a`b");
}

TEST(StatementHead, ShowsNoLiteral) {
  EXPECT_EQ(statement_head("UPDATE t SET b='secret', c=4711 WHERE x"),
            "UPDATE t SET b = '...' , c = ? WHERE x");
}

}  // namespace
}  // namespace pipeline::dump
