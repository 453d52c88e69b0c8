// What stands behind a field whose name ends in ".$": a path, or a call of an intrinsic function.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/json.h"
#include "orchestrator/asl/json_path.h"

namespace pipeline::asl {

/// What expressions are evaluated with.
struct Evaluation {
  PathRoots roots;
  const std::function<double()>& random;  // uniform in [0, 1)
};

struct IntrinsicFunction;  // of expression.cpp's table

/// A text in single quotes. `written` keeps its backslashes, which States.Format needs.
struct QuotedText {
  std::string text;
  std::string written;
};

struct Expression;
struct Call {
  const IntrinsicFunction* function = nullptr;
  std::vector<Expression> arguments;
};

struct Expression {
  std::variant<JsonPath, Call, QuotedText, Json> kind;
  std::string written;  // the whole text, of an expression that is no argument
};

/// A path ("$.a", "$$.State.Name") or a call ("States.Format('{}', $.a)"). Throws config_invalid
/// that says what is wrong with `text`, with the function that was probably meant.
Expression parse_expression(std::string_view text);

/// The value. Throws config_invalid: a definite path that leads nowhere, a function that cannot
/// take its arguments. The service reports both as States.Runtime; the message begins with the
/// language's own name for it (States.ParameterPathFailure, States.IntrinsicFailure).
Json evaluate(const Expression& expression, const Evaluation& with);

/// The value at `path`; throws as evaluate() does if a definite path leads nowhere.
Json evaluate(const JsonPath& path, const PathRoots& roots);

}  // namespace pipeline::asl
