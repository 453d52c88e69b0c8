#include "stages/transform/jinja/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/transform/jinja/lexer.h"

namespace pipeline::jinja {

namespace {

struct BinarySymbol {
  std::string_view symbol;
  BinaryOperator op;
};
constexpr std::array sum_operators = {BinarySymbol{"+", BinaryOperator::add},
                                      BinarySymbol{"-", BinaryOperator::subtract}};
constexpr std::array product_operators = {
    BinarySymbol{"*", BinaryOperator::multiply}, BinarySymbol{"/", BinaryOperator::divide},
    BinarySymbol{"//", BinaryOperator::floor_divide}, BinarySymbol{"%", BinaryOperator::modulo}};
constexpr std::array power_operators = {BinarySymbol{"**", BinaryOperator::power}};

struct ComparisonSymbol {
  std::string_view symbol;
  Comparison comparison;
};
constexpr std::array comparison_operators = {
    ComparisonSymbol{"==", Comparison::equal},  ComparisonSymbol{"!=", Comparison::not_equal},
    ComparisonSymbol{"<", Comparison::less},    ComparisonSymbol{"<=", Comparison::less_equal},
    ComparisonSymbol{">", Comparison::greater}, ComparisonSymbol{">=", Comparison::greater_equal}};

// Tags of Jinja that need a template loader, which this engine has not.
constexpr std::array<std::string_view, 7> loader_tags = {
    "include", "import", "from", "extends", "block", "trans", "autoescape"};
constexpr std::array<std::string_view, 8> known_tags = {"if",   "for", "set",    "call",
                                                        "with", "do",  "filter", "print"};

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "the end of the template";
    case TokenKind::text:
      return "text";
    case TokenKind::string:
      return "a string";
    default:
      return "'" + token.text + "'";
  }
}

// Counts one level of nesting for its lifetime.
class Level {
 public:
  explicit Level(int& depth) : depth_(depth) { ++depth_; }
  ~Level() { --depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& depth_;
};

// The height of the tallest child.
template <typename Node>
int height_below(const Node& node) {
  int height = 0;
  const auto see = [&height](const ExpressionPtr& child) {
    if (child != nullptr) height = std::max(height, child->height);
  };
  const auto see_all = [&see](const auto& children) {
    for (const auto& child : children) see(child);
  };
  if constexpr (requires { node.object; }) see(node.object);
  if constexpr (requires { node.callee; }) see(node.callee);
  if constexpr (requires { node.subject; }) see(node.subject);
  if constexpr (requires { node.key; }) see(node.key);
  if constexpr (requires { node.operand; }) see(node.operand);
  if constexpr (requires { node.items; }) see_all(node.items);
  if constexpr (requires { node.parts; }) see_all(node.parts);
  if constexpr (requires { node.left; }) {
    see(node.left);
    see(node.right);
  }
  if constexpr (requires { node.step; }) {
    see(node.begin);
    see(node.end);
    see(node.step);
  }
  if constexpr (requires { node.otherwise; }) {
    see(node.test);
    see(node.then);
    see(node.otherwise);
  }
  if constexpr (requires { node.rest; }) {
    see(node.first);
    for (const auto& operand : node.rest) see(operand.second);
  }
  if constexpr (requires { node.entries; }) {
    for (const auto& [key, value] : node.entries) {
      see(key);
      see(value);
    }
  }
  if constexpr (requires { node.arguments; }) {
    see_all(node.arguments.positional);
    for (const auto& argument : node.arguments.keyword) see(argument.second);
    see(node.arguments.star);
    see(node.arguments.star_star);
  }
  return height;
}

class Parser {
 public:
  Parser(TemplateData& data, const std::vector<MacroTag>& macro_tags, LexFrom from)
      : data_(data), macro_tags_(macro_tags), tokens_(tokenize(data.name, data.source, from)) {}

  void parse_all() {
    data_.body = parse_body({});
    if (current().kind != TokenKind::end) fail_unexpected("the end of the template");
  }

  void parse_only_expression() {
    const Span span = current().span;
    ExpressionPtr expression = parse_tuple_or_expression();
    if (current().kind != TokenKind::end) fail_unexpected("the end of the expression");
    data_.body.push_back(statement(span, OutputNode{std::move(expression)}));
  }

 private:
  using EndTags = std::initializer_list<std::string_view>;

