// Values follow Python's rules.
#include "stages/transform/jinja/value.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "stages/transform/jinja/operators.h"

namespace pipeline::jinja {
namespace {

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_TRUE(error.kind() == ErrorKind::config_invalid ||
                error.kind() == ErrorKind::resource_exhausted);
    return error.message();
  }
  return "no error";
}

TEST(JinjaValue, PrintsAsPythonDoes) {
  const std::pair<Value, const char*> cases[] = {
      {Value(), "None"},
      {true, "True"},
      {-5, "-5"},
      {1.0, "1.0"},
      {0.1, "0.1"},
      {1e16, "1e+16"},
      {1e-5, "1e-05"},
      {-0.0, "-0.0"},
      {std::numeric_limits<double>::infinity(), "inf"},
      {"text", "'text'"},
      {"it's", "\"it's\""},
      {"both ' and \"", "'both \\' and \"'"},
      {"a\n\t\\", "'a\\n\\t\\\\'"},
      {Value::list({1, "a", Value()}), "[1, 'a', None]"},
      {Value::tuple({1}), "(1,)"},
      {Value::tuple(), "()"},
      {Value::dict({{"k", 1}, {2, Value::list()}}), "{'k': 1, 2: []}"},
      {Value::undefined("'x' is undefined"), "Undefined"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(value.repr(), expected);
  EXPECT_EQ(Value("it's").str(), "it's");
  EXPECT_EQ(Value::undefined("'x' is undefined").str(), "");
}

TEST(JinjaValue, SharesListsAndDictsBetweenCopies) {
  const Value list = Value::list({1});
  const Value other = list;
  other.as_list().push_back(2);
  EXPECT_EQ(list.repr(), "[1, 2]");
  const Value dict = Value::dict();
  const Value same = dict;
  same.as_dict().set("k", list);
  list.as_list().push_back(3);
  EXPECT_EQ(dict.repr(), "{'k': [1, 2, 3]}");
}

TEST(JinjaValue, PrintsAListThatHoldsItself) {
  const Value list = Value::list({1});
  list.as_list().push_back(list);
  EXPECT_EQ(list.repr(), "[1, [...]]");
  const Value dict = Value::dict();
  dict.as_dict().set("me", dict);
  EXPECT_EQ(dict.repr(), "{'me': {...}}");
  // A cycle is not freed by itself.
  list.as_list().clear();
  dict.as_dict().clear();
}

TEST(JinjaValue, ComparesByContentAndAcrossNumbers) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(true), Value(1));
  EXPECT_FALSE(Value("1") == Value(1));
  EXPECT_EQ(Value::list({1, "a"}), Value::list({1.0, "a"}));
  EXPECT_FALSE(Value::list({1}) == Value::tuple({1}));
  EXPECT_EQ(Value::dict({{"a", 1}, {"b", 2}}), Value::dict({{"b", 2}, {"a", 1}}));
  EXPECT_EQ(Value(), Value());
  EXPECT_FALSE(Value() == Value(false));
  EXPECT_FALSE(Value(std::nan("")) == Value(std::nan("")));
}

TEST(JinjaValue, OrdersNumbersTextsAndSequencesOnly) {
  EXPECT_TRUE(less(1, 1.5));
  EXPECT_TRUE(less("a", "b"));
  EXPECT_TRUE(less(Value::list({1, 2}), Value::list({1, 3})));
  EXPECT_TRUE(less(Value::tuple({1}), Value::tuple({1, 0})));
  EXPECT_EQ(error_of([] { less("a", 1); }), "str and int cannot be ordered");
  EXPECT_EQ(error_of([] { less(Value(), Value()); }), "NoneType and NoneType cannot be ordered");
  EXPECT_EQ(error_of([] { less(Value::undefined("'x' is undefined"), 1); }), "'x' is undefined");
}

TEST(JinjaValue, CalculatesWithPythonsRules) {
  const auto calculate = [](const Value& left, BinaryOperator op, const Value& right) {
    return binary(op, left, right).repr();
  };
  EXPECT_EQ(calculate(7, BinaryOperator::divide, 2), "3.5");
  EXPECT_EQ(calculate(-7, BinaryOperator::floor_divide, 2), "-4");
  EXPECT_EQ(calculate(-7, BinaryOperator::modulo, 3), "2");
  EXPECT_EQ(calculate(7.5, BinaryOperator::floor_divide, 2), "3.0");
  EXPECT_EQ(calculate(2, BinaryOperator::power, 62), "4611686018427387904");
  EXPECT_EQ(calculate("ab", BinaryOperator::multiply, 2), "'abab'");
  EXPECT_EQ(calculate(true, BinaryOperator::add, true), "2");
}

