// Walks the tree of a template and writes its text: scopes, loops, macros, calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/transform/jinja/ast.h"
#include "stages/transform/jinja/environment.h"

namespace pipeline::jinja {

/// The names that one stretch of a template has set; those of `parent` are seen through it.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string, Value>> names;

  void set(std::string_view name, Value value);
  /// Looks in the parents too; nullptr if no scope knows the name.
  const Value* find(std::string_view name) const;
};

/// Renders pieces of one template in one scope. Lives on the stack for the time of one rendering
/// or one macro call.
class Renderer final : public CallContext {
 public:
  Renderer(const Environment& environment, std::shared_ptr<const TemplateData> data,
           ContextPtr context, std::shared_ptr<Scope> scope);

  std::string render(const Body& body);
  Value evaluate(const Expression& expression);
  /// Matches the arguments of a call to the macro's parameters and sets them in this scope.
  void bind(const MacroDefinition& macro, const Arguments& arguments);

  const Environment& environment() const override { return environment_; }
  const ContextPtr& context() const override { return context_; }
  Value call(const Value& callable, const Arguments& arguments) override;
  std::optional<Value> resolve(std::string_view name) override;
  Location location() const override;
  std::vector<std::string> macro_stack() const override;

 private:
  enum class Flow { onward, leave_loop, next_round };
  friend class LoopObject;
  class Redirect;
  class ScopeChange;

  Flow run(const Body& body);
  Flow run(const Statement& statement);
  Flow execute(const Statement& statement, const TextNode& node);
  Flow execute(const Statement& statement, const OutputNode& node);
  Flow execute(const Statement& statement, const IfNode& node);
  Flow execute(const Statement& statement, const ForNode& node);
  Flow execute(const Statement& statement, const SetNode& node);
  Flow execute(const Statement& statement, const SetBlockNode& node);
  Flow execute(const Statement& statement, const MacroNode& node);
  Flow execute(const Statement& statement, const CallBlockNode& node);
  Flow execute(const Statement& statement, const FilterBlockNode& node);
  Flow execute(const Statement& statement, const WithNode& node);
  Flow execute(const Statement& statement, const DoNode& node);
  Flow execute(const Statement& statement, const BreakNode& node);
  Flow execute(const Statement& statement, const ContinueNode& node);

  /// The value, or an error that points at the expression if it is undefined.
  Value defined(const Expression& expression);
  Value compute(const Expression& expression, const ConstantNode& node);
  Value compute(const Expression& expression, const NameNode& node);
  Value compute(const Expression& expression, const AttributeNode& node);
  Value compute(const Expression& expression, const SubscriptNode& node);
  Value compute(const Expression& expression, const SliceNode& node);
  Value compute(const Expression& expression, const CallNode& node);
  Value compute(const Expression& expression, const FilterNode& node);
  Value compute(const Expression& expression, const TestNode& node);
  Value compute(const Expression& expression, const UnaryNode& node);
  Value compute(const Expression& expression, const BinaryNode& node);
  Value compute(const Expression& expression, const LogicNode& node);
  Value compute(const Expression& expression, const ConcatNode& node);
  Value compute(const Expression& expression, const CompareNode& node);
  Value compute(const Expression& expression, const ConditionalNode& node);
  Value compute(const Expression& expression, const ListNode& node);
  Value compute(const Expression& expression, const TupleNode& node);
  Value compute(const Expression& expression, const DictNode& node);

  Flow run_loop(const Statement& statement, const ForNode& node, const Value& iterable, int depth);
  List loop_items(const Statement& statement, const ForNode& node, const Value& iterable);
  std::string captured(const Body& body);
  Value filtered(Value value, const std::vector<ExpressionPtr>& filters);
  Value apply_filter(const Expression& expression, const FilterNode& node, Value subject);
  Arguments arguments_of(const CallArguments& arguments);
  void spread(const CallArguments& arguments, Arguments& result);
  void assign(const Expression& target, Value value);
  Value call_member(const Value& object, std::string_view name, const Arguments& arguments);
  Value call_named(const Value& callable, std::string_view name, const Arguments& arguments);
  Value call_expression(const Expression& expression, const CallNode& node, const Value* caller);
  Value attribute(const Value& object, std::string_view name);
  void write(std::string_view text, Span span);
  void take_step(Span span) const;
  [[noreturn]] void fail(Span span, std::string_view what) const;
  TemplateError placed(const Error& error, Span span) const;
  /// Runs `action`; an error that has no place in a template yet gets `span`.
  template <typename Action>
  auto at(Span span, Action action) -> decltype(action());

  const Environment& environment_;
  std::shared_ptr<const TemplateData> data_;
  ContextPtr context_;
  std::shared_ptr<Scope> scope_;
  std::string* output_ = nullptr;
  Span span_;  // of the call that is being made
};

/// Stands on the stack of everything that enters the engine from outside; marks where the thread's
/// stack began and hands out the steps of the rendering.
class Entry {
 public:
  explicit Entry(const Environment& environment);
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  bool outermost_;
};

/// A macro, bound to the scope and context in which its body will see names. It keeps the context
/// alive, but not the scope.
Value make_macro(const Environment& environment, std::shared_ptr<const TemplateData> data,
                 std::shared_ptr<const MacroDefinition> definition, ContextPtr context,
                 const std::shared_ptr<Scope>& scope);

}  // namespace pipeline::jinja
