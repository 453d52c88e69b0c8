// The engine's face as its hosts use it.
#include "stages/transform/jinja/environment.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pipeline::jinja {
namespace {

ContextPtr with(std::map<std::string, Value, std::less<>> variables, Resolver resolve = {}) {
  auto context = std::make_shared<Context>();
  context->variables = std::move(variables);
  context->resolve = std::move(resolve);
  return context;
}

// A host's object as dbt's Relation is one: attributes, methods, its own text.
class Relation final : public Object {
 public:
  explicit Relation(std::string name) : name_(std::move(name)) {}
  std::string type_name() const override { return "Relation"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "identifier") return name_;
    return std::nullopt;
  }
  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "incorporate") {
      const Bound bound("incorporate", arguments, {"identifier"});
      return Value(std::make_shared<Relation>(bound.string("identifier")));
    }
    return Object::call_method(context, name, arguments);
  }
  std::string str() const override { return "`" + name_ + "`"; }
  std::string repr() const override { return "<Relation " + str() + ">"; }
  bool equals(const Object& other) const override {
    const auto* relation = dynamic_cast<const Relation*>(&other);
    return relation != nullptr && relation->name_ == name_;
  }
  std::size_t hash() const override { return std::hash<std::string>{}(name_); }

 private:
  std::string name_;
};

Value relation(std::string name) {
  return Value(std::make_shared<Relation>(std::move(name)));
}

std::string error_of(const Environment& environment, std::string_view source,
                     const ContextPtr& context) {
  try {
    environment.render(source, context, "t");
  } catch (const TemplateError& error) {
    return error.what_line();
  }
  return "no error";
}

TEST(JinjaEnvironment, CallsObjectsOfTheHost) {
  const Environment environment;
  const ContextPtr context = with({{"r", relation("orders")}});
  EXPECT_EQ(environment.render("{{ r }} {{ r.identifier }} {{ [r] }}", context),
            "`orders` orders [<Relation `orders`>]");
  EXPECT_EQ(
      environment.render("{{ r.incorporate(identifier='x') ~ '.' ~ r['identifier'] }}", context),
      "`x`.orders");
  EXPECT_EQ(environment.render("{{ r == r.incorporate('orders') }} {{ {r: 1}[r] }}", context),
            "True 1");
  EXPECT_EQ(environment.render("{{ r.nothing is defined }} {{ r is mapping }}", context),
            "False False");
  EXPECT_EQ(error_of(environment, "{{ r.drop() }}", context), "'Relation' has no method 'drop'");
  EXPECT_EQ(error_of(environment, "{{ r.nothing.x }}", context),
            "'Relation object' has no attribute 'nothing'");
  EXPECT_EQ(error_of(environment, "{{ r() }}", context),
            "'r' is not callable: it is of type Relation");
}

TEST(JinjaEnvironment, AsksForNamesInOrder) {
  Environment environment;
  environment.add_global("everywhere", "global");
  environment.add_global("asked", "global");
  const ContextPtr context = with({{"known", "variable"}}, [](std::string_view name) {
    return name == "asked" || name == "known" ? std::optional<Value>("resolved") : std::nullopt;
  });
  EXPECT_EQ(environment.render("{{ known }} {{ asked }} {{ everywhere }} [{{ nowhere }}]", context),
            "variable resolved global []");
  EXPECT_EQ(environment.render("{% set asked = 1 %}{{ asked }}", context), "1");
}

TEST(JinjaEnvironment, GivesNativeValuesForSingleExpressions) {
  const Environment environment;
  const auto native = [&](std::string source) {
    return environment.render_native(environment.parse("t", std::move(source)), with({{"n", 5}}))
        .repr();
  };
  EXPECT_EQ(native("{{ n }}"), "5");
  EXPECT_EQ(native("{{ [n, true] }}\n"), "[5, True]");
  EXPECT_EQ(native("{{ n }} "), "'5 '");
  EXPECT_EQ(native("plain"), "'plain'");
  EXPECT_EQ(native(""), "''");
}

TEST(JinjaEnvironment, EvaluatesExpressions) {
  const Environment environment;
  EXPECT_EQ(environment.evaluate("n * 2 if n > 1 else none", with({{"n", 5}})), Value(10));
  EXPECT_EQ(environment.evaluate("1, 2", nullptr).repr(), "(1, 2)");
  EXPECT_THROW(environment.evaluate("1 }}", nullptr), TemplateError);
  EXPECT_THROW(environment.evaluate("", nullptr), TemplateError);
}

TEST(JinjaEnvironment, CollectsMacrosWithTheirPlaces) {
  Environment environment;
  environment.add_macro_tag({"test", "endtest", "test_"});
  const Template file = environment.parse(
      "macros/a.sql",
      "-- text\n{% macro one(a, b=1) %}{% macro hidden() %}{% endmacro %}{{ a }}{% endmacro %}\n"
      "{%- test positive(model) -%} t {%- endtest -%}\n");
  ASSERT_EQ(file.macros().size(), 2u);
  const MacroInfo& one = file.macros()[0];
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.tag, "macro");
  EXPECT_EQ(one.line, 2);
  EXPECT_EQ(one.parameters, (std::vector<std::string>{"a", "b"}));
  const MacroInfo& two = file.macros()[1];
  EXPECT_EQ(two.name, "test_positive");
  EXPECT_EQ(file.source().substr(two.begin_byte, two.end_byte - two.begin_byte),
            "{%- test positive(model) -%} t {%- endtest -%}");
}

