#include "stages/transform/jinja/renderer.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "common/base/text.h"
#include "stages/transform/jinja/methods.h"
#include "stages/transform/jinja/operators.h"

namespace pipeline::jinja {

namespace {

// An open macro call. The caller stands still while the macro runs, so its place is asked for only
// when an error wants it.
struct Frame {
  const std::string* macro;
  const CallContext* caller;
  const Frame* parent;
};

thread_local const Frame* open_frames = nullptr;
thread_local int open_calls = 0;
thread_local const char* stack_begin = nullptr;
thread_local std::int64_t steps_left = 0;

const char* stack_position() {
  return static_cast<const char*>(__builtin_frame_address(0));
}

class OpenCall {
 public:
  OpenCall(const std::string& macro, const CallContext& caller)
      : frame_{&macro, &caller, open_frames} {
    if (open_calls >= call_depth_max) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("calls nest deeper than {} (endless recursion?)", call_depth_max));
    }
    open_frames = &frame_;
    ++open_calls;
  }
  ~OpenCall() {
    open_frames = frame_.parent;
    --open_calls;
  }
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

 private:
  Frame frame_;
};

std::vector<StackEntry> stack_entries() {
  std::vector<StackEntry> entries;
  for (const Frame* frame = open_frames; frame != nullptr; frame = frame->parent) {
    entries.push_back({*frame->macro, frame->caller->location()});
  }
  return entries;
}

class MacroObject final : public Object {
 public:
  MacroObject(const Environment& environment, std::shared_ptr<const TemplateData> data,
              std::shared_ptr<const MacroDefinition> definition, ContextPtr context,
              const std::shared_ptr<Scope>& scope)
      : environment_(environment),
        data_(std::move(data)),
        definition_(std::move(definition)),
        context_(std::move(context)),
        scope_(scope) {}

  std::string type_name() const override { return "macro"; }
  std::string str() const override { return "<macro " + definition_->name + ">"; }
  bool is_callable() const override { return true; }

  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "name") return definition_->name;
    if (name == "arguments") {
      List names;
      for (const std::string& parameter : definition_->parameters) names.emplace_back(parameter);
      return Value::tuple(std::move(names));
    }
    if (name == "catch_kwargs") return definition_->uses_kwargs;
    if (name == "catch_varargs") return definition_->uses_varargs;
    if (name == "caller") return definition_->uses_caller;
    return std::nullopt;
  }

  Value call(CallContext& caller, const Arguments& arguments) override {
    const OpenCall open(definition_->name, caller);
    auto scope = std::make_shared<Scope>();
    scope->parent = scope_.lock();
    Renderer renderer(environment_, data_, context_, std::move(scope));
    // A call block is no macro of its own: a value returned from it ends the macro that called
    // caller(), so it passes through here.
    if (definition_->tag == "call") return run(renderer, arguments);
    try {
      return run(renderer, arguments);
    } catch (ReturnValue& returned) {
      return std::move(returned.value);
    }
  }

 private:
  Value run(Renderer& renderer, const Arguments& arguments) const {
    renderer.bind(*definition_, arguments);
    return renderer.render(definition_->body);
  }

  const Environment& environment_;
  std::shared_ptr<const TemplateData> data_;
  std::shared_ptr<const MacroDefinition> definition_;
  ContextPtr context_;
  // Weak, since the scope holds the macro: a macro sees the names around it while they live.
  std::weak_ptr<Scope> scope_;
};

}  // namespace

Value make_macro(const Environment& environment, std::shared_ptr<const TemplateData> data,
                 std::shared_ptr<const MacroDefinition> definition, ContextPtr context,
                 const std::shared_ptr<Scope>& scope) {
  return Value(std::make_shared<MacroObject>(environment, std::move(data), std::move(definition),
                                             std::move(context), scope));
}

Entry::Entry(const Environment& environment) : outermost_(stack_begin == nullptr) {
  if (!outermost_) return;
  stack_begin = stack_position();
  steps_left = environment.steps_limit();
}

Entry::~Entry() {
  if (outermost_) stack_begin = nullptr;
}

// Sends what the renderer writes into another text for its lifetime.
class Renderer::Redirect {
 public:
  Redirect(Renderer& renderer, std::string& text)
      : renderer_(renderer), outer_(std::exchange(renderer.output_, &text)) {}
  ~Redirect() { renderer_.output_ = outer_; }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

