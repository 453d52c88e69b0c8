#include "orchestrator/asl/state_machine.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline::asl {
namespace {

struct TypeName {
  std::string_view operator()(const Task&) const { return "Task"; }
  std::string_view operator()(const Pass&) const { return "Pass"; }
  std::string_view operator()(const Choice&) const { return "Choice"; }
  std::string_view operator()(const Wait&) const { return "Wait"; }
  std::string_view operator()(const Parallel&) const { return "Parallel"; }
  std::string_view operator()(const Map&) const { return "Map"; }
  std::string_view operator()(const Succeed&) const { return "Succeed"; }
  std::string_view operator()(const Fail&) const { return "Fail"; }
};

bool is_plain(std::string_view name) {
  return !name.empty() && name.find_first_of(".[]'\" ") == std::string_view::npos;
}

}  // namespace

std::string ReferencePath::text() const {
  std::string path = "$";
  for (const auto& step : steps) {
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      path += fmt::format("[{}]", *index);
    } else if (const auto& name = std::get<std::string>(step); is_plain(name)) {
      path += "." + name;
    } else {
      path += fmt::format("['{}']", replace_all(name, "'", "\\'"));
    }
  }
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

void for_each_state(const StateMachine& machine, const std::function<void(const State&)>& visit) {
  for (const auto& state : machine.states) {
    visit(state);
    if (const auto* parallel = std::get_if<Parallel>(&state.kind)) {
      for (const auto& branch : parallel->branches) for_each_state(branch, visit);
    } else if (const auto* map = std::get_if<Map>(&state.kind)) {
      for (const auto& processor : map->processor) for_each_state(processor, visit);
    }
  }
}

}  // namespace pipeline::asl
