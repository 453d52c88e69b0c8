// Templates that ask for too much are stopped by name.
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "stages/transform/jinja/ast.h"
#include "stages/transform/jinja/environment.h"

namespace pipeline::jinja {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string result;
  for (int at = 0; at < times; ++at) result += text;
  return result;
}

// The first line of the error, with the kind that it must have.
std::string error_of(const std::string& source, ErrorKind kind = ErrorKind::config_invalid) {
  const Environment environment;
  try {
    environment.render(source, nullptr, "t");
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what_line();
  }
  return "no error";
}

TEST(JinjaBounds, AllowTwoHundredOpenCallsAndNoMore) {
  const Environment environment;
  const std::string macro =
      "{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{% else %}end{% endif %}{% endmacro %}";
  EXPECT_EQ(environment.render(macro + "{{ f(200) }}", nullptr), "end");
  EXPECT_EQ(error_of(macro + "{{ f(201) }}"), "calls nest deeper than 200 (endless recursion?)");
  // What failed leaves nothing behind: the next rendering has all its calls again.
  EXPECT_EQ(environment.render(macro + "{{ f(200) }}", nullptr), "end");
}

TEST(JinjaBounds, StopRecursionThroughNatives) {
  Environment environment;
  environment.add_global(
      "again", Value::function("again", [](CallContext& context, const Arguments&) -> Value {
        return context.environment().render("{{ again() }}", context.context());
      }));
  try {
    environment.render("{{ again() }}", nullptr);
    FAIL() << "no error";
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.what_line(), "templates and calls nest too deep for the stack");
  }
}

TEST(JinjaBounds, StopRecursiveLoops) {
  EXPECT_EQ(
      error_of("{% set l = [1] %}"
               "{% set ns = namespace(n=0) %}"
               "{% for x in l recursive %}{% set ns.n = ns.n + 1 %}"
               "{% if ns.n > 100000 %}{% do l.clear() %}{% endif %}{{ loop(l) }}{% endfor %}"),
      "templates and calls nest too deep for the stack");
}

TEST(JinjaBounds, RefuseTemplatesThatNestTooDeep) {
  const std::string deep = "the template nests deeper than 200 levels";
  EXPECT_EQ(error_of("{{ " + repeat("(", 100'000) + "1" + repeat(")", 100'000) + " }}"), deep);
  EXPECT_EQ(error_of("{{ " + repeat("[", 300) + "1" + repeat("]", 300) + " }}"), deep);
  EXPECT_EQ(error_of("{{ " + repeat("not ", 100'000) + "1 }}"), deep);
  EXPECT_EQ(error_of("{{ " + repeat("-", 100'000) + "1 }}"), deep);
  EXPECT_EQ(error_of(repeat("{% if x %}", 100'000)), deep);
}

TEST(JinjaBounds, RefuseExpressionsThatAreTooLong) {
  const std::string long_chain = "an expression with more than 1000 operators in a row";
  EXPECT_EQ(error_of("{{ 1" + repeat(" + 1", 100'000) + " }}"), long_chain);
  EXPECT_EQ(error_of("{{ x" + repeat(".x", 100'000) + " }}"), long_chain);
  EXPECT_EQ(error_of("{{ x" + repeat(" | upper", 100'000) + " }}"), long_chain);
  const Environment environment;
  EXPECT_EQ(environment.render("{{ 1" + repeat(" + 1", height_max - 1) + " }}", nullptr),
            std::to_string(height_max));
  // Concatenation is one node however long it is.
  EXPECT_EQ(environment.render("{{ 1" + repeat(" ~ 1", 5000) + " }}", nullptr), repeat("1", 5001));
}

TEST(JinjaBounds, StopLoopsThatWouldNeverEnd) {
  Environment environment;
  environment.limit_steps(1000);
  const std::string loops =
      "{% for i in range(N) %}{% for j in range(N) %}{% endfor %}{% endfor %}";
  try {
    environment.render(replace_all(loops, "N", "1000"), nullptr);
    FAIL() << "no error";
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.what_line(), "the template runs more than 1000 steps (endless loop?)");
  }
  // What was stopped leaves nothing behind: the next rendering has all its steps again.
  EXPECT_EQ(environment.render(replace_all(loops, "N", "20"), nullptr), "");
}

TEST(JinjaBounds, RefuseHugeOutput) {
  EXPECT_EQ(error_of("{% set x = 'a' * 1000000 %}"
                     "{% for i in range(100) %}{{ x }}{% endfor %}",
                     ErrorKind::resource_exhausted),
            "the text grows over 64 MiB");
}

TEST(JinjaBounds, RefuseHugeValues) {
  const std::string huge = "a value grows over 64 MiB";
  const ErrorKind kind = ErrorKind::resource_exhausted;
  EXPECT_EQ(error_of("{{ 'a' * 99999999999 }}", kind), huge);
  EXPECT_EQ(error_of("{{ [1] * 99999999999 }}", kind), huge);
  EXPECT_EQ(error_of("{% set ns = namespace(x='aaaaaaaa') %}"
                     "{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                     kind),
            huge);
  EXPECT_EQ(error_of("{{ 'a' | center(99999999999) }}", kind), huge);
  EXPECT_EQ(error_of("{{ range(100001) }}"), "range() gives more than 100000 items");
  EXPECT_EQ(error_of("{{ '%99999999s' % 1 }}"), "a width above 10000 in a format");
}

}  // namespace
}  // namespace pipeline::jinja
