// Parameters, ResultSelector and ItemSelector: JSON whose members with a name in ".$" are
// evaluated.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/base/json.h"
#include "orchestrator/asl/expression.h"

namespace pipeline::asl {

struct PayloadTemplate {
  struct Member;
  using Members = std::vector<Member>;
  using Elements = std::vector<PayloadTemplate>;

  std::variant<Json, Expression, Members, Elements> kind;
};

struct PayloadTemplate::Member {
  std::string name;  // without ".$"
  PayloadTemplate value;
};

/// The JSON with every expression evaluated. Throws as evaluate() of an expression.
Json evaluate(const PayloadTemplate& payload, const Evaluation& with);

}  // namespace pipeline::asl