  // What may follow an assignment target or a tuple.
  enum class Conditional { allowed, excluded };

  // --- tokens

  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() {
    Token token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool is_symbol(std::string_view symbol) const {
    return current().kind == TokenKind::symbol && current().text == symbol;
  }
  bool is_name(std::string_view name) const {
    return current().kind == TokenKind::name && current().text == name;
  }
  bool skip_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    take();
    return true;
  }
  Token expect_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) fail_unexpected(fmt::format("'{}'", symbol));
    return take();
  }
  Token expect_name() {
    if (current().kind != TokenKind::name) fail_unexpected("a name");
    return take();
  }
  void expect_block_end() {
    if (current().kind != TokenKind::block_end) fail_unexpected("'%}'");
    take();
  }

  [[noreturn]] void fail(std::string_view what, Span span) const {
    throw make_error(ErrorKind::config_invalid, what, data_.name, data_.source, span);
  }
  [[noreturn]] void fail_unexpected(std::string_view wanted) const {
    fail(fmt::format("expected {}, found {}", wanted, describe(current())), current().span);
  }
  void check_depth() const {
    if (depth_ > nesting_max) {
      fail(fmt::format("the template nests deeper than {} levels", nesting_max), current().span);
    }
  }

  template <typename Node>
  ExpressionPtr expression(Span span, Node node) const {
    const int height = 1 + height_below(node);
    if (height > height_max) {
      fail(fmt::format("an expression with more than {} operators in a row", height_max), span);
    }
    return std::make_unique<Expression>(Expression{span, height, std::move(node)});
  }
  template <typename Node>
  static StatementPtr statement(Span span, Node node) {
    return std::make_unique<Statement>(Statement{span, std::move(node)});
  }

  // --- statements

  // Statements up to one of the end tags, whose "{%" and name are then the next tokens.
  Body parse_body(EndTags end_tags) {
    const Level level(depth_);
    check_depth();
    const std::size_t opened_at = at_;
    Body body;
    while (true) {
      const Token& token = current();
      switch (token.kind) {
        case TokenKind::text:
          body.push_back(statement(token.span, TextNode{token.text}));
          take();
          break;
        case TokenKind::variable_begin:
          body.push_back(parse_output());
          break;
        case TokenKind::block_begin:
          if (next().kind == TokenKind::name &&
              std::find(end_tags.begin(), end_tags.end(), next().text) != end_tags.end()) {
            return body;
          }
          body.push_back(parse_block());
          break;
        case TokenKind::end:
          if (end_tags.size() != 0) fail_open_block(end_tags, opened_at);
          return body;
        default:
          fail_unexpected("text or a tag");
      }
    }
  }

  [[noreturn]] void fail_open_block(EndTags end_tags, std::size_t opened_at) const {
    const std::string_view end_tag = *(end_tags.end() - 1);
    fail(fmt::format("the block is not closed ('{{% {} %}}' is missing)", end_tag),
         tokens_[opened_at == 0 ? 0 : opened_at - 1].span);
  }

  StatementPtr parse_output() {
    const Span span = take().span;
    ExpressionPtr value = parse_tuple_or_expression();
    if (current().kind != TokenKind::variable_end) fail_unexpected("'}}'");
    take();
    return statement(span, OutputNode{std::move(value)});
  }

  // Takes "{% name" of an end tag that parse_body stopped at.
  std::string take_end_tag() {
    take();
    return take().text;
  }

  Body parse_block_body(std::string_view end_tag) {
    expect_block_end();
    Body body = parse_body({end_tag});
    take_end_tag();
    return body;
  }

  StatementPtr parse_block() {
    const Token begin = take();
    if (current().kind != TokenKind::name) fail_unexpected("the name of a tag");
    const Token tag = take();
    StatementPtr result = parse_tag(tag, begin.span);
    expect_block_end();
    return result;
  }

  // Everything but the closing "%}" of the last tag.
  StatementPtr parse_tag(const Token& tag, Span begin) {
    const std::string& name = tag.text;
    if (name == "if") return parse_if(tag.span);
    if (name == "for") return parse_for(tag.span);
    if (name == "set") return parse_set(tag.span);
    if (name == "call") return parse_call_block(tag.span);
    if (name == "with") return parse_with(tag.span);
    if (name == "filter") return parse_filter_block(tag.span);
    if (name == "do") return statement(tag.span, DoNode{parse_tuple_or_expression()});
    if (name == "print") return statement(tag.span, OutputNode{parse_tuple_or_expression()});
    if (name == "break" || name == "continue") return parse_loop_control(tag);
    for (const MacroTag& macro_tag : macro_tags_) {
      if (macro_tag.tag == name) return parse_macro(macro_tag, begin);
    }
    fail_unknown_tag(tag);
  }

  [[noreturn]] void fail_unknown_tag(const Token& tag) const {
    const std::string& name = tag.text;
    if (std::find(loader_tags.begin(), loader_tags.end(), name) != loader_tags.end()) {
      fail(fmt::format("the tag '{}' is not supported", name), tag.span);
    }
    if (name.rfind("end", 0) == 0 || name == "else" || name == "elif") {
      fail(fmt::format("'{}' without an open block that it belongs to", name), tag.span);
    }
    std::vector<std::string_view> known(known_tags.begin(), known_tags.end());
    for (const MacroTag& macro_tag : macro_tags_) known.push_back(macro_tag.tag);
    const std::string_view meant = nearest(name, known);
    fail(meant.empty() ? fmt::format("unknown tag '{}'", name)
                       : fmt::format("unknown tag '{}'; did you mean '{}'?", name, meant),
         tag.span);
  }

  StatementPtr parse_loop_control(const Token& tag) {
    if (loop_depth_ == 0) fail(fmt::format("'{}' outside a loop", tag.text), tag.span);
    if (tag.text == "break") return statement(tag.span, BreakNode{});
    return statement(tag.span, ContinueNode{});
  }

  StatementPtr parse_if(Span span) {
    IfNode node;
    while (true) {
      ExpressionPtr test = parse_tuple_or_expression(Conditional::excluded);
      expect_block_end();
      node.branches.emplace_back(std::move(test), parse_body({"elif", "else", "endif"}));
      const std::string end_tag = take_end_tag();
      if (end_tag == "elif") continue;
      if (end_tag == "else") node.otherwise = parse_block_body("endif");
      return statement(span, std::move(node));
    }
  }

  StatementPtr parse_for(Span span) {
    ForNode node;
    node.target = parse_target();
    if (!skip_name("in")) fail_unexpected("'in'");
    node.iterable = parse_tuple_or_expression(Conditional::excluded, "recursive");
    if (skip_name("if")) node.condition = parse_conditional();
    node.recursive = skip_name("recursive");
    expect_block_end();
    ++loop_depth_;
    node.body = parse_body({"else", "endfor"});
    --loop_depth_;
    if (take_end_tag() == "else") node.otherwise = parse_block_body("endfor");
    return statement(span, std::move(node));
  }

  StatementPtr parse_set(Span span) {
    ExpressionPtr target = parse_target();
    if (skip_symbol("=")) {
      return statement(span, SetNode{std::move(target), parse_tuple_or_expression()});
    }
    SetBlockNode node{std::move(target), {}, {}};
    while (is_symbol("|")) node.filters.push_back(parse_filter(nullptr));
    node.body = parse_block_body("endset");
    return statement(span, std::move(node));
  }

  StatementPtr parse_with(Span span) {
    WithNode node;
    while (current().kind != TokenKind::block_end) {
      if (!node.assignments.empty()) expect_symbol(",");
      ExpressionPtr target = parse_target();
      expect_symbol("=");
      node.assignments.emplace_back(std::move(target), parse_conditional());
    }
    node.body = parse_block_body("endwith");
    return statement(span, std::move(node));
  }

  StatementPtr parse_filter_block(Span span) {
    FilterBlockNode node;
    node.filters.push_back(parse_filter_call(nullptr));
    while (is_symbol("|")) node.filters.push_back(parse_filter(nullptr));
    node.body = parse_block_body("endfilter");
    return statement(span, std::move(node));
  }

  // The body of a macro or call block: its own loops, and the implied names that it mentions.
  void parse_macro_body(MacroDefinition& definition, std::string_view end_tag) {
    expect_block_end();
    open_macros_.push_back(&definition);
    const int loops = std::exchange(loop_depth_, 0);
    definition.body = parse_body({end_tag});
    loop_depth_ = loops;
    open_macros_.pop_back();
    take_end_tag();
  }

  void parse_signature(MacroDefinition& definition) {
    expect_symbol("(");
    while (!is_symbol(")")) {
      if (!definition.parameters.empty()) {
        expect_symbol(",");
        if (is_symbol(")")) break;
      }
      const Token parameter = expect_name();
      definition.parameters.push_back(parameter.text);
      if (skip_symbol("=")) {
        definition.defaults.push_back(parse_conditional());
      } else if (!definition.defaults.empty()) {
        fail(fmt::format("parameter '{}' without a default follows one with a default",
                         parameter.text),
             parameter.span);
      }
    }
    expect_symbol(")");
  }

  StatementPtr parse_macro(const MacroTag& tag, Span begin) {
    auto definition = std::make_shared<MacroDefinition>();
    const Token name = expect_name();
    definition->name = tag.name_prefix + name.text;
    definition->tag = tag.tag;
    definition->span = name.span;
    parse_signature(*definition);
    parse_macro_body(*definition, tag.end_tag);
    if (open_macros_.empty()) {
      data_.macros.push_back({definition->name, tag.tag, definition->parameters,
                              locate(data_.name, data_.source, begin).line, begin.begin,
                              current().span.end});
      data_.macro_definitions.push_back(definition);
    }
    return statement(name.span, MacroNode{std::move(definition)});
  }

  StatementPtr parse_call_block(Span span) {
    auto definition = std::make_shared<MacroDefinition>();
    definition->name = "caller";
    definition->tag = "call";
    definition->span = span;
    if (is_symbol("(")) parse_signature(*definition);
    ExpressionPtr call = parse_conditional();
    if (!std::holds_alternative<CallNode>(call->node)) {
      fail("a call block needs a call, as in {% call macro() %}", call->span);
    }
    parse_macro_body(*definition, "endcall");
    return statement(span, CallBlockNode{std::move(call), std::move(definition)});
  }

  // --- targets of assignments

  ExpressionPtr parse_target() {
    const Span span = current().span;
    ExpressionPtr first = parse_one_target();
    if (!is_symbol(",")) return first;
    TupleNode tuple;
    tuple.items.push_back(std::move(first));
    while (skip_symbol(",")) {
      if (current().kind != TokenKind::name && !is_symbol("(")) break;
      if (is_name("in")) break;
      tuple.items.push_back(parse_one_target());
    }
    return expression(span, std::move(tuple));
  }

  ExpressionPtr parse_one_target() {
    const Level level(depth_);
    check_depth();
    if (skip_symbol("(")) {
      ExpressionPtr inner = parse_target();
      expect_symbol(")");
      return inner;
    }
    const Token name = expect_name();
    if (is_constant(name.text)) {
      fail(fmt::format("cannot assign to '{}'", name.text), name.span);
    }
    ExpressionPtr target = expression(name.span, NameNode{name.text});
    if (!skip_symbol(".")) return target;
    const Token attribute = expect_name();
    return expression(attribute.span, AttributeNode{std::move(target), attribute.text});
  }

  // --- expressions, loosest binding first

  bool at_tuple_end(std::string_view end_name) const {
    switch (current().kind) {
      case TokenKind::variable_end:
      case TokenKind::block_end:
      case TokenKind::end:
        return true;
      case TokenKind::symbol:
        return current().text == ")";
      case TokenKind::name:
        return !end_name.empty() && current().text == end_name;
      default:
        return false;
    }
  }

  // a, b makes a tuple without brackets.
  ExpressionPtr parse_tuple_or_expression(Conditional conditional = Conditional::allowed,
                                          std::string_view end_name = {}) {
    const Span span = current().span;
    const auto parse_item = [&] {
      return conditional == Conditional::allowed ? parse_conditional() : parse_or();
    };
    ExpressionPtr first = parse_item();
    if (!is_symbol(",")) return first;
    TupleNode tuple;
    tuple.items.push_back(std::move(first));
    while (skip_symbol(",")) {
      if (at_tuple_end(end_name)) break;
      tuple.items.push_back(parse_item());
    }
    return expression(span, std::move(tuple));
  }

  ExpressionPtr parse_conditional() {
    const Level level(depth_);
    check_depth();
    ExpressionPtr value = parse_or();
    while (is_name("if")) {
      const Span span = take().span;
      ConditionalNode node;
      node.test = parse_or();
      node.then = std::move(value);
      if (skip_name("else")) node.otherwise = parse_conditional();
      value = expression(span, std::move(node));
    }
    return value;
  }

  ExpressionPtr parse_or() {
    ExpressionPtr left = parse_and();
    while (is_name("or")) {
      const Span span = take().span;
      left = expression(span, LogicNode{LogicOperator::logical_or, std::move(left), parse_and()});
    }
    return left;
  }

  ExpressionPtr parse_and() {
    ExpressionPtr left = parse_not();
    while (is_name("and")) {
      const Span span = take().span;
      left = expression(span, LogicNode{LogicOperator::logical_and, std::move(left), parse_not()});
    }
    return left;
  }

  ExpressionPtr parse_not() {
    if (!is_name("not")) return parse_compare();
    const Level level(depth_);
    check_depth();
    const Span span = take().span;
    return expression(span, UnaryNode{UnaryOperator::logical_not, parse_not()});
  }

  std::optional<Comparison> take_comparison() {
    if (current().kind == TokenKind::symbol) {
      for (const ComparisonSymbol& entry : comparison_operators) {
        if (skip_symbol(entry.symbol)) return entry.comparison;
      }
    }
    if (skip_name("in")) return Comparison::in;
    if (is_name("not") && next().kind == TokenKind::name && next().text == "in") {
      take();
      take();
      return Comparison::not_in;
    }
    return std::nullopt;
  }

  ExpressionPtr parse_compare() {
    ExpressionPtr first = parse_sum();
    const Span span = current().span;
    CompareNode node;
    while (const auto comparison = take_comparison()) {
      node.rest.emplace_back(*comparison, parse_sum());
    }
    if (node.rest.empty()) return first;
    node.first = std::move(first);
    return expression(span, std::move(node));
  }

  template <typename ParseOperand>
  ExpressionPtr parse_binary(std::span<const BinarySymbol> symbols, ParseOperand parse_operand) {
    ExpressionPtr left = parse_operand();
    while (current().kind == TokenKind::symbol) {
      const auto entry =
          std::find_if(symbols.begin(), symbols.end(),
                       [&](const BinarySymbol& symbol) { return is_symbol(symbol.symbol); });
      if (entry == symbols.end()) break;
      const Span span = take().span;
      left = expression(span, BinaryNode{entry->op, std::move(left), parse_operand()});
    }
    return left;
  }

  ExpressionPtr parse_sum() {
    return parse_binary(sum_operators, [this] { return parse_concat(); });
  }

  ExpressionPtr parse_concat() {
    ExpressionPtr first = parse_product();
    if (!is_symbol("~")) return first;
    const Span span = current().span;
    ConcatNode node;
    node.parts.push_back(std::move(first));
    while (skip_symbol("~")) node.parts.push_back(parse_product());
    return expression(span, std::move(node));
  }

  ExpressionPtr parse_product() {
    return parse_binary(product_operators, [this] { return parse_power(); });
  }

  // Jinja binds ** from the left: 2**3**2 is 64.
  ExpressionPtr parse_power() {
    return parse_binary(power_operators, [this] { return parse_unary(); });
  }

  enum class Filters { allowed, excluded };

  // A sign binds tighter than a filter: -1|abs is 1.
  ExpressionPtr parse_unary(Filters filters = Filters::allowed) {
    const Level level(depth_);
    check_depth();
    ExpressionPtr value;
    if (is_symbol("-") || is_symbol("+")) {
      const Token sign = take();
      const auto op = sign.text == "-" ? UnaryOperator::negate : UnaryOperator::positive;
      value = expression(sign.span, UnaryNode{op, parse_unary(Filters::excluded)});
    } else {
      value = parse_primary();
    }
    value = parse_postfix(std::move(value));
    if (filters == Filters::allowed) value = parse_filters_and_tests(std::move(value));
    return value;
  }

  static bool is_constant(std::string_view name) {
    return name == "true" || name == "True" || name == "false" || name == "False" ||
           name == "none" || name == "None";
  }

  ExpressionPtr parse_primary() {
    const Token token = current();
    switch (token.kind) {
      case TokenKind::name:
        take();
        return parse_name(token);
      case TokenKind::string: {
        std::string text;
        while (current().kind == TokenKind::string) text += take().text;
        return expression(token.span, ConstantNode{Value(std::move(text))});
      }
      case TokenKind::integer:
        take();
        return expression(token.span, ConstantNode{integer_of(token)});
      case TokenKind::floating:
        take();
        return expression(token.span, ConstantNode{floating_of(token)});
      case TokenKind::symbol:
        if (token.text == "(") return parse_parentheses();
        if (token.text == "[") return parse_list();
        if (token.text == "{") return parse_dict();
        break;
      default:
        break;
    }
    fail_unexpected("an expression");
  }

  ExpressionPtr parse_name(const Token& token) {
    const std::string& name = token.text;
    if (name == "true" || name == "True") return expression(token.span, ConstantNode{true});
    if (name == "false" || name == "False") return expression(token.span, ConstantNode{false});
    if (name == "none" || name == "None") return expression(token.span, ConstantNode{Value()});
    for (MacroDefinition* macro : open_macros_) {
      if (name == "varargs") macro->uses_varargs = true;
      if (name == "kwargs") macro->uses_kwargs = true;
      if (name == "caller") macro->uses_caller = true;
    }
    return expression(token.span, NameNode{name});
  }

  Value integer_of(const Token& token) const {
    std::string_view digits = token.text;
    int base = 10;
    if (digits.size() > 2 && digits[0] == '0') {
      if (digits[1] == 'x') base = 16;
      if (digits[1] == 'o') base = 8;
      if (digits[1] == 'b') base = 2;
    }
    if (base != 10) digits.remove_prefix(2);
    std::int64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (result.ec != std::errc()) fail("the integer does not fit into 64 bits", token.span);
    return value;
  }

  Value floating_of(const Token& token) const {
    double value = 0;
    const char* end = token.text.data() + token.text.size();
    const auto result = std::from_chars(token.text.data(), end, value);
    if (result.ec != std::errc()) fail("the number is out of range", token.span);
    return value;
  }

  ExpressionPtr parse_parentheses() {
    const Span span = take().span;
    if (skip_symbol(")")) return expression(span, TupleNode{});
    ExpressionPtr value = parse_tuple_or_expression();
    expect_symbol(")");
    return value;
  }

  ExpressionPtr parse_list() {
    ListNode node;
    const Span span = take().span;
    while (!is_symbol("]")) {
      if (!node.items.empty()) {
        expect_symbol(",");
        if (is_symbol("]")) break;
      }
      node.items.push_back(parse_conditional());
    }
    expect_symbol("]");
    return expression(span, std::move(node));
  }

  ExpressionPtr parse_dict() {
    DictNode node;
    const Span span = take().span;
    while (!is_symbol("}")) {
      if (!node.entries.empty()) {
        expect_symbol(",");
        if (is_symbol("}")) break;
      }
      ExpressionPtr key = parse_conditional();
      expect_symbol(":");
      node.entries.emplace_back(std::move(key), parse_conditional());
    }
    expect_symbol("}");
    return expression(span, std::move(node));
  }

  ExpressionPtr parse_postfix(ExpressionPtr value) {
    while (true) {
      if (is_symbol(".")) {
        value = parse_attribute(std::move(value));
      } else if (is_symbol("[")) {
        value = parse_subscript(std::move(value));
      } else if (is_symbol("(")) {
        value = parse_call(std::move(value));
      } else {
        return value;
      }
    }
  }

  ExpressionPtr parse_filters_and_tests(ExpressionPtr value) {
    while (true) {
      if (is_symbol("|")) {
        value = parse_filter(std::move(value));
      } else if (is_name("is")) {
        value = parse_test(std::move(value));
      } else if (is_symbol("(")) {
        value = parse_call(std::move(value));
      } else {
        return value;
      }
    }
  }

  ExpressionPtr parse_attribute(ExpressionPtr object) {
    take();
    const Token name = take();
    if (name.kind == TokenKind::name) {
      return expression(name.span, AttributeNode{std::move(object), name.text});
    }
    if (name.kind == TokenKind::integer) {
      ExpressionPtr key = expression(name.span, ConstantNode{integer_of(name)});
      return expression(name.span, SubscriptNode{std::move(object), std::move(key)});
    }
    fail(fmt::format("expected a name after '.', found {}", describe(name)), name.span);
  }

  ExpressionPtr parse_subscript(ExpressionPtr object) {
    const Span span = take().span;
    ExpressionPtr begin;
    if (!is_symbol(":")) {
      begin = parse_tuple_or_expression();
      if (skip_symbol("]")) {
        return expression(span, SubscriptNode{std::move(object), std::move(begin)});
      }
    }
    expect_symbol(":");
    SliceNode slice;
    slice.object = std::move(object);
    slice.begin = std::move(begin);
    if (!is_symbol(":") && !is_symbol("]")) slice.end = parse_conditional();
    if (skip_symbol(":") && !is_symbol("]")) slice.step = parse_conditional();
    expect_symbol("]");
    return expression(span, std::move(slice));
  }

  ExpressionPtr parse_call(ExpressionPtr callee) {
    // Errors of a call point at the name that is called.
    Span span = callee->span;
    CallArguments arguments = parse_call_arguments();
    return expression(span, CallNode{std::move(callee), std::move(arguments)});
  }

  CallArguments parse_call_arguments() {
    CallArguments arguments;
    expect_symbol("(");
    for (bool first = true; !is_symbol(")"); first = false) {
      if (!first) {
        expect_symbol(",");
        if (is_symbol(")")) break;
      }
      parse_call_argument(arguments);
    }
    expect_symbol(")");
    return arguments;
  }

  void parse_call_argument(CallArguments& arguments) {
    const Span span = current().span;
    if (skip_symbol("*")) {
      if (arguments.star || arguments.star_star) fail("a second '*' argument", span);
      arguments.star = parse_conditional();
    } else if (skip_symbol("**")) {
      if (arguments.star_star) fail("a second '**' argument", span);
      arguments.star_star = parse_conditional();
    } else if (current().kind == TokenKind::name && next().kind == TokenKind::symbol &&
               next().text == "=") {
      if (arguments.star_star) fail("an argument after '**'", span);
      std::string name = take().text;
      take();
      arguments.keyword.emplace_back(std::move(name), parse_conditional());
    } else {
      if (!arguments.keyword.empty() || arguments.star || arguments.star_star) {
        fail("a positional argument after a keyword, '*' or '**' argument", span);
      }
      arguments.positional.push_back(parse_conditional());
    }
  }

  ExpressionPtr parse_filter(ExpressionPtr subject) {
    expect_symbol("|");
    return parse_filter_call(std::move(subject));
  }

  ExpressionPtr parse_filter_call(ExpressionPtr subject) {
    Token name = expect_name();
    while (is_symbol(".")) {
      take();
      name.text += "." + expect_name().text;
    }
    FilterNode node{std::move(subject), name.text, {}};
    if (is_symbol("(")) node.arguments = parse_call_arguments();
    return expression(name.span, std::move(node));
  }

  // `x is test value` may leave out the brackets.
  bool at_bare_test_argument() const {
    switch (current().kind) {
      case TokenKind::string:
      case TokenKind::integer:
      case TokenKind::floating:
        return true;
      case TokenKind::symbol:
        return current().text == "[" || current().text == "{";
      case TokenKind::name:
        return current().text != "else" && current().text != "or" && current().text != "and" &&
               current().text != "if" && current().text != "in" && current().text != "not";
      default:
        return false;
    }
  }

  ExpressionPtr parse_test(ExpressionPtr subject) {
    take();
    const bool negated = skip_name("not");
    const Token name = expect_name();
    TestNode node{std::move(subject), name.text, {}};
    if (is_symbol("(")) {
      node.arguments = parse_call_arguments();
    } else if (at_bare_test_argument()) {
      if (is_name("is")) fail("tests cannot be chained with 'is'", current().span);
      node.arguments.positional.push_back(parse_postfix(parse_primary()));
    }
    ExpressionPtr test = expression(name.span, std::move(node));
    if (!negated) return test;
    return expression(name.span, UnaryNode{UnaryOperator::logical_not, std::move(test)});
  }

  TemplateData& data_;
  const std::vector<MacroTag>& macro_tags_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int loop_depth_ = 0;
  std::vector<MacroDefinition*> open_macros_;
};

}  // namespace

std::shared_ptr<const TemplateData> parse_template(std::string name, std::string source,
                                                   const std::vector<MacroTag>& macro_tags) {
  auto data = std::make_shared<TemplateData>();
  data->name = std::move(name);
  data->source = std::move(source);
  Parser(*data, macro_tags, LexFrom::text).parse_all();
  return data;
}

std::shared_ptr<const TemplateData> parse_expression(std::string name, std::string source) {
  auto data = std::make_shared<TemplateData>();
  data->name = std::move(name);
  data->source = std::move(source);
  Parser(*data, {}, LexFrom::expression).parse_only_expression();
  return data;
}

}  // namespace pipeline::jinja