 private:
  Renderer& renderer_;
  std::string* outer_;
};

// What `loop` is inside a loop.
class LoopObject final : public Object {
 public:
  LoopObject(Renderer& renderer, const Statement& statement, const ForNode& node, List items,
             int depth)
      : renderer_(&renderer),
        statement_(statement),
        node_(node),
        items_(std::move(items)),
        depth_(depth) {}

  std::size_t size() const { return items_.size(); }
  const Value& enter(std::size_t at) { return items_[at_ = at]; }
  /// After the loop nobody can go deeper into it.
  void end() { renderer_ = nullptr; }

  std::string type_name() const override { return "loop"; }
  std::string str() const override {
    return fmt::format("<LoopContext {}/{}>", at_ + 1, items_.size());
  }
  bool is_callable() const override { return renderer_ != nullptr && node_.recursive; }

  std::optional<Value> get_attr(std::string_view name) const override {
    const auto index = static_cast<std::int64_t>(at_);
    const auto count = static_cast<std::int64_t>(items_.size());
    if (name == "index") return index + 1;
    if (name == "index0") return index;
    if (name == "revindex") return count - index;
    if (name == "revindex0") return count - index - 1;
    if (name == "first") return index == 0;
    if (name == "last") return index + 1 == count;
    if (name == "length") return count;
    if (name == "depth") return depth_ + 1;
    if (name == "depth0") return depth_;
    if (name == "previtem" && at_ > 0) return items_[at_ - 1];
    if (name == "nextitem" && at_ + 1 < items_.size()) return items_[at_ + 1];
    if (name == "previtem") return Value::undefined("there is no previous item");
    if (name == "nextitem") return Value::undefined("there is no next item");
    return std::nullopt;
  }

  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "cycle") return cycle(arguments);
    if (name == "changed") return changed(arguments);
    return Object::call_method(context, name, arguments);
  }

  Value call(CallContext& context, const Arguments& arguments) override {
    if (!is_callable()) return Object::call(context, arguments);
    const Bound bound("loop", arguments, {"iterable"});
    std::string text;
    const Renderer::Redirect redirect(*renderer_, text);
    renderer_->run_loop(statement_, node_, bound.value("iterable"), depth_ + 1);
    return text;
  }

 private:
  Value cycle(const Arguments& arguments) const {
    if (arguments.positional.empty()) {
      throw Error(ErrorKind::config_invalid, "loop.cycle() needs at least one item");
    }
    return arguments.positional[at_ % arguments.positional.size()];
  }

  Value changed(const Arguments& arguments) {
    const Value now = Value::tuple(arguments.positional);
    const bool differs = !last_ || !(*last_ == now);
    last_ = now;
    return differs;
  }

  Renderer* renderer_;
  const Statement& statement_;
  const ForNode& node_;
  List items_;
  std::size_t at_ = 0;
  int depth_;
  std::optional<Value> last_;
};

void Scope::set(std::string_view name, Value value) {
  for (auto& entry : names) {
    if (entry.first == name) {
      entry.second = std::move(value);
      return;
    }
  }
  names.emplace_back(name, std::move(value));
}

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    for (const auto& entry : scope->names) {
      if (entry.first == name) return &entry.second;
    }
  }
  return nullptr;
}

// Opens a scope below the renderer's for its lifetime.
class Renderer::ScopeChange {
 public:
  explicit ScopeChange(Renderer& renderer) : renderer_(renderer), outer_(renderer.scope_) {
    renderer_.scope_ = std::make_shared<Scope>();
    renderer_.scope_->parent = outer_;
  }
  ~ScopeChange() { renderer_.scope_ = std::move(outer_); }
  ScopeChange(const ScopeChange&) = delete;
  ScopeChange& operator=(const ScopeChange&) = delete;

  /// Forgets all names of the scope.
  void fresh() { renderer_.scope_->names.clear(); }

 private:
  Renderer& renderer_;
  std::shared_ptr<Scope> outer_;
};

Renderer::Renderer(const Environment& environment, std::shared_ptr<const TemplateData> data,
                   ContextPtr context, std::shared_ptr<Scope> scope)
    : environment_(environment),
      data_(std::move(data)),
      context_(std::move(context)),
      scope_(std::move(scope)) {}

