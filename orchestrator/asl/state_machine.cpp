#include "orchestrator/asl/state_machine.h"

namespace pipeline::asl {
namespace {

struct TypeName {
  std::string_view operator()(const Task&) const { return "Task"; }
  std::string_view operator()(const Succeed&) const { return "Succeed"; }
  std::string_view operator()(const Fail&) const { return "Fail"; }
};

}  // namespace

std::string ReferencePath::text() const {
  std::string path = "$";
  for (const auto& step : steps) path.append(".").append(step);
  return path;
}

std::string_view type_name(const StateKind& kind) {
  return std::visit(TypeName{}, kind);
}

const State* StateMachine::find(std::string_view name) const {
  for (const auto& state : states) {
    if (state.name == name) return &state;
  }
  return nullptr;
}

}  // namespace pipeline::asl
