#include "stages/transform/compile/generic_test.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/compile/md5.h"
#include "stages/transform/compile/template_values.h"

namespace pipeline::dbt {
namespace {

using jinja::Arguments;
using jinja::Value;

// From here on dbt cuts names: MySQL takes 64 characters.
constexpr std::size_t name_chars_max = 64;

[[noreturn]] void refuse(const GenericTest& test, const std::string& what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", test.place.text(), what));
}

/// All that is not a letter, digit or _ becomes one _, as in dbt's names.
std::string clean(std::string_view text) {
  std::string result;
  bool gap = false;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (plain) {
      result += c;
    } else if (!gap) {
      result += '_';
    }
    gap = !plain;
  }
  return result;
}

std::vector<std::string> parts_of(const Json& argument) {
  std::vector<std::string> parts;
  if (argument.is_object()) {
    for (const auto& [key, value] : argument.as_object()) {
      parts.push_back(Value::from_json(value).str());
    }
  } else if (argument.is_array()) {
    for (const auto& value : argument.as_array()) parts.push_back(Value::from_json(value).str());
  } else {
    parts.push_back(Value::from_json(argument).str());
  }
  return parts;
}

/// The arguments by name, the column among them.
std::map<std::string, Json> arguments_of(const GenericTest& test) {
  std::map<std::string, Json> arguments;
  for (const auto& [name, value] : test.arguments.as_object()) arguments[name] = value;
  if (!test.column.empty()) arguments["column_name"] = test.column;
  return arguments;
}

/// dbt hashes what Python prints for the test's metadata, each scalar turned into a text.
Value as_texts(const Json& value) {
  if (value.is_array()) {
    jinja::List list;
    for (const auto& item : value.as_array()) list.push_back(as_texts(item));
    return Value::list(std::move(list));
  }
  if (value.is_object()) {
    std::map<std::string, Value> sorted;
    for (const auto& [key, entry] : value.as_object()) sorted[key] = as_texts(entry);
    jinja::Dict dict;
    for (auto& [key, entry] : sorted) dict.set(key, std::move(entry));
    return Value::dict(std::move(dict));
  }
  return Value::from_json(value).str();
}

std::string metadata_text(const GenericTest& test, const TestTarget& target) {
  return Value::dict({{"kwargs", as_texts(test_arguments(test, target))},
                      {"name", test.macro},
                      {"namespace", test.package.empty() ? "None" : test.package}})
      .repr();
}

/// `to: ref('x')` stands in YAML without braces; dbt adds them to these five calls.
bool looks_like_call(std::string_view text) {
  text = trim(text);
  if (!text.ends_with(')')) return false;
  constexpr std::array<std::string_view, 5> functions = {"env_var", "ref", "var", "source", "doc"};
  return std::ranges::any_of(functions, [&](std::string_view function) {
    return text.starts_with(function) && trim(text.substr(function.size())).starts_with('(');
  });
}

Value rendered(const InvocationFacts& facts, const jinja::ContextPtr& context,
               const GenericTest& test, const Json& value) {
  if (value.is_array()) {
    jinja::List list;
    for (const auto& item : value.as_array()) {
      list.push_back(rendered(facts, context, test, item));
    }
    return Value::list(std::move(list));
  }
  if (value.is_object()) {
    jinja::Dict dict;
    for (const auto& [key, entry] : value.as_object()) {
      dict.set(key, rendered(facts, context, test, entry));
    }
    return Value::dict(std::move(dict));
  }
  if (!value.is_string()) return Value::from_json(value);
  const std::string& text = value.as_string();
  const std::string source = looks_like_call(text) ? fmt::format("{{{{ {} }}}}", text) : text;
  const auto& environment = *facts.environment;
  try {
    return environment.render_native(environment.parse("(arguments)", source), context);
  } catch (const jinja::TemplateError& error) {
    if (error.kind() != ErrorKind::config_invalid) throw;
    refuse(test, error.what_line());
  }
}

Value macro_of(const InvocationFacts& facts, NodeScope& scope, const jinja::ContextPtr& context,
               const GenericTest& test) {
  const bool known_package =
      test.package.empty() || test.package == "dbt" || test.package == facts.project->name;
  if (!known_package) {
    refuse(test,
           fmt::format("not supported yet: packages (test \"{}.{}\")", test.package, test.macro));
  }
  const std::string name = "test_" + test.macro;
  for (const auto owner : {MacroLibrary::Owner::project, MacroLibrary::Owner::builtin}) {
    if (auto macro = facts.macros->find(owner, name, context)) {
      scope.meet_macro(facts.macros->unique_id(owner, name));
      return *macro;
    }
  }
  std::vector<std::string_view> known;
  for (const auto owner : {MacroLibrary::Owner::project, MacroLibrary::Owner::builtin}) {
    for (const auto macro : facts.macros->names(owner)) {
      if (macro.starts_with("test_")) known.push_back(macro.substr(5));
    }
  }
  const auto meant = nearest(test.macro, known);
  refuse(test, fmt::format("there is no test \"{}\"{}", test.macro,
                           meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
}

}  // namespace

Json test_arguments(const GenericTest& test, const TestTarget& target) {
  Json arguments = Json::object();
  for (const auto& [name, value] : arguments_of(test)) arguments.set(name, value);
  const std::string model = target.source.empty()
                                ? fmt::format("ref('{}')", target.name)
                                : fmt::format("source('{}', '{}')", target.source, target.name);
  arguments.set("model", fmt::format("{{{{ get_where_subquery({}) }}}}", model));
  return arguments;
}

TestNames names_of_test(const GenericTest& test, const TestTarget& target) {
  std::string identifier = target.source.empty() ? fmt::format("{}_{}", test.macro, target.name)
                                                 : fmt::format("source_{}_{}_{}", test.macro,
                                                               target.source, target.name);
  if (!test.package.empty()) identifier = fmt::format("{}_{}", test.package, identifier);
  std::vector<std::string> pieces;
  for (const auto& [key, value] : arguments_of(test)) {
    for (const auto& part : parts_of(value)) pieces.push_back(clean(part));
  }
  TestNames names;
  names.full = test.name.empty() ? fmt::format("{}_{}", identifier, join(pieces, "__")) : test.name;
  names.alias = names.full;
  if (test.name.empty() && names.full.size() >= name_chars_max) {
    names.alias = fmt::format("{}_{}", identifier.substr(0, 30), md5_hex(names.full));
  }
  names.suffix = md5_hex(names.full + metadata_text(test, target)).substr(22);
  return names;
}

std::string render_generic_test(const InvocationFacts& facts, NodeScope& scope,
                                const jinja::ContextPtr& context, const GenericTest& test,
                                const TestTarget& target) {
  const Relation relation = target.source.empty()
                                ? scope.ref("", target.name, test.place)
                                : scope.source(target.source, target.name, test.place);
  const auto& environment = *facts.environment;
  Arguments of_subquery;
  of_subquery.positional.emplace_back(std::make_shared<RelationValue>(relation));
  const Value subquery = context->resolve("get_where_subquery").value_or(Value());
  Arguments arguments;
  arguments.keyword.emplace_back("model", environment.call(subquery, of_subquery, context));
  for (const auto& [name, value] : arguments_of(test)) {
    arguments.keyword.emplace_back(name, rendered(facts, context, test, value));
  }
  const Value macro = macro_of(facts, scope, context, test);
  try {
    return std::string(trim(environment.call(macro, arguments, context).str()));
  } catch (const Error& error) {
    throw Error(error.kind(),
                fmt::format("{}: test {}: {}", test.place.text(), test.macro, error.message()));
  }
}

}  // namespace pipeline::dbt