// --- errors and bounds

TemplateError Renderer::placed(const Error& error, Span span) const {
  TemplateError result =
      make_error(error.kind(), error.message(), data_->name, data_->source, span, stack_entries());
  for (const auto& [key, value] : error.context()) {
    // NOLINTNEXTLINE(bugprone-use-after-move): with() gives back the error that it was called on
    if (result.context_value(key) != value) std::move(result).with(key, value);
  }
  for (const std::string& cause : error.causes()) {
    // NOLINTNEXTLINE(bugprone-use-after-move): so does caused_by()
    std::move(result).caused_by(std::runtime_error(cause));
  }
  return result;
}

void Renderer::fail(Span span, std::string_view what) const {
  throw make_error(ErrorKind::config_invalid, what, data_->name, data_->source, span,
                   stack_entries());
}

template <typename Action>
auto Renderer::at(Span span, Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const TemplateError&) {
    throw;
  } catch (const Error& error) {
    throw placed(error, span);
  } catch (const ReturnValue&) {
    if (open_frames == nullptr) fail(span, "a value is returned outside a macro");
    throw;
  }
}

void Renderer::take_step(Span span) const {
  if (--steps_left < 0) {
    fail(span, fmt::format("the template runs more than {} steps (endless loop?)",
                           environment_.steps_limit()));
  }
  const char* here = stack_position();
  const auto used = here < stack_begin ? stack_begin - here : here - stack_begin;
  if (static_cast<std::size_t>(used) > stack_bytes_max) {
    fail(span, "templates and calls nest too deep for the stack");
  }
}

void Renderer::write(std::string_view text, Span span) {
  if (output_->size() + text.size() > output_bytes_max) {
    throw placed(Error(ErrorKind::resource_exhausted,
                       fmt::format("the text grows over {} MiB", output_bytes_max >> 20U)),
                 span);
  }
  *output_ += text;
}

// --- the face that natives see

Location Renderer::location() const {
  if (data_->name.empty()) return {};
  return locate(data_->name, data_->source, span_);
}

std::vector<std::string> Renderer::macro_stack() const {
  std::vector<std::string> names;
  for (const Frame* frame = open_frames; frame != nullptr; frame = frame->parent) {
    names.push_back(*frame->macro);
  }
  return names;
}

Value Renderer::call(const Value& callable, const Arguments& arguments) {
  return call_named(callable, {}, arguments);
}

std::optional<Value> Renderer::resolve(std::string_view name) {
  if (const Value* found = scope_->find(name)) return *found;
  const auto variable = context_->variables.find(name);
  if (variable != context_->variables.end()) return variable->second;
  if (context_->resolve) {
    if (auto found = context_->resolve(name)) return found;
  }
  if (const Value* global = environment_.find_global(name)) return *global;
  return std::nullopt;
}

// --- statements

std::string Renderer::render(const Body& body) {
  std::string text;
  const Redirect redirect(*this, text);
  run(body);
  return text;
}

Renderer::Flow Renderer::run(const Body& body) {
  for (const StatementPtr& statement : body) {
    const Flow flow = run(*statement);
    if (flow != Flow::onward) return flow;
  }
  return Flow::onward;
}

Renderer::Flow Renderer::run(const Statement& statement) {
  take_step(statement.span);
  return std::visit([&](const auto& node) { return execute(statement, node); }, statement.node);
}

Renderer::Flow Renderer::execute(const Statement& statement, const TextNode& node) {
  write(node.text, statement.span);
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement&, const OutputNode& node) {
  const Value value = evaluate(*node.expression);
  const Span span = node.expression->span;
  if (value.is_string()) {
    write(value.as_string(), span);
  } else {
    write(at(span, [&] { return value.str(); }), span);
  }
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement&, const IfNode& node) {
  for (const auto& [test, body] : node.branches) {
    if (evaluate(*test).truth()) return run(body);
  }
  return run(node.otherwise);
}

List Renderer::loop_items(const Statement& statement, const ForNode& node, const Value& iterable) {
  List items = at(node.iterable->span, [&] { return iterate(iterable); });
  if (node.condition == nullptr) return items;
  List kept;
  ScopeChange scope(*this);
  for (Value& item : items) {
    scope.fresh();
    // The condition runs before the loop does: there is no `loop` yet, nor an outer one.
    scope_->set("loop", Value::undefined("'loop' is undefined in the condition of a loop"));
    at(statement.span, [&] { assign(*node.target, item); });
    if (evaluate(*node.condition).truth()) kept.push_back(std::move(item));
  }
  return kept;
}

