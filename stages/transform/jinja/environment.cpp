#include "stages/transform/jinja/environment.h"

#include <span>

#include <fmt/format.h>

#include "stages/transform/jinja/ast.h"
#include "stages/transform/jinja/builtins.h"
#include "stages/transform/jinja/parser.h"
#include "stages/transform/jinja/renderer.h"

namespace pipeline::jinja {

namespace {

// A context is part of every rendering; a caller without names may pass null.
ContextPtr some_context(const ContextPtr& context) {
  return context != nullptr ? context : std::make_shared<const Context>();
}

Renderer renderer_of(const Environment& environment,
                     const std::shared_ptr<const TemplateData>& data, const ContextPtr& context) {
  return Renderer(environment, data, some_context(context), std::make_shared<Scope>());
}

template <typename Map>
std::vector<std::string_view> names_of(const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& entry : map) names.push_back(entry.first);
  return names;
}

template <typename Map>
auto find_in(const Map& map, std::string_view name) -> decltype(&map.begin()->second) {
  const auto entry = map.find(name);
  return entry == map.end() ? nullptr : &entry->second;
}

}  // namespace

TemplateError::TemplateError(ErrorKind kind, std::string what, Location location,
                             std::string message)
    : Error(kind, std::move(message)),
      what_line_(std::move(what)),
      location_(std::move(location)) {}

const std::string& Template::name() const {
  return data_->name;
}

const std::string& Template::source() const {
  return data_->source;
}

const std::vector<MacroInfo>& Template::macros() const {
  return data_->macros;
}

Environment::Environment() {
  macro_tags_.push_back({"macro", "endmacro", ""});
  for (const std::span<const Builtin> table : {builtin_list_filters(), builtin_text_filters()}) {
    for (const Builtin& filter : table) filters_.emplace(filter.name, filter.function);
  }
  for (const Builtin& test : builtin_tests()) tests_.emplace(test.name, test.function);
  for (const Builtin& global : builtin_globals()) {
    globals_.emplace(global.name, Value::function(std::string(global.name), global.function));
  }
}

Environment::~Environment() = default;

void Environment::add_global(std::string name, Value value) {
  globals_.insert_or_assign(std::move(name), std::move(value));
}

void Environment::add_filter(std::string name, NativeFunction filter) {
  filters_.insert_or_assign(std::move(name), std::move(filter));
}

void Environment::add_test(std::string name, NativeFunction test) {
  tests_.insert_or_assign(std::move(name), std::move(test));
}

void Environment::add_macro_tag(MacroTag tag) {
  macro_tags_.push_back(std::move(tag));
}

Template Environment::parse(std::string name, std::string source) const {
  return Template(parse_template(std::move(name), std::move(source), macro_tags_));
}

std::string Environment::render(const Template& text, const ContextPtr& context) const {
  const Entry entry(*this);
  Renderer renderer = renderer_of(*this, text.data_ptr(), context);
  return renderer.render(text.data().body);
}

std::string Environment::render(std::string_view source, const ContextPtr& context,
                                std::string name) const {
  return render(parse(std::move(name), std::string(source)), context);
}

Value Environment::render_native(const Template& text, const ContextPtr& context) const {
  const Body& body = text.data().body;
  if (body.size() == 1) {
    if (const auto* output = std::get_if<OutputNode>(&body.front()->node)) {
      const Entry entry(*this);
      Renderer renderer = renderer_of(*this, text.data_ptr(), context);
      return renderer.evaluate(*output->expression);
    }
  }
  return render(text, context);
}

Value Environment::evaluate(std::string_view expression, const ContextPtr& context,
                            std::string name) const {
  return render_native(Template(parse_expression(std::move(name), std::string(expression))),
                       context);
}

Value Environment::macro(const Template& text, std::string_view macro_name,
                         const ContextPtr& context) const {
  for (const auto& definition : text.data().macro_definitions) {
    if (definition->name != macro_name) continue;
    return make_macro(*this, text.data_ptr(), definition, some_context(context), nullptr);
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("{} has no macro '{}'", text.name(), macro_name));
}

Value Environment::call(const Value& callable, const Arguments& arguments,
                        const ContextPtr& context) const {
  const Entry entry(*this);
  Renderer renderer = renderer_of(*this, std::make_shared<TemplateData>(), context);
  return renderer.call(callable, arguments);
}

const Value* Environment::find_global(std::string_view name) const {
  return find_in(globals_, name);
}

const NativeFunction* Environment::find_filter(std::string_view name) const {
  return find_in(filters_, name);
}

const NativeFunction* Environment::find_test(std::string_view name) const {
  return find_in(tests_, name);
}

std::vector<std::string_view> Environment::filter_names() const {
  return names_of(filters_);
}

std::vector<std::string_view> Environment::test_names() const {
  return names_of(tests_);
}

}  // namespace pipeline::jinja
