#include "orchestrator/asl/payload_template.h"

namespace pipeline::asl {
namespace {

struct EvaluateTemplate {
  const Evaluation& with;

  Json operator()(const Json& literal) const { return literal; }
  Json operator()(const Expression& expression) const { return evaluate(expression, with); }
  Json operator()(const PayloadTemplate::Members& members) const {
    Json object = Json::object();
    for (const auto& [name, value] : members) object.set(name, evaluate(value, with));
    return object;
  }
  Json operator()(const PayloadTemplate::Elements& elements) const {
    Json list = Json::array();
    for (const auto& element : elements) list.push_back(evaluate(element, with));
    return list;
  }
};

}  // namespace

Json evaluate(const PayloadTemplate& payload, const Evaluation& with) {
  return std::visit(EvaluateTemplate{with}, payload.kind);
}

}  // namespace pipeline::asl
