// Template text as tokens.
#include "stages/transform/jinja/lexer.h"

#include <gtest/gtest.h>

namespace pipeline::jinja {
namespace {

std::string tokens_of(std::string_view source) {
  return serialize(tokenize("t", source));
}

std::string error_of(std::string_view source) {
  try {
    tokens_of(source);
  } catch (const TemplateError& error) {
    return error.what_line();
  }
  return "no error";
}

struct LexerCase {
  const char* name;
  const char* source;
  const char* tokens;
};

TEST(JinjaLexer, CutsTemplatesIntoTokens) {
  const LexerCase cases[] = {
      {"text only", "a b", "[text a b][end]"},
      {"empty", "", "[end]"},
      {"one line end at the end is dropped", "a\n\n", "[text a\n][end]"},
      {"variable", "a{{ x }}b", "[text a][{{][name x][}}][text b][end]"},
      {"block", "{% if x %}", "[{%][name if][name x][%}][end]"},
      {"strip left", "a \n{{- x }}", "[text a][{{][name x][}}][end]"},
      {"strip right", "{{ x -}} \n b", "[{{][name x][}}][text b][end]"},
      {"strip can leave nothing", " {%- x -%} ", "[{%][name x][%}][end]"},
      {"comment", "a{# {{ x }} #}b", "[text a][text b][end]"},
      {"raw", "{% raw %}{{ x }}{% endraw %}", "[text {{ x }}][end]"},
      {"numbers", "{{ 1 1.5 1e3 0x1f 1_0 }}",
       "[{{][integer 1][float 1.5][float 1e3][integer 0x1f][integer 10][}}][end]"},
      {"integers after a dot stay integers", "{{ x.1.2 }}",
       "[{{][name x][.][integer 1][.][integer 2][}}][end]"},
      {"longest symbol first", "{{ a**b//c>=d }}",
       "[{{][name a][**][name b][//][name c][>=][name d][}}][end]"},
      {"strings", R"({{ 'a\'b' "c\n" }})", "[{{][string a'b][string c\n][}}][end]"},
      {"closing braces inside brackets", "{{ {'a': {}} }}",
       "[{{][{][string a][:][{][}][}][}}][end]"},
      {"minus before the end mark", "{{ 1 --}}x", "[{{][integer 1][-][}}][text x][end]"},
      {"names of all scripts", "{{ 部屋_1 }}", "[{{][name 部屋_1][}}][end]"},
      {"line ends", "a\r\nb\rc", "[text a\nb\nc][end]"},
  };
  for (const LexerCase& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(tokens_of(one.source), one.tokens);
  }
}

TEST(JinjaLexer, ReadsAnExpressionWithoutMarks) {
  EXPECT_EQ(serialize(tokenize("t", "a | b('}}')", LexFrom::expression)),
            "[name a][|][name b][(][string }}][)][end]");
}

TEST(JinjaLexer, NamesWhatIsNotClosed) {
  EXPECT_EQ(error_of("{{ x"), "the tag is not closed ('}}' is missing)");
  EXPECT_EQ(error_of("{% x }}"), "unexpected '}'");
  EXPECT_EQ(error_of("{# x"), "the comment is not closed ('#}' is missing)");
  EXPECT_EQ(error_of("{% raw %}x"), "the raw block is not closed ('{% endraw %}' is missing)");
  EXPECT_EQ(error_of("{{ \"x }}"), "the string is not closed");
  EXPECT_EQ(error_of("{{ (x }}"), "unexpected '}', '(' is still open");
  EXPECT_EQ(error_of("{{ '\\xg1' }}"), "an escape without its hexadecimal digits");
  EXPECT_EQ(error_of("{{ x ! }}"), "unexpected character '!'");
}

TEST(JinjaLexer, SurvivesEveryPrefixOfATemplate) {
  const std::string source =
      "a {%- raw -%} {{ {% endraw -%} {# c #} {{ f('x\\u00e9', [1.5e3, {'k': 部}]) -}} {% if x %}";
  for (std::size_t size = 0; size <= source.size(); ++size) {
    SCOPED_TRACE(size);
    // Either tokens or an error that has a place: nothing else, no hang, no read past the end.
    const std::string prefix = source.substr(0, size);
    try {
      EXPECT_EQ(tokenize("t", prefix).back().kind, TokenKind::end);
    } catch (const TemplateError& error) {
      EXPECT_EQ(error.location().line, 1);
      EXPECT_LE(static_cast<std::size_t>(error.location().column), size + 1);
    }
  }
}

}  // namespace
}  // namespace pipeline::jinja