Renderer::Flow Renderer::run_loop(const Statement& statement, const ForNode& node,
                                  const Value& iterable, int depth) {
  const auto loop = std::make_shared<LoopObject>(*this, statement, node,
                                                 loop_items(statement, node, iterable), depth);
  struct Ended {
    LoopObject& loop;
    ~Ended() { loop.end(); }
  } const ended{*loop};
  ScopeChange scope(*this);
  for (std::size_t at_item = 0; at_item < loop->size(); ++at_item) {
    take_step(statement.span);
    scope.fresh();
    scope_->set("loop", Value(loop));
    assign(*node.target, loop->enter(at_item));
    if (run(node.body) == Flow::leave_loop) break;
  }
  if (loop->size() > 0) return Flow::onward;
  scope.fresh();
  return run(node.otherwise);
}

Renderer::Flow Renderer::execute(const Statement& statement, const ForNode& node) {
  return run_loop(statement, node, evaluate(*node.iterable), 0);
}

Renderer::Flow Renderer::execute(const Statement&, const SetNode& node) {
  assign(*node.target, evaluate(*node.value));
  return Flow::onward;
}

std::string Renderer::captured(const Body& body) {
  const ScopeChange scope(*this);
  return render(body);
}

Value Renderer::filtered(Value value, const std::vector<ExpressionPtr>& filters) {
  for (const ExpressionPtr& filter : filters) {
    value = apply_filter(*filter, std::get<FilterNode>(filter->node), std::move(value));
  }
  return value;
}

Renderer::Flow Renderer::execute(const Statement&, const SetBlockNode& node) {
  assign(*node.target, filtered(captured(node.body), node.filters));
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement&, const MacroNode& node) {
  scope_->set(node.definition->name,
              make_macro(environment_, data_, node.definition, context_, scope_));
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement& statement, const CallBlockNode& node) {
  const Value caller = make_macro(environment_, data_, node.caller, context_, scope_);
  const Value result = call_expression(*node.call, std::get<CallNode>(node.call->node), &caller);
  write(at(statement.span, [&] { return result.str(); }), statement.span);
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement& statement, const FilterBlockNode& node) {
  const Value result = filtered(captured(node.body), node.filters);
  write(at(statement.span, [&] { return result.str(); }), statement.span);
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement&, const WithNode& node) {
  // All values are computed outside, before any of the names is set.
  List values;
  for (const auto& assignment : node.assignments) values.push_back(evaluate(*assignment.second));
  const ScopeChange scope(*this);
  for (std::size_t index = 0; index < values.size(); ++index) {
    assign(*node.assignments[index].first, std::move(values[index]));
  }
  return run(node.body);
}

Renderer::Flow Renderer::execute(const Statement&, const DoNode& node) {
  evaluate(*node.expression);
  return Flow::onward;
}

Renderer::Flow Renderer::execute(const Statement&, const BreakNode&) {
  return Flow::leave_loop;
}

Renderer::Flow Renderer::execute(const Statement&, const ContinueNode&) {
  return Flow::next_round;
}

void Renderer::assign(const Expression& target, Value value) {
  if (const auto* name = std::get_if<NameNode>(&target.node)) {
    scope_->set(name->name, std::move(value));
    return;
  }
  if (const auto* attribute = std::get_if<AttributeNode>(&target.node)) {
    const Value object = evaluate(*attribute->object);
    at(target.span, [&] {
      if (!object.is_object() || !object.as_object().set_attr(attribute->name, value)) {
        fail(target.span,
             fmt::format("cannot set an attribute of '{}'; use namespace()", object.type_name()));
      }
    });
    return;
  }
  const auto& targets = std::get<TupleNode>(target.node).items;
  const List items = at(target.span, [&] { return iterate(value); });
  if (items.size() != targets.size()) {
    fail(target.span,
         fmt::format("cannot unpack {} values into {} names", items.size(), targets.size()));
  }
  for (std::size_t index = 0; index < items.size(); ++index) {
    assign(*targets[index], items[index]);
  }
}

