// Marks must be invisible in every template and right about every line.
#include "stages/transform/compile/line_marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "stages/transform/jinja/environment.h"

namespace pipeline::dbt {
namespace {

const char* const templates[] = {
    "select 1\nfrom t\n",
    "a\n{{- 'b' }}\n  {{ 'c' -}}   \n d",
    "{% if true -%}\n  x\n{%- endif %}\n\ny",
    "{% for i in range(3) %}{{ i }}\n{% endfor %}z",
    "{% set x %} a\n b{% endset %}{{ x | length }}\n{{ x }}",
    "{% set x = {'a': '%}'} %}{{ x['a'] }}\nb",
    "{% macro m() %}\n one\n two{% endmacro %}{% if m() == '\n one\n two' %}same{% endif %}",
    "{# c\n#}x{% raw %}{{\n}}{% endraw %}\ny",
    "{% filter upper %}a\nb{% endfilter %}\nc",
    "{% call(x) n(1) %}{% endcall %}",
    "   \n\t{{- '' -}}\n  end  ",
};

TEST(LineMarks, NeverChangeWhatIsRendered) {
  const jinja::Environment environment;
  for (const char* text : templates) {
    SCOPED_TRACE(text);
    const auto context = std::make_shared<jinja::Context>();
    context->variables["n"] = jinja::Value::function(
        "n", [](jinja::CallContext&, const jinja::Arguments&) { return jinja::Value("n"); });
    const MarkedText marked = take_line_marks(environment.render(with_line_marks(text), context));
    EXPECT_EQ(marked.text, environment.render(text, context));
    EXPECT_EQ(
        marked.lines.size(),
        static_cast<std::size_t>(1 + std::count(marked.text.begin(), marked.text.end(), '\n')));
  }
}

TEST(LineMarks, TellTheLineOfLoopsAndOfTextBehindThem) {
  const jinja::Environment environment;
  const auto context = std::make_shared<jinja::Context>();
  const MarkedText marked = take_line_marks(environment.render(
      with_line_marks("select\n{%- for i in range(2) %}\n  {{ i }},\n{%- endfor %}\n\nfrom t"),
      context));
  EXPECT_EQ(marked.text, "select\n  0,\n  1,\n\nfrom t");
  EXPECT_EQ(marked.lines, (std::vector<int>{1, 3, 3, 3, 6}));
}

TEST(LineMarks, LeaveATemplateAloneThatHoldsTheirBytes) {
  EXPECT_EQ(with_line_marks("a\x01"), "a\x01");
}

}  // namespace
}  // namespace pipeline::dbt