TEST(JinjaValue, RefusesIntegersBeyond64Bits) {
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
  const std::string expected = "the integer does not fit into 64 bits";
  EXPECT_EQ(error_of([] { binary(BinaryOperator::add, largest, 1); }), expected);
  EXPECT_EQ(error_of([] { binary(BinaryOperator::subtract, smallest, 1); }), expected);
  EXPECT_EQ(error_of([] { binary(BinaryOperator::multiply, largest, 2); }), expected);
  EXPECT_EQ(error_of([] { binary(BinaryOperator::power, 2, 63); }), expected);
  EXPECT_EQ(error_of([] { binary(BinaryOperator::floor_divide, smallest, -1); }), expected);
  EXPECT_EQ(error_of([] { negate(smallest); }), expected);
  EXPECT_EQ(binary(BinaryOperator::modulo, smallest, -1), Value(0));
}

TEST(JinjaDict, KeepsTheOrderOfInsertionThroughChanges) {
  Dict dict;
  for (int at = 0; at < 30; ++at) dict.set("k" + std::to_string(at), at);
  dict.set("k3", "new");
  ASSERT_TRUE(dict.remove("k0").has_value());
  EXPECT_FALSE(dict.remove("k0").has_value());
  EXPECT_EQ(dict.size(), 29u);
  EXPECT_EQ(dict.entries()[2].second, Value("new"));
  EXPECT_EQ(dict.get("k29"), Value(29));
  EXPECT_EQ(dict.find("k0"), nullptr);
}

TEST(JinjaDict, TakesEqualNumbersForOneKey) {
  Dict dict;
  dict.set(1, "int");
  dict.set(1.0, "float");
  dict.set(true, "bool");
  EXPECT_EQ(dict.size(), 1u);
  EXPECT_EQ(dict.get(1), Value("bool"));
}

TEST(JinjaDict, RefusesKeysThatCanChange) {
  Dict dict;
  EXPECT_EQ(error_of([&] { dict.set(Value::list(), 1); }),
            "unhashable type: 'list' cannot be a key");
  EXPECT_EQ(error_of([&] { dict.find(Value::undefined("'x' is undefined")); }), "'x' is undefined");
}

TEST(JinjaValue, FreesALongChainOfListsWithoutRecursion) {
  Value chain = Value::list();
  for (int at = 0; at < 100'000; ++at) chain = Value::list({chain});
  Value dicts = Value::dict();
  for (int at = 0; at < 100'000; ++at) dicts = Value::dict({{"next", dicts}});
  chain = Value();
  dicts = Value();
  SUCCEED();
}

TEST(JinjaValue, GivesUpOnValuesThatNestTooDeep) {
  const auto deep = [] {
    Value chain = Value::list();
    for (int at = 0; at < 10'000; ++at) chain = Value::list({chain});
    return chain;
  };
  const std::string expected = "a value nests deeper than 200 levels";
  const Value one = deep();
  const Value two = deep();
  EXPECT_EQ(error_of([&] { one.repr(); }), expected);
  EXPECT_EQ(error_of([&] { static_cast<void>(one == two); }), expected);
  EXPECT_EQ(error_of([&] { less(one, two); }), expected);
  EXPECT_EQ(error_of([&] { one.to_json(); }), expected);
}

TEST(JinjaValue, GoesToJsonAndBack) {
  const std::string text = R"({"a":[1,2.5,null,true,"x"],"b":{}})";
  EXPECT_EQ(Value::from_json(Json::parse(text)).to_json().dump(), text);
}

TEST(JinjaBound, MatchesArgumentsToParameters) {
  Arguments arguments;
  arguments.positional = {"name"};
  arguments.keyword = {{"count", 3}};
  const Bound bound("f", arguments, {"name", "count", "flag"});
  EXPECT_EQ(bound.string("name"), "name");
  EXPECT_EQ(bound.integer("count"), 3);
  EXPECT_FALSE(bound.has("flag"));
  EXPECT_TRUE(bound.boolean_or("flag", true));
}

TEST(JinjaBound, NamesTheFunctionAndTheArgumentInErrors) {
  Arguments arguments;
  arguments.positional = {1, 2};
  EXPECT_EQ(error_of([&] { Bound("f", arguments, {"a"}); }),
            "f() takes at most 1 argument, 2 were given");
  arguments.positional = {1};
  arguments.keyword = {{"a", 2}};
  EXPECT_EQ(error_of([&] { Bound("f", arguments, {"a"}); }),
            "f() got multiple values for argument 'a'");
  EXPECT_EQ(error_of([&] { Bound("f", arguments, {"b"}); }),
            "f() got an unexpected keyword argument 'a'");
  const Bound bound("f", {}, {"a"});
  EXPECT_EQ(error_of([&] { bound.value("a"); }), "f() is missing the argument 'a'");
  arguments = {};
  arguments.positional = {1};
  EXPECT_EQ(error_of([&] { Bound("f", arguments, {"a"}).string("a"); }),
            "f() wants str as 'a', got int");
  arguments.positional = {Value::undefined("'x' is undefined")};
  EXPECT_EQ(error_of([&] { Bound("f", arguments, {"a"}).string("a"); }),
            "f() wants str as 'a', but 'x' is undefined");
}

}  // namespace
}  // namespace pipeline::jinja
