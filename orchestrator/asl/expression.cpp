#include "orchestrator/asl/expression.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "orchestrator/asl/intrinsics.h"

namespace pipeline::asl {
namespace {

// The service allows ten calls inside each other.
constexpr int calls_depth_max = 10;

/// Reads a call from the front of a text.
class CallParser {
 public:
  explicit CallParser(std::string_view text) : whole_(text), rest_(text) {}

  Call whole() {
    Call outermost = call(1);
    skip_space();
    if (!rest_.empty()) fail("something follows the closing parenthesis");
    return outermost;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    throw Error(ErrorKind::config_invalid,
                fmt::format("\"{}\" is no call of a function: {} at character {}", whole_, why,
                            whole_.size() - rest_.size() + 1));
  }
  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string::npos) {
      rest_.remove_prefix(1);
    }
  }
  bool take(char token) {
    skip_space();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Call call(int depth) {
    if (depth > calls_depth_max) fail("more than 10 calls are nested");
    const auto length = std::min(rest_.find_first_of("( ,)'"), rest_.size());
    Call call{.function = function_called(rest_.substr(0, length))};
    rest_.remove_prefix(length);
    if (!take('(')) fail("( is missing");
    if (!take(')')) {
      do {
        call.arguments.push_back(argument(depth));
      } while (take(','));
      if (!take(')')) fail(") is missing");
    }
    check_count(call);
    return call;
  }

  const IntrinsicFunction* function_called(std::string_view name) const {
    std::vector<std::string_view> known;
    for (const auto& function : intrinsic_functions()) {
      if (function.name == name) return &function;
      known.push_back(function.name);
    }
    const auto meant = nearest(name, known);
    fail(fmt::format("there is no function \"{}\"{}", name,
                     meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
  }

  void check_count(const Call& call) const {
    const auto& [name, least, most, apply] = *call.function;
    const auto count = call.arguments.size();
    if (count >= least && count <= most) return;
    fail(fmt::format("{} takes {}{} arguments, not {}", name, most == any_number ? "at least " : "",
                     least == most || most == any_number ? std::to_string(least)
                                                         : fmt::format("{} to {}", least, most),
                     count));
  }

  Expression argument(int depth) {
    skip_space();
    if (rest_.starts_with("$")) return {.kind = JsonPath::parse_prefix(rest_)};
    if (rest_.starts_with("'")) return {.kind = quoted()};
    if (rest_.starts_with("States.")) return {.kind = call(depth + 1)};
    const auto length = std::min(rest_.find_first_of(" \t\r\n,)"), rest_.size());
    try {
      Json value = Json::parse(rest_.substr(0, length));
      if (value.is_string()) fail("a text stands in single quotes");
      rest_.remove_prefix(length);
      return {.kind = std::move(value)};
    } catch (const Error&) {
      fail("an argument is a path, a call, a text in single quotes, a number, true, false or null");
    }
  }

  QuotedText quoted() {
    rest_.remove_prefix(1);
    QuotedText literal;
    while (!rest_.empty() && rest_.front() != '\'') {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        const char next = rest_[1];
        literal.written += {'\\', next};
        // \' \{ \} and \\ stand for the character; other backslashes are the text's own (JSON in a
        // text is full of them).
        if (std::string_view("'{}\\").find(next) == std::string_view::npos) literal.text += '\\';
        literal.text += next;
        rest_.remove_prefix(2);
        continue;
      }
      literal.text += rest_.front();
      literal.written += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) fail("the closing quote is missing");
    rest_.remove_prefix(1);
    return literal;
  }

  std::string_view whole_;
  std::string_view rest_;
};

struct Evaluate {
  const Evaluation& with;

  Json operator()(const JsonPath& path) const { return evaluate(path, with.roots); }
  Json operator()(const QuotedText& literal) const { return literal.text; }
  Json operator()(const Json& value) const { return value; }
  Json operator()(const Call& call) const {
    std::vector<Json> arguments;
    const bool formats = call.function->name == "States.Format";
    for (const auto& argument : call.arguments) {
      const auto* literal = std::get_if<QuotedText>(&argument.kind);
      const bool is_pattern = formats && arguments.empty() && literal != nullptr;
      arguments.push_back(is_pattern ? Json(literal->written) : evaluate(argument, with));
    }
    try {
      return call.function->apply(arguments, with.random);
    } catch (const Error& error) {
      throw Error(ErrorKind::config_invalid, fmt::format("States.IntrinsicFailure: {}: {}",
                                                         call.function->name, error.message()));
    }
  }
};

}  // namespace

Expression parse_expression(std::string_view text) {
  const std::string written(text);
  if (text.starts_with("$")) return {.kind = JsonPath::parse(text), .written = written};
  if (text.starts_with("States.")) return {.kind = CallParser(text).whole(), .written = written};
  throw Error(ErrorKind::config_invalid,
              fmt::format("\"{}\" is neither a path ($...) nor a call (States....)", text));
}

Json evaluate(const Expression& expression, const Evaluation& with) {
  return std::visit(Evaluate{with}, expression.kind);
}

Json evaluate(const JsonPath& path, const PathRoots& roots) {
  if (auto value = path.find(roots)) return *std::move(value);
  throw Error(ErrorKind::config_invalid,
              fmt::format("States.ParameterPathFailure: the path {} leads to nothing in the {}",
                          path.text(), path.is_of_context() ? "context object" : "input"));
}

}  // namespace pipeline::asl