TEST(JinjaEnvironment, CallsMacrosOfAFileWithTheContextOfTheCaller) {
  const Environment environment;
  const Template file =
      environment.parse("macros/a.sql",
                        "{% macro outer(x) %}{{ helper(x) }}|{{ target }}{% endmacro %}"
                        "{% macro helper(x) %}<{{ x }}>{% endmacro %}");
  // A macro finds its neighbours through the resolver, as a dbt package finds its own macros.
  auto context = std::make_shared<Context>();
  std::weak_ptr<const Context> weak = context;
  context->variables.emplace("target", "prod");
  context->resolve = [&, weak](std::string_view name) -> std::optional<Value> {
    if (name != "helper") return std::nullopt;
    return environment.macro(file, name, weak.lock());
  };
  const Value outer = environment.macro(file, "outer", context);
  Arguments arguments;
  arguments.keyword = {{"x", 7}};
  EXPECT_EQ(environment.call(outer, arguments, context), Value("<7>|prod"));
  EXPECT_THROW(environment.macro(file, "absent", context), Error);
}

TEST(JinjaEnvironment, EndsAMacroAtReturnValueWhateverIsOpen) {
  Environment environment;
  environment.add_global(
      "give", Value::function("give", [](CallContext&, const Arguments& arguments) -> Value {
        throw ReturnValue{arguments.positional.at(0)};
      }));
  const Template file = environment.parse(
      "t",
      "{% macro find(l) %}text{% set y %}{% filter upper %}{% for x in l if x > 1 %}"
      "{% with %}{{ give({'found': x, 'loop': loop.index}) }}{% endwith %}"
      "{% endfor %}{% endfilter %}{% endset %}none{% endmacro %}");
  Arguments arguments;
  arguments.positional = {Value::list({1, 2, 3})};
  const ContextPtr context = with({});
  const Value find = environment.macro(file, "find", context);
  EXPECT_EQ(environment.call(find, arguments, context).repr(), "{'found': 2, 'loop': 1}");
  arguments.positional = {Value::list()};
  EXPECT_EQ(environment.call(find, arguments, context), Value("textnone"));
  // The renderer goes on undisturbed after the unwinding.
  EXPECT_EQ(environment.render("a{% set m = find([5]) %}{{ m.found }}b", with({{"find", find}})),
            "a5b");
}

TEST(JinjaEnvironment, LetsNativesCallBackAndAskWhereTheyAre) {
  Environment environment;
  environment.add_global(
      "statement",
      Value::function("statement", [](CallContext& context, const Arguments& arguments) -> Value {
        const Value* caller = arguments.find_keyword("caller");
        const Location location = context.location();
        return context.call(*caller, {}).str() + " at line " + std::to_string(location.line) +
               " in " + context.macro_stack().at(0) + " sees " +
               context.resolve("local").value_or("nothing").str();
      }));
  EXPECT_EQ(environment.render("{% macro m() %}{% set local = 'l' %}\n"
                               "{% call statement('x') %}select {{ local }}{% endcall %}"
                               "{% endmacro %}{{ m() }}",
                               with({})),
            "\nselect l at line 2 in m sees l");
}

TEST(JinjaEnvironment, KeepsTheKindAndContextOfErrorsFromNatives) {
  Environment environment;
  environment.add_global(
      "run_query", Value::function("run_query", [](CallContext&, const Arguments&) -> Value {
        throw Error(ErrorKind::sql_rejected, "Table 'x' doesn't exist").with("errno", "1146");
      }));
  try {
    environment.render("a\n{% macro m() %}{{ run_query() }}{% endmacro %}{{ m() }}", with({}),
                       "models/a.sql");
    FAIL() << "no error";
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::sql_rejected);
    EXPECT_EQ(error.context_value("errno"), "1146");
    EXPECT_EQ(error.what_line(), "Table 'x' doesn't exist");
    EXPECT_EQ(error.location().template_name, "models/a.sql");
    EXPECT_EQ(error.location().line, 2);
    EXPECT_NE(error.message().find("in 'm', called at models/a.sql:2:50"), std::string::npos)
        << error.message();
  }
}

TEST(JinjaEnvironment, ShowsTheWholeStackThroughNestedRenderings) {
  Environment environment;
  environment.add_global(
      "render",
      Value::function("render", [](CallContext& context, const Arguments& arguments) -> Value {
        return context.environment().render(arguments.positional.at(0).as_string(),
                                            context.context(), "inner");
      }));
  try {
    environment.render("{% macro m() %}{{ render('{{ nope.x }}') }}{% endmacro %}{{ m() }}",
                       with({}), "outer");
    FAIL() << "no error";
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.location().template_name, "inner");
    EXPECT_NE(error.message().find("in 'm', called at outer:1:"), std::string::npos);
  }
}

TEST(JinjaEnvironment, HostsCanReplaceFiltersAndTests) {
  Environment environment;
  environment.add_filter("upper", [](CallContext&, const Arguments& arguments) -> Value {
    return "mine " + arguments.positional.at(0).str();
  });
  environment.add_test("shiny", [](CallContext&, const Arguments& arguments) -> Value {
    return arguments.positional.at(0) == Value("gold");
  });
  EXPECT_EQ(
      environment.render("{{ 'a' | upper }} {{ 'gold' is shiny }} {{ 1 is not shiny }}", with({})),
      "mine a True True");
}

TEST(JinjaEnvironment, RendersOneTemplateOnManyThreads) {
  const Environment environment;
  const Template shared = environment.parse(
      "t", "{% macro f(x) %}<{{ x }}>{% endmacro %}{% for i in range(n) %}{{ f(i) }}{% endfor %}");
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::size_t at = 0; at < texts.size(); ++at) {
    threads.emplace_back([&, at] {
      for (int round = 0; round < 50; ++round) {
        texts[at] = environment.render(shared, with({{"n", at + 1}}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(texts[3], "<0><1><2><3>");
  EXPECT_EQ(texts[0], "<0>");
}

}  // namespace
}  // namespace pipeline::jinja