// --- macros

void Renderer::bind(const MacroDefinition& macro, const Arguments& arguments) {
  const auto refuse = [](std::string what) {
    throw Error(ErrorKind::config_invalid, std::move(what));
  };
  const std::size_t count = macro.parameters.size();
  const std::size_t passed = arguments.positional.size();
  if (passed > count && !macro.uses_varargs) {
    refuse(fmt::format("macro '{}' takes at most {} argument{}, {} were given", macro.name, count,
                       count == 1 ? "" : "s", passed));
  }
  auto keyword = arguments.keyword;
  const auto take_keyword = [&](std::string_view name) -> std::optional<Value> {
    const auto place = std::find_if(keyword.begin(), keyword.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (place == keyword.end()) return std::nullopt;
    Value value = std::move(place->second);
    keyword.erase(place);
    return value;
  };

  const std::size_t first_default = count - macro.defaults.size();
  for (std::size_t index = 0; index < count; ++index) {
    const std::string& parameter = macro.parameters[index];
    if (index < passed) {
      scope_->set(parameter, arguments.positional[index]);
    } else if (auto value = take_keyword(parameter)) {
      scope_->set(parameter, std::move(*value));
    } else if (index >= first_default) {
      scope_->set(parameter, evaluate(*macro.defaults[index - first_default]));
    } else {
      scope_->set(parameter,
                  Value::undefined(fmt::format("parameter '{}' was not provided", parameter),
                                   context_->undefined));
    }
  }
  const bool declared = std::find(macro.parameters.begin(), macro.parameters.end(), "caller") !=
                        macro.parameters.end();
  if (macro.uses_caller && !declared) {
    auto caller = take_keyword("caller");
    scope_->set("caller", caller ? std::move(*caller)
                                 : Value::undefined("no caller: the macro was not called by a "
                                                    "call block",
                                                    context_->undefined));
  }
  if (macro.uses_kwargs) {
    Dict rest;
    for (auto& [name, value] : keyword) rest.set(name, std::move(value));
    scope_->set("kwargs", Value::dict(std::move(rest)));
  } else if (!keyword.empty()) {
    const std::string& name = keyword.front().first;
    const bool twice =
        std::find(macro.parameters.begin(), macro.parameters.end(), name) != macro.parameters.end();
    refuse(twice ? fmt::format("macro '{}' got two values for the argument '{}'", macro.name, name)
                 : fmt::format("macro '{}' takes no keyword argument '{}'", macro.name, name));
  }
  if (macro.uses_varargs) {
    List rest;
    for (std::size_t index = count; index < passed; ++index) {
      rest.push_back(arguments.positional[index]);
    }
    scope_->set("varargs", Value::tuple(std::move(rest)));
  }
}

Arguments Renderer::arguments_of(const CallArguments& arguments) {
  Arguments result;
  result.positional.reserve(arguments.positional.size());
  for (const ExpressionPtr& argument : arguments.positional) {
    result.positional.push_back(evaluate(*argument));
  }
  for (const auto& [name, argument] : arguments.keyword) {
    if (result.find_keyword(name) != nullptr) {
      fail(argument->span, fmt::format("the argument '{}' is passed twice", name));
    }
    result.keyword.emplace_back(name, evaluate(*argument));
  }
  if (arguments.star || arguments.star_star) spread(arguments, result);
  return result;
}

void Renderer::spread(const CallArguments& arguments, Arguments& result) {
  if (arguments.star) {
    const Value value = evaluate(*arguments.star);
    for (Value& item : at(arguments.star->span, [&] { return iterate(value); })) {
      result.positional.push_back(std::move(item));
    }
  }
  if (!arguments.star_star) return;
  const Value value = evaluate(*arguments.star_star);
  const Span span = arguments.star_star->span;
  at(span, [&] {
    for (const auto& [key, item] : value.as_dict()) {
      if (result.find_keyword(key.as_string()) != nullptr) {
        fail(span, fmt::format("the argument '{}' is passed twice", key.as_string()));
      }
      result.keyword.emplace_back(key.as_string(), item);
    }
  });
}

// --- expressions

Value Renderer::evaluate(const Expression& expression) {
  take_step(expression.span);
  return std::visit([&](const auto& node) { return compute(expression, node); }, expression.node);
}

Value Renderer::defined(const Expression& expression) {
  Value value = evaluate(expression);
  if (value.is_undefined() && value.undefined_policy() != UndefinedPolicy::chainable) {
    fail(expression.span, value.undefined_description());
  }
  return value;
}

Value Renderer::compute(const Expression&, const ConstantNode& node) {
  return node.value;
}

Value Renderer::compute(const Expression& expression, const NameNode& node) {
  span_ = expression.span;
  auto value = at(expression.span, [&] { return resolve(node.name); });
  if (value) return std::move(*value);
  return Value::undefined(fmt::format("'{}' is undefined", node.name), context_->undefined);
}

// A method that is not called at once becomes a callable value.
Value Renderer::attribute(const Value& object, std::string_view name) {
  if (const Method method = find_method(object.kind(), name)) {
    return Value::function(std::string(name),
                           [object, method](CallContext&, const Arguments& arguments) {
                             return method(object, arguments);
                           });
  }
  return get_attribute(object, name, context_->member_policy());
}

Value Renderer::compute(const Expression& expression, const AttributeNode& node) {
  const Value object = defined(*node.object);
  span_ = expression.span;
  return at(expression.span, [&] { return attribute(object, node.name); });
}

Value Renderer::compute(const Expression& expression, const SubscriptNode& node) {
  const Value object = defined(*node.object);
  const Value key = evaluate(*node.key);
  span_ = expression.span;
  return at(expression.span, [&] {
    Value item = get_item(object, key, context_->member_policy());
    // x['name'] falls back to x.name.
    if (item.is_undefined() && key.is_string() && find_method(object.kind(), key.as_string())) {
      return attribute(object, key.as_string());
    }
    return item;
  });
}

Value Renderer::compute(const Expression& expression, const SliceNode& node) {
  const Value object = evaluate(*node.object);
  const auto part = [&](const ExpressionPtr& one) { return one ? evaluate(*one) : Value(); };
  const Value begin = part(node.begin);
  const Value end = part(node.end);
  const Value step = part(node.step);
  return at(expression.span, [&] { return get_slice(object, begin, end, step); });
}

Value Renderer::call_named(const Value& callable, std::string_view name,
                           const Arguments& arguments) {
  if (callable.is_undefined()) {
    if (callable.undefined_policy() == UndefinedPolicy::chainable) return callable;
    throw Error(ErrorKind::config_invalid, callable.undefined_description());
  }
  if (!callable.is_callable()) {
    throw Error(ErrorKind::config_invalid,
                name.empty() ? fmt::format("'{}' object is not callable", callable.type_name())
                             : fmt::format("'{}' is not callable: it is of type {}", name,
                                           callable.type_name()));
  }
  // Keeps the object alive while it runs: the template may overwrite its name meanwhile.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): that is what the copy is for
  const std::shared_ptr<Object> object = callable.as_object_ptr();
  return object->call(*this, arguments);
}

Value Renderer::call_member(const Value& object, std::string_view name,
                            const Arguments& arguments) {
  if (object.is_object()) {
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): as in call_named()
    const std::shared_ptr<Object> alive = object.as_object_ptr();
    return alive->call_method(*this, name, arguments);
  }
  if (const Method method = find_method(object.kind(), name)) return method(object, arguments);
  return call_named(get_attribute(object, name, context_->member_policy()), name, arguments);
}

