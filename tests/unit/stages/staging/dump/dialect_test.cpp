// Which server runs which conditional comment.
#include "stages/staging/dump/dialect.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::dump {
namespace {

constexpr Dialect mariadb{Dialect::Family::mariadb, 101106};
constexpr Dialect mysql{Dialect::Family::mysql, 80036};

TEST(Dialect, DecidesAboutConditionalCommentsAsTheServersDo) {
  struct Case {
    std::string_view opening;
    bool by_mariadb;
    bool by_mysql;
  };
  for (const auto& one :
       {Case{"/*!", true, true}, Case{"/*!40101", true, true}, Case{"/*!50699", true, true},
        Case{"/*!50700", false, true}, Case{"/*!80016", false, true},
        Case{"/*!80037", false, false}, Case{"/*!99999", false, false},
        Case{"/*!100100", true, false}, Case{"/*!110000", false, false}, Case{"/*M!", true, false},
        Case{"/*M!100100", true, false}, Case{"/*M!50700", true, false},
        Case{"/*M!110000", false, false}}) {
    SCOPED_TRACE(one.opening);
    EXPECT_EQ(runs_conditional(mariadb, one.opening), one.by_mariadb);
    EXPECT_EQ(runs_conditional(mysql, one.opening), one.by_mysql);
  }
}

TEST(Dialect, ResolvesCommentsAndLeavesQuotedTextAlone) {
  const std::string_view text = "a /*!80016 b*/ c /*M!100100 d*/ /* e */ 'f /* g */' `h -- i` -- j";
  EXPECT_EQ(resolve_comments(text, mariadb), "a    c   d    'f /* g */' `h -- i`  ");
  EXPECT_EQ(resolve_comments(text, mysql), "a   b  c      'f /* g */' `h -- i`  ");
}

TEST(Dialect, PassesOverQuotesInsideWhatItDoesNotRun) {
  EXPECT_EQ(resolve_comments("a /*!80016 'x*/' */ b", mariadb), "a    b");
}

TEST(Dialect, RefusesNestedConditionalComments) {
  EXPECT_THROW(resolve_comments("/*!50100 a /*!50101 b */ */", mysql), Error);
}

}  // namespace
}  // namespace pipeline::dump
