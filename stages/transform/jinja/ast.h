// The tree of a template: expressions and statements, each with its place in the source.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "stages/transform/jinja/environment.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/source_error.h"

namespace pipeline::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;

/// Levels of brackets and blocks that may be open at one place of a template.
inline constexpr int nesting_max = 200;
/// Nodes from the root of an expression to its farthest leaf. Chains of operators make trees as
/// deep as they are long; walking and freeing a tree takes stack for every level.
inline constexpr int height_max = 1000;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keyword;
  ExpressionPtr star;       // *expression, or null
  ExpressionPtr star_star;  // **expression, or null
};

struct ConstantNode {
  Value value;
};
struct NameNode {
  std::string name;
};
struct AttributeNode {
  ExpressionPtr object;
  std::string name;
};
struct SubscriptNode {
  ExpressionPtr object;
  ExpressionPtr key;
};
/// object[begin:end:step]; absent parts are null.
struct SliceNode {
  ExpressionPtr object;
  ExpressionPtr begin;
  ExpressionPtr end;
  ExpressionPtr step;
};
struct CallNode {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct FilterNode {
  ExpressionPtr subject;  // null inside {% filter %} and {% set x | filter %}
  std::string name;
  CallArguments arguments;
};
struct TestNode {
  ExpressionPtr subject;
  std::string name;
  CallArguments arguments;
};
enum class UnaryOperator { negate, positive, logical_not };
struct UnaryNode {
  UnaryOperator op;
  ExpressionPtr operand;
};
struct BinaryNode {
  BinaryOperator op;
  ExpressionPtr left;
  ExpressionPtr right;
};
enum class LogicOperator { logical_and, logical_or };
struct LogicNode {
  LogicOperator op;
  ExpressionPtr left;
  ExpressionPtr right;
};
struct ConcatNode {
  std::vector<ExpressionPtr> parts;
};
/// first op[0] second op[1] third: true if every neighbouring pair compares true.
struct CompareNode {
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};
struct ConditionalNode {
  ExpressionPtr test;
  ExpressionPtr then;
  ExpressionPtr otherwise;  // null: undefined
};
struct ListNode {
  std::vector<ExpressionPtr> items;
};
struct TupleNode {
  std::vector<ExpressionPtr> items;
};
struct DictNode {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

struct Expression {
  Span span;   // of the operator, name or bracket that an error should point at
  int height;  // 1 for a leaf
  std::variant<ConstantNode, NameNode, AttributeNode, SubscriptNode, SliceNode, CallNode,
               FilterNode, TestNode, UnaryNode, BinaryNode, LogicNode, ConcatNode, CompareNode,
               ConditionalNode, ListNode, TupleNode, DictNode>
      node;
};

/// What a macro or a call block is made of.
struct MacroDefinition {
  std::string name;
  std::string tag;
  Span span;
  std::vector<std::string> parameters;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  Body body;
  // Which of the implied names the body mentions: only then may a call pass more than is declared.
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

struct TextNode {
  std::string text;
};
struct OutputNode {
  ExpressionPtr expression;
};
struct IfNode {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct ForNode {
  ExpressionPtr target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // or null
  Body body;
  Body otherwise;
  bool recursive = false;
};
struct SetNode {
  ExpressionPtr target;
  ExpressionPtr value;
};
struct SetBlockNode {
  ExpressionPtr target;
  std::vector<ExpressionPtr> filters;
  Body body;
};
struct MacroNode {
  std::shared_ptr<const MacroDefinition> definition;
};
struct CallBlockNode {
  ExpressionPtr call;
  std::shared_ptr<const MacroDefinition> caller;
};
struct FilterBlockNode {
  std::vector<ExpressionPtr> filters;
  Body body;
};
struct WithNode {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> assignments;
  Body body;
};
struct DoNode {
  ExpressionPtr expression;
};
struct BreakNode {};
struct ContinueNode {};

struct Statement {
  Span span;
  std::variant<TextNode, OutputNode, IfNode, ForNode, SetNode, SetBlockNode, MacroNode,
               CallBlockNode, FilterBlockNode, WithNode, DoNode, BreakNode, ContinueNode>
      node;
};

struct TemplateData {
  std::string name;
  std::string source;
  Body body;
  std::vector<MacroInfo> macros;
  std::vector<std::shared_ptr<const MacroDefinition>> macro_definitions;  // as in macros
};

}  // namespace pipeline::jinja