Value Renderer::call_expression(const Expression& expression, const CallNode& node,
                                const Value* caller) {
  const auto* member = std::get_if<AttributeNode>(&node.callee->node);
  const Value target = defined(member != nullptr ? *member->object : *node.callee);
  Arguments arguments = arguments_of(node.arguments);
  if (caller != nullptr) arguments.keyword.emplace_back("caller", *caller);
  span_ = expression.span;
  return at(expression.span, [&] {
    if (member != nullptr) return call_member(target, member->name, arguments);
    const auto* name = std::get_if<NameNode>(&node.callee->node);
    return call_named(target, name != nullptr ? name->name : std::string_view(), arguments);
  });
}

Value Renderer::compute(const Expression& expression, const CallNode& node) {
  return call_expression(expression, node, nullptr);
}

Value Renderer::apply_filter(const Expression& expression, const FilterNode& node, Value subject) {
  const NativeFunction* filter = environment_.find_filter(node.name);
  if (filter == nullptr) {
    const std::string_view meant = nearest(node.name, environment_.filter_names());
    fail(expression.span,
         meant.empty() ? fmt::format("unknown filter '{}'", node.name)
                       : fmt::format("unknown filter '{}'; did you mean '{}'?", node.name, meant));
  }
  Arguments arguments = arguments_of(node.arguments);
  arguments.positional.insert(arguments.positional.begin(), std::move(subject));
  span_ = expression.span;
  return at(expression.span, [&] { return (*filter)(*this, arguments); });
}

Value Renderer::compute(const Expression& expression, const FilterNode& node) {
  return apply_filter(expression, node, evaluate(*node.subject));
}

Value Renderer::compute(const Expression& expression, const TestNode& node) {
  const NativeFunction* test = environment_.find_test(node.name);
  if (test == nullptr) {
    const std::string_view meant = nearest(node.name, environment_.test_names());
    fail(expression.span,
         meant.empty() ? fmt::format("unknown test '{}'", node.name)
                       : fmt::format("unknown test '{}'; did you mean '{}'?", node.name, meant));
  }
  Value subject = evaluate(*node.subject);
  Arguments arguments = arguments_of(node.arguments);
  arguments.positional.insert(arguments.positional.begin(), std::move(subject));
  span_ = expression.span;
  return at(expression.span, [&] { return (*test)(*this, arguments).truth(); });
}

Value Renderer::compute(const Expression& expression, const UnaryNode& node) {
  const Value operand = evaluate(*node.operand);
  switch (node.op) {
    case UnaryOperator::logical_not:
      return !operand.truth();
    case UnaryOperator::negate:
      return at(expression.span, [&] { return negate(operand); });
    case UnaryOperator::positive:
      return at(expression.span, [&] { return positive(operand); });
  }
  return {};
}

Value Renderer::compute(const Expression& expression, const BinaryNode& node) {
  const Value left = defined(*node.left);
  // '%s' % x prints what x is, nothing included.
  const bool prints = node.op == BinaryOperator::modulo && left.is_string();
  const Value right = prints ? evaluate(*node.right) : defined(*node.right);
  return at(expression.span, [&] { return binary(node.op, left, right); });
}

// The value that decided, as Python gives it: `x or 'fallback'`.
Value Renderer::compute(const Expression&, const LogicNode& node) {
  Value left = evaluate(*node.left);
  const bool decided = left.truth() == (node.op == LogicOperator::logical_or);
  return decided ? left : evaluate(*node.right);
}

Value Renderer::compute(const Expression& expression, const ConcatNode& node) {
  std::string text;
  for (const ExpressionPtr& part : node.parts) {
    const Value value = evaluate(*part);
    at(expression.span, [&] {
      text += value.str();
      check_size(text.size());
    });
  }
  return text;
}

Value Renderer::compute(const Expression& expression, const CompareNode& node) {
  Value left = evaluate(*node.first);
  for (const auto& [comparison, operand] : node.rest) {
    Value right = evaluate(*operand);
    const Comparison how = comparison;
    if (!at(expression.span, [&] { return compare(how, left, right); })) return false;
    left = std::move(right);
  }
  return true;
}

Value Renderer::compute(const Expression&, const ConditionalNode& node) {
  if (evaluate(*node.test).truth()) return evaluate(*node.then);
  if (node.otherwise) return evaluate(*node.otherwise);
  return Value::undefined("the condition of an inline if without else is false",
                          context_->member_policy());
}

Value Renderer::compute(const Expression&, const ListNode& node) {
  List items;
  for (const ExpressionPtr& item : node.items) items.push_back(evaluate(*item));
  return Value::list(std::move(items));
}

Value Renderer::compute(const Expression&, const TupleNode& node) {
  List items;
  for (const ExpressionPtr& item : node.items) items.push_back(evaluate(*item));
  return Value::tuple(std::move(items));
}

Value Renderer::compute(const Expression&, const DictNode& node) {
  Dict entries;
  for (const auto& [key, item] : node.entries) {
    Value key_value = evaluate(*key);
    Value value = evaluate(*item);
    at(key->span, [&] { entries.set(std::move(key_value), std::move(value)); });
  }
  return Value::dict(std::move(entries));
}

}  // namespace pipeline::jinja
